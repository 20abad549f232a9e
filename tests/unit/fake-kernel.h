/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A sysroot that stands for a kernel with VMBus and tracefs, in a folder of its own: dynamic events are
 * defined, refused and removed, and a read of subchannel_id is traced as the event's definition says. What
 * it can be told to refuse, ignore or forget is what kernels and other people do to a probe.
 */
#include <stdbool.h>

#include "lib/base/sysroot.h"

#define TRACING "sys/kernel/tracing"
#define CHANNELS_MAX 8

struct fake_channel {
        unsigned relid, flags, ring, ext;
};

struct fake_kernel {
        struct sysroot root; /* first */
        char folder[64];
        struct fake_channel channels[CHANNELS_MAX];
        size_t n_channels;
        const char *refuses[4];  /* definitions that hold one of these: EINVAL */
        const char *never_fires; /* and one that holds this is never traced */
        const char *ignores;     /* writes to a path that ends so change nothing */
        struct {
                const char *path; /* of writes, mkdir, rmdir: a path that ends so */
                int error;
        } fails;
        bool loses_events;
        unsigned version, confidential; /* of the connection */
        char event[512];                /* "f:cvmd/chan subchannel_id_show ...", "" for none */
        char others_event[64];          /* of somebody else */
        bool is_read_by_others;         /* their trace_pipe takes our lines away */
        unsigned n_lines;               /* traced so far */
};

/* Two devices: 100 ring alone, 101 both; and 7, plain. With tracefs. */
struct fake_kernel *fake_kernel_new(void);
void fake_kernel_free(struct fake_kernel *k);
static inline void fake_kernel_freep(struct fake_kernel **k) {
        fake_kernel_free(*k);
}

/* Behind the probe's back. Paths are below the folder; parents are made. */
void fake_kernel_put(struct fake_kernel *k, const char *path, const char *text);
void fake_kernel_copy(struct fake_kernel *k, const char *path, const char *from);
void fake_kernel_remove(struct fake_kernel *k, const char *path);
bool fake_kernel_has(struct fake_kernel *k, const char *path);

/* What echo >>dynamic_events does; 0 or -errno. */
int fake_kernel_command(struct fake_kernel *k, const char *text);

/* Reads subchannel_id of every channel, as a recording does. */
void fake_kernel_read_channels(struct fake_kernel *k);
