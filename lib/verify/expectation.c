/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read by the reader of policies: the same places, hints and refusals. */
#include "lib/verify/expectation.h"

#include <errno.h>

#include "lib/base/name-table.h"
#include "lib/format/tdx-collateral.h"
#include "lib/policy/policy-keys.h"
#include "lib/policy/policy-problem.h"
#include "lib/verify/expectation-values.h"

static const char *const isolations[] = {
        [HCL_REPORT_VBS] = "vbs",
        [HCL_REPORT_SNP] = "snp",
        [HCL_REPORT_TVM] = "tvm",
        [HCL_REPORT_TDX] = "tdx",
        [HCL_REPORT_CCA] = "cca",
};
_Static_assert(N_NAMES(isolations) == _HCL_REPORT_TYPE_MAX, "every type has a name");

static void read_version(struct reader *r, const struct json_node *value, void *into) {
        if (reader_is(r, value, JSON_INTEGER) && value->integer != 1)
                reader_complain(r, value->at, "version %lld is not known here; this reads version 1",
                        (long long)value->integer);
}

/* For people. */
static void read_comment(struct reader *r, const struct json_node *value, void *into) {
        reader_is(r, value, JSON_STRING);
}

/* A word or a list of words, as bits. */
static void read_words(struct reader *r, const struct json_node *value, const char *const *words, size_t n,
        unsigned *bits) {
        if (value->kind != JSON_LIST)
                *bits |= 1U << reader_choose(r, value, words, n);
        else if (value->n_children == 0)
                reader_complain(r, value->at,
                        "an empty list can never be met: name a value, or remove the key");
        else
                for (const struct json_node *child = value->children; child; child = child->next)
                        *bits |= 1U << reader_choose(r, child, words, n);
}

static void read_isolation(struct reader *r, const struct json_node *value, void *into) {
        read_words(r, value, isolations, N_NAMES(isolations), into);
}

static void read_mode(struct reader *r, const struct json_node *value, void *into) {
        static const char *const words[] = {
                [MODE_AUDIT] = "audit",
                [MODE_ENFORCE] = "enforce",
                [MODE_OFF] = "off",
        };

        read_words(r, value, words, N_NAMES(words), into);
}

static void read_state(struct reader *r, const struct json_node *value, void *into) {
        static const char *const words[] = {
                [STATE_COMPLIANT] = "compliant",
                [STATE_VIOLATING] = "violating",
                [STATE_UNPROTECTED] = "unprotected",
                [STATE_NOT_APPLICABLE] = "not-applicable",
                [STATE_FAILED] = "failed",
        };

        read_words(r, value, words, N_NAMES(words), into);
}

static void read_verdicts(struct reader *r, const struct json_node *value, void *into) {
        static const char *const words[] = {
                [VERDICT_ALLOWED] = "allowed",
                [VERDICT_VIOLATING] = "violating",
                [VERDICT_BLOCKED] = "blocked",
                [VERDICT_PROTECTED] = "protected",
                [VERDICT_PENDING] = "pending",
                [VERDICT_FAILED] = "failed",
        };

        read_words(r, value, words, N_NAMES(words), into);
}

static void read_freshness(struct reader *r, const struct json_node *value, void *into) {
        static const char *const words[] = {
                [FRESHNESS_REPORT] = "report",
                [FRESHNESS_QUOTE] = "quote",
        };

        read_words(r, value, words, N_NAMES(words), into);
}

/* All but a TCB that Intel has revoked. */
static void read_tdx_tcb(struct reader *r, const struct json_node *value, void *into) {
        const char *words[TCB_REVOKED] = {};

        for (unsigned s = TCB_UP_TO_DATE; s < TCB_REVOKED; s++)
                words[s] = tcb_status_to_string((enum tcb_status)s);
        read_words(r, value, words, N_NAMES(words), into);
}

static void read_required(struct reader *r, const struct json_node *value, void *into) {
        bool *required = into;

        if (!reader_is(r, value, JSON_LIST))
                return;
        for (const struct json_node *child = value->children; child; child = child->next) {
                int id;

                if (!reader_is(r, child, JSON_STRING))
                        continue;
                id = check_find(child->string);
                if (id < 0)
                        reader_complain(r, child->at, "no check is called %s", quote(child->string).text);
                else
                        required[id] = true;
        }
}

static const struct object_key keys[] = {
        { "version", read_version, 0 },
        { "$schema", read_comment, 0 },
        { "comment", read_comment, 0 },
        { "isolation", read_isolation, offsetof(struct expectation, isolation) },
        { "measurement", expectation_read_48, offsetof(struct expectation, measurement) },
        { "id-key-digest", expectation_read_48, offsetof(struct expectation, id_key) },
        { "author-key-digest", expectation_read_48, offsetof(struct expectation, author_key) },
        { "minimum-svn", expectation_read_minimum_svn, 0 },
        { "family-id", expectation_read_16, offsetof(struct expectation, family_id) },
        { "image-id", expectation_read_16, offsetof(struct expectation, image_id) },
        { "host-data", expectation_read_32, offsetof(struct expectation, host_data) },
        { "vmpl", expectation_read_vmpl, 0 },
        { "tcb", expectation_read_tcb, offsetof(struct expectation, tcb) },
        { "firmware", expectation_read_firmware, 0 },
        { "mitigations", expectation_read_mitigations, 0 },
        { "guest-policy", expectation_read_guest_policy, offsetof(struct expectation, guest_policy) },
        { "platform", expectation_read_platform, offsetof(struct expectation, platform) },
        { "td", expectation_read_td, offsetof(struct expectation, td) },
        { "tdx-tcb", read_tdx_tcb, offsetof(struct expectation, tdx_tcb) },
        { "vm-configuration", expectation_read_vm_configuration,
                offsetof(struct expectation, vm_configuration) },
        { "pcrs", expectation_read_pcrs, 0 },
        { "policy-digest", expectation_read_digest, offsetof(struct expectation, policy_digest) },
        { "mode", read_mode, offsetof(struct expectation, modes) },
        { "state", read_state, offsetof(struct expectation, states) },
        { "verdicts", read_verdicts, offsetof(struct expectation, verdicts) },
        { "age", expectation_read_age, 0 },
        { "freshness", read_freshness, offsetof(struct expectation, freshness) },
        { "require", read_required, offsetof(struct expectation, required) },
};

/* What shows only over the whole file. */
static void read_whole(struct reader *r, const struct json_node *root, struct expectation *e) {
        read_object(r, root, keys, N_NAMES(keys), e);
        if (root->kind != JSON_OBJECT)
                return;
        if (!json_member(root, "version"))
                reader_complain(r, root->at, "\"version\": 1 is missing");
        if (e->id_key.n > 0 && !e->has_minimum_svn)
                reader_complain(r, root->at,
                        "\"id-key-digest\" without \"minimum-svn\" would accept whatever its owner ever "
                        "signed");
        if (e->has_minimum_svn && e->id_key.n == 0)
                reader_complain(r, root->at,
                        "\"minimum-svn\" means nothing without \"id-key-digest\": anyone can choose an SVN");
        if (e->measurement.n == 0 && e->id_key.n == 0)
                reader_warn(r, root->at,
                        "neither \"measurement\" nor \"id-key-digest\": what was launched is not judged");
}

static int read_text(struct reader *r, const char *text, size_t n, struct expectation *e) {
        int result = json_scan(text, n, &e->document);

        if (result < 0)
                return result;
        for (const struct json_problem *p = e->document->problems; p; p = p->next)
                reader_complain(r, p->at, "%s", p->message);
        if (e->document->root)
                read_whole(r, e->document->root, e);
        return r->no_memory ? -ENOMEM : 0;
}

int expectation_parse(const char *file, const char *text, size_t n, struct expectation **ret,
        struct policy_problems *ret_problems, struct diag *d) {
        _cleanup_(expectation_freep) struct expectation *e = calloc(1, sizeof(*e));
        struct reader reader = { .file = file, .problems = ret_problems };
        int r;

        if (!e)
                return -ENOMEM;
        e->pcr_bank = PCR_SHA256;
        r = read_text(&reader, text, n, e);
        if (r < 0)
                return r;
        r = policy_problems_close(ret_problems, d);
        if (r < 0)
                return r;
        *ret = TAKE(e);
        return 0;
}

void expectation_free(struct expectation *e) {
        if (!e)
                return;
        free(e->measurement.bytes);
        free(e->id_key.bytes);
        free(e->author_key.bytes);
        free(e->family_id.bytes);
        free(e->image_id.bytes);
        free(e->host_data.bytes);
        free(e->policy_digest.bytes);
        for (unsigned i = 0; i < _TD_MAX; i++)
                free(e->td[i].bytes);
        for (unsigned i = 0; i < PCR_COUNT; i++)
                free(e->pcrs[i].bytes);
        json_document_free(e->document);
        free(e);
}
