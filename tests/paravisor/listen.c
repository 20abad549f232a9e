/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BACKLOG 128

int listen_loopback(uint16_t *port, int *ret, struct diag *d) {
        _cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_in at = {
                .sin_family = AF_INET,
                .sin_port = htons(*port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        socklen_t size = sizeof(at);

        if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0 ||
                getsockname(fd, (struct sockaddr *)&at, &size) < 0)
                return diag_errno(d, -errno, "port %u", *port);
        *port = ntohs(at.sin_port);
        *ret = take_fd(&fd);
        return 0;
}

int listen_path(const char *path, int *ret, struct diag *d) {
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un at = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(at.sun_path))
                return diag_fail(d, -ENAMETOOLONG, "%s: too long for a socket", path);
        strcpy(at.sun_path, path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
                return diag_errno(d, -errno, "%s", path);
        *ret = take_fd(&fd);
        return 0;
}

int listen_accept(int fd) {
        int r = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (r < 0)
                return -errno;
        setsockopt(r, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* not for AF_UNIX */
        return r;
}
