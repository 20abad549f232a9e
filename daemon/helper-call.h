/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A call over the bus that a helper process answers, because answering can hang or take long: one of each
 * kind at a time, kept in a slot of struct bus. The caller is answered when the helper has ended, or when
 * patience has; one that hangs keeps its slot until it ends.
 */
#include "daemon/bus-private.h"
#include "daemon/process.h"

enum helper_outcome {
        HELPER_SUCCEEDED, /* exited with 0 */
        HELPER_FAILED,
        HELPER_HANGS, /* still there when patience ended */
};

struct helper_call {
        struct bus *bus;
        struct helper_call **slot;
        sd_bus_message *call; /* NULL: answered, or gone */
        int pidfd, memory;    /* memory: a memfd that the helper fills */
        uint64_t patience_usec;
        bool killable; /* it holds nothing of the kernel's: one that hangs is killed */
        sd_event_source *end, *patience;

        /* Replies to c->call; a failure is replied for it. Once. */
        int (*answer)(struct helper_call *c, enum helper_outcome outcome);
        void *data; /* theirs, ended by free_data (may be NULL) */
        void (*free_data)(void *data);
};

/* With its memory; the caller sets the rest and forks. -ENOMEM and what memfd_create() says. */
int helper_call_new(struct bus *b, struct helper_call **slot, struct helper_call **ret);
void helper_call_free(struct helper_call *c);
DEFINE_FREEP(struct helper_call, helper_call_free)

/* Takes *c over into its slot, and the child: it is let go, and call waits. On failure the child ends. */
int helper_call_start(struct helper_call **c, sd_bus_message *call, struct process_child *child);

/* Whoever waits in the slot is gone. */
void helper_call_forget(struct helper_call *c);
