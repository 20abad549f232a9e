/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AMD's certificates of chips. Source: AMD 57230, extensions 1.3.6.1.4.1.3704.1. */
#include <string.h>

#include "tests/forge/pki.h"

#define AMD_OID "1.3.6.1.4.1.3704.1."
#define EXTENSIONS_MAX 16
#define DER_INTEGER 2
#define DER_OCTET_STRING 4
#define DER_IA5_STRING 0x16

struct extensions {
        struct forge_extension at[EXTENSIONS_MAX];
        size_t n;
};

static struct forge_bytes *add(struct extensions *e, const char *oid) {
        forge_check(e->n < EXTENSIONS_MAX, "room for extensions");
        e->at[e->n].oid = oid;
        return &e->at[e->n++].der;
}

/* A DER INTEGER is signed: from 128 on it needs a zero in front. */
static void add_number(struct extensions *e, const char *oid, uint8_t number) {
        uint8_t content[2] = { 0, number };
        size_t skip = number < 128;

        forge_put_der(add(e, oid), DER_INTEGER, content + skip, sizeof(content) - skip);
}

static void add_text(struct extensions *e, const char *oid, const char *text) {
        forge_put_der(add(e, oid), DER_IA5_STRING, text, strlen(text));
}

static void add_tcb(struct extensions *e, const struct forge_vek *v) {
        add_number(e, AMD_OID "3.1", v->tcb.boot_loader);
        add_number(e, AMD_OID "3.2", v->tcb.tee);
        add_number(e, AMD_OID "3.4", 0);
        add_number(e, AMD_OID "3.5", 0);
        add_number(e, AMD_OID "3.6", 0);
        add_number(e, AMD_OID "3.7", 0);
        add_number(e, AMD_OID "3.3", v->tcb.snp);
        add_number(e, AMD_OID "3.8", v->tcb.microcode);
        if (v->product == SNP_TURIN)
                add_number(e, AMD_OID "3.9", v->tcb.fmc);
}

static void add_identity(struct extensions *e, const struct forge_vek *v) {
        size_t n = v->product == SNP_TURIN ? 8 : 64;

        if (v->csp_id)
                add_text(e, AMD_OID "5", v->csp_id);
        else if (v->wrapped)
                forge_put_der(add(e, AMD_OID "4"), DER_OCTET_STRING, v->chip_id, n);
        else
                forge_put(add(e, AMD_OID "4"), v->chip_id, n);
}

static const char *product_name(const struct forge_vek *v) {
        static const char *const vcek[] = {
                [SNP_MILAN] = "Milan-B0",
                [SNP_GENOA] = "Genoa-B1",
                [SNP_TURIN] = "Turin-B0",
        };
        static const char *const vlek[] = {
                [SNP_MILAN] = "Milan",
                [SNP_GENOA] = "Genoa",
                [SNP_TURIN] = "Turin",
        };

        if (v->product_name)
                return v->product_name;
        return v->csp_id ? vlek[v->product] : vcek[v->product];
}

static enum forge_ca_name issuer_of(enum snp_product product, bool vlek) {
        static const enum forge_ca_name ask[] = {
                [SNP_MILAN] = FORGE_ASK_MILAN,
                [SNP_GENOA] = FORGE_ASK_GENOA,
                [SNP_TURIN] = FORGE_ASK_TURIN,
        };

        return ask[product] + (vlek ? 1 : 0); /* the ASVK stands behind the ASK */
}

X509 *forge_vek_certificate(const struct forge_pki *p, const struct forge_vek *v, EVP_PKEY *key) {
        struct extensions e = {};
        struct forge_certificate c = {
                .subject = v->csp_id
                        ? "/OU=Engineering/C=US/L=Santa Clara/ST=CA/O=Advanced Micro Devices/CN=SEV-VLEK"
                        : "/OU=Engineering/C=US/L=Santa Clara/ST=CA/O=Advanced Micro Devices/CN=SEV-VCEK",
                .key = key,
                .issuer = v->ca ? v->ca : &p->ca[issuer_of(v->product, v->csp_id != NULL)],
                .not_before = v->not_before,
                .not_after = v->not_after,
                .serial = v->serial,
                .extensions = e.at,
        };
        X509 *certificate;

        add_number(&e, AMD_OID "1", v->product == SNP_TURIN ? 1 : 0);
        add_text(&e, AMD_OID "2", product_name(v));
        add_tcb(&e, v);
        add_identity(&e, v);
        c.n_extensions = e.n;
        certificate = forge_certificate_make(&c);
        for (size_t i = 0; i < e.n; i++)
                forge_bytes_done(&e.at[i].der);
        return certificate;
}

struct forge_bytes forge_vek_chain(const struct forge_pki *p, enum snp_product product, bool vlek,
        X509 *leaf) {
        enum forge_ca_name ask = issuer_of(product, false);
        struct forge_bytes chain = {};

        if (leaf)
                forge_put_pem(&chain, leaf);
        forge_put_pem(&chain, p->ca[issuer_of(product, vlek)].certificate);
        forge_put_pem(&chain, p->ca[ask - 1].certificate); /* the ARK stands before it */
        return chain;
}
