/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of endorsements and of their cache share: a chip, and what THIM answers of it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/evidence/endorsement-cache.h"
#include "tests/forge/forge.h"
#include "tests/unit/format-harness.h"

#ifndef FORGE_PKI
#define FORGE_PKI "" /* the build says where it is */
#endif
#define NOW ((uint64_t)FORGE_NOW)

static struct forge_pki pki;

static inline int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static inline int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

/* A chip, its endorsements as they should be, and an answer that may say otherwise. */
struct scene {
        enum snp_product product;
        struct forge_snp snp;
        struct forge_vek vek;
        struct endorsed wanted;
        uint64_t tcbm;
        const struct forge_bytes *chain;
        const char *cache_control;
};

static inline void scene_init(struct scene *s, enum snp_product product) {
        *s = (struct scene){ .product = product, .cache_control = "\"86400\"" };
        forge_snp_init(&s->snp, product);
        s->vek = forge_snp_vek(&s->snp);
        s->tcbm = forge_snp_tcb(&s->snp.reported, product);
        s->wanted = (struct endorsed){ .tcb = s->tcbm, .product = product };
        memcpy(s->wanted.chip_id, s->snp.chip_id, sizeof(s->wanted.chip_id));
}

static inline struct forge_bytes scene_answer(const struct scene *s) {
        EVP_PKEY *key = forge_ec_key("P-384");
        X509 *vek = forge_vek_certificate(&pki, &s->vek, key);
        struct forge_bytes answer = forge_thim(&pki, s->product, vek, s->tcbm, s->chain, s->cache_control);

        X509_free(vek);
        EVP_PKEY_free(key);
        return answer;
}

static inline int parse(const void *text, size_t n, struct endorsements *ret, struct diag *d) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);

        return endorsements_parse((const char *)exact, n, ret, d);
}
