/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/cmw.h"

#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json-build.h"
#include "lib/base/json-record.h"

#define COLLECTION_TYPE "__cmwc_t"
#define INDICATORS_ALL 31

struct cmw_memory {
        struct json_document *document; /* names and media types */
        size_t n;
        uint8_t *contents[CMW_RECORDS_MAX];
};

static void memory_free(struct cmw_memory *m) {
        if (!m)
                return;
        for (size_t i = 0; i < m->n; i++)
                free(m->contents[i]);
        json_document_free(m->document);
        free(m);
}
DEFINE_FREEP(struct cmw_memory, memory_free)

void cmw_done(struct cmw *c) {
        memory_free(c->memory);
        *c = (struct cmw){};
}

const struct cmw_record *cmw_find(const struct cmw *c, const char *name) {
        for (size_t i = 0; i < c->n_records; i++)
                if (strcmp(c->records[i].name, name) == 0)
                        return &c->records[i];
        return NULL;
}

static int read_content(const char *text, struct cmw_memory *m, struct span *ret, struct diag *d) {
        size_t n;
        int r;

        r = base64_parse(text, strlen(text), BASE64_URL, CMW_MAX, &m->contents[m->n], &n);
        if (r < 0)
                return diag_fail(d, r, "its value is not base64url without padding");
        *ret = (struct span){ m->contents[m->n++], n };
        return 0;
}

/* A list of media type, value, and maybe indicator. */
static int read_record(const struct json_node *node, struct cmw_memory *m, struct cmw_record *ret,
        struct diag *d) {
        const struct json_node *type = node->children, *value = type ? type->next : NULL,
                               *indicator = value ? value->next : NULL;
        struct cmw_record record = { .name = node->key };
        int r;

        if (node->kind != JSON_LIST || !value || node->n_children > 3)
                return diag_fail(d, -EBADMSG,
                        "a record is a list of media type, value and, maybe, indicator");
        if (type->kind != JSON_STRING || type->string[0] == 0)
                return diag_fail(d, -EBADMSG, "its media type is not a string");
        if (value->kind != JSON_STRING)
                return diag_fail(d, -EBADMSG, "its value is not a string");
        if (indicator &&
                (indicator->kind != JSON_INTEGER || indicator->integer < 1 ||
                        indicator->integer > INDICATORS_ALL))
                return diag_fail(d, -EBADMSG, "its indicator is not a number of 1 to %d", INDICATORS_ALL);
        record.media_type = type->string;
        record.indicator = indicator ? (unsigned)indicator->integer : 0;
        r = read_content(value->string, m, &record.content, d);
        if (r < 0)
                return r;
        *ret = record;
        return 0;
}

static int read_collection(struct cmw_memory *m, struct cmw *c, struct diag *d) {
        const struct json_node *type;
        int r;

        r = json_record_optional(m->document->root, COLLECTION_TYPE, JSON_STRING, &type, d);
        if (r < 0)
                return r;
        c->collection_type = type ? type->string : NULL;
        for (const struct json_node *node = m->document->root->children; node; node = node->next) {
                if (node == type)
                        continue;
                if (c->n_records == CMW_RECORDS_MAX)
                        return diag_fail(d, -EBADMSG, "more than %d records", CMW_RECORDS_MAX);
                r = read_record(node, m, &c->records[c->n_records], d);
                if (r < 0)
                        return diag_wrap(d, r, "record \"%s\" at %u:%u", node->key, node->key_at.line,
                                node->key_at.column);
                c->n_records++;
        }
        return c->n_records > 0 ? 0 : diag_fail(d, -EBADMSG, "no records");
}

int cmw_parse(const char *text, size_t n, struct cmw *ret, struct diag *d) {
        _cleanup_(memory_freep) struct cmw_memory *memory = calloc(1, sizeof(*memory));
        struct cmw c = {};
        int r;

        if (!memory)
                return diag_errno(d, -ENOMEM, "CMW");
        if (n > CMW_MAX)
                return diag_fail(d, -EBADMSG, "CMW: %zu bytes, at most %d", n, CMW_MAX);
        r = json_record_parse(text, n, "CMW", &memory->document, d);
        if (r < 0)
                return r;
        r = read_collection(memory, &c, d);
        if (r < 0)
                return diag_wrap(d, r, "CMW");
        c.memory = TAKE(memory);
        *ret = c;
        return 0;
}

static bool add_record(struct json_object *o, const struct cmw_record *record) {
        _cleanup_(freep) char *value = NULL;
        struct json_object *list = json_object_new_array();

        if (!json_add(o, record->name, list) ||
                base64_format(record->content.bytes, record->content.n, BASE64_URL, &value) < 0)
                return false;
        return json_append_text(list, record->media_type) && json_append_text(list, value) &&
                (record->indicator == 0 || json_append(list, json_object_new_uint64(record->indicator)));
}

int cmw_format(const char *collection_type, const struct cmw_record *records, size_t n, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char *text;

        if (!o || (collection_type && !json_add_text(o, COLLECTION_TYPE, collection_type)))
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (!add_record(o, &records[i]))
                        return -ENOMEM;
        text = strdup(
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
