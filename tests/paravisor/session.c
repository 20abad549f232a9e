/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/session.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <string.h>

#include "lib/base/cursor.h"

#define TPM_RH_NULL 0x40000007
#define TPM_SE_HMAC 0
#define TPM_CC_GET_CAPABILITY 0x17a
#define TPM_CC_START_AUTH_SESSION 0x176
#define TPM_CAP_COMMANDS 2
#define TPM_CC_FIRST 0x11f

enum { ATTRIBUTE_DECRYPT = 0x20, ATTRIBUTE_ENCRYPT = 0x40 };

int sessions_init(struct sessions *s, struct swtpm *t, struct diag *d) {
        struct message command, response;
        struct cursor c;
        size_t n;
        int r;

        message_begin(&command, TPM_NO_SESSIONS, TPM_CC_GET_CAPABILITY);
        message_u32(&command, TPM_CAP_COMMANDS);
        message_u32(&command, TPM_CC_FIRST);
        message_u32(&command, 254);
        message_end(&command);
        r = swtpm_transfer(t, command.bytes, command.n, &response, d);
        if (r < 0)
                return r;
        c = cursor_over(response.bytes + MESSAGE_HEADER, response.n - MESSAGE_HEADER);
        cursor_u8(&c);   /* there are no more */
        cursor_be32(&c); /* what was asked for */
        n = cursor_be32(&c);
        for (size_t i = 0; i < n; i++) {
                uint32_t attributes = cursor_be32(&c); /* TPMA_CC */

                if ((attributes & 0xffff) < COMMANDS_MAX)
                        s->shapes[attributes & 0xffff] = (struct command_shape){
                                .n_handles = attributes >> 25 & 7,
                                .makes_handle = attributes >> 28 & 1,
                        };
        }
        return cursor_finish(&c) ? 0 : diag_fail(d, -EBADMSG, "swtpm does not tell its commands");
}

struct command_shape sessions_shape(const struct sessions *s, uint32_t code) {
        return code < COMMANDS_MAX ? s->shapes[code] : (struct command_shape){};
}

const uint8_t *sessions_nonce(const struct sessions *s, uint32_t handle, size_t *ret_size) {
        for (size_t i = 0; i < s->n; i++)
                if (s->of[i].handle == handle) {
                        *ret_size = s->of[i].n_nonce;
                        return s->of[i].nonce;
                }
        return NULL;
}

void sessions_set_nonce(struct sessions *s, uint32_t handle, const uint8_t *nonce, size_t n) {
        for (size_t i = 0; i < s->n; i++)
                if (s->of[i].handle == handle && n <= NONCE_MAX_SIZE) {
                        memcpy(s->of[i].nonce, nonce, n);
                        s->of[i].n_nonce = n;
                }
}

/* The TPM gives handles again, lowest first, so that there are never many. */
static void begin_session(struct sessions *s, uint32_t handle, const uint8_t *nonce, size_t n, bool known) {
        size_t i = 0;

        while (i < s->n && s->of[i].handle != handle)
                i++;
        if (i == SESSIONS_MAX)
                return;
        if (i == s->n)
                s->n++;
        s->of[i].handle = known ? handle : 0;
        sessions_set_nonce(s, handle, nonce, n);
}

static void follow_start(struct sessions *s, struct cursor in, struct cursor out) {
        uint32_t key = cursor_be32(&in), bind = cursor_be32(&in), handle;
        const uint8_t *nonce;
        size_t n;
        uint8_t type;

        n = cursor_be16(&in); /* the caller's nonce, and a secret */
        cursor_bytes(&in, n);
        n = cursor_be16(&in);
        cursor_bytes(&in, n);
        type = cursor_u8(&in);
        handle = cursor_be32(&out);
        n = cursor_be16(&out);
        nonce = cursor_bytes(&out, n);
        if (!in.bad && !out.bad)
                begin_session(s, handle, nonce, n,
                        key == TPM_RH_NULL && bind == TPM_RH_NULL && type == TPM_SE_HMAC);
}

/* The next session of an area. */
static struct session take_session(struct cursor *c, bool of_command) {
        struct session s = {};

        if (of_command)
                s.handle = cursor_be32(c);
        s.n_nonce = cursor_be16(c);
        s.nonce = cursor_bytes(c, s.n_nonce);
        s.attributes = cursor_u8(c);
        s.n_hmac = cursor_be16(c);
        s.hmac = cursor_bytes(c, s.n_hmac);
        return s;
}

bool session_parse(const uint8_t *area, size_t n, bool of_command, struct session *ret) {
        struct cursor c = cursor_over(area, n);

        *ret = take_session(&c, of_command);
        return cursor_finish(&c) && !(ret->attributes & (ATTRIBUTE_DECRYPT | ATTRIBUTE_ENCRYPT));
}

void sessions_follow(struct sessions *s, const uint8_t *command, size_t n, const struct message *response) {
        struct cursor in = cursor_over(command, n), out = cursor_over(response->bytes, response->n), area;
        uint32_t code, size;
        uint16_t tag;

        tag = cursor_be16(&in);
        cursor_be32(&in);
        code = cursor_be32(&in);
        cursor_bytes(&out, MESSAGE_HEADER);
        if (code == TPM_CC_START_AUTH_SESSION) {
                follow_start(s, in, out);
                return;
        }
        if (tag != TPM_SESSIONS)
                return;
        cursor_bytes(&in, 4 * (size_t)sessions_shape(s, code).n_handles);
        size = cursor_be32(&in);
        area = cursor_sub(&in, size);
        if (sessions_shape(s, code).makes_handle) /* in front of the size of the parameters */
                cursor_be32(&out);
        size = cursor_be32(&out);
        cursor_bytes(&out, size);
        while (!area.bad && !out.bad && area.left > 0) {
                struct session asked = take_session(&area, true), answered = take_session(&out, false);

                if (!out.bad)
                        sessions_set_nonce(s, asked.handle, answered.nonce, answered.n_nonce);
        }
}

void session_hmac(const void *key, size_t n_key, const uint8_t hash[static 32], const uint8_t *newer,
        size_t n_newer, const uint8_t *older, size_t n_older, uint8_t attributes,
        uint8_t ret[static HMAC_SIZE]) {
        struct message text = {};

        message_bytes(&text, hash, 32);
        message_bytes(&text, newer, n_newer);
        message_bytes(&text, older, n_older);
        message_u8(&text, attributes);
        HMAC(EVP_sha256(), key, (int)n_key, text.bytes, text.n, ret, NULL);
}
