/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source of the rules: AMD 56860 (report) and 57230 (VCEK and VLEK certificates). */
#include "lib/verify/snp-verify.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/policy/policy-problem.h"
#include "lib/verify/chain.h"

#define ECDSA_P384_SHA384 1
#define P384_SIZE 48

static const struct chain_checks vek_checks = {
        .chain = CHECK_VEK_CHAIN,
        .root = CHECK_AMD_ROOT,
        .validity = CHECK_VEK_VALIDITY,
};

static bool is_zero(const uint8_t *bytes, size_t n) {
        return span_is_zero((struct span){ bytes, n });
}

/* The wire is little-endian, 72 bytes for 48; false when there is anything in what is left over. */
static bool turn_around(const uint8_t wire[72], uint8_t ret[P384_SIZE]) {
        for (size_t i = 0; i < P384_SIZE; i++)
                ret[i] = wire[P384_SIZE - 1 - i];
        return is_zero(wire + P384_SIZE, 72 - P384_SIZE);
}

static void verify_signature(const struct snp_report *report, const struct certificate *leaf,
        const struct anchors *a, struct checks *c) {
        uint8_t r[P384_SIZE], s[P384_SIZE];

        if (!turn_around(report->r, r) || !turn_around(report->s, s)) {
                check_note(c, CHECK_SNP_SIGNATURE, CHECK_FAIL,
                        "r or s is padded with something else than zero");
                return;
        }
        if (signature_ecdsa_good(a->signatures, leaf->key, PCR_SHA384, r, s, P384_SIZE,
                    report->signed_part.bytes, report->signed_part.n))
                check_note(c, CHECK_SNP_SIGNATURE, CHECK_PASS, "ECDSA P-384 over %zu bytes",
                        report->signed_part.n);
        else
                check_note(c, CHECK_SNP_SIGNATURE, CHECK_FAIL, "not made by the key of this %s",
                        certificate_name(leaf).text);
}

/* Which key the report says that it is signed by, beside which key it was handed with. */
static void verify_signing_key(const struct snp_report *report, const struct vek_certificate *vek,
        struct checks *c) {
        bool vlek = vek->n_hwid == 0;

        if (report->signing_key == SNP_SIGNED_NONE)
                check_note(c, CHECK_SNP_SIGNING_KEY, CHECK_FAIL, "the report says that it is not signed");
        else if (report->signing_key != SNP_SIGNED_VCEK && report->signing_key != SNP_SIGNED_VLEK)
                check_note(c, CHECK_SNP_SIGNING_KEY, CHECK_FAIL, "the report names an unknown key, %u",
                        report->signing_key);
        else
                check_that(c, CHECK_SNP_SIGNING_KEY, vlek == (report->signing_key == SNP_SIGNED_VLEK),
                        "the report names a %s, the certificate is of a %s",
                        report->signing_key == SNP_SIGNED_VLEK ? "VLEK" : "VCEK", vlek ? "VLEK" : "VCEK");
}

/* Version 2 does not say what it ran on: there, the certificate decides. */
static void verify_product(const struct snp_report *report, const struct vek_certificate *vek,
        const struct root *root, struct checks *c) {
        const char *name = snp_product_to_string(vek->product);

        if (report->product && report->product != vek->product)
                check_note(c, CHECK_VEK_PRODUCT, CHECK_FAIL,
                        "the report is of a %s, the certificate of a %s",
                        snp_product_to_string(report->product), name);
        else if (report->version > 2 && !report->product)
                check_note(c, CHECK_VEK_PRODUCT, CHECK_FAIL,
                        "the report is of a processor that is not known (family 0x%02x, model 0x%02x)",
                        report->family, report->model);
        else if (root && root->product && root->product != vek->product)
                check_note(c, CHECK_VEK_PRODUCT, CHECK_FAIL, "a certificate for %s under the root of %s",
                        name, snp_product_to_string(root->product));
        else
                check_note(c, CHECK_VEK_PRODUCT, CHECK_PASS, "%s%s", name,
                        report->product ? "" : ", by the certificate alone");
}

static void verify_chip(const struct snp_report *report, const struct vek_certificate *vek,
        struct checks *c) {
        size_t n = vek->n_hwid;

        if (n == 0)
                check_note(c, CHECK_VEK_CHIP, CHECK_PASS, "a VLEK is a provider's, not a chip's: %s",
                        quote(vek->csp_id).text);
        else if (is_zero(report->chip_id, sizeof(report->chip_id)))
                check_note(c, CHECK_VEK_CHIP, CHECK_PASS,
                        "the report hides its chip; the VCEK that signed it is one chip's");
        else
                check_that(c, CHECK_VEK_CHIP,
                        CRYPTO_memcmp(report->chip_id, vek->hwid, n) == 0 &&
                                is_zero(report->chip_id + n, sizeof(report->chip_id) - n),
                        "chip id of the report and HWID of the VCEK (%02x%02x%02x%02x..., "
                        "%02x%02x%02x%02x...)",
                        report->chip_id[0], report->chip_id[1], report->chip_id[2], report->chip_id[3],
                        vek->hwid[0], vek->hwid[1], vek->hwid[2], vek->hwid[3]);
}

struct tcb_text {
        char text[64];
};

static struct tcb_text tcb_text(const struct snp_tcb *t, enum snp_product product) {
        struct tcb_text text;
        char fmc[16] = "";

        if (product == SNP_TURIN)
                snprintf(fmc, sizeof(fmc), "fmc %u, ", t->fmc);
        snprintf(text.text, sizeof(text.text), "%sbl %u, tee %u, snp %u, ucode %u", fmc, t->boot_loader,
                t->tee, t->snp, t->microcode);
        return text;
}

static bool tcb_equal(const struct snp_tcb *a, const struct snp_tcb *b) {
        return snp_tcb_at_most(a, b) && snp_tcb_at_most(b, a);
}

static void verify_tcb(const struct snp_report *report, const struct vek_certificate *vek,
        struct checks *c) {
        struct snp_tcb reported = snp_tcb_of(report->reported_tcb, vek->product);

        check_that(c, CHECK_VEK_TCB,
                tcb_equal(&reported, &vek->tcb) && !(report->reported_tcb & snp_tcb_reserved(vek->product)),
                "reported %s; certificate %s", tcb_text(&reported, vek->product).text,
                tcb_text(&vek->tcb, vek->product).text);
}

/* That committed equals current is no rule: genuine machines differ while firmware is being updated. */
static void verify_tcb_order(const struct snp_report *report, enum snp_product product, struct checks *c) {
        struct snp_tcb reported = snp_tcb_of(report->reported_tcb, product),
                       committed = snp_tcb_of(report->committed_tcb, product),
                       current = snp_tcb_of(report->current_tcb, product);

        if (!snp_tcb_at_most(&reported, &committed))
                check_note(c, CHECK_SNP_TCB_ORDER, CHECK_FAIL, "reported %s is above committed %s",
                        tcb_text(&reported, product).text, tcb_text(&committed, product).text);
        else
                check_that(c, CHECK_SNP_TCB_ORDER, snp_tcb_at_most(&committed, &current),
                        "committed %s, current %s", tcb_text(&committed, product).text,
                        tcb_text(&current, product).text);
}

/* Everything that the certificate says of the key is held against what the report says of itself. */
static enum snp_product verify_with(const struct snp_report *report, struct certificate *leaf,
        const struct root *root, struct checks *c) {
        const struct vek_certificate *vek;
        struct diag d = {};

        if (certificate_vek(leaf, &vek, &d) < 0) {
                check_note(c, CHECK_VEK_PRODUCT, CHECK_FAIL, "%s", d.text);
                return report->product;
        }
        verify_signing_key(report, vek, c);
        verify_product(report, vek, root, c);
        verify_chip(report, vek, c);
        verify_tcb(report, vek, c);
        verify_tcb_order(report, vek->product, c);
        return vek->product;
}

enum snp_product snp_verify(const struct snp_report *report, const struct certificates *chain,
        const struct anchors *a, struct checks *c) {
        enum snp_product product;
        const struct root *root;

        check_that(c, CHECK_SNP_ALGORITHM, report->signature_algorithm == ECDSA_P384_SHA384,
                "algorithm %u (1 is ECDSA P-384 with SHA-384)", report->signature_algorithm);
        if (chain->n == 0) {
                check_note(c, CHECK_SNP_SIGNATURE, CHECK_UNAVAILABLE,
                        "no certificate of the key that signed: --certs FILE brings VCEK or VLEK, ASK and "
                        "ARK");
                return report->product;
        }
        chain_verify(chain, ROOT_AMD, a->roots, a->at, &vek_checks, c, &root);
        product = verify_with(report, chain->of[0], root, c);
        verify_signature(report, chain->of[0], a, c);
        revocation_check(a->revocation, chain, root, a->at, c);
        return product;
}
