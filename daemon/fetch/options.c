/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fetch/options.h"

#include <errno.h>

#include "daemon/command-line.h"

#define IMDS "http://169.254.169.254"
#define IDLE_SEC 30
#define TIMEOUT_MSEC 5000
#define RETRY_DELAY_MSEC 1000
#define HOUR_SEC 3600

static const char help[] =
        "cvmd-fetch [OPTION...]\n"
        "\n"
        "Fetches endorsements and TD quotes from the metadata service for cvmd.\n"
        "\n"
        "  --bus=ADDRESS       Serve on that bus, instead of the system bus\n"
        "  --imds=URL          Ask there, instead of http://169.254.169.254; a link-local\n"
        "                      address, or in tests one of loopback\n"
        "  --cache=DIR         Keep endorsements there\n"
        "  --idle=SEC          End after so long without a call, instead of 30\n"
        "  --timeout=MSEC      Give a request so long, instead of 5000\n"
        "  --retry-delay=MSEC  Wait so long before asking again, instead of 1000\n"
        "  --version           Say which version this is\n"
        "  --help              Say this\n"
        "\n"
        "The bus starts it when cvmd calls it. See cvmd-fetch(8).\n";

enum {
        OPTION_BUS = COMMAND_LINE_OPTIONS,
        OPTION_IMDS,
        OPTION_CACHE,
        OPTION_IDLE,
        OPTION_TIMEOUT,
        OPTION_RETRY_DELAY,
};

static const struct option table[] = {
        { "bus", required_argument, NULL, OPTION_BUS },
        { "imds", required_argument, NULL, OPTION_IMDS },
        { "cache", required_argument, NULL, OPTION_CACHE },
        { "idle", required_argument, NULL, OPTION_IDLE },
        { "timeout", required_argument, NULL, OPTION_TIMEOUT },
        { "retry-delay", required_argument, NULL, OPTION_RETRY_DELAY },
        { "version", no_argument, NULL, COMMAND_LINE_VERSION },
        { "help", no_argument, NULL, COMMAND_LINE_HELP },
        {},
};

static int take(int option, const char *argument, void *data, struct diag *d) {
        struct fetch_options *o = data;

        switch (option) {
        case OPTION_BUS:
                o->bus = argument;
                return 0;
        case OPTION_IMDS:
                o->imds = argument;
                return 0;
        case OPTION_CACHE:
                o->cache = argument;
                return 0;
        case OPTION_IDLE:
                return command_line_number("idle", argument, 1, HOUR_SEC, 1000000, &o->idle_usec, d);
        case OPTION_TIMEOUT:
                return command_line_number("timeout", argument, 1, HOUR_SEC * 1000, 1, &o->timeout_msec, d);
        case OPTION_RETRY_DELAY:
                return command_line_number("retry-delay", argument, 0, HOUR_SEC * 1000, 1000,
                        &o->retry_delay_usec, d);
        }
        return diag_fail(d, -EINVAL, "options are not understood");
}

int fetch_options_parse(int argc, char *argv[], struct fetch_options *ret, bool *ret_said, struct diag *d) {
        struct fetch_options o = {
                .imds = IMDS,
                .idle_usec = IDLE_SEC * UINT64_C(1000000),
                .timeout_msec = TIMEOUT_MSEC,
                .retry_delay_usec = RETRY_DELAY_MSEC * UINT64_C(1000),
        };
        const struct command_line c = { .program = "cvmd-fetch",
                .help = help,
                .table = table,
                .take = take };
        int r = command_line_read(&c, argc, argv, &o, ret_said, d);

        if (r >= 0)
                *ret = o;
        return r;
}
