/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A TPM to test with: swtpm, started for a group of tests and ended with it. As a client of it there can be
 * one at a time.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/evidence/tpm.h"
#include "tests/unit/scratch.h"

struct swtpm {
        struct scratch folder;
        pid_t pid;
        char tcti[64];
};

static inline _Noreturn void swtpm_run(const char *folder) {
        char server[80], control[80], state[80];

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(server, sizeof(server), "type=unixio,path=%s/tpm", folder);
        snprintf(control, sizeof(control), "type=unixio,path=%s/tpm.ctrl", folder);
        snprintf(state, sizeof(state), "dir=%s", folder);
        (void)!freopen("/dev/null", "w", stderr);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--server",
                server, "--ctrl", control, "--tpmstate", state, (char *)NULL);
        _exit(127);
}

/* Until it listens, or has ended. */
static inline bool swtpm_await(const struct swtpm *s) {
        const struct timespec moment = { .tv_nsec = 5000000 };
        int status;

        while (waitpid(s->pid, &status, WNOHANG) == 0) {
                _cleanup_(tpm_closep) struct tpm *t = NULL;

                if (faccessat(s->folder.fd, "tpm", F_OK, 0) == 0 && tpm_open(s->tcti, NULL, &t, NULL) >= 0)
                        return true;
                nanosleep(&moment, NULL);
        }
        return false;
}

/* The state of a group: its tests skip when there is no swtpm. */
static inline int swtpm_start(void **state) {
        struct swtpm *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        assert_int_equal(setenv("TSS2_LOG", "all+none", 1), 0); /* what fails here is meant to */
        s->folder = scratch_new();
        snprintf(s->tcti, sizeof(s->tcti), "swtpm:path=%s/tpm", s->folder.path);
        s->pid = fork();
        assert_true(s->pid >= 0);
        if (s->pid == 0)
                swtpm_run(s->folder.path);
        if (!swtpm_await(s))
                s->pid = 0;
        *state = s;
        return 0;
}

static inline int swtpm_stop(void **state) {
        struct swtpm *s = *state;

        if (s->pid > 0) {
                kill(s->pid, SIGTERM);
                waitpid(s->pid, NULL, 0);
        }
        scratch_done(&s->folder);
        free(s);
        return 0;
}

static inline struct tpm *swtpm_open(void **state, const struct tpm_pacing *pacing) {
        const struct swtpm *s = *state;
        struct tpm *t = NULL;

        if (s->pid == 0) {
                print_message("swtpm is not installed\n");
                skip();
        }
        assert_int_equal(tpm_open(s->tcti, pacing, &t, NULL), 0);
        return t;
}
