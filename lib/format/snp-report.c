/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read from front to back, each reserved range checked where it is met; offsets in comments are AMD's. */
#include "lib/format/snp-report.h"

#include <errno.h>

#include "lib/base/name-table.h"

#define VERSION_MIN 2
#define VERSION_MAX 5
#define COORDINATE_SIZE 48 /* of R and S, P-384, within fields of 72 bytes */
#define FAMILY_ZEN3_ZEN4 0x19
#define FAMILY_ZEN5 0x1a

static const char *const PRODUCTS[] = {
        [0] = "unknown",
        [SNP_MILAN] = "Milan",
        [SNP_GENOA] = "Genoa",
        [SNP_TURIN] = "Turin",
};
_Static_assert(N_NAMES(PRODUCTS) == _SNP_PRODUCT_MAX, "every product has a name");

const char *snp_product_to_string(enum snp_product p) {
        return name_of(PRODUCTS, N_NAMES(PRODUCTS), p);
}

enum snp_product snp_product_of(uint8_t family, uint8_t model) {
        if (family == FAMILY_ZEN3_ZEN4 && model <= 0x0f)
                return SNP_MILAN;
        if (family == FAMILY_ZEN3_ZEN4 &&
                ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf)))
                return SNP_GENOA;
        if (family == FAMILY_ZEN5 && model <= 0x11)
                return SNP_TURIN;
        return 0;
}

static uint8_t byte_of(uint64_t tcb, unsigned i) {
        return (uint8_t)(tcb >> 8 * i);
}

struct snp_tcb snp_tcb_of(uint64_t tcb, enum snp_product product) {
        if (product == SNP_TURIN)
                return (struct snp_tcb){
                        .fmc = byte_of(tcb, 0),
                        .boot_loader = byte_of(tcb, 1),
                        .tee = byte_of(tcb, 2),
                        .snp = byte_of(tcb, 3),
                        .microcode = byte_of(tcb, 7),
                };
        return (struct snp_tcb){
                .boot_loader = byte_of(tcb, 0),
                .tee = byte_of(tcb, 1),
                .snp = byte_of(tcb, 6),
                .microcode = byte_of(tcb, 7),
        };
}

bool snp_tcb_at_most(const struct snp_tcb *a, const struct snp_tcb *b) {
        return a->fmc <= b->fmc && a->boot_loader <= b->boot_loader && a->tee <= b->tee &&
                a->snp <= b->snp && a->microcode <= b->microcode;
}

uint64_t snp_tcb_reserved(enum snp_product product) {
        switch (product) {
        case SNP_MILAN:
        case SNP_GENOA:
                return UINT64_C(0x0000ffffffff0000);
        case SNP_TURIN:
                return UINT64_C(0x00ffffff00000000);
        case _SNP_PRODUCT_MAX:
                break;
        }
        return UINT64_C(0x0000ffff00000000); /* reserved in every layout */
}

/* 0x000 to 0x04f */
static bool read_settings(struct cursor *c, struct snp_report *s) {
        uint32_t flags;
        bool zero;

        s->version = cursor_le32(c);
        s->guest_svn = cursor_le32(c);
        s->policy = cursor_le64(c);
        span_copy(c, s->family_id, sizeof(s->family_id));
        span_copy(c, s->image_id, sizeof(s->image_id));
        s->vmpl = cursor_le32(c);
        s->signature_algorithm = cursor_le32(c);
        s->current_tcb = cursor_le64(c);
        s->platform_info = cursor_le64(c);
        flags = cursor_le32(c);
        s->author_key = flags & 1;
        s->chip_key_masked = flags >> 1 & 1;
        s->signing_key = flags >> 2 & 7;
        zero = span_skip_zero(c, 4);
        return zero && flags >> 5 == 0;
}

/* 0x050 to 0x17f */
static void read_identity(struct cursor *c, struct snp_report *s) {
        span_copy(c, s->report_data, sizeof(s->report_data));
        span_copy(c, s->measurement, sizeof(s->measurement));
        span_copy(c, s->host_data, sizeof(s->host_data));
        span_copy(c, s->id_key_digest, sizeof(s->id_key_digest));
        span_copy(c, s->author_key_digest, sizeof(s->author_key_digest));
        span_copy(c, s->report_id, sizeof(s->report_id));
        span_copy(c, s->report_id_ma, sizeof(s->report_id_ma));
}

static struct snp_firmware read_firmware(struct cursor *c) {
        struct snp_firmware f;

        f.build = cursor_u8(c);
        f.minor = cursor_u8(c);
        f.major = cursor_u8(c);
        return f;
}

/* 0x180 to 0x29f: the end of what is signed */
static bool read_platform(struct cursor *c, struct snp_report *s) {
        bool zero = true;

        s->reported_tcb = cursor_le64(c);
        if (s->version >= 3) {
                s->family = cursor_u8(c);
                s->model = cursor_u8(c);
                s->stepping = cursor_u8(c);
                s->product = snp_product_of(s->family, s->model);
                zero &= span_skip_zero(c, 21);
        } else
                zero &= span_skip_zero(c, 24);
        span_copy(c, s->chip_id, sizeof(s->chip_id));
        s->committed_tcb = cursor_le64(c);
        s->current = read_firmware(c);
        zero &= span_skip_zero(c, 1);
        s->committed = read_firmware(c);
        zero &= span_skip_zero(c, 1);
        s->launch_tcb = cursor_le64(c);
        if (s->version >= 5) {
                s->launch_mitigations = cursor_le64(c);
                s->current_mitigations = cursor_le64(c);
                zero &= span_skip_zero(c, 152);
        } else
                zero &= span_skip_zero(c, 168);
        return zero;
}

static bool padding_is_zero(const uint8_t coordinate[static 72]) {
        return span_is_zero((struct span){ coordinate + COORDINATE_SIZE, 72 - COORDINATE_SIZE });
}

static int check(const struct snp_report *s, struct diag *d) {
        const struct {
                const char *name;
                uint64_t value;
        } tcbs[] = {
                { "current", s->current_tcb },
                { "reported", s->reported_tcb },
                { "committed", s->committed_tcb },
                { "launch", s->launch_tcb },
        };

        if (!padding_is_zero(s->r) || !padding_is_zero(s->s))
                return diag_fail(d, -EBADMSG, "R or S of the signature is longer than P-384 makes it");
        for (size_t i = 0; i < sizeof(tcbs) / sizeof(tcbs[0]); i++)
                if (tcbs[i].value & snp_tcb_reserved(s->product))
                        return diag_fail(d, -EBADMSG,
                                "reserved bytes of the %s TCB, 0x%016llx, are not zero", tcbs[i].name,
                                (unsigned long long)tcbs[i].value);
        return 0;
}

static int parse(const void *bytes, size_t n, struct snp_report *s, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        bool zero;

        if (n != SNP_REPORT_SIZE)
                return diag_fail(d, -EBADMSG, "%zu bytes, not %d", n, SNP_REPORT_SIZE);
        zero = read_settings(&c, s);
        if (s->version < VERSION_MIN || s->version > VERSION_MAX)
                return diag_fail(d, -EOPNOTSUPP, "version %u, %d to %d are known", s->version, VERSION_MIN,
                        VERSION_MAX);
        read_identity(&c, s);
        zero &= read_platform(&c, s);
        span_copy(&c, s->r, sizeof(s->r));
        span_copy(&c, s->s, sizeof(s->s));
        zero &= span_skip_zero(&c, c.left);
        if (!zero)
                return diag_fail(d, -EBADMSG, "reserved bytes are not zero");
        s->signed_part = (struct span){ bytes, SNP_REPORT_SIGNED_SIZE };
        return check(s, d);
}

int snp_report_parse(const void *bytes, size_t n, struct snp_report *ret, struct diag *d) {
        struct snp_report s = {};
        int r;

        r = parse(bytes, n, &s, d);
        if (r < 0)
                return diag_wrap(d, r, "SNP report");
        *ret = s;
        return 0;
}
