/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line of cvmd-fetch. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct fetch_options {
        const char *bus;   /* NULL: the system bus */
        const char *imds;  /* http://169.254.169.254 when not given */
        const char *cache; /* NULL: nothing is kept */
        uint64_t idle_usec, timeout_msec, retry_delay_usec;
};

/* Borrows the arguments. *ret_said: --help or --version was asked for, and given on standard output. -EINVAL
 * for what it does not understand. */
int fetch_options_parse(int argc, char *argv[], struct fetch_options *ret, bool *ret_said, struct diag *d);
