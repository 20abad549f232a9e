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

#define ANSWER_MAX (4 * 1024 * 1024)
#define ANSWER_END "end\n"

struct network_probe {
        network_ask_t ask;
        void *data;
        pid_t pid;   /* 0: none that has not been reaped */
        int pipe;    /* from it; -1: nothing more is to come */
        char *part;  /* what has come of its answer */
        size_t size; /* of that */
        char *known; /* the last whole answer, lines of a snapshot; NULL: none */
};

int network_probe_new(network_ask_t ask, void *data, struct network_probe **ret) {
        struct network_probe *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        *p = (struct network_probe){ .ask = ask, .data = data, .pipe = -1 };
        *ret = p;
        return 0;
}

static void reap(struct network_probe *p) {
        if (p->pid != 0 && waitpid(p->pid, NULL, WNOHANG) != 0)
                p->pid = 0;
}

static void end_answer(struct network_probe *p) {
        closep(&p->pipe);
        p->pipe = -1;
        free(TAKE(p->part));
        p->size = 0;
        reap(p);
}

void network_probe_give_up(struct network_probe *p) {
        free(TAKE(p->known));
        if (p->pid != 0)
                (void)kill(p->pid, SIGKILL);
}

void network_probe_free(struct network_probe *p) {
        if (!p)
                return;
        network_probe_give_up(p);
        end_answer(p);
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

int network_probe_ask(struct network_probe *p) {
        _cleanup_(closep) int from = -1, to = -1;
        int ends[2];
        pid_t pid;

        reap(p);
        if (p->pid != 0 || p->pipe >= 0)
                return -EBUSY;
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        from = ends[0];
        to = ends[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                fcntl(to, F_SETFL, 0); /* its reader may be slower */
                answer(p, to);
        }
        p->pid = pid;
        p->pipe = take_fd(&from);
        return 0;
}

int network_probe_fd(const struct network_probe *p) {
        return p->pipe;
}

/* Half of the truth is none: an answer without its end was cut off. */
static bool is_whole(const char *text, size_t size) {
        size_t end = strlen(ANSWER_END);

        return size >= end && !memchr(text, 0, size) && strcmp(text + size - end, ANSWER_END) == 0;
}

/* What has come is all there is. */
static bool conclude(struct network_probe *p) {
        bool changed;

        if (!p->part || !is_whole(p->part, p->size)) {
                changed = network_probe_knows(p);
                free(TAKE(p->known));
        } else {
                p->part[p->size - strlen(ANSWER_END)] = 0;
                changed = !p->known || strcmp(p->known, p->part) != 0;
                free(p->known);
                p->known = TAKE(p->part);
        }
        end_answer(p);
        return changed;
}

int network_probe_collect(struct network_probe *p, bool *ret_changed) {
        for (;;) {
                char piece[4096], *bigger;
                ssize_t n = p->size > ANSWER_MAX ? 0 : read(p->pipe, piece, sizeof(piece));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return -EAGAIN;
                if (n <= 0)
                        break;
                bigger = realloc(p->part, p->size + (size_t)n + 1);
                if (!bigger)
                        return -ENOMEM;
                p->part = bigger;
                memcpy(p->part + p->size, piece, (size_t)n);
                p->size += (size_t)n;
                p->part[p->size] = 0;
        }
        *ret_changed = conclude(p);
        return 0;
}

bool network_probe_knows(const struct network_probe *p) {
        return p->known;
}

static int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int network_probe_wait(struct network_probe *p) {
        int64_t until = now_ms() + NETWORK_PATIENCE_MS;
        bool changed;
        int r = p->pipe >= 0 ? 0 : network_probe_ask(p);

        while (r >= 0) {
                struct pollfd ready = { .fd = p->pipe, .events = POLLIN };
                int64_t left = until - now_ms();

                r = network_probe_collect(p, &changed);
                if (r != -EAGAIN)
                        break;
                r = left > 0 ? 0 : -ETIMEDOUT;
                if (left > 0)
                        (void)poll(&ready, 1, (int)left);
        }
        if (r < 0)
                network_probe_give_up(p);
        return r == -ENOMEM ? r : 0;
}

int network_probe_add(const struct network_probe *p, struct snapshot *s) {
        _cleanup_(freep) char *copy = NULL;
        char *line, *rest;
        int r = 0;

        if (!p || !p->known) {
                r = snapshot_add_netlink(s, NETWORK_LINKS_UNKNOWN);
                return r < 0 ? r : snapshot_add_netlink(s, NETWORK_ROUTES_UNKNOWN);
        }
        copy = rest = strdup(p->known);
        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n")) && r == 0)
                if (*line)
                        r = snapshot_add_netlink(s, line);
        return r;
}
