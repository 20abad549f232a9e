/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The result of a verification for programs:
 * {"version":1,"authentic","trusted","waived":[...],"form","kind","checks":[{"name","result","detail"}],
 * "claims":{...}|null}. Claims are as cvmd wrote them, "self-asserted".
 */
#include "lib/base/json-text.h"
#include "lib/verify/verifier.h"

/* One line without an end; t remembers when memory runs out. line: of the input, from 1; 0: there is one. */
void verification_json(const struct verification *v, uint64_t line, struct json_text *t);

/* The same for what could not be parsed: {"version":1,"authentic":false,"trusted":false,"error"}. */
void verification_error_json(const char *error, uint64_t line, struct json_text *t);
