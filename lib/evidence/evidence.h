/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is gathered for one who asks for evidence, as bytes that nobody here looks into; and the words of
 * that. bundle.h and export.h make documents of it.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/format/bundle-record.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

/* Owned. NULL: not there. */
struct evidence_bytes {
        uint8_t *bytes;
        size_t n;
};
void evidence_bytes_done(struct evidence_bytes *b);

static inline struct span evidence_span(const struct evidence_bytes *b) {
        return (struct span){ b->bytes, b->n };
}

enum evidence_format {
        EVIDENCE_CMW = 1, /* our bundle */
        EVIDENCE_TRUSTEE, /* what Trustee's attesters send, version 2 */
        EVIDENCE_MAA,     /* what a guest sends to Microsoft Azure Attestation */
        _EVIDENCE_FORMAT_MAX,
};
const char *evidence_format_to_string(enum evidence_format f); /* cmw trustee maa */
int evidence_format_from_string(const char *word);             /* -EBADMSG */

/* What the guest measured, as files of the guest. */
enum evidence_log {
        EVIDENCE_LOG_FIRMWARE, /* and boot loader */
        EVIDENCE_LOG_SYSTEMD,
        EVIDENCE_LOG_IMA,
        _EVIDENCE_LOG_MAX,
};
const char *evidence_log_to_string(enum evidence_log l); /* firmware systemd ima */
const char *evidence_log_path(enum evidence_log l);      /* below the sysroot */
size_t evidence_log_max(enum evidence_log l);            /* bytes that are taken at most */
enum bundle_record evidence_log_record(enum evidence_log l);

/* "none", "all" or names with commas, none twice, into bits. -EBADMSG. */
int evidence_logs_parse(const char *text, unsigned *ret);
