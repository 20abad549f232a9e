/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's evidence from its parts, each over the one before it: claims, binding, report, quote. */
#include "tests/forge/guest.h"

#include <string.h>

#define HCL_SNP 2
#define HCL_TDX 4

static const char default_claims[] =
        "{\"boot-id\":\"6f1c9a0e2b7d4c5f8a3e1d0b9c8f7a65\",\"by-hand\":[],\"caller\":{\"uid\":1000,\"unit\":"
        "null},"
        "\"cvmd\":\"0.1.0\",\"devices\":[{\"bound\":true,\"channels\":[{\"dma\":\"confidential\",\"relid\":"
        "4,"
        "\"ring\":\"confidential\",\"source\":\"kernel-probe\",\"sub\":0}],\"class\":\"network\","
        "\"class-id\":\"f8615163-df3e-46c5-913f-f2d2f965ed0e\",\"dma\":\"confidential\",\"driver\":\"hv_"
        "netvsc\","
        "\"exposure\":null,\"instance\":\"8a5c1f7e-93b4-4d7e-8d2c-5b1f0a6e4c21\",\"reason\":\"rule "
        "payload\","
        "\"relid\":4,\"ring\":\"confidential\",\"rule\":\"payload\",\"source\":\"kernel-probe\","
        "\"verdict\":\"allowed\"}],\"expected\":true,\"gate\":\"on\",\"isolation\":{\"boundary-bits\":46,"
        "\"consistent\":true,\"mode\":\"paravisor\",\"paravisor\":true,\"scheme\":\"vtom\",\"source\":"
        "\"cpuid\","
        "\"type\":\"snp\"},\"kernel\":\"6.12.0\",\"log\":{\"head\":"
        "\"sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\",\"sequence\":12},"
        "\"mode\":\"enforce\",\"mode-overridden\":false,\"policy\":{\"built-in\":false,\"digest\":"
        "\"sha256:fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9\",\"mode\":\"enforce\","
        "\"rules\":4},\"self-asserted\":true,\"since-boot-usec\":90000000,\"state\":\"compliant\","
        "\"time-usec\":1780271940000000,\"version\":1,\"vmbus\":{\"confidential\":\"yes\",\"version\":\"6."
        "0\"}}";

/* Both kinds of guest have a vTPM, and it measures the same boot. */
static void init_vtpm(struct forge_guest *g, const struct forge_pki *pki, uint32_t hcl_type) {
        static const uint16_t banks[] = { FORGE_SHA1, FORGE_SHA256, FORGE_SHA384 };
        struct forge_ak certificate = {};

        *g = (struct forge_guest){
                .pki = pki,
                .ak = pki->key[FORGE_AK],
                .ak_attributes = FORGE_AK_ATTRIBUTES,
                .scheme = FORGE_RSASSA,
                .clock = 1234567,
                .selected = 0xffffff,
                .claims = default_claims,
        };
        forge_claims_init(&g->runtime, g->ak, pki->key[FORGE_EK], NULL);
        forge_hcl_init(&g->hcl, hcl_type);
        forge_log_begin(&g->log, banks, 3);
        forge_log_boot(&g->log);
        g->ak_certificate = forge_ak_certificate(pki, &certificate, g->ak);
}

void forge_guest_certify(struct forge_guest *g, const struct forge_vek *v) {
        struct forge_vek fitting = forge_snp_vek(&g->snp);

        X509_free(g->vek_certificate);
        g->vek_certificate = forge_vek_certificate(g->pki, v ? v : &fitting, g->vek);
}

void forge_guest_init(struct forge_guest *g, const struct forge_pki *pki, enum snp_product product) {
        init_vtpm(g, pki, HCL_SNP);
        forge_snp_init(&g->snp, product);
        g->vek = forge_ec_key("P-384");
        forge_guest_certify(g, NULL);
}

void forge_guest_init_tdx(struct forge_guest *g, const struct forge_pki *pki, uint16_t quote_version) {
        init_vtpm(g, pki, HCL_TDX);
        g->tdx = true;
        forge_td_init(&g->td);
        forge_quote_init(&g->quote, quote_version);
        g->pck = (struct forge_pck){
                .fmspc = { 0x90, 0xc0, 0x6f },
                .cpusvn = { 4, 4, 2, 2, 4, 1, 0, 5 },
                .pcesvn = 13,
        };
        g->quote.attestation_key = forge_ec_key("P-256");
        g->quote.pck = forge_ec_key("P-256");
        g->quote.pck_certificate = forge_pck_certificate(pki, &g->pck, g->quote.pck);
}

void forge_guest_done(struct forge_guest *g) {
        EVP_PKEY_free(g->vek);
        EVP_PKEY_free(g->quote.attestation_key);
        EVP_PKEY_free(g->quote.pck);
        X509_free(g->quote.pck_certificate);
        X509_free(g->vek_certificate);
        X509_free(g->ak_certificate);
        forge_log_done(&g->log);
        *g = (struct forge_guest){};
}

static struct forge_bytes wrap(struct forge_guest *g, const void *hardware, size_t n,
        const struct forge_bytes *claims) {
        struct forge_hcl hcl = g->hcl;

        hcl.hardware = hardware;
        hcl.n_hardware = n;
        hcl.claims = claims->bytes;
        hcl.n_claims = claims->n;
        return forge_hcl_make(&hcl);
}

struct forge_bytes forge_guest_hcl(struct forge_guest *g, const uint8_t user_data[static 64],
        struct forge_bytes *ret_td_quote) {
        uint8_t snp[FORGE_SNP_SIZE], td[FORGE_TD_REPORT_SIZE];
        struct forge_claims runtime = g->runtime;
        struct forge_bytes claims, report;

        runtime.user_data = user_data;
        claims = forge_claims_make(&runtime);
        forge_report_data(g->hcl.hash_type, &claims, g->tdx ? g->td.report_data : g->snp.report_data);
        if (g->tdx) {
                forge_td_report_make(&g->td, td);
                report = wrap(g, td, sizeof(td), &claims);
                if (ret_td_quote)
                        *ret_td_quote = forge_quote_make(g->pki, &g->quote, &g->td);
        } else {
                forge_snp_make(&g->snp, g->vek, snp);
                report = wrap(g, snp, sizeof(snp), &claims);
        }
        forge_bytes_done(&claims);
        return report;
}

/* SHA-256: the second bank of the log. */
static const struct forge_pcrs *registers(const struct forge_guest *g) {
        return &g->log.banks[1];
}

void forge_guest_quote(const struct forge_guest *g, const void *qualifying, size_t n,
        struct forge_bytes *ret_attest, struct forge_bytes *ret_signature) {
        struct forge_bytes public_area = forge_tpm_public(g->ak, g->ak_attributes, g->scheme);
        struct forge_attest attest;
        uint8_t name[34];

        forge_qualified_name(&public_area, name);
        forge_attest_init(&attest, registers(g));
        attest.qualified_signer = name;
        attest.n_qualified_signer = sizeof(name);
        attest.extra_data = qualifying;
        attest.n_extra_data = n;
        attest.clock = g->clock;
        attest.selected = g->selected;
        *ret_attest = forge_attest_make(&attest);
        *ret_signature = forge_tpm_sign(g->ak, g->scheme, 32, ret_attest->bytes, ret_attest->n);
        forge_bytes_done(&public_area);
}

struct forge_bytes forge_guest_quote_record(const struct forge_guest *g, const void *qualifying, size_t n) {
        struct forge_bytes public_area = forge_tpm_public(g->ak, g->ak_attributes, g->scheme);
        struct forge_bytes attest, signature, record;

        forge_guest_quote(g, qualifying, n, &attest, &signature);
        record = forge_quote_record(&attest, &signature, &public_area, registers(g), g->selected);
        forge_bytes_done(&signature);
        forge_bytes_done(&attest);
        forge_bytes_done(&public_area);
        return record;
}

/* The record "batch": this binding first, the others behind it. */
static struct forge_bytes batch_record(const struct forge_ask *ask, const struct digest *bindings,
        size_t n) {
        struct forge_bytes b = {};

        forge_text(&b, "{\"version\":1,\"nonce\":\"");
        forge_hex(&b, ask->nonce, ask->n_nonce);
        forge_text(&b, "\",\"bind\":\"");
        forge_hex(&b, ask->bind, ask->n_bind);
        forge_text(&b, "\",\"index\":0,\"bindings\":[");
        for (size_t i = 0; i < n; i++) {
                forge_text(&b, i ? ",\"" : "\"");
                forge_hex(&b, bindings[i].bytes, SHA256_SIZE);
                forge_text(&b, "\"");
        }
        forge_text(&b, "],\"freshness\":\"%s\"}", ask->user_data ? "quote" : "report");
        return b;
}

void forge_guest_evidence(struct forge_guest *g, const struct forge_ask *ask, struct forge_evidence *ret) {
        struct digest bindings[BATCH_MAX];
        uint8_t user_data[USER_DATA_SIZE];
        struct forge_bytes td_quote = {};

        forge_check(ask->n_others < BATCH_MAX, "room for bindings");
        if (ask->n_others)
                memcpy(bindings + 1, ask->others, ask->n_others * sizeof(*ask->others));
        forge_check(binding_compute(ask->nonce, ask->n_nonce, ask->bind, ask->n_bind, g->claims,
                            strlen(g->claims), &bindings[0], NULL) == 0 &&
                        batch_user_data(bindings, 1 + ask->n_others, user_data) == 0,
                "binding claims");
        *ret = (struct forge_evidence){};
        ret->record[BUNDLE_CLAIMS] = forge_copy(g->claims, strlen(g->claims));
        ret->record[BUNDLE_BATCH] = batch_record(ask, bindings, 1 + ask->n_others);
        ret->record[BUNDLE_HCL_REPORT] =
                forge_guest_hcl(g, ask->user_data ? ask->user_data : user_data, &td_quote);
        ret->record[BUNDLE_TPM_QUOTE] = forge_guest_quote_record(g, bindings[0].bytes, SHA256_SIZE);
        ret->record[BUNDLE_TPM_EVENT_LOG] = forge_copy(g->log.bytes.bytes, g->log.bytes.n);
        ret->record[BUNDLE_AK_CERTIFICATE] = forge_der(g->ak_certificate);
        if (g->tdx)
                ret->record[BUNDLE_TD_QUOTE] = td_quote;
        else
                ret->record[BUNDLE_SNP_VEK_CHAIN] =
                        forge_vek_chain(g->pki, g->snp.product, g->snp.signing_key == 1, g->vek_certificate);
}

struct forge_bytes forge_guest_bundle(struct forge_guest *g, const char *nonce, const char *bind) {
        struct forge_ask ask = { nonce, strlen(nonce), bind, strlen(bind) };
        struct forge_evidence evidence;
        struct forge_bytes bundle;

        forge_guest_evidence(g, &ask, &evidence);
        bundle = forge_bundle(&evidence);
        forge_evidence_done(&evidence);
        return bundle;
}

struct forge_bytes forge_guest_trustee(struct forge_guest *g, unsigned version, const char *nonce) {
        struct forge_bytes hcl, td_quote = {}, message, signature, text, bare;
        uint8_t user_data[64] = { 0 };
        size_t n = strlen(nonce);

        forge_check(n <= sizeof(user_data), "fitting a nonce in");
        memcpy(user_data, nonce, n);
        hcl = forge_guest_hcl(g, user_data, &td_quote);
        forge_guest_quote(g, nonce, n, &message, &signature);
        bare = forge_copy(signature.bytes + 6, signature.n - 6); /* behind scheme, hash and size */
        text = forge_trustee(&(struct forge_trustee){
                .version = version,
                .message = &message,
                .signature = &bare,
                .hcl_report = &hcl,
                .td_quote = g->tdx ? &td_quote : NULL,
                .pcrs = registers(g),
                .vek = g->vek_certificate,
        });
        forge_bytes_done(&bare);
        forge_bytes_done(&signature);
        forge_bytes_done(&message);
        forge_bytes_done(&td_quote);
        forge_bytes_done(&hcl);
        return text;
}
