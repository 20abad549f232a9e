/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where systemd runs the initrd, it starts us, starts us again and stops us. Everywhere else a script does
 * the first, a small supervisor of our own the second, and --handover the third.
 */
#include "daemon/early.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/base/file.h"

#define POLICY_NOTE "early-policy"
#define OVER_NOTE "early-over"
#define END_MSEC (5 * 1000)
#define RESTART_NSEC (200 * 1000 * 1000)

static bool has_word(const char *line, const char *beginning) {
        size_t n = strlen(beginning);

        for (const char *at = line; (at = strstr(at, beginning)); at += n)
                if (at == line || at[-1] == ' ')
                        return true;
        return false;
}

bool early_is_kdump(struct sysroot *root) {
        _cleanup_(freep) char *command_line = NULL;
        struct stat st;

        if (sysroot_stat(root, "proc/vmcore", &st) >= 0)
                return true;
        return sysroot_read_line(root, "proc/cmdline", &command_line) >= 0 &&
                has_word(command_line, "elfcorehdr=");
}

/* The foreground: until the other one is ready, or has failed. */
static _Noreturn void await(pid_t pid, int ready) {
        int status;
        char c;

        if (read(ready, &c, 1) == 1)
                _exit(EXIT_SUCCESS);
        if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
                _exit(EXIT_FAILURE);
        _exit(WEXITSTATUS(status));
}

/* Whoever waited for us has left, for we were ready once. */
static bool nobody_waits(int ready) {
        struct pollfd p = { .fd = ready };

        return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

/* Returns in the process that does the work, however often it takes a new one. */
static int supervise(int ready) {
        const struct timespec pause = { .tv_nsec = RESTART_NSEC };

        (void)prctl(PR_SET_NAME, "cvmd-early");
        for (;;) {
                pid_t pid = fork();
                int status;

                if (pid < 0)
                        return -errno;
                if (pid == 0) {
                        (void)prctl(PR_SET_NAME, "cvmd");
                        return 0;
                }
                if (waitpid(pid, &status, 0) < 0)
                        _exit(EXIT_FAILURE);
                if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
                        _exit(EXIT_SUCCESS);
                if (!nobody_waits(ready))
                        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
                (void)nanosleep(&pause, NULL);
        }
}

int early_go_background(int *ret) {
        _cleanup_(closep) int ready = -1, wait = -1;
        int ends[2], r;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        wait = ends[0];
        ready = ends[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid > 0) {
                close(take_fd(&ready));
                await(pid, wait);
        }
        close(take_fd(&wait));
        (void)signal(SIGPIPE, SIG_IGN); /* who waited is gone when we are ready for the second time */
        (void)setsid();
        r = supervise(ready);
        if (r < 0)
                return r;
        *ret = take_fd(&ready);
        return 0;
}

int early_note_policy(const struct state *s, const struct digest *digest, struct diag *d) {
        char text[DIGEST_TEXT_SIZE];
        int r;

        digest_format(digest, text);
        r = file_replace_at(s->folder, POLICY_NOTE, 0600, text, strlen(text));
        return r < 0 ? diag_errno(d, r, POLICY_NOTE) : 0;
}

int early_noted_policy(const struct state *s, char ret[DIGEST_TEXT_SIZE]) {
        _cleanup_(freep) char *text = NULL;
        size_t n = 0;
        int r = file_read_at(s->folder, POLICY_NOTE, DIGEST_TEXT_SIZE - 1, &text, &n);

        if (r < 0 && r != -ENOENT)
                return r;
        memcpy(ret, r == 0 ? text : "", n + 1);
        return 0;
}

/* 0 when nobody has it. */
static pid_t holder_of(int folder) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_(closep) int fd = openat(folder, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
                return 0;
        return lock.l_pid;
}

static bool ends_by(int pidfd, int number) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        (void)pidfd_send_signal(pidfd, number, NULL, 0);
        return poll(&p, 1, END_MSEC) == 1;
}

int early_end(const char *state, struct diag *d) {
        _cleanup_(closep) int folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), pidfd = -1;
        pid_t pid;
        int r;

        if (folder < 0)
                return errno == ENOENT ? 0 : diag_errno(d, -errno, "%s", state);
        r = file_replace_at(folder, OVER_NOTE, 0600, "", 0);
        if (r < 0)
                return diag_errno(d, r, "%s/" OVER_NOTE, state);
        pid = holder_of(folder);
        if (pid == 0)
                return 0;
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0 && errno == ESRCH)
                return 0;
        if (pidfd < 0)
                return diag_errno(d, -errno, "process %d", (int)pid);
        if (!ends_by(pidfd, SIGTERM) && !ends_by(pidfd, SIGKILL))
                return diag_fail(d, -ETIMEDOUT, "process %d does not end", (int)pid);
        return 0;
}

bool early_is_over(const struct state *s) {
        return faccessat(s->folder, OVER_NOTE, F_OK, 0) == 0;
}

#define UNIT "cvmd.service"

static const char *const unit_folders[] = {
        "etc/systemd/system",
        "usr/local/lib/systemd/system",
        "usr/lib/systemd/system",
        "lib/systemd/system",
};
#define N_UNIT_FOLDERS (sizeof(unit_folders) / sizeof(unit_folders[0]))

/* The first folder that has the unit decides; a link to /dev/null takes it away. */
static bool has_unit(struct sysroot *root) {
        for (size_t i = 0; i < N_UNIT_FOLDERS; i++) {
                _cleanup_(freep) char *path = NULL, *target = NULL;
                struct stat st;

                if (asprintf(&path, "%s/" UNIT, unit_folders[i]) < 0)
                        return false;
                if (sysroot_stat(root, path, &st) < 0)
                        continue;
                return sysroot_read_link(root, path, &target) < 0 || strcmp(target, "/dev/null") != 0;
        }
        return false;
}

/* Wanted or required by whatever unit. */
static bool is_wanted_in(struct sysroot *root, const char *folder) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};

        if (sysroot_list(root, folder, &names) < 0)
                return false;
        for (size_t i = 0; i < names.n; i++) {
                const char *end = strrchr(names.names[i], '.');
                _cleanup_(freep) char *path = NULL;
                struct stat st;

                if (!end || (strcmp(end, ".wants") != 0 && strcmp(end, ".requires") != 0))
                        continue;
                if (asprintf(&path, "%s/%s/" UNIT, folder, names.names[i]) < 0)
                        return false;
                if (sysroot_stat(root, path, &st) >= 0)
                        return true;
        }
        return false;
}

bool early_has_successor(struct sysroot *new_root) {
        if (!has_unit(new_root))
                return false;
        for (size_t i = 0; i < N_UNIT_FOLDERS; i++)
                if (is_wanted_in(new_root, unit_folders[i]))
                        return true;
        return false;
}
