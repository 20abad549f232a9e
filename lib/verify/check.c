/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all checks. What counts for which verdict is said here and nowhere else. */
#include "lib/verify/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/name-table.h"

enum weight {
        AUTHENTIC = 1, /* genuine hardware said this */
        TRUSTED,       /* it is what was expected */
};

struct row {
        const char *name;
        enum weight weight;
        bool optional;
};

static const struct row rows[] = {
        [CHECK_HARDWARE] = { "hardware", AUTHENTIC },
        [CHECK_SNP_ALGORITHM] = { "snp-algorithm", AUTHENTIC },
        [CHECK_SNP_SIGNING_KEY] = { "snp-signing-key", AUTHENTIC },
        [CHECK_SNP_SIGNATURE] = { "snp-signature", AUTHENTIC },
        [CHECK_VEK_CHAIN] = { "vek-chain", AUTHENTIC },
        [CHECK_AMD_ROOT] = { "amd-root", AUTHENTIC },
        [CHECK_VEK_VALIDITY] = { "vek-validity", AUTHENTIC },
        [CHECK_VEK_PRODUCT] = { "vek-product", AUTHENTIC },
        [CHECK_VEK_CHIP] = { "vek-chip", AUTHENTIC },
        [CHECK_VEK_TCB] = { "vek-tcb", AUTHENTIC },
        [CHECK_SNP_TCB_ORDER] = { "snp-tcb-order", AUTHENTIC },
        [CHECK_TD_QUOTE_SIGNATURE] = { "td-quote-signature", AUTHENTIC },
        [CHECK_QE_BINDING] = { "qe-binding", AUTHENTIC },
        [CHECK_QE_SIGNATURE] = { "qe-signature", AUTHENTIC },
        [CHECK_PCK_CHAIN] = { "pck-chain", AUTHENTIC },
        [CHECK_INTEL_ROOT] = { "intel-root", AUTHENTIC },
        [CHECK_PCK_VALIDITY] = { "pck-validity", AUTHENTIC },
        [CHECK_TDX_TCB] = { "tdx-tcb", TRUSTED, true },
        [CHECK_QE_IDENTITY] = { "qe-identity", AUTHENTIC, true },
        [CHECK_TD_REPORT_HASHES] = { "td-report-hashes", AUTHENTIC },
        [CHECK_TD_REPORT_QUOTE] = { "td-report-quote", AUTHENTIC },
        [CHECK_REVOCATION] = { "revocation", AUTHENTIC, true },
        [CHECK_CERTIFICATES] = { "certificates", AUTHENTIC },
        [CHECK_CLAIMS_HASH] = { "claims-hash", AUTHENTIC },
        [CHECK_REPORT_DATA_TAIL] = { "report-data-tail", AUTHENTIC },
        [CHECK_TD_QUOTE_REPORT_DATA] = { "td-quote-report-data", AUTHENTIC },
        [CHECK_VMPL] = { "vmpl", TRUSTED },
        [CHECK_DEBUG] = { "debug", TRUSTED },
        [CHECK_RECORDS] = { "records", AUTHENTIC },
        [CHECK_USER_DATA_TAG] = { "user-data-tag", AUTHENTIC },
        [CHECK_BINDING] = { "binding", AUTHENTIC },
        [CHECK_USER_DATA] = { "user-data", AUTHENTIC },
        [CHECK_FRESHNESS] = { "freshness", TRUSTED },
        [CHECK_NONCE] = { "nonce", TRUSTED },
        [CHECK_BIND] = { "bind", TRUSTED },
        [CHECK_QUOTE_SIGNATURE] = { "quote-signature", AUTHENTIC },
        [CHECK_QUOTE_DATA] = { "quote-data", AUTHENTIC },
        [CHECK_QUOTE_SELECTION] = { "quote-selection", AUTHENTIC },
        [CHECK_QUOTE_PCRS] = { "quote-pcrs", AUTHENTIC },
        [CHECK_AK_NAME] = { "ak-name", AUTHENTIC },
        [CHECK_AK_CERTIFICATE_CHAIN] = { "ak-certificate-chain", AUTHENTIC, true },
        [CHECK_AZURE_ROOT] = { "azure-root", AUTHENTIC, true },
        [CHECK_AK_CERTIFICATE_VALIDITY] = { "ak-certificate-validity", AUTHENTIC, true },
        [CHECK_AK_CERTIFICATE_KEY] = { "ak-certificate-key", AUTHENTIC },
        [CHECK_AK_RESTRICTED] = { "ak-restricted", AUTHENTIC },
        [CHECK_EVENT_LOG] = { "event-log", TRUSTED, true },
        [CHECK_ISOLATION] = { "isolation", TRUSTED },
        [CHECK_MEASUREMENT] = { "measurement", TRUSTED },
        [CHECK_ID_KEY] = { "id-key", TRUSTED },
        [CHECK_GUEST_SVN] = { "guest-svn", TRUSTED },
        [CHECK_FAMILY_ID] = { "family-id", TRUSTED },
        [CHECK_IMAGE_ID] = { "image-id", TRUSTED },
        [CHECK_HOST_DATA] = { "host-data", TRUSTED },
        [CHECK_TCB_MINIMUM] = { "tcb-minimum", TRUSTED },
        [CHECK_FIRMWARE_MINIMUM] = { "firmware-minimum", TRUSTED },
        [CHECK_MITIGATIONS] = { "mitigations", TRUSTED },
        [CHECK_GUEST_POLICY] = { "guest-policy", TRUSTED },
        [CHECK_PLATFORM] = { "platform", TRUSTED },
        [CHECK_TD] = { "td", TRUSTED },
        [CHECK_VM_CONFIGURATION] = { "vm-configuration", TRUSTED },
        [CHECK_PCRS] = { "pcrs", TRUSTED },
        [CHECK_POLICY_DIGEST] = { "policy-digest", TRUSTED },
        [CHECK_MODE] = { "mode", TRUSTED },
        [CHECK_STATE] = { "state", TRUSTED },
        [CHECK_DEVICES] = { "devices", TRUSTED },
        [CHECK_AGE] = { "age", TRUSTED },
        [CHECK_REQUIRED] = { "required", TRUSTED },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == _CHECK_MAX, "every check has a row");

static const char *const results[] = {
        [CHECK_PASS] = "pass",
        [CHECK_FAIL] = "fail",
        [CHECK_SKIPPED] = "skipped",
        [CHECK_UNAVAILABLE] = "unavailable",
};
_Static_assert(N_NAMES(results) == _CHECK_RESULT_MAX, "every result has a name");

static const char *const waivers[] = { "measurement", "nonce", "bind", "ak" };
_Static_assert(N_NAMES(waivers) == N_WAIVERS, "every waiver has a name");

/* Which result stays where a check has two. */
static const unsigned severities[] = {
        [CHECK_PASS] = 1,
        [CHECK_SKIPPED] = 2,
        [CHECK_UNAVAILABLE] = 3,
        [CHECK_FAIL] = 4,
};

void checks_reset(struct checks *c, unsigned waived) {
        c->waived = waived;
        for (unsigned i = 0; i < _CHECK_MAX; i++) {
                c->of[i].result = 0;
                c->of[i].detail[0] = 0;
        }
}

_printf_(4, 0) static bool note(struct checks *c, enum check_id id, enum check_result result,
        const char *detail, va_list ap) {
        struct check *check = &c->of[id];

        if (severities[result] > severities[check->result]) {
                check->result = result;
                vsnprintf(check->detail, sizeof(check->detail), detail, ap);
        }
        return result == CHECK_PASS;
}

bool check_note(struct checks *c, enum check_id id, enum check_result result, const char *detail, ...) {
        bool passed;
        va_list ap;

        va_start(ap, detail);
        passed = note(c, id, result, detail, ap);
        va_end(ap);
        return passed;
}

void check_missing(struct checks *c, enum check_id id, enum waiver w, const char *detail, ...) {
        va_list ap;

        va_start(ap, detail);
        if (c->waived & w)
                check_note(c, id, CHECK_SKIPPED, "waived: --any-%s", waiver_to_string(w));
        else
                note(c, id, CHECK_UNAVAILABLE, detail, ap);
        va_end(ap);
}

bool check_passed(const struct checks *c, enum check_id id) {
        return c->of[id].result == CHECK_PASS;
}

const char *check_name(enum check_id id) {
        return id > 0 && id < _CHECK_MAX ? rows[id].name : "?";
}

int check_find(const char *name) {
        for (int i = 1; i < _CHECK_MAX; i++)
                if (strcmp(rows[i].name, name) == 0)
                        return i;
        return -EBADMSG;
}

const char *check_result_to_string(enum check_result r) {
        return name_of(results, N_NAMES(results), r);
}

const char *waiver_to_string(enum waiver w) {
        for (unsigned i = 0; i < N_WAIVERS; i++)
                if (w == 1U << i)
                        return waivers[i];
        return "?";
}

bool check_is_of_authenticity(enum check_id id) {
        return rows[id].weight == AUTHENTIC;
}

bool check_is_optional(enum check_id id) {
        return rows[id].optional;
}

bool check_counts_against(enum check_id id, enum check_result r) {
        return r == CHECK_FAIL || (r == CHECK_UNAVAILABLE && !rows[id].optional);
}

/* Nothing counts against it, among all checks or those of authenticity; and there is something for it. */
static bool holds(const struct checks *c, bool all) {
        bool any = false;

        for (unsigned i = 1; i < _CHECK_MAX; i++) {
                if (!all && rows[i].weight != AUTHENTIC)
                        continue;
                if (check_counts_against(i, c->of[i].result))
                        return false;
                any = any || (rows[i].weight == AUTHENTIC && c->of[i].result == CHECK_PASS);
        }
        return any;
}

bool checks_authentic(const struct checks *c) {
        return holds(c, false);
}

bool checks_acceptable(const struct checks *c) {
        return holds(c, true);
}

bool checks_trusted(const struct checks *c) {
        return c->waived == 0 && holds(c, true);
}
