/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measurements, one entry an event, and the registers that they lead to. */
#include <errno.h>
#include <string.h>

#include "cli/inspect.h"
#include "lib/base/guid.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/format/event-log.h"
#include "lib/format/ima-log.h"
#include "lib/format/systemd-log.h"

#define VOUCHED "nothing by itself: only as far as it leads to registers that are quoted"
#define TEXT_MAX 256   /* of what an event tells, in text; JSON has all of it */
#define DIGEST_MAX 255 /* bytes shown of a digest; those that are known have 64 at most */
#define SHOWN_MAX 16   /* bytes of what is no text */

static bool add_hex(struct json_object *o, const char *key, struct span s) {
        _cleanup_(freep) char *digits = malloc(2 * s.n + 1);

        if (!digits)
                return false;
        hex_format(s.bytes, s.n, digits);
        return json_add_text(o, key, digits);
}

/* The registers that a replay led to, as a part of their own. */
static void add_bank(struct inspection *i, const struct pcr_bank *bank) {
        char key[24];

        for (unsigned p = 0; p < PCR_COUNT; p++) {
                if (!(bank->selected >> p & 1))
                        continue;
                snprintf(key, sizeof(key), "%s:%u", pcr_hash_to_string(bank->hash), p);
                inspection_hex(i, key, bank->values[p], pcr_hash_size(bank->hash));
        }
}

/* Printable ASCII, one character in `step` bytes whose others are zero, and at most one NUL at its end. */
static bool take_characters(struct span s, size_t step, char ret[TEXT_MAX]) {
        size_t n = s.n / step;

        if (s.n % step != 0)
                return false;
        if (n > 0 && s.bytes[(n - 1) * step] == 0)
                n--;
        if (n == 0 || n >= TEXT_MAX)
                return false;
        for (size_t c = 0; c < n; c++) {
                uint8_t byte = s.bytes[c * step];

                if (byte < ' ' || byte > '~' || (step == 2 && s.bytes[2 * c + 1] != 0))
                        return false;
                ret[c] = (char)byte;
        }
        ret[n] = 0;
        return true;
}

/* UEFI_VARIABLE_DATA: a GUID, the length of the name in characters, that of the value, the name in UTF-16.
 */
static bool take_variable(struct span s, char ret[TEXT_MAX]) {
        struct cursor c = cursor_over(s.bytes, s.n);
        char name[TEXT_MAX];
        uint64_t n_name;
        struct span utf16;

        (void)span_take(&c, 16);
        n_name = cursor_le64(&c);
        (void)cursor_le64(&c);
        if (c.bad || n_name > c.left / 2)
                return false;
        utf16 = span_take(&c, (size_t)n_name * 2);
        if (!take_characters(utf16, 2, name))
                return false;
        snprintf(ret, TEXT_MAX, "variable %.200s", name);
        return true;
}

static bool is_variable(uint32_t type) {
        return type == 0x80000001 || type == 0x80000002 || type == 0x8000000c || type == 0x800000e0;
}

/* What it tells, readably; "" when that is no text. */
static void tell(const struct event_log_event *e, char ret[TEXT_MAX]) {
        int locality = event_log_locality(e);

        ret[0] = 0;
        if (locality >= 0)
                snprintf(ret, TEXT_MAX, "startup locality %d", locality);
        else if ((!is_variable(e->type) || !take_variable(e->data, ret)) &&
                !take_characters(e->data, 1, ret) && !take_characters(e->data, 2, ret))
                ret[0] = 0;
}

static const char *type_name(uint32_t type, char buffer[static 16]) {
        const char *name = event_type_to_string(type);

        snprintf(buffer, 16, "0x%08x", type);
        return name ?: buffer;
}

static struct json_object *event_new(const struct event_log_event *e, const char *type, const char *text) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *digests = json_object_new_object();
        bool good = o && json_add_number(o, "number", e->number) && json_add_number(o, "pcr", e->pcr) &&
                json_add_text(o, "type", type) && digests;

        for (size_t n = 0; good && n < e->n_digests; n++) {
                char key[16];

                snprintf(key, sizeof(key), "0x%04x", e->digests[n].algorithm);
                good = add_hex(digests,
                        pcr_hash_size(e->digests[n].algorithm) ? pcr_hash_to_string(e->digests[n].algorithm)
                                                               : key,
                        e->digests[n].bytes);
        }
        if (!good) {
                json_object_put(digests);
                return NULL;
        }
        good = json_add(o, "digests", digests) && add_hex(o, "data", e->data) &&
                (text[0] == 0 || json_add_text(o, "text", text));
        return good ? TAKE(o) : NULL;
}

/* Quoted when it is text, else its size and its first bytes. */
static void show_data(const struct event_log_event *e, const char *text, char *ret, size_t n) {
        size_t n_shown = e->data.n < SHOWN_MAX ? e->data.n : SHOWN_MAX;
        char digits[2 * SHOWN_MAX + 1];

        hex_format(e->data.bytes, n_shown, digits);
        if (text[0])
                snprintf(ret, n, "\"%s\"", text);
        else
                snprintf(ret, n, "%zu bytes%s%s%s", e->data.n, n_shown ? " " : "", digits,
                        e->data.n > n_shown ? "..." : "");
}

static void add_event(struct inspection *i, const struct event_log_event *e) {
        struct span digest =
                e->digests[e->n_digests - 1].bytes; /* of the strongest bank, as firmware has them */
        char label[16], buffer[16], text[TEXT_MAX], digits[2 * DIGEST_MAX + 1], shown[TEXT_MAX + 64];
        const char *type = type_name(e->type, buffer);

        tell(e, text);
        show_data(e, text, shown, sizeof(shown));
        snprintf(label, sizeof(label), "%u", e->number);
        hex_format(digest.bytes, digest.n < DIGEST_MAX ? digest.n : DIGEST_MAX, digits);
        inspection_entry(i, "events", label, event_new(e, type, text), "PCR %u, %s, %s, %s", e->pcr, type,
                digits, shown);
}

static int add_replay(struct inspection *i, struct span bytes, const struct event_log *log, struct diag *d) {
        inspection_part(i, "replayed-pcrs",
                "nothing: what the event-log leads to, to be held against a quote");
        for (size_t h = 0; h < log->n_hashes; h++) {
                struct pcr_bank bank;
                int r;

                if (pcr_hash_size(log->hashes[h].algorithm) == 0)
                        continue;
                r = event_log_replay(bytes.bytes, bytes.n, log->hashes[h].algorithm, &bank, d);
                if (r < 0)
                        return r;
                add_bank(i, &bank);
        }
        return 0;
}

int inspect_event_log(struct inspection *i, struct span bytes, struct diag *d) {
        struct event_log_event e;
        struct event_log log;
        int r = event_log_open(bytes.bytes, bytes.n, &log, d);

        if (r < 0)
                return r;
        inspection_part(i, "event-log", VOUCHED);
        inspection_text(i, "format", "%s", log.crypto_agile ? "crypto-agile" : "SHA-1 alone");
        while ((r = event_log_next(&log, &e, d)) > 0)
                add_event(i, &e);
        return r < 0 ? r : add_replay(i, bytes, &log, d);
}

static struct json_object *systemd_event_new(const struct systemd_log_event *e) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *digests = json_object_new_object();
        bool good = o && json_add_number(o, "number", e->number) &&
                (!e->has_pcr || json_add_number(o, "pcr", e->pcr)) && json_add_text(o, "type", e->type) &&
                json_add_text(o, "text", e->text) && digests;

        for (size_t n = 0; good && n < e->n_digests; n++) {
                enum pcr_hash h = e->digests[n].hash;

                good = add_hex(digests, pcr_hash_to_string(h),
                        (struct span){ e->digests[n].bytes, pcr_hash_size(h) });
        }
        if (!good) {
                json_object_put(digests);
                return NULL;
        }
        return json_add(o, "digests", digests) ? TAKE(o) : NULL;
}

static void add_systemd_event(struct inspection *i, const struct systemd_log_event *e) {
        char label[16], place[16] = "an NV index", digits[2 * PCR_SIZE_MAX + 1] = "no digest that is known";

        snprintf(label, sizeof(label), "%u", e->number);
        if (e->has_pcr)
                snprintf(place, sizeof(place), "PCR %u", e->pcr);
        if (e->n_digests > 0)
                hex_format(e->digests[e->n_digests - 1].bytes,
                        pcr_hash_size(e->digests[e->n_digests - 1].hash), digits);
        inspection_entry(i, "events", label, systemd_event_new(e), "%s, %s, %s, \"%s\"", place,
                e->type ?: "-", digits, e->text ?: "");
}

int inspect_systemd_log(struct inspection *i, struct span bytes, struct diag *d) {
        struct systemd_log log;
        int r = systemd_log_open(bytes.bytes, bytes.n, &log, d);

        if (r < 0)
                return r;
        inspection_part(i, "systemd-log", VOUCHED);
        for (;;) {
                _cleanup_(systemd_log_event_done) struct systemd_log_event e = {};

                r = systemd_log_next(&log, &e, d);
                if (r <= 0)
                        return r;
                add_systemd_event(i, &e);
        }
}

static struct json_object *entry_new(const struct ima_log_entry *e, const char *algorithm,
        const char *name) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_number(o, "number", e->number) || !json_add_number(o, "pcr", e->pcr) ||
                !add_hex(o, "digest", e->digest) || !json_add_flag(o, "violation", e->violation) ||
                !json_add(o, "template",
                        json_object_new_string_len((const char *)e->template.bytes, (int)e->template.n)))
                return NULL;
        if (!e->name.bytes)
                return add_hex(o, "data", e->data) ? TAKE(o) : NULL;
        if (!json_add_text(o, "algorithm", algorithm) || !add_hex(o, "file-digest", e->file_digest) ||
                !json_add_text(o, "name", name) ||
                (e->signature.n > 0 && !add_hex(o, "signature", e->signature)))
                return NULL;
        return TAKE(o);
}

static void add_entry(struct inspection *i, const struct ima_log_entry *e) {
        _cleanup_(freep) char *name = strndup((const char *)e->name.bytes ?: "", e->name.n),
                              *digits = malloc(2 * e->file_digest.n + 1);
        char label[16], algorithm[32] = "sha1";

        if (!name || !digits) {
                i->bad = true;
                return;
        }
        if (e->algorithm.n > 0)
                snprintf(algorithm, sizeof(algorithm), "%.*s", (int)e->algorithm.n,
                        (const char *)e->algorithm.bytes);
        hex_format(e->file_digest.bytes, e->file_digest.n, digits);
        snprintf(label, sizeof(label), "%u", e->number);
        inspection_entry(i, "entries", label, entry_new(e, algorithm, name), "PCR %u, %.*s%s, %s:%s, \"%s\"",
                e->pcr, (int)e->template.n, (const char *)e->template.bytes,
                e->violation ? ", violation" : "", e->name.bytes ? algorithm : "-", digits, name);
}

int inspect_ima_log(struct inspection *i, struct span bytes, struct diag *d) {
        struct ima_log_entry e;
        struct ima_log log;
        int r = ima_log_open(bytes.bytes, bytes.n, &log, d);

        if (r < 0)
                return r;
        inspection_part(i, "ima-log", VOUCHED);
        while ((r = ima_log_next(&log, &e, d)) > 0)
                add_entry(i, &e);
        return r;
}
