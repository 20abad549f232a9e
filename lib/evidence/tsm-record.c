/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/json-build.h"
#include "lib/base/json-record.h"
#include "lib/base/name-table.h"
#include "lib/evidence/tsm.h"

#define VERSION 1

void tsm_report_done(struct tsm_report *t) {
        free(t->outblob);
        free(t->auxblob);
        free(t->manifestblob);
        *t = (struct tsm_report){};
}

static bool add_blob(struct json_object *o, const char *key, const uint8_t *bytes, size_t n) {
        _cleanup_(freep) char *text = NULL;

        return n == 0 || (base64_format(bytes, n, BASE64_URL, &text) == 0 && json_add_text(o, key, text));
}

int tsm_report_format(const struct tsm_report *t, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char *text;

        if (!o || !json_add_number(o, "version", VERSION) || !json_add_text(o, "provider", t->provider) ||
                !json_add_number(o, "generation", t->generation) ||
                !add_blob(o, "inblob", t->inblob, t->n_inblob) ||
                !add_blob(o, "outblob", t->outblob, t->n_outblob) ||
                !add_blob(o, "auxblob", t->auxblob, t->n_auxblob) ||
                !add_blob(o, "manifestblob", t->manifestblob, t->n_manifestblob))
                return -ENOMEM;
        text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* One that is there has bytes. */
static int read_blob(const struct json_node *o, const char *key, size_t max, uint8_t **ret, size_t *ret_n,
        struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        const struct json_node *text;
        size_t n;
        int r = json_record_optional(o, key, JSON_STRING, &text, d);

        if (r < 0 || !text)
                return r;
        r = base64_parse(text->string, strlen(text->string), BASE64_URL, max, &bytes, &n);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || n == 0)
                return diag_fail(d, -EBADMSG, "\"%s\" is not base64url of 1 to %zu bytes", key, max);
        *ret = TAKE(bytes);
        *ret_n = n;
        return 0;
}

static int read_inblob(const struct json_node *o, struct tsm_report *t, struct diag *d) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        int r = read_blob(o, "inblob", sizeof(t->inblob), &bytes, &t->n_inblob, d);

        if (r < 0)
                return r;
        if (!bytes)
                return diag_fail(d, -EBADMSG, "\"inblob\" is missing");
        memcpy(t->inblob, bytes, t->n_inblob);
        return 0;
}

static int read_head(const struct json_node *o, struct tsm_report *t, struct diag *d) {
        const struct json_node *version, *provider, *generation;
        int r = json_record_member(o, "version", JSON_INTEGER, &version, d);

        if (r >= 0 && version->integer != VERSION)
                return diag_fail(d, -EBADMSG, "version %lld, not %d", (long long)version->integer, VERSION);
        if (r >= 0)
                r = json_record_member(o, "provider", JSON_STRING, &provider, d);
        if (r >= 0)
                r = json_record_member(o, "generation", JSON_INTEGER, &generation, d);
        if (r < 0)
                return r;
        if (strlen(provider->string) == 0 || strlen(provider->string) > TSM_PROVIDER_MAX ||
                generation->integer < 0)
                return diag_fail(d, -EBADMSG, "no such provider or generation");
        memcpy(t->provider, provider->string, strlen(provider->string) + 1);
        t->generation = (uint64_t)generation->integer;
        return 0;
}

static int read_members(const struct json_node *o, struct tsm_report *t, struct diag *d) {
        static const char *const keys[] = { "version", "provider", "generation", "inblob", "outblob",
                "auxblob", "manifestblob" };
        int r = json_record_only(o, keys, N_NAMES(keys), d);

        if (r >= 0)
                r = read_head(o, t, d);
        if (r >= 0)
                r = read_inblob(o, t, d);
        if (r >= 0)
                r = read_blob(o, "outblob", TSM_BLOB_MAX, &t->outblob, &t->n_outblob, d);
        if (r >= 0 && !t->outblob)
                return diag_fail(d, -EBADMSG, "\"outblob\" is missing");
        if (r >= 0)
                r = read_blob(o, "auxblob", TSM_BLOB_MAX, &t->auxblob, &t->n_auxblob, d);
        if (r >= 0)
                r = read_blob(o, "manifestblob", TSM_BLOB_MAX, &t->manifestblob, &t->n_manifestblob, d);
        return r;
}

int tsm_report_parse(const void *bytes, size_t n, struct tsm_report *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(tsm_report_done) struct tsm_report t = {};
        int r = json_record_parse(bytes, n, "tsm-report", &document, d);

        if (r < 0)
                return r;
        r = read_members(document->root, &t, d);
        if (r < 0)
                return diag_wrap(d, r, "tsm-report");
        *ret = t;
        t = (struct tsm_report){};
        return 0;
}
