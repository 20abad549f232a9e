/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unions of the specification are read by the one arm that their tag names; all others are refused. */
#include "lib/format/tpm-attest.h"

#include <errno.h>

#define TPM_GENERATED_VALUE 0xff544347 /* 6.2 */
#define TPM_ST_ATTEST_QUOTE 0x8018     /* 6.9 */
#define TPM_ALG_NULL 0x0010            /* 6.3, as all below */
#define TPM_ALG_AES 0x0006
#define TPM_ALG_SM4 0x0013
#define TPM_ALG_CAMELLIA 0x0026
#define QUALIFYING_DATA_MAX 66 /* TPM2B_DATA: sizeof(TPMT_HA) */
#define RSA_BYTES_MAX 512
#define EC_BYTES_MAX 66 /* P-521 */

/* TPM2B of at most max bytes. */
static struct span take_sized(struct cursor *c, size_t max) {
        size_t n;

        n = cursor_be16(c);
        if (n > max)
                c->bad = true;
        return span_take(c, n);
}

/* TPM2B_NAME of an object: the hash that it is by, and a digest of that size (part 1, 16). */
static bool is_name(struct span name) {
        struct cursor c = cursor_over(name.bytes, name.n);
        uint16_t hash;

        hash = cursor_be16(&c);
        return !c.bad && pcr_hash_size(hash) > 0 && c.left == pcr_hash_size(hash);
}

static bool is_hash_size(size_t n) {
        return n == 20 || n == 32 || n == 48 || n == 64;
}

/* TPML_PCR_SELECTION (10.9.7), of one bank; octet i has registers 8 * i and up, the lowest bit first. */
static int read_selection(struct cursor *c, struct tpm_attest *a, struct diag *d) {
        struct cursor octets;
        uint8_t n_octets;
        uint32_t banks;

        banks = cursor_be32(c);
        if (!c->bad && banks != 1)
                return diag_fail(d, -EBADMSG, "%u banks are quoted, not one", banks);
        a->bank = cursor_be16(c);
        n_octets = cursor_u8(c);
        octets = cursor_sub(c, n_octets);
        if (!c->bad && pcr_hash_size(a->bank) == 0)
                return diag_fail(d, -EBADMSG, "a bank of algorithm 0x%04x, which is not known", a->bank);
        for (unsigned i = 0; octets.left > 0; i++) {
                uint32_t octet = cursor_u8(&octets);

                if (i >= PCR_COUNT / 8 && octet != 0)
                        return diag_fail(d, -EBADMSG, "registers beyond %d are quoted", PCR_COUNT - 1);
                if (i < PCR_COUNT / 8)
                        a->selected |= octet << 8 * i;
        }
        return 0;
}

static int parse_attest(const void *bytes, size_t n, struct tpm_attest *a, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        uint32_t magic;
        uint16_t type;
        uint8_t safe;
        int r;

        magic = cursor_be32(&c);
        type = cursor_be16(&c);
        if (c.bad)
                return diag_fail(d, -EBADMSG, "%zu bytes are too few", n);
        if (magic != TPM_GENERATED_VALUE)
                return diag_fail(d, -EBADMSG, "magic 0x%08x: not made by a TPM", magic);
        if (type != TPM_ST_ATTEST_QUOTE)
                return diag_fail(d, -EBADMSG, "type 0x%04x, not a quote", type);
        a->qualified_signer = take_sized(&c, 2 + PCR_SIZE_MAX);
        a->extra_data = take_sized(&c, QUALIFYING_DATA_MAX);
        a->clock.clock = cursor_be64(&c);
        a->clock.reset_count = cursor_be32(&c);
        a->clock.restart_count = cursor_be32(&c);
        safe = cursor_u8(&c);
        a->clock.safe = safe;
        a->firmware_version = cursor_be64(&c);
        r = read_selection(&c, a, d);
        if (r < 0)
                return r;
        a->pcr_digest = take_sized(&c, PCR_SIZE_MAX);
        if (!cursor_finish(&c))
                return diag_fail(d, -EBADMSG, "bytes are missing or left over, of %zu", n);
        if (!is_name(a->qualified_signer))
                return diag_fail(d, -EBADMSG, "its signer's name is none");
        if (safe > 1)
                return diag_fail(d, -EBADMSG, "the clock's safe flag is neither 0 nor 1");
        if (!is_hash_size(a->pcr_digest.n))
                return diag_fail(d, -EBADMSG, "a digest of %zu bytes over the registers", a->pcr_digest.n);
        a->whole = (struct span){ bytes, n };
        return 0;
}

int tpm_attest_parse(const void *bytes, size_t n, struct tpm_attest *ret, struct diag *d) {
        struct tpm_attest a = {};
        int r;

        r = parse_attest(bytes, n, &a, d);
        if (r < 0)
                return diag_wrap(d, r, "TPM quote");
        *ret = a;
        return 0;
}

int tpm_signature_parse(const void *bytes, size_t n, struct tpm_signature *ret, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        struct tpm_signature s = {};
        uint16_t scheme, hash;
        bool filled;

        scheme = cursor_be16(&c);
        hash = cursor_be16(&c);
        if (!c.bad && scheme != TPM_RSASSA && scheme != TPM_RSAPSS && scheme != TPM_ECDSA)
                return diag_fail(d, -EBADMSG, "TPM signature: scheme 0x%04x is not known", scheme);
        if (!c.bad && pcr_hash_size(hash) == 0)
                return diag_fail(d, -EBADMSG, "TPM signature: hash 0x%04x is not known", hash);
        s.scheme = scheme;
        s.hash = hash;
        if (scheme == TPM_ECDSA) {
                s.r = take_sized(&c, EC_BYTES_MAX);
                s.s = take_sized(&c, EC_BYTES_MAX);
                filled = s.r.n > 0 && s.s.n > 0;
        } else {
                s.rsa = take_sized(&c, RSA_BYTES_MAX);
                filled = s.rsa.n > 0;
        }
        if (!cursor_finish(&c) || !filled)
                return diag_fail(d, -EBADMSG, "TPM signature: bytes are missing or left over, of %zu", n);
        *ret = s;
        return 0;
}

/* TPMT_SYM_DEF_OBJECT (11.1.7): only storage keys have one; nothing of it is kept. */
static bool skip_symmetric(struct cursor *c) {
        uint16_t algorithm;

        algorithm = cursor_be16(c);
        if (algorithm == TPM_ALG_NULL)
                return true;
        (void)cursor_be16(c); /* bits */
        (void)cursor_be16(c); /* mode */
        return algorithm == TPM_ALG_AES || algorithm == TPM_ALG_SM4 || algorithm == TPM_ALG_CAMELLIA;
}

/* TPMT_RSA_SCHEME and TPMT_ECC_SCHEME (11.2.4.2, 11.2.5.6). */
static bool read_scheme(struct cursor *c, struct tpm_public *p) {
        uint16_t scheme, hash;
        bool fits;

        scheme = cursor_be16(c);
        p->scheme = scheme;
        if (scheme == TPM_ALG_NULL)
                return true;
        hash = cursor_be16(c);
        p->scheme_hash = hash;
        fits = p->type == TPM_KEY_RSA ? scheme == TPM_RSASSA || scheme == TPM_RSAPSS : scheme == TPM_ECDSA;
        return fits && pcr_hash_size(hash) > 0;
}

static int read_rsa(struct cursor *c, struct tpm_public *p, struct diag *d) {
        p->key_bits = cursor_be16(c);
        p->exponent = cursor_be32(c);
        p->modulus = take_sized(c, RSA_BYTES_MAX);
        if (!c->bad && p->modulus.n * 8 != p->key_bits)
                return diag_fail(d, -EBADMSG, "a modulus of %zu bytes in a key of %u bits", p->modulus.n,
                        p->key_bits);
        return 0;
}

static int read_ecc(struct cursor *c, struct tpm_public *p, struct diag *d) {
        uint16_t kdf;

        p->curve = cursor_be16(c);
        kdf = cursor_be16(c);
        p->x = take_sized(c, EC_BYTES_MAX);
        p->y = take_sized(c, EC_BYTES_MAX);
        if (!c->bad && kdf != TPM_ALG_NULL)
                return diag_fail(d, -EBADMSG, "key derivation 0x%04x, which no signing key has", kdf);
        if (!c->bad && (p->x.n == 0 || p->y.n == 0))
                return diag_fail(d, -EBADMSG, "a point without coordinates");
        return 0;
}

static int parse_public(const void *bytes, size_t n, struct tpm_public *p, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        uint16_t type, name_hash;
        bool known;
        int r;

        type = cursor_be16(&c);
        name_hash = cursor_be16(&c);
        if (!c.bad && type != TPM_KEY_RSA && type != TPM_KEY_ECC)
                return diag_fail(d, -EBADMSG, "type 0x%04x is no asymmetric key", type);
        if (!c.bad && pcr_hash_size(name_hash) == 0)
                return diag_fail(d, -EBADMSG, "a name by hash 0x%04x, which is not known", name_hash);
        p->type = type;
        p->name_hash = name_hash;
        p->attributes = cursor_be32(&c);
        p->policy = take_sized(&c, PCR_SIZE_MAX);
        known = skip_symmetric(&c);
        if (known)
                known = read_scheme(&c, p);
        if (!c.bad && !known)
                return diag_fail(d, -EBADMSG, "its cipher or signing scheme is not known");
        r = p->type == TPM_KEY_RSA ? read_rsa(&c, p, d) : read_ecc(&c, p, d);
        if (r < 0)
                return r;
        if (!cursor_finish(&c))
                return diag_fail(d, -EBADMSG, "bytes are missing or left over, of %zu", n);
        if (p->policy.n != 0 && p->policy.n != pcr_hash_size(p->name_hash))
                return diag_fail(d, -EBADMSG, "a policy of %zu bytes", p->policy.n);
        p->whole = (struct span){ bytes, n };
        return 0;
}

int tpm_public_parse(const void *bytes, size_t n, struct tpm_public *ret, struct diag *d) {
        struct tpm_public p = {};
        int r;

        r = parse_public(bytes, n, &p, d);
        if (r < 0)
                return diag_wrap(d, r, "TPM public key");
        *ret = p;
        return 0;
}
