/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/tpm-quote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/json-record.h"
#include "lib/base/name-table.h"

#define VERSION 1
#define PUBLIC_MAX 1024
#define SIGNATURE_MAX 1024

static bool add_bytes(struct json_object *o, const char *key, const uint8_t *bytes, size_t n) {
        _cleanup_(freep) char *text = NULL;

        return base64_format(bytes, n, BASE64_URL, &text) == 0 && json_add_text(o, key, text);
}

static bool add_values(struct json_object *o, const struct pcr_bank *bank) {
        char key[4], text[2 * PCR_SIZE_MAX + 1];

        for (unsigned i = 0; i < PCR_COUNT; i++) {
                if (!(bank->selected >> i & 1))
                        continue;
                snprintf(key, sizeof(key), "%u", i);
                hex_format(bank->values[i], pcr_hash_size(bank->hash), text);
                if (!json_add_text(o, key, text))
                        return false;
        }
        return true;
}

int tpm_quote_format(const struct tpm_quote *q, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        _cleanup_(freep) char *text = NULL;
        struct json_object *values;

        if (!o || !json_add_number(o, "version", VERSION) ||
                !add_bytes(o, "attest", q->attest, q->n_attest) ||
                !add_bytes(o, "signature", q->signature, q->n_signature))
                return -ENOMEM;
        if (q->n_ak_public > 0 && !add_bytes(o, "ak-public", q->ak_public, q->n_ak_public))
                return -ENOMEM;
        if (!json_add_text(o, "pcr-bank", pcr_hash_to_string(q->pcrs.hash)))
                return -ENOMEM;
        values = json_object_new_object();
        if (!json_add(o, "pcrs", values) || !add_values(values, &q->pcrs))
                return -ENOMEM;
        text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        if (!text)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

static int read_bytes(const struct json_node *o, const char *key, size_t max, uint8_t **ret, size_t *ret_n,
        struct diag *d) {
        const struct json_node *text;
        int r;

        r = json_record_member(o, key, JSON_STRING, &text, d);
        if (r < 0)
                return r;
        r = base64_parse(text->string, strlen(text->string), BASE64_URL, max, ret, ret_n);
        if (r == -EMSGSIZE)
                return diag_fail(d, -EBADMSG, "\"%s\" has more than %zu bytes", key, max);
        return r < 0 ? diag_fail(d, r, "\"%s\" is not base64url without padding", key) : 0;
}

static int read_values(const struct json_node *values, struct pcr_bank *bank, struct diag *d) {
        for (const struct json_node *v = values->children; v; v = v->next) {
                uint32_t selected;

                /* the same reader as for words, but of one register */
                if (strcmp(v->key, "all") == 0 || strpbrk(v->key, ",-") ||
                        pcr_selection_parse(v->key, &selected) < 0)
                        return diag_fail(d, -EBADMSG, "\"%s\" is no register", v->key);
                if (v->kind != JSON_STRING ||
                        hex_parse_exactly(v->string, bank->values[__builtin_ctz(selected)],
                                pcr_hash_size(bank->hash)) < 0)
                        return diag_fail(d, -EBADMSG, "register %s has no value of a %s bank", v->key,
                                pcr_hash_to_string(bank->hash));
                bank->selected |= selected;
        }
        return 0;
}

static int read_members(const struct json_node *o, struct tpm_quote *q, struct diag *d) {
        static const char *const keys[] = { "version", "attest", "signature", "ak-public", "pcr-bank",
                "pcrs" };
        const struct json_node *version, *bank, *values;
        int r;

        r = json_record_only(o, keys, N_NAMES(keys), d);
        if (r < 0)
                return r;
        r = json_record_member(o, "version", JSON_INTEGER, &version, d);
        if (r < 0)
                return r;
        if (version->integer != VERSION)
                return diag_fail(d, -EBADMSG, "version %lld, not %d", (long long)version->integer, VERSION);
        r = read_bytes(o, "attest", TPM_ATTEST_MAX, &q->attest, &q->n_attest, d);
        if (r < 0)
                return r;
        r = read_bytes(o, "signature", SIGNATURE_MAX, &q->signature, &q->n_signature, d);
        if (r < 0)
                return r;
        r = json_member(o, "ak-public")
                ? read_bytes(o, "ak-public", PUBLIC_MAX, &q->ak_public, &q->n_ak_public, d)
                : 0;
        if (r < 0)
                return r;
        r = json_record_member(o, "pcr-bank", JSON_STRING, &bank, d);
        if (r < 0)
                return r;
        r = pcr_hash_from_string(bank->string);
        if (r < 0)
                return diag_fail(d, r, "\"%s\" is no bank", bank->string);
        q->pcrs.hash = (enum pcr_hash)r;
        r = json_record_member(o, "pcrs", JSON_OBJECT, &values, d);
        return r < 0 ? r : read_values(values, &q->pcrs, d);
}

int tpm_quote_parse(const void *bytes, size_t n, struct tpm_quote *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        int r;

        r = json_record_parse(bytes, n, "tpm-quote", &document, d);
        if (r < 0)
                return r;
        r = read_members(document->root, &q, d);
        if (r < 0)
                return diag_wrap(d, r, "tpm-quote");
        *ret = q;
        q = (struct tpm_quote){};
        return 0;
}

void tpm_quote_done(struct tpm_quote *q) {
        free(q->attest);
        free(q->signature);
        free(q->ak_public);
        *q = (struct tpm_quote){};
}
