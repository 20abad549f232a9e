/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a picture, a property at a time. */
#include "daemon/manager-properties.h"

#include <string.h>

#include "version.h"

static const struct isolation *isolation_of(const struct property_object *o) {
        return &o->picture->guest->isolation;
}

static const char *get_version(const struct property_object *o, char *buffer) {
        return CVMD_VERSION;
}

static const char *get_state(const struct property_object *o, char *buffer) {
        return guest_state_to_string(o->picture->state);
}

static const char *get_mode(const struct property_object *o, char *buffer) {
        return policy_mode_to_string(o->picture->evaluation->mode);
}

static bool get_mode_overridden(const struct property_object *o) {
        return o->picture->evaluation->mode_overridden;
}

static const char *get_gate(const struct property_object *o, char *buffer) {
        return gate_state_to_string(o->picture->gate);
}

static const char *get_policy_digest(const struct property_object *o, char *buffer) {
        digest_format(&o->picture->policy->digest, buffer);
        return buffer;
}

static uint32_t get_policy_rules(const struct property_object *o) {
        return (uint32_t)o->picture->policy->n_rules;
}

static bool get_policy_built_in(const struct property_object *o) {
        return o->picture->policy->built_in;
}

static const char *get_isolation_type(const struct property_object *o, char *buffer) {
        return isolation_type_to_string(isolation_of(o)->type);
}

static const char *get_isolation_mode(const struct property_object *o, char *buffer) {
        return isolation_mode_to_string(isolation_of(o)->mode);
}

static const char *get_encryption_scheme(const struct property_object *o, char *buffer) {
        return encryption_scheme_to_string(isolation_of(o)->scheme);
}

static const char *get_isolation_source(const struct property_object *o, char *buffer) {
        return isolation_source_to_string(isolation_of(o)->source);
}

static bool get_isolation_consistent(const struct property_object *o) {
        return isolation_of(o)->problems == 0;
}

static uint32_t get_boundary_bits(const struct property_object *o) {
        return isolation_of(o)->boundary_bits;
}

static bool get_paravisor(const struct property_object *o) {
        return isolation_of(o)->mode == ISOLATION_MODE_PARAVISOR;
}

/* Of the connection that there is; that the paravisor offers one proves nothing. */
static const char *get_confidential_vmbus(const struct property_object *o, char *buffer) {
        return tristate_to_string(o->picture->guest->connection_confidential);
}

/* "" when it is not known. */
static const char *get_vmbus_version(const struct property_object *o, char *buffer) {
        const struct guest *g = o->picture->guest;

        if (g->vmbus_major == 0 && g->vmbus_minor == 0)
                return "";
        snprintf(buffer, PROPERTY_TEXT_MAX, "%u.%u", g->vmbus_major, g->vmbus_minor);
        return buffer;
}

static const char *get_probe_method(const struct property_object *o, char *buffer) {
        return probe_method_to_string(o->picture->probe);
}

static uint64_t get_log_sequence(const struct property_object *o) {
        return o->picture->log_sequence;
}

static const char *get_log_head(const struct property_object *o, char *buffer) {
        digest_format(&o->picture->log_head, buffer);
        return buffer;
}

static const char *get_trial(const struct property_object *o, char *buffer) {
        return trial_phase_to_string(o->picture->trial);
}

static uint32_t get_trial_boots(const struct property_object *o) {
        return o->picture->trial_boots;
}

static uint32_t get_trial_clean_boots(const struct property_object *o) {
        return o->picture->trial_clean;
}

static int append_files(sd_bus_message *reply, const struct property_object *o) {
        const struct policy *p = o->picture->policy;
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (size_t i = 0; i < p->n_files && r >= 0; i++)
                r = sd_bus_message_append(reply, "s", p->files[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_warnings(sd_bus_message *reply, const struct property_object *o) {
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (size_t i = 0; i < o->picture->n_warnings && r >= 0; i++)
                r = sd_bus_message_append(reply, "s", o->picture->warnings[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The time that is left is not in it: that would change all the time. */
static int append_unconfirmed(sd_bus_message *reply, const struct property_object *o) {
        int r = sd_bus_message_open_container(reply, 'a', "(ssbt)");

        for (size_t i = 0; i < o->picture->n_unconfirmed && r >= 0; i++) {
                const struct picture_unconfirmed *u = &o->picture->unconfirmed[i];
                char instance[GUID_TEXT_SIZE];

                guid_format(&u->instance, instance);
                r = sd_bus_message_append(reply, "(ssbt)", instance, u->allow ? "allow" : "block",
                        (int)u->permanent, u->deadline);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static bool same_unconfirmed(const struct property_object *before, const struct property_object *after) {
        const struct picture *a = before->picture, *b = after->picture;

        if (a->n_unconfirmed != b->n_unconfirmed)
                return false;
        for (size_t i = 0; i < a->n_unconfirmed; i++) {
                const struct picture_unconfirmed *x = &a->unconfirmed[i], *y = &b->unconfirmed[i];

                if (!guid_equal(&x->instance, &y->instance) || x->allow != y->allow ||
                        x->permanent != y->permanent || x->deadline != y->deadline)
                        return false;
        }
        return true;
}

/* "" when no policy is being tried. */
static const char *get_tried_digest(const struct property_object *o, char *buffer) {
        if (!o->picture->tried)
                return "";
        digest_format(&o->picture->tried->digest, buffer);
        return buffer;
}

static uint64_t get_tried_until(const struct property_object *o) {
        return o->picture->tried ? o->picture->tried->until : 0;
}

static int append_differences(sd_bus_message *reply, const struct property_object *o) {
        const struct picture *p = o->picture;
        int r = sd_bus_message_open_container(reply, 'a', "(sssss)");

        for (size_t i = 0; p->tried && i < p->guest->n_devices && r >= 0; i++) {
                const struct picture_tried *d = &p->tried->devices[i];

                if (d->differs)
                        r = sd_bus_message_append(reply, "(sssss)", p->guest->devices[i].instance_text,
                                verdict_to_string(d->verdict), verdict_to_string(d->tried), d->rule,
                                d->reason);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The next device from *i on of which the policy being tried makes something else; NULL: none. */
static const struct picture_tried *next_difference(const struct picture *p, size_t *i) {
        while (p->tried && *i < p->guest->n_devices && !p->tried->devices[*i].differs)
                (*i)++;
        return p->tried && *i < p->guest->n_devices ? &p->tried->devices[*i] : NULL;
}

static bool same_differences(const struct property_object *before, const struct property_object *after) {
        const struct picture *p = before->picture, *q = after->picture;
        const struct picture_tried *a, *b;
        size_t i = 0, j = 0;

        for (; (a = next_difference(p, &i)), (b = next_difference(q, &j)), a && b; i++, j++)
                if (!guid_equal(&p->guest->devices[i].instance, &q->guest->devices[j].instance) ||
                        a->verdict != b->verdict || a->tried != b->tried || strcmp(a->rule, b->rule) != 0 ||
                        strcmp(a->reason, b->reason) != 0)
                        return false;
        return !a && !b;
}

static bool same_texts(char *const *a, size_t n_a, char *const *b, size_t n_b) {
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (strcmp(a[i], b[i]) != 0)
                        return false;
        return true;
}

static bool same_files(const struct property_object *before, const struct property_object *after) {
        const struct policy *a = before->picture->policy, *b = after->picture->policy;

        return same_texts(a->files, a->n_files, b->files, b->n_files);
}

static bool same_warnings(const struct property_object *before, const struct property_object *after) {
        const struct picture *a = before->picture, *b = after->picture;

        return same_texts(a->warnings, a->n_warnings, b->warnings, b->n_warnings);
}

static const struct property properties[] = {
        { "Version", .text = get_version },
        { "State", .text = get_state },
        { "Mode", .text = get_mode },
        { "ModeOverridden", .flag = get_mode_overridden },
        { "Gate", .text = get_gate },
        { "PolicyDigest", .text = get_policy_digest },
        { "PolicyFiles", .other = { append_files, same_files } },
        { "PolicyRules", .number = get_policy_rules },
        { "PolicyBuiltIn", .flag = get_policy_built_in },
        { "IsolationType", .text = get_isolation_type },
        { "IsolationMode", .text = get_isolation_mode },
        { "EncryptionScheme", .text = get_encryption_scheme },
        { "IsolationSource", .text = get_isolation_source },
        { "IsolationConsistent", .flag = get_isolation_consistent },
        { "BoundaryBits", .number = get_boundary_bits },
        { "Paravisor", .flag = get_paravisor },
        { "ConfidentialVMBus", .text = get_confidential_vmbus },
        { "VMBusVersion", .text = get_vmbus_version },
        { "ProbeMethod", .text = get_probe_method },
        { "LogSequence", .big = get_log_sequence },
        { "LogHead", .text = get_log_head },
        { "TriedDigest", .text = get_tried_digest },
        { "TriedUntil", .big = get_tried_until },
        { "TriedDifferences", .other = { append_differences, same_differences } },
        { "Warnings", .other = { append_warnings, same_warnings } },
        { "Trial", .text = get_trial },
        { "TrialBoots", .number = get_trial_boots },
        { "TrialCleanBoots", .number = get_trial_clean_boots },
        { "Unconfirmed", .other = { append_unconfirmed, same_unconfirmed } },
};
_Static_assert(sizeof(properties) / sizeof(properties[0]) == N_MANAGER_PROPERTIES,
        "as many as the header says");

const struct property *const manager_properties = properties;
