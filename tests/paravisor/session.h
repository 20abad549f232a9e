/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The authorisation of a read that is done on a stand-in. An HMAC session covers the command with the name
 * of the index that it reads: the paravisor checks it as the guest made it, makes it anew for the stand-in,
 * and the response's for the guest. That takes the nonces of the session, which pass by, and a key: sessions
 * that are neither bound nor salted have the authorisation value alone for one. Source: TCG TPM 2.0 Library,
 * part 1 clauses 17 to 19.
 */
#include "tests/paravisor/swtpm.h"

#define SESSION_PASSWORD 0x40000009
#define SESSIONS_MAX 64
#define COMMANDS_MAX 0x200 /* codes are below */
#define NONCE_MAX_SIZE 64
#define HMAC_SIZE 32

/* By command code, from TPMA_CC: how many handles it has, and whether its response has one. */
struct command_shape {
        uint8_t n_handles;
        bool makes_handle;
};

/* What the sessions of the TPM are at, and what its commands look like. */
struct sessions {
        struct {
                uint32_t handle;
                uint8_t nonce[NONCE_MAX_SIZE];
                size_t n_nonce;
        } of[SESSIONS_MAX];
        size_t n;
        struct command_shape shapes[COMMANDS_MAX];
};

/* One session as a command or a response carries it. Borrows. */
struct session {
        uint32_t handle; /* of a command's */
        const uint8_t *nonce, *hmac;
        size_t n_nonce, n_hmac;
        uint8_t attributes;
};

/* Asks the TPM for its commands. */
int sessions_init(struct sessions *s, struct swtpm *t, struct diag *d);

/* No handles for a code that the TPM does not have. */
struct command_shape sessions_shape(const struct sessions *s, uint32_t code);

/* A command that succeeded, and its response: keeps the nonces. */
void sessions_follow(struct sessions *s, const uint8_t *command, size_t n, const struct message *response);

/* The one session of an authorisation area. False when there are more, or it encrypts. */
bool session_parse(const uint8_t *area, size_t n, bool of_command, struct session *ret);

/* What the TPM's nonce of the session is; NULL: it is not known. */
const uint8_t *sessions_nonce(const struct sessions *s, uint32_t handle, size_t *ret_size);
void sessions_set_nonce(struct sessions *s, uint32_t handle, const uint8_t *nonce, size_t n);

/* The HMAC over the hash of a command or response; newer and older are nonces. */
void session_hmac(const void *key, size_t n_key, const uint8_t hash[static 32], const uint8_t *newer,
        size_t n_newer, const uint8_t *older, size_t n_older, uint8_t attributes,
        uint8_t ret[static HMAC_SIZE]);
