/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The guest's TPM, through ESYS. A command takes milliseconds to seconds and cannot be interrupted; between
 * two commands, and while there is nothing to do but wait, the caller is asked, so that it can serve others
 * and end what is under way.
 *
 * Errors, here and in everything of this folder that talks to the TPM:
 *   -ENODEV       there is no TPM
 *   -ENOENT       no such index or key
 *   -ENODATA      an index that was never written, or no report of a paravisor
 *   -EACCES       an authorisation was refused
 *   -EPERM        the owner's authorisation is set
 *   -EUSERS       the TPM is locked out
 *   -EBADMSG      what was read is malformed
 *   -EILSEQ       it was read torn, again and again
 *   -EBUSY        another agent keeps writing the guest input
 *   -ESTALE       the paravisor makes no new report
 *   -EKEYREJECTED keys that should be one are two
 *   -EINVAL       an argument
 *   -EOPNOTSUPP   this TPM cannot do that
 *   -EIO          any other failure of the TPM
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/diag.h"

#define TPM_TCTI_DEFAULT "device:/dev/tpmrm0"

/* A negative answer ends what is under way, and is what that ends with. */
struct tpm_pacing {
        int (*between)(void *data);             /* before each command; NULL: nobody is asked */
        int (*wait)(uint64_t usec, void *data); /* returns after that time; NULL: sleeps */
        void *data;
};

struct tpm;

/*
 * tcti: a name and configuration as tpm2-tss has them, never NULL. pacing is copied, and may be NULL.
 * -ENODEV when there is no such device; -EACCES when it may not be opened.
 */
int tpm_open(const char *tcti, const struct tpm_pacing *pacing, struct tpm **ret, struct diag *d);
void tpm_close(struct tpm *t);
DEFINE_FREEP(struct tpm, tpm_close)

/* Until the matching tpm_hurry_end(), negative answers of pacing are kept from what must be brought to its
 * end: putting back what was there. */
void tpm_hurry_begin(struct tpm *t);
void tpm_hurry_end(struct tpm *t);

/* Waits as pacing says. */
int tpm_wait(struct tpm *t, uint64_t usec);

/* Whether the connection to it broke: to be closed, and opened again. */
bool tpm_is_broken(const struct tpm *t);

/*
 * Why an authorisation was refused: r is a negative errno that a command ended with. When it is -EACCES,
 * asks the TPM for what is set in it; returns -EPERM, -EUSERS or r, with d in those words.
 */
int tpm_explain(struct tpm *t, int r, struct diag *d);

/* How often a command was sent so far. */
uint64_t tpm_commands(const struct tpm *t);
