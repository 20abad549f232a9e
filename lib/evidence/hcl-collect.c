/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/hcl-collect.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/cursor.h"

#define READS_MAX 8  /* of a report that comes torn */
#define ROUNDS_MAX 3 /* of borrowing the guest input, when others write it */
#define LOOKS 8      /* at a guest input that somebody may be waiting with, */
#define WINDOWS 2    /* during so many windows: other agents sleep for one and a half */

#define REPORT_TYPE_OFFSET 1224
#define FIRST_BYTE 'H' /* of the magic */

/* Where the hardware's reports have their 64 bytes of report data; 0: there is none. */
static const size_t report_data_offsets[] = {
        [HCL_REPORT_VBS] = 24,
        [HCL_REPORT_SNP] = 0x50,
        [HCL_REPORT_TDX] = 128,
        [HCL_REPORT_TVM] = 0,
        [HCL_REPORT_CCA] = 0,
};
_Static_assert(sizeof(report_data_offsets) / sizeof(report_data_offsets[0]) == _HCL_REPORT_TYPE_MAX,
        "every type of report has its offset");

#define REPORT_DATA_SIZE 64

static const EVP_MD *hash_of(enum hcl_hash_type type) {
        switch (type) {
        case HCL_HASH_SHA256:
                return EVP_sha256();
        case HCL_HASH_SHA384:
                return EVP_sha384();
        case HCL_HASH_SHA512:
                return EVP_sha512();
        case _HCL_HASH_TYPE_MAX:
                break;
        }
        return NULL;
}

int hcl_report_check(const struct hcl_report *report, struct diag *d) {
        size_t offset = report->type < _HCL_REPORT_TYPE_MAX ? report_data_offsets[report->type] : 0;
        uint8_t wanted[EVP_MAX_MD_SIZE > REPORT_DATA_SIZE ? EVP_MAX_MD_SIZE : REPORT_DATA_SIZE] = {};
        const EVP_MD *hash = hash_of(report->hash_type);

        if (!report->hardware.bytes || offset == 0)
                return 0;
        if (!hash || report->hardware.n < offset + REPORT_DATA_SIZE)
                return diag_fail(d, -EBADMSG, "HCL report: no hash of its claims");
        if (EVP_Digest(report->claims.bytes, report->claims.n, wanted, NULL, hash, NULL) != 1)
                return diag_fail(d, -EIO, "HCL report: OpenSSL cannot hash its claims");
        if (memcmp(report->hardware.bytes + offset, wanted, REPORT_DATA_SIZE) != 0)
                return diag_fail(d, -EILSEQ,
                        "HCL report: its claims are not those that the hardware's report holds the hash of");
        return 0;
}

void hcl_collected_done(struct hcl_collected *c) {
        runtime_claims_done(&c->claims);
        free(c->bytes);
        *c = (struct hcl_collected){};
}

/* Takes bytes over in any case. */
static int take_report(uint8_t *bytes, size_t n, struct hcl_collected *ret, struct diag *d) {
        _cleanup_(hcl_collected_done) struct hcl_collected c = { .bytes = bytes };
        int r = hcl_report_parse(bytes, n, &c.report, d);

        if (r >= 0)
                r = hcl_report_check(&c.report, d);
        if (r >= 0)
                r = runtime_claims_parse(c.report.claims.bytes, c.report.claims.n, &c.claims, d);
        if (r < 0)
                return r;
        *ret = c;
        c = (struct hcl_collected){};
        return 0;
}

/* offset 1 makes no new report; the byte before it is known. */
static int read_once(const struct nv_index *n, size_t offset, struct hcl_collected *ret, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = malloc(n->size);
        int r;

        if (!bytes)
                return diag_errno(d, -ENOMEM, "HCL report");
        bytes[0] = FIRST_BYTE;
        r = nv_read(n, offset, bytes + offset, n->size - offset, d);
        return r < 0 ? r : take_report(TAKE(bytes), n->size, ret, d);
}

/* What is malformed may be torn as well: only what stays so is reported. */
static int read_whole(const struct nv_index *n, struct hcl_collected *ret, struct diag *d) {
        int r = 0;

        for (unsigned i = 0; i < READS_MAX; i++) {
                r = read_once(n, 0, ret, d);
                if (r != -EILSEQ && r != -EBADMSG)
                        return r;
        }
        return r == -EILSEQ ? diag_wrap(d, r, "%d reads", READS_MAX) : r;
}

static int open_report(struct tpm *t, struct nv_index *ret, struct diag *d) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
        int r = nv_open(t, HCL_REPORT_INDEX, &n, d);

        if (r == -ENOENT)
                return diag_fail(d, -ENODATA,
                        "NV index 0x%08x is not defined: this TPM is not one of a paravisor that attests",
                        HCL_REPORT_INDEX);
        if (r < 0)
                return r;
        if (n.size <= REPORT_TYPE_OFFSET + sizeof(uint32_t))
                return diag_fail(d, -EBADMSG, "HCL report: NV index 0x%08x has only %zu bytes",
                        HCL_REPORT_INDEX, n.size);
        *ret = n;
        n = NV_INDEX_NONE;
        return 0;
}

/* The type in a report that begins at offset, 0 or that of the type. */
static int read_type(const struct nv_index *n, size_t offset, uint32_t *ret, struct diag *d) {
        uint8_t bytes[REPORT_TYPE_OFFSET + sizeof(*ret)] = {};
        struct cursor c = cursor_over(bytes + REPORT_TYPE_OFFSET, sizeof(*ret));
        int r = nv_read(n, offset, bytes + offset, sizeof(bytes) - offset, d);

        if (r >= 0)
                *ret = cursor_le32(&c);
        return r;
}

int hcl_report_look(struct tpm *t, enum hcl_report_type *ret, struct diag *d) {
        _cleanup_(nv_close) struct nv_index n = NV_INDEX_NONE;
        uint32_t type = 0;
        int r = open_report(t, &n, d);

        if (r >= 0)
                r = read_type(&n, REPORT_TYPE_OFFSET, &type, d);
        if (r >= 0 && type == 0) /* none was asked for since the start of the machine */
                r = read_type(&n, 0, &type, d);
        if (r < 0)
                return r;
        if (type == 0 || type >= _HCL_REPORT_TYPE_MAX)
                return diag_fail(d, -EBADMSG, "HCL report: of an unknown type %u", type);
        *ret = (enum hcl_report_type)type;
        return 0;
}

static bool carries(const struct hcl_collected *c, const uint8_t user_data[static USER_DATA_SIZE]) {
        return c->claims.has_user_data && memcmp(c->claims.user_data, user_data, USER_DATA_SIZE) == 0;
}

static enum guest_input_use use_of(const struct guest_input *g, const struct nv_index *report) {
        enum guest_input_use use = guest_input_use(g->before, g->memory, NULL);
        _cleanup_(hcl_collected_done) struct hcl_collected current = {};

        if (use != GUEST_INPUT_WANTED || read_once(report, 1, &current, NULL) < 0)
                return use;
        return guest_input_use(g->before, g->memory,
                current.claims.has_user_data ? current.claims.user_data : NULL);
}

/* Lets somebody who is between their writing and their reading have their report first. In the end they
 * are passed over: what they wrote is put back before they can miss it. */
static int await_turn(struct guest_input *g, const struct nv_index *report, uint64_t window_usec,
        struct diag *d) {
        int r = 0;

        for (unsigned i = 0; i < LOOKS && use_of(g, report) == GUEST_INPUT_WANTED && r >= 0; i++) {
                r = tpm_wait(g->tpm, window_usec * WINDOWS / LOOKS);
                if (r >= 0)
                        r = guest_input_look(g, d);
        }
        return r;
}

/* Reads until the report carries what we wrote: at once, or after one window. 1: it does, 0: it does not. */
static int read_fresh(struct guest_input *g, const struct nv_index *report, const struct hcl_request *q,
        struct hcl_collected *ret, struct diag *d) {
        for (bool waited = false;; waited = true) {
                _cleanup_(hcl_collected_done) struct hcl_collected c = {};
                int r = read_whole(report, &c, d);

                if (r >= 0 && carries(&c, q->user_data)) {
                        *ret = c;
                        ret->fresh = true;
                        c = (struct hcl_collected){};
                        return 1;
                }
                if (r >= 0)
                        r = guest_input_is_ours(g, d);
                if (r == 0)
                        return diag_fail(d, -EBUSY, "another agent writes the guest input: try again");
                if (r < 0 || waited)
                        return r < 0 ? r : 0;
                r = tpm_wait(g->tpm, q->window_usec);
                if (r < 0)
                        return r;
        }
}

static int stale(const struct hcl_request *q, struct diag *d) {
        return diag_fail(d, -ESTALE,
                "the paravisor made no new report within %llu ms of our writing the guest input: only the "
                "quote can be fresh (freshness=quote)",
                (unsigned long long)(q->window_usec / 1000));
}

static int collect_once(struct tpm *t, struct guest_input_memory *m, const struct nv_index *report,
        const struct hcl_request *q, struct hcl_collected *ret, struct diag *d) {
        _cleanup_(hcl_collected_done) struct hcl_collected c = {};
        _cleanup_(guest_input_done) struct guest_input g = {};
        int r = guest_input_open(t, m, &g, d), fresh = 0;

        if (r >= 0)
                r = await_turn(&g, report, q->window_usec, d);
        if (r >= 0)
                r = guest_input_borrow(&g, q->user_data, d);
        if (r >= 0)
                fresh = r = read_fresh(&g, report, q, &c, d);
        if (r < 0)
                return r; /* with guest_input_done(), which puts back */
        r = guest_input_put_back(&g, d);
        if (r < 0)
                return r;
        if (!fresh)
                return stale(q, d);
        *ret = c;
        c = (struct hcl_collected){};
        return 0;
}

/* Whether an old report still serves one whom the quote's freshness is enough. */
static bool is_about_freshness(int r) {
        return r == -ESTALE || r == -EBUSY || r == -EPERM || r == -EACCES || r == -EOPNOTSUPP;
}

int hcl_collect(struct tpm *t, struct guest_input_memory *m, const struct hcl_request *q,
        struct hcl_collected *ret, struct diag *d) {
        _cleanup_(nv_close) struct nv_index report = NV_INDEX_NONE;
        int r = open_report(t, &report, d);

        if (r < 0)
                return r;
        r = -EBUSY;
        for (unsigned i = 0; i < ROUNDS_MAX && r == -EBUSY; i++)
                r = collect_once(t, m, &report, q, ret, d);
        if (q->freshness != FRESHNESS_QUOTE || !is_about_freshness(r))
                return r;
        return read_whole(&report, ret, d);
}
