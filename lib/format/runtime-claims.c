/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/runtime-claims.h"

#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "lib/base/json-record.h"
#include "lib/format/span.h"

#define MODULUS_BITS_MIN 2048
#define EXPONENT_SIZE_MAX 4

/* Base64url of a number, big-endian and without leading zeroes (RFC 7518, section 2). */
static int read_number(const struct json_node *jwk, const char *member, size_t max, uint8_t *ret,
        size_t *ret_n, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        const struct json_node *text;
        size_t n;
        int r;

        r = json_record_member(jwk, member, JSON_STRING, &text, d);
        if (r < 0)
                return r;
        r = base64_parse(text->string, strlen(text->string), BASE64_URL, max, &bytes, &n);
        if (r == -EMSGSIZE)
                return diag_fail(d, -EBADMSG, "\"%s\" has more than %zu bytes", member, max);
        if (r < 0)
                return diag_fail(d, r, "\"%s\" is not base64url", member);
        if (span_is_zero((struct span){ bytes, n }))
                return diag_fail(d, -EBADMSG, "\"%s\" is zero: the paravisor failed to make this key",
                        member);
        if (bytes[0] == 0)
                return diag_fail(d, -EBADMSG, "\"%s\" starts with a zero byte", member);
        memcpy(ret, bytes, n);
        *ret_n = n;
        return 0;
}

static unsigned bits_of(const uint8_t *number, size_t n) {
        unsigned bits = 8 * (unsigned)n;

        for (unsigned mask = 0x80; !(number[0] & mask); mask >>= 1)
                bits--;
        return bits;
}

static int read_key(const struct json_node *jwk, struct rsa_key *ret, struct diag *d) {
        uint8_t exponent[EXPONENT_SIZE_MAX];
        const struct json_node *type;
        struct rsa_key key = {};
        size_t n_exponent;
        int r;

        r = json_record_member(jwk, "kty", JSON_STRING, &type, d);
        if (r < 0)
                return r;
        if (strcmp(type->string, "RSA") != 0)
                return diag_fail(d, -EBADMSG, "a key of type \"%s\", not RSA", type->string);
        r = read_number(jwk, "n", sizeof(key.modulus), key.modulus, &key.n_modulus, d);
        if (r < 0)
                return r;
        if (bits_of(key.modulus, key.n_modulus) < MODULUS_BITS_MIN)
                return diag_fail(d, -EBADMSG, "a modulus of %u bits, at least %d are safe",
                        bits_of(key.modulus, key.n_modulus), MODULUS_BITS_MIN);
        r = read_number(jwk, "e", sizeof(exponent), exponent, &n_exponent, d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_exponent; i++)
                key.exponent = key.exponent << 8 | exponent[i];
        if (key.exponent < 3 || key.exponent % 2 == 0)
                return diag_fail(d, -EBADMSG, "%u is no RSA exponent", key.exponent);
        *ret = key;
        return 0;
}

/* Each key at most once; keys of other names are none of ours. */
static int read_keys(const struct json_node *list, struct runtime_claims *c, struct diag *d) {
        for (const struct json_node *jwk = list->children; jwk; jwk = jwk->next) {
                const struct json_node *kid;
                struct rsa_key *key = NULL;
                int r;

                if (jwk->kind != JSON_OBJECT)
                        return diag_fail(d, -EBADMSG, "%u:%u: a key is an object", jwk->at.line,
                                jwk->at.column);
                r = json_record_optional(jwk, "kid", JSON_STRING, &kid, d);
                if (r < 0)
                        return r;
                if (kid && strcmp(kid->string, "HCLAkPub") == 0)
                        key = &c->ak;
                else if (kid && strcmp(kid->string, "HCLEkPub") == 0)
                        key = &c->ek;
                else
                        continue;
                if (key->n_modulus > 0)
                        return diag_fail(d, -EBADMSG, "%s is there twice", kid->string);
                r = read_key(jwk, key, d);
                if (r < 0)
                        return diag_wrap(d, r, "%s", kid->string);
        }
        return c->ak.n_modulus > 0 ? 0 : diag_fail(d, -EBADMSG, "no key HCLAkPub");
}

static int read_members(struct runtime_claims *c, struct diag *d) {
        const struct json_node *keys, *user_data;
        int r;

        r = json_record_member(c->document->root, "keys", JSON_LIST, &keys, d);
        if (r < 0)
                return r;
        r = read_keys(keys, c, d);
        if (r < 0)
                return r;
        r = json_record_optional(c->document->root, "vm-configuration", JSON_OBJECT, &c->vm_configuration,
                d);
        if (r < 0)
                return r;
        r = json_record_optional(c->document->root, "user-data", JSON_STRING, &user_data, d);
        if (r < 0)
                return r;
        c->has_user_data = user_data;
        if (user_data && hex_parse_exactly(user_data->string, c->user_data, sizeof(c->user_data)) < 0)
                return diag_fail(d, -EBADMSG, "\"user-data\" is not %zu hexadecimal digits",
                        2 * sizeof(c->user_data));
        return 0;
}

int runtime_claims_parse(const void *bytes, size_t n, struct runtime_claims *ret, struct diag *d) {
        _cleanup_(runtime_claims_done) struct runtime_claims c = {};
        int r;

        r = json_record_parse(bytes, n, "runtime claims", &c.document, d);
        if (r < 0)
                return r;
        r = read_members(&c, d);
        if (r < 0)
                return diag_wrap(d, r, "runtime claims");
        *ret = c;
        c.document = NULL;
        return 0;
}

void runtime_claims_done(struct runtime_claims *c) {
        json_document_free(c->document);
        *c = (struct runtime_claims){};
}
