/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written in one form and read strictly: a verifier must not take for a batch what nobody here would write.
 */
#include "lib/claims/batch.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/json-record.h"
#include "lib/base/json-text.h"
#include "lib/base/name-table.h"

#define BATCH_TEXT_MAX ((size_t)64 * 1024) /* BATCH_MAX bindings take a sixth of it */

static const char *const freshness_names[] = {
        [FRESHNESS_REPORT] = "report",
        [FRESHNESS_QUOTE] = "quote",
};
_Static_assert(N_NAMES(freshness_names) == _FRESHNESS_MAX, "every freshness has a name");

const char *freshness_to_string(enum freshness f) {
        return name_of(freshness_names, N_NAMES(freshness_names), f);
}

int freshness_from_string(const char *word) {
        return name_find(freshness_names, N_NAMES(freshness_names), word);
}

static void put_hex(struct json_text *t, const void *bytes, size_t n) {
        char text[2 * NONCE_MAX + 1];

        _Static_assert(NONCE_MAX >= BIND_MAX && NONCE_MAX >= SHA256_SIZE, "the longest that is written");
        hex_format(bytes, n, text);
        json_text_string(t, text);
}

static void put_bindings(struct json_text *t, const struct batch *b) {
        for (size_t i = 0; i < b->n_bindings; i++) {
                json_text_raw(t, i > 0 ? "," : "[");
                put_hex(t, b->bindings[i].bytes, SHA256_SIZE);
        }
        json_text_raw(t, "]");
}

static void put_batch(struct json_text *t, const struct batch *b) {
        json_text_raw(t, "{\"version\":1,\"nonce\":");
        put_hex(t, b->nonce, b->n_nonce);
        json_text_raw(t, ",\"bind\":");
        put_hex(t, b->bind, b->n_bind);
        json_text_raw(t, ",\"index\":");
        json_text_number(t, (int64_t)b->index);
        json_text_raw(t, ",\"bindings\":");
        put_bindings(t, b);
        json_text_raw(t, ",\"freshness\":");
        json_text_string(t, freshness_to_string(b->freshness));
        json_text_raw(t, "}");
}

int batch_format(const struct batch *b, char **ret) {
        _cleanup_(json_text_done) struct json_text t = {};
        char *text;

        put_batch(&t, b);
        text = t.no_memory ? NULL : strndup(t.text, t.n);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static int read_bytes(const struct json_node *object, const char *key, size_t min, size_t max, uint8_t *ret,
        size_t *ret_size, struct diag *d) {
        const struct json_node *text;
        int r = json_record_member(object, key, JSON_STRING, &text, d);

        if (r < 0)
                return r;
        if (hex_parse(text->string, strlen(text->string), ret, max, ret_size) < 0 || *ret_size < min)
                return diag_fail(d, -EBADMSG, "\"%s\" is not %zu to %zu bytes in hexadecimal", key, min,
                        max);
        return 0;
}

static int read_bindings(const struct json_node *object, struct batch *b, struct diag *d) {
        const struct json_node *list;
        int r = json_record_member(object, "bindings", JSON_LIST, &list, d);

        if (r < 0)
                return r;
        if (list->n_children < 1 || list->n_children > BATCH_MAX)
                return diag_fail(d, -EBADMSG, "\"bindings\" is not a list of 1 to %d", BATCH_MAX);
        for (const struct json_node *n = list->children; n; n = n->next, b->n_bindings++)
                if (n->kind != JSON_STRING ||
                        hex_parse_exactly(n->string, b->bindings[b->n_bindings].bytes, SHA256_SIZE) < 0)
                        return diag_fail(d, -EBADMSG, "binding %zu is not %d bytes in hexadecimal",
                                b->n_bindings, SHA256_SIZE);
        return 0;
}

static int read_freshness(const struct json_node *object, struct batch *b, struct diag *d) {
        const struct json_node *word;
        int r = json_record_member(object, "freshness", JSON_STRING, &word, d);

        if (r < 0)
                return r;
        r = freshness_from_string(word->string);
        if (r < 0)
                return diag_fail(d, -EBADMSG, "\"freshness\" is neither \"report\" nor \"quote\"");
        b->freshness = (enum freshness)r;
        return 0;
}

static int read_members(const struct json_node *o, struct batch *b, struct diag *d) {
        const struct json_node *version, *index;
        int r = json_record_member(o, "version", JSON_INTEGER, &version, d);

        if (r >= 0 && version->integer != 1)
                return diag_fail(d, -EBADMSG, "not of version 1");
        if (r >= 0)
                r = read_bytes(o, "nonce", NONCE_MIN, NONCE_MAX, b->nonce, &b->n_nonce, d);
        if (r >= 0)
                r = read_bytes(o, "bind", 0, BIND_MAX, b->bind, &b->n_bind, d);
        if (r >= 0)
                r = read_bindings(o, b, d);
        if (r >= 0)
                r = json_record_member(o, "index", JSON_INTEGER, &index, d);
        if (r < 0)
                return r;
        if (index->integer < 0 || (uint64_t)index->integer >= b->n_bindings)
                return diag_fail(d, -EBADMSG, "\"index\" is not that of one of %zu bindings", b->n_bindings);
        b->index = (size_t)index->integer;
        return read_freshness(o, b, d);
}

/* White space, comments and upper case are ways to say the same in other bytes. */
static int check_form(const struct batch *b, const void *bytes, size_t n, struct diag *d) {
        _cleanup_(json_text_done) struct json_text t = {};

        put_batch(&t, b);
        if (t.no_memory)
                return -ENOMEM;
        if (t.n != n || memcmp(t.text, bytes, n) != 0)
                return diag_fail(d, -EBADMSG, "not in the form in which cvmd writes it");
        return 0;
}

int batch_parse(const void *bytes, size_t n, struct batch *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        struct batch b = {};
        int r;

        if (n > BATCH_TEXT_MAX)
                return diag_fail(d, -EBADMSG, "batch: %zu bytes are more than any batch has", n);
        r = json_record_parse(bytes, n, "batch", &doc, d);
        if (r < 0)
                return r;
        r = read_members(doc->root, &b, d);
        if (r >= 0)
                r = check_form(&b, bytes, n, d);
        if (r < 0)
                return diag_wrap(d, r, "batch");
        *ret = b;
        return 0;
}
