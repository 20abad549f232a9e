/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/detect.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/format/az-quote.h"
#include "lib/format/event-log.h"
#include "lib/format/snp-report.h"
#include "lib/format/tdx-report.h"

#define HEX_MIN 64 /* digits: shorter is a word */

static const char *const NAMES[] = {
        [0] = "unknown",
        [CONTENT_BUNDLE] = "bundle",
        [CONTENT_TRUSTEE] = "trustee",
        [CONTENT_TPM_QUOTE] = "tpm-quote",
        [CONTENT_RUNTIME_CLAIMS] = "runtime-claims",
        [CONTENT_THIM] = "thim",
        [CONTENT_HCL_REPORT] = "hcl-report",
        [CONTENT_SNP_REPORT] = "snp-report",
        [CONTENT_TD_REPORT] = "td-report",
        [CONTENT_TD_QUOTE] = "td-quote",
        [CONTENT_TPM_ATTEST] = "tpm-attest",
        [CONTENT_AZ_QUOTE] = "az-quote",
        [CONTENT_EVENT_LOG] = "event-log",
        [CONTENT_SYSTEMD_LOG] = "systemd-log",
        [CONTENT_IMA_LOG] = "ima-log",
        [CONTENT_PEM] = "pem",
        [CONTENT_DER] = "certificate",
        [CONTENT_HEX] = "hex",
};
_Static_assert(N_NAMES(NAMES) == _CONTENT_MAX, "every kind of content has a name");

const char *content_to_string(enum content c) {
        return name_of(NAMES, N_NAMES(NAMES), c);
}

static struct span skip_blanks(struct span s) {
        while (s.n > 0 && strchr(" \t\r\n", s.bytes[0]) && s.bytes[0])
                s = (struct span){ s.bytes + 1, s.n - 1 };
        return s;
}

static bool starts_with(struct span s, const char *text) {
        return s.n >= strlen(text) && memcmp(s.bytes, text, strlen(text)) == 0;
}

static uint32_t le32_at(struct span s, size_t offset) {
        struct cursor c = cursor_over(s.bytes, s.n);

        (void)span_take(&c, offset);
        return cursor_le32(&c);
}

/* By a key that only this kind has. Quotes within a string are escaped, so a key is found as a whole. */
static enum content detect_json(struct span s) {
        static const struct {
                const char *key;
                enum content content;
        } keys[] = {
                { "\"__cmwc_t\"", CONTENT_BUNDLE },
                { "\"tpm_quote\"", CONTENT_TRUSTEE },
                { "\"quote\"", CONTENT_TRUSTEE }, /* version 0 */
                { "\"pcr-bank\"", CONTENT_TPM_QUOTE },
                { "\"vcekCert\"", CONTENT_THIM },
                { "\"HCLAkPub\"", CONTENT_RUNTIME_CLAIMS },
        };

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                if (memmem(s.bytes, s.n, keys[i].key, strlen(keys[i].key)))
                        return keys[i].content;
        return 0;
}

/* A SEQUENCE whose length, in two bytes, is that of the whole. */
static bool is_der(struct span s) {
        return s.n > 4 && s.bytes[0] == 0x30 && s.bytes[1] == 0x82 &&
                (size_t)(s.bytes[2] << 8 | s.bytes[3]) + 4 == s.n;
}

/* The name of a template stands where an event of the firmware has the end of its digest and its size. */
static bool is_ima_log(struct span s) {
        uint32_t n_name = le32_at(s, 24);

        return le32_at(s, 0) < PCR_COUNT && n_name >= 3 && n_name < 64 && s.n > 31 &&
                memcmp(s.bytes + 28, "ima", 3) == 0;
}

static bool is_event_log(struct span s) {
        return s.n >= 32 && le32_at(s, 0) < PCR_COUNT && event_type_to_string(le32_at(s, 4)) &&
                le32_at(s, 28) <= s.n - 32;
}

static bool is_hex(struct span s) {
        size_t n = 0;

        while (n < s.n && hex_digit((char)s.bytes[n]) >= 0)
                n++;
        return n >= HEX_MIN && n % 2 == 0 && skip_blanks((struct span){ s.bytes + n, s.n - n }).n == 0;
}

static enum content detect_binary(struct span s) {
        uint32_t first = le32_at(s, 0);

        if (starts_with(s, "HCLA"))
                return CONTENT_HCL_REPORT;
        if (starts_with(s, "\xffTCG"))
                return CONTENT_TPM_ATTEST;
        if (starts_with(s, "\x1e"))
                return CONTENT_SYSTEMD_LOG;
        if (((first & 0xffff) == 4 || (first & 0xffff) == 5) && le32_at(s, 4) == 0x81)
                return CONTENT_TD_QUOTE;
        if (s.n == TDX_REPORT_SIZE && first == 0x81)
                return CONTENT_TD_REPORT;
        if (s.n == SNP_REPORT_SIZE && first < 256)
                return CONTENT_SNP_REPORT;
        if (is_der(s))
                return CONTENT_DER;
        if (az_quote_is(s.bytes, s.n))
                return CONTENT_AZ_QUOTE;
        if (is_ima_log(s))
                return CONTENT_IMA_LOG;
        return is_event_log(s) ? CONTENT_EVENT_LOG : 0;
}

enum content detect(const void *bytes, size_t n) {
        struct span s = { bytes, n }, text = skip_blanks(s);

        if (starts_with(text, "{"))
                return detect_json(text);
        if (starts_with(text, "-----BEGIN "))
                return CONTENT_PEM;
        return is_hex(text) ? CONTENT_HEX : detect_binary(s);
}

int detect_unhex(const void *text, size_t n, uint8_t **ret, size_t *ret_size) {
        struct span s = skip_blanks((struct span){ text, n });
        _cleanup_(freep) uint8_t *bytes = NULL;
        int r;

        while (s.n > 0 && skip_blanks((struct span){ s.bytes + s.n - 1, 1 }).n == 0)
                s.n--;
        bytes = malloc(s.n / 2 + 1);
        if (!bytes)
                return -ENOMEM;
        r = hex_parse((const char *)s.bytes, s.n, bytes, s.n / 2, ret_size);
        if (r < 0)
                return r;
        *ret = TAKE(bytes);
        return 0;
}
