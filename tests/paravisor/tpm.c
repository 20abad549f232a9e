/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/tpm.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cursor.h"

#define TPM_ENDORSEMENT 0x4000000b

enum {
        TPM_ALG_RSA = 0x0001,
        TPM_ALG_AES = 0x0006,
        TPM_ALG_SHA256 = 0x000b,
        TPM_ALG_NULL = 0x0010,
        TPM_ALG_RSASSA = 0x0014,
        TPM_ALG_CFB = 0x0043,
};

/* One command. ret_parameters is what follows the header, and the size that sessions bring. */
static int call(struct swtpm *t, struct message *command, struct message *response, uint32_t *code,
        struct cursor *ret_parameters, struct diag *d) {
        struct cursor c;
        uint16_t tag;
        uint32_t answer;
        int r;

        if (!message_end(command))
                return diag_fail(d, -EMSGSIZE, "a command that is too long");
        r = swtpm_transfer(t, command->bytes, command->n, response, d);
        if (r < 0)
                return r;
        c = cursor_over(response->bytes, response->n);
        tag = cursor_be16(&c);
        cursor_be32(&c);
        answer = cursor_be32(&c);
        if (code)
                *code = answer;
        else if (answer != 0)
                return diag_fail(d, -EIO, "the TPM answered 0x%03x", answer);
        if (answer == 0 && tag == TPM_SESSIONS && ret_parameters)
                cursor_be32(&c);
        if (ret_parameters)
                *ret_parameters = c;
        return 0;
}

/* TPMT_PUBLIC of the AK: RSASSA with SHA-256, restricted, no policy. */
static void put_ak_template(struct message *m) {
        message_u16(m, TPM_ALG_RSA);
        message_u16(m, TPM_ALG_SHA256);
        message_u32(m, 0x00050472);
        message_sized(m, NULL, 0);
        message_u16(m, TPM_ALG_NULL);
        message_u16(m, TPM_ALG_RSASSA);
        message_u16(m, TPM_ALG_SHA256);
        message_u16(m, 2048);
        message_u32(m, 0);
        message_sized(m, NULL, 0);
}

/* TPMT_PUBLIC of the EK. Source: TCG EK Credential Profile, template L-1. */
static void put_ek_template(struct message *m) {
        static const uint8_t policy[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1,
                0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };
        static const uint8_t unique[RSA_MODULUS_SIZE];

        message_u16(m, TPM_ALG_RSA);
        message_u16(m, TPM_ALG_SHA256);
        message_u32(m, 0x000300b2);
        message_sized(m, policy, sizeof(policy));
        message_u16(m, TPM_ALG_AES);
        message_u16(m, 128);
        message_u16(m, TPM_ALG_CFB);
        message_u16(m, TPM_ALG_NULL);
        message_u16(m, 2048);
        message_u32(m, 0);
        message_sized(m, unique, sizeof(unique));
}

/* The modulus stands at the end of a TPMT_PUBLIC of an RSA key. */
static int parse_primary(struct cursor c, uint8_t ret_modulus[static RSA_MODULUS_SIZE], struct diag *d) {
        struct cursor public;
        const uint8_t *modulus;
        size_t n;

        n = cursor_be16(&c);
        public = cursor_sub(&c, n);
        if (public.bad || n < RSA_MODULUS_SIZE)
                return diag_fail(d, -EBADMSG, "a public area of %zu bytes", n);
        cursor_bytes(&public, n - RSA_MODULUS_SIZE);
        modulus = cursor_bytes(&public, RSA_MODULUS_SIZE);
        memcpy(ret_modulus, modulus, RSA_MODULUS_SIZE);
        return 0;
}

/* The response has the handle in front of the parameters. */
static int create_primary(struct swtpm *t, void (*put_template)(struct message *m), uint32_t *ret_handle,
        uint8_t ret_modulus[static RSA_MODULUS_SIZE], struct diag *d) {
        struct message command, response, template = {};
        struct cursor c;
        int r;

        put_template(&template);
        message_begin(&command, TPM_SESSIONS, TPM_CC_CREATE_PRIMARY);
        message_u32(&command, TPM_ENDORSEMENT);
        message_password(&command, NULL, 0);
        message_u16(&command, 4); /* sensitive: neither auth nor data */
        message_u32(&command, 0);
        message_sized(&command, template.bytes, template.n);
        message_sized(&command, NULL, 0); /* outside info */
        message_u32(&command, 0);         /* creation PCRs */
        r = call(t, &command, &response, NULL, NULL, d);
        if (r < 0)
                return r;
        c = cursor_over(response.bytes + MESSAGE_HEADER, response.n - MESSAGE_HEADER);
        *ret_handle = cursor_be32(&c);
        cursor_be32(&c);
        return parse_primary(c, ret_modulus, d);
}

int tpm_flush(struct swtpm *t, uint32_t handle, struct diag *d) {
        struct message command, response;
        uint32_t code;

        message_begin(&command, TPM_NO_SESSIONS, TPM_CC_FLUSH_CONTEXT);
        message_u32(&command, handle);
        return call(t, &command, &response, &code, NULL, d); /* it may be gone already */
}

static int persist(struct swtpm *t, uint32_t handle, uint32_t where, struct diag *d) {
        struct message command, response;

        message_begin(&command, TPM_SESSIONS, TPM_CC_EVICT_CONTROL);
        message_u32(&command, TPM_OWNER);
        message_u32(&command, handle);
        message_password(&command, NULL, 0);
        message_u32(&command, where);
        return call(t, &command, &response, NULL, NULL, d);
}

static int make_key(struct swtpm *t, void (*put_template)(struct message *m), uint32_t where,
        uint8_t ret_modulus[static RSA_MODULUS_SIZE], struct diag *d) {
        uint32_t handle;
        int r;

        r = create_primary(t, put_template, &handle, ret_modulus, d);
        if (r >= 0)
                r = persist(t, handle, where, d);
        if (r >= 0)
                r = tpm_flush(t, handle, d);
        return r < 0 ? diag_wrap(d, r, "key 0x%08x", where) : 0;
}

int tpm_make_keys(struct swtpm *t, struct tpm_keys *ret, struct diag *d) {
        int r;

        r = make_key(t, put_ak_template, HANDLE_AK, ret->ak, d);
        return r < 0 ? r : make_key(t, put_ek_template, HANDLE_EK, ret->ek, d);
}

int tpm_nv_define(struct swtpm *t, uint32_t hierarchy, uint32_t index, uint32_t attributes, uint16_t size,
        const void *auth, size_t n_auth, uint32_t *code, struct diag *d) {
        struct message command, response;

        message_begin(&command, TPM_SESSIONS, TPM_CC_NV_DEFINE_SPACE);
        message_u32(&command, hierarchy);
        message_password(&command, NULL, 0);
        message_sized(&command, auth, n_auth);
        message_u16(&command, 4 + 2 + 4 + 2 + 2);
        message_u32(&command, index);
        message_u16(&command, TPM_ALG_SHA256);
        message_u32(&command, attributes);
        message_sized(&command, NULL, 0); /* no policy */
        message_u16(&command, size);
        return call(t, &command, &response, code, NULL, d);
}

int tpm_nv_undefine(struct swtpm *t, uint32_t hierarchy, uint32_t index, uint32_t *code, struct diag *d) {
        struct message command, response;

        message_begin(&command, TPM_SESSIONS, TPM_CC_NV_UNDEFINE_SPACE);
        message_u32(&command, hierarchy);
        message_u32(&command, index);
        message_password(&command, NULL, 0);
        return call(t, &command, &response, code, NULL, d);
}

int tpm_nv_write(struct swtpm *t, uint32_t who, uint32_t index, const void *auth, size_t n_auth,
        const void *bytes, size_t n, uint32_t *code, struct diag *d) {
        struct message command, response;

        message_begin(&command, TPM_SESSIONS, TPM_CC_NV_WRITE);
        message_u32(&command, who);
        message_u32(&command, index);
        message_password(&command, auth, n_auth);
        message_sized(&command, bytes, n);
        message_u16(&command, 0);
        return call(t, &command, &response, code, NULL, d);
}

int tpm_nv_read(struct swtpm *t, uint32_t index, void *ret, size_t n, uint32_t *code, struct diag *d) {
        struct message command, response;
        const uint8_t *bytes;
        struct cursor c;
        int r;

        message_begin(&command, TPM_SESSIONS, TPM_CC_NV_READ);
        message_u32(&command, TPM_OWNER);
        message_u32(&command, index);
        message_password(&command, NULL, 0);
        message_u16(&command, (uint16_t)n);
        message_u16(&command, 0);
        r = call(t, &command, &response, code, &c, d);
        if (r < 0 || (code && *code != 0))
                return r;
        if (cursor_be16(&c) != n || !(bytes = cursor_bytes(&c, n)))
                return diag_fail(d, -EBADMSG, "index 0x%08x: less than was asked for", index);
        memcpy(ret, bytes, n);
        return 0;
}

int tpm_nv_size(struct swtpm *t, uint32_t index, size_t *ret, uint32_t *code, struct diag *d) {
        struct message command, response;
        struct cursor c, public;
        size_t n;
        int r;

        message_begin(&command, TPM_NO_SESSIONS, TPM_CC_NV_READ_PUBLIC);
        message_u32(&command, index);
        r = call(t, &command, &response, code, &c, d);
        if (r < 0 || (code && *code != 0))
                return r;
        n = cursor_be16(&c);
        public = cursor_sub(&c, n);
        cursor_bytes(&public, 4 + 2 + 4);
        n = cursor_be16(&public);
        cursor_bytes(&public, n);
        n = cursor_be16(&public);
        if (!cursor_finish(&public))
                return diag_fail(d, -EBADMSG, "index 0x%08x: no public area", index);
        *ret = n;
        return 0;
}

int tpm_change_owner_auth(struct swtpm *t, const char *old, const char *new, struct diag *d) {
        struct message command, response;

        message_begin(&command, TPM_SESSIONS, TPM_CC_HIERARCHY_CHANGE_AUTH);
        message_u32(&command, TPM_OWNER);
        message_password(&command, old, strlen(old));
        message_sized(&command, new, strlen(new));
        return call(t, &command, &response, NULL, NULL, d);
}
