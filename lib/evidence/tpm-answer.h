/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Response codes of the TPM and of the layers above it. Source: TPM 2.0 library, part 2, TPM_RC (6.6);
 * TSS 2.0 overview, response code layers. */
#include <stdbool.h>
#include <stdint.h>

#define TPM_ANSWER_TEXT_SIZE 256

/* A negative errno as tpm.h has them, for rc that is not 0. */
int tpm_answer_errno(uint32_t rc);

/* The code itself, without the parameter, handle or session that it is about, and without the resource
 * manager's mark; 0 when it is not the TPM's. */
uint32_t tpm_answer_code(uint32_t rc);

/* Whether it says that the connection to the TPM is of no more use. */
bool tpm_answer_is_broken(uint32_t rc);

/* In words, with the number behind. */
void tpm_answer_format(uint32_t rc, char ret[static TPM_ANSWER_TEXT_SIZE]);
