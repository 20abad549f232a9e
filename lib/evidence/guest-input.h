/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The guest input, NV index 0x01400002: 64 bytes that the paravisor takes into its next report as user-data.
 * It belongs to whoever asks for a report, so that it is borrowed: what was there is put back at once after
 * our report was read, also on failure and when we are told to end.
 *
 * An index of 64 bytes or more is never undefined, and of a longer one only the first 64 bytes are written
 * (all of them where its attributes want it written as a whole, or it never was: then padded with zeroes).
 * A shorter one is of no use to the paravisor and is made anew. One that is missing is defined, and stays.
 *
 * When we are killed while ours stands there:
 * - Both kinds of user-data that we write carry a tag of ours, and there is one of us at a time, so a
 * content with such a tag is what a killed one left. The next one of us puts back what was there before it
 * does anything else.
 * - What was there was nearly always nothing: then zeroes are put back. For anything else a note is kept
 *   before we write, and counts only as long as the content is exactly what it says that we wrote. A note
 *   does not outlive a boot; agents do not either.
 * - A content that is not ours is somebody's, whatever a note says: it stays.
 */
#include "lib/claims/binding.h"
#include "lib/evidence/nv.h"

#define GUEST_INPUT_INDEX UINT32_C(0x01400002)

/* What stands in it, seen from one who wants to borrow it. */
enum guest_input_use {
        GUEST_INPUT_FREE = 1, /* zeroes, or never written */
        GUEST_INPUT_LEFT,     /* ours, of one that was killed */
        GUEST_INPUT_SETTLED,  /* the report holds it, or we saw it unchanged before: nobody waits for it */
        GUEST_INPUT_WANTED,   /* whoever wrote it may not have their report yet */
};

/* What outlives a single borrowing; begins as GUEST_INPUT_MEMORY(folder or -1). */
struct guest_input_memory {
        int notes; /* a folder of ours alone; -1: what was there is lost when we are killed */
        bool looked;
        bool has_settled;
        uint8_t settled[USER_DATA_SIZE];
};

#define GUEST_INPUT_MEMORY(folder) ((struct guest_input_memory){ .notes = (folder) })

struct guest_input {
        struct tpm *tpm;
        struct guest_input_memory *memory;
        struct nv_index index;
        uint8_t *before; /* all of the index */
        uint8_t ours[USER_DATA_SIZE];
        bool borrowed;
};

/* reported: the user-data of the report of this moment; NULL: there is none, or it is not known. */
enum guest_input_use guest_input_use(const uint8_t content[static USER_DATA_SIZE],
        const struct guest_input_memory *m, const uint8_t *reported);

/* Puts back what a killed one of us left, once for each memory; nothing is there: nothing is done. */
int guest_input_repair(struct tpm *t, struct guest_input_memory *m, struct diag *d);

/*
 * Opens the index or makes it. -EOPNOTSUPP: it was defined in a way that the paravisor cannot read.
 * The memory is borrowed.
 */
int guest_input_open(struct tpm *t, struct guest_input_memory *m, struct guest_input *ret, struct diag *d);

/* Puts back what is borrowed, and ends it. */
void guest_input_done(struct guest_input *g);

/* Reads again what is there, before it is borrowed. */
int guest_input_look(struct guest_input *g, struct diag *d);

int guest_input_borrow(struct guest_input *g, const uint8_t user_data[static USER_DATA_SIZE],
        struct diag *d);

/* 1: ours still stands there, 0: somebody else wrote. */
int guest_input_is_ours(struct guest_input *g, struct diag *d);

/* Not to be ended by pacing. What somebody else wrote meanwhile stays. */
int guest_input_put_back(struct guest_input *g, struct diag *d);
