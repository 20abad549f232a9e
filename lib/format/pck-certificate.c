/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sequence of pairs: an OID below the extension's own, and a value; the TCB is such a sequence again. */
#include "lib/format/pck-certificate.h"

#include <errno.h>
#include <string.h>

#include "lib/format/der.h"

#define SGX "1.2.840.113741.1.13.1"
#define PCE_SVN 17 /* behind the 16 components */

/* 1.2.840.113741.1.13.1, as it is encoded; one arc follows, or two. */
static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

enum part {
        PART_TCB = 2,
        PART_PCE_ID = 3,
        PART_FMSPC = 4,
};

/* The next pair: the arcs of its OID below `below` arcs of ours, of which there has to be one. */
static bool take_pair(struct cursor *c, const uint8_t *prefix, size_t n_prefix, uint8_t *ret_arc,
        struct span *ret_value) {
        struct span pair, oid;
        struct cursor in;

        if (!der_take(c, DER_SEQUENCE, &pair))
                return false;
        in = cursor_over(pair.bytes, pair.n);
        if (!der_take(&in, DER_OBJECT, &oid) || !der_take_any(&in, ret_value) || !cursor_finish(&in))
                return false;
        if (oid.n != n_prefix + 1 || memcmp(oid.bytes, prefix, n_prefix) != 0)
                return false;
        *ret_arc = oid.bytes[n_prefix];
        return true;
}

static bool read_bytes(struct span value, uint8_t *ret, size_t n) {
        struct span s;

        if (!der_read(value, DER_OCTET_STRING, &s) || s.n != n)
                return false;
        memcpy(ret, s.bytes, n);
        return true;
}

static bool read_component(uint8_t arc, struct span value, struct pck_certificate *p) {
        uint32_t number;

        if (arc == 0 || arc > PCE_SVN)
                return true; /* CPUSVN, which the components make up, and what may come */
        if (!der_read_number(value, arc == PCE_SVN ? UINT16_MAX : UINT8_MAX, &number))
                return false;
        if (arc == PCE_SVN)
                p->pce_svn = (uint16_t)number;
        else
                p->sgx_svn[arc - 1] = (uint8_t)number;
        return true;
}

/* All of 1 to 17, each once. */
static bool read_tcb(struct span value, struct pck_certificate *p) {
        uint8_t prefix[sizeof(sgx_oid) + 1];
        struct span sequence, number;
        struct cursor c;
        uint32_t seen = 0;
        uint8_t arc;

        memcpy(prefix, sgx_oid, sizeof(sgx_oid));
        prefix[sizeof(sgx_oid)] = PART_TCB;
        if (!der_read(value, DER_SEQUENCE, &sequence))
                return false;
        c = cursor_over(sequence.bytes, sequence.n);
        while (c.left > 0) {
                if (!take_pair(&c, prefix, sizeof(prefix), &arc, &number) || arc > 31 || seen >> arc & 1 ||
                        !read_component(arc, number, p))
                        return false;
                seen |= UINT32_C(1) << arc;
        }
        return (seen & ((UINT32_C(1) << (PCE_SVN + 1)) - 2)) == (UINT32_C(1) << (PCE_SVN + 1)) - 2;
}

static bool read_part(uint8_t part, struct span value, struct pck_certificate *p) {
        switch (part) {
        case PART_TCB:
                return read_tcb(value, p);
        case PART_PCE_ID:
                return read_bytes(value, p->pce_id, sizeof(p->pce_id));
        case PART_FMSPC:
                return read_bytes(value, p->fmspc, sizeof(p->fmspc));
        default:
                return true; /* PPID, type, instance, configuration */
        }
}

static bool read_extension(struct span der, struct pck_certificate *p) {
        const uint32_t needed = 1U << PART_TCB | 1U << PART_PCE_ID | 1U << PART_FMSPC;
        struct span sequence, value;
        struct cursor c;
        uint32_t seen = 0;
        uint8_t part;

        if (!der_read(der, DER_SEQUENCE, &sequence))
                return false;
        c = cursor_over(sequence.bytes, sequence.n);
        while (c.left > 0) {
                if (!take_pair(&c, sgx_oid, sizeof(sgx_oid), &part, &value) || part > 31 ||
                        seen >> part & 1 || !read_part(part, value, p))
                        return false;
                seen |= UINT32_C(1) << part;
        }
        return (seen & needed) == needed;
}

int pck_certificate_parse(const X509 *certificate, struct pck_certificate *ret, struct diag *d) {
        struct pck_certificate p = {};
        bool found = false;

        for (int i = 0; i < X509_get_ext_count(certificate); i++) {
                X509_EXTENSION *x = X509_get_ext(certificate, i);
                char oid[64];

                OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(x), 1);
                if (strcmp(oid, SGX) != 0)
                        continue;
                if (found || !read_extension(der_of_extension(x), &p))
                        return diag_fail(d, -EBADMSG, "PCK certificate: extension %s is %s", SGX,
                                found ? "there twice" : "malformed");
                found = true;
        }
        if (!found)
                return diag_fail(d, -EBADMSG, "PCK certificate: extension %s is missing", SGX);
        *ret = p;
        return 0;
}
