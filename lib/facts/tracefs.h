/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * tracefs, as far as a probe needs it: a trace instance of our own with one dynamic event of our own, both
 * of the same name, that records only what this thread causes. Each change is read back.
 *
 * What was recorded is read in rounds, through trace_pipe, which takes it out: to empty a buffer by way of
 * `trace` makes the kernel wait for all processors. What begins a round is a mark in the buffer itself, so
 * that nothing from before can pass for it, and a buffer that does not record shows.
 */
#include "lib/base/sysroot.h"

#define TRACE_TEXT_MAX (16 * 1024 * 1024)

struct trace_instance;

/* Where tracefs is mounted: a static string. -ENODATA with a diag that says what to do. */
int tracefs_find(struct sysroot *root, const char **ret_folder, struct diag *d);

/* Whether the file is one line, this one. */
bool tracefs_reads_as(struct sysroot *root, const char *path, const char *line);

/* What the default of the whole system may say otherwise, and an instance's lines would not be as we read
 * them. */
void tracefs_set_options(struct sysroot *root, const char *instance);

/*
 * Removes instance and event of that name, which a killed process may have left, and makes a new instance.
 * root is borrowed. The errno of what tracefs refused, with a diag.
 */
int trace_instance_new(struct sysroot *root, const char *name, struct trace_instance **ret, struct diag *d);

/* Removes event and instance. */
void trace_instance_free(struct trace_instance *t);
DEFINE_FREEP(struct trace_instance, trace_instance_free)

/* Defines the event: kind is 'f' or 'p', body what follows the name; and enables it. Only when none is
 * armed. */
int trace_instance_arm(struct trace_instance *t, char kind, const char *body, struct diag *d);

/* Removes the event, the instance stays. */
void trace_instance_disarm(struct trace_instance *t);

/* Whether the event is still there and records this thread's doings: others may have changed that. */
bool trace_instance_armed(struct trace_instance *t);

/* Begins a round. The errno of what the kernel refused. */
int trace_instance_begin(struct trace_instance *t, struct diag *d);

/*
 * The text recorded since the round began, once: what is read is gone. The caller frees *ret. -EIO: the mark
 * of the round is not there, for somebody else reads this instance, or it records nothing.
 */
int trace_instance_read(struct trace_instance *t, char **ret, size_t *ret_size, struct diag *d);

/*
 * All that a trace_pipe, opened with O_NONBLOCK, has to give, without waiting for more: whole lines. The
 * caller frees *ret. -EFBIG: more than any buffer of ours holds.
 */
int tracefs_read_pipe(int fd, char **ret, size_t *ret_size);
