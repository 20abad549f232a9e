/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of others as fields. */
#include <string.h>

#include "cli/inspect.h"
#include "lib/base/json-build.h"

static struct json_object *copy(const struct json_node *node);

static struct json_object *copy_children(const struct json_node *node, struct json_object *o) {
        bool good = o;

        for (const struct json_node *c = node->children; good && c; c = c->next)
                good = node->kind == JSON_LIST ? c->kind == JSON_NULL ? json_object_array_add(o, NULL) == 0
                                                                      : json_append(o, copy(c))
                        : c->kind == JSON_NULL ? json_add_null(o, c->key)
                                               : json_add(o, c->key, copy(c));
        if (good)
                return o;
        json_object_put(o);
        return NULL;
}

/* The same with json-c, which prints it; null has no object there, and is not asked for. */
static struct json_object *copy(const struct json_node *node) {
        switch (node->kind) {
        case JSON_BOOLEAN:
                return json_object_new_boolean(node->boolean);
        case JSON_INTEGER:
                return json_object_new_int64(node->integer);
        case JSON_STRING:
                return json_object_new_string(node->string);
        case JSON_LIST:
                return copy_children(node, json_object_new_array());
        case JSON_OBJECT:
                return copy_children(node, json_object_new_object());
        case JSON_NULL:
        case _JSON_KIND_MAX:
                break;
        }
        return NULL;
}

static void add_value(struct inspection *i, const char *key, const struct json_node *node) {
        struct json_object *value = copy(node);

        if (!value)
                i->bad = true;
        else if (node->kind == JSON_STRING)
                inspection_value(i, key, value, "%s", node->string);
        else if (node->kind == JSON_BOOLEAN)
                inspection_value(i, key, value, "%s", node->boolean ? "yes" : "no");
        else
                inspection_value(i, key, value, "%s",
                        json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

static void add_member(struct inspection *i, const char *prefix, const struct json_node *node) {
        _cleanup_(freep) char *key = NULL;

        if (asprintf(&key, "%s%s%s", prefix, prefix[0] ? "." : "", node->key) < 0) {
                key = NULL;
                i->bad = true;
                return;
        }
        if (node->kind == JSON_NULL)
                return inspection_null(i, key);
        if (node->kind != JSON_OBJECT || node->n_children == 0)
                return add_value(i, key, node);
        for (const struct json_node *c = node->children; c; c = c->next)
                add_member(i, key, c);
}

void inspect_members(struct inspection *i, const struct json_node *object, const char *const *without,
        size_t n_without) {
        for (const struct json_node *c = object->children; c; c = c->next) {
                bool skip = false;

                for (size_t w = 0; w < n_without && !skip; w++)
                        skip = strcmp(without[w], c->key) == 0;
                if (!skip)
                        add_member(i, "", c);
        }
}
