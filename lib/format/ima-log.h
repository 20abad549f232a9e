/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What IMA measures, as the kernel shows it in binary_runtime_measurements: files that were opened, run or
 * mapped. Source: Linux, security/integrity/ima (ima_fs.c, ima_crypto.c, ima_template_lib.c). Little-endian,
 * as on every machine that cvmd runs on.
 */
#include "lib/base/diag.h"
#include "lib/format/pcr.h"
#include "lib/format/span.h"

#define IMA_LOG_MAX (8 * 1024 * 1024)
#define IMA_DIGEST_SIZE 20 /* SHA-1, whatever banks the TPM has */

/* Reads one entry after the other. Borrows the bytes. */
struct ima_log {
        struct cursor at;
        unsigned number; /* of the entry that comes next, from 0 */
};

struct ima_log_entry {
        unsigned number;
        uint32_t pcr;
        struct span digest;   /* SHA-1 of the template's data */
        bool violation;       /* a file was open for writing as it was measured: the digest is zero */
        struct span template; /* "ima", "ima-ng", "ima-sig", ...; no NUL */
        bool old;             /* "ima": hashed in a form of its own */
        struct span data;     /* as it is in the log */
        struct span algorithm, file_digest; /* of the file; no algorithm: SHA-1 */
        struct span name;                   /* no NUL; these three: NULL in templates that are not known */
        struct span signature;              /* of the file, as its extended attribute has it; maybe empty */
};

/* An empty log is -ENODATA. */
int ima_log_open(const void *bytes, size_t n, struct ima_log *ret, struct diag *d);

/* 1 with an entry, 0 at the end, -EBADMSG. */
int ima_log_next(struct ima_log *log, struct ima_log_entry *ret, struct diag *d);

/*
 * What the kernel extends a register of that bank by: the hash of the template's data, bytes of 0xff for a
 * violation. ret has room for pcr_hash_size(bank). -EIO when OpenSSL fails.
 */
int ima_log_digest(const struct ima_log_entry *e, enum pcr_hash bank, uint8_t *ret);

/*
 * Extends the registers, which hold what was measured before, by all entries. On failure they are as they
 * were. -EBADMSG also for an entry whose SHA-1 is not that of its data. Kernels before 5.8, which extend
 * every bank by the SHA-1, lead to other values in banks other than SHA-1's.
 */
int ima_log_replay(const void *bytes, size_t n, struct pcr_bank *bank, struct diag *d);
