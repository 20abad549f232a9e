/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Building JSON with json-c. Its calls fail only for want of memory, so these answer with a bool, and an
 * object is one chain: `return json_add_text(o, "a", x) && json_add_flag(o, "b", y) ? 0 : -ENOMEM;`
 */
#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdint.h>

/* For _cleanup_: gives up one reference. */
static inline void json_putp(struct json_object **o) {
        json_object_put(*o); /* NULL is fine */
}

/* value is taken over in any case, so that a constructor can stand in its place; NULL is out of memory. */
bool json_add(struct json_object *o, const char *key, struct json_object *value);
bool json_append(struct json_object *array, struct json_object *value);

bool json_add_null(struct json_object *o, const char *key);
bool json_add_text(struct json_object *o, const char *key, const char *text); /* NULL becomes null */
bool json_add_flag(struct json_object *o, const char *key, bool flag);
bool json_add_number(struct json_object *o, const char *key, uint64_t number);

bool json_append_text(struct json_object *array, const char *text); /* NULL becomes null */
