/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paravisor's report: what is around the hardware's, and the claims that it vouches for. */
#include <errno.h>
#include <string.h>

#include "cli/inspect.h"
#include "lib/base/json-build.h"
#include "lib/base/name-table.h"
#include "lib/claims/binding.h"
#include "lib/format/runtime-claims.h"

/* report_data stands at the same place in every version of either report. */
#define SNP_REPORT_DATA 0x50
#define TDX_REPORT_DATA 128
#define REPORT_DATA_SIZE 64

static const char *tag_name(const uint8_t user_data[static USER_DATA_SIZE]) {
        switch (user_data_tag(user_data)) {
        case USER_DATA_BATCH:
                return "cvmd-batch-1: a batch of bindings";
        case USER_DATA_RAW:
                return "cvmd-raw-1: a caller's bytes as they are";
        case USER_DATA_FOREIGN:
                return "none of cvmd's";
        }
        return "none of cvmd's";
}

static void add_key(struct inspection *i, const char *name, const struct rsa_key *key) {
        char label[32];

        if (key->n_modulus == 0)
                return;
        snprintf(label, sizeof(label), "%s-modulus", name);
        inspection_hex(i, label, key->modulus, key->n_modulus);
        snprintf(label, sizeof(label), "%s-exponent", name);
        inspection_number(i, label, key->exponent);
}

int inspect_runtime_claims(struct inspection *i, struct span bytes, const char *vouched, struct diag *d) {
        static const char *const told[] = { "keys", "user-data" };
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};
        int r = runtime_claims_parse(bytes.bytes, bytes.n, &c, d);

        if (r < 0)
                return r;
        inspection_part(i, "runtime-claims", "%s", vouched);
        add_key(i, "ak", &c.ak);
        add_key(i, "ek", &c.ek);
        if (c.has_user_data) {
                inspection_hex(i, "user-data", c.user_data, sizeof(c.user_data));
                inspection_text(i, "user-data-tag", "%s", tag_name(c.user_data));
        }
        inspect_members(i, c.document->root, told, N_NAMES(told));
        return 0;
}

static enum pcr_hash hash_of(enum hcl_hash_type h) {
        switch (h) {
        case HCL_HASH_SHA384:
                return PCR_SHA384;
        case HCL_HASH_SHA512:
                return PCR_SHA512;
        case HCL_HASH_SHA256:
        case _HCL_HASH_TYPE_MAX:
                break;
        }
        return PCR_SHA256;
}

/* Whether the hardware's report has the hash of the claims, and zeroes behind it. */
static bool is_vouched_for(const struct hcl_report *h) {
        size_t offset = h->type == HCL_REPORT_SNP ? SNP_REPORT_DATA : TDX_REPORT_DATA,
               n = pcr_hash_size(hash_of(h->hash_type));
        uint8_t expected[REPORT_DATA_SIZE] = { 0 };

        if (h->hardware.n < offset + REPORT_DATA_SIZE || n > REPORT_DATA_SIZE ||
                pcr_hash_bytes(hash_of(h->hash_type), h->claims.bytes, h->claims.n, expected) < 0)
                return false;
        return memcmp(h->hardware.bytes + offset, expected, REPORT_DATA_SIZE) == 0;
}

static void say_vouched(const struct hcl_report *h, char *ret, size_t n) {
        bool checked = h->type == HCL_REPORT_SNP || h->type == HCL_REPORT_TDX;

        if (checked && is_vouched_for(h))
                snprintf(ret, n, "report-data of the %s: their %s",
                        h->type == HCL_REPORT_SNP ? "snp-report" : "td-report",
                        hcl_hash_type_to_string(h->hash_type));
        else if (checked)
                snprintf(ret, n, "nothing: their %s is not in report-data",
                        hcl_hash_type_to_string(h->hash_type));
        else
                snprintf(ret, n, "nothing that is known here for %s", hcl_report_type_to_string(h->type));
}

static int inspect_hardware(struct inspection *i, const struct hcl_report *h, struct diag *d) {
        switch (h->type) {
        case HCL_REPORT_SNP:
                return inspect_snp_report(i, h->hardware, d);
        case HCL_REPORT_TDX:
                return inspect_td_report(i, h->hardware, d);
        case HCL_REPORT_VBS:
                inspection_part(i, "vbs-report", "nothing that is known here");
                inspection_hex(i, "bytes", h->hardware.bytes, h->hardware.n);
                return 0;
        case HCL_REPORT_TVM:
        case HCL_REPORT_CCA:
        case _HCL_REPORT_TYPE_MAX:
                break;
        }
        return 0;
}

int inspect_hcl_report(struct inspection *i, struct span bytes, struct diag *d) {
        struct hcl_report h;
        char vouched[128];
        int r = hcl_report_parse(bytes.bytes, bytes.n, &h, d);

        if (r < 0)
                return r;
        inspection_part(i, "hcl-report", "nothing: it says where its parts are");
        inspection_number(i, "version", h.version);
        inspection_number(i, "size", h.size);
        inspection_value(i, "request-type", json_object_new_uint64(h.request_type), "%u: AK certificate",
                h.request_type);
        inspection_number(i, "status", h.status);
        inspection_number(i, "request-data-size", h.data_size);
        inspection_number(i, "request-version", h.data_version);
        inspection_text(i, "report-type", "%s", hcl_report_type_to_string(h.type));
        inspection_text(i, "hash-type", "%s", hcl_hash_type_to_string(h.hash_type));
        if (h.has_capabilities)
                inspection_text(i, "capabilities", "0x%08x", h.capabilities);
        inspection_number(i, "claims-size", h.claims.n);
        r = inspect_hardware(i, &h, d);
        if (r < 0)
                return r;
        say_vouched(&h, vouched, sizeof(vouched));
        return inspect_runtime_claims(i, h.claims, vouched, d);
}
