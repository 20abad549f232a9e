/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intel's collateral: JSON without white space, and its signature behind it. */
#include <string.h>

#include "tests/forge/collateral.h"

#define TCB_DATE "2025-05-14T00:00:00Z"

void forge_collateral_init(struct forge_collateral *c, const struct forge_pck *k) {
        static const uint8_t signer[32] = { 0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34,
                0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40,
                0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5 };

        *c = (struct forge_collateral){
                .tdx_svn = { 5, 1, 2 },
                .pcesvn = k->pcesvn,
                .status = "UpToDate",
                .issue_date = "2026-05-20T00:00:00Z",
                .next_update = "2026-06-19T00:00:00Z",
                .module_version = 1,
                .module_svn = 5,
                .module_status = "UpToDate",
                .qe_prod_id = 2,
                .qe_svn = 4,
                .qe_status = "UpToDate",
        };
        memcpy(c->fmspc, k->fmspc, sizeof(c->fmspc));
        memcpy(c->pceid, k->pceid, sizeof(c->pceid));
        memcpy(c->sgx_svn, k->cpusvn, sizeof(c->sgx_svn));
        memcpy(c->qe_mrsigner, signer, sizeof(signer));
}

/* Intel writes hexadecimal digits in upper case. */
static void put_upper(struct forge_bytes *b, const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                forge_text(b, "%02X", bytes[i]);
}

static void put_components(struct forge_bytes *b, const char *name, const uint8_t svn[static 16]) {
        forge_text(b, "\"%s\":[", name);
        for (int i = 0; i < 16; i++)
                forge_text(b, "%s{\"svn\":%u}", i ? "," : "", svn[i]);
        forge_text(b, "]");
}

static void put_level(struct forge_bytes *b, const uint8_t sgx[static 16], const uint8_t tdx[static 16],
        unsigned pcesvn, const char *status) {
        forge_text(b, "{\"tcb\":{");
        put_components(b, "sgxtcbcomponents", sgx);
        forge_text(b, ",\"pcesvn\":%u,", pcesvn);
        put_components(b, "tdxtcbcomponents", tdx);
        forge_text(b, "},\"tcbDate\":\"" TCB_DATE "\",\"tcbStatus\":\"%s\"}", status);
}

/* The level of an enclave or a module: its version, and what lies below. */
static void put_isv_levels(struct forge_bytes *b, unsigned svn, const char *status) {
        forge_text(b,
                "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},\"tcbDate\":\"" TCB_DATE
                "\",\"tcbStatus\":\"%s\"},",
                svn, status);
        forge_text(b,
                "{\"tcb\":{\"isvsvn\":0},\"tcbDate\":\"2018-01-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"}"
                "]");
}

static void put_module(struct forge_bytes *b, const struct forge_collateral *c) {
        static const char tail[] =
                "\",\"attributes\":\"0000000000000000\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"";

        forge_text(b, "\"tdxModule\":{\"mrsigner\":\"");
        put_upper(b, c->module_mrsigner, sizeof(c->module_mrsigner));
        forge_text(b, "%s},\"tdxModuleIdentities\":[{\"id\":\"TDX_%02u\",\"mrsigner\":\"", tail,
                c->module_version);
        put_upper(b, c->module_mrsigner, sizeof(c->module_mrsigner));
        forge_text(b, "%s,", tail);
        put_isv_levels(b, c->module_svn, c->module_status);
        forge_text(b, "}],");
}

/* {"name":BODY,"signature":HEX}; takes the body. */
static struct forge_bytes sign(const struct forge_pki *p, EVP_PKEY *key, const char *name,
        struct forge_bytes *body) {
        struct forge_bytes b = {};
        uint8_t signature[64];

        forge_ecdsa(key ? key : p->ca[FORGE_INTEL_TCB].key, "SHA256", body->bytes, body->n, 32, signature,
                signature + 32);
        forge_text(&b, "{\"%s\":%s,\"signature\":\"", name, body->bytes);
        forge_hex(&b, signature, sizeof(signature));
        forge_text(&b, "\"}");
        forge_bytes_done(body);
        return b;
}

struct forge_bytes forge_tcb_info(const struct forge_pki *p, const struct forge_collateral *c,
        EVP_PKEY *key) {
        static const uint8_t nothing[16] = { 0 };
        struct forge_bytes b = {};

        forge_text(&b,
                "{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"fmspc\":\"",
                c->issue_date, c->next_update);
        put_upper(&b, c->fmspc, sizeof(c->fmspc));
        forge_text(&b, "\",\"pceId\":\"");
        put_upper(&b, c->pceid, sizeof(c->pceid));
        forge_text(&b, "\",\"tcbType\":0,\"tcbEvaluationDataNumber\":18,");
        put_module(&b, c);
        forge_text(&b, "\"tcbLevels\":[");
        put_level(&b, c->sgx_svn, c->tdx_svn, c->pcesvn, c->status);
        forge_text(&b, ",");
        put_level(&b, nothing, nothing, 0, "OutOfDate");
        forge_text(&b, "]}");
        return sign(p, key, "tcbInfo", &b);
}

struct forge_bytes forge_qe_identity(const struct forge_pki *p, const struct forge_collateral *c,
        EVP_PKEY *key) {
        struct forge_bytes b = {};

        forge_text(&b, "{\"id\":\"TD_QE\",\"version\":2,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",",
                c->issue_date, c->next_update);
        forge_text(&b,
                "\"tcbEvaluationDataNumber\":18,\"miscselect\":\"00000000\",\"miscselectMask\":"
                "\"FFFFFFFF\",");
        forge_text(&b, "\"attributes\":\"11000000000000000000000000000000\",");
        forge_text(&b, "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"");
        put_upper(&b, c->qe_mrsigner, sizeof(c->qe_mrsigner));
        forge_text(&b, "\",\"isvprodid\":%u,", c->qe_prod_id);
        put_isv_levels(&b, c->qe_svn, c->qe_status);
        forge_text(&b, "}");
        return sign(p, key, "enclaveIdentity", &b);
}

struct forge_bytes forge_tcb_chain(const struct forge_pki *p) {
        struct forge_bytes chain = {};

        forge_put_pem(&chain, p->ca[FORGE_INTEL_TCB].certificate);
        forge_put_pem(&chain, p->ca[FORGE_INTEL_ROOT].certificate);
        return chain;
}
