/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/expectation-values.h"

#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/policy/policy-problem.h"
#include "lib/verify/expectation.h"

static const char *const td_names[] = {
        [TD_MRSEAM] = "mrseam",
        [TD_MRSIGNERSEAM] = "mrsignerseam",
        [TD_MRCONFIGID] = "mrconfigid",
        [TD_MROWNER] = "mrowner",
        [TD_MROWNERCONFIG] = "mrownerconfig",
        [TD_RTMR0] = "rtmr0",
        [TD_RTMR1] = "rtmr1",
        [TD_RTMR2] = "rtmr2",
        [TD_RTMR3] = "rtmr3",
        [TD_XFAM] = "xfam",
        [TD_ATTRIBUTES] = "attributes",
};
_Static_assert(N_NAMES(td_names) == _TD_MAX, "every register has a name");

static const struct expectation_flag guest_policy_flags[] = {
        { "smt", 16 },
        { "migration-agent", 18 },
        { "debug", 19 },
        { "single-socket", 20 },
        { "cxl", 21 },
        { "aes-256-xts", 22 },
        { "rapl-off", 23 },
        { "ciphertext-hiding", 24 },
        { "page-swap-disabled", 25 },
};

/* PLATFORM_INFO of AMD 56860. */
static const struct expectation_flag platform_flags[] = {
        { "smt", 0 },
        { "tsme", 1 },
        { "ecc", 2 },
        { "rapl-off", 3 },
        { "ciphertext-hiding", 4 },
        { "alias-check-complete", 5 },
};

const struct expectation_flag *expectation_guest_policy_flag(size_t i) {
        return i < N_NAMES(guest_policy_flags) ? &guest_policy_flags[i] : NULL;
}

const struct expectation_flag *expectation_platform_flag(size_t i) {
        return i < N_NAMES(platform_flags) ? &platform_flags[i] : NULL;
}

const char *expectation_td_name(enum expected_td t) {
        return name_of(td_names, N_NAMES(td_names), t);
}

static void read_value(struct reader *r, const struct json_node *value, const char *prefix,
        struct expected_values *v) {
        const char *digits = value->string;

        if (!reader_is(r, value, JSON_STRING))
                return;
        if (strncmp(digits, prefix, strlen(prefix)) == 0)
                digits += strlen(prefix);
        else
                digits = "";
        if (hex_parse_exactly(digits, v->bytes + v->n * v->size, v->size) < 0)
                reader_complain(r, value->at, "%s%s%zu hexadecimal digits belong here",
                        *prefix ? prefix : "", *prefix ? " and " : "", 2 * v->size);
        else
                v->n++;
}

/* One value, or a list of at least one; each of size bytes. */
static void read_values(struct reader *r, const struct json_node *value, size_t size, const char *prefix,
        struct expected_values *v) {
        size_t n = value->kind == JSON_LIST ? value->n_children : 1;

        if (n == 0) {
                reader_complain(r, value->at,
                        "an empty list can never be met: name a value, or remove the key");
                return;
        }
        v->size = size;
        v->bytes = calloc(n, size);
        if (!v->bytes) {
                r->no_memory = true;
                return;
        }
        if (value->kind != JSON_LIST) {
                read_value(r, value, prefix, v);
                return;
        }
        for (const struct json_node *child = value->children; child; child = child->next)
                read_value(r, child, prefix, v);
}

void expectation_read_48(struct reader *r, const struct json_node *value, void *into) {
        read_values(r, value, 48, "", into);
}

void expectation_read_32(struct reader *r, const struct json_node *value, void *into) {
        read_values(r, value, 32, "", into);
}

void expectation_read_16(struct reader *r, const struct json_node *value, void *into) {
        read_values(r, value, 16, "", into);
}

void expectation_read_digest(struct reader *r, const struct json_node *value, void *into) {
        read_values(r, value, SHA256_SIZE, "sha256:", into);
}

/* A whole number from 0 to max. False after a complaint. */
static bool read_number(struct reader *r, const struct json_node *value, int64_t max, uint32_t *ret) {
        if (!reader_is(r, value, JSON_INTEGER))
                return false;
        if (value->integer < 0 || value->integer > max) {
                reader_complain(r, value->at, "0 to %lld is possible", (long long)max);
                return false;
        }
        *ret = (uint32_t)value->integer;
        return true;
}

void expectation_read_minimum_svn(struct reader *r, const struct json_node *value, void *into) {
        struct expectation *e = into;

        e->has_minimum_svn = read_number(r, value, UINT32_MAX, &e->minimum_svn);
}

void expectation_read_vmpl(struct reader *r, const struct json_node *value, void *into) {
        struct expectation *e = into;

        e->has_vmpl = read_number(r, value, 3, &e->vmpl);
}

void expectation_read_age(struct reader *r, const struct json_node *value, void *into) {
        struct expectation *e = into;

        e->has_age = read_number(r, value, 366 * 86400, &e->age);
}

static void read_component(struct reader *r, const struct json_node *value, void *into) {
        uint32_t number = 0;

        read_number(r, value, UINT8_MAX, &number);
        *(uint8_t *)into = (uint8_t)number;
}

static const struct object_key tcb_keys[] = {
        { "fmc", read_component, offsetof(struct snp_tcb, fmc) },
        { "boot-loader", read_component, offsetof(struct snp_tcb, boot_loader) },
        { "tee", read_component, offsetof(struct snp_tcb, tee) },
        { "snp", read_component, offsetof(struct snp_tcb, snp) },
        { "microcode", read_component, offsetof(struct snp_tcb, microcode) },
};

static void read_product_tcb(struct reader *r, const struct json_node *value, void *into) {
        struct expected_tcb *tcb = into;

        tcb->given = true;
        read_object(r, value, tcb_keys, N_NAMES(tcb_keys), &tcb->minimum);
}

void expectation_read_tcb(struct reader *r, const struct json_node *value, void *into) {
        static const struct object_key keys[] = {
                { "Milan", read_product_tcb, SNP_MILAN * sizeof(struct expected_tcb) },
                { "Genoa", read_product_tcb, SNP_GENOA * sizeof(struct expected_tcb) },
                { "Turin", read_product_tcb, SNP_TURIN * sizeof(struct expected_tcb) },
        };

        read_object(r, value, keys, N_NAMES(keys), into);
}

/* A number up to 255, without leading zeros; moves *text on. */
static bool take_byte(const char **text, uint8_t *ret) {
        unsigned value = 0;
        const char *p = *text;

        while (*p >= '0' && *p <= '9' && value <= UINT8_MAX)
                value = 10 * value + (unsigned)(*p++ - '0');
        if (p == *text || (**text == '0' && p - *text > 1) || value > UINT8_MAX)
                return false;
        *text = p;
        *ret = (uint8_t)value;
        return true;
}

static bool take_dot(const char **text) {
        return *(*text)++ == '.';
}

/* "1.55.8" */
void expectation_read_firmware(struct reader *r, const struct json_node *value, void *into) {
        struct expectation *e = into;
        struct snp_firmware f = {};
        const char *text = value->string;

        if (!reader_is(r, value, JSON_STRING))
                return;
        if (!take_byte(&text, &f.major) || !take_dot(&text) || !take_byte(&text, &f.minor) ||
                !take_dot(&text) || !take_byte(&text, &f.build) || *text) {
                reader_complain(r, value->at, "a firmware is written as \"1.55.8\"");
                return;
        }
        e->has_firmware = true;
        e->firmware = f;
}

void expectation_read_mitigations(struct reader *r, const struct json_node *value, void *into) {
        struct expectation *e = into;

        if (!reader_is(r, value, JSON_STRING))
                return;
        e->has_mitigations = number_parse(value->string, 16, UINT64_MAX, &e->mitigations) >= 0;
        if (!e->has_mitigations)
                reader_complain(r, value->at, "bits in hexadecimal digits belong here, \"0x3\" say");
}

static void read_flags(struct reader *r, const struct json_node *value, const struct expectation_flag *flags,
        size_t n, struct expected_bits *bits) {
        if (!reader_is(r, value, JSON_OBJECT))
                return;
        for (const struct json_node *m = value->children; m; m = m->next) {
                size_t i = 0;

                while (i < n && strcmp(flags[i].name, m->key) != 0)
                        i++;
                if (i == n)
                        reader_complain(r, m->key_at, "unknown flag %s; remove it", quote(m->key).text);
                else if (reader_is(r, m, JSON_BOOLEAN)) {
                        bits->mask |= UINT64_C(1) << flags[i].bit;
                        bits->value |= (uint64_t)m->boolean << flags[i].bit;
                }
        }
}

void expectation_read_guest_policy(struct reader *r, const struct json_node *value, void *into) {
        read_flags(r, value, guest_policy_flags, N_NAMES(guest_policy_flags), into);
}

void expectation_read_platform(struct reader *r, const struct json_node *value, void *into) {
        read_flags(r, value, platform_flags, N_NAMES(platform_flags), into);
}

void expectation_read_td(struct reader *r, const struct json_node *value, void *into) {
        struct expected_values *td = into;

        if (!reader_is(r, value, JSON_OBJECT))
                return;
        for (const struct json_node *m = value->children; m; m = m->next) {
                int which = name_find(td_names, N_NAMES(td_names), m->key);

                if (which < 0)
                        reader_complain(r, m->key_at, "unknown key %s; remove it", quote(m->key).text);
                else
                        read_values(r, m, which >= TD_XFAM ? 8 : 48, "", &td[which]);
        }
}

void expectation_read_vm_configuration(struct reader *r, const struct json_node *value, void *into) {
        const struct json_node **object = into;

        if (!reader_is(r, value, JSON_OBJECT))
                return;
        for (const struct json_node *m = value->children; m; m = m->next)
                if (m->kind == JSON_OBJECT || m->kind == JSON_LIST || m->kind == JSON_NULL)
                        reader_complain(r, m->at, "true, false, a number or a string belongs here");
        *object = value;
}

/* The number of a register, without leading zeros; -1 after a complaint. */
static int read_pcr_number(struct reader *r, const char *text, struct json_position at) {
        uint64_t number;

        if (number_parse(text, 10, PCR_COUNT - 1, &number) >= 0 && (text[0] != '0' || !text[1]))
                return (int)number;
        reader_complain(r, at, "a PCR is a number from 0 to %d", PCR_COUNT - 1);
        return -1;
}

static void read_pcr_values(struct reader *r, const struct json_node *value, struct expectation *e) {
        if (!reader_is(r, value, JSON_OBJECT))
                return;
        for (const struct json_node *m = value->children; m; m = m->next) {
                int pcr = read_pcr_number(r, m->key, m->key_at);

                if (pcr >= 0)
                        read_values(r, m, pcr_hash_size(e->pcr_bank), "", &e->pcrs[pcr]);
        }
}

static void read_unexplained(struct reader *r, const struct json_node *value, struct expectation *e) {
        if (!reader_is(r, value, JSON_LIST))
                return;
        for (const struct json_node *child = value->children; child; child = child->next)
                if (reader_is(r, child, JSON_INTEGER)) {
                        if (child->integer < 0 || child->integer >= PCR_COUNT)
                                reader_complain(r, child->at, "a PCR is a number from 0 to %d",
                                        PCR_COUNT - 1);
                        else
                                e->unexplained |= UINT32_C(1) << child->integer;
                }
}

/* The bank decides how long the values are, wherever it stands. */
void expectation_read_pcrs(struct reader *r, const struct json_node *value, void *into) {
        const struct json_node *bank = value->kind == JSON_OBJECT ? json_member(value, "bank") : NULL;
        struct expectation *e = into;
        int hash = PCR_SHA256;

        if (!reader_is(r, value, JSON_OBJECT))
                return;
        if (bank && reader_is(r, bank, JSON_STRING))
                hash = pcr_hash_from_string(bank->string);
        if (hash < 0) {
                reader_complain(r, bank->at, "a bank is sha1, sha256, sha384 or sha512");
                return;
        }
        e->pcr_bank = (enum pcr_hash)hash;
        for (const struct json_node *m = value->children; m; m = m->next)
                if (strcmp(m->key, "values") == 0)
                        read_pcr_values(r, m, e);
                else if (strcmp(m->key, "unexplained") == 0)
                        read_unexplained(r, m, e);
                else if (m != bank)
                        reader_complain(r, m->key_at,
                                "unknown key %s: \"bank\", \"values\" and \"unexplained\" are possible",
                                quote(m->key).text);
}
