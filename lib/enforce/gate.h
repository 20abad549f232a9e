/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The gate: while drivers_autoprobe is 0, a device gets no driver by itself, neither when it is offered nor
 * when a driver registers; what may have one is admitted, one device at a time. The calls that write can
 * hang: only in a helper process. What counts is what was re-read.
 *
 * A note in the state folder says that the gate is ours, what was there before, and which devices had a
 * driver already when it closed. It outlives us, so that the next cvmd knows what to open again.
 */
#include "lib/base/guid.h"
#include "lib/enforce/apply.h"

/* A device that had a driver when the gate closed: nobody had judged it. */
struct gate_early_bird {
        struct guid instance;
        char driver[64];
        bool built_in; /* the driver is part of the kernel: no gate can be closed before it */
};

/* Zero-initialised is empty. */
struct gate_note {
        bool autoprobe; /* what was there before; also where the note cannot be read: it is the kernel's
                           default */
        struct gate_early_bird *birds;
        size_t n_birds;
};

void gate_note_done(struct gate_note *n);

/* The bytes of a note. -EBADMSG when they are not what gate_note_format() makes. End *ret with
 * gate_note_done(). */
int gate_note_parse(const char *text, size_t n, struct gate_note *ret);

/* The caller frees *ret. -ENOMEM. */
int gate_note_format(const struct gate_note *note, char **ret, size_t *ret_size);

/* -ENODATA when the gate is not ours; -EBADMSG when the note is not what gate_close() writes. */
int gate_note_read(int state, struct gate_note *ret, struct diag *d);

/* 0 also when there is none. */
int gate_note_remove(int state, struct diag *d);

/*
 * Close: note what is there, write 0, re-read, note who was bound before. Idempotent. -ENODEV without a
 * VMBus; 0 else, also when it was not effective: *ret says why.
 */
int gate_close(struct sysroot *root, int state, struct apply_result *ret, struct diag *d);

/*
 * Open: back to what the note says, re-read. The note stays, for drivers may still be owed to what was kept
 * waiting. Without a note nothing is done, effectively. Results as above.
 */
int gate_open(struct sysroot *root, int state, struct apply_result *ret, struct diag *d);

/*
 * Admit: drivers_probe for that device, re-read which driver it has. That it has none is no failure: there
 * may be none for it yet. -ENODEV when the device is gone, or another one of the same name.
 */
int gate_admit(struct sysroot *root, const struct apply_device *device, struct apply_result *ret,
        struct diag *d);
