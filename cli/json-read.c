/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Printers read what a daemon of another version may have written. */
#include "cli/json-read.h"

const char *text_of(struct json_object *o, const char *key) {
        struct json_object *value;

        if (!json_object_object_get_ex(o, key, &value) || !value)
                return "";
        return json_object_get_string(value);
}

struct json_object *list_of(struct json_object *o, const char *key, size_t *ret_n) {
        struct json_object *value;

        *ret_n = 0;
        if (!json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, json_type_array))
                return NULL;
        *ret_n = json_object_array_length(value);
        return value;
}

struct json_object *object_of(struct json_object *o, const char *key) {
        struct json_object *value;

        return json_object_object_get_ex(o, key, &value) ? value : NULL;
}
