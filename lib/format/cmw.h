/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Conceptual message wrapper, RFC 9999, JSON: a collection of records by name, each a media type, bytes in
 * base64url, and what kind of message it is. It is the form of our bundles.
 */
#include "lib/base/diag.h"
#include "lib/format/span.h"

#define CMW_MAX (16 * 1024 * 1024)
#define CMW_RECORDS_MAX 64
#define CMW_BUNDLE_TYPE "tag:cvmd.org,2026:bundle-1" /* __cmwc_t of ours */

/* Bits of the indicator. */
enum cmw_indicator {
        CMW_REFERENCE_VALUES = 1,
        CMW_ENDORSEMENTS = 2,
        CMW_EVIDENCE = 4,
        CMW_RESULTS = 8,
        CMW_TRUST_ANCHORS = 16,
};

struct cmw_record {
        const char *name, *media_type;
        unsigned indicator; /* 0: none given */
        struct span content;
};

struct cmw {
        const char *collection_type; /* NULL: none given */
        size_t n_records;
        struct cmw_record records[CMW_RECORDS_MAX];
        struct cmw_memory *memory;
};

/*
 * -EBADMSG with what and where: names given twice, anything that is no record (a nested collection among
 * it), base64 that is not canonical. Everything handed out lives as long as the collection.
 */
int cmw_parse(const char *text, size_t n, struct cmw *ret, struct diag *d);
void cmw_done(struct cmw *c);

const struct cmw_record *cmw_find(const struct cmw *c, const char *name); /* or NULL */

/* The caller frees *ret, one line without an end; records come out in the order given. -ENOMEM. */
int cmw_format(const char *collection_type, const struct cmw_record *records, size_t n, char **ret);
