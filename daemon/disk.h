/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration and state on the disk, read and written by a helper process: a disk can hang, and so can a
 * file system that a device of ours carries. One helper a job; a job that is given up leaves it to itself.
 */
#include <systemd/sd-event.h>

#include "lib/base/sysroot.h"

#define DISK_TEXT_MAX 16384 /* of what is read */

struct disk_job;

struct disk_handler {
        /* The end: 0, or a negative errno and why. text: what was read, "" otherwise. The job ends after it.
         */
        void (*ended)(int r, const char *text, const char *why, void *data);
        /* It takes long; the end still comes. Once. May be NULL. */
        void (*hangs)(void *data);
};

/*
 * Makes folder/name, a path below root, say text with these mode bits and reads it again; with text NULL,
 * the file is removed. The folder is made (0755) when it is missing and make_folder says so.
 */
struct disk_write {
        const char *folder, *name;
        const char *text;
        unsigned mode;
        bool make_folder;
};

int disk_write(sd_event *event, struct sysroot *root, const struct disk_write *w,
        const struct disk_handler *handler, void *data, struct disk_job **ret, struct diag *d);

/* -ENOENT at the end when it is not there, -EFBIG beyond DISK_TEXT_MAX. */
int disk_read(sd_event *event, struct sysroot *root, const char *path, const struct disk_handler *handler,
        void *data, struct disk_job **ret, struct diag *d);

/* Waits for its end, at most for so long, and lets the handler know of it. Whether it ended. */
bool disk_job_wait(struct disk_job *j, uint64_t usec);

/* Gives it up: neither function is called any more. */
void disk_job_free(struct disk_job *j);
DEFINE_FREEP(struct disk_job, disk_job_free)

/* The helper's work, apart from being one. */
int disk_write_now(struct sysroot *root, const struct disk_write *w, struct diag *d);
