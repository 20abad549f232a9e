/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/base/number.h"
#include "version.h"

static int take(const struct command_line *c, int option, const char *at, void *data, bool *said,
        struct diag *d) {
        switch (option) {
        case '?':
                return diag_fail(d, -EINVAL, "%s: no such option, or its value is missing: try --help", at);
        case COMMAND_LINE_VERSION:
                printf("%s %s\n", c->program, CVMD_VERSION);
                *said = true;
                return 0;
        case COMMAND_LINE_HELP:
                fputs(c->help, stdout);
                *said = true;
                return 0;
        }
        return c->take(option, optarg, data, d);
}

int command_line_read(const struct command_line *c, int argc, char *argv[], void *data, bool *ret_said,
        struct diag *d) {
        bool said = false;

        optind = 0; /* from the start, also when called again */
        opterr = 0;
        while (!said) {
                int at = optind > 0 ? optind : 1, option = getopt_long(argc, argv, "", c->table, NULL), r;

                if (option < 0)
                        break;
                r = take(c, option, at < argc ? argv[at] : "", data, &said, d);
                if (r < 0)
                        return r;
        }
        if (!said && optind < argc)
                return diag_fail(d, -EINVAL, "%s: %s takes options only: try --help", argv[optind],
                        c->program);
        *ret_said = said;
        return 0;
}

int command_line_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t unit,
        uint64_t *ret, struct diag *d) {
        uint64_t value;

        if (number_parse(text, 10, max, &value) < 0 || value < min)
                return diag_fail(d, -EINVAL, "--%s=%s: %" PRIu64 " to %" PRIu64, name, text, min, max);
        *ret = value * unit;
        return 0;
}
