/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report of SEV-SNP, field after field at the offsets of AMD's table. */
#include <string.h>

#include "tests/forge/snp.h"

void forge_snp_init(struct forge_snp *s, enum snp_product product) {
        static const struct snp_tcb milan = { .boot_loader = 4, .tee = 0, .snp = 24, .microcode = 219 };
        static const struct snp_tcb genoa = { .boot_loader = 10, .tee = 0, .snp = 23, .microcode = 84 };
        static const struct snp_tcb turin = { .fmc = 1,
                .boot_loader = 1,
                .tee = 1,
                .snp = 4,
                .microcode = 79 };
        const struct snp_tcb *tcb = product == SNP_TURIN ? &turin : product == SNP_GENOA ? &genoa : &milan;

        *s = (struct forge_snp){
                .version = product == SNP_TURIN ? 5 : 3,
                .product = product,
                .guest_svn = 10,
                .signature_algorithm = 1,
                .policy = 0x3001f, /* ABI 0.31, SMT, and the bit that must be 1 */
                .platform_info = product == SNP_TURIN ? 0x65 : 0x25,
                .family = product == SNP_TURIN ? 0x1a : 0x19,
                .model = product == SNP_GENOA  ? 0x11
                        : product == SNP_MILAN ? 1
                                               : 2,
                .stepping = 1,
                .current = *tcb,
                .reported = *tcb,
                .committed = *tcb,
                .launch = *tcb,
                .current_firmware = { 1, 55, 39 },
                .committed_firmware = { 1, 55, 39 },
        };
        memset(s->measurement, 0x4d, sizeof(s->measurement));
        memset(s->id_key_digest, 0x1d, sizeof(s->id_key_digest));
        memset(s->report_id, 0x71, sizeof(s->report_id));
        memset(s->report_id_ma, 0xff, sizeof(s->report_id_ma));
        memset(s->chip_id, 0xc1, product == SNP_TURIN ? 8 : sizeof(s->chip_id));
}

/* Milan, Genoa: boot loader, TEE, 4 reserved, SNP, microcode. Turin: FMC, boot loader, TEE, SNP, 3,
 * microcode. */
uint64_t forge_snp_tcb(const struct snp_tcb *t, enum snp_product product) {
        uint64_t value = (uint64_t)t->microcode << 56;

        if (product == SNP_TURIN)
                return value | t->fmc | (uint64_t)t->boot_loader << 8 | (uint64_t)t->tee << 16 |
                        (uint64_t)t->snp << 24;
        return value | t->boot_loader | (uint64_t)t->tee << 8 | (uint64_t)t->snp << 48;
}

static void put_firmware(uint8_t *at, const struct snp_firmware *f) {
        at[0] = f->build;
        at[1] = f->minor;
        at[2] = f->major;
}

static void put_numbers(uint8_t *r, const struct forge_snp *s) {
        forge_set_le(r + 0x00, s->version, 4);
        forge_set_le(r + 0x04, s->guest_svn, 4);
        forge_set_le(r + 0x08, s->policy, 8);
        forge_set_le(r + 0x30, s->vmpl, 4);
        forge_set_le(r + 0x34, s->signature_algorithm, 4);
        forge_set_le(r + 0x38, forge_snp_tcb(&s->current, s->product), 8);
        forge_set_le(r + 0x40, s->platform_info, 8);
        forge_set_le(r + 0x48, s->author_key | s->chip_key_masked << 1 | s->signing_key << 2, 4);
        forge_set_le(r + 0x180, forge_snp_tcb(&s->reported, s->product), 8);
        forge_set_le(r + 0x1e0, forge_snp_tcb(&s->committed, s->product), 8);
        forge_set_le(r + 0x1f0, forge_snp_tcb(&s->launch, s->product), 8);
        if (s->version >= 3) {
                r[0x188] = s->family;
                r[0x189] = s->model;
                r[0x18a] = s->stepping;
        }
        if (s->version >= 5) {
                forge_set_le(r + 0x1f8, s->launch_mitigations, 8);
                forge_set_le(r + 0x200, s->current_mitigations, 8);
        }
        put_firmware(r + 0x1e8, &s->current_firmware);
        put_firmware(r + 0x1ec, &s->committed_firmware);
}

void forge_snp_make(const struct forge_snp *s, EVP_PKEY *vek, uint8_t ret[static FORGE_SNP_SIZE]) {
        memset(ret, 0, FORGE_SNP_SIZE);
        put_numbers(ret, s);
        memcpy(ret + 0x10, s->family_id, 16);
        memcpy(ret + 0x20, s->image_id, 16);
        memcpy(ret + 0x50, s->report_data, 64);
        memcpy(ret + 0x90, s->measurement, 48);
        memcpy(ret + 0xc0, s->host_data, 32);
        memcpy(ret + 0xe0, s->id_key_digest, 48);
        memcpy(ret + 0x110, s->author_key_digest, 48);
        memcpy(ret + 0x140, s->report_id, 32);
        memcpy(ret + 0x160, s->report_id_ma, 32);
        memcpy(ret + 0x1a0, s->chip_id, 64);
        if (vek)
                forge_snp_sign(ret, vek);
}

void forge_snp_sign(uint8_t report[static FORGE_SNP_SIZE], EVP_PKEY *vek) {
        uint8_t r[48], s[48];

        forge_ecdsa(vek, "SHA384", report, 0x2a0, sizeof(r), r, s);
        memset(report + 0x2a0, 0, FORGE_SNP_SIZE - 0x2a0);
        for (size_t i = 0; i < sizeof(r); i++) {
                report[0x2a0 + i] = r[sizeof(r) - 1 - i];
                report[0x2e8 + i] = s[sizeof(s) - 1 - i];
        }
}

struct forge_vek forge_snp_vek(const struct forge_snp *s) {
        struct forge_vek vek = { .product = s->product, .tcb = s->reported };

        memcpy(vek.chip_id, s->chip_id, sizeof(vek.chip_id));
        if (s->signing_key == 1)
                vek.csp_id = "CN=cc-test-1.example.com";
        return vek;
}
