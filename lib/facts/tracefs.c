/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All writes to tracefs are here, so that what is to be cleaned up is known in one place. */
#include "lib/facts/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/facts/trace-line.h"

/*
 * For each processor. VMBus knows 2,048 relids at most and an event takes less than 64 bytes, so a whole
 * round fits even when one processor records all of it.
 */
#define BUFFER_KB "128"
#define CLOCK \
        "global" /* by which lines of several processors are put in order: the round's mark comes first */
#define CHUNK 16384

struct trace_instance {
        struct sysroot *root;
        const char *folder; /* of tracefs */
        char *name;
        char thread[16]; /* the one whose doings are recorded */
        bool made;       /* the instance's folder */
        int pipe;        /* its trace_pipe, */
        int marker;      /* and trace_marker, from the first round on */
        uint64_t round;  /* the last one that began */
        bool defined;    /* the event */
};

static const char *const folders[] = { "sys/kernel/tracing", "sys/kernel/debug/tracing" };

int tracefs_find(struct sysroot *root, const char **ret_folder, struct diag *d) {
        int first = 0;

        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                _cleanup_(freep) char *instances = NULL;
                struct stat st;
                int r;

                if (asprintf(&instances, "%s/instances", folders[i]) < 0)
                        return -ENOMEM;
                r = sysroot_stat(root, instances, &st);
                if (r == 0) {
                        *ret_folder = folders[i];
                        return 0;
                }
                first = first ?: r;
        }
        if (first != -ENOENT)
                return diag_errno(d, first, "%s", folders[0]);
        return diag_fail(d, -ENODATA, "there is no tracefs at /%s (mount it: mount -t tracefs tracefs /%s)",
                folders[0], folders[0]);
}

bool tracefs_reads_as(struct sysroot *root, const char *path, const char *line) {
        _cleanup_(freep) char *text = NULL;

        return sysroot_read_line(root, path, &text) == 0 && strcmp(text, line) == 0;
}

/* A file of the instance; with event true, of the event within it. The caller frees it; NULL: no memory. */
static char *file_of(const struct trace_instance *t, bool event, const char *file) {
        char *path;
        int r;

        if (event)
                r = asprintf(&path, "%s/instances/%s/events/%s/" TRACE_EVENT_NAME "/%s", t->folder, t->name,
                        t->name, file);
        else
                r = asprintf(&path, "%s/instances/%s/%s", t->folder, t->name, file);
        return r < 0 ? NULL : path;
}

/* True when the file, a line, reads so. */
static bool reads_as(struct trace_instance *t, bool event, const char *file, const char *wanted) {
        _cleanup_(freep) char *path = file_of(t, event, file);

        return path && tracefs_reads_as(t->root, path, wanted);
}

/* Replaces the content of the file, and looks whether the kernel took it. */
static int set(struct trace_instance *t, bool event, const char *file, const char *text, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, event, file);
        int r;

        if (!path)
                return -ENOMEM;
        r = sysroot_write(t->root, path, SYSROOT_TRUNCATE, text);
        if (r < 0)
                return diag_errno(d, r, "%s", path);
        if (!reads_as(t, event, file, text))
                return diag_fail(d, -EIO, "%s: does not read as %s after that was written", path, text);
        return 0;
}

/* One command to dynamic_events, appended: opening that file to truncate it removes everybody's events. */
static int command(struct trace_instance *t, const char *text, struct diag *d) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/dynamic_events", t->folder) < 0)
                return -ENOMEM;
        r = sysroot_write(t->root, path, SYSROOT_WRITE, text);
        return r < 0 ? diag_errno(d, r, "%s", path) : 0;
}

/* -ENOENT when there is none. */
static int remove_event(struct trace_instance *t, struct diag *d) {
        _cleanup_(freep) char *text = NULL;

        if (asprintf(&text, "-:%s/" TRACE_EVENT_NAME "\n", t->name) < 0)
                return -ENOMEM;
        return command(t, text, d);
}

static int remove_instance(struct trace_instance *t) {
        _cleanup_(freep) char *path = file_of(t, false, "");

        if (!path)
                return -ENOMEM;
        path[strlen(path) - 1] = 0; /* the slash */
        return sysroot_remove_dir(t->root, path);
}

/* An event that is enabled cannot be removed. */
static void disable(struct trace_instance *t) {
        _cleanup_(freep) char *path = file_of(t, true, "enable");

        if (path)
                (void)sysroot_write(t->root, path, SYSROOT_TRUNCATE, "0");
}

void trace_instance_disarm(struct trace_instance *t) {
        if (!t->defined)
                return;
        disable(t);
        (void)remove_event(t, NULL); /* somebody else may have been faster */
        t->defined = false;
}

void trace_instance_free(struct trace_instance *t) {
        if (!t)
                return;
        trace_instance_disarm(t);
        closep(&t->pipe); /* an instance that is being read or written to cannot be removed */
        closep(&t->marker);
        if (t->made)
                (void)remove_instance(t);
        free(t->name);
        free(t);
}

/* What a killed run of the same name left: an event goes only once no instance has it enabled. */
static int clean_up(struct trace_instance *t, struct diag *d) {
        int r;

        disable(t);
        r = remove_instance(t);
        if (r < 0 && r != -ENOENT)
                return diag_errno(d, r, "%s/instances/%s, left by an earlier run", t->folder, t->name);
        r = remove_event(t, d);
        return r == -ENOENT ? 0 : r;
}

void tracefs_set_options(struct sysroot *root, const char *instance) {
        static const char *const options[] = { "context-info", "noraw", "nohex", "nobin", "noverbose",
                "nofields", "nolatency-format", "nosym-offset", "nosym-addr", "markers" };
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/trace_options", instance) < 0)
                path = NULL;
        for (size_t i = 0; path && i < sizeof(options) / sizeof(options[0]); i++)
                (void)sysroot_write(root, path, SYSROOT_WRITE, options[i]); /* not every kernel has each */
}

static int make_instance(struct trace_instance *t, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, false, ""), *size = file_of(t, false, "buffer_size_kb"),
                              *clock = file_of(t, false, "trace_clock");
        int r;

        if (!path || !size || !clock)
                return -ENOMEM;
        path[strlen(path) - 1] = 0;
        r = sysroot_make_dir(t->root, path);
        if (r < 0)
                return diag_errno(d, r, "%s", path);
        t->made = true;
        /* reads back as whole pages; a buffer that stayed small shows as lost events */
        r = sysroot_write(t->root, size, SYSROOT_TRUNCATE, BUFFER_KB);
        if (r < 0)
                return diag_errno(d, r, "%s", size);
        r = sysroot_write(t->root, clock, SYSROOT_TRUNCATE, CLOCK);
        if (r < 0)
                return diag_errno(d, r, "%s", clock);
        tracefs_set_options(t->root, path);
        return set(t, false, "set_event_pid", t->thread, d);
}

static int open_pipe(struct trace_instance *t, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, false, "trace_pipe");

        if (!path)
                return -ENOMEM;
        t->pipe = sysroot_open(t->root, path, O_RDONLY | O_NONBLOCK);
        return t->pipe < 0 ? diag_errno(d, t->pipe, "%s", path) : 0;
}

int trace_instance_new(struct sysroot *root, const char *name, struct trace_instance **ret, struct diag *d) {
        _cleanup_(trace_instance_freep) struct trace_instance *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return diag_errno(d, -ENOMEM, "trace instance %s", name);
        t->root = root;
        t->pipe = t->marker = -1;
        snprintf(t->thread, sizeof(t->thread), "%d", gettid());
        r = tracefs_find(root, &t->folder, d);
        if (r < 0)
                return r;
        t->name = strdup(name);
        if (!t->name)
                return diag_errno(d, -ENOMEM, "trace instance %s", name);
        r = clean_up(t, d);
        if (r == 0)
                r = make_instance(t, d);
        if (r == 0)
                r = open_pipe(t, d);
        if (r < 0)
                return r;
        *ret = TAKE(t);
        return 0;
}

int trace_instance_arm(struct trace_instance *t, char kind, const char *body, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        int r;

        if (asprintf(&text, "%c:%s/" TRACE_EVENT_NAME " %s\n", kind, t->name, body) < 0)
                return -ENOMEM;
        r = command(t, text, d);
        if (r < 0)
                return r;
        t->defined = true;
        r = set(t, true, "enable", "1", d);
        if (r < 0)
                trace_instance_disarm(t);
        return r;
}

bool trace_instance_armed(struct trace_instance *t) {
        return t->defined && reads_as(t, true, "enable", "1") && reads_as(t, false, "tracing_on", "1") &&
                reads_as(t, false, "set_event_pid", t->thread);
}

int trace_instance_begin(struct trace_instance *t, struct diag *d) {
        _cleanup_(freep) char *path = file_of(t, false, "trace_marker");
        char mark[64];
        int r;

        if (!path)
                return -ENOMEM;
        snprintf(mark, sizeof(mark), TRACE_ROUND "%" PRIu64 "\n", ++t->round);
        r = sysroot_write_kept(t->root, path, &t->marker, mark);
        return r < 0 ? diag_errno(d, r, "%s", path) : 0;
}

/* Cuts off what is not of the round, its mark included. False: the mark is not there. */
static bool cut_to_round(uint64_t round, char *text, size_t *n) {
        for (size_t from = 0; from < *n;) {
                const char *end = memchr(text + from, '\n', *n - from);
                size_t next = end ? (size_t)(end - text) + 1 : *n;
                struct trace_line line = {};

                if (trace_line_parse(text + from, end ? next - 1 - from : next - from, &line) == 0 &&
                        line.kind == TRACE_LINE_ROUND && line.round == round) {
                        memmove(text, text + next, *n - next);
                        *n -= next;
                        return true;
                }
                from = next;
        }
        return false;
}

int trace_instance_read(struct trace_instance *t, char **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = tracefs_read_pipe(t->pipe, &text, &n);

        if (r < 0)
                return diag_errno(d, r, "%s/instances/%s/trace_pipe", t->folder, t->name);
        if (!cut_to_round(t->round, text, &n))
                return diag_fail(d, -EIO,
                        "%s/instances/%s/trace_pipe: the mark of this round is missing: does somebody else "
                        "read it?",
                        t->folder, t->name);
        *ret = TAKE(text);
        *ret_size = n;
        return 0;
}

int tracefs_read_pipe(int fd, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        size_t n = 0;

        for (;;) {
                char *bigger = n < TRACE_TEXT_MAX ? realloc(text, n + CHUNK) : NULL;
                ssize_t got;

                if (!bigger)
                        return n < TRACE_TEXT_MAX ? -ENOMEM : -EFBIG;
                text = bigger;
                got = read(fd, text + n, CHUNK);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 && errno != EAGAIN)
                        return -errno;
                if (got <= 0)
                        break;
                n += (size_t)got;
        }
        *ret = TAKE(text);
        *ret_size = n;
        return 0;
}
