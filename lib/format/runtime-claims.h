/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The runtime claims of an HCL report: JSON with the vTPM's keys, the configuration of the VM, and the
 * guest's own 64 bytes. Source: openvmm, openhcl_attestation_protocol (igvm_attest/get.rs, RuntimeClaims).
 */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/base/json-scan.h"

#define RUNTIME_CLAIMS_USER_DATA_SIZE 64
#define RSA_MODULUS_MAX 512

struct rsa_key {
        uint32_t exponent;
        size_t n_modulus;                 /* bytes; 0: no such key */
        uint8_t modulus[RSA_MODULUS_MAX]; /* big-endian, no leading zero */
};

struct runtime_claims {
        struct rsa_key ak; /* HCLAkPub, always there */
        struct rsa_key ek; /* HCLEkPub, may be missing */
        uint8_t user_data[RUNTIME_CLAIMS_USER_DATA_SIZE];
        bool has_user_data;
        const struct json_node *vm_configuration; /* an object, or NULL; all of its members are optional */
        struct json_document *document;           /* all there is, unknown members among it */
};

/*
 * -EBADMSG: no JSON, no AK, a modulus that is all zero (a key that the paravisor failed to make) or shorter
 * than 2048 bits, keys named twice, user-data that is not 128 hexadecimal digits. Unknown members are fine.
 */
int runtime_claims_parse(const void *bytes, size_t n, struct runtime_claims *ret, struct diag *d);
void runtime_claims_done(struct runtime_claims *c);
