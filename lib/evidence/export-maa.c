/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source: Microsoft's clients for confidential VMs (guest attestation, protocol 2.0). Bytes are standard
 * base64 unless a comment says otherwise.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json-build.h"
#include "lib/evidence/export.h"

/* HCL report: the hardware's report, and the runtime claims up to the end. */
#define HARDWARE_AT 32
#define SNP_SIZE 1184
#define CLAIMS_AT 1236

static bool add_base64(struct json_object *o, const char *key, enum base64_alphabet alphabet,
        const struct span *s) {
        _cleanup_(freep) char *text = NULL;

        return base64_format(s->bytes, s->n, alphabet, &text) >= 0 && json_add_text(o, key, text);
}

static bool add_bytes(struct json_object *o, const char *key, const struct span *s) {
        return add_base64(o, key, BASE64_STANDARD, s);
}

/* TPM2B_PUBLIC: TPMT_PUBLIC behind its size, which is big-endian. */
static bool add_public(struct json_object *o, const char *key, const struct span *s) {
        _cleanup_(freep) uint8_t *sized = malloc(s->n + 2);

        if (!sized)
                return false;
        sized[0] = (uint8_t)(s->n >> 8);
        sized[1] = (uint8_t)s->n;
        memcpy(sized + 2, s->bytes, s->n);
        return add_bytes(o, key, &(struct span){ sized, s->n + 2 });
}

static struct span text_span(const char *text) {
        return (struct span){ (const uint8_t *)text, strlen(text) };
}

static bool add_words(struct json_object *o, const char *key, const char *text) {
        struct span s = text_span(text);

        return add_bytes(o, key, &s);
}

static struct span json_span(struct json_object *o) {
        return text_span(
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                        ?: "");
}

static struct json_object *pcr_json(const struct pcr_bank *bank, unsigned i) {
        const struct span digest = { bank->values[i], pcr_hash_size(bank->hash) };
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "Index", i) || !add_bytes(o, "Digest", &digest))
                return NULL;
        return TAKE(o);
}

static bool add_pcrs(struct json_object *o, const struct pcr_bank *bank) {
        struct json_object *set = json_object_new_array(), *values;

        if (!json_add(o, "PcrSet", set))
                return false;
        values = json_object_new_array();
        if (!json_add(o, "PCRs", values))
                return false;
        for (unsigned i = 0; i < PCR_COUNT; i++)
                if (bank->selected & UINT32_C(1) << i &&
                        (!json_append(set, json_object_new_int((int)i)) ||
                                !json_append(values, pcr_json(bank, i))))
                        return false;
        return true;
}

static struct json_object *tpm_json(const struct export_parts *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_bytes(o, "AikCert", &p->ak_certificate) || !add_public(o, "AikPub", &p->ak_public) ||
                !add_bytes(o, "PcrQuote", &p->message) || !add_bytes(o, "PcrSignature", &p->signature) ||
                !add_public(o, "EncKeyPub", &p->key) || !add_bytes(o, "EncKeyCertifyInfo", &p->key_info) ||
                !add_bytes(o, "EncKeyCertifyInfoSignature", &p->key_signature) || !add_pcrs(o, p->pcrs))
                return NULL;
        return TAKE(o);
}

/* base64url over {report in base64url, chain}. */
static bool add_snp_proof(struct json_object *o, const char *key, const struct export_parts *p) {
        const struct span report = { p->hcl_report.bytes + HARDWARE_AT, SNP_SIZE };
        _cleanup_(json_putp) struct json_object *proof = json_object_new_object();
        struct span text;

        if (!proof || !add_base64(proof, "SnpReport", BASE64_URL, &report) ||
                !add_bytes(proof, "VcekCertChain", &p->vek_chain))
                return false;
        text = json_span(proof);
        return text.n > 0 && add_base64(o, key, BASE64_URL, &text);
}

static bool add_proof(struct json_object *o, const struct export_parts *p, bool snp) {
        return snp ? add_snp_proof(o, "Proof", p) : add_bytes(o, "Proof", &p->td_quote);
}

static struct json_object *isolation_json(const struct export_parts *p, bool snp, bool tdx) {
        const struct span claims = { p->hcl_report.bytes + CLAIMS_AT, p->hcl_report.n - CLAIMS_AT };
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *evidence;

        if (!o || !json_add_text(o, "Type", snp ? "SevSnp" : tdx ? "Tdx" : "TrustedLaunch"))
                return NULL;
        if (!snp && !tdx)
                return TAKE(o);
        evidence = json_object_new_object();
        if (!json_add(o, "Evidence", evidence) || !add_proof(evidence, p, snp) ||
                !add_bytes(evidence, "RunTimeData", &claims))
                return NULL;
        return TAKE(o);
}

static struct json_object *payload_json(const struct export_parts *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        return o && add_bytes(o, "nonce", &p->nonce) ? TAKE(o) : NULL;
}

static struct json_object *info_json(const struct export_parts *p, bool snp, bool tdx) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "AttestationProtocolVersion", "2.0") ||
                !add_words(o, "OSType", "Linux") || !add_words(o, "OSDistro", "Linux") ||
                !json_add_number(o, "OSVersionMajor", 0) || !json_add_number(o, "OSVersionMinor", 0) ||
                !add_words(o, "OSBuild", "NotApplicable") || !add_bytes(o, "TcgLogs", &p->firmware_log) ||
                !json_add(o, "ClientPayload", payload_json(p)) || !json_add(o, "TpmInfo", tpm_json(p)) ||
                !json_add(o, "IsolationInfo", isolation_json(p, snp, tdx)))
                return NULL;
        return TAKE(o);
}

static int check_hardware(const struct export_parts *p, bool snp, bool tdx, struct diag *d) {
        if (p->hcl_report.n <= CLAIMS_AT)
                return diag_fail(d, -EBADMSG, "format maa: a report of %zu bytes has no claims",
                        p->hcl_report.n);
        if ((snp && p->vek_chain.n == 0) || (tdx && p->td_quote.n == 0))
                return diag_fail(d, -ENODATA, "format maa has to carry the %s, and there is none: %s",
                        snp ? "chip's certificates" : "TD quote", p->missing);
        return 0;
}

static int check(const struct export_parts *p, bool snp, bool tdx, struct diag *d) {
        if (p->key.n == 0 || p->key_info.n == 0 || p->key_signature.n == 0 || p->ak_public.n == 0)
                return diag_fail(d, -ENODATA, "format maa: the TPM gave no key for the answer");
        return check_hardware(p, snp, tdx, d);
}

static struct json_object *runtime_json(const struct export_parts *p) {
        const struct span claims = { p->hcl_report.bytes + CLAIMS_AT, p->hcl_report.n - CLAIMS_AT };
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_base64(o, "data", BASE64_URL, &claims) || !json_add_text(o, "dataType", "JSON"))
                return NULL;
        return TAKE(o);
}

int export_maa_platform(const struct export_parts *p, char **ret, struct diag *d) {
        bool snp = p->isolation && strcmp(p->isolation, "snp") == 0;
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        int r = check_hardware(p, snp, !snp, d);

        if (r < 0)
                return r;
        if (!o ||
                !(snp ? add_snp_proof(o, "report", p) : add_base64(o, "quote", BASE64_URL, &p->td_quote)) ||
                !json_add(o, "runtimeData", runtime_json(p)))
                return diag_errno(d, -ENOMEM, "format maa-platform");
        *ret = strdup((const char *)json_span(o).bytes);
        return *ret ? 0 : diag_errno(d, -ENOMEM, "format maa-platform");
}

int export_maa(const struct export_parts *p, char **ret, struct diag *d) {
        bool snp = p->isolation && strcmp(p->isolation, "snp") == 0;
        bool tdx = p->isolation && strcmp(p->isolation, "tdx") == 0;
        _cleanup_(json_putp) struct json_object *info = NULL, *o = json_object_new_object();
        struct span text;
        int r = check(p, snp, tdx, d);

        if (r < 0)
                return r;
        info = info_json(p, snp, tdx);
        text = info ? json_span(info) : (struct span){};
        if (!o || text.n == 0 || !add_base64(o, "AttestationInfo", BASE64_URL, &text))
                return diag_errno(d, -ENOMEM, "format maa");
        *ret = strdup((const char *)json_span(o).bytes);
        return *ret ? 0 : diag_errno(d, -ENOMEM, "format maa");
}
