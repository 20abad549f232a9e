/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looking into JSON that may lack any key: what is not there reads as empty. All answers are borrowed. */
#include <json-c/json_object.h>
#include <stddef.h>

/* "" when it is not there, or null. */
const char *text_of(struct json_object *o, const char *key);

/* An array, or NULL; *ret_n is 0 then. */
struct json_object *list_of(struct json_object *o, const char *key, size_t *ret_n);

/* NULL when it is not there. */
struct json_object *object_of(struct json_object *o, const char *key);
