/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/attest/options.h"

#include <errno.h>

#include "daemon/command-line.h"
#include "lib/evidence/tpm.h"

#define STATE_FOLDER "/run/cvmd-attest"
#define IDLE_SEC 30
#define WINDOW_MSEC 2000
#define HOUR_SEC 3600
#define MINUTE_MSEC 60000

static const char help[] = "cvmd-attest [OPTION...]\n"
                           "\n"
                           "Collects evidence from the guest's TPM for cvmd.\n"
                           "\n"
                           "  --bus=ADDRESS  Serve on that bus, instead of the system bus\n"
                           "  --tcti=TCTI    Reach the TPM that way, not by device:/dev/tpmrm0: for tests\n"
                           "  --state=DIR    Note there what stood in the guest input, instead of\n"
                           "                 /run/cvmd-attest\n"
                           "  --idle=SEC     End after so long without a call, instead of 30\n"
                           "  --window=MSEC  In which the paravisor makes no new report, instead of 2000\n"
                           "  --version      Say which version this is\n"
                           "  --help         Say this\n"
                           "\n"
                           "The bus starts it when cvmd calls it. See cvmd-attest(8).\n";

enum {
        OPTION_BUS = COMMAND_LINE_OPTIONS,
        OPTION_TCTI,
        OPTION_STATE,
        OPTION_IDLE,
        OPTION_WINDOW,
};

static const struct option table[] = {
        { "bus", required_argument, NULL, OPTION_BUS },
        { "tcti", required_argument, NULL, OPTION_TCTI },
        { "state", required_argument, NULL, OPTION_STATE },
        { "idle", required_argument, NULL, OPTION_IDLE },
        { "window", required_argument, NULL, OPTION_WINDOW },
        { "version", no_argument, NULL, COMMAND_LINE_VERSION },
        { "help", no_argument, NULL, COMMAND_LINE_HELP },
        {},
};

static int take(int option, const char *argument, void *data, struct diag *d) {
        struct attest_options *o = data;

        switch (option) {
        case OPTION_BUS:
                o->bus = argument;
                return 0;
        case OPTION_TCTI:
                o->tcti = argument;
                return 0;
        case OPTION_STATE:
                o->state = argument;
                return 0;
        case OPTION_IDLE:
                return command_line_number("idle", argument, 1, HOUR_SEC, 1000000, &o->idle_usec, d);
        case OPTION_WINDOW:
                return command_line_number("window", argument, 0, MINUTE_MSEC, 1000, &o->window_usec, d);
        }
        return diag_fail(d, -EINVAL, "options are not understood");
}

int attest_options_parse(int argc, char *argv[], struct attest_options *ret, bool *ret_said,
        struct diag *d) {
        struct attest_options o = {
                .tcti = TPM_TCTI_DEFAULT,
                .state = STATE_FOLDER,
                .idle_usec = IDLE_SEC * UINT64_C(1000000),
                .window_usec = WINDOW_MSEC * UINT64_C(1000),
        };
        const struct command_line c = { .program = "cvmd-attest",
                .help = help,
                .table = table,
                .take = take };
        int r = command_line_read(&c, argc, argv, &o, ret_said, d);

        if (r >= 0)
                *ret = o;
        return r;
}
