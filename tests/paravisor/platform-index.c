/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/platform-index.h"

#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/digest.h"

#define STAND_IN_SIZE 16   /* of the indices that swtpm has for the two */
#define NV_BUFFER_MAX 1024 /* of libtpms, for one read */

#define TPM_RC_NV_RANGE 0x146
#define TPM_RC_AUTH_CONTEXT 0x145
#define TPM_RC_VALUE_P1 0x1c4

int platform_index_define(struct vtpm *v, uint32_t index, struct diag *d) {
        static const uint8_t zeroes[STAND_IN_SIZE];
        int r;

        r = tpm_nv_define(&v->tpm, TPM_PLATFORM, index, NV_PLATFORM_ATTRIBUTES, STAND_IN_SIZE, v->secret,
                sizeof(v->secret), NULL, d);
        if (r >= 0)
                r = tpm_nv_write(&v->tpm, index, index, v->secret, sizeof(v->secret), zeroes, sizeof(zeroes),
                        NULL, d);
        return r < 0 ? diag_wrap(d, r, "index 0x%08x", index) : 0;
}

bool platform_index_is_played(const struct vtpm *v, uint32_t index) {
        return index == NV_AK_CERTIFICATE || (index == NV_HCL_REPORT && v->index_defined);
}

static size_t index_size(const struct vtpm *v, uint32_t index) {
        if (index == NV_AK_CERTIFICATE)
                return AK_CERTIFICATE_SIZE;
        return v->behaviour.report == REPORT_TRUNCATED ? MACHINE_TRUNCATED_SIZE : v->index_size;
}

static bool is_written(const struct vtpm *v, uint32_t index) {
        return index == NV_AK_CERTIFICATE ? v->behaviour.certificate != CERTIFICATE_UNWRITTEN
                                          : v->behaviour.index == INDEX_PRESENT;
}

/* The bytes at offset of the index as it stands; zeroes behind what is in it. */
static void copy_content(struct vtpm *v, uint32_t index, size_t offset, uint8_t *ret, size_t n) {
        _cleanup_(forge_bytes_done) struct forge_bytes certificate = {};
        const struct forge_bytes *content = &v->report;

        if (index == NV_AK_CERTIFICATE) {
                certificate = machine_ak_certificate(v->machine, v->behaviour.certificate);
                content = &certificate;
        }
        memset(ret, 0, n);
        if (offset < content->n)
                memcpy(ret, content->bytes + offset, n < content->n - offset ? n : content->n - offset);
}

/* TPM2B_NV_PUBLIC without its size, of an index of the platform's. */
static void put_public(struct message *m, uint32_t index, bool written, size_t size) {
        message_u32(m, index);
        message_u16(m, 0x000b); /* SHA-256 */
        message_u32(m, NV_PLATFORM_ATTRIBUTES | (written ? NV_WRITTEN : 0));
        message_sized(m, NULL, 0);
        message_u16(m, (uint16_t)size);
}

static void hash(const struct message *m, uint8_t ret[static SHA256_SIZE]) {
        struct digest digest;

        forge_check(digest_sha256(m->bytes, m->n, &digest) >= 0, "SHA-256");
        memcpy(ret, digest.bytes, SHA256_SIZE);
}

static void put_name(struct message *m, uint32_t index, bool written, size_t size) {
        struct message public = {};
        uint8_t digest[SHA256_SIZE];

        put_public(&public, index, written, size);
        hash(&public, digest);
        message_u16(m, 0x000b);
        message_bytes(m, digest, sizeof(digest));
}

/* A read of one of the two, taken apart. */
struct read {
        uint32_t who, index;
        struct session session;
        size_t size, offset;
        const char *key; /* of HMACs: the authorisation value */
        size_t n_key;
};

static bool parse_read(struct vtpm *v, const uint8_t *command, size_t n, struct read *ret) {
        struct cursor c = cursor_over(command + MESSAGE_HEADER, n - MESSAGE_HEADER);
        const uint8_t *area;
        size_t n_area;

        ret->who = cursor_be32(&c);
        ret->index = cursor_be32(&c);
        n_area = cursor_be32(&c);
        area = cursor_bytes(&c, n_area);
        ret->size = cursor_be16(&c);
        ret->offset = cursor_be16(&c);
        ret->key = ret->who == TPM_OWNER ? v->owner_auth : (const char *)v->secret;
        ret->n_key = ret->who == TPM_OWNER ? strlen(v->owner_auth) : sizeof(v->secret);
        return cursor_finish(&c) && session_parse(area, n_area, true, &ret->session);
}

/* The HMAC of a read of that part of an index which has that size. */
static void command_hmac(const struct vtpm *v, const struct read *read, bool written, size_t index_is,
        size_t size, size_t offset, uint8_t ret[static HMAC_SIZE]) {
        struct message covered = {};
        uint8_t digest[SHA256_SIZE];
        const uint8_t *nonce;
        size_t n_nonce = 0;

        message_u32(&covered, TPM_CC_NV_READ);
        if (read->who == read->index)
                put_name(&covered, read->index, written, index_is);
        else
                message_u32(&covered, read->who); /* the name of a hierarchy is its handle */
        put_name(&covered, read->index, written, index_is);
        message_u16(&covered, (uint16_t)size);
        message_u16(&covered, (uint16_t)offset);
        hash(&covered, digest);
        nonce = sessions_nonce(&v->sessions, read->session.handle, &n_nonce);
        session_hmac(read->key, read->n_key, digest, read->session.nonce, read->session.n_nonce, nonce,
                n_nonce, read->session.attributes, ret);
}

/* The HMAC of a session that we can check ourselves. */
static bool is_vouched_for(const struct vtpm *v, const struct read *read) {
        uint8_t expected[HMAC_SIZE];
        size_t n;

        if (read->session.n_hmac != HMAC_SIZE || !sessions_nonce(&v->sessions, read->session.handle, &n))
                return false;
        command_hmac(v, read, is_written(v, read->index), index_size(v, read->index), read->size,
                read->offset, expected);
        return memcmp(expected, read->session.hmac, HMAC_SIZE) == 0;
}

/* The same read by the same authorisation, of the stand-in's first byte. An HMAC that is wrong stays so. */
static int read_stand_in(struct vtpm *v, const struct read *read, bool vouched, struct message *ret,
        struct diag *d) {
        struct message command;
        uint8_t hmac[HMAC_SIZE];
        const struct session *s = &read->session;

        if (vouched)
                command_hmac(v, read, true, STAND_IN_SIZE, 1, 0, hmac);
        message_begin(&command, TPM_SESSIONS, TPM_CC_NV_READ);
        message_u32(&command, read->who);
        message_u32(&command, read->index);
        message_u32(&command, (uint32_t)(4 + 2 + s->n_nonce + 1 + 2 + s->n_hmac));
        message_u32(&command, s->handle);
        message_sized(&command, s->nonce, s->n_nonce);
        message_u8(&command, s->attributes);
        message_sized(&command, vouched ? hmac : s->hmac, s->n_hmac);
        message_u16(&command, 1);
        message_u16(&command, 0);
        message_end(&command);
        return swtpm_transfer(&v->tpm, command.bytes, command.n, ret, d);
}

/* The stand-in's response, with these bytes in place of its one. */
static void answer_read(struct vtpm *v, const struct read *read, const struct message *stand_in,
        const uint8_t *bytes, size_t n, struct message *ret) {
        const size_t area = MESSAGE_HEADER + 4 + 2 + 1; /* behind the size of the parameters, and them */
        struct message covered = {};
        uint8_t digest[SHA256_SIZE], hmac[HMAC_SIZE];
        struct session s;

        message_begin(ret, TPM_SESSIONS, 0);
        message_u32(ret, (uint32_t)(2 + n));
        message_sized(ret, bytes, n);
        if (read->session.handle == SESSION_PASSWORD ||
                !session_parse(stand_in->bytes + area, stand_in->n - area, false, &s)) {
                message_bytes(ret, stand_in->bytes + area, stand_in->n - area);
                message_end(ret);
                return;
        }
        message_u32(&covered, 0);
        message_u32(&covered, TPM_CC_NV_READ);
        message_sized(&covered, bytes, n);
        hash(&covered, digest);
        session_hmac(read->key, read->n_key, digest, s.nonce, s.n_nonce, read->session.nonce,
                read->session.n_nonce, s.attributes, hmac);
        sessions_set_nonce(&v->sessions, read->session.handle, s.nonce, s.n_nonce);
        message_sized(ret, s.nonce, s.n_nonce);
        message_u8(ret, s.attributes);
        message_sized(ret, hmac, sizeof(hmac));
        message_end(ret);
}

/* What the index itself has against that read, which is authorised; 0: nothing. */
static uint32_t objection(const struct vtpm *v, const struct read *read) {
        if (!is_written(v, read->index))
                return VTPM_UNWRITTEN;
        if (read->size > NV_BUFFER_MAX)
                return TPM_RC_VALUE_P1;
        return read->offset + read->size > index_size(v, read->index) ? TPM_RC_NV_RANGE : 0;
}

int platform_index_read(struct vtpm *v, const uint8_t *command, size_t n, struct message *ret,
        struct diag *d) {
        uint8_t content[NV_BUFFER_MAX];
        struct message stand_in = {};
        struct read read;
        bool vouched;
        uint32_t code;
        int r;

        if (!parse_read(v, command, n, &read)) {
                message_refuse(ret, TPM_RC_AUTH_CONTEXT);
                return 0;
        }
        vouched = is_vouched_for(v, &read);
        /* Nonces go on with each response: a session that we refuse must not have got one from swtpm. */
        r = vouched ? 0 : read_stand_in(v, &read, false, &stand_in, d);
        if (r < 0)
                return r;
        if (!vouched && stand_in.bytes[1] != (TPM_SESSIONS & 0xff)) {
                *ret = stand_in; /* refused */
                return 0;
        }
        r = read.index == NV_HCL_REPORT && is_written(v, read.index)
                ? vtpm_before_report_read(v, read.offset, d)
                : 0;
        if (r < 0)
                return r;
        code = objection(v, &read);
        if (code != 0) {
                message_refuse(ret, code);
                return 0;
        }
        r = vouched ? read_stand_in(v, &read, true, &stand_in, d) : 0;
        if (r < 0)
                return r;
        copy_content(v, read.index, read.offset, content, read.size);
        answer_read(v, &read, &stand_in, content, read.size, ret);
        return 0;
}

void platform_index_tell(struct vtpm *v, uint32_t index, struct message *ret) {
        struct message public = {}, name = {};

        put_public(&public, index, is_written(v, index), index_size(v, index));
        put_name(&name, index, is_written(v, index), index_size(v, index));
        message_begin(ret, TPM_NO_SESSIONS, 0);
        message_sized(ret, public.bytes, public.n);
        message_sized(ret, name.bytes, name.n);
        message_end(ret);
}
