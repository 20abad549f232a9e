/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attacks on evidence, each with the checks that stop it, and no others: SECURITY.md has the table. Every
 * attacker here has all that a real one could have: a genuine guest of his own, whatever it signs for him,
 * and software keys under genuine names.
 */
#include <errno.h>
#include <string.h>

#include "lib/verify/expectation-format.h"
#include "tests/unit/forged-harness.h"

static struct forge_pki pki;

/* A guest, the evidence that it gave, and what the relying party knows. */
struct scene {
        struct forge_guest guest;
        struct forge_evidence evidence;
        struct verifier_settings settings;
        struct forge_bytes crl; /* where there is one */
};

static struct forge_ask ask_for(const char *nonce, const char *bind) {
        return (struct forge_ask){ nonce, strlen(nonce), bind, strlen(bind) };
}

static void replace(struct scene *s, enum bundle_record r, struct forge_bytes content) {
        forge_bytes_done(&s->evidence.record[r]);
        s->evidence.record[r] = content;
}

static void strip(struct scene *s, enum bundle_record r) {
        replace(s, r, (struct forge_bytes){});
}

/* The guest gives evidence anew, after it was changed. */
static void give_again(struct scene *s, const struct forge_ask *ask) {
        struct forge_ask usual = ask_for(NONCE, BIND);

        forge_evidence_done(&s->evidence);
        forge_guest_evidence(&s->guest, ask ? ask : &usual, &s->evidence);
}

/* Another genuine guest, in the attacker's hands. Its report has the same key in it as s unless changed. */
static void take_record_of(struct scene *s, struct forge_guest *other, const struct forge_ask *ask,
        enum bundle_record r) {
        struct forge_ask usual = ask_for(NONCE, BIND);
        struct forge_evidence theirs;

        forge_guest_evidence(other, ask ? ask : &usual, &theirs);
        replace(s, r, forge_copy(theirs.record[r].bytes, theirs.record[r].n));
        forge_evidence_done(&theirs);
}

static struct digest binding_of(const char *nonce, const char *bind, const char *claims) {
        struct digest binding;

        assert_int_equal(binding_compute(nonce, strlen(nonce), bind, strlen(bind), claims, strlen(claims),
                                 &binding, NULL),
                0);
        return binding;
}

/* Every place of `from` becomes `to`, which is as long. */
static void edit(struct scene *s, enum bundle_record r, const char *from, const char *to) {
        struct forge_bytes *b = &s->evidence.record[r];
        char *at = memmem(b->bytes, b->n, from, strlen(from));

        assert_int_equal(strlen(from), strlen(to));
        assert_non_null(at);
        memcpy(at, to, strlen(to));
}

/* The AK */

static void ak_substituted(struct scene *s) {
        struct digest binding = binding_of(NONCE, BIND, s->guest.claims);

        s->guest.ak = pki.key[FORGE_OTHER_AK];
        replace(s, BUNDLE_TPM_QUOTE, forge_guest_quote_record(&s->guest, binding.bytes, SHA256_SIZE));
}

/* A TPM whose AK Azure certified, beside the report of another machine. */
static void ak_of_another_machine(struct scene *s) {
        struct forge_ak certificate = {};

        ak_substituted(s);
        X509_free(s->guest.ak_certificate);
        s->guest.ak_certificate = forge_ak_certificate(&pki, &certificate, s->guest.ak);
        replace(s, BUNDLE_AK_CERTIFICATE, forge_der(s->guest.ak_certificate));
}

/* The report was made at boot, for a key that software holds: it signs whatever it is given. */
static void software_ak_with_a_boot_time_report(struct scene *s) {
        static const uint8_t boot[64];
        struct forge_ask ask = ask_for(NONCE, BIND);

        ask.user_data = boot;
        give_again(s, &ask);
        strip(s, BUNDLE_AK_CERTIFICATE);
}

static void boot_time_report_passed_off_as_fresh(struct scene *s) {
        struct forge_bytes *batch = &s->evidence.record[BUNDLE_BATCH];

        software_ak_with_a_boot_time_report(s);
        batch->n -= strlen("\"quote\"}");
        forge_text(batch, "\"report\"}");
}

static void software_ak_under_an_imitated_root(struct scene *s) {
        struct forge_ca ca;
        struct forge_ak certificate = { .ca = &ca };

        software_ak_with_a_boot_time_report(s);
        forge_ca_imitate(&pki, FORGE_AZURE_ROOT, &ca);
        X509_free(s->guest.ak_certificate);
        s->guest.ak_certificate = forge_ak_certificate(&pki, &certificate, s->guest.ak);
        replace(s, BUNDLE_AK_CERTIFICATE, forge_der(s->guest.ak_certificate));
        forge_ca_done(&ca);
}

static void ak_is_not_restricted(struct scene *s) {
        s->guest.ak_attributes = 0x00040472;
        give_again(s, NULL);
}

/* Nonce, channel, freshness */

/* The record of a batch of one. */
static struct forge_bytes batch_of(const struct digest *binding) {
        struct forge_bytes b = {};

        forge_text(&b, "{\"version\":1,\"nonce\":\"");
        forge_hex(&b, NONCE, strlen(NONCE));
        forge_text(&b, "\",\"bind\":\"");
        forge_hex(&b, BIND, strlen(BIND));
        forge_text(&b, "\",\"index\":0,\"bindings\":[\"");
        forge_hex(&b, binding->bytes, SHA256_SIZE);
        forge_text(&b, "\"],\"freshness\":\"report\"}");
        return b;
}

/* A raw nonce is the caller's choice: he chooses what a batch of his forged claims would have there. */
static void raw_nonce_posing_as_a_binding(struct scene *s) {
        struct digest binding;
        uint8_t batch[USER_DATA_SIZE], raw[USER_DATA_SIZE];

        edit(s, BUNDLE_CLAIMS, "\"state\":\"compliant\"", "\"state\":\"violating\"");
        binding = binding_of(NONCE, BIND, (char *)s->evidence.record[BUNDLE_CLAIMS].bytes);
        assert_int_equal(batch_user_data(&binding, 1, batch), 0);
        assert_int_equal(raw_user_data(batch, RAW_NONCE_MAX, raw, NULL), 0);
        replace(s, BUNDLE_HCL_REPORT, forge_guest_hcl(&s->guest, raw, NULL));
        replace(s, BUNDLE_TPM_QUOTE, forge_guest_quote_record(&s->guest, binding.bytes, SHA256_SIZE));
        replace(s, BUNDLE_BATCH, batch_of(&binding));
}

static void replayed(struct scene *s) {
        struct forge_ask ask = ask_for("a nonce of before", BIND);

        give_again(s, &ask);
}

static void replayed_with_the_nonce_edited(struct scene *s) {
        struct forge_bytes hex = {}, before = {};
        struct forge_ask ask = ask_for("nonce of before.", BIND);

        give_again(s, &ask);
        forge_hex(&before, ask.nonce, ask.n_nonce);
        forge_hex(&hex, NONCE, strlen(NONCE));
        edit(s, BUNDLE_BATCH, (char *)before.bytes, (char *)hex.bytes);
        forge_bytes_done(&before);
        forge_bytes_done(&hex);
}

/* The quote is of now, the report of an earlier batch. */
static void stale_report(struct scene *s) {
        struct digest before = binding_of("a nonce of before", BIND, s->guest.claims);
        uint8_t user_data[USER_DATA_SIZE];

        assert_int_equal(batch_user_data(&before, 1, user_data), 0);
        replace(s, BUNDLE_HCL_REPORT, forge_guest_hcl(&s->guest, user_data, NULL));
}

static void relayed_to_another_channel(struct scene *s) {
        struct forge_ask ask = ask_for(NONCE, "another key");

        give_again(s, &ask);
}

static void relayed_with_the_bind_edited(struct scene *s) {
        struct forge_bytes theirs = {}, ours = {};
        struct forge_ask ask = ask_for(NONCE, "his-key");

        give_again(s, &ask);
        forge_hex(&theirs, "his-key", 7);
        forge_hex(&ours, BIND, 7);
        edit(s, BUNDLE_BATCH, (char *)theirs.bytes, (char *)ours.bytes);
        forge_bytes_done(&theirs);
        forge_bytes_done(&ours);
}

/* Reports and chips */

/* Header and hardware report of one reading, claims of the next. */
static void torn_report(struct scene *s) {
        uint8_t before[USER_DATA_SIZE] = { 1 };
        struct forge_bytes report = forge_guest_hcl(&s->guest, before, NULL);

        memcpy(s->evidence.record[BUNDLE_HCL_REPORT].bytes, report.bytes, 1236);
        forge_bytes_done(&report);
}

static void runtime_claims_edited(struct scene *s) {
        struct digest binding = binding_of(NONCE, BIND, s->guest.claims);
        uint8_t user_data[USER_DATA_SIZE];
        struct forge_bytes edited;

        assert_int_equal(batch_user_data(&binding, 1, user_data), 0);
        s->guest.ak = s->guest.runtime.ak = pki.key[FORGE_OTHER_AK];
        edited = forge_guest_hcl(&s->guest, user_data, NULL);
        memcpy(edited.bytes, s->evidence.record[BUNDLE_HCL_REPORT].bytes, 1216); /* the genuine report */
        replace(s, BUNDLE_HCL_REPORT, edited);
        replace(s, BUNDLE_TPM_QUOTE, forge_guest_quote_record(&s->guest, binding.bytes, SHA256_SIZE));
        strip(s, BUNDLE_AK_CERTIFICATE);
}

static void report_of_another_chip(struct scene *s) {
        struct forge_guest other;

        forge_guest_init(&other, &pki, SNP_MILAN);
        memset(other.snp.chip_id, 0xb2, sizeof(other.snp.chip_id));
        take_record_of(s, &other, NULL, BUNDLE_HCL_REPORT);
        forge_guest_done(&other);
}

/* AMD's certificate of another chip with this chip's key cannot be; what if it were? */
static void key_of_another_chip(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);

        vek.chip_id[63] ^= 1;
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
}

static void key_of_another_firmware(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);

        vek.tcb.microcode++;
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
}

static void key_of_another_product(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);

        vek.product_name = "Genoa-B1";
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
}

static void key_under_an_imitated_root(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);
        struct forge_bytes chain = {};
        struct forge_ca ark, ask;

        forge_ca_imitate(&pki, FORGE_ARK_MILAN, &ark);
        forge_ca_imitate_below(&pki, FORGE_ASK_MILAN, &ark, &ask);
        vek.ca = &ask;
        forge_guest_certify(&s->guest, &vek);
        forge_put_pem(&chain, s->guest.vek_certificate);
        forge_put_pem(&chain, ask.certificate);
        forge_put_pem(&chain, ark.certificate);
        replace(s, BUNDLE_SNP_VEK_CHAIN, chain);
        forge_ca_done(&ask);
        forge_ca_done(&ark);
}

/* A leaf of his own, with the genuine ASK and ARK behind it. */
static void key_that_nobody_signed(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);
        struct forge_ca ca;

        forge_ca_imitate(&pki, FORGE_ASK_MILAN, &ca);
        vek.ca = &ca;
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
        forge_ca_done(&ca);
}

static void key_expired(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);

        vek.not_after = FORGE_NOW - 1;
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
}

/* AMD's root takes an ASK back; nobody takes VCEKs back. */
static void issuer_revoked(struct scene *s) {
        long serial = ASN1_INTEGER_get(X509_get0_serialNumber(pki.ca[FORGE_ASK_MILAN].certificate));
        X509_CRL *crl = forge_crl_make(&pki.ca[FORGE_ARK_MILAN], &serial, 1, 0, 0);

        forge_put_crl_pem(&s->crl, crl);
        X509_CRL_free(crl);
}

static void vlek_passed_off_as_vcek(struct scene *s) {
        struct forge_vek vek = forge_snp_vek(&s->guest.snp);

        vek.csp_id = "CN=cc-test-1.example.com";
        forge_guest_certify(&s->guest, &vek);
        give_again(s, NULL);
        replace(s, BUNDLE_SNP_VEK_CHAIN, forge_vek_chain(&pki, SNP_MILAN, true, s->guest.vek_certificate));
}

static void firmware_rolled_back(struct scene *s) {
        s->guest.snp.committed.snp--;
        give_again(s, NULL);
}

static void report_of_a_lower_privilege(struct scene *s) {
        s->guest.snp.vmpl = 2;
        give_again(s, NULL);
}

static void debug_guest(struct scene *s) {
        s->guest.snp.policy |= UINT64_C(1) << 19;
        give_again(s, NULL);
}

static void hardware_report_changed(struct scene *s) {
        s->evidence.record[BUNDLE_HCL_REPORT].bytes[32 + 0x90] ^= 1;
}

static void signature_padded(struct scene *s) {
        s->evidence.record[BUNDLE_HCL_REPORT].bytes[32 + 0x2a0 + 71] = 1;
}

static void hardware_without_hardware(struct scene *s) {
        s->evidence.record[BUNDLE_HCL_REPORT].bytes[1224] = 1; /* VBS: nobody signs */
        memset(s->evidence.record[BUNDLE_HCL_REPORT].bytes + 32 + 0x230, 0, 1184 - 0x230);
}

/* Registers and logs */

/* PCR 16, which anybody can reset, poses as PCR 8. */
static void pcr_relabelled(struct scene *s) {
        struct digest binding = binding_of(NONCE, BIND, s->guest.claims);
        struct forge_pcrs lie = s->guest.log.banks[1];
        struct forge_bytes attest, signature;

        s->guest.selected = 0xff00ff;
        forge_guest_quote(&s->guest, binding.bytes, SHA256_SIZE, &attest, &signature);
        for (unsigned i = 0; i < 8; i++)
                memcpy(lie.values[8 + i], s->guest.log.banks[1].values[16 + i], 32);
        replace(s, BUNDLE_TPM_QUOTE, forge_quote_record(&attest, &signature, NULL, &lie, 0x00ffff));
        forge_bytes_done(&attest);
        forge_bytes_done(&signature);
}

static void pcr_edited(struct scene *s) {
        struct digest binding = binding_of(NONCE, BIND, s->guest.claims);
        struct forge_pcrs lie = s->guest.log.banks[1];
        struct forge_bytes attest, signature;

        forge_guest_quote(&s->guest, binding.bytes, SHA256_SIZE, &attest, &signature);
        lie.values[4][0] ^= 1;
        replace(s, BUNDLE_TPM_QUOTE, forge_quote_record(&attest, &signature, NULL, &lie, 0xffffff));
        forge_bytes_done(&attest);
        forge_bytes_done(&signature);
        strip(s, BUNDLE_TPM_EVENT_LOG); /* which would not lead there */
}

/* The log of another boot, beside the registers of this one. */
static void log_of_another_boot(struct scene *s) {
        static const uint16_t banks[] = { FORGE_SHA1, FORGE_SHA256, FORGE_SHA384 };
        struct forge_log other;

        forge_log_begin(&other, banks, 3);
        forge_log_boot(&other);
        forge_log_event(&other, 4, 0xd, "another kernel", 14);
        replace(s, BUNDLE_TPM_EVENT_LOG, forge_copy(other.bytes.bytes, other.bytes.n));
        forge_log_done(&other);
}

static void quote_signature_changed(struct scene *s) {
        struct digest binding = binding_of(NONCE, BIND, s->guest.claims);
        struct forge_bytes attest, signature;

        forge_guest_quote(&s->guest, binding.bytes, SHA256_SIZE, &attest, &signature);
        attest.bytes[attest.n - 1] ^= 1; /* the digest of the registers */
        replace(s, BUNDLE_TPM_QUOTE,
                forge_quote_record(&attest, &signature, NULL, &s->guest.log.banks[1], 0xffffff));
        forge_bytes_done(&attest);
        forge_bytes_done(&signature);
}

/* Claims */

static void claims_edited(struct scene *s) {
        edit(s, BUNDLE_CLAIMS, "\"verdict\":\"allowed\"", "\"verdict\":\"blocked\"");
}

static void policy_digest_swapped(struct scene *s) {
        edit(s, BUNDLE_CLAIMS, "sha256:fcde", "sha256:0000");
}

/* He computes the binding of his claims, but no quote and no report has it. */
static void policy_digest_swapped_in_the_batch_too(struct scene *s) {
        struct digest genuine = binding_of(NONCE, BIND, s->guest.claims), his;
        struct forge_bytes from = {}, to = {};

        policy_digest_swapped(s);
        his = binding_of(NONCE, BIND, (char *)s->evidence.record[BUNDLE_CLAIMS].bytes);
        forge_hex(&from, genuine.bytes, SHA256_SIZE);
        forge_hex(&to, his.bytes, SHA256_SIZE);
        edit(s, BUNDLE_BATCH, (char *)from.bytes, (char *)to.bytes);
        forge_bytes_done(&from);
        forge_bytes_done(&to);
}

/* Honest guests that are not the one expected */

static void another_policy(struct scene *s) {
        _cleanup_(freep) char *claims = NULL;

        policy_digest_swapped(s);
        claims = strdup((char *)s->evidence.record[BUNDLE_CLAIMS].bytes);
        s->guest.claims = claims;
        give_again(s, NULL);
}

static void another_image(struct scene *s) {
        s->guest.snp.measurement[0] ^= 1;
        give_again(s, NULL);
}

static void rolled_back_as_a_whole(struct scene *s) {
        s->guest.snp.current.microcode--;
        s->guest.snp.committed = s->guest.snp.reported = s->guest.snp.current;
        forge_guest_certify(&s->guest, NULL);
        give_again(s, NULL);
}

static void another_boot(struct scene *s) {
        forge_log_event(&s->guest.log, 4, 0xd, "another kernel", 14);
        give_again(s, NULL);
}

/* Records */

static void claims_stripped(struct scene *s) {
        strip(s, BUNDLE_CLAIMS);
}

static void batch_stripped(struct scene *s) {
        strip(s, BUNDLE_BATCH);
}

static void report_stripped(struct scene *s) {
        strip(s, BUNDLE_HCL_REPORT);
}

static void quote_stripped(struct scene *s) {
        strip(s, BUNDLE_TPM_QUOTE);
}

static void chain_stripped(struct scene *s) {
        strip(s, BUNDLE_SNP_VEK_CHAIN);
}

static void quote_of_td_added(struct scene *s) {
        struct forge_guest other;

        forge_guest_init_tdx(&other, &pki, 4);
        take_record_of(s, &other, NULL, BUNDLE_TD_QUOTE);
        forge_guest_done(&other);
}

/* TDX */

static void td_quote_stripped(struct scene *s) {
        strip(s, BUNDLE_TD_QUOTE);
}

static void td_quote_of_another_td(struct scene *s) {
        struct forge_guest other;

        forge_guest_init_tdx(&other, &pki, 4);
        other.td.mrtd[0] ^= 1;
        take_record_of(s, &other, NULL, BUNDLE_TD_QUOTE);
        forge_guest_done(&other);
}

static void td_quote_of_before(struct scene *s) {
        struct forge_ask ask = ask_for("a nonce of before", BIND);

        take_record_of(s, &s->guest, &ask, BUNDLE_TD_QUOTE);
}

static void td_under_debugging(struct scene *s) {
        s->guest.td.attributes |= 1;
        give_again(s, NULL);
}

static void td_quote_by_a_key_of_his_own(struct scene *s) {
        struct forge_bytes *quote = &s->evidence.record[BUNDLE_TD_QUOTE], his;
        EVP_PKEY *key = forge_ec_key("P-256");
        struct forge_quote q = s->guest.quote;

        q.attestation_key = key;
        his = forge_quote_make(&pki, &q, &s->guest.td);
        memcpy(quote->bytes + 636, his.bytes + 636, 128); /* signature and key; the enclave's report stays */
        forge_bytes_done(&his);
        EVP_PKEY_free(key);
}

static void td_quote_under_an_imitated_root(struct scene *s) {
        struct forge_quote q = s->guest.quote;
        struct forge_pki his = pki;
        struct forge_bytes quote;

        forge_ca_imitate(&pki, FORGE_INTEL_ROOT, &his.ca[FORGE_INTEL_ROOT]);
        forge_ca_imitate_below(&pki, FORGE_INTEL_PLATFORM, &his.ca[FORGE_INTEL_ROOT],
                &his.ca[FORGE_INTEL_PLATFORM]);
        q.pck_certificate = forge_pck_certificate(&his, &s->guest.pck, q.pck);
        quote = forge_quote_make(&his, &q, &s->guest.td);
        replace(s, BUNDLE_TD_QUOTE, quote);
        X509_free(q.pck_certificate);
        forge_ca_done(&his.ca[FORGE_INTEL_PLATFORM]);
        forge_ca_done(&his.ca[FORGE_INTEL_ROOT]);
}

static void nothing(struct scene *s) {
}

#define REFUSED "cannot be parsed: "

struct attack {
        const char *name;
        void (*attack)(struct scene *s);
        const char
                *against; /* all checks that count against it, in their order; or why it cannot be parsed */
};

static const struct attack snp_attacks[] = {
        { "none", nothing, "" },
        { "AK substituted", ak_substituted, "quote-signature ak-name" },
        { "AK of another machine", ak_of_another_machine, "quote-signature ak-name ak-certificate-key" },
        { "software AK, boot-time report", software_ak_with_a_boot_time_report, "freshness ak-restricted" },
        { "the same, passed off as fresh", boot_time_report_passed_off_as_fresh,
                "user-data-tag user-data ak-restricted" },
        { "the same, imitated root", software_ak_under_an_imitated_root,
                "freshness ak-certificate-chain ak-restricted" },
        { "AK not restricted", ak_is_not_restricted, "ak-name" },
        { "raw nonce as a binding", raw_nonce_posing_as_a_binding, "user-data-tag user-data" },
        { "replayed", replayed, "nonce" },
        { "replayed, nonce edited", replayed_with_the_nonce_edited, "binding quote-data" },
        { "stale report", stale_report, "user-data" },
        { "relayed", relayed_to_another_channel, "bind" },
        { "relayed, bind edited", relayed_with_the_bind_edited, "binding quote-data" },
        { "torn report", torn_report, "claims-hash" },
        { "runtime claims edited", runtime_claims_edited, "claims-hash ak-restricted" },
        { "report of another chip", report_of_another_chip, "snp-signature vek-chip" },
        { "key of another chip", key_of_another_chip, "vek-chip" },
        { "key of another firmware", key_of_another_firmware, "vek-tcb" },
        { "key of another product", key_of_another_product, "vek-product" },
        { "imitated root of AMD", key_under_an_imitated_root, "amd-root" },
        { "key that nobody signed", key_that_nobody_signed, "vek-chain" },
        { "key expired", key_expired, "vek-validity" },
        { "issuer revoked", issuer_revoked, "revocation" },
        { "VLEK for a VCEK", vlek_passed_off_as_vcek, "snp-signing-key" },
        { "firmware rolled back", firmware_rolled_back, "snp-tcb-order" },
        { "lower privilege", report_of_a_lower_privilege, "vmpl" },
        { "debug guest", debug_guest, "debug" },
        { "hardware report changed", hardware_report_changed, "snp-signature" },
        { "signature padded", signature_padded,
                REFUSED "SNP report: R or S of the signature is longer than P-384 makes it" },
        { "isolation that nobody signs", hardware_without_hardware, "hardware" },
        { "PCR relabelled", pcr_relabelled, "quote-selection" },
        { "PCR edited", pcr_edited, "quote-pcrs" },
        { "log of another boot", log_of_another_boot, "event-log" },
        { "quote changed", quote_signature_changed, "quote-signature quote-pcrs" },
        { "claims edited", claims_edited, "binding quote-data" },
        { "policy digest swapped", policy_digest_swapped, "binding quote-data" },
        { "the same, in the batch too", policy_digest_swapped_in_the_batch_too, "user-data quote-data" },
        { "claims stripped", claims_stripped, "records nonce bind" },
        { "batch stripped", batch_stripped, "records nonce bind" },
        { "report stripped", report_stripped, "records user-data ak-restricted" },
        { "quote stripped", quote_stripped, "records" },
        { "chain stripped", chain_stripped, "snp-signature" },
        { "TD quote added", quote_of_td_added, "records" },
};

/* Held against what the guest's own evidence came to before. */
static const struct attack disguises[] = {
        { "none", nothing, "" },
        { "another policy in force", another_policy, "policy-digest" },
        { "another image launched", another_image, "measurement" },
        { "another boot", another_boot, "pcrs" },
        { "TCB rolled back as a whole", rolled_back_as_a_whole, "tcb-minimum" },
};

static const struct attack tdx_attacks[] = {
        { "none", nothing, "" },
        { "TD quote stripped", td_quote_stripped, "td-quote-signature" },
        { "TD quote of another TD", td_quote_of_another_td, "td-report-quote" },
        { "TD quote of before", td_quote_of_before, "td-quote-report-data" },
        { "TD under debugging", td_under_debugging, "debug" },
        { "attestation key of his own", td_quote_by_a_key_of_his_own, "qe-binding" },
        { "imitated root of Intel", td_quote_under_an_imitated_root, "intel-root" },
};

/* What a relying party writes down of evidence that it knows to be good. */
static struct expectation *expectation_of(const struct scene *s) {
        _cleanup_(verifier_freep) struct verifier *v = forged_verifier(&s->settings, &pki);
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct forge_bytes bundle = forge_bundle(&s->evidence);
        _cleanup_(freep) char *text = NULL;
        struct expectation *x = NULL;
        struct verification found;
        struct diag d = {};

        if (verifier_run(v, bundle.bytes, bundle.n, &found, &d) < 0)
                fail_msg("%s", d.text);
        assert_int_equal(expectation_format(&found.evidence, found.product, &text), 0);
        verification_done(&found);
        forge_bytes_done(&bundle);
        if (expectation_parse("good", text, strlen(text), &x, &problems, &d) < 0)
                fail_msg("%s", d.text);
        return x;
}

/* Whether the checks that count against it are those of the row. */
static bool judge_attack(const struct attack *a, const struct scene *s) {
        _cleanup_(verifier_freep) struct verifier *v = forged_verifier(&s->settings, &pki);
        struct forge_bytes bundle = forge_bundle(&s->evidence);
        struct verification found;
        char found_against[1024];
        struct diag d = {};

        if (s->crl.n)
                assert_int_equal(verifier_add_crl(v, "list", s->crl.bytes, s->crl.n, &d), 0);
        if (verifier_run(v, bundle.bytes, bundle.n, &found, &d) < 0) {
                snprintf(found_against, sizeof(found_against), REFUSED "%.900s", d.text);
        } else {
                list_against(&found.checks, found_against, sizeof(found_against));
                assert_int_equal(checks_acceptable(&found.checks), !*found_against);
                assert_int_equal(checks_trusted(&found.checks), !*found_against && !s->settings.waived);
                verification_done(&found);
        }
        forge_bytes_done(&bundle);
        if (strcmp(found_against, a->against) == 0)
                return true;
        print_message("# %s: \"%s\", not \"%s\"\n", a->name, found_against, a->against);
        return false;
}

static bool attack(const struct attack *a, struct scene *s, bool expecting) {
        _cleanup_(expectation_freep) struct expectation *x = NULL;
        bool as_it_should;

        s->settings = forged_settings();
        give_again(s, NULL);
        if (expecting)
                s->settings.expectation = x = expectation_of(s);
        else
                s->settings.waived = WAIVE_MEASUREMENT;
        a->attack(s);
        as_it_should = judge_attack(a, s);
        forge_bytes_done(&s->crl);
        forge_evidence_done(&s->evidence);
        return as_it_should;
}

static void attack_snp(const struct attack *attacks, size_t n, bool expecting) {
        bool all = true;

        for (size_t i = 0; i < n; i++) {
                struct scene s = {};

                forge_guest_init(&s.guest, &pki, SNP_MILAN);
                all = attack(&attacks[i], &s, expecting) && all;
                forge_guest_done(&s.guest);
        }
        assert_true(all);
}

static void every_attack_on_snp_fails_its_checks(void **state) {
        attack_snp(snp_attacks, sizeof(snp_attacks) / sizeof(snp_attacks[0]), false);
}

static void every_disguise_fails_its_checks(void **state) {
        attack_snp(disguises, sizeof(disguises) / sizeof(disguises[0]), true);
}

static void every_attack_on_tdx_fails_its_checks(void **state) {
        bool all = true;

        for (size_t i = 0; i < sizeof(tdx_attacks) / sizeof(tdx_attacks[0]); i++) {
                struct scene s = {};

                forge_guest_init_tdx(&s.guest, &pki, 4);
                all = attack(&tdx_attacks[i], &s, false) && all;
                forge_guest_done(&s.guest);
        }
        assert_true(all);
}

/* The first of two would count for one reader, the second for another. */
static void doubled_records_are_refused(void **state) {
        struct verifier_settings settings = forged_settings();
        _cleanup_(verifier_freep) struct verifier *v = forged_verifier(&settings, &pki);
        struct forge_ask ask = ask_for(NONCE, BIND);
        struct forge_guest g;
        struct forge_evidence e;
        struct verification found;

        forge_guest_init(&g, &pki, SNP_MILAN);
        forge_guest_evidence(&g, &ask, &e);
        for (enum bundle_record r = 1; r < _BUNDLE_RECORD_MAX; r++) {
                struct forge_bytes bundle, again = {};
                struct diag d = {};

                if (!e.record[r].n)
                        continue;
                bundle = forge_bundle(&e);
                forge_put(&again, bundle.bytes, bundle.n - 1);
                forge_text(&again, ",\"%s\":[\"%s\",\"", bundle_record_name(r), bundle_record_media_type(r));
                forge_base64url(&again, e.record[r].bytes, e.record[r].n);
                forge_text(&again, "\"]}");
                assert_int_equal(verifier_run(v, again.bytes, again.n, &found, &d), -EBADMSG);
                assert_non_null(strstr(d.text, "given before"));
                forge_bytes_done(&again);
                forge_bytes_done(&bundle);
        }
        forge_evidence_done(&e);
        forge_guest_done(&g);
}

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attack_on_snp_fails_its_checks),
        cmocka_unit_test(every_disguise_fails_its_checks),
        cmocka_unit_test(every_attack_on_tdx_fails_its_checks),
        cmocka_unit_test(doubled_records_are_refused),
};

RUN_WITH(tests, load, unload)
