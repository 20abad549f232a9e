/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both policies are evaluated as they stand, and only what comes of them is compared: a rule that moved, or
 * has another name, is no change. */
#include "lib/policy/policy-diff.h"

#include <errno.h>

#include "lib/base/json-build.h"
#include "lib/policy/decision-json.h"
#include "lib/policy/policy-json.h"

/* A setting in two forms: what is compared, and what is shown. NULL for a setting that is not there. */
static struct json_object *mode_json(const struct policy *p, enum policy_json_form form) {
        return json_object_new_string(policy_mode_to_string(p->mode));
}

static struct json_object *gate_json(const struct policy *p, enum policy_json_form form) {
        return json_object_new_string(policy_gate_to_string(p->gate));
}

static struct json_object *expect_json(const struct policy *p, enum policy_json_form form) {
        return policy_expect_json(p, form);
}

static struct json_object *unknown_json(const struct policy *p, enum policy_json_form form) {
        return json_object_new_string(policy_unknown_to_string(p->unknown));
}

static struct json_object *protect_json(const struct policy *p, enum policy_json_form form) {
        return policy_words_json(&p->protect, form);
}

static struct json_object *default_json(const struct policy *p, enum policy_json_form form) {
        return policy_default_json(p);
}

static const struct {
        const char *name;
        struct json_object *(*json)(const struct policy *p, enum policy_json_form form);
        size_t origin;
} settings[] = {
        { "mode", mode_json, offsetof(struct policy, mode_origin) },
        { "gate", gate_json, offsetof(struct policy, gate_origin) },
        { "expect", expect_json, offsetof(struct policy, expect_origin) },
        { "unknown", unknown_json, offsetof(struct policy, unknown_origin) },
        { "protect", protect_json, offsetof(struct policy, protect_origin) },
        { "default", default_json, offsetof(struct policy, default_origin) },
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static struct json_object *setting_origin(const struct policy *p, size_t i) {
        return policy_origin_json((const struct policy_origin *)((const char *)p + settings[i].origin));
}

static struct json_object *setting_change(const struct policy *old, const struct policy *new, size_t i) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "setting", settings[i].name) ||
                !json_add(o, "old", settings[i].json(old, POLICY_JSON_SHOWN)) ||
                !json_add(o, "new", settings[i].json(new, POLICY_JSON_SHOWN)) ||
                !json_add(o, "old-origin", setting_origin(old, i)) ||
                !json_add(o, "new-origin", setting_origin(new, i)))
                return NULL;
        return TAKE(o);
}

static struct json_object *settings_diff(const struct policy *old, const struct policy *new,
        size_t *n_changes) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < N_SETTINGS; i++) {
                _cleanup_(json_putp) struct json_object *x = settings[i].json(old, POLICY_JSON_ENFORCED);
                _cleanup_(json_putp) struct json_object *y = settings[i].json(new, POLICY_JSON_ENFORCED);

                if (!x || !y)
                        return NULL;
                if (json_object_equal(x, y))
                        continue;
                if (!json_append(a, setting_change(old, new, i)))
                        return NULL;
                ++*n_changes;
        }
        return TAKE(a);
}

/* One policy on one guest. */
struct side {
        const struct policy *policy;
        struct evaluation *evaluation;
        enum verdict *verdicts;
        enum guest_state state;
};

static void side_done(struct side *s) {
        evaluation_free(s->evaluation);
        free(s->verdicts);
}

static int side_judge(struct side *s, const struct policy *p, const struct guest *g) {
        const struct evaluation_options how = {};

        s->policy = p;
        s->verdicts = calloc(g->n_devices + 1, sizeof(*s->verdicts));
        if (!s->verdicts || policy_evaluate(p, g, &how, &s->evaluation) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < g->n_devices; i++)
                s->verdicts[i] = verdict_of(&s->evaluation->decisions[i], &g->devices[i], ENFORCEMENT_NONE);
        s->state = state_of(s->evaluation, s->verdicts);
        return 0;
}

static struct json_object *side_json(const struct side *s, size_t i) {
        _cleanup_(json_putp) struct json_object *o = decision_json(s->policy, &s->evaluation->decisions[i]);

        if (!o || !json_add_text(o, "verdict", verdict_to_string(s->verdicts[i])))
                return NULL;
        return TAKE(o);
}

/* A device that is only seen in the recording may be one that would be acted on: so actions count as well.
 */
static bool differs(const struct side *old, const struct side *new, size_t i) {
        const struct decision *x = &old->evaluation->decisions[i], *y = &new->evaluation->decisions[i];

        return old->verdicts[i] != new->verdicts[i] || x->action != y->action ||
                x->protected != y->protected;
}

static struct json_object *device_diff(const struct device *d, const struct side *old,
        const struct side *new, size_t i) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char class[GUID_TEXT_SIZE];

        if (!o || !json_add_text(o, "instance", d->instance_text) ||
                !json_add_text(o, "class", device_class_name(d, class)) ||
                !json_add(o, "old", side_json(old, i)) || !json_add(o, "new", side_json(new, i)))
                return NULL;
        return TAKE(o);
}

static struct json_object *devices_diff(const struct guest *g, const struct side *old,
        const struct side *new, size_t *n_changes) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < g->n_devices; i++) {
                if (!differs(old, new, i))
                        continue;
                if (!json_append(a, device_diff(&g->devices[i], old, new, i)))
                        return NULL;
                ++*n_changes;
        }
        return TAKE(a);
}

static bool add_state(struct json_object *o, const struct side *old, const struct side *new,
        size_t *n_changes) {
        struct json_object *state;

        if (old->state == new->state)
                return json_add_null(o, "state");
        ++*n_changes;
        state = json_object_new_object();
        return json_add(o, "state", state) &&
                json_add_text(state, "old", guest_state_to_string(old->state)) &&
                json_add_text(state, "new", guest_state_to_string(new->state));
}

static struct json_object *guest_diff(const struct policy *old, const struct policy *new,
        const struct diff_guest *guest, size_t *n_changes) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        _cleanup_(side_done) struct side was = {}, is = {};

        if (!o || side_judge(&was, old, guest->guest) < 0 || side_judge(&is, new, guest->guest) < 0 ||
                !json_add_text(o, "guest", guest->name) ||
                !json_add_number(o, "total", guest->guest->n_devices) ||
                !add_state(o, &was, &is, n_changes) ||
                !json_add(o, "devices", devices_diff(guest->guest, &was, &is, n_changes)))
                return NULL;
        return TAKE(o);
}

static struct json_object *policy_name(const struct policy *p) {
        const struct policy_words files = { .words = p->files, .n = p->n_files };
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&p->digest, digest);
        if (!o || !json_add_text(o, "digest", digest) ||
                !json_add(o, "files", policy_words_json(&files, POLICY_JSON_SHOWN)))
                return NULL;
        return TAKE(o);
}

int policy_diff(const struct policy *old, const struct policy *new, const struct diff_guest *guests,
        size_t n, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *list = json_object_new_array();
        size_t n_changes = 0;

        if (!o || !json_add_number(o, "version", 1) || !json_add(o, "old", policy_name(old)) ||
                !json_add(o, "new", policy_name(new)) ||
                !json_add(o, "settings", settings_diff(old, new, &n_changes)) ||
                !json_add(o, "guests", list))
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (!json_append(list, guest_diff(old, new, &guests[i], &n_changes)))
                        return -ENOMEM;
        if (!json_add_number(o, "changes", n_changes))
                return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}
