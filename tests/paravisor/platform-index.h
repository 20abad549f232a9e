/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The two indices of the platform's that are played: the HCL report's and the AK certificate's. The code of
 * a function that answers the guest fails only when swtpm does.
 */
#include "tests/paravisor/vtpm.h"

/* The stand-in that swtpm has for it, written to, so that it can be read. */
int platform_index_define(struct vtpm *v, uint32_t index, struct diag *d);

bool platform_index_is_played(const struct vtpm *v, uint32_t index);

/* Answers TPM2_NV_Read, with sessions. */
int platform_index_read(struct vtpm *v, const uint8_t *command, size_t n, struct message *ret,
        struct diag *d);

/* Answers TPM2_NV_ReadPublic: the index as the guest is to see it, and its name. */
void platform_index_tell(struct vtpm *v, uint32_t index, struct message *ret);
