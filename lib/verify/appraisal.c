/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hardware's report, the paravisor's claims and the quote say. An expectation that the evidence
 * cannot answer is unavailable, and so is not met.
 */
#include "lib/verify/appraisal.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/policy/policy-problem.h"
#include "lib/verify/claims-appraisal.h"

#define SHOWN 8 /* bytes of a value, in details */

struct shown {
        char text[2 * SHOWN + 4];
};

static struct shown shown(const uint8_t *bytes, size_t n) {
        struct shown s;

        hex_format(bytes, n < SHOWN ? n : SHOWN, s.text);
        if (n > SHOWN)
                memcpy(s.text + (size_t)2 * SHOWN, "...", sizeof("..."));
        return s;
}

static bool is_one_of(const struct expected_values *v, const uint8_t *bytes) {
        bool found = false;

        for (size_t i = 0; i < v->n; i++)
                found = CRYPTO_memcmp(v->bytes + i * v->size, bytes, v->size) == 0 || found;
        return found;
}

/* bytes: NULL when the evidence does not say. */
static void judge_value(const struct expected_values *v, enum check_id id, const char *what,
        const uint8_t *bytes, struct checks *c) {
        if (v->n == 0)
                return;
        if (bytes)
                check_that(c, id, is_one_of(v, bytes), "%s %s, of %zu expected", what,
                        shown(bytes, v->size).text, v->n);
        else
                check_note(c, id, CHECK_UNAVAILABLE, "the evidence has no %s", what);
}

static void judge_isolation(const struct evidence *e, const struct expectation *x, struct checks *c) {
        if (x->isolation)
                check_that(c, CHECK_ISOLATION, x->isolation & 1U << e->type, "isolation by %s",
                        hcl_report_type_to_string(e->type));
}

/* What was launched; NULL when the evidence does not say. */
static const uint8_t *measurement_of(const struct evidence *e) {
        if (e->has_snp)
                return e->snp.measurement;
        return e->has_td_quote ? e->td_quote.td.mrtd : NULL;
}

/* The one who signed the launch, and how new it is. */
static void judge_id_key(const struct evidence *e, const struct expectation *x, struct checks *c) {
        if (x->id_key.n == 0)
                return;
        judge_value(&x->id_key, CHECK_ID_KEY, "ID key", e->has_snp ? e->snp.id_key_digest : NULL, c);
        if (e->has_snp)
                check_that(c, CHECK_GUEST_SVN, e->snp.guest_svn >= x->minimum_svn,
                        "SVN %u, at least %u expected", e->snp.guest_svn, x->minimum_svn);
}

static void judge_launch(const struct evidence *e, const struct expectation *x, struct checks *c) {
        const uint8_t *measurement = measurement_of(e);

        if (x && x->measurement.n > 0)
                judge_value(&x->measurement, CHECK_MEASUREMENT, "measurement", measurement, c);
        else if (!x || x->id_key.n == 0)
                check_missing(c, CHECK_MEASUREMENT, WAIVE_MEASUREMENT,
                        "nothing says what may have been launched: --expect FILE, or --any-measurement");
}

/* The launch has to be of the first level of privilege when the paravisor speaks, for guests run below it.
 */
static void judge_vmpl(const struct evidence *e, const struct expectation *x, struct checks *c) {
        uint32_t expected = e->has_hcl || !x || !x->has_vmpl ? 0 : x->vmpl;

        check_that(c, CHECK_VMPL, e->snp.vmpl == expected, "VMPL %u, %u expected", e->snp.vmpl, expected);
}

static void judge_debug(bool debug, const struct expectation *x, struct checks *c) {
        bool wanted = x && x->guest_policy.mask & x->guest_policy.value & SNP_POLICY_DEBUG;

        if (debug && wanted)
                check_note(c, CHECK_DEBUG, CHECK_PASS, "the host can read this guest's memory, as expected");
        else
                check_that(c, CHECK_DEBUG, !debug,
                        debug ? "the host may debug this guest: its memory is no secret"
                              : "the host cannot debug this guest");
}

static void judge_bits(const struct expected_bits *b, enum check_id id, uint64_t bits,
        const struct expectation_flag *(*flag)(size_t i), struct checks *c) {
        if (b->mask == 0)
                return;
        for (size_t i = 0; flag(i); i++) {
                uint64_t bit = UINT64_C(1) << flag(i)->bit;

                if (b->mask & bit && (bits ^ b->value) & bit)
                        check_note(c, id, CHECK_FAIL, "%s is %s", flag(i)->name, bits & bit ? "on" : "off");
        }
        check_note(c, id, CHECK_PASS, "0x%llx", (unsigned long long)bits);
}

/* Which product it is may stand in the VEK certificate alone; the check of that product knows. */
static void judge_tcb(const struct evidence *e, const struct expectation *x, enum snp_product product,
        struct checks *c) {
        const struct expected_tcb *expected = &x->tcb[product];
        struct snp_tcb reported;
        bool any = false;

        for (unsigned i = 1; i < _SNP_PRODUCT_MAX; i++)
                any = any || x->tcb[i].given;
        if (!any)
                return;
        if (product == 0 || !expected->given) {
                check_note(c, CHECK_TCB_MINIMUM, CHECK_UNAVAILABLE, "no minimum is known for %s",
                        product ? snp_product_to_string(product) : "a product that is not known");
                return;
        }
        reported = snp_tcb_of(e->snp.reported_tcb, product);
        check_that(c, CHECK_TCB_MINIMUM, snp_tcb_at_most(&expected->minimum, &reported),
                "%s: bl %u, tee %u, snp %u, ucode %u; at least %u, %u, %u, %u",
                snp_product_to_string(product), reported.boot_loader, reported.tee, reported.snp,
                reported.microcode, expected->minimum.boot_loader, expected->minimum.tee,
                expected->minimum.snp, expected->minimum.microcode);
}

static uint32_t firmware_number(const struct snp_firmware *f) {
        return (uint32_t)f->major << 16 | (uint32_t)f->minor << 8 | f->build;
}

static void judge_firmware(const struct snp_report *r, const struct expectation *x, struct checks *c) {
        if (x->has_firmware)
                check_that(c, CHECK_FIRMWARE_MINIMUM,
                        firmware_number(&r->committed) >= firmware_number(&x->firmware),
                        "committed firmware %u.%u.%u, at least %u.%u.%u expected", r->committed.major,
                        r->committed.minor, r->committed.build, x->firmware.major, x->firmware.minor,
                        x->firmware.build);
        if (x->has_mitigations && r->version < 5)
                check_note(c, CHECK_MITIGATIONS, CHECK_UNAVAILABLE,
                        "a report of version %u does not tell mitigations", r->version);
        else if (x->has_mitigations)
                check_that(c, CHECK_MITIGATIONS, (r->launch_mitigations & x->mitigations) == x->mitigations,
                        "mitigations at launch 0x%llx, at least 0x%llx expected",
                        (unsigned long long)r->launch_mitigations, (unsigned long long)x->mitigations);
}

/* What is expected of SNP alone does not count for other guests; "isolation" keeps those out. */
static void judge_snp(const struct evidence *e, const struct expectation *x, enum snp_product product,
        struct checks *c) {
        const struct snp_report *r = &e->snp;

        judge_vmpl(e, x, c);
        judge_debug(r->policy & SNP_POLICY_DEBUG, x, c);
        if (!x)
                return;
        judge_id_key(e, x, c);
        judge_value(&x->author_key, CHECK_ID_KEY, "author key", r->author_key_digest, c);
        judge_value(&x->family_id, CHECK_FAMILY_ID, "family id", r->family_id, c);
        judge_value(&x->image_id, CHECK_IMAGE_ID, "image id", r->image_id, c);
        judge_value(&x->host_data, CHECK_HOST_DATA, "host data", r->host_data, c);
        judge_bits(&x->guest_policy, CHECK_GUEST_POLICY, r->policy, expectation_guest_policy_flag, c);
        judge_bits(&x->platform, CHECK_PLATFORM, r->platform_info, expectation_platform_flag, c);
        judge_tcb(e, x, product, c);
        judge_firmware(r, x, c);
}

static void put_be64(uint8_t ret[8], uint64_t value) {
        for (unsigned i = 0; i < 8; i++)
                ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void judge_td(const struct tdx_quote *q, const struct expectation *x, struct checks *c) {
        uint8_t xfam[8], attributes[8];
        const uint8_t *const values[] = {
                [TD_MRSEAM] = q->mrseam,
                [TD_MRSIGNERSEAM] = q->mrsignerseam,
                [TD_MRCONFIGID] = q->td.mrconfigid,
                [TD_MROWNER] = q->td.mrowner,
                [TD_MROWNERCONFIG] = q->td.mrownerconfig,
                [TD_RTMR0] = q->td.rtmr[0],
                [TD_RTMR1] = q->td.rtmr[1],
                [TD_RTMR2] = q->td.rtmr[2],
                [TD_RTMR3] = q->td.rtmr[3],
                [TD_XFAM] = xfam,
                [TD_ATTRIBUTES] = attributes,
        };

        put_be64(xfam, q->td.xfam);
        put_be64(attributes, q->td.attributes);
        for (unsigned i = 0; i < _TD_MAX; i++)
                judge_value(&x->td[i], CHECK_TD, expectation_td_name(i), values[i], c);
}

static void judge_tdx(const struct evidence *e, const struct expectation *x, struct checks *c) {
        judge_debug(e->td_quote.td.attributes & TDX_DEBUG, x, c);
        if (x)
                judge_td(&e->td_quote, x, c);
}

static bool same_value(const struct json_node *a, const struct json_node *b) {
        if (!b || a->kind != b->kind)
                return false;
        switch (a->kind) {
        case JSON_BOOLEAN:
                return a->boolean == b->boolean;
        case JSON_INTEGER:
                return a->integer == b->integer;
        case JSON_STRING:
                return strcmp(a->string, b->string) == 0;
        case JSON_NULL:
        case JSON_LIST:
        case JSON_OBJECT:
        case _JSON_KIND_MAX:
                break;
        }
        return false;
}

static void judge_vm_configuration(const struct evidence *e, const struct expectation *x, struct checks *c) {
        const struct json_node *there = e->has_hcl ? e->runtime.vm_configuration : NULL;

        if (!x->vm_configuration)
                return;
        if (!there) {
                check_note(c, CHECK_VM_CONFIGURATION, CHECK_UNAVAILABLE,
                        "the evidence does not tell the configuration of the VM");
                return;
        }
        for (const struct json_node *m = x->vm_configuration->children; m; m = m->next)
                if (!same_value(m, json_member(there, m->key)))
                        check_note(c, CHECK_VM_CONFIGURATION, CHECK_FAIL, "%s is %s", quote(m->key).text,
                                json_member(there, m->key) ? "not as expected" : "not there");
        check_note(c, CHECK_VM_CONFIGURATION, CHECK_PASS, "%zu as expected",
                x->vm_configuration->n_children);
}

/* A register that was not quoted is not known, whatever value is handed along. */
static void judge_pcr(const struct evidence *e, const struct expectation *x, unsigned pcr,
        struct checks *c) {
        if (!(e->attest.selected & e->pcrs->selected & UINT32_C(1) << pcr) ||
                e->attest.bank != x->pcr_bank || e->pcrs->hash != x->pcr_bank)
                check_note(c, CHECK_PCRS, CHECK_UNAVAILABLE, "PCR %u of %s was not quoted", pcr,
                        pcr_hash_to_string(x->pcr_bank));
        else if (!is_one_of(&x->pcrs[pcr], e->pcrs->values[pcr]))
                check_note(c, CHECK_PCRS, CHECK_FAIL, "PCR %u is %s", pcr,
                        shown(e->pcrs->values[pcr], x->pcrs[pcr].size).text);
}

static void judge_pcrs(const struct evidence *e, const struct expectation *x, struct checks *c) {
        unsigned n = 0;

        for (unsigned i = 0; i < PCR_COUNT; i++) {
                if (x->pcrs[i].n == 0)
                        continue;
                n++;
                if (e->has_quote)
                        judge_pcr(e, x, i, c);
        }
        if (n > 0)
                check_note(c, CHECK_PCRS, e->has_quote ? CHECK_PASS : CHECK_UNAVAILABLE, "%u expected%s", n,
                        e->has_quote ? "" : ", and no quote tells any");
}

/* Last, for it is about what all others found. */
static void judge_required(const struct expectation *x, struct checks *c) {
        unsigned n = 0;

        for (unsigned i = 1; i < _CHECK_MAX; i++) {
                if (!x->required[i])
                        continue;
                n++;
                if (!check_passed(c, i))
                        check_note(c, CHECK_REQUIRED, CHECK_FAIL, "%s has to pass", check_name(i));
        }
        if (n > 0)
                check_note(c, CHECK_REQUIRED, CHECK_PASS, "%u checks", n);
}

void appraise(const struct evidence *e, const struct expectation *x, enum snp_product product, int64_t at,
        struct checks *c) {
        judge_launch(e, x, c);
        if (e->has_snp)
                judge_snp(e, x, product, c);
        if (e->has_td_quote)
                judge_tdx(e, x, c);
        if (!x)
                return;
        judge_isolation(e, x, c);
        if (!e->has_snp)
                judge_id_key(e, x, c);
        judge_vm_configuration(e, x, c);
        judge_pcrs(e, x, c);
        claims_appraise(e, x, at, c);
        judge_required(x, c);
}
