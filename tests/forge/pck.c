/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intel's certificates of platforms. Source: Intel SGX PCK certificate and CRL specification, section 1.3.5.
 */
#include "tests/forge/pki.h"

#define SGX_OID "1.2.840.113741.1.13.1"
#define DER_BOOLEAN 1
#define DER_INTEGER 2
#define DER_OCTET_STRING 4
#define DER_ENUMERATED 10
#define DER_SEQUENCE 0x30

/* SEQUENCE { OID, value }, and the value's bytes are given up. */
static void put_pair(struct forge_bytes *b, const char *oid, struct forge_bytes *value) {
        struct forge_bytes pair = {};

        forge_put_oid(&pair, oid);
        forge_put(&pair, value->bytes, value->n);
        forge_put_der(b, DER_SEQUENCE, pair.bytes, pair.n);
        forge_bytes_done(&pair);
        forge_bytes_done(value);
}

static void put_value(struct forge_bytes *b, const char *oid, uint8_t tag, const void *content, size_t n) {
        struct forge_bytes value = {};

        forge_put_der(&value, tag, content, n);
        put_pair(b, oid, &value);
}

static void put_number(struct forge_bytes *b, const char *oid, uint16_t number) {
        uint8_t content[3] = { 0, (uint8_t)(number >> 8), (uint8_t)number };
        size_t skip = number < 128 ? 2 : number < 32768 ? 1 : 0; /* a zero in front: not negative */

        put_value(b, oid, DER_INTEGER, content + skip, sizeof(content) - skip);
}

static void put_tcb(struct forge_bytes *b, const struct forge_pck *k) {
        struct forge_bytes parts = {}, sequence = {};

        for (int i = 0; i < 16; i++) {
                char oid[64];

                snprintf(oid, sizeof(oid), SGX_OID ".2.%d", i + 1);
                put_number(&parts, oid, k->cpusvn[i]);
        }
        put_number(&parts, SGX_OID ".2.17", k->pcesvn);
        put_value(&parts, SGX_OID ".2.18", DER_OCTET_STRING, k->cpusvn, sizeof(k->cpusvn));
        forge_put_der(&sequence, DER_SEQUENCE, parts.bytes, parts.n);
        put_pair(b, SGX_OID ".2", &sequence);
        forge_bytes_done(&parts);
}

/* Dynamic platform, cached keys, simultaneous multi-threading. */
static void put_configuration(struct forge_bytes *b) {
        static const uint8_t yes = 0xff;
        struct forge_bytes parts = {}, sequence = {};

        put_value(&parts, SGX_OID ".7.1", DER_BOOLEAN, &yes, 1);
        put_value(&parts, SGX_OID ".7.2", DER_BOOLEAN, &yes, 1);
        put_value(&parts, SGX_OID ".7.3", DER_BOOLEAN, &yes, 1);
        forge_put_der(&sequence, DER_SEQUENCE, parts.bytes, parts.n);
        put_pair(b, SGX_OID ".7", &sequence);
        forge_bytes_done(&parts);
}

X509 *forge_pck_certificate(const struct forge_pki *p, const struct forge_pck *k, EVP_PKEY *key) {
        static const uint8_t ppid[16] = { 0x5a }, instance[16] = { 0xa5 }, scalable = 1;
        struct forge_extension extension = { .oid = SGX_OID };
        struct forge_certificate c = {
                .subject = "/CN=Intel SGX PCK Certificate/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
                .key = key,
                .issuer = &p->ca[FORGE_INTEL_PLATFORM],
                .not_before = k->not_before,
                .not_after = k->not_after,
                .serial = k->serial ? k->serial : 4001,
                .extensions = &extension,
                .n_extensions = 1,
        };
        struct forge_bytes parts = {};
        X509 *certificate;

        put_value(&parts, SGX_OID ".1", DER_OCTET_STRING, ppid, sizeof(ppid));
        put_tcb(&parts, k);
        put_value(&parts, SGX_OID ".3", DER_OCTET_STRING, k->pceid, sizeof(k->pceid));
        put_value(&parts, SGX_OID ".4", DER_OCTET_STRING, k->fmspc, sizeof(k->fmspc));
        put_value(&parts, SGX_OID ".5", DER_ENUMERATED, &scalable, 1);
        put_value(&parts, SGX_OID ".6", DER_OCTET_STRING, instance, sizeof(instance));
        put_configuration(&parts);
        forge_put_der(&extension.der, DER_SEQUENCE, parts.bytes, parts.n);
        certificate = forge_certificate_make(&c);
        forge_bytes_done(&extension.der);
        forge_bytes_done(&parts);
        return certificate;
}

struct forge_bytes forge_pck_chain(const struct forge_pki *p, X509 *leaf) {
        struct forge_bytes chain = {};

        forge_put_pem(&chain, leaf);
        forge_put_pem(&chain, p->ca[FORGE_INTEL_PLATFORM].certificate);
        forge_put_pem(&chain, p->ca[FORGE_INTEL_ROOT].certificate);
        return chain;
}
