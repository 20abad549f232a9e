/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values are DER within the extensions' octet strings; they are so plain that each is read by hand. */
#include "lib/format/vek-certificate.h"

#include <errno.h>
#include <string.h>

#include "lib/format/der.h"

#define AMD "1.3.6.1.4.1.3704.1."
#define TURIN_HWID_SIZE 8

enum extension {
        EXT_PRODUCT = 1,
        EXT_BOOT_LOADER,
        EXT_TEE,
        EXT_SNP,
        EXT_MICROCODE,
        EXT_FMC,
        EXT_HWID,
        EXT_CSP_ID,
        _EXT_MAX,
};

static const char *const OIDS[] = {
        [EXT_PRODUCT] = AMD "2",
        [EXT_BOOT_LOADER] = AMD "3.1",
        [EXT_TEE] = AMD "3.2",
        [EXT_SNP] = AMD "3.3",
        [EXT_MICROCODE] = AMD "3.8",
        [EXT_FMC] = AMD "3.9",
        [EXT_HWID] = AMD "4",
        [EXT_CSP_ID] = AMD "5",
};
_Static_assert(sizeof(OIDS) / sizeof(OIDS[0]) == _EXT_MAX, "every extension has an OID");

static bool read_byte(struct span der, uint8_t *ret) {
        uint32_t number;

        if (!der_read_number(der, UINT8_MAX, &number))
                return false;
        *ret = (uint8_t)number;
        return true;
}

/* IA5String of printable characters; n is the room in ret. */
static bool read_text(struct span der, char *ret, size_t n) {
        struct span text;

        if (!der_read(der, DER_IA5_STRING, &text) || text.n == 0 || text.n >= n)
                return false;
        for (size_t i = 0; i < text.n; i++)
                if (text.bytes[i] < ' ' || text.bytes[i] > '~')
                        return false;
        memcpy(ret, text.bytes, text.n);
        ret[text.n] = 0;
        return true;
}

/* Raw, or in an OCTET STRING of its own: no size is both. */
static bool read_hwid(struct span der, struct vek_certificate *v) {
        struct span id = der;

        if (der.n != TURIN_HWID_SIZE && der.n != SNP_CHIP_ID_SIZE && !der_read(der, DER_OCTET_STRING, &id))
                return false;
        if (id.n != TURIN_HWID_SIZE && id.n != SNP_CHIP_ID_SIZE)
                return false;
        memcpy(v->hwid, id.bytes, id.n);
        v->n_hwid = id.n;
        return true;
}

/* "Milan-B0" and "Milan" alike. */
static bool read_product(struct span der, struct vek_certificate *v) {
        size_t n;

        if (!read_text(der, v->product_name, sizeof(v->product_name)))
                return false;
        n = strcspn(v->product_name, "-");
        for (enum snp_product p = SNP_MILAN; p < _SNP_PRODUCT_MAX; p++)
                if (strlen(snp_product_to_string(p)) == n &&
                        strncmp(snp_product_to_string(p), v->product_name, n) == 0)
                        v->product = p;
        return v->product != 0;
}

static bool read_extension(enum extension e, struct span der, struct vek_certificate *v) {
        switch (e) {
        case EXT_PRODUCT:
                return read_product(der, v);
        case EXT_BOOT_LOADER:
                return read_byte(der, &v->tcb.boot_loader);
        case EXT_TEE:
                return read_byte(der, &v->tcb.tee);
        case EXT_SNP:
                return read_byte(der, &v->tcb.snp);
        case EXT_MICROCODE:
                return read_byte(der, &v->tcb.microcode);
        case EXT_FMC:
                return read_byte(der, &v->tcb.fmc);
        case EXT_HWID:
                return read_hwid(der, v);
        case EXT_CSP_ID:
                return read_text(der, v->csp_id, sizeof(v->csp_id));
        case _EXT_MAX:
                break;
        }
        return false;
}

/* 0 for none of those that are read. */
static enum extension extension_of(X509_EXTENSION *x) {
        char oid[64];

        OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(x), 1);
        for (int e = 1; e < _EXT_MAX; e++)
                if (strcmp(OIDS[e], oid) == 0)
                        return (enum extension)e;
        return 0;
}

static int read_extensions(X509 *certificate, struct vek_certificate *v, unsigned *ret_seen,
        struct diag *d) {
        unsigned seen = 0;

        for (int i = 0; i < X509_get_ext_count(certificate); i++) {
                X509_EXTENSION *x = X509_get_ext(certificate, i);
                enum extension e = extension_of(x);

                if (e == 0)
                        continue;
                if (seen >> e & 1)
                        return diag_fail(d, -EBADMSG, "extension %s is there twice", OIDS[e]);
                if (!read_extension(e, der_of_extension(x), v))
                        return diag_fail(d, -EBADMSG, "extension %s is malformed", OIDS[e]);
                seen |= 1u << e;
        }
        *ret_seen = seen;
        return 0;
}

static int check(const struct vek_certificate *v, unsigned seen, struct diag *d) {
        static const enum extension always[] = { EXT_PRODUCT, EXT_BOOT_LOADER, EXT_TEE, EXT_SNP,
                EXT_MICROCODE };
        size_t n_hwid = v->product == SNP_TURIN ? TURIN_HWID_SIZE : SNP_CHIP_ID_SIZE;
        bool has_fmc = seen >> EXT_FMC & 1, has_hwid = seen >> EXT_HWID & 1,
             has_csp = seen >> EXT_CSP_ID & 1;

        for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
                if (!(seen >> always[i] & 1))
                        return diag_fail(d, -EBADMSG, "extension %s is missing", OIDS[always[i]]);
        if (has_fmc != (v->product == SNP_TURIN))
                return diag_fail(d, -EBADMSG, "extension %s belongs to Turin, this is %s", OIDS[EXT_FMC],
                        v->product_name);
        if (has_hwid == has_csp)
                return diag_fail(d, -EBADMSG, "either a HWID or a CSP id names whose key it is, not %s",
                        has_hwid ? "both" : "none");
        if (has_hwid && v->n_hwid != n_hwid)
                return diag_fail(d, -EBADMSG, "a HWID of %zu bytes, %s has %zu", v->n_hwid, v->product_name,
                        n_hwid);
        return 0;
}

int vek_certificate_parse(X509 *certificate, struct vek_certificate *ret, struct diag *d) {
        struct vek_certificate v = {};
        unsigned seen = 0;
        int r;

        r = read_extensions(certificate, &v, &seen, d);
        if (r == 0)
                r = check(&v, seen, d);
        if (r < 0)
                return diag_wrap(d, r, "VEK certificate");
        *ret = v;
        return 0;
}
