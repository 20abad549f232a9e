/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of bundles and of Trustee, written as text: all that goes in is digits and base64. */
#include "tests/forge/bundle.h"
#include "tests/forge/x509.h"

void forge_evidence_done(struct forge_evidence *e) {
        for (size_t i = 0; i < _BUNDLE_RECORD_MAX; i++)
                forge_bytes_done(&e->record[i]);
}

struct forge_bytes forge_bundle(const struct forge_evidence *e) {
        struct forge_bytes b = {};

        forge_text(&b, "{\"__cmwc_t\":\"tag:cvmd.org,2026:bundle-1\"");
        for (enum bundle_record r = 1; r < _BUNDLE_RECORD_MAX; r++) {
                const struct forge_bytes *content = &e->record[r];

                if (!content->n)
                        continue;
                forge_text(&b, ",\"%s\":[\"%s\",\"", bundle_record_name(r), bundle_record_media_type(r));
                forge_base64url(&b, content->bytes, content->n);
                forge_text(&b, "\",%u]", bundle_record_indicator(r));
        }
        forge_text(&b, "}");
        return b;
}

static void put_base64(struct forge_bytes *b, const char *key, const struct forge_bytes *content) {
        forge_text(b, ",\"%s\":\"", key);
        forge_base64url(b, content->bytes, content->n);
        forge_text(b, "\"");
}

struct forge_bytes forge_quote_record(const struct forge_bytes *attest, const struct forge_bytes *signature,
        const struct forge_bytes *public_area, const struct forge_pcrs *pcrs, uint32_t selected) {
        bool sha384 = pcrs->hash == 0x000c;
        struct forge_bytes b = {};
        const char *comma = "";

        forge_text(&b, "{\"version\":1");
        put_base64(&b, "attest", attest);
        put_base64(&b, "signature", signature);
        if (public_area)
                put_base64(&b, "ak-public", public_area);
        forge_text(&b, ",\"pcr-bank\":\"%s\",\"pcrs\":{", sha384 ? "sha384" : "sha256");
        for (unsigned i = 0; i < 24; i++) {
                if (!(selected >> i & 1))
                        continue;
                forge_text(&b, "%s\"%u\":\"", comma, i);
                forge_hex(&b, pcrs->values[i], sha384 ? 48 : 32);
                forge_text(&b, "\"");
                comma = ",";
        }
        forge_text(&b, "}}");
        return b;
}

/* As this version of Trustee writes bytes: an array of integers, hexadecimal digits, or base64url. */
enum writing { INTEGERS, DIGITS, BASE64 };

static void put_bytes(struct forge_bytes *b, enum writing w, const void *bytes, size_t n) {
        const uint8_t *at = bytes;

        if (w == INTEGERS) {
                for (size_t i = 0; i < n; i++)
                        forge_text(b, "%s%u", i ? "," : "[", at[i]);
                forge_text(b, "]");
                return;
        }
        forge_text(b, "\"");
        if (w == DIGITS)
                forge_hex(b, bytes, n);
        else
                forge_base64url(b, bytes, n);
        forge_text(b, "\"");
}

static void put_quote(struct forge_bytes *b, const struct forge_trustee *t, enum writing w) {
        forge_text(b, "{\"signature\":");
        put_bytes(b, w, t->signature->bytes, t->signature->n);
        forge_text(b, ",\"message\":");
        put_bytes(b, w, t->message->bytes, t->message->n);
        forge_text(b, ",\"pcrs\":[");
        for (unsigned i = 0; i < 24; i++) {
                forge_text(b, i ? "," : "");
                put_bytes(b, w, t->pcrs->values[i], 32);
        }
        forge_text(b, "]}");
}

/* Version 0 has PEM with its line ends escaped, the others DER. */
static void put_vek(struct forge_bytes *b, const struct forge_trustee *t) {
        struct forge_bytes certificate = {};

        forge_text(b, ",\"vcek\":");
        if (t->version > 0) {
                certificate = forge_der(t->vek);
                put_bytes(b, BASE64, certificate.bytes, certificate.n);
        } else {
                forge_put_pem(&certificate, t->vek);
                forge_text(b, "\"");
                for (size_t i = 0; i < certificate.n; i++)
                        forge_text(b, certificate.bytes[i] == '\n' ? "\\n" : "%c", certificate.bytes[i]);
                forge_text(b, "\"");
        }
        forge_bytes_done(&certificate);
}

struct forge_bytes forge_trustee(const struct forge_trustee *t) {
        enum writing bytes = t->version ? BASE64 : INTEGERS, quote = t->version ? DIGITS : INTEGERS;
        bool oldest = t->version == 0 && t->vek; /* az-snp-vtpm: other names */
        struct forge_bytes b = {};

        forge_text(&b, "{");
        if (t->version)
                forge_text(&b, "\"version\":%u,", t->version);
        forge_text(&b, "\"%s\":", oldest ? "quote" : "tpm_quote");
        put_quote(&b, t, quote);
        forge_text(&b, ",\"%s\":", oldest ? "report" : "hcl_report");
        put_bytes(&b, bytes, t->hcl_report->bytes, t->hcl_report->n);
        if (t->vek)
                put_vek(&b, t);
        if (t->td_quote) {
                forge_text(&b, ",\"td_quote\":");
                put_bytes(&b, bytes, t->td_quote->bytes, t->td_quote->n);
        }
        forge_text(&b, "}");
        return b;
}
