/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/swtpm.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/cursor.h"
#include "lib/base/file.h"

/* Does not return. The descriptors of the two channels stay open over exec. */
static void run(const char *folder, int data, int control, pid_t parent) {
        char state[96], socket_fd[16], control_fd[48];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(1);
        fcntl(data, F_SETFD, 0);
        fcntl(control, F_SETFD, 0);
        snprintf(state, sizeof(state), "dir=%s", folder);
        snprintf(socket_fd, sizeof(socket_fd), "%d", data);
        snprintf(control_fd, sizeof(control_fd), "type=unixio,clientfd=%d", control);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--fd", socket_fd, "--ctrl",
                control_fd, "--flags", "not-need-init,startup-clear", NULL);
        fprintf(stderr, "paravisor: swtpm cannot be run: %s\n", strerror(errno));
        _exit(127);
}

int swtpm_start(struct swtpm *ret, struct diag *d) {
        _cleanup_(closep) int their_data = -1, their_control = -1;
        int data[2], control[2];
        pid_t parent = getpid();

        *ret = SWTPM_NONE;
        strcpy(ret->folder, "/tmp/paravisor-tpm-XXXXXX");
        if (!mkdtemp(ret->folder))
                return diag_errno(d, -errno, "%s", ret->folder);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, data) < 0)
                return -errno;
        ret->data = data[0];
        their_data = data[1];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
                return -errno;
        ret->control = control[0];
        their_control = control[1];
        ret->pid = fork();
        if (ret->pid < 0)
                return -errno;
        if (ret->pid == 0)
                run(ret->folder, their_data, their_control, parent);
        return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
        return remove(path);
}

void swtpm_stop(struct swtpm *t) {
        if (t->pid > 0) {
                kill(t->pid, SIGKILL); /* nothing of its state is wanted again */
                waitpid(t->pid, NULL, 0);
        }
        closep(&t->data);
        closep(&t->control);
        if (t->folder[0])
                nftw(t->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        *t = SWTPM_NONE;
}

static int receive_exactly(int fd, void *ret, size_t n) {
        uint8_t *at = ret;

        while (n > 0) {
                ssize_t got = read(fd, at, n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        return -ECONNRESET;
                at += got;
                n -= (size_t)got;
        }
        return 0;
}

int swtpm_transfer(struct swtpm *t, const void *command, size_t n, struct message *ret, struct diag *d) {
        struct cursor c;
        size_t size;
        int r;

        r = file_write_fd(t->data, command, n);
        if (r < 0)
                return diag_errno(d, r, "swtpm");
        r = receive_exactly(t->data, ret->bytes, MESSAGE_HEADER);
        if (r < 0)
                return diag_errno(d, r, "swtpm");
        c = cursor_over(ret->bytes + 2, 4);
        size = cursor_be32(&c);
        if (size < MESSAGE_HEADER || size > MESSAGE_MAX)
                return diag_fail(d, -EBADMSG, "swtpm: a response of %zu bytes", size);
        r = receive_exactly(t->data, ret->bytes + MESSAGE_HEADER, size - MESSAGE_HEADER);
        if (r < 0)
                return diag_errno(d, r, "swtpm");
        ret->n = size;
        ret->bad = false;
        return 0;
}

int swtpm_control(struct swtpm *t, const void *request, size_t n, struct message *ret, struct diag *d) {
        ssize_t got;
        int r;

        r = file_write_fd(t->control, request, n);
        if (r < 0)
                return diag_errno(d, r, "swtpm's control channel");
        got = read(t->control, ret->bytes, sizeof(ret->bytes)); /* it answers in one piece */
        if (got <= 0)
                return diag_errno(d, got < 0 ? -errno : -ECONNRESET, "swtpm's control channel");
        ret->n = (size_t)got;
        return 0;
}
