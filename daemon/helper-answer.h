/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the answers of cvmd-attest and cvmd-fetch are made of. */
#include "daemon/errors.h"

/* Answers with the name that r has in that scope, and what d says. */
void helper_answer_error(sd_bus_message *call, enum error_scope scope, int r, const struct diag *d);

/* Of an a{sv} that is being written: name as h, a memfd with these bytes and every seal; and as ay. */
int helper_append_sealed(sd_bus_message *m, const char *name, const void *bytes, size_t n);
int helper_append_bytes(sd_bus_message *m, const char *name, const void *bytes, size_t n);
