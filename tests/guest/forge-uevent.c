/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forge-uevent: sends a datagram that looks like a kernel uevent, from user space, to those who listen to
 * the kernel's. Each argument after the first is one KEY=VALUE line; the first is the header, such as
 * "remove@/devices/x".
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { KERNEL_GROUP = 1 };

/* The arguments, each with its end; 0 when they are too long. */
static size_t join(int argc, char **argv, char *ret, size_t size) {
        size_t used = 0;

        for (int i = 1; i < argc; i++) {
                size_t n = strlen(argv[i]) + 1;

                if (n > size - used)
                        return 0;
                memcpy(ret + used, argv[i], n);
                used += n;
        }
        return used;
}

int main(int argc, char **argv) {
        struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
        char message[2048];
        size_t n = join(argc, argv, message, sizeof(message));
        int fd;

        if (n == 0) {
                fprintf(stderr, "usage: forge-uevent ACTION@PATH [KEY=VALUE]...\n");
                return 2;
        }
        fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
        if (fd < 0 || sendto(fd, message, n, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
                fprintf(stderr, "forge-uevent: %s\n", strerror(errno));
                return 1;
        }
        return 0;
}
