/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our instance is read through trace_pipe, so that each line is read once, and a burst of offers costs what
 * it has and not what came before. That of the kernel command line is not ours to consume, and is read once.
 */
#include "lib/facts/offer-trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/facts/boot-trace.h"
#include "lib/facts/tracefs.h"

#define EVENT "events/hyperv/vmbus_onoffer"
#define BUFFER_KB "64" /* for each processor: some 400 offers between two looks */

struct offer_trace {
        struct sysroot *root;
        const char *folder; /* of tracefs; NULL until it is found */
        bool armed, refused, boot_read;
        struct offers live, boot;
};

int offer_trace_new(struct sysroot *root, struct offer_trace **ret) {
        struct offer_trace *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->root = root;
        *ret = t;
        return 0;
}

/* A file of the instance, or with "" the instance. The caller frees it; NULL: no memory. */
static char *file_of(const struct offer_trace *t, const char *file) {
        char *path;

        if (asprintf(&path, "%s/instances/" OFFER_TRACE_NAME "%s%s", t->folder, *file ? "/" : "", file) < 0)
                return NULL;
        return path;
}

static bool reads_as(const struct offer_trace *t, const char *file, const char *line) {
        _cleanup_(freep) char *path = file_of(t, file);

        return path && tracefs_reads_as(t->root, path, line);
}

/* "[boot]" among the clocks, which is how the chosen one is told. */
static bool has_our_clock(struct sysroot *root, const char *buffer) {
        _cleanup_(freep) char *path = NULL, *line = NULL;

        if (asprintf(&path, "%s/trace_clock", buffer) < 0)
                path = NULL;
        return path && sysroot_read_line(root, path, &line) == 0 && strstr(line, "[boot]");
}

static bool is_recording(const struct offer_trace *t) {
        _cleanup_(freep) char *instance = file_of(t, "");

        return instance && has_our_clock(t->root, instance) && reads_as(t, EVENT "/enable", "1") &&
                reads_as(t, EVENT "/filter", "none") && reads_as(t, EVENT "_rescind/enable", "1") &&
                reads_as(t, "tracing_on", "1");
}

static int set(const struct offer_trace *t, const char *file, const char *text, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, file);
        int r = path ? sysroot_write(t->root, path, SYSROOT_TRUNCATE, text) : -ENOMEM;

        return r < 0 ? diag_errno(d, r, "%s/instances/" OFFER_TRACE_NAME "/%s", t->folder, file) : 0;
}

static void remove_instance(const struct offer_trace *t) {
        _cleanup_(freep) char *path = file_of(t, "");

        if (path)
                (void)sysroot_remove_dir(t->root, path);
}

/* The clock first: changing it empties the buffer. */
static int make_instance(const struct offer_trace *t, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, "");
        int r = path ? sysroot_make_dir(t->root, path) : -ENOMEM;

        if (r < 0)
                return diag_errno(d, r, "%s/instances/" OFFER_TRACE_NAME, t->folder);
        r = set(t, "trace_clock", "boot", d);
        if (r == 0)
                r = set(t, "buffer_size_kb", BUFFER_KB, d);
        if (r == 0)
                r = set(t, EVENT "_rescind/enable", "1", d);
        if (r == 0)
                r = set(t, EVENT "/enable", "1", d);
        if (r < 0)
                return r;
        tracefs_set_options(t->root, path);
        return is_recording(t) ? 0 : diag_fail(d, -EIO, "%s: does not record offers", path);
}

static bool event_is_there(const struct offer_trace *t) {
        _cleanup_(freep) char *path = NULL;
        struct stat st;

        if (asprintf(&path, "%s/" EVENT, t->folder) < 0)
                path = NULL;
        return path && sysroot_stat(t->root, path, &st) == 0;
}

void offer_trace_adopt(struct offer_trace *t) {
        t->armed = tracefs_find(t->root, &t->folder, NULL) == 0 && is_recording(t);
}

int offer_trace_arm(struct offer_trace *t, struct diag *d) {
        int r;

        if (t->armed)
                return 0;
        if (t->refused)
                return diag_fail(d, -EOPNOTSUPP, "offers cannot be traced");
        if ((!t->folder && tracefs_find(t->root, &t->folder, NULL) < 0) || !event_is_there(t))
                return diag_fail(d, -EAGAIN, "offers cannot be traced yet");
        remove_instance(t);
        r = make_instance(t, d);
        if (r < 0) {
                t->refused = true;
                remove_instance(t);
                return r;
        }
        t->armed = true;
        return 0;
}

void offer_trace_free(struct offer_trace *t) {
        if (!t)
                return;
        if (t->armed)
                remove_instance(t);
        offers_done(&t->live);
        offers_done(&t->boot);
        free(t);
}

static int read_live(struct offer_trace *t) {
        _cleanup_(freep) char *path = file_of(t, "trace_pipe"), *text = NULL;
        _cleanup_(closep) int fd = path ? sysroot_open(t->root, path, O_RDONLY | O_NONBLOCK) : -ENOMEM;
        size_t n = 0;
        int r = fd < 0 ? fd : tracefs_read_pipe(fd, &text, &n);

        return r < 0 ? r : offers_take(&t->live, text, n, NULL);
}

/* As a whole or not at all: where lines were overwritten, others that are older may still be there. */
static void read_boot(struct offer_trace *t) {
        _cleanup_(channel_trace_done) struct channel_trace whole = {};
        _cleanup_(freep) char *path = NULL, *text = NULL, *buffer = NULL;
        size_t n = 0;

        if (boot_trace_find(t->root, &path, NULL) < 0)
                return;
        buffer = strndup(path, strlen(path) - strlen("/trace"));
        if (!buffer || !has_our_clock(t->root, buffer) ||
                sysroot_read(t->root, path, TRACE_TEXT_MAX, &text, &n) < 0)
                return;
        if (channel_trace_parse(text, n, FACT_SOURCE_BOOT_TRACE, &whole, NULL) == 0)
                (void)offers_take(&t->boot, text, n, NULL);
}

void offer_trace_read(struct offer_trace *t) {
        if (!t->boot_read) {
                t->boot_read = true;
                read_boot(t);
        }
        if (t->armed && (!is_recording(t) || read_live(t) < 0)) {
                offers_done(&t->live); /* somebody else has changed it: begin anew */
                remove_instance(t);
                t->armed = false;
        }
}

uint64_t offer_trace_find(const struct offer_trace *t, uint32_t relid, const struct guid *instance,
        bool *ret_since_boot) {
        uint64_t usec = offers_find(&t->live, relid, instance);

        *ret_since_boot = false;
        if (usec > 0)
                return usec;
        *ret_since_boot = true;
        return offers_find(&t->boot, relid, instance);
}
