/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version 0 writes bytes as lists of numbers, later ones as hexadecimal digits and padded base64url. */
#include "lib/format/trustee.h"

#include <errno.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/json-record.h"
#include "lib/base/name-table.h"
#include "lib/format/pem.h"

#define VERSION_WRITTEN 2
#define VERSION_MAX 2
#define BYTES_MAX ((size_t)65536) /* of any one member */
#define VALUE_SIZE 32             /* SHA-256 */

/* How a member's bytes are written. */
enum encoding {
        NUMBERS = 1,
        HEX,
        BASE64,
        PEM,
};

static int read_numbers(const struct json_node *list, uint8_t **ret, size_t *ret_n) {
        _cleanup_(freep) uint8_t *bytes = malloc(list->n_children + 1);
        size_t n = 0;

        if (!bytes)
                return -ENOMEM;
        for (const struct json_node *c = list->children; c; c = c->next) {
                if (c->kind != JSON_INTEGER || c->integer < 0 || c->integer > UINT8_MAX)
                        return -EBADMSG;
                bytes[n++] = (uint8_t)c->integer;
        }
        *ret = TAKE(bytes);
        *ret_n = n;
        return 0;
}

static int read_hex(const char *text, uint8_t **ret, size_t *ret_n) {
        _cleanup_(freep) uint8_t *bytes = malloc(strlen(text) / 2 + 1);
        int r;

        if (!bytes)
                return -ENOMEM;
        r = hex_parse(text, strlen(text), bytes, BYTES_MAX, ret_n);
        if (r == 0)
                *ret = TAKE(bytes);
        return r;
}

/* One certificate as PEM; *ret is its DER. */
static int read_pem(const char *text, uint8_t **ret, size_t *ret_n) {
        struct span rest = { (const uint8_t *)text, strlen(text) }, body, more;
        int r;

        r = pem_next(&rest, "CERTIFICATE", "PEM", &body, NULL);
        if (r == 0 && pem_next(&rest, "CERTIFICATE", "PEM", &more, NULL) != -ENODATA)
                r = -EBADMSG;
        return r < 0 ? r : pem_decode(body, "PEM", CERTIFICATE_MAX, ret, ret_n, NULL);
}

static int decode(const struct json_node *member, enum encoding e, uint8_t **ret, size_t *ret_n) {
        switch (e) {
        case NUMBERS:
                return read_numbers(member, ret, ret_n);
        case HEX:
                return read_hex(member->string, ret, ret_n);
        case BASE64:
                return base64_parse(member->string, strlen(member->string), BASE64_EITHER, BYTES_MAX, ret,
                        ret_n);
        case PEM:
                return read_pem(member->string, ret, ret_n);
        }
        return -EBADMSG;
}

static int read_bytes(const struct json_node *o, const char *key, enum encoding e, uint8_t **ret,
        size_t *ret_n, struct diag *d) {
        static const char *const wanted[] = {
                [NUMBERS] = "bytes as numbers",
                [HEX] = "hexadecimal digits",
                [BASE64] = "base64",
                [PEM] = "a certificate as PEM",
        };
        const struct json_node *member;
        int r;

        r = json_record_member(o, key, e == NUMBERS ? JSON_LIST : JSON_STRING, &member, d);
        if (r < 0)
                return r;
        r = decode(member, e, ret, ret_n);
        if (r == -ENOMEM)
                return diag_errno(d, r, "\"%s\"", key);
        if (r < 0 || *ret_n > BYTES_MAX)
                return diag_fail(d, -EBADMSG, "%u:%u: \"%s\" is not %s, at most %zu bytes", member->at.line,
                        member->at.column, key, wanted[e], BYTES_MAX);
        return *ret_n > 0 ? 0 : diag_fail(d, -EBADMSG, "\"%s\" is empty", key);
}

static int read_value(const struct json_node *node, enum encoding e, uint8_t ret[static VALUE_SIZE]) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t n;
        int r;

        if (node->kind != (e == NUMBERS ? JSON_LIST : JSON_STRING))
                return -EBADMSG;
        r = decode(node, e, &bytes, &n);
        if (r < 0)
                return r;
        if (n != VALUE_SIZE)
                return -EBADMSG;
        memcpy(ret, bytes, n);
        return 0;
}

static int read_quote(const struct json_node *o, enum encoding e, struct trustee_evidence *t,
        struct diag *d) {
        static const char *const keys[] = { "signature", "message", "pcrs" };
        const struct json_node *pcrs, *value;
        unsigned i = 0;
        int r;

        r = json_record_only(o, keys, N_NAMES(keys), d);
        if (r < 0)
                return r;
        r = read_bytes(o, "signature", e, &t->signature, &t->n_signature, d);
        if (r < 0)
                return r;
        r = read_bytes(o, "message", e, &t->message, &t->n_message, d);
        if (r < 0)
                return r;
        r = json_record_member(o, "pcrs", JSON_LIST, &pcrs, d);
        if (r < 0)
                return r;
        if (pcrs->n_children != PCR_COUNT)
                return diag_fail(d, -EBADMSG, "%zu registers, not %d", pcrs->n_children, PCR_COUNT);
        for (value = pcrs->children; value; value = value->next, i++) {
                r = read_value(value, e, t->pcrs.values[i]);
                if (r < 0)
                        return diag_fail(d, r, "%u:%u: register %u has no SHA-256", value->at.line,
                                value->at.column, i);
        }
        t->pcrs.hash = PCR_SHA256;
        t->pcrs.selected = PCR_ALL;
        return 0;
}

/* How a version names and writes its members; the two attesters differ in version 0. */
struct layout {
        const char *quote, *report, *vek, *td_quote; /* vek or td_quote is NULL */
        enum encoding quote_as, report_as, vek_as;
};

static struct layout layout_of(unsigned version, const struct json_node *o) {
        bool is_tdx = json_member(o, "td_quote");

        if (version > 0)
                return (struct layout){ "tpm_quote", "hcl_report", is_tdx ? NULL : "vcek",
                        is_tdx ? "td_quote" : NULL, HEX, BASE64, BASE64 };
        if (is_tdx)
                return (struct layout){ "tpm_quote", "hcl_report", NULL, "td_quote", NUMBERS, NUMBERS,
                        NUMBERS };
        return (struct layout){ "quote", "report", "vcek", NULL, NUMBERS, NUMBERS, PEM };
}

static int read_version(const struct json_node *o, unsigned *ret, struct diag *d) {
        const struct json_node *version;
        int r;

        r = json_record_optional(o, "version", JSON_INTEGER, &version, d);
        if (r < 0)
                return r;
        if (version && (version->integer < 1 || version->integer > VERSION_MAX))
                return diag_fail(d, -EBADMSG, "version %lld, 1 and 2 are known, and 0, which does not say",
                        (long long)version->integer);
        *ret = version ? (unsigned)version->integer : 0;
        return 0;
}

static int read_members(const struct json_node *o, struct trustee_evidence *t, struct diag *d) {
        const struct json_node *quote;
        struct layout l;
        int r;

        r = read_version(o, &t->version, d);
        if (r < 0)
                return r;
        l = layout_of(t->version, o);
        r = json_record_only(o,
                (const char *const[]){ "version", l.quote, l.report, l.vek ? l.vek : l.td_quote }, 4, d);
        if (r < 0)
                return r;
        r = json_record_member(o, l.quote, JSON_OBJECT, &quote, d);
        if (r < 0)
                return r;
        r = read_quote(quote, l.quote_as, t, d);
        if (r < 0)
                return diag_wrap(d, r, "\"%s\"", l.quote);
        r = read_bytes(o, l.report, l.report_as, &t->hcl_report, &t->n_hcl_report, d);
        if (r < 0)
                return r;
        if (l.vek)
                return read_bytes(o, l.vek, l.vek_as, &t->vek, &t->n_vek, d);
        return read_bytes(o, l.td_quote, l.report_as, &t->td_quote, &t->n_td_quote, d);
}

int trustee_evidence_parse(const char *text, size_t n, struct trustee_evidence *ret, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        _cleanup_(trustee_evidence_done) struct trustee_evidence t = {};
        int r;

        if (n > TRUSTEE_MAX)
                return diag_fail(d, -EBADMSG, "Trustee evidence: %zu bytes, at most %d", n, TRUSTEE_MAX);
        r = json_record_parse(text, n, "Trustee evidence", &document, d);
        if (r < 0)
                return r;
        r = read_members(document->root, &t, d);
        if (r < 0)
                return diag_wrap(d, r, "Trustee evidence");
        *ret = t;
        t = (struct trustee_evidence){};
        return 0;
}

void trustee_evidence_done(struct trustee_evidence *e) {
        free(e->signature);
        free(e->message);
        free(e->hcl_report);
        free(e->vek);
        free(e->td_quote);
        *e = (struct trustee_evidence){};
}

static struct json_object *hex_new(const uint8_t *bytes, size_t n) {
        _cleanup_(freep) char *digits = malloc(2 * n + 1);

        if (!digits)
                return NULL;
        hex_format(bytes, n, digits);
        return json_object_new_string(digits);
}

/* Base64url with padding, which is what the attesters write. */
static struct json_object *base64_new(const uint8_t *bytes, size_t n) {
        _cleanup_(freep) char *text = NULL;

        if (base64_format(bytes, n, BASE64_STANDARD, &text) < 0)
                return NULL;
        for (char *c = text; *c; c++)
                if (*c == '+')
                        *c = '-';
                else if (*c == '/')
                        *c = '_';
        return json_object_new_string(text);
}

static struct json_object *quote_new(const struct trustee_evidence *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *pcrs = json_object_new_array_ext(PCR_COUNT);

        for (unsigned i = 0; pcrs && i < PCR_COUNT; i++)
                if (!json_append(pcrs, hex_new(e->pcrs.values[i], VALUE_SIZE))) {
                        json_object_put(pcrs);
                        return NULL;
                }
        if (!o || !json_add(o, "signature", hex_new(e->signature, e->n_signature)) ||
                !json_add(o, "message", hex_new(e->message, e->n_message))) {
                json_object_put(pcrs);
                return NULL;
        }
        return json_add(o, "pcrs", pcrs) ? TAKE(o) : NULL;
}

int trustee_evidence_format(const struct trustee_evidence *e, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char *text;

        if (!o || !json_add_number(o, "version", VERSION_WRITTEN) ||
                !json_add(o, "tpm_quote", quote_new(e)) ||
                !json_add(o, "hcl_report", base64_new(e->hcl_report, e->n_hcl_report)))
                return -ENOMEM;
        if (e->vek ? !json_add(o, "vcek", base64_new(e->vek, e->n_vek))
                   : !json_add(o, "td_quote", base64_new(e->td_quote, e->n_td_quote)))
                return -ENOMEM;
        text = strdup(
                json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
