/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a verification found: one result a check, each check with its name and what it counts for. A check
 * that has no result was not applicable to the evidence.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/cleanup.h"

enum check_result {
        CHECK_PASS = 1,
        CHECK_FAIL,
        CHECK_SKIPPED,     /* waived by name */
        CHECK_UNAVAILABLE, /* what it needs is not there: counts as a failure, but see check_is_optional() */
        _CHECK_RESULT_MAX,
};

/* In the order in which they are shown. The table in check.c has name and weight of each. */
enum check_id {
        CHECK_HARDWARE = 1,
        CHECK_SNP_ALGORITHM,
        CHECK_SNP_SIGNING_KEY,
        CHECK_SNP_SIGNATURE,
        CHECK_VEK_CHAIN,
        CHECK_AMD_ROOT,
        CHECK_VEK_VALIDITY,
        CHECK_VEK_PRODUCT,
        CHECK_VEK_CHIP,
        CHECK_VEK_TCB,
        CHECK_SNP_TCB_ORDER,
        CHECK_TD_QUOTE_SIGNATURE,
        CHECK_QE_BINDING,
        CHECK_QE_SIGNATURE,
        CHECK_PCK_CHAIN,
        CHECK_INTEL_ROOT,
        CHECK_PCK_VALIDITY,
        CHECK_TDX_TCB,
        CHECK_QE_IDENTITY,
        CHECK_TD_REPORT_HASHES,
        CHECK_TD_REPORT_QUOTE,
        CHECK_REVOCATION,
        CHECK_CERTIFICATES,
        CHECK_CLAIMS_HASH,
        CHECK_REPORT_DATA_TAIL,
        CHECK_TD_QUOTE_REPORT_DATA,
        CHECK_VMPL,
        CHECK_DEBUG,
        CHECK_RECORDS,
        CHECK_USER_DATA_TAG,
        CHECK_BINDING,
        CHECK_USER_DATA,
        CHECK_FRESHNESS,
        CHECK_NONCE,
        CHECK_BIND,
        CHECK_QUOTE_SIGNATURE,
        CHECK_QUOTE_DATA,
        CHECK_QUOTE_SELECTION,
        CHECK_QUOTE_PCRS,
        CHECK_AK_NAME,
        CHECK_AK_CERTIFICATE_CHAIN,
        CHECK_AZURE_ROOT,
        CHECK_AK_CERTIFICATE_VALIDITY,
        CHECK_AK_CERTIFICATE_KEY,
        CHECK_AK_RESTRICTED,
        CHECK_EVENT_LOG,
        CHECK_ISOLATION,
        CHECK_MEASUREMENT,
        CHECK_ID_KEY,
        CHECK_GUEST_SVN,
        CHECK_FAMILY_ID,
        CHECK_IMAGE_ID,
        CHECK_HOST_DATA,
        CHECK_TCB_MINIMUM,
        CHECK_FIRMWARE_MINIMUM,
        CHECK_MITIGATIONS,
        CHECK_GUEST_POLICY,
        CHECK_PLATFORM,
        CHECK_TD,
        CHECK_VM_CONFIGURATION,
        CHECK_PCRS,
        CHECK_POLICY_DIGEST,
        CHECK_MODE,
        CHECK_STATE,
        CHECK_DEVICES,
        CHECK_AGE,
        CHECK_REQUIRED,
        _CHECK_MAX,
};

/* What is not expected, by decision of the caller: bits. */
enum waiver {
        WAIVE_MEASUREMENT = 1 << 0,
        WAIVE_NONCE = 1 << 1,
        WAIVE_BIND = 1 << 2,
        WAIVE_AK = 1 << 3,
};
#define N_WAIVERS 4

#define CHECK_DETAIL_SIZE 224

struct check {
        enum check_result result; /* 0: not applicable */
        char detail[CHECK_DETAIL_SIZE];
};

struct checks {
        unsigned waived; /* bits of enum waiver */
        struct check of[_CHECK_MAX];
};

/* Forgets all results. */
void checks_reset(struct checks *c, unsigned waived);

/*
 * Notes a result. The worst stays: a pass never covers up a failure, and of two failures the first is told.
 * Returns whether it passed.
 */
bool check_note(struct checks *c, enum check_id id, enum check_result result, const char *detail, ...)
        _printf_(4, 5);

/* Pass or fail; the detail is told in either case. */
#define check_that(c, id, passed, ...) check_note(c, id, (passed) ? CHECK_PASS : CHECK_FAIL, __VA_ARGS__)

/* Skipped where the caller waived it, else unavailable. */
void check_missing(struct checks *c, enum check_id id, enum waiver w, const char *detail, ...)
        _printf_(4, 5);

bool check_passed(const struct checks *c, enum check_id id);

const char *check_name(enum check_id id);
int check_find(const char *name); /* -EBADMSG */
const char *check_result_to_string(enum check_result r);
const char *waiver_to_string(enum waiver w); /* "measurement", ... */

/* Whether it says that genuine hardware said this; else it is about what was expected. */
bool check_is_of_authenticity(enum check_id id);

/* Whether it is told and no failure when it is unavailable. */
bool check_is_optional(enum check_id id);

/* Whether this result of that check counts against the evidence. */
bool check_counts_against(enum check_id id, enum check_result r);

/* Genuine hardware said this. */
bool checks_authentic(const struct checks *c);

/* It is authentic, nothing was waived, and it is what was expected. */
bool checks_trusted(const struct checks *c);

/* It is what was expected, but for what was waived. */
bool checks_acceptable(const struct checks *c);
