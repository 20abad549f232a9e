/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written in one form and read strictly: a verifier must not take for a batch what nobody here would write.
 */
#include "lib/claims/batch.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/json-scan.h"
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

static struct json_object *hex_json(const void *bytes, size_t n) {
        char text[2 * NONCE_MAX + 1];

        _Static_assert(NONCE_MAX >= BIND_MAX && NONCE_MAX >= SHA256_SIZE, "the longest that is written");
        hex_format(bytes, n, text);
        return json_object_new_string(text);
}

static struct json_object *bindings_json(const struct batch *b) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < b->n_bindings; i++)
                if (!json_append(a, hex_json(b->bindings[i].bytes, SHA256_SIZE)))
                        return NULL;
        return TAKE(a);
}

int batch_format(const struct batch *b, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char *text;

        if (!o || !json_add_number(o, "version", 1) ||
                !json_add(o, "nonce", hex_json(b->nonce, b->n_nonce)) ||
                !json_add(o, "bind", hex_json(b->bind, b->n_bind)) ||
                !json_add_number(o, "index", b->index) || !json_add(o, "bindings", bindings_json(b)) ||
                !json_add_text(o, "freshness", freshness_to_string(b->freshness)))
                return -ENOMEM;
        text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) ?: "");
        if (!text || !*text) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

static const char *string_of(const struct json_node *object, const char *key) {
        const struct json_node *n = json_member(object, key);

        return n && n->kind == JSON_STRING ? n->string : NULL;
}

static int64_t integer_of(const struct json_node *object, const char *key) {
        const struct json_node *n = json_member(object, key);

        return n && n->kind == JSON_INTEGER ? n->integer : -1;
}

static int read_bytes(const struct json_node *object, const char *key, size_t min, size_t max, uint8_t *ret,
        size_t *ret_size, struct diag *d) {
        const char *text = string_of(object, key);

        if (!text || hex_parse(text, strlen(text), ret, max, ret_size) < 0 || *ret_size < min)
                return diag_fail(d, -EBADMSG, "batch: \"%s\" is not %zu to %zu bytes in hexadecimal", key,
                        min, max);
        return 0;
}

static int read_bindings(const struct json_node *object, struct batch *b, struct diag *d) {
        const struct json_node *list = json_member(object, "bindings");

        if (!list || list->kind != JSON_LIST || list->n_children < 1 || list->n_children > BATCH_MAX)
                return diag_fail(d, -EBADMSG, "batch: \"bindings\" is not a list of 1 to %d", BATCH_MAX);
        for (const struct json_node *n = list->children; n; n = n->next, b->n_bindings++)
                if (n->kind != JSON_STRING ||
                        hex_parse_exactly(n->string, b->bindings[b->n_bindings].bytes, SHA256_SIZE) < 0)
                        return diag_fail(d, -EBADMSG, "batch: binding %zu is not %d bytes in hexadecimal",
                                b->n_bindings, SHA256_SIZE);
        return 0;
}

static int read_members(const struct json_node *o, struct batch *b, struct diag *d) {
        int64_t index = integer_of(o, "index");
        const char *word = string_of(o, "freshness");
        int r;

        if (integer_of(o, "version") != 1)
                return diag_fail(d, -EBADMSG, "batch: not of version 1");
        r = read_bytes(o, "nonce", NONCE_MIN, NONCE_MAX, b->nonce, &b->n_nonce, d);
        if (r >= 0)
                r = read_bytes(o, "bind", 0, BIND_MAX, b->bind, &b->n_bind, d);
        if (r >= 0)
                r = read_bindings(o, b, d);
        if (r < 0)
                return r;
        if (index < 0 || (uint64_t)index >= b->n_bindings)
                return diag_fail(d, -EBADMSG, "batch: \"index\" is not that of one of %zu bindings",
                        b->n_bindings);
        b->index = (size_t)index;
        r = word ? freshness_from_string(word) : -EBADMSG;
        if (r < 0)
                return diag_fail(d, -EBADMSG, "batch: \"freshness\" is neither \"report\" nor \"quote\"");
        b->freshness = (enum freshness)r;
        return 0;
}

/* White space, comments and upper case are ways to say the same in other bytes. */
static int check_form(const struct batch *b, const void *bytes, size_t n, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        int r = batch_format(b, &text);

        if (r < 0)
                return r;
        if (strlen(text) != n || memcmp(text, bytes, n) != 0)
                return diag_fail(d, -EBADMSG, "batch: not in the form in which cvmd writes it");
        return 0;
}

int batch_parse(const void *bytes, size_t n, struct batch *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *doc = NULL;
        struct batch b = {};
        int r;

        if (n > BATCH_TEXT_MAX)
                return diag_fail(d, -EBADMSG, "batch: %zu bytes are more than any batch has", n);
        r = json_scan(bytes, n, &doc);
        if (r < 0)
                return r;
        if (doc->problems)
                return diag_fail(d, -EBADMSG, "batch: %u:%u: %s", doc->problems->at.line,
                        doc->problems->at.column, doc->problems->message);
        if (doc->root->kind != JSON_OBJECT)
                return diag_fail(d, -EBADMSG, "batch: no JSON object");
        r = read_members(doc->root, &b, d);
        if (r >= 0)
                r = check_form(&b, bytes, n, d);
        if (r >= 0)
                *ret = b;
        return r;
}
