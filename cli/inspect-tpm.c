/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a TPM says: quotes with their registers, and keys. */
#include <string.h>

#include "cli/inspect.h"
#include "lib/base/json-build.h"
#include "lib/base/name-table.h"
#include "lib/format/tpm-attest.h"

/* TPM 2.0 library, part 2, 8.3.2. */
static const struct inspection_bit ATTRIBUTES[] = {
        { 1, "fixed-tpm", NULL },
        { 2, "st-clear", NULL },
        { 4, "fixed-parent", NULL },
        { 5, "sensitive-data-origin", NULL },
        { 6, "user-with-auth", NULL },
        { 7, "admin-with-policy", NULL },
        { 10, "no-da", NULL },
        { 11, "encrypted-duplication", NULL },
        { 16, "restricted", NULL },
        { 17, "decrypt", NULL },
        { 18, "sign", NULL },
};

static const char *scheme_name(unsigned scheme) {
        switch (scheme) {
        case TPM_RSASSA:
                return "RSASSA";
        case TPM_RSAPSS:
                return "RSAPSS";
        case TPM_ECDSA:
                return "ECDSA";
        default:
                return "none";
        }
}

/* Bytes that are text are shown as such, too. */
static void add_qualifying_data(struct inspection *i, struct span s) {
        bool printable = s.n > 0;

        inspection_hex(i, "qualifying-data", s.bytes, s.n);
        for (size_t c = 0; c < s.n; c++)
                printable = printable && s.bytes[c] >= ' ' && s.bytes[c] <= '~';
        if (printable)
                inspection_text(i, "qualifying-data-text", "%.*s", (int)s.n, (const char *)s.bytes);
}

static void add_attest(struct inspection *i, const struct tpm_attest *a) {
        char selected[PCR_SELECTION_TEXT_SIZE];

        pcr_selection_format(a->selected, selected);
        inspection_part(i, "tpm-attest", "its signature by the AK");
        inspection_hex(i, "qualified-signer", a->qualified_signer.bytes, a->qualified_signer.n);
        add_qualifying_data(i, a->extra_data);
        inspection_value(i, "clock", json_object_new_uint64(a->clock.clock), "%llu ms",
                (unsigned long long)a->clock.clock);
        inspection_number(i, "reset-count", a->clock.reset_count);
        inspection_number(i, "restart-count", a->clock.restart_count);
        inspection_flag(i, "clock-safe", a->clock.safe);
        inspection_text(i, "firmware-version", "0x%016llx", (unsigned long long)a->firmware_version);
        inspection_text(i, "pcr-bank", "%s", pcr_hash_to_string(a->bank));
        inspection_text(i, "pcr-selection", "%s", selected);
        inspection_hex(i, "pcr-digest", a->pcr_digest.bytes, a->pcr_digest.n);
}

int inspect_tpm_attest(struct inspection *i, struct span bytes, struct diag *d) {
        struct tpm_attest a;
        int r = tpm_attest_parse(bytes.bytes, bytes.n, &a, d);

        if (r == 0)
                add_attest(i, &a);
        return r;
}

static int add_signature(struct inspection *i, struct span bytes, bool bare, struct diag *d) {
        struct tpm_signature s = { .scheme = TPM_RSASSA, .hash = PCR_SHA256, .rsa = bytes };
        int r = bare ? 0 : tpm_signature_parse(bytes.bytes, bytes.n, &s, d);

        if (r < 0)
                return r;
        inspection_part(i, "tpm-signature", "the AK: it is what authenticates the tpm-attest");
        if (bare)
                inspection_text(i, "scheme", "not told, RSASSA with sha256 by convention");
        else
                inspection_text(i, "scheme", "%s with %s", scheme_name(s.scheme),
                        pcr_hash_to_string(s.hash));
        if (s.scheme == TPM_ECDSA) {
                inspection_hex(i, "r", s.r.bytes, s.r.n);
                inspection_hex(i, "s", s.s.bytes, s.s.n);
        } else
                inspection_hex(i, "signature", s.rsa.bytes, s.rsa.n);
        return 0;
}

/* The hash that a digest of that size is by: a quote does not say, its signature does. */
static enum pcr_hash hash_of_size(size_t n) {
        return n == 20 ? PCR_SHA1 : n == 48 ? PCR_SHA384 : n == 64 ? PCR_SHA512 : PCR_SHA256;
}

/* Whether the quote is over these values: those that it selects are there, and hash to its digest. */
static bool is_quoted(const struct tpm_attest *a, const struct pcr_bank *pcrs) {
        struct pcr_bank quoted = *pcrs;
        uint8_t digest[PCR_SIZE_MAX];
        enum pcr_hash hash = hash_of_size(a->pcr_digest.n);

        quoted.selected = a->selected;
        return pcrs->hash == a->bank && (a->selected & ~pcrs->selected) == 0 &&
                pcr_hash_size(hash) == a->pcr_digest.n && pcr_bank_digest(&quoted, hash, digest) == 0 &&
                memcmp(digest, a->pcr_digest.bytes, a->pcr_digest.n) == 0;
}

static void add_registers(struct inspection *i, const struct tpm_attest *a, const struct pcr_bank *pcrs) {
        bool quoted = is_quoted(a, pcrs);
        char key[8];

        if (quoted && (pcrs->selected & ~a->selected) == 0)
                inspection_part(i, "pcrs", "pcr-digest of the tpm-attest: it is theirs");
        else if (quoted)
                inspection_part(i, "pcrs", "pcr-digest of the tpm-attest, as far as they are quoted");
        else
                inspection_part(i, "pcrs", "nothing: pcr-digest of the tpm-attest is not theirs");
        inspection_text(i, "bank", "%s", pcr_hash_to_string(pcrs->hash));
        for (unsigned p = 0; p < PCR_COUNT; p++) {
                if (!(pcrs->selected >> p & 1))
                        continue;
                snprintf(key, sizeof(key), "%u", p);
                inspection_hex(i, key, pcrs->values[p], pcr_hash_size(pcrs->hash));
        }
        if (quoted && (pcrs->selected & ~a->selected) != 0) {
                char text[PCR_SELECTION_TEXT_SIZE];

                pcr_selection_format(pcrs->selected & ~a->selected, text);
                inspection_text(i, "not-quoted", "%s", text);
        }
}

int inspect_quote(struct inspection *i, struct span attest, struct span signature, bool bare,
        const struct pcr_bank *pcrs, struct diag *d) {
        struct tpm_attest a;
        int r = tpm_attest_parse(attest.bytes, attest.n, &a, d);

        if (r < 0)
                return r;
        add_attest(i, &a);
        r = add_signature(i, signature, bare, d);
        if (r == 0)
                add_registers(i, &a, pcrs);
        return r;
}

int inspect_tpm_public(struct inspection *i, struct span bytes, struct diag *d) {
        struct tpm_public p;
        int r = tpm_public_parse(bytes.bytes, bytes.n, &p, d);

        if (r < 0)
                return r;
        inspection_part(i, "ak-public",
                "nothing: a hint; the runtime-claims or a certificate name the key that counts");
        inspection_text(i, "type", "%s", p.type == TPM_KEY_RSA ? "RSA" : "ECC");
        inspection_text(i, "name-hash", "%s", pcr_hash_to_string(p.name_hash));
        inspection_bits(i, "attributes", p.attributes, 8, ATTRIBUTES, N_NAMES(ATTRIBUTES));
        inspection_hex(i, "policy", p.policy.bytes, p.policy.n);
        if (p.scheme_hash)
                inspection_text(i, "scheme", "%s with %s", scheme_name(p.scheme),
                        pcr_hash_to_string(p.scheme_hash));
        else
                inspection_text(i, "scheme", "none");
        if (p.type == TPM_KEY_RSA) {
                inspection_number(i, "bits", p.key_bits);
                inspection_number(i, "exponent", p.exponent ?: 65537);
                inspection_hex(i, "modulus", p.modulus.bytes, p.modulus.n);
        } else {
                inspection_text(i, "curve", "0x%04x", p.curve);
                inspection_hex(i, "x", p.x.bytes, p.x.n);
                inspection_hex(i, "y", p.y.bytes, p.y.n);
        }
        return 0;
}
