/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An entry of configfs-tsm (Documentation/ABI/testing/configfs-tsm of Linux): a folder that only root may
 * make, with files through which the hardware is asked for a report. A helper process makes it, opens the
 * files and removes it when it is closed or cvmd is no more: the kernel's locks there are held for as long
 * as a report takes. One entry at a time.
 */
#include "daemon/attestation-private.h"

#define TSM_FILES_MAX 7

struct tsm_files {
        char provider[64];      /* "sev_guest", "tdx_guest" */
        int fds[TSM_FILES_MAX]; /* -1: the kernel does not have it. They are the entry's. */
};

/* r: 0; or -EOPNOTSUPP and why there is none. */
typedef void (
        *tsm_opened)(struct attestation *a, int r, const struct tsm_files *files, const struct diag *d);

/* Makes an entry; `opened` follows when this succeeds, later. -EBUSY while one is open. */
int tsm_open(struct attestation *a, tsm_opened opened, struct diag *d);

/*
 * Closes the files once they were handed on, and keeps the entry: what was written to inblob counts when the
 * last descriptor of it is closed.
 */
void tsm_handed_on(struct attestation *a);

/* Ends the entry that was opened, if there is one. */
void tsm_close(struct attestation *a);

/* The same with one that looking makes: nothing follows. */
void tsm_forget(struct attestation *a);

/* The dictionary of descriptors that cvmd-attest wants. */
int tsm_append_files(sd_bus_message *call, const struct tsm_files *given);

/* Whether an entry can be made. `looked` follows, maybe before this returns. */
typedef void (*tsm_looked)(struct attestation *a, bool there, const char *why);
void tsm_look(struct attestation *a, tsm_looked looked);
