/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uevent-lines ACTION SUBSYSTEM: prints the path of each such uevent of the kernel, one a line, at once:
 * what a shell needs to wait for one. "ready" comes first. As lean as it can be, for it is part of the floor
 * that cvmd is measured against.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KERNEL_GROUP = 1, RECEIVE_BUFFER = 1024 * 1024 };

/* Whether one of the strings of the message is this one. */
static int has(const char *message, size_t n, const char *text) {
        for (const char *at = message; at < message + n; at += strlen(at) + 1)
                if (strcmp(at, text) == 0)
                        return 1;
        return 0;
}

static void print(const char *message, size_t n, const char *action, const char *subsystem) {
        const char *at = strchr(message, '@');
        char line[4096];
        int length;

        if (!at || (size_t)(at - message) != strlen(action) ||
                strncmp(message, action, strlen(action)) != 0 || !has(message, n, subsystem))
                return;
        length = snprintf(line, sizeof(line), "%s\n", at + 1);
        if (write(STDOUT_FILENO, line, (size_t)length) != length)
                _exit(1);
}

int main(int argc, char **argv) {
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
        int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT),
            size = RECEIVE_BUFFER;
        char message[8192 + 1], subsystem[64];

        if (argc != 3) {
                fprintf(stderr, "usage: uevent-lines ACTION SUBSYSTEM\n");
                return 2;
        }
        snprintf(subsystem, sizeof(subsystem), "SUBSYSTEM=%s", argv[2]);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
                bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
                fprintf(stderr, "uevent-lines: %s\n", strerror(errno));
                return 1;
        }
        if (write(STDOUT_FILENO, "ready\n", 6) != 6) /* from here on none is missed */
                return 1;
        for (;;) {
                ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

                if (n <= 0) {
                        fprintf(stderr, "uevent-lines: %s\n", strerror(errno));
                        return 1;
                }
                message[n] = 0;
                print(message, (size_t)n, argv[1], subsystem);
        }
}
