/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source of the rules: Intel TDX DCAP quote verification library; PCS API version 4, "TCB status". */
#include "lib/verify/tdx-collateral.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/format/tdx-collateral.h"
#include "lib/verify/chain.h"

#define FILES_MAX 64 /* platforms differ by FMSPC */
#define SIGNER "Intel SGX TCB Signing"
#define P256_SIZE 32

struct file {
        char *name;
        char *text; /* what the rest borrows from */
        struct tdx_collateral_file parsed;
        bool verified;                   /* whether signature was looked at */
        char problem[CHECK_DETAIL_SIZE]; /* "": it is good */
};

struct tdx_collateral {
        struct file files[FILES_MAX];
        size_t n;
        struct certificates signers;
};

int tdx_collateral_new(struct tdx_collateral **ret) {
        struct tdx_collateral *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        *ret = t;
        return 0;
}

static void file_done(struct file *f) {
        tdx_collateral_file_done(&f->parsed);
        free(f->text);
        free(f->name);
}

void tdx_collateral_free(struct tdx_collateral *t) {
        if (!t)
                return;
        while (t->n > 0)
                file_done(&t->files[--t->n]);
        certificates_done(&t->signers);
        free(t);
}

/* Two that are about the same would leave open which of them counts. */
static bool about_the_same(const struct tdx_collateral_file *a, const struct tdx_collateral_file *b) {
        return a->kind == b->kind &&
                (a->kind == TDX_QE_IDENTITY ||
                        (memcmp(a->tcb_info.fmspc, b->tcb_info.fmspc, sizeof(a->tcb_info.fmspc)) == 0 &&
                                memcmp(a->tcb_info.pce_id, b->tcb_info.pce_id, sizeof(a->tcb_info.pce_id)) ==
                                        0));
}

static int add_json(struct tdx_collateral *t, const char *what, const void *bytes, size_t n,
        struct diag *d) {
        _cleanup_(file_done) struct file f = { .name = strdup(what), .text = malloc(n + 1) };
        int r;

        if (!f.name || !f.text)
                return diag_errno(d, -ENOMEM, "%s", what);
        if (t->n == FILES_MAX)
                return diag_fail(d, -E2BIG, "%s: more than %d files of collateral", what, FILES_MAX);
        memcpy(f.text, bytes, n);
        r = tdx_collateral_file_parse(f.text, n, what, &f.parsed, d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n; i++)
                if (about_the_same(&t->files[i].parsed, &f.parsed))
                        return diag_fail(d, -EBADMSG, "%s: about the same as %s", what, t->files[i].name);
        t->files[t->n++] = f;
        f = (struct file){};
        return 0;
}

static bool is_json_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int tdx_collateral_add(struct tdx_collateral *t, struct certificate_cache *cache, const char *what,
        const void *bytes, size_t n, struct diag *d) {
        const char *text = bytes;
        size_t blanks = 0;

        while (blanks < n && is_json_blank(text[blanks]))
                blanks++;
        if (blanks < n && text[blanks] == '{')
                return add_json(t, what, bytes, n, d);
        if (t->signers.n > 0)
                return diag_fail(d, -EBADMSG, "%s: a second chain of certificates", what);
        return certificates_add(&t->signers, cache, what, CERTIFICATE_PEM, bytes, n, d);
}

/* Intel's certificate for this purpose, right below the root: not, say, that of a platform. */
static const char *signer_problem(const struct certificates *signers) {
        if (signers->n == 0)
                return "the chain of " SIGNER " was not given: --collateral FILE names it too";
        if (signers->n > 2 || strcmp(certificate_name(signers->of[0]).text, SIGNER) != 0)
                return "the chain that was given is not that of " SIGNER;
        if (X509_check_ca(signers->of[0]->x509) != 0 ||
                !(X509_get_key_usage(signers->of[0]->x509) & KU_DIGITAL_SIGNATURE))
                return SIGNER " may not sign collateral";
        return NULL;
}

/* What is wrong with it goes to problem: it is looked at once, and told for each piece of evidence. */
static bool signers_good(const struct certificates *signers, const struct anchors *a,
        char problem[CHECK_DETAIL_SIZE]) {
        static const struct chain_checks ids = { CHECK_TDX_TCB, CHECK_TDX_TCB, CHECK_TDX_TCB };
        const char *wrong = signer_problem(signers);
        struct checks own = {};
        const struct root *root = NULL;

        if (wrong) {
                (void)snprintf(problem, CHECK_DETAIL_SIZE, "%s", wrong);
                return false;
        }
        if (!chain_verify(signers, ROOT_INTEL, a->roots, a->at, &ids, &own, &root)) {
                (void)snprintf(problem, CHECK_DETAIL_SIZE, "%s", own.of[CHECK_TDX_TCB].detail);
                return false;
        }
        revocation_check(a->revocation, signers, root, a->at, &own);
        if (own.of[CHECK_REVOCATION].result == CHECK_FAIL) {
                (void)snprintf(problem, CHECK_DETAIL_SIZE, "%s", own.of[CHECK_REVOCATION].detail);
                return false;
        }
        return true;
}

static void judge_file(struct tdx_collateral *t, struct file *f, const struct anchors *a) {
        const struct tdx_collateral_file *p = &f->parsed;
        bool is_info = p->kind == TDX_TCB_INFO;
        int64_t issued = is_info ? p->tcb_info.issued : p->qe_identity.issued;
        int64_t next = is_info ? p->tcb_info.next_update : p->qe_identity.next_update;

        if (!signers_good(&t->signers, a, f->problem))
                return;
        if (!signature_ecdsa_good(a->signatures, t->signers.of[0]->key, PCR_SHA256, p->signature,
                    p->signature + P256_SIZE, P256_SIZE, p->body.bytes, p->body.n))
                (void)snprintf(f->problem, sizeof(f->problem), "its signature is not by the key of " SIGNER);
        else if (a->at < issued)
                (void)snprintf(f->problem, sizeof(f->problem), "it was issued later, on %s",
                        day_of(issued).text);
        else if (a->at > next)
                (void)snprintf(f->problem, sizeof(f->problem), "it expired on %s: there is a newer one",
                        day_of(next).text);
}

/* Good, or the check is noted as failed. Roots and clock do not change, and neither does the outcome. */
static bool file_good(struct tdx_collateral *t, struct file *f, const struct anchors *a, enum check_id id,
        struct checks *c) {
        if (!f->verified)
                judge_file(t, f, a);
        f->verified = true;
        return !f->problem[0] || check_note(c, id, CHECK_FAIL, "%s: %s", f->name, f->problem);
}

static struct file *find_identity(struct tdx_collateral *t) {
        for (size_t i = 0; t && i < t->n; i++)
                if (t->files[i].parsed.kind == TDX_QE_IDENTITY)
                        return &t->files[i];
        return NULL;
}

static struct file *find_info(struct tdx_collateral *t, const struct pck_certificate *pck) {
        for (size_t i = 0; i < t->n; i++) {
                const struct tcb_info *info = &t->files[i].parsed.tcb_info;

                if (t->files[i].parsed.kind == TDX_TCB_INFO &&
                        memcmp(info->fmspc, pck->fmspc, sizeof(pck->fmspc)) == 0 &&
                        memcmp(info->pce_id, pck->pce_id, sizeof(pck->pce_id)) == 0)
                        return &t->files[i];
        }
        return NULL;
}

/* The highest level that a version reaches. */
static const struct tcb_level *isv_level(const struct tcb_levels *levels, uint16_t svn) {
        for (size_t i = 0; i < levels->n; i++)
                if (levels->of[i].isv_svn <= svn)
                        return &levels->of[i];
        return NULL;
}

static bool reaches(const uint8_t *found, const uint8_t *wanted, size_t first) {
        for (size_t i = first; i < SGX_COMPONENTS; i++)
                if (found[i] < wanted[i])
                        return false;
        return true;
}

/* With a version of the module, components 0 and 1 are the module's, which has levels of its own. */
static const struct tcb_level *platform_level(const struct tcb_levels *levels,
        const struct pck_certificate *pck, const uint8_t tee_tcb_svn[16]) {
        size_t first = tee_tcb_svn[1] > 0 ? 2 : 0;

        for (size_t i = 0; i < levels->n; i++) {
                const struct tcb_level *l = &levels->of[i];

                if (reaches(pck->sgx_svn, l->sgx_svn, 0) && pck->pce_svn >= l->pce_svn &&
                        reaches(tee_tcb_svn, l->tdx_svn, first))
                        return l;
        }
        return NULL;
}

/* What a level means for the two verdicts. */
static void note_level(const char *what, const struct tcb_level *l, const struct anchors *a,
        struct checks *c) {
        const char *status = tcb_status_to_string(l->status), *blank = l->advisories[0] ? ": " : "";
        unsigned accepted = a->tdx_tcb ? a->tdx_tcb : 1U << TCB_UP_TO_DATE;

        if (l->status == TCB_REVOKED)
                check_note(c, CHECK_REVOCATION, CHECK_FAIL, "Intel revoked the TCB that %s has, of %s%s%s",
                        what, day_of(l->date).text, blank, l->advisories);
        check_that(c, CHECK_TDX_TCB, l->status != TCB_REVOKED && accepted >> l->status & 1,
                "%s: %s, TCB of %s%s%s", what, status, day_of(l->date).text, blank, l->advisories);
}

/* Which module it is, and that it is Intel's. */
static bool verify_module(const struct tcb_info *info, const struct tdx_quote *quote,
        const struct anchors *a, struct checks *c) {
        uint8_t version = quote->tee_tcb_svn[1];
        const struct tdx_module *m = NULL;
        const struct tcb_level *l;

        for (size_t i = 0; i < info->n_modules; i++)
                if (info->modules[i].version == version)
                        m = &info->modules[i];
        if (!m)
                return check_note(c, CHECK_TDX_TCB, CHECK_FAIL,
                        "Intel knows no TDX module TDX_%02X on this platform", version);
        if (memcmp(m->mrsigner, quote->mrsignerseam, sizeof(m->mrsigner)) != 0 ||
                (quote->seam_attributes & m->attributes_mask) != (m->attributes & m->attributes_mask))
                return check_note(c, CHECK_TDX_TCB, CHECK_FAIL,
                        "the TDX module has another signer or other attributes than Intel's TDX_%02X",
                        version);
        if (version == 0)
                return true;
        l = isv_level(&m->levels, quote->tee_tcb_svn[0]);
        if (!l)
                return check_note(c, CHECK_TDX_TCB, CHECK_FAIL, "Intel knows no version %u of TDX_%02X",
                        quote->tee_tcb_svn[0], version);
        note_level("the TDX module", l, a, c);
        return true;
}

static void verify_tcb(struct tdx_collateral *t, const struct tdx_quote *quote,
        struct certificate *certificate, const struct anchors *a, struct checks *c) {
        const struct pck_certificate *p;
        const struct tcb_level *l;
        struct diag d = {};
        struct file *f;

        if (certificate_pck(certificate, &p, &d) < 0) {
                check_note(c, CHECK_TDX_TCB, CHECK_FAIL, "%s", d.text);
                return;
        }
        f = t ? find_info(t, p) : NULL;
        if (!f) {
                check_note(c, CHECK_TDX_TCB, CHECK_UNAVAILABLE,
                        "no TCB info for FMSPC %02X%02X%02X%02X%02X%02X was given: whether the platform is "
                        "up to "
                        "date is not known",
                        p->fmspc[0], p->fmspc[1], p->fmspc[2], p->fmspc[3], p->fmspc[4], p->fmspc[5]);
                return;
        }
        if (!file_good(t, f, a, CHECK_TDX_TCB, c) || !verify_module(&f->parsed.tcb_info, quote, a, c))
                return;
        l = platform_level(&f->parsed.tcb_info.levels, p, quote->tee_tcb_svn);
        if (!l)
                check_note(c, CHECK_TDX_TCB, CHECK_FAIL, "the platform is below every TCB that Intel lists");
        else
                note_level("the platform", l, a, c);
}

static const char *identity_problem(const struct qe_identity *q, const struct sgx_report *r) {
        if ((r->misc_select & q->misc_select_mask) != (q->misc_select & q->misc_select_mask))
                return "MISCSELECT";
        for (size_t i = 0; i < sizeof(q->attributes); i++)
                if ((r->attributes[i] & q->attributes_mask[i]) != (q->attributes[i] & q->attributes_mask[i]))
                        return "attributes";
        if (memcmp(r->mrsigner, q->mrsigner, sizeof(q->mrsigner)) != 0)
                return "MRSIGNER";
        return r->isv_prod_id != q->isv_prod_id ? "ISVPRODID" : NULL;
}

static void verify_identity(struct tdx_collateral *t, const struct tdx_quote *quote, const struct anchors *a,
        struct checks *c) {
        struct file *f = find_identity(t);
        const struct sgx_report *r = &quote->qe_report;
        const struct tcb_level *l;
        const char *problem;

        if (!f) {
                check_note(c, CHECK_QE_IDENTITY, CHECK_UNAVAILABLE,
                        "no QE identity was given: that the enclave is Intel's rests on its platform's key");
                return;
        }
        if (!file_good(t, f, a, CHECK_QE_IDENTITY, c))
                return;
        problem = identity_problem(&f->parsed.qe_identity, r);
        if (problem) {
                check_note(c, CHECK_QE_IDENTITY, CHECK_FAIL,
                        "the quoting enclave is not Intel's: another %s", problem);
                return;
        }
        l = isv_level(&f->parsed.qe_identity.levels, r->isv_svn);
        if (!l) {
                check_note(c, CHECK_QE_IDENTITY, CHECK_FAIL,
                        "Intel knows no version %u of its quoting enclave", r->isv_svn);
                return;
        }
        check_note(c, CHECK_QE_IDENTITY, CHECK_PASS, "Intel's quoting enclave, version %u", r->isv_svn);
        note_level("the quoting enclave", l, a, c);
}

void tdx_collateral_verify(struct tdx_collateral *t, const struct tdx_quote *quote, struct certificate *pck,
        const struct anchors *a, struct checks *c) {
        verify_identity(t, quote, a, c);
        verify_tcb(t, quote, pck, a, c);
}
