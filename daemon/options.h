/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line of cvmd. */
#include <stdbool.h>

#include "lib/base/diag.h"
#include "lib/facts/channel-probe.h"
#include "lib/policy/verdict.h"

/* What is to be done. */
enum options_task {
        TASK_SERVE,     /* in the system */
        TASK_EARLY,     /* in the initrd: until it is over */
        TASK_HANDOVER,  /* at its end: what is left to the system in `new_root`, or given back */
        TASK_RELEASE,   /* everything given back that an earlier cvmd holds */
        TASK_OPEN_GATE, /* the gate alone: nobody is left to let a device pass */
        TASK_FLUSH,     /* the decision log of this boot is kept on the disk */
        TASK_CLEAN_END, /* at the end of a boot: only noted that it is clean */
};

struct options {
        enum options_task task;
        const char *new_root;  /* of TASK_HANDOVER */
        bool metrics;          /* as a file in the state folder */
        bool background;       /* leave the foreground once everything was looked at */
        const char *root;      /* "/" when not given */
        const char *simulator; /* NULL: none */
        const char *state;     /* STATE_FOLDER when not given */
        const char *bus;       /* NULL: the system bus */
        const char *systemd;   /* NULL: this machine's, for a guest that is this machine */
        const char *cpuid;     /* NULL: the processor's */
        enum probe_method probe;
        uint64_t trial_patience_usec;
        uint64_t report_window_usec, polkit_patience_usec; /* see bus.h */
        enum policy_mode mode; /* UNSET: as the kernel command line or the policy says */
        uint32_t event_buffer; /* bytes of uevents that may wait; 0: as many as are good */
};

enum options_outcome {
        OPTIONS_RUN = 1,
        OPTIONS_SAID, /* --help or --version was asked for, and given on standard output */
};

/* Borrows the arguments. -EINVAL for what it does not understand. */
int options_parse(int argc, char *argv[], struct options *ret, enum options_outcome *ret_outcome,
        struct diag *d);

/*
 * The last `cvmd.mode=` of a kernel command line; MODE_UNSET when there is none. -EBADMSG, saying so, for a
 * mode that does not exist: the policy's is in force then.
 */
int options_kernel_mode(const char *command_line, enum policy_mode *ret, struct diag *d);
