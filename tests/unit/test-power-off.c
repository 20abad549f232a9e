/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child in place of the service manager. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/power-off.h"
#include "tests/unit/harness.h"

static void the_service_manager_is_asked_to_power_off(void **state) {
        int status, got = 0;
        sigset_t asked;
        pid_t pid;

        sigemptyset(&asked);
        sigaddset(&asked, SIGRTMIN + 4);
        assert_int_equal(sigprocmask(SIG_BLOCK, &asked, NULL), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(sigwait(&asked, &got) == 0 && got == SIGRTMIN + 4 ? 0 : 1);
        assert_int_equal(power_off(pid), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_manager_is_asked_to_power_off),
};

RUN(tests)
