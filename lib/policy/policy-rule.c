/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors are what cannot be enforced as it is written. Warnings are what can be, and still is hardly meant:
 * a requirement that nothing meets, a block that spares nothing.
 */
#include "lib/policy/policy-rule.h"

#include <string.h>

#include "lib/facts/vmbus-class.h"

/* Classes behind which the disk can be that the system stands on. */
static const char *const storage_classes[] = { "scsi", "ide", "fc", "nd", "pci" };

void rule_refuse_id(struct reader *r, const struct json_node *value) {
        char id[POLICY_ID_MAX + 1];
        size_t n = strlen(value->string);

        for (size_t i = 0; n < sizeof(id) && i <= n; i++)
                id[i] = (char)(value->string[i] == ' ' ? '-' : value->string[i]);
        if (n < sizeof(id) && is_rule_id(id))
                reader_complain(r, value->at,
                        "an id has 1 to %d letters, digits, dots, dashes and underscores; did you mean "
                        "\"%s\"?",
                        POLICY_ID_MAX, id);
        else
                reader_complain(r, value->at,
                        "an id has 1 to %d letters, digits, dots, dashes and underscores", POLICY_ID_MAX);
}

static void check_decision(struct reader *r, const struct json_node *node) {
        const struct json_node *action = json_member(node, "action"),
                               *require = json_member(node, "require");
        const struct json_node *on_violation = json_member(node, "on-violation");

        if (action && require)
                reader_complain(r, action->key_at,
                        "\"action\" and \"require\" exclude each other: with \"require\", "
                        "write \"on-violation\"");
        else if (!action && !require)
                reader_complain(r, node->at,
                        "this rule decides nothing: add \"action\", or \"require\" with "
                        "\"on-violation\"");
        if (require && !on_violation)
                reader_complain(r, require->key_at,
                        "say what happens otherwise: \"on-violation\": \"audit\", "
                        "\"block\" or \"halt\"");
        if (on_violation && !require)
                reader_complain(r, on_violation->key_at,
                        "\"on-violation\" without \"require\": nothing can be violated");
}

/* Paravisors of today set the flag on no channel; and without one there is no confidential VMBus at all. */
static void check_requirements(struct reader *r, const struct json_node *node,
        const struct policy_rule *rule) {
        const struct json_node *require = json_member(node, "require");
        const struct json_node *ring = NULL, *dma = NULL;

        if (require && require->kind == JSON_OBJECT) {
                ring = json_member(require, "ring");
                dma = json_member(require, "dma");
        }
        if (dma)
                reader_warn(r, dma->key_at,
                        "no current paravisor offers confidential \"dma\", OpenHCL included: every device "
                        "violates this; require \"ring\" alone");
        if (ring && rule->match.paravisor == TRISTATE_NO)
                reader_warn(r, ring->key_at,
                        "without a paravisor no \"ring\" is confidential: every device violates this; use "
                        "\"action\"");
}

static bool can_be_storage(const struct policy_match *m) {
        for (size_t i = 0; i < m->class.n; i++)
                for (size_t j = 0; j < sizeof(storage_classes) / sizeof(storage_classes[0]); j++) {
                        const struct vmbus_class *known = vmbus_class_by_name(storage_classes[j]);
                        struct guid g;

                        if (known && guid_parse(m->class.words[i], &g) == 0 && guid_equal(&g, &known->guid))
                                return true;
                }
        return m->class.n == 0;
}

/* A network or an integration service may well go without; what a system can stand on may not. */
static void check_protection(struct reader *r, const struct json_node *node,
        const struct policy_rule *rule) {
        const struct json_node *protect = json_member(node, "protect");

        if (!protect || protect->kind != JSON_LIST || protect->n_children > 0)
                return;
        if ((rule->action == ACTION_BLOCK || rule->on_violation == ACTION_BLOCK) &&
                can_be_storage(&rule->match))
                reader_warn(r, protect->at,
                        "this rule may block the disk that the system stands on: name what it must spare, "
                        "or the classes that it is for");
}

void rule_check(struct reader *r, const struct json_node *node, const struct policy_rule *rule) {
        if (!json_member(node, "id"))
                reader_complain(r, node->at,
                        "this rule has no \"id\": verdicts and reports name rules by it");
        if (!json_member(node, "match"))
                reader_complain(r, node->at,
                        "this rule has no \"match\"; for every device write \"match\": {}");
        check_decision(r, node);
        if (rule->match.hvsock == TRISTATE_YES &&
                (rule->action == ACTION_BLOCK || rule->on_violation == ACTION_BLOCK))
                reader_complain(r, node->at,
                        "hv_sock connections cannot be blocked: the kernel ignores "
                        "driver_override for them; use \"audit\"");
        check_requirements(r, node, rule);
        check_protection(r, node, rule);
}
