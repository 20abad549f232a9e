/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a test orders the paravisor to do, one line an order, over a socket (control.h, which knows two more)
 * or as options at its start. N is a number or "for-ever".
 *
 *   advance MSEC                 puts the clock of the window and of slow commands forward
 *   window MSEC                  in which a report is not made anew (2000 unless an option says otherwise)
 *   refresh normal|never         never: the first report for ever
 *   stale N                      the next N times a report that is due is not made
 *   torn N                       before the next N reads behind offset 0 a report is made, over other input
 *   other-writer N               somebody else writes the guest input after each of the next N writes of it
 *   input HEX                    somebody else writes the guest input now, and makes it anew if its size
 * differs slow MSEC                    each TPM command takes so long broken CODE [N [AFTER]]      the TPM
 * answers CODE (0x101, say) to N commands, AFTER others; 0 0: no longer lockout on|off whatever needs
 * authorisation is answered TPM_RC_LOCKOUT owner-auth [PASSWORD]        the owner's authorisation is that;
 * without PASSWORD: empty again index present|unwritten|absent   of the HCL report index-size BYTES the
 * same; zeroes behind the report report FLAW                  of the HCL reports from now on: good,
 * oversized, truncated, magic, version-2, zero-modulus, unknown-type, no-json, claims-hash, other-ak
 *   certificate FLAW             of the AK's: good, garbage, other-key, empty, unwritten
 *   http FLAW [N]                of the next N answers: good, not-found, html, redirect, drip, huge, silent,
 *                                garbage, tcbm, chip; without N: for ever
 *   go, drop                     carries on with the command that is held, or without it
 *   state                        what happened so far, as JSON: "commands", "nv-reads", "nv-writes",
 * "quotes", "reports", "requests", "followed", "held", "input" (hexadecimal or null)
 */
#include "tests/paravisor/queue.h"

#define ORDER_WORDS_MAX 4
#define INPUT_MAX 2048

struct order {
        char *word[ORDER_WORDS_MAX]; /* NULL: there are no more */
        struct vtpm *vtpm;
        struct queue *queue;
};

/* Cuts the line into the words, in place. -EINVAL. */
int orders_split(char *line, struct order *o, struct diag *d);

/* -EINVAL for what is no order. */
int orders_follow(struct order *o, struct diag *d);
