/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line of cvmd-attest. Nothing comes from the environment. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct attest_options {
        const char *bus;   /* NULL: the system bus */
        const char *tcti;  /* as tpm2-tss has them */
        const char *state; /* a folder of its own */
        uint64_t idle_usec, window_usec;
};

/* -EINVAL for what is not understood; *ret_said: --help or --version was answered, and that is all. */
int attest_options_parse(int argc, char *argv[], struct attest_options *ret, bool *ret_said, struct diag *d);
