/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel raises EPOLLPRI on its tables when they change, and takes it back when it has been asked: see
 * proc_pid_mountinfo(5). So whoever asks has to remember the answer. Nothing is read here.
 */
#include "daemon/mount-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

struct mount_watch {
        sd_event_source *mounts, *swaps;
        bool has_changed; /* since mount_watch_begin() */
        void (*changed)(void *data);
        void *data;
};

static int on_change(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct mount_watch *w = userdata;

        w->has_changed = true;
        w->changed(w->data);
        return 0;
}

/* 0 also where there is nothing to be watched: no such table, or a regular file, of which epoll says EPERM.
 */
static int watch(struct mount_watch *w, struct sysroot *root, sd_event *event, const char *path,
        sd_event_source **ret) {
        _cleanup_(closep) int fd = sysroot_open(root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
        int r = fd < 0 ? 0 : sd_event_add_io(event, ret, fd, EPOLLPRI, on_change, w);

        if (fd < 0 || r < 0)
                return r == -EPERM ? 0 : r;
        r = sd_event_source_set_io_fd_own(*ret, 1);
        if (r >= 0)
                fd = -1;
        return r;
}

int mount_watch_new(struct sysroot *root, sd_event *event, void (*changed)(void *data), void *data,
        struct mount_watch **ret) {
        _cleanup_(mount_watch_freep) struct mount_watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        *w = (struct mount_watch){ .has_changed = true, .changed = changed, .data = data };
        /* those of PID 1, like the ones that are looked at; else our own */
        r = watch(w, root, event, "proc/1/mountinfo", &w->mounts);
        if (r >= 0 && !w->mounts)
                r = watch(w, root, event, "proc/self/mountinfo", &w->mounts);
        if (r >= 0)
                r = watch(w, root, event, "proc/swaps", &w->swaps);
        if (r < 0)
                return r;
        *ret = TAKE(w);
        return 0;
}

void mount_watch_free(struct mount_watch *w) {
        if (!w)
                return;
        sd_event_source_unref(w->mounts);
        sd_event_source_unref(w->swaps);
        free(w);
}

void mount_watch_begin(struct mount_watch *w) {
        w->has_changed = false;
}

bool mount_watch_holds(struct mount_watch *w) {
        struct pollfd tables[2] = { { .events = POLLPRI }, { .events = POLLPRI } };

        if (!w->mounts || !w->swaps)
                return false;
        tables[0].fd = sd_event_source_get_io_fd(w->mounts);
        tables[1].fd = sd_event_source_get_io_fd(w->swaps);
        if (poll(tables, 2, 0) != 0 && !w->has_changed) {
                w->has_changed = true;
                w->changed(w->data);
        }
        return !w->has_changed;
}
