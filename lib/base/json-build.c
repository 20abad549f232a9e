/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json-c hands out references that are easily lost when the next call fails; here nothing can be. */
#include "lib/base/json-build.h"

bool json_add(struct json_object *o, const char *key, struct json_object *value) {
        if (!value)
                return false;
        if (json_object_object_add(o, key, value) == 0)
                return true;
        json_object_put(value);
        return false;
}

bool json_append(struct json_object *array, struct json_object *value) {
        if (!value)
                return false;
        if (json_object_array_add(array, value) == 0)
                return true;
        json_object_put(value);
        return false;
}

bool json_add_null(struct json_object *o, const char *key) {
        return json_object_object_add(o, key, NULL) == 0;
}

bool json_add_text(struct json_object *o, const char *key, const char *text) {
        return text ? json_add(o, key, json_object_new_string(text)) : json_add_null(o, key);
}

bool json_add_flag(struct json_object *o, const char *key, bool flag) {
        return json_add(o, key, json_object_new_boolean(flag));
}

bool json_add_number(struct json_object *o, const char *key, uint64_t number) {
        return json_add(o, key, json_object_new_uint64(number));
}

bool json_append_text(struct json_object *array, const char *text) {
        return text ? json_append(array, json_object_new_string(text))
                    : json_object_array_add(array, NULL) == 0;
}
