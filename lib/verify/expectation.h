/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a relying party expects of evidence: a file of JSON, read as strictly as policies are (unknown keys,
 * duplicates and slips are errors with line and column). What it does not name is not expected; but without
 * a measurement or an ID key it says nothing of what was launched. expect.schema.json has every key.
 */
#include "lib/claims/batch.h"
#include "lib/format/hcl-report.h"
#include "lib/format/pcr.h"
#include "lib/format/snp-report.h"
#include "lib/policy/policy-file.h"
#include "lib/policy/verdict.h"
#include "lib/verify/check.h"

#define EXPECTATION_MAX ((size_t)1024 * 1024)

/* n values of the same size, one of which is to be met. n 0: not expected. */
struct expected_values {
        size_t n, size;
        uint8_t *bytes;
};

/* Bits that have to be set, or clear. mask 0: not expected. */
struct expected_bits {
        uint64_t mask, value;
};

struct expected_tcb {
        bool given;
        struct snp_tcb minimum;
};

enum expected_td {
        TD_MRSEAM,
        TD_MRSIGNERSEAM,
        TD_MRCONFIGID,
        TD_MROWNER,
        TD_MROWNERCONFIG,
        TD_RTMR0,
        TD_RTMR1,
        TD_RTMR2,
        TD_RTMR3,
        TD_XFAM,       /* 8 bytes, big-endian as written */
        TD_ATTRIBUTES, /* likewise */
        _TD_MAX,
};

struct expectation {
        unsigned isolation; /* bit 1 << enum hcl_report_type; 0: any */
        struct expected_values measurement, id_key, author_key, family_id, image_id, host_data;
        struct expected_values td[_TD_MAX];
        struct expected_values policy_digest;
        bool has_minimum_svn, has_vmpl, has_firmware, has_mitigations, has_age;
        uint32_t minimum_svn, vmpl, age; /* age: seconds */
        struct snp_firmware firmware;
        uint64_t mitigations;
        struct expected_tcb tcb[_SNP_PRODUCT_MAX];
        struct expected_bits guest_policy, platform;
        const struct json_node *vm_configuration; /* an object, or NULL */
        enum pcr_hash pcr_bank;
        struct expected_values pcrs[PCR_COUNT];
        uint32_t unexplained;             /* PCRs that no log needs to explain */
        unsigned modes, states, verdicts; /* bits 1 << value; 0: any */
        unsigned freshness;               /* likewise; 0: "report" alone */
        unsigned tdx_tcb;                 /* bits 1 << enum tcb_status; 0: "UpToDate" alone */
        bool required[_CHECK_MAX];        /* checks that have to pass, even if they are optional */
        struct json_document *document;   /* what vm_configuration points into */
};

/*
 * file names the text in problems. -EBADMSG when there is an error among the problems, which are filled in
 * either way; d has the first error. -ENOMEM.
 */
int expectation_parse(const char *file, const char *text, size_t n, struct expectation **ret,
        struct policy_problems *ret_problems, struct diag *d);
void expectation_free(struct expectation *e);
DEFINE_FREEP(struct expectation, expectation_free)

/* The words of flags, of expectation-values.c, for those who write such files. */
struct expectation_flag {
        const char *name;
        unsigned bit;
};
const struct expectation_flag *expectation_guest_policy_flag(size_t i); /* NULL past the end */
const struct expectation_flag *expectation_platform_flag(size_t i);
const char *expectation_td_name(enum expected_td t); /* "mrseam" */
