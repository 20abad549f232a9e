/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing of the header is authenticated: it only says where the two parts are that are. */
#include "lib/format/hcl-report.h"

#include <errno.h>

#include "lib/base/name-table.h"

#define MAGIC 0x414c4348 /* "HCLA" */
#define HEADER_SIZE 32
#define DATA_SIZE 20 /* the fixed part of the request data, which data_size counts too */
#define CAPABILITIES_SIZE 4
#define REQUEST_AK_CERTIFICATE 2
#define TDX_REPORT_SIZE 1024
#define VBS_REPORT_SIZE 0x230

static const char *const TYPES[] = {
        [0] = "invalid",
        [HCL_REPORT_VBS] = "vbs",
        [HCL_REPORT_SNP] = "snp",
        [HCL_REPORT_TVM] = "tvm",
        [HCL_REPORT_TDX] = "tdx",
        [HCL_REPORT_CCA] = "cca",
};
_Static_assert(N_NAMES(TYPES) == _HCL_REPORT_TYPE_MAX, "every type has a name");

static const char *const HASHES[] = {
        [0] = "invalid",
        [HCL_HASH_SHA256] = "sha256",
        [HCL_HASH_SHA384] = "sha384",
        [HCL_HASH_SHA512] = "sha512",
};
_Static_assert(N_NAMES(HASHES) == _HCL_HASH_TYPE_MAX, "every hash has a name");

const char *hcl_report_type_to_string(enum hcl_report_type t) {
        return name_of(TYPES, N_NAMES(TYPES), t);
}

const char *hcl_hash_type_to_string(enum hcl_hash_type t) {
        return name_of(HASHES, N_NAMES(HASHES), t);
}

static int read_header(struct cursor *c, size_t n, struct hcl_report *h, struct diag *d) {
        bool reserved_zero;
        uint32_t magic;

        magic = cursor_le32(c);
        h->version = cursor_le32(c);
        h->size = cursor_le32(c);
        h->request_type = cursor_le32(c);
        h->status = cursor_le32(c);
        reserved_zero = span_skip_zero(c, 12);
        if (c->bad)
                return diag_fail(d, -EBADMSG, "%zu bytes are less than a header", n);
        if (magic != MAGIC)
                return diag_fail(d, -EBADMSG, "magic 0x%08x, not \"HCLA\"", magic);
        if (h->version != 1 && h->version != 2)
                return diag_fail(d, -EBADMSG, "version %u, 1 and 2 are known", h->version);
        if (h->size > n || h->size > HCL_REPORT_MAX)
                return diag_fail(d, -EBADMSG, "it claims %u bytes, of %zu that are there", h->size, n);
        if (h->request_type != REQUEST_AK_CERTIFICATE)
                return diag_fail(d, -EBADMSG, "request type %u, not that of an AK certificate",
                        h->request_type);
        if (h->status != 0)
                return diag_fail(d, -EBADMSG, "status %u: the paravisor could not make it", h->status);
        return reserved_zero ? 0 : diag_fail(d, -EBADMSG, "reserved bytes of the header are not zero");
}

/* Sizes are checked against each other before anything is read by them. */
static int check_sizes(const struct hcl_report *h, uint32_t n_claims, struct diag *d) {
        uint64_t extra = h->has_capabilities ? CAPABILITIES_SIZE : 0, data = DATA_SIZE + extra + n_claims;

        if (h->data_size != data)
                return diag_fail(d, -EBADMSG, "request data of %u bytes cannot hold claims of %u",
                        h->data_size, n_claims);
        if (h->size != HEADER_SIZE + HCL_HARDWARE_REPORT_SIZE + data)
                return diag_fail(d, -EBADMSG, "%u bytes as a whole contradict request data of %u", h->size,
                        h->data_size);
        if (n_claims == 0)
                return diag_fail(d, -EBADMSG, "no runtime claims");
        return 0;
}

static int read_data(struct cursor *c, struct hcl_report *h, struct diag *d) {
        uint32_t type, hash_type, n_claims;
        int r;

        h->data_size = cursor_le32(c);
        h->data_version = cursor_le32(c);
        type = cursor_le32(c);
        hash_type = cursor_le32(c);
        n_claims = cursor_le32(c);
        if (c->bad)
                return diag_fail(d, -EBADMSG, "cut off in front of its runtime claims");
        if (h->data_version != 1 && h->data_version != 2)
                return diag_fail(d, -EBADMSG, "request version %u, 1 and 2 are known", h->data_version);
        if (type == 0 || type >= _HCL_REPORT_TYPE_MAX)
                return diag_fail(d, -EBADMSG, "report type %u is not known", type);
        if (hash_type == 0 || hash_type >= _HCL_HASH_TYPE_MAX)
                return diag_fail(d, -EBADMSG, "hash type %u is not known", hash_type);
        h->type = type;
        h->hash_type = hash_type;
        h->has_capabilities = h->data_version == 2;
        r = check_sizes(h, n_claims, d);
        if (r < 0)
                return r;
        if (h->has_capabilities)
                h->capabilities = cursor_le32(c);
        h->claims = span_take(c, n_claims);
        return c->bad ? diag_fail(d, -EBADMSG, "cut off within its runtime claims") : 0;
}

static int split_field(struct span field, struct hcl_report *h, struct diag *d) {
        struct cursor c = cursor_over(field.bytes, field.n);

        switch (h->type) {
        case HCL_REPORT_SNP:
                h->hardware = span_take(&c, HCL_HARDWARE_REPORT_SIZE);
                break;
        case HCL_REPORT_TDX:
                h->hardware = span_take(&c, TDX_REPORT_SIZE);
                break;
        case HCL_REPORT_VBS:
                h->hardware = span_take(&c, VBS_REPORT_SIZE);
                break;
        case HCL_REPORT_CCA:
                return diag_fail(d, -EOPNOTSUPP, "no layout of a CCA report is known");
        case HCL_REPORT_TVM:
        case _HCL_REPORT_TYPE_MAX:
                break;
        }
        h->padding = span_take(&c, c.left);
        if (!span_is_zero(h->padding))
                return diag_fail(d, -EBADMSG, "bytes behind the %s report, within its field, are not zero",
                        hcl_report_type_to_string(h->type));
        return 0;
}

static int parse(const void *bytes, size_t n, struct hcl_report *h, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        struct span field;
        int r;

        r = read_header(&c, n, h, d);
        if (r < 0)
                return r;
        field = span_take(&c, HCL_HARDWARE_REPORT_SIZE);
        r = read_data(&c, h, d);
        if (r < 0)
                return r;
        if (!span_skip_zero(&c, c.left))
                return diag_fail(d, -EBADMSG, "bytes behind its end are not zero");
        return split_field(field, h, d);
}

int hcl_report_parse(const void *bytes, size_t n, struct hcl_report *ret, struct diag *d) {
        struct hcl_report h = {};
        int r;

        r = parse(bytes, n, &h, d);
        if (r < 0)
                return diag_wrap(d, r, "HCL report");
        *ret = h;
        return 0;
}
