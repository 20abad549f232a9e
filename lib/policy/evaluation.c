/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First match decides; then everything that is to be blocked is held against what must stay. */
#include "lib/policy/evaluation.h"

#include <errno.h>
#include <string.h>

#include "lib/policy/by-hand-file.h"
#include "lib/policy/matcher.h"
#include "lib/policy/protect.h"

#define LIST_MAX 128

/* One requirement of a rule held against the facts. */
struct requirement {
        const char *name; /* "ring", "dma" */
        enum confidentiality wanted, found;
        const struct channel *channel; /* the one that is found so; NULL: the device has none */
};

static struct requirement requirement_of(const struct policy_rule *r, const struct device *d, bool dma) {
        struct requirement q = {
                .name = dma ? "dma" : "ring",
                .wanted = dma ? r->dma : r->ring,
                .found = dma ? d->dma : d->ring,
        };

        for (size_t i = 0; !q.channel && i < d->n_channels; i++)
                if ((dma ? d->channels[i].dma : d->channels[i].ring) == q.found)
                        q.channel = &d->channels[i];
        return q;
}

static bool is_met(const struct policy *p, const struct requirement *q) {
        if (q->wanted == CONFIDENTIALITY_UNKNOWN || q->found == q->wanted)
                return true;
        return q->found == CONFIDENTIALITY_UNKNOWN && p->unknown == UNKNOWN_PASS;
}

static char *describe_requirement(const struct policy *p, const struct policy_rule *r,
        const struct requirement *q) {
        const char *wanted = confidentiality_to_string(q->wanted);
        char *text = NULL;
        int size;

        if (q->found == q->wanted)
                size = asprintf(&text, "%s is %s, as required", q->name, wanted);
        else if (q->found == CONFIDENTIALITY_UNKNOWN && is_met(p, q))
                size = asprintf(&text, "%s is unknown, which this policy lets pass", q->name);
        else if (!q->channel)
                size = asprintf(&text, "%s must be %s, and no channel is known%s%s", q->name, wanted,
                        r->reason ? ": " : "", r->reason ?: "");
        else
                size = asprintf(&text, "%s of channel %u is %s%s%s (source %s) and must be %s%s%s", q->name,
                        q->channel->relid, confidentiality_to_string(q->found),
                        q->channel->sub > 0 ? ", of a sub-channel" : "",
                        q->channel->flags_differ ? ", as offer and kernel disagree" : "",
                        fact_source_to_string(q->channel->source), wanted, r->reason ? ": " : "",
                        r->reason ?: "");
        return size < 0 ? NULL : text;
}

static int decide_by_requirement(const struct policy *p, const struct policy_rule *r, const struct device *d,
        struct decision *ret) {
        struct requirement ring = requirement_of(r, d, false), dma = requirement_of(r, d, true),
                           *told = &ring;

        ret->action = is_met(p, &ring) && is_met(p, &dma) ? ACTION_ALLOW : r->on_violation;
        if (ring.wanted == CONFIDENTIALITY_UNKNOWN || (is_met(p, &ring) && !is_met(p, &dma)))
                told = &dma;
        ret->reason = describe_requirement(p, r, told);
        return ret->reason ? 0 : -ENOMEM;
}

static int decide(struct decision *ret, enum decision_origin origin, enum policy_action action,
        const char *reason) {
        ret->origin = origin;
        ret->action = action;
        ret->reason = strdup(reason);
        return ret->reason ? 0 : -ENOMEM;
}

static int decide_by_rule(const struct policy *p, const struct policy_rule *r, const struct device *d,
        struct decision *ret) {
        static const char *const reasons[] = {
                [ACTION_ALLOW] = "this rule allows it",
                [ACTION_AUDIT] = "this rule reports it",
                [ACTION_BLOCK] = "this rule blocks it",
        };

        ret->origin = DECIDED_BY_RULE;
        ret->rule = r;
        if (r->action == ACTION_UNSET)
                return decide_by_requirement(p, r, d, ret);
        return decide(ret, by_hand_file_has(r) ? DECIDED_BY_HAND_PERMANENT : DECIDED_BY_RULE, r->action,
                r->reason ?: reasons[r->action]);
}

static int decide_by_policy(const struct policy *p, const struct guest *g, const struct device *d,
        struct decision *ret) {
        struct subject s = subject_of(g, d);

        for (size_t i = 0; i < p->n_rules; i++)
                if (matcher_mismatch(&p->rules[i].match, &s) == MATCH_KEY_NONE)
                        return decide_by_rule(p, &p->rules[i], d, ret);
        if (d->hvsock)
                return decide(ret, DECIDED_OUTSIDE, ACTION_ALLOW,
                        "hv_sock connections lie outside of the default");
        switch (p->default_action) {
        case ACTION_ALLOW:
                return decide(ret, DECIDED_BY_DEFAULT, ACTION_ALLOW,
                        "no rule matches; the default allows it");
        case ACTION_AUDIT:
                return decide(ret, DECIDED_BY_DEFAULT, ACTION_AUDIT,
                        "no rule matches; the default reports it");
        case ACTION_UNSET:
        case ACTION_BLOCK:
        case ACTION_HALT:
        case _ACTION_MAX:
                break;
        }
        return decide(ret, DECIDED_BY_DEFAULT, ACTION_BLOCK, "no rule matches; the default blocks it");
}

static const struct hand_decision *by_hand(const struct evaluation_options *o, const struct device *d) {
        for (size_t i = 0; i < o->n_by_hand; i++)
                if (guid_equal(&o->by_hand[i].instance, &d->instance))
                        return &o->by_hand[i];
        return NULL;
}

static int decide_device(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        bool applies, const struct device *d, struct decision *ret) {
        const struct hand_decision *hand = by_hand(o, d);

        if (hand && hand->allow)
                return decide(ret, DECIDED_BY_HAND, ACTION_ALLOW, "allowed by an administrator");
        if (hand)
                return decide(ret, DECIDED_BY_HAND, ACTION_BLOCK, "blocked by an administrator");
        if (!applies)
                return decide(ret, DECIDED_NOT_APPLICABLE, ACTION_ALLOW,
                        "the guest is not isolated, and no policy expects it to be");
        return decide_by_policy(p, g, d, ret);
}

/* In the same words however the network changes meanwhile, so that it is told once. */
static const char *protection_text(const struct decision *d) {
        switch (d->kept ? d->kept_kind : d->dependent ? d->dependent->kind : 0) {
        case DEPENDENT_MOUNT:
                return "not unbound, because a mount depends on it";
        case DEPENDENT_SWAP:
                return "not unbound, because swap depends on it";
        case DEPENDENT_NETWORK:
        case DEPENDENT_ROUTE:
        case DEPENDENT_LAST_ROUTE:
                return "not unbound, because it may be the last network";
        case DEPENDENT_AWAITED:
                return "let pass, because the root may be on it, which is not mounted yet";
        case DEPENDENT_PCI:
        case DEPENDENT_DRIVER:
        case DEPENDENT_BLOCK:
        case DEPENDENT_ADDRESSES:
        case _DEPENDENT_KIND_MAX:
                break;
        }
        return "not unbound, because what depends on it is not known";
}

/*
 * Says behind the reason why nothing is done after all. Reasons are for everybody, and the names of mounts
 * are not: which one it is, the explanation says to those who may ask for it.
 */
static int tell_protection(struct decision *d) {
        char *text;

        if (asprintf(&text, "%s; %s", d->reason, protection_text(d)) < 0)
                return -ENOMEM;
        free(d->reason);
        d->reason = text;
        return 0;
}

/* "snp or tdx" */
static void list_types(const struct policy_words *types, char *buffer, size_t size) {
        size_t used = 0;

        buffer[0] = 0;
        for (size_t i = 0; i < types->n && used < size; i++)
                used += (size_t)snprintf(buffer + used, size - used, "%s%s", i > 0 ? " or " : "",
                        types->words[i]);
}

static bool is_one_of(const struct policy_words *words, const char *word) {
        for (size_t i = 0; i < words->n; i++)
                if (strcmp(words->words[i], word) == 0)
                        return true;
        return words->n == 0;
}

static int hold_against_expectations(const struct policy *p, const struct guest *g, struct evaluation *e) {
        const char *type = isolation_type_to_string(g->isolation.type);
        enum tristate paravisor = isolation_paravisor(&g->isolation);
        char types[LIST_MAX];
        int size = 0;

        list_types(&p->expect_isolation, types, sizeof(types));
        if (!is_one_of(&p->expect_isolation, type))
                size = asprintf(&e->unexpected, "isolation is %s, and %s is expected", type, types);
        else if (p->expect_paravisor != TRISTATE_UNKNOWN && p->expect_paravisor != paravisor)
                size = asprintf(&e->unexpected, "a paravisor: %s, and %s is expected",
                        tristate_to_string(paravisor), tristate_to_string(p->expect_paravisor));
        e->expected = size == 0;
        return size < 0 ? -ENOMEM : 0;
}

/* What the host could have made up to look like no isolation does not switch the rules off where some is
 * expected. */
static bool rules_apply(const struct policy *p, const struct guest *g) {
        return g->isolation.type != ISOLATION_NONE || policy_expects(p);
}

int policy_evaluate(const struct policy *p, const struct guest *g, const struct evaluation_options *o,
        struct evaluation **ret) {
        _cleanup_(evaluation_freep) struct evaluation *e = calloc(1, sizeof(*e));

        if (!e)
                return -ENOMEM;
        e->mode_overridden = o->mode != MODE_UNSET;
        e->mode = o->mode != MODE_UNSET ? o->mode : p->mode;
        e->lets_go = o->lets_go && e->mode != MODE_ENFORCE;
        e->applies = rules_apply(p, g);
        e->gated = !o->no_gate && e->mode == MODE_ENFORCE && e->applies && p->gate == GATE_ON;
        e->decisions = calloc(g->n_devices + 1, sizeof(*e->decisions));
        if (!e->decisions || hold_against_expectations(p, g, e) < 0)
                return -ENOMEM;
        e->n = g->n_devices;
        for (size_t i = 0; i < e->n; i++)
                if (decide_device(p, g, o, e->applies, &g->devices[i], &e->decisions[i]) < 0)
                        return -ENOMEM;
        protect_decisions(p, g, e->decisions);
        for (size_t i = 0; i < o->n_kept; i++)
                protect_kept(p, g, &o->kept[i], e->decisions);
        for (size_t i = 0; i < e->n; i++) {
                e->decisions[i].violates = e->decisions[i].action != ACTION_ALLOW;
                if (e->decisions[i].protected && tell_protection(&e->decisions[i]) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE(e);
        return 0;
}

void evaluation_free(struct evaluation *e) {
        if (!e)
                return;
        for (size_t i = 0; i < e->n; i++)
                free(e->decisions[i].reason);
        free(e->decisions);
        free(e->unexpected);
        free(e);
}
