/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An entry is a register, a SHA-1, the name of a template, and its data: fields, each with its length in
 * front. The template "ima" is older than that: a digest without a length, a name with one, and another way
 * to hash them.
 */
#include "lib/format/ima-log.h"

#include <errno.h>
#include <string.h>

#define TEMPLATE_NAME_MAX 256 /* longer are formats of one's own, "d-ng|n-ng|..." */
#define OLD_NAME_SIZE 256     /* IMA_EVENT_NAME_LEN_MAX and a NUL */
#define OLD_TEMPLATE "ima"

/* Templates that start with a digest and a name: d-ng|n-ng, and maybe a signature. */
static const struct {
        const char *name;
        bool has_signature;
} KNOWN[] = {
        { "ima-ng", false },
        { "ima-sig", true },
        { "ima-ngv2", false },
        { "ima-sigv2", true },
        { "ima-buf", false },
        { "ima-modsig", true },
};

int ima_log_open(const void *bytes, size_t n, struct ima_log *ret, struct diag *d) {
        if (n == 0)
                return diag_fail(d, -ENODATA, "IMA's log: empty");
        if (n > IMA_LOG_MAX)
                return diag_fail(d, -EBADMSG, "IMA's log: %zu bytes, at most %d", n, IMA_LOG_MAX);
        *ret = (struct ima_log){ .at = cursor_over(bytes, n) };
        return 0;
}

static struct span take_field(struct cursor *c) {
        uint32_t n;

        n = cursor_le32(c);
        return span_take(c, n);
}

static bool span_is(struct span s, const char *text) {
        return s.n == strlen(text) && memcmp(s.bytes, text, s.n) == 0;
}

/* "sha256:", a NUL, and the digest (d-ng); the newer form has "ima:" or "verity:" in front. */
static bool split_digest(struct span field, struct ima_log_entry *e) {
        const uint8_t *end = field.n > 0 ? memchr(field.bytes, 0, field.n) : NULL, *colon;

        if (!end || end - field.bytes < 2 || end[-1] != ':')
                return false;
        colon = memrchr(field.bytes, ':', (size_t)(end - 1 - field.bytes));
        e->algorithm.bytes = colon ? colon + 1 : field.bytes;
        e->algorithm.n = (size_t)(end - 1 - e->algorithm.bytes);
        e->file_digest.bytes = end + 1;
        e->file_digest.n = field.n - (size_t)(end + 1 - field.bytes);
        return e->algorithm.n > 0 && e->file_digest.n > 0;
}

/* With its NUL in the field, and no other. */
static bool read_name(struct span field, struct span *ret) {
        if (field.n == 0 || memchr(field.bytes, 0, field.n) != field.bytes + field.n - 1)
                return false;
        *ret = (struct span){ field.bytes, field.n - 1 };
        return true;
}

/* Fields must fill the data, whether they are understood or not. */
static int read_fields(struct ima_log_entry *e, struct diag *d) {
        struct cursor c = cursor_over(e->data.bytes, e->data.n);
        struct span fields[3] = {};
        size_t n = 0;

        for (; c.left > 0; n++) {
                struct span field = take_field(&c);

                if (c.bad)
                        return diag_fail(d, -EBADMSG, "fields run over the end of its data");
                if (n < sizeof(fields) / sizeof(fields[0]))
                        fields[n] = field;
        }
        for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
                if (!span_is(e->template, KNOWN[i].name))
                        continue;
                if (n < (KNOWN[i].has_signature ? 3 : 2) || !split_digest(fields[0], e) ||
                        !read_name(fields[1], &e->name))
                        return diag_fail(d, -EBADMSG, "its data are not those of %s", KNOWN[i].name);
                if (KNOWN[i].has_signature)
                        e->signature = fields[2];
        }
        return 0;
}

/* A SHA-1 without a length, a name with one. */
static int read_old(struct cursor *c, struct ima_log_entry *e, struct diag *d) {
        const uint8_t *start = c->at;

        e->old = true;
        e->file_digest = span_take(c, IMA_DIGEST_SIZE);
        e->name = take_field(c);
        if (c->bad)
                return diag_fail(d, -EBADMSG, "cut off");
        if (e->name.n >= OLD_NAME_SIZE || (e->name.n > 0 && memchr(e->name.bytes, 0, e->name.n)))
                return diag_fail(d, -EBADMSG, "a name of %zu bytes, or with a NUL", e->name.n);
        e->data = (struct span){ start, (size_t)(c->at - start) };
        return 0;
}

static int read_entry(struct cursor *c, struct ima_log_entry *e, struct diag *d) {
        uint32_t n_template;

        e->pcr = cursor_le32(c);
        e->digest = span_take(c, IMA_DIGEST_SIZE);
        n_template = cursor_le32(c);
        if (!c->bad && (n_template == 0 || n_template > TEMPLATE_NAME_MAX))
                return diag_fail(d, -EBADMSG, "a template whose name has %u bytes", n_template);
        e->template = span_take(c, n_template);
        if (c->bad)
                return diag_fail(d, -EBADMSG, "cut off");
        if (e->pcr >= PCR_COUNT)
                return diag_fail(d, -EBADMSG, "it extends register %u, there are %d", e->pcr, PCR_COUNT);
        e->violation = span_is_zero(e->digest);
        if (span_is(e->template, OLD_TEMPLATE))
                return read_old(c, e, d);
        e->data = take_field(c);
        return c->bad ? diag_fail(d, -EBADMSG, "cut off") : read_fields(e, d);
}

int ima_log_next(struct ima_log *log, struct ima_log_entry *ret, struct diag *d) {
        struct ima_log_entry e = { .number = log->number };
        struct cursor c = log->at;
        int r;

        if (c.left == 0)
                return 0;
        r = read_entry(&c, &e, d);
        if (r < 0)
                return diag_wrap(d, r, "IMA's log: entry %u", log->number);
        log->at = c;
        log->number++;
        *ret = e;
        return 1;
}

/* The old template's name is hashed as the buffer that it once stood in, its length left out. */
static int old_digest(const struct ima_log_entry *e, enum pcr_hash bank, uint8_t *ret) {
        uint8_t bytes[IMA_DIGEST_SIZE + OLD_NAME_SIZE] = { 0 };

        memcpy(bytes, e->file_digest.bytes, IMA_DIGEST_SIZE);
        if (e->name.n > 0)
                memcpy(bytes + IMA_DIGEST_SIZE, e->name.bytes, e->name.n);
        return pcr_hash_bytes(bank, bytes, sizeof(bytes), ret);
}

static int data_digest(const struct ima_log_entry *e, enum pcr_hash bank, uint8_t *ret) {
        return e->old ? old_digest(e, bank, ret) : pcr_hash_bytes(bank, e->data.bytes, e->data.n, ret);
}

int ima_log_digest(const struct ima_log_entry *e, enum pcr_hash bank, uint8_t *ret) {
        if (!e->violation)
                return data_digest(e, bank, ret);
        memset(ret, 0xff, pcr_hash_size(bank));
        return 0;
}

static int apply(const struct ima_log_entry *e, struct pcr_hasher *h, struct pcr_bank *bank,
        struct diag *d) {
        uint8_t digest[PCR_SIZE_MAX];

        if (ima_log_digest(e, PCR_SHA1, digest) < 0)
                return diag_fail(d, -EIO, "IMA's log: OpenSSL cannot hash");
        if (!e->violation && memcmp(digest, e->digest.bytes, IMA_DIGEST_SIZE) != 0)
                return diag_fail(d, -EBADMSG, "IMA's log: entry %u: its SHA-1 is not that of its data",
                        e->number);
        if (ima_log_digest(e, bank->hash, digest) < 0 || pcr_extend(bank, h, e->pcr, digest) < 0)
                return diag_fail(d, -EIO, "IMA's log: OpenSSL cannot hash");
        return 0;
}

int ima_log_replay(const void *bytes, size_t n, struct pcr_bank *bank, struct diag *d) {
        _cleanup_(pcr_hasher_done) struct pcr_hasher hasher = {};
        struct pcr_bank values = *bank;
        struct ima_log_entry e;
        struct ima_log log;
        int r;

        r = ima_log_open(bytes, n, &log, d);
        if (r < 0)
                return r;
        r = pcr_hasher_init(&hasher, bank->hash);
        if (r < 0)
                return diag_fail(d, r, "IMA's log: OpenSSL cannot hash");
        while ((r = ima_log_next(&log, &e, d)) > 0) {
                r = apply(&e, &hasher, &values, d);
                if (r < 0)
                        return r;
        }
        if (r == 0)
                *bank = values;
        return r;
}
