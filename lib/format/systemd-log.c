/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/systemd-log.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/json-record.h"

#define RECORD_SEPARATOR 0x1e

int systemd_log_open(const void *bytes, size_t n, struct systemd_log *ret, struct diag *d) {
        if (n == 0)
                return diag_fail(d, -ENODATA, "systemd's log: empty");
        if (n > SYSTEMD_LOG_MAX)
                return diag_fail(d, -EBADMSG, "systemd's log: %zu bytes, at most %d", n, SYSTEMD_LOG_MAX);
        *ret = (struct systemd_log){ .at = cursor_over(bytes, n) };
        return 0;
}

/* A separator, a text, and the line end without which the text may have been cut off. */
static int take_text(struct cursor *c, struct span *ret, struct diag *d) {
        const uint8_t *end;
        struct span text;
        uint8_t start;

        start = cursor_u8(c);
        if (start != RECORD_SEPARATOR)
                return diag_fail(d, -EBADMSG, "it does not start with a record separator");
        end = c->left > 0 ? memchr(c->at, RECORD_SEPARATOR, c->left) : NULL;
        text = span_take(c, end ? (size_t)(end - c->at) : c->left);
        if (text.n == 0 || text.bytes[text.n - 1] != '\n')
                return diag_fail(d, -EBADMSG, "it does not end with a line end: cut off");
        *ret = text;
        return 0;
}

/* {"hashAlg":NAME,"digest":HEX} */
static int read_digest(const struct json_node *o, struct systemd_log_event *e, struct diag *d) {
        const struct json_node *name, *digest;
        int hash, r;

        if (o->kind != JSON_OBJECT)
                return diag_fail(d, -EBADMSG, "a digest is an object");
        r = json_record_member(o, "hashAlg", JSON_STRING, &name, d);
        if (r < 0)
                return r;
        r = json_record_member(o, "digest", JSON_STRING, &digest, d);
        if (r < 0)
                return r;
        hash = pcr_hash_from_string(name->string);
        if (hash < 0)
                return 0;
        if (systemd_log_digest(e, (enum pcr_hash)hash))
                return diag_fail(d, -EBADMSG, "two digests by %s", name->string);
        if (hex_parse_exactly(digest->string, e->digests[e->n_digests].bytes,
                    pcr_hash_size((enum pcr_hash)hash)) < 0)
                return diag_fail(d, -EBADMSG, "no digest by %s: \"%s\"", name->string, digest->string);
        e->digests[e->n_digests++].hash = (enum pcr_hash)hash;
        return 0;
}

static int read_register(const struct json_node *o, struct systemd_log_event *e, struct diag *d) {
        const struct json_node *pcr, *nv;
        int r;

        r = json_record_optional(o, "pcr", JSON_INTEGER, &pcr, d);
        if (r < 0)
                return r;
        r = json_record_optional(o, "nv_index", JSON_INTEGER, &nv, d);
        if (r < 0)
                return r;
        if (!pcr == !nv)
                return diag_fail(d, -EBADMSG,
                        pcr ? "it names both a register and an NV index" : "it names no register");
        if (pcr && (pcr->integer < 0 || pcr->integer >= PCR_COUNT))
                return diag_fail(d, -EBADMSG, "register %lld, there are %d", (long long)pcr->integer,
                        PCR_COUNT);
        e->has_pcr = pcr;
        e->pcr = pcr ? (unsigned)pcr->integer : 0;
        return 0;
}

static int read_content(const struct json_node *o, struct systemd_log_event *e, struct diag *d) {
        const struct json_node *content_type, *content, *type = NULL, *text = NULL;
        int r;

        r = json_record_optional(o, "content_type", JSON_STRING, &content_type, d);
        if (r < 0)
                return r;
        e->content_type = content_type ? content_type->string : NULL;
        if (!content_type || strcmp(content_type->string, "systemd") != 0)
                return 0;
        r = json_record_member(o, "content", JSON_OBJECT, &content, d);
        if (r < 0)
                return r;
        r = json_record_optional(content, "eventType", JSON_STRING, &type, d);
        if (r < 0)
                return r;
        r = json_record_optional(content, "string", JSON_STRING, &text, d);
        if (r < 0)
                return r;
        e->type = type ? type->string : NULL;
        e->text = text ? text->string : NULL;
        return 0;
}

static int read_event(const struct json_node *o, struct systemd_log_event *e, struct diag *d) {
        const struct json_node *digests;
        int r;

        r = read_register(o, e, d);
        if (r < 0)
                return r;
        r = json_record_member(o, "digests", JSON_LIST, &digests, d);
        if (r < 0)
                return r;
        for (const struct json_node *c = digests->children; c; c = c->next) {
                r = read_digest(c, e, d);
                if (r < 0)
                        return r;
        }
        return read_content(o, e, d);
}

int systemd_log_next(struct systemd_log *log, struct systemd_log_event *ret, struct diag *d) {
        _cleanup_(systemd_log_event_done) struct systemd_log_event e = { .number = log->number };
        struct cursor c = log->at;
        struct span text = {};
        int r;

        if (c.left == 0)
                return 0;
        r = take_text(&c, &text, d);
        if (r == 0)
                r = json_record_parse(text.bytes, text.n, "JSON", &e.document, d);
        if (r == 0)
                r = read_event(e.document->root, &e, d);
        if (r < 0)
                return diag_wrap(d, r, "systemd's log: event %u", log->number);
        log->at = c;
        log->number++;
        *ret = e;
        e.document = NULL;
        return 1;
}

void systemd_log_event_done(struct systemd_log_event *e) {
        json_document_free(e->document);
        *e = (struct systemd_log_event){};
}

const uint8_t *systemd_log_digest(const struct systemd_log_event *e, enum pcr_hash bank) {
        for (size_t i = 0; i < e->n_digests; i++)
                if (e->digests[i].hash == bank)
                        return e->digests[i].bytes;
        return NULL;
}

static int apply(const struct systemd_log_event *e, struct pcr_hasher *h, struct pcr_bank *bank,
        struct diag *d) {
        const uint8_t *digest = systemd_log_digest(e, bank->hash);

        if (!e->has_pcr)
                return 0;
        if (!digest)
                return diag_fail(d, -EOPNOTSUPP, "systemd's log: event %u has no digest by %s", e->number,
                        pcr_hash_to_string(bank->hash));
        if (pcr_extend(bank, h, e->pcr, digest) < 0)
                return diag_fail(d, -EIO, "systemd's log: OpenSSL cannot hash");
        return 0;
}

int systemd_log_replay(const void *bytes, size_t n, struct pcr_bank *bank, struct diag *d) {
        _cleanup_(pcr_hasher_done) struct pcr_hasher hasher = {};
        struct pcr_bank values = *bank;
        struct systemd_log log;
        int r;

        if (pcr_hasher_init(&hasher, bank->hash) < 0)
                return diag_fail(d, -EIO, "systemd's log: OpenSSL cannot hash");
        r = systemd_log_open(bytes, n, &log, d);
        while (r == 0) {
                _cleanup_(systemd_log_event_done) struct systemd_log_event e = {};

                r = systemd_log_next(&log, &e, d);
                if (r == 0) {
                        *bank = values;
                        return 0;
                }
                if (r > 0)
                        r = apply(&e, &hasher, &values, d);
        }
        return r;
}
