/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stood in the guest input before we wrote into it, kept in a folder that outlives the process: text,
 * "cvmd-guest-input-1", what we wrote, and what was there before, 64 bytes each as hexadecimal digits, each
 * on a line of its own.
 */
#include "lib/base/diag.h"
#include "lib/claims/binding.h"

#define GUEST_INPUT_NOTE_NAME "guest-input"

struct guest_input_note {
        uint8_t ours[USER_DATA_SIZE], before[USER_DATA_SIZE];
};

/* -EBADMSG for anything that guest_input_note_put() does not write. */
int guest_input_note_parse(const void *text, size_t n, struct guest_input_note *ret, struct diag *d);

/* folder: a descriptor. -ENOENT: there is none. */
int guest_input_note_get(int folder, struct guest_input_note *ret, struct diag *d);
int guest_input_note_put(int folder, const struct guest_input_note *note, struct diag *d);
int guest_input_note_remove(int folder, struct diag *d);
