/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The result of a verification for people. */
#include "cli/output.h"
#include "lib/verify/verifier.h"

/* Both verdicts in words, then a line a check. -ENOMEM. */
int verify_text_print(const struct verification *v, struct output *out);
