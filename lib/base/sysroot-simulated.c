/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sysroot whose changes are made by a simulator: reads go to the folder, everything else is a message.
 *
 * The socket is AF_UNIX, SOCK_SEQPACKET. One connection a change, so that a process forked from the one that
 * opened the sysroot can use it too:
 *
 *   request   VERB '\0' PATH '\0' TEXT            VERB: write, truncate, mkdir, rmdir, subscribe
 *   answer    decimal errno, "0" for success      (then, after subscribe, one message for each uevent)
 *
 * A file whose reading fails is a link in the folder that points to "errno:NAME", "errno:EINVAL" say.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/number.h"
#include "lib/base/sysroot-private.h"

#define MESSAGE_MAX 65536

struct simulated {
        struct sysroot root;
        struct sockaddr_un address;
};

static const struct {
        const char *name;
        int number;
} recorded_errors[] = {
        { "EACCES", EACCES },
        { "EAGAIN", EAGAIN },
        { "EBUSY", EBUSY },
        { "EINVAL", EINVAL },
        { "EIO", EIO },
        { "EMFILE", EMFILE },
        { "ENODEV", ENODEV },
        { "ENODATA", ENODATA },
        { "ENOENT", ENOENT },
        { "ENOMEM", ENOMEM },
        { "ENXIO", ENXIO },
        { "EOPNOTSUPP", EOPNOTSUPP },
        { "EPERM", EPERM },
};

static struct simulated *simulated(struct sysroot *root) {
        return (struct simulated *)root;
}

/* The errno that a dangling link stands for, else -ENOENT. */
static int recorded_error(struct sysroot *root, const char *path) {
        _cleanup_(closep) int fd = sysroot_open_in(root, path, O_PATH | O_NOFOLLOW);
        static const char prefix[] = "errno:";
        char target[64];
        ssize_t n;

        if (fd < 0)
                return fd;
        n = readlinkat(fd, "", target, sizeof(target) - 1);
        if (n < 0)
                return -ENOENT;
        target[n] = 0;
        if (strncmp(target, prefix, strlen(prefix)) != 0)
                return -ENOENT;
        for (size_t i = 0; i < sizeof(recorded_errors) / sizeof(recorded_errors[0]); i++)
                if (strcmp(target + strlen(prefix), recorded_errors[i].name) == 0)
                        return -recorded_errors[i].number;
        return -EIO;
}

static int simulated_open(struct sysroot *root, const char *path, int flags) {
        int fd = sysroot_open_in(root, path, flags);

        return fd == -ENOENT && !(flags & O_NOFOLLOW) ? recorded_error(root, path) : fd;
}

/* Sends the request on a new connection and returns it, once the simulator answered with success. */
static int request(struct sysroot *root, const char *verb, const char *path, const char *text) {
        struct sockaddr_un *address = &simulated(root)->address;
        _cleanup_(freep) char *message = NULL;
        _cleanup_(closep) int fd = -1;
        char answer[16];
        uint64_t number;
        int size;
        ssize_t n;

        size = asprintf(&message, "%s%c%s%c%s", verb, 0, path, 0, text);
        if (size < 0)
                return -ENOMEM;
        if (size > MESSAGE_MAX)
                return -EFBIG;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)address, sizeof(*address)) < 0)
                return -errno;
        if (send(fd, message, (size_t)size, MSG_NOSIGNAL) < 0)
                return -errno;
        n = recv(fd, answer, sizeof(answer) - 1, 0);
        if (n < 0)
                return -errno;
        answer[n] = 0;
        if (number_parse(answer, 10, 4095, &number) < 0)
                return -EPROTO;
        return number > 0 ? -(int)number : take_fd(&fd);
}

static int change(struct sysroot *root, const char *verb, const char *path, const char *text) {
        _cleanup_(closep) int fd = request(root, verb, path, text);

        return fd < 0 ? fd : 0;
}

static int simulated_write(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        return change(root, mode == SYSROOT_TRUNCATE ? "truncate" : "write", path, text);
}

static int simulated_make_dir(struct sysroot *root, const char *path) {
        return change(root, "mkdir", path, "");
}

static int simulated_remove_dir(struct sysroot *root, const char *path) {
        return change(root, "rmdir", path, "");
}

static int simulated_open_events(struct sysroot *root) {
        return request(root, "subscribe", "", "");
}

static void simulated_free(struct sysroot *root) {
        closep(&root->fd);
        free(simulated(root));
}

static const struct sysroot_ops simulated_ops = {
        .open = simulated_open,
        .write = simulated_write,
        .make_dir = simulated_make_dir,
        .remove_dir = simulated_remove_dir,
        .open_events = simulated_open_events,
        .free = simulated_free,
};

int sysroot_new_simulated(const char *folder, const char *socket, struct sysroot **ret, struct diag *d) {
        _cleanup_(closep) int fd = sysroot_open_folder(folder, d);
        struct simulated *s;

        if (fd < 0)
                return fd;
        if (strlen(socket) >= sizeof(s->address.sun_path))
                return diag_errno(d, -ENAMETOOLONG, "simulator socket %s", socket);
        s = malloc(sizeof(*s));
        if (!s)
                return diag_errno(d, -ENOMEM, "simulator socket %s", socket);
        *s = (struct simulated){
                .root = { .ops = &simulated_ops, .fd = take_fd(&fd) },
                .address = { .sun_family = AF_UNIX },
        };
        memcpy(s->address.sun_path, socket, strlen(socket) + 1);
        *ret = &s->root;
        return 0;
}
