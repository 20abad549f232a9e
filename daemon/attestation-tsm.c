/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper's life: it makes, opens, hands over, waits for our end of its channel to close, and removes. */
#include "daemon/attestation-tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/process.h"

#define TSM_FOLDER "sys/kernel/config/tsm/report"
#define TSM_PREFIX "cvmd-"
#define PATIENCE_USEC (30 * 1000 * (uint64_t)1000)

static const struct {
        const char *name, *file;
        int flags;
        bool optional; /* newer than configfs-tsm itself */
} files[] = {
        { "inblob", "inblob", O_WRONLY, false }, { "outblob", "outblob", O_RDONLY, false },
        { "auxblob", "auxblob", O_RDONLY, true }, { "manifestblob", "manifestblob", O_RDONLY, true },
        { "provider", "provider", O_RDONLY, false }, { "generation", "generation", O_RDONLY, false },
        { "generation-after", "generation", O_RDONLY, false }, /* a second look: each has its own position */
};
_Static_assert(sizeof(files) / sizeof(files[0]) == TSM_FILES_MAX, "every file has a place");

/* What the helper says, with the descriptors of those that are there, in order. */
struct told {
        int r;
        unsigned there; /* bits, by index of files */
        char provider[sizeof(((struct tsm_files *)0)->provider)];
        struct diag why;
};

struct tsm_entry {
        struct attestation *attestation;
        tsm_opened opened;
        tsm_looked looked; /* it is only to be seen whether there can be one */
        int pidfd, channel;
        struct tsm_files files;
        sd_event_source *answer, *patience;
};

/* -- in the helper -- */

static void remove_leftovers(struct sysroot *root) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        char path[512];

        if (sysroot_list(root, TSM_FOLDER, &names) < 0)
                return;
        for (size_t i = 0; i < names.n; i++) {
                if (strncmp(names.names[i], TSM_PREFIX, strlen(TSM_PREFIX)) != 0)
                        continue;
                snprintf(path, sizeof(path), TSM_FOLDER "/%s", names.names[i]);
                (void)sysroot_remove_dir(root, path);
        }
}

static int open_file(struct sysroot *root, const char *folder, size_t i, struct told *t) {
        char path[512];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", folder, files[i].file);
        fd = sysroot_open(root, path, files[i].flags);
        if (fd >= 0)
                t->there |= 1u << i;
        else if (!files[i].optional)
                return diag_errno(&t->why, fd, "/%s", path);
        return fd;
}

static int open_files(struct sysroot *root, const char *folder, struct told *t,
        int ret_fds[static TSM_FILES_MAX], size_t *ret_n) {
        _cleanup_(freep) char *provider = NULL;
        char path[512];
        int r;

        *ret_n = 0;
        for (size_t i = 0; i < TSM_FILES_MAX; i++) {
                r = open_file(root, folder, i, t);
                if (r >= 0)
                        ret_fds[(*ret_n)++] = r;
                else if (!files[i].optional)
                        return r;
        }
        snprintf(path, sizeof(path), "%s/provider", folder);
        r = sysroot_read_line(root, path, &provider);
        if (r < 0)
                return diag_errno(&t->why, r, "/%s", path);
        snprintf(t->provider, sizeof(t->provider), "%s", provider);
        return 0;
}

static int send_told(int channel, const struct told *t, const int *fds, size_t n) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(TSM_FILES_MAX * sizeof(int))];
        } control = {};
        struct iovec part = { (void *)t, sizeof(*t) };
        struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

        if (n > 0) {
                m.msg_control = control.bytes;
                m.msg_controllen = CMSG_SPACE(n * sizeof(int));
                control.header = (struct cmsghdr){
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(n * sizeof(int)),
                };
                memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
        }
        return sendmsg(channel, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static _Noreturn void run_helper(struct sysroot *root, int channel) {
        const int keep[] = { root->fd, channel };
        int fds[TSM_FILES_MAX], r;
        struct told t = {};
        char folder[128], end;
        size_t n = 0;

        process_become_helper("cvmd-tsm", keep, sizeof(keep) / sizeof(keep[0]));
        (void)signal(SIGTERM, SIG_IGN); /* cvmd ends as well, and the entry is to be removed */
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGHUP, SIG_IGN);
        remove_leftovers(root);
        snprintf(folder, sizeof(folder), TSM_FOLDER "/" TSM_PREFIX "%d", (int)getpid());
        t.r = sysroot_make_dir(root, folder);
        if (t.r < 0)
                (void)diag_errno(&t.why, t.r, "cannot make /%s", folder);
        else
                t.r = open_files(root, folder, &t, fds, &n);
        r = send_told(channel, &t, fds, t.r < 0 ? 0 : n);
        for (size_t i = 0; i < n; i++)
                close(fds[i]); /* cvmd has its own */
        if (r >= 0)
                while (recv(channel, &end, sizeof(end), 0) < 0 && errno == EINTR)
                        ;
        (void)sysroot_remove_dir(root, folder);
        _exit(EXIT_SUCCESS);
}

/* -- in cvmd -- */

/* Its helper ends by itself; whoever collects it is the event loop, for it may take its time. */
static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        siginfo_t info;

        (void)waitid(P_PIDFD, (id_t)fd, &info, WEXITED);
        (void)sd_event_source_set_floating(source, 0); /* nobody else holds it */
        return 0;
}

static void let_end(struct tsm_entry *e) {
        sd_event_source *end;
        int pidfd = take_fd(&e->pidfd);

        if (pidfd < 0)
                return;
        if (sd_event_add_io(e->attestation->bus->event, &end, pidfd, EPOLLIN, on_end, NULL) < 0) {
                close(pidfd);
                return;
        }
        (void)sd_event_source_set_io_fd_own(end, 1);
        (void)sd_event_source_set_floating(end, 1);
        sd_event_source_unref(end);
}

static void close_files(struct tsm_entry *e) {
        for (size_t i = 0; i < TSM_FILES_MAX; i++) {
                closep(&e->files.fds[i]);
                e->files.fds[i] = -1;
        }
}

void tsm_handed_on(struct attestation *a) {
        if (a->tsm)
                close_files(a->tsm);
}

void tsm_forget(struct attestation *a) {
        struct tsm_entry *e = a->tsm;

        if (!e)
                return;
        a->tsm = NULL;
        sd_event_source_unref(e->answer);
        sd_event_source_unref(e->patience);
        closep(&e->channel);
        let_end(e);
        close_files(e);
        free(e);
}

void tsm_close(struct attestation *a) {
        if (a->tsm && a->tsm->looked)
                a->tsm->opened = NULL; /* looking goes on */
        else
                tsm_forget(a);
}

/* The helper has told: whoever looks knows, and whoever opened has the entry. */
static void told(struct tsm_entry *e, int r, const struct diag *d) {
        struct attestation *a = e->attestation;
        tsm_looked looked = e->looked;
        tsm_opened opened;

        e->answer = sd_event_source_unref(e->answer);
        e->patience = sd_event_source_unref(e->patience);
        e->looked = NULL;
        if (looked)
                looked(a, r >= 0, r >= 0 ? e->files.provider : d->text);
        opened = e->opened;
        if (opened && r >= 0) {
                opened(a, 0, &e->files, d); /* which may close it */
                return;
        }
        tsm_forget(a);
        if (opened)
                opened(a, -EOPNOTSUPP, NULL, d);
}

static int receive(struct tsm_entry *e, struct told *ret) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(TSM_FILES_MAX * sizeof(int))];
        } control = {};
        struct iovec part = { ret, sizeof(*ret) };
        struct msghdr m = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof(control.bytes),
        };
        ssize_t n = recvmsg(e->channel, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
        size_t given = c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0, used = 0;
        const int *fds = c ? (const int *)CMSG_DATA(c) : NULL;

        if (n != sizeof(*ret))
                return n < 0 ? -errno : -EIO;
        for (size_t i = 0; i < TSM_FILES_MAX; i++)
                if (ret->there & 1u << i && used < given)
                        e->files.fds[i] = fds[used++];
        ret->provider[sizeof(ret->provider) - 1] = 0;
        memcpy(e->files.provider, ret->provider, sizeof(e->files.provider));
        return 0;
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct tsm_entry *e = userdata;
        struct told t = {};
        int r = receive(e, &t);

        if (r < 0)
                t.r = diag_errno(&t.why, r, "the helper that makes an entry of configfs-tsm has failed");
        told(e, t.r, &t.why);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        told(userdata, -ETIMEDOUT, &(struct diag){ "configfs-tsm hangs" });
        return 0;
}

static int watch(struct tsm_entry *e) {
        sd_event *event = e->attestation->bus->event;
        int r = sd_event_add_io(event, &e->answer, e->channel, EPOLLIN, on_answer, e);

        return r < 0 ? r
                     : sd_event_add_time_relative(event, &e->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
                               on_patience, e);
}

static int start(struct attestation *a, tsm_opened opened, tsm_looked looked) {
        struct process_child child = PROCESS_CHILD_NONE;
        struct tsm_entry *e;
        int r;

        if (a->tsm)
                return -EBUSY;
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        *e = (struct tsm_entry){ a, opened, looked, -1, -1, { .provider = "" }, NULL, NULL };
        for (size_t i = 0; i < TSM_FILES_MAX; i++)
                e->files.fds[i] = -1;
        a->tsm = e;
        r = process_fork(&child);
        if (r == 0)
                run_helper(a->root, child.channel);
        if (r > 0) {
                e->channel = child.channel;
                e->pidfd = child.pidfd;
                r = watch(e);
                process_let_go(child.channel);
        }
        if (r < 0)
                tsm_forget(a);
        return r;
}

int tsm_open(struct attestation *a, tsm_opened opened, struct diag *d) {
        int r = 0;

        if (a->tsm && a->tsm->looked) /* the entry that looking makes will do */
                a->tsm->opened = opened;
        else
                r = start(a, opened, NULL);
        return r < 0 ? diag_errno(d, r, "configfs-tsm") : 0;
}

void tsm_look(struct attestation *a, tsm_looked looked) {
        struct stat st;
        int r = sysroot_stat(a->root, TSM_FOLDER, &st);

        if (r >= 0)
                r = start(a, NULL, looked);
        if (r == -ENOENT || r == -ENOTDIR)
                looked(a, false, "the kernel has no /" TSM_FOLDER);
        else if (r == -EBUSY) /* one is open this very moment */
                looked(a, true, a->tsm->files.provider[0] ? a->tsm->files.provider : "a report is made");
        else if (r < 0)
                looked(a, false, errno_text(r));
}

int tsm_append_files(sd_bus_message *call, const struct tsm_files *given) {
        int r = sd_bus_message_open_container(call, 'a', "{sv}");

        for (size_t i = 0; i < TSM_FILES_MAX && r >= 0; i++)
                if (given->fds[i] >= 0)
                        r = sd_bus_message_append(call, "{sv}", files[i].name, "h", given->fds[i]);
        return r < 0 ? r : sd_bus_message_close_container(call);
}
