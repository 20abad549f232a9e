/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paravisor's report at the offsets of its tables, and the JSON in it. */
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/forge/hcl.h"

#define HARDWARE_SIZE 1184

void forge_claims_init(struct forge_claims *c, EVP_PKEY *ak, EVP_PKEY *ek, const uint8_t *user_data) {
        *c = (struct forge_claims){
                .ak = ak,
                .ek = ek,
                .ak_key_op = "sign",
                .secure_boot = true,
                .tpm_enabled = true,
                .vm_id = "1F5D6B0A-6E57-4C6E-8B0C-2D94B1A47C33",
                .user_data = user_data,
        };
}

static void put_key(struct forge_bytes *b, const char *kid, const char *key_op, EVP_PKEY *key, bool zero) {
        BIGNUM *n = NULL;
        uint8_t modulus[1024] = { 0 };
        int size;

        forge_check(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), "a modulus");
        size = BN_num_bytes(n);
        if (!zero)
                BN_bn2bin(n, modulus);
        BN_free(n);
        forge_text(b, "{\"kid\":\"%s\",\"key_ops\":[\"%s\"],\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", kid,
                key_op);
        forge_base64url(b, modulus, (size_t)size);
        forge_text(b, "\"}");
}

static const char *flag(bool yes) {
        return yes ? "true" : "false";
}

struct forge_bytes forge_claims_make(const struct forge_claims *c) {
        struct forge_bytes b = {};

        forge_text(&b, "{\"keys\":[");
        put_key(&b, "HCLAkPub", c->ak_key_op, c->ak, c->zero_modulus);
        if (c->ek) {
                forge_text(&b, ",");
                put_key(&b, "HCLEkPub", "encrypt", c->ek, false);
        }
        forge_text(&b,
                "],\"vm-configuration\":{\"console-enabled\":%s,\"secure-boot\":%s,\"tpm-enabled\":%s,"
                "\"tpm-persisted\":%s,\"vmUniqueId\":\"%s\"}",
                flag(c->console_enabled), flag(c->secure_boot), flag(c->tpm_enabled), flag(c->tpm_persisted),
                c->vm_id);
        if (c->user_data) {
                forge_text(&b, ",\"user-data\":\"");
                for (size_t i = 0; i < 64; i++)
                        forge_text(&b, c->upper_case ? "%02X" : "%02x", c->user_data[i]);
                forge_text(&b, "\"");
        }
        forge_text(&b, "%s}", c->extra ? c->extra : "");
        return b;
}

void forge_hcl_init(struct forge_hcl *h, uint32_t type) {
        *h = (struct forge_hcl){
                .magic = 0x414c4348,
                .version = 1,
                .request_type = 2,
                .request_version = 1,
                .type = type,
                .hash_type = 1,
                .padded = 2600,
        };
}

struct forge_bytes forge_hcl_make(const struct forge_hcl *h) {
        bool capabilities = h->request_version == 2;
        size_t n_extra = capabilities ? 4 : 0;
        struct forge_bytes b = {};

        forge_check(h->n_hardware <= HARDWARE_SIZE, "fitting a hardware report in");
        forge_le(&b, h->magic, 4);
        forge_le(&b, h->version, 4);
        forge_le(&b, 1236 + n_extra + h->n_claims, 4);
        forge_le(&b, h->request_type, 4);
        forge_le(&b, h->status, 4);
        forge_zeros(&b, 12);
        forge_put(&b, h->hardware, h->n_hardware);
        forge_zeros(&b, HARDWARE_SIZE - h->n_hardware);
        forge_le(&b, 20 + n_extra + h->n_claims, 4);
        forge_le(&b, h->request_version, 4);
        forge_le(&b, h->type, 4);
        forge_le(&b, h->hash_type, 4);
        forge_le(&b, h->n_claims, 4);
        if (capabilities)
                forge_le(&b, h->capabilities, 4);
        forge_put(&b, h->claims, h->n_claims);
        if (b.n < h->padded)
                forge_zeros(&b, h->padded - b.n);
        return b;
}

void forge_report_data(uint32_t hash_type, const struct forge_bytes *claims, uint8_t ret[static 64]) {
        memset(ret, 0, 64);
        forge_hash(hash_type == 3        ? "SHA512"
                        : hash_type == 2 ? "SHA384"
                                         : "SHA256",
                claims->bytes, claims->n, ret);
}
