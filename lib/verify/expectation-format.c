/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inverse of expectation.c, as far as evidence goes. */
#include "lib/verify/expectation-format.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/json-format.h"
#include "lib/verify/expectation.h"

static bool is_zero(const uint8_t *bytes, size_t n) {
        return span_is_zero((struct span){ bytes, n });
}

/* At most 64 bytes. */
static bool add_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t n) {
        char text[2 * 64 + 1];

        hex_format(bytes, n, text);
        return json_add_text(o, key, text);
}

/* Zero is what nobody set. */
static bool add_hex_if_set(struct json_object *o, const char *key, const uint8_t *bytes, size_t n) {
        return is_zero(bytes, n) || add_hex(o, key, bytes, n);
}

static struct json_object *tcb_json(uint64_t tcb, enum snp_product product) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *p = json_object_new_object();
        struct snp_tcb t = snp_tcb_of(tcb, product);

        if (!o || !json_add(o, snp_product_to_string(product), p) ||
                (product == SNP_TURIN && !json_add_number(p, "fmc", t.fmc)) ||
                !json_add_number(p, "boot-loader", t.boot_loader) || !json_add_number(p, "tee", t.tee) ||
                !json_add_number(p, "snp", t.snp) || !json_add_number(p, "microcode", t.microcode))
                return NULL;
        return TAKE(o);
}

static struct json_object *flags_json(uint64_t bits, const struct expectation_flag *(*flag)(size_t i)) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        for (size_t i = 0; o && flag(i); i++)
                if (!json_add_flag(o, flag(i)->name, bits & UINT64_C(1) << flag(i)->bit))
                        return NULL;
        return TAKE(o);
}

static bool add_firmware(struct json_object *o, const struct snp_firmware *f) {
        char text[16];

        snprintf(text, sizeof(text), "%u.%u.%u", f->major, f->minor, f->build);
        return json_add_text(o, "firmware", text);
}

static bool add_snp(struct json_object *o, const struct snp_report *r, enum snp_product product) {
        return add_hex(o, "measurement", r->measurement, sizeof(r->measurement)) &&
                (is_zero(r->id_key_digest, sizeof(r->id_key_digest)) ||
                        (add_hex(o, "id-key-digest", r->id_key_digest, sizeof(r->id_key_digest)) &&
                                json_add_number(o, "minimum-svn", r->guest_svn))) &&
                add_hex_if_set(o, "author-key-digest", r->author_key_digest, sizeof(r->author_key_digest)) &&
                add_hex_if_set(o, "family-id", r->family_id, sizeof(r->family_id)) &&
                add_hex_if_set(o, "image-id", r->image_id, sizeof(r->image_id)) &&
                add_hex(o, "host-data", r->host_data, sizeof(r->host_data)) &&
                json_add_number(o, "vmpl", r->vmpl) &&
                (product == 0 || json_add(o, "tcb", tcb_json(r->reported_tcb, product))) &&
                add_firmware(o, &r->committed) &&
                json_add(o, "guest-policy", flags_json(r->policy, expectation_guest_policy_flag));
}

static bool add_be64(struct json_object *o, const char *key, uint64_t value) {
        char text[17];

        snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
        return json_add_text(o, key, text);
}

static struct json_object *td_json(const struct tdx_quote *q) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !add_hex(o, "mrsignerseam", q->mrsignerseam, 48) ||
                !add_hex(o, "mrconfigid", q->td.mrconfigid, 48) ||
                !add_hex(o, "mrowner", q->td.mrowner, 48) ||
                !add_hex(o, "mrownerconfig", q->td.mrownerconfig, 48) || !add_be64(o, "xfam", q->td.xfam) ||
                !add_be64(o, "attributes", q->td.attributes))
                return NULL;
        for (unsigned i = 0; i < 4; i++)
                if (!add_hex(o, expectation_td_name(TD_RTMR0 + i), q->td.rtmr[i], 48))
                        return NULL;
        return TAKE(o);
}

static bool add_td(struct json_object *o, const struct tdx_quote *q) {
        return add_hex(o, "measurement", q->td.mrtd, sizeof(q->td.mrtd)) && json_add(o, "td", td_json(q));
}

/* What names this one VM, its host or the moment. */
static bool is_of_this_vm(const char *key) {
        return strcmp(key, "vmUniqueId") == 0 || strcmp(key, "current-time") == 0 ||
                strcmp(key, "root-cert-thumbprint") == 0;
}

static struct json_object *vm_configuration_json(const struct json_node *configuration) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        for (const struct json_node *m = configuration->children; o && m; m = m->next) {
                bool added = true;

                if (is_of_this_vm(m->key))
                        continue;
                if (m->kind == JSON_BOOLEAN)
                        added = json_add_flag(o, m->key, m->boolean);
                else if (m->kind == JSON_INTEGER)
                        added = json_add(o, m->key, json_object_new_int64(m->integer));
                else if (m->kind == JSON_STRING)
                        added = json_add_text(o, m->key, m->string);
                if (!added)
                        return NULL;
        }
        return TAKE(o);
}

static struct json_object *pcrs_json(const struct evidence *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *values = json_object_new_object();

        if (!o || !json_add_text(o, "bank", pcr_hash_to_string(e->pcrs->hash)) ||
                !json_add(o, "values", values))
                return NULL;
        for (unsigned i = 0; i < PCR_COUNT; i++) {
                char number[4];

                snprintf(number, sizeof(number), "%u", i % PCR_COUNT);
                if (e->attest.selected & e->pcrs->selected & UINT32_C(1) << i &&
                        !add_hex(values, number, e->pcrs->values[i], pcr_hash_size(e->pcrs->hash)))
                        return NULL;
        }
        return TAKE(o);
}

static bool add_string_of(struct json_object *o, const char *key, const struct json_node *object,
        const char *member) {
        const struct json_node *m =
                object && object->kind == JSON_OBJECT ? json_member(object, member) : NULL;

        return !m || m->kind != JSON_STRING || json_add_text(o, key, m->string);
}

/* Each verdict that there is, once. */
static struct json_object *verdicts_json(const struct json_node *devices) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();
        bool seen[_VERDICT_MAX] = {};

        for (const struct json_node *device = devices->children; a && device; device = device->next) {
                const struct json_node *word =
                        device->kind == JSON_OBJECT ? json_member(device, "verdict") : NULL;
                int verdict = word && word->kind == JSON_STRING ? verdict_from_string(word->string) : -1;

                if (verdict < 0 || seen[verdict])
                        continue;
                seen[verdict] = true;
                if (!json_append_text(a, word->string))
                        return NULL;
        }
        return TAKE(a);
}

static bool add_claims(struct json_object *o, const struct json_node *claims) {
        const struct json_node *devices = json_member(claims, "devices");

        return add_string_of(o, "policy-digest", json_member(claims, "policy"), "digest") &&
                add_string_of(o, "mode", claims, "mode") && add_string_of(o, "state", claims, "state") &&
                (!devices || devices->kind != JSON_LIST || devices->n_children == 0 ||
                        json_add(o, "verdicts", verdicts_json(devices)));
}

static bool add_all(struct json_object *o, const struct evidence *e, enum snp_product product) {
        if (!json_add_number(o, "version", 1) ||
                !json_add_text(o, "isolation", hcl_report_type_to_string(e->type)))
                return false;
        if (e->has_snp && !add_snp(o, &e->snp, product))
                return false;
        if (e->has_td_quote && !add_td(o, &e->td_quote))
                return false;
        if (e->has_hcl && e->runtime.vm_configuration &&
                !json_add(o, "vm-configuration", vm_configuration_json(e->runtime.vm_configuration)))
                return false;
        if (e->has_quote && !json_add(o, "pcrs", pcrs_json(e)))
                return false;
        return !e->claims_document || add_claims(o, e->claims_document->root);
}

int expectation_format(const struct evidence *e, enum snp_product product, char **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        const char *text;
        size_t size;

        if (!o || !add_all(o, e, product))
                return -ENOMEM;
        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        return text ? json_format(text, strlen(text), ret, &size, NULL) : -ENOMEM;
}
