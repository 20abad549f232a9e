/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/bundle-record.h"

#include <errno.h>
#include <string.h>

#include "lib/format/cmw.h"

static const struct {
        const char *name, *media_type;
        unsigned indicator;
} RECORDS[] = {
        [BUNDLE_CLAIMS] = { "claims", "application/vnd.cvmd.claims+json", CMW_EVIDENCE },
        [BUNDLE_BATCH] = { "batch", "application/vnd.cvmd.batch+json", CMW_EVIDENCE },
        [BUNDLE_HCL_REPORT] = { "hcl-report", "application/vnd.cvmd.hcl-report", CMW_EVIDENCE },
        [BUNDLE_TPM_QUOTE] = { "tpm-quote", "application/vnd.cvmd.tpm-quote+json", CMW_EVIDENCE },
        [BUNDLE_TPM_EVENT_LOG] = { "tpm-event-log", "application/vnd.cvmd.tcg-event-log", CMW_EVIDENCE },
        [BUNDLE_SYSTEMD_LOG] = { "systemd-event-log", "application/json-seq", CMW_EVIDENCE },
        [BUNDLE_IMA_LOG] = { "ima-event-log", "application/vnd.cvmd.ima-event-log", CMW_EVIDENCE },
        [BUNDLE_AK_CERTIFICATE] = { "ak-certificate", "application/pkix-cert", CMW_ENDORSEMENTS },
        [BUNDLE_SNP_VEK_CHAIN] = { "snp-vek-chain", "application/pem-certificate-chain", CMW_ENDORSEMENTS },
        [BUNDLE_TD_QUOTE] = { "td-quote", "application/vnd.cvmd.td-quote", CMW_EVIDENCE },
        [BUNDLE_TSM_REPORT] = { "tsm-report", "application/vnd.cvmd.tsm-report+json", CMW_EVIDENCE },
};

_Static_assert(sizeof(RECORDS) / sizeof(RECORDS[0]) == _BUNDLE_RECORD_MAX, "each record has a row");

const char *bundle_record_name(enum bundle_record r) {
        return RECORDS[r].name;
}

const char *bundle_record_media_type(enum bundle_record r) {
        return RECORDS[r].media_type;
}

unsigned bundle_record_indicator(enum bundle_record r) {
        return RECORDS[r].indicator;
}

int bundle_record_find(const char *name) {
        for (int i = 1; i < _BUNDLE_RECORD_MAX; i++)
                if (strcmp(RECORDS[i].name, name) == 0)
                        return i;
        return -EBADMSG;
}
