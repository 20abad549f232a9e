/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the pager is the shell's affair: PAGER is a command line. */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

_Noreturn static void become(const char *command, int input) {
        signal(SIGPIPE, SIG_DFL);
        if (dup2(input, STDIN_FILENO) >= 0)
                execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
}

int pager_show(const char *command, const char *text, size_t n, struct diag *d) {
        _cleanup_(closep) int output = -1;
        int pipes[2], status, r;
        pid_t pid;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return diag_errno(d, -errno, "cannot start the pager");
        output = pipes[1];
        pid = fork();
        r = -errno;
        if (pid == 0)
                become(command, pipes[0]);
        close(pipes[0]);
        if (pid < 0)
                return diag_errno(d, r, "cannot start the pager");

        r = file_write_fd(output, text, n);
        close(take_fd(&output));
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return diag_errno(d, -errno, "cannot wait for the pager");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127) /* not there: better unpaged than unseen */
                r = file_write_fd(STDOUT_FILENO, text, n);
        if (r < 0 && r != -EPIPE)
                return diag_errno(d, r, "cannot write the output");
        return 0;
}
