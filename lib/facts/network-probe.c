/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that asks, and whoever reads its answer from a pipe. One that is stuck in the kernel cannot
 * even be killed: it is left alone, and until it ends nobody else is sent after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/facts/network-probe.h"
#include "lib/facts/network.h"

#define WAIT_MS 1000
#define ANSWER_MAX (4 * 1024 * 1024)
#define ANSWER_END "end\n"

struct network_probe {
        network_ask_t ask;
        void *data;
        pid_t pid; /* 0: none under way */
        int pipe;
};

int network_probe_new(network_ask_t ask, void *data, struct network_probe **ret) {
        struct network_probe *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        *p = (struct network_probe){ .ask = ask, .data = data, .pipe = -1 };
        *ret = p;
        return 0;
}

/* Closes the pipe, and reaps the process where it has ended. */
static void finish(struct network_probe *p) {
        if (p->pipe >= 0)
                close(p->pipe);
        p->pipe = -1;
        if (p->pid == 0)
                return;
        kill(p->pid, SIGKILL);
        if (waitpid(p->pid, NULL, WNOHANG) != 0)
                p->pid = 0;
}

void network_probe_free(struct network_probe *p) {
        if (!p)
                return;
        finish(p);
        free(p);
}

/* Keeps nothing of ours open: a lock or a socket must not outlive us in a process that hangs. */
static _Noreturn void answer(const struct network_probe *p, int to) {
        FILE *out;
        int r;

        if (dup2(to, STDOUT_FILENO) < 0)
                _exit(1);
        close_range(STDERR_FILENO + 1, ~0U, 0);
        out = fdopen(STDOUT_FILENO, "w");
        if (!out)
                _exit(1);
        r = p->ask(out, p->data);
        if (r == 0)
                fputs(ANSWER_END, out);
        _exit(r < 0 || fclose(out) != 0);
}

static int start(struct network_probe *p) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        p->pid = fork();
        if (p->pid == 0) {
                fcntl(ends[1], F_SETFL, 0); /* its reader may be slower */
                answer(p, ends[1]);
        }
        close(ends[1]);
        p->pipe = ends[0];
        if (p->pid > 0)
                return 0;
        p->pid = 0;
        finish(p);
        return -EAGAIN;
}

static int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What comes through the pipe until it ends; -ETIMEDOUT when it does not. */
static int collect(int pipe, FILE *into) {
        int64_t until = now_ms() + WAIT_MS;
        size_t size = 0;

        for (;;) {
                struct pollfd ready = { .fd = pipe, .events = POLLIN };
                char part[4096];
                ssize_t n = read(pipe, part, sizeof(part));
                int r = n < 0 ? -errno : 0;
                int64_t left;

                if (n == 0)
                        return 0;
                if (n > 0) {
                        size += (size_t)n;
                        if (size > ANSWER_MAX)
                                return -EFBIG;
                        fwrite(part, 1, (size_t)n, into);
                        continue;
                }
                if (r != -EAGAIN && r != -EINTR)
                        return r;
                left = until - now_ms();
                if (left <= 0)
                        return -ETIMEDOUT;
                (void)poll(&ready, 1, (int)left);
        }
}

static int add_unknown(struct snapshot *s) {
        int r = snapshot_add_netlink(s, NETWORK_LINKS_UNKNOWN);

        return r < 0 ? r : snapshot_add_netlink(s, NETWORK_ROUTES_UNKNOWN);
}

/* An answer without its end was cut off: half of the truth is none. */
static int add_answer(struct snapshot *s, char *text, size_t size) {
        char *line, *rest = text;
        size_t end = strlen(ANSWER_END);
        int r = 0;

        if (size < end || memchr(text, 0, size) || strcmp(text + size - end, ANSWER_END) != 0)
                return add_unknown(s);
        text[size - end] = 0;
        while ((line = strsep(&rest, "\n")) && r == 0)
                if (*line)
                        r = snapshot_add_netlink(s, line);
        return r;
}

int network_probe_read(struct network_probe *p, struct snapshot *s) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f;
        int r;

        finish(p);
        if (p->pid != 0 || start(p) < 0)
                return add_unknown(s);
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        r = collect(p->pipe, f);
        if (r == 0)
                (void)waitpid(p->pid, NULL, 0); /* its pipe is closed: it has nothing left to wait for */
        p->pid = r == 0 ? 0 : p->pid;
        finish(p);
        if (fclose(f) != 0)
                return -ENOMEM;
        return r < 0 ? add_unknown(s) : add_answer(s, text, size);
}
