/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What tests with forged evidence share: a verifier under forged roots, for one nonce and channel. */
#include "tests/forge/forge.h"
#include "tests/unit/scratch.h"
#include "tests/unit/verify-harness.h"

#define NONCE "nonce of 16 byte"
#define BIND "tls-key"

/* At FORGE_NOW, for NONCE and BIND. */
static inline struct verifier_settings forged_settings(void) {
        return (struct verifier_settings){
                .at = FORGE_NOW,
                .nonce = (const uint8_t *)NONCE,
                .n_nonce = strlen(NONCE),
                .bind = (const uint8_t *)BIND,
                .n_bind = strlen(BIND),
                .several = true, /* Azure's CA has no place where there is no AK certificate */
        };
}

/* The caller frees it. Azure's CA comes along, for evidence carries the AK's certificate alone. */
static inline struct verifier *forged_verifier(const struct verifier_settings *s,
        const struct forge_pki *pki) {
        struct scratch roots = scratch_new();
        struct forge_bytes issuers = {};
        struct verifier *v = NULL;
        struct diag d = {};

        forge_pki_save_roots(pki, roots.path);
        assert_int_equal(verifier_new(s, &v), 0);
        if (verifier_load_roots(v, roots.path, &d) < 0)
                fail_msg("%s", d.text);
        scratch_done(&roots);
        forge_put_pem(&issuers, pki->ca[FORGE_AZURE_CA].certificate);
        if (verifier_add_certificates(v, "azure-ca.pem", issuers.bytes, issuers.n, &d) < 0)
                fail_msg("%s", d.text);
        forge_bytes_done(&issuers);
        return v;
}
