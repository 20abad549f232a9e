/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON in the one form that can be hashed: RFC 8785 (no white space, keys by UTF-16, numbers as ECMAScript).
 */
#include <json-c/json_object.h>

#define CANONICAL_NUMBER_SIZE 48

/*
 * The caller frees *ret. -ENOMEM; -ERANGE for an integer that a double cannot hold, or NaN or an infinity;
 * -EILSEQ for a string that is no UTF-8.
 */
int canonical_json(struct json_object *o, char **ret);

/* The shortest decimal that reads back as v, written as ECMAScript does. v is finite. */
void canonical_number(double v, char ret[CANONICAL_NUMBER_SIZE]);
