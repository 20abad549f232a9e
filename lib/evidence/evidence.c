/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: Documentation/ABI/testing/securityfs of Linux (tpm, ima); TPM2_PCR_MEASUREMENTS of systemd. */
#include "lib/evidence/evidence.h"

#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"

void evidence_bytes_done(struct evidence_bytes *b) {
        free(b->bytes);
        *b = (struct evidence_bytes){};
}

static const char *const format_names[] = {
        [EVIDENCE_CMW] = "cmw",
        [EVIDENCE_TRUSTEE] = "trustee",
        [EVIDENCE_MAA] = "maa",
};
_Static_assert(N_NAMES(format_names) == _EVIDENCE_FORMAT_MAX, "every format has a name");

const char *evidence_format_to_string(enum evidence_format f) {
        return name_of(format_names, N_NAMES(format_names), f);
}

int evidence_format_from_string(const char *word) {
        return name_find(format_names, N_NAMES(format_names), word);
}

static const struct {
        const char *name, *path;
        size_t max;
        enum bundle_record record;
} logs[] = {
        [EVIDENCE_LOG_FIRMWARE] = { "firmware", "sys/kernel/security/tpm0/binary_bios_measurements",
                1024 * 1024, BUNDLE_TPM_EVENT_LOG },
        [EVIDENCE_LOG_SYSTEMD] = { "systemd", "run/log/systemd/tpm2-measure.log", 1024 * 1024,
                BUNDLE_SYSTEMD_LOG },
        [EVIDENCE_LOG_IMA] = { "ima", "sys/kernel/security/ima/binary_runtime_measurements", 8 * 1024 * 1024,
                BUNDLE_IMA_LOG },
};
_Static_assert(sizeof(logs) / sizeof(logs[0]) == _EVIDENCE_LOG_MAX, "every log has a row");

const char *evidence_log_to_string(enum evidence_log l) {
        return logs[l].name;
}

const char *evidence_log_path(enum evidence_log l) {
        return logs[l].path;
}

size_t evidence_log_max(enum evidence_log l) {
        return logs[l].max;
}

enum bundle_record evidence_log_record(enum evidence_log l) {
        return logs[l].record;
}

int evidence_logs_parse(const char *text, unsigned *ret) {
        unsigned found = 0;

        if (strcmp(text, "none") == 0 || strcmp(text, "all") == 0) {
                *ret = text[0] == 'n' ? 0 : (1u << _EVIDENCE_LOG_MAX) - 1;
                return 0;
        }
        for (;;) {
                size_t n = strcspn(text, ",");
                unsigned l = 0;

                while (l < _EVIDENCE_LOG_MAX &&
                        (strlen(logs[l].name) != n || strncmp(logs[l].name, text, n) != 0))
                        l++;
                if (l == _EVIDENCE_LOG_MAX || found & 1u << l)
                        return -EBADMSG;
                found |= 1u << l;
                if (!text[n])
                        break;
                text += n + 1;
        }
        *ret = found;
        return 0;
}
