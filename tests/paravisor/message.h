/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Commands and responses of a TPM as they are on the wire, big-endian, written one field after the other.
 * They are read with lib/base/cursor. Source: TCG TPM 2.0 Library, part 1 clause 18, part 3.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 4096 /* of libtpms, both ways */
#define MESSAGE_HEADER 10

enum {
        TPM_NO_SESSIONS = 0x8001,
        TPM_SESSIONS = 0x8002,
};

struct message {
        uint8_t bytes[MESSAGE_MAX];
        size_t n;
        bool bad; /* more than it can hold was written */
};

/* Starts anew; code is that of a command or a response. */
void message_begin(struct message *m, uint16_t tag, uint32_t code);

void message_u8(struct message *m, uint8_t value);
void message_u16(struct message *m, uint16_t value);
void message_u32(struct message *m, uint32_t value);
void message_bytes(struct message *m, const void *bytes, size_t n);
void message_sized(struct message *m, const void *bytes,
        size_t n); /* with a 16-bit size in front: a TPM2B */

/* The authorisation area of a command: one password session. */
void message_password(struct message *m, const void *password, size_t n);

/* Writes the size into the header. False when the message did not fit. */
bool message_end(struct message *m);

/* A whole response that says no more than this code. */
void message_refuse(struct message *m, uint32_t code);
