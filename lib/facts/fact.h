/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How sure we are, and from where: the small enums that every fact is made of. Zero is always "unknown". */
#include <stdbool.h>

enum tristate { TRISTATE_UNKNOWN, TRISTATE_NO, TRISTATE_YES, _TRISTATE_MAX };

/*
 * Of a channel's ring buffer or external memory ("dma"). Which is weaker is confidentiality_weakest()'s to
 * say: the order here is not that of strength.
 */
enum confidentiality {
        CONFIDENTIALITY_UNKNOWN,
        CONFIDENTIALITY_PLAIN,
        CONFIDENTIALITY_CONFIDENTIAL,
        _CONFIDENTIALITY_MAX,
};

/* Where the confidentiality of a channel is known from. */
enum fact_source {
        FACT_SOURCE_NONE,
        FACT_SOURCE_KERNEL_PROBE, /* read from struct vmbus_channel, live */
        FACT_SOURCE_BOOT_TRACE,   /* the flags of the offer, traced since boot */
        FACT_SOURCE_CONNECTION,   /* a proof that no channel can be confidential */
        _FACT_SOURCE_MAX,
};

/*
 * The words of every output: "unknown", "no", "yes"; "unknown", "plain", "confidential"; "none",
 * "kernel-probe", ...
 */
const char *tristate_to_string(enum tristate t);
const char *confidentiality_to_string(enum confidentiality c);
const char *fact_source_to_string(enum fact_source s);

/* The value of a word above, or -EBADMSG. */
int tristate_from_string(const char *word);
int fact_source_from_string(const char *word);

/* Plain beats unknown beats confidential: a device is as weak as its weakest channel. */
enum confidentiality confidentiality_weakest(enum confidentiality a, enum confidentiality b);
