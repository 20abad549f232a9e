/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A helper tells its result through a pipe, which is read once the helper has ended: what it tells fits into
 * the pipe, so that neither of the two waits for the other.
 */
#include "daemon/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/process.h"
#include "lib/base/file.h"

#define PATIENCE_USEC (5 * 1000 * (uint64_t)1000)
#define PIPE_SIZE 65536 /* of every pipe, unless its owner has too many of them */

_Static_assert(DISK_TEXT_MAX + sizeof(int) < PIPE_SIZE, "a result fits into a pipe");

struct disk_job {
        const struct disk_handler *handler;
        void *data;
        int pidfd, pipe;
        sd_event_source *end, *patience;
};

void disk_job_free(struct disk_job *j) {
        if (!j)
                return;
        sd_event_source_unref(j->end);
        sd_event_source_unref(j->patience);
        closep(&j->pidfd);
        closep(&j->pipe);
        free(j);
}

/* -EIO unless the bytes are there that were to be. */
static int check_written(struct sysroot *root, const char *path, const char *text) {
        _cleanup_(freep) char *found = NULL;
        size_t n;
        int r = sysroot_read(root, path, strlen(text), &found, &n);

        if (r < 0)
                return r;
        return n == strlen(text) && memcmp(found, text, n) == 0 ? 0 : -EIO;
}

static int replace(struct sysroot *root, const char *path, const struct disk_write *w, struct diag *d) {
        int r = w->make_folder ? sysroot_make_folders(root, w->folder, 0755) : 0;

        if (r < 0)
                return diag_errno(d, r, "cannot make /%s", w->folder);
        r = sysroot_replace(root, path, w->mode, w->text, strlen(w->text));
        if (r < 0)
                return diag_errno(d, r, "cannot write /%s", path);
        r = check_written(root, path, w->text);
        return r < 0 ? diag_errno(d, r, "/%s is not what was written", path) : 0;
}

int disk_write_now(struct sysroot *root, const struct disk_write *w, struct diag *d) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/%s", w->folder, w->name) < 0)
                return diag_errno(d, -ENOMEM, "/%s", w->folder);
        if (w->text)
                return replace(root, path, w, d);
        r = sysroot_remove_file(root, path);
        return r < 0 && r != -ENOENT ? diag_errno(d, r, "cannot remove /%s", path) : 0;
}

/* One message: the errno, then text or the reason. */
_Noreturn static void tell(int pipe, int r, const char *text, size_t n) {
        if (file_write_fd(pipe, &r, sizeof(r)) < 0 || file_write_fd(pipe, text, n) < 0)
                _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
}

_Noreturn static void run(struct sysroot *root, const struct disk_write *w, const char *path, int pipe) {
        const int keep[] = { root->fd, pipe };
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};
        size_t n = 0;
        int r;

        process_become_helper("cvmd-disk", keep, sizeof(keep) / sizeof(keep[0]));
        if (w)
                r = disk_write_now(root, w, &d);
        else {
                r = sysroot_read(root, path, DISK_TEXT_MAX, &text, &n);
                if (r < 0)
                        (void)diag_errno(&d, r, "/%s", path);
        }
        if (r < 0)
                tell(pipe, r, d.text, strlen(d.text));
        tell(pipe, 0, text ?: "", n);
}

/* What the helper said; if it died over it, that. A NUL follows the text. */
static int take_result(struct disk_job *j, char text[DISK_TEXT_MAX + 1]) {
        _cleanup_(freep) char *all = NULL;
        siginfo_t info = {};
        size_t n;
        int r;

        (void)waitid(P_PIDFD, (id_t)j->pidfd, &info, WEXITED);
        text[0] = 0;
        if (file_read_fd(j->pipe, sizeof(r) + DISK_TEXT_MAX, &all, &n) < 0 || n < sizeof(r))
                return -ECHILD;
        memcpy(&r, all, sizeof(r));
        memcpy(text, all + sizeof(r), n - sizeof(r));
        text[n - sizeof(r)] = 0;
        return r;
}

static void finish(struct disk_job *j) {
        char text[DISK_TEXT_MAX + 1];
        const struct disk_handler *handler = j->handler;
        void *data = j->data;
        int r = take_result(j, text);
        const char *why = r == -ECHILD ? "the helper that was to do it died" : text;

        disk_job_free(j); /* the handler may start the next one in its place */
        handler->ended(r, r < 0 ? "" : text, r < 0 ? why : "", data);
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        finish(userdata);
        return 0;
}

bool disk_job_wait(struct disk_job *j, uint64_t usec) {
        struct pollfd p = { .fd = j->pidfd, .events = POLLIN };

        if (poll(&p, 1, (int)(usec / 1000)) <= 0)
                return false;
        finish(j);
        return true;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        const struct disk_job *j = userdata;

        if (j->handler->hangs)
                j->handler->hangs(j->data);
        return 0;
}

static int watch(sd_event *event, struct disk_job *j) {
        int r = sd_event_add_io(event, &j->end, j->pidfd, EPOLLIN, on_end, j);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(event, &j->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
                on_patience, j);
}

static int start(sd_event *event, struct sysroot *root, const struct disk_write *w, const char *path,
        const struct disk_handler *handler, void *data, struct disk_job **ret) {
        _cleanup_(disk_job_freep) struct disk_job *j = calloc(1, sizeof(*j));
        _cleanup_(closep) int theirs = -1;
        struct process_child child = PROCESS_CHILD_NONE;
        int pipes[2], r;

        if (!j)
                return -ENOMEM;
        *j = (struct disk_job){ .handler = handler, .data = data, .pidfd = -1, .pipe = -1 };
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        j->pipe = pipes[0];
        theirs = pipes[1];
        r = process_fork(&child);
        if (r < 0)
                return r;
        if (r == 0)
                run(root, w, path, theirs);
        j->pidfd = take_fd(&child.pidfd);
        r = watch(event, j);
        if (r < 0) {
                process_abandon(&child); /* not to be followed: then it is not to begin, either */
                return r;
        }
        process_let_go(child.channel);
        close(child.channel);
        *ret = TAKE(j);
        return 0;
}

int disk_write(sd_event *event, struct sysroot *root, const struct disk_write *w,
        const struct disk_handler *handler, void *data, struct disk_job **ret, struct diag *d) {
        int r = start(event, root, w, NULL, handler, data, ret);

        return r < 0 ? diag_errno(d, r, "cannot write /%s/%s", w->folder, w->name) : 0;
}

int disk_read(sd_event *event, struct sysroot *root, const char *path, const struct disk_handler *handler,
        void *data, struct disk_job **ret, struct diag *d) {
        int r = start(event, root, NULL, path, handler, data, ret);

        return r < 0 ? diag_errno(d, r, "cannot read /%s", path) : 0;
}
