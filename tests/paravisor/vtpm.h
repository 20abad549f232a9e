/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The vTPM as the guest sees it: swtpm, with two of the platform's indices played in front of it, for they
 * are larger than swtpm's may be, and the report in one is made as it is read.
 *
 * swtpm has a small index of the same number, attributes and secret authorisation behind each of the two,
 * and every read is done on that one as well: who may read, what is locked and what a wrong password leads
 * to is decided by a real TPM. They are read in password sessions and in HMAC sessions that are neither
 * bound nor salted (session.h), which is what all tools use. The guest input is an ordinary index of
 * swtpm's.
 */
#include "tests/paravisor/behaviour.h"
#include "tests/paravisor/machine.h"
#include "tests/paravisor/session.h"
#include "tests/paravisor/tpm.h"

#define VTPM_UNWRITTEN 0x14a     /* TPM_RC_NV_UNINITIALIZED */
#define VTPM_LOCKOUT 0x921       /* TPM_RC_LOCKOUT */
#define GUEST_INPUT_SIZE 64      /* what the paravisor reads of it */
#define AK_CERTIFICATE_SIZE 4096 /* of its index */
#define HCL_INDEX_SIZE 2600      /* unless it is told otherwise */
#define HCL_INDEX_SIZE_MAX 16384

struct vtpm {
        struct swtpm tpm;
        struct machine *machine;
        struct sessions sessions;
        struct behaviour behaviour;
        struct counters counters;
        uint64_t ahead;            /* ms that the clock was put forward */
        uint64_t made;             /* when the report was made */
        struct forge_bytes report; /* as it stands; none before the first read */
        size_t index_size;         /* of the HCL report's index */
        bool index_defined;        /* in swtpm */
        uint8_t secret[16];        /* authorisation of the platform's indices */
        char owner_auth[64];       /* as far as it is known; a text */
};

/* Starts the TPM and makes its keys and indices. What was begun is ended by vtpm_done() even after failure.
 */
int vtpm_start(struct vtpm *v, struct diag *d);
void vtpm_done(struct vtpm *v);

/* Milliseconds, on a clock that tests put forward. */
uint64_t vtpm_now(const struct vtpm *v);

/* One command of the guest, complete, as it says in its header. Fails only when swtpm does. */
int vtpm_execute(struct vtpm *v, const uint8_t *command, size_t n, struct message *ret, struct diag *d);

/* What a read of the HCL report at that offset changes, before it is answered. */
int vtpm_before_report_read(struct vtpm *v, size_t offset, struct diag *d);

/* Somebody else in the guest writes the guest input, by the owner, and makes it of that size if it is not.
 */
int vtpm_write_input(struct vtpm *v, const void *bytes, size_t n, struct diag *d);

/* The guest input as it stands; -ENODATA when there is none or nothing in it. */
int vtpm_read_input(struct vtpm *v, uint8_t *ret, size_t max, size_t *ret_size, struct diag *d);

int vtpm_set_index(struct vtpm *v, enum index_flaw flaw, struct diag *d);
int vtpm_set_owner_auth(struct vtpm *v, const char *password, struct diag *d);
