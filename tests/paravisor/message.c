/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/message.h"

#include <string.h>

#define PASSWORD_SESSION 0x40000009

void message_bytes(struct message *m, const void *bytes, size_t n) {
        if (n > sizeof(m->bytes) - m->n) {
                m->bad = true;
                return;
        }
        if (n > 0)
                memcpy(m->bytes + m->n, bytes, n);
        m->n += n;
}

void message_u8(struct message *m, uint8_t value) {
        message_bytes(m, &value, 1);
}

void message_u16(struct message *m, uint16_t value) {
        message_u8(m, value >> 8);
        message_u8(m, value & 0xff);
}

void message_u32(struct message *m, uint32_t value) {
        message_u16(m, value >> 16);
        message_u16(m, value & 0xffff);
}

void message_sized(struct message *m, const void *bytes, size_t n) {
        message_u16(m, (uint16_t)n);
        message_bytes(m, bytes, n);
}

void message_begin(struct message *m, uint16_t tag, uint32_t code) {
        m->n = 0;
        m->bad = false;
        message_u16(m, tag);
        message_u32(m, 0); /* message_end() knows */
        message_u32(m, code);
}

void message_password(struct message *m, const void *password, size_t n) {
        message_u32(m, (uint32_t)(4 + 2 + 1 + 2 + n));
        message_u32(m, PASSWORD_SESSION);
        message_sized(m, NULL, 0); /* no nonce */
        message_u8(m, 0);          /* no attributes */
        message_sized(m, password, n);
}

bool message_end(struct message *m) {
        for (int i = 0; i < 4; i++)
                m->bytes[2 + i] = (uint8_t)(m->n >> (24 - 8 * i));
        return !m->bad;
}

void message_refuse(struct message *m, uint32_t code) {
        message_begin(m, TPM_NO_SESSIONS, code);
        message_end(m);
}
