/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/verification-json.h"

#include <errno.h>

#include "lib/base/json-build.h"

struct json_object *verification_waived_json(const struct checks *c) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (unsigned i = 0; a && i < N_WAIVERS; i++)
                if (c->waived & 1U << i && !json_append_text(a, waiver_to_string(1U << i)))
                        return NULL;
        return TAKE(a);
}

static struct json_object *checks_json(const struct checks *c) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (unsigned i = 1; a && i < _CHECK_MAX; i++) {
                struct json_object *o;

                if (!c->of[i].result)
                        continue;
                o = json_object_new_object();
                if (!json_append(a, o) || !json_add_text(o, "name", check_name(i)) ||
                        !json_add_text(o, "result", check_result_to_string(c->of[i].result)) ||
                        !json_add_text(o, "detail", c->of[i].detail))
                        return NULL;
        }
        return TAKE(a);
}

static struct json_object *node_json(const struct json_node *node);

static struct json_object *children_json(const struct json_node *node) {
        bool is_object = node->kind == JSON_OBJECT;
        _cleanup_(json_putp) struct json_object *o =
                is_object ? json_object_new_object() : json_object_new_array();

        for (const struct json_node *child = node->children; o && child; child = child->next) {
                bool added;

                if (child->kind == JSON_NULL)
                        added = is_object ? json_add_null(o, child->key)
                                          : json_object_array_add(o, NULL) == 0;
                else
                        added = is_object ? json_add(o, child->key, node_json(child))
                                          : json_append(o, node_json(child));
                if (!added)
                        return NULL;
        }
        return TAKE(o);
}

/* Of anything but null. What was read strictly is what is shown: there is no second parser. */
static struct json_object *node_json(const struct json_node *node) {
        switch (node->kind) {
        case JSON_BOOLEAN:
                return json_object_new_boolean(node->boolean);
        case JSON_INTEGER:
                return json_object_new_int64(node->integer);
        case JSON_STRING:
                return json_object_new_string(node->string);
        case JSON_LIST:
        case JSON_OBJECT:
                return children_json(node);
        case JSON_NULL:
        case _JSON_KIND_MAX:
                break;
        }
        return NULL;
}

static bool add_claims(struct json_object *o, const struct json_document *claims) {
        return claims ? json_add(o, "claims", node_json(claims->root)) : json_add_null(o, "claims");
}

int verification_json(const struct verification *v, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        const struct evidence *e = &v->evidence;

        if (!o || !json_add_number(o, "version", 1) ||
                !json_add_flag(o, "authentic", checks_authentic(&v->checks)) ||
                !json_add_flag(o, "trusted", checks_trusted(&v->checks)) ||
                !json_add(o, "waived", verification_waived_json(&v->checks)) ||
                !json_add_text(o, "form", evidence_form_to_string(e->form)) ||
                !json_add_text(o, "kind", hcl_report_type_to_string(e->type)) ||
                !json_add(o, "checks", checks_json(&v->checks)) || !add_claims(o, e->claims_document))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}
