/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A report of the hardware by way of configfs-tsm, over an entry that somebody else made and opened for us.
 * Source: Linux, Documentation/ABI/testing/configfs-tsm-report; fs/configfs/file.c; drivers/virt/coco.
 *
 * What is written to inblob becomes the entry's when the last descriptor of that opening is closed, whoever
 * has it, and what is wrong with it is told to nobody: so it is closed here, those on its way to us have to
 * let go of theirs, and until they have, outblob is empty or refused with EINVAL. `generation` counts the
 * writes to the entry: one more afterwards is ours, any other number somebody else's as well. A file of text
 * says what it said when it was first read: so it is opened twice.
 *
 * The record, JSON without white space; what is empty is left out:
 *   {"version":1,"provider":"sev_guest","generation":1,"inblob":B64URL,"outblob":B64URL,
 *    "auxblob":B64URL,"manifestblob":B64URL}
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

#define TSM_INBLOB_MAX 64          /* TSM_REPORT_INBLOB_MAX */
#define TSM_BLOB_MAX (1024 * 1024) /* above what any kernel hands out */
#define TSM_PROVIDER_MAX 64

/* Descriptors; -1 for a file that the kernel does not have. */
struct tsm_entry_files {
        int inblob, outblob, auxblob, manifestblob, provider, generation, generation_after;
};

#define TSM_ENTRY_FILES_NONE ((struct tsm_entry_files){ -1, -1, -1, -1, -1, -1, -1 })

struct tsm_report {
        char provider[TSM_PROVIDER_MAX + 1]; /* "sev_guest", "tdx_guest" */
        uint64_t generation;
        uint8_t inblob[TSM_INBLOB_MAX];
        size_t n_inblob, n_outblob, n_auxblob, n_manifestblob;
        uint8_t *outblob, *auxblob, *manifestblob; /* owned; NULL: there is none */
};

/* What is done while others let go of inblob: negative ends it. */
struct tsm_patience {
        int (*wait)(uint64_t usec, void *data);
        void *data;
};

/*
 * Takes f->inblob over: it is closed, also on failure. -EINVAL: no inblob, or one too long. -EBUSY: somebody
 * else wrote to the entry. -ETIMEDOUT: somebody keeps its inblob open. -EBADMSG: files that say what they
 * should not; -EFBIG: or too much. Any other is the kernel's answer.
 */
int tsm_collect(struct tsm_entry_files *f, const void *inblob, size_t n, const struct tsm_patience *patience,
        struct tsm_report *ret, struct diag *d);

/* The caller frees *ret. -ENOMEM. */
int tsm_report_format(const struct tsm_report *t, char **ret);

/* Takes what tsm_report_format() writes; -EBADMSG for anything else. */
int tsm_report_parse(const void *bytes, size_t n, struct tsm_report *ret, struct diag *d);
void tsm_report_done(struct tsm_report *t);
