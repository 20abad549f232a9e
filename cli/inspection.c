/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/inspection.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli/text.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"

#define LABEL_MAX 64 /* columns: longer labels stand out of line */

static void field_done(struct inspection_field *f) {
        free(f->key);
        free(f->text);
        free(f->label);
        json_object_put(f->value);
}

void inspection_done(struct inspection *i) {
        for (size_t p = 0; p < i->n_parts; p++) {
                struct inspection_part *part = &i->parts[p];

                for (size_t f = 0; f < part->n_fields; f++)
                        field_done(&part->fields[f]);
                free(part->fields);
                free(part->record);
                free(part->vouched);
                free(part->problem);
        }
        free(i->parts);
        *i = (struct inspection){};
}

/* NULL for want of memory. */
_printf_(1, 0) static char *formatted(const char *format, va_list ap) {
        char *text = NULL;

        return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

void inspection_part(struct inspection *i, const char *name, const char *vouched, ...) {
        struct inspection_part part = { .name = name }, *more;
        va_list ap;

        va_start(ap, vouched);
        part.vouched = formatted(vouched, ap);
        va_end(ap);
        part.record = i->record ? strdup(i->record) : NULL;
        more = reallocarray(i->parts, i->n_parts + 1, sizeof(*more));
        if (!more || !part.vouched || (i->record && !part.record)) {
                free(part.vouched);
                free(part.record);
                i->bad = true;
        }
        if (more)
                i->parts = more;
        if (!i->bad)
                i->parts[i->n_parts++] = part;
}

void inspection_problem(struct inspection *i, const char *why) {
        if (i->bad || i->n_parts == 0)
                return;
        i->n_problems++;
        free(i->parts[i->n_parts - 1].problem);
        i->parts[i->n_parts - 1].problem = strdup(why);
        i->bad = !i->parts[i->n_parts - 1].problem;
}

/* Takes over text and value; NULL text is out of memory. */
static void add_field(struct inspection *i, const char *key, const char *label, char *text,
        struct json_object *value) {
        struct inspection_field field = { .text = text, .value = value }, *more = NULL;
        struct inspection_part *part = i->n_parts > 0 ? &i->parts[i->n_parts - 1] : NULL;

        field.key = strdup(key);
        field.label = label ? strdup(label) : NULL;
        if (part && !i->bad)
                more = reallocarray(part->fields, part->n_fields + 1, sizeof(*more));
        if (more)
                part->fields = more;
        if (!more || !field.key || !text || (label && !field.label)) {
                field_done(&field);
                i->bad = true;
                return;
        }
        part->fields[part->n_fields++] = field;
}

/* The same, and value is there. */
static void add(struct inspection *i, const char *key, const char *label, char *text,
        struct json_object *value) {
        i->bad = i->bad || !value;
        add_field(i, key, label, text, value);
}

void inspection_null(struct inspection *i, const char *key) {
        add_field(i, key, NULL, strdup("null"), NULL);
}

void inspection_text(struct inspection *i, const char *key, const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        text = formatted(format, ap);
        va_end(ap);
        add(i, key, NULL, text, text ? json_object_new_string(text) : NULL);
}

void inspection_value(struct inspection *i, const char *key, struct json_object *value, const char *format,
        ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        text = formatted(format, ap);
        va_end(ap);
        add(i, key, NULL, text, value);
}

void inspection_entry(struct inspection *i, const char *key, const char *label, struct json_object *value,
        const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        text = formatted(format, ap);
        va_end(ap);
        add(i, key, label, text, value);
}

void inspection_number(struct inspection *i, const char *key, uint64_t number) {
        inspection_value(i, key, json_object_new_uint64(number), "%llu", (unsigned long long)number);
}

void inspection_flag(struct inspection *i, const char *key, bool flag) {
        inspection_value(i, key, json_object_new_boolean(flag), "%s", flag ? "yes" : "no");
}

void inspection_hex(struct inspection *i, const char *key, const void *bytes, size_t n) {
        char *digits = malloc(2 * n + 1);

        if (digits)
                hex_format(bytes, n, digits);
        add(i, key, NULL, digits, digits ? json_object_new_string(digits) : NULL);
}

void inspection_bits(struct inspection *i, const char *key, uint64_t value, unsigned digits,
        const struct inspection_bit *bits, size_t n) {
        struct json_object *o = json_object_new_object();
        char number[24], *names = NULL;
        size_t size;
        FILE *f = open_memstream(&names, &size);
        bool good = o && f;

        snprintf(number, sizeof(number), "0x%0*llx", (int)digits, (unsigned long long)value);
        good = good && json_add_text(o, "value", number);
        for (size_t b = 0; good && b < n; b++) {
                bool set = value >> bits[b].bit & 1;

                good = json_add_flag(o, bits[b].key, set);
                if (set)
                        fprintf(f, "%s%s", ftell(f) > 0 ? ", " : "", bits[b].text ?: bits[b].key);
        }
        if (f && fclose(f) != 0)
                good = false;
        if (good)
                inspection_value(i, key, json_object_get(o), names[0] ? "%s: %s" : "%s", number, names);
        else
                i->bad = true;
        json_object_put(o);
        free(names);
}

static struct json_object *list_of(struct json_object *fields, const char *key) {
        struct json_object *list;

        if (json_object_object_get_ex(fields, key, &list))
                return list;
        list = json_object_new_array();
        return json_add(fields, key, list) ? list : NULL;
}

static struct json_object *part_new(const struct inspection_part *part) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *fields = json_object_new_object();

        if (!o || !json_add_text(o, "part", part->name) ||
                (part->record && !json_add_text(o, "record", part->record)) ||
                !json_add_text(o, "authenticated-by", part->vouched) ||
                (part->problem && !json_add_text(o, "problem", part->problem))) {
                json_object_put(fields);
                return NULL;
        }
        if (!json_add(o, "fields", fields))
                return NULL;
        for (size_t f = 0; f < part->n_fields; f++) {
                const struct inspection_field *field = &part->fields[f];
                struct json_object *value = json_object_get(field->value), *list = NULL;
                bool good;

                if (field->label)
                        list = list_of(fields, field->key);
                if (field->label)
                        good = list && json_append(list, value);
                else
                        good = value ? json_add(fields, field->key, value)
                                     : json_add_null(fields, field->key);
                if (!good)
                        return NULL;
        }
        return TAKE(o);
}

static int print_json(const struct inspection *i, struct output *out) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *parts = json_object_new_array();

        if (!o || !json_add_number(o, "version", 1) || !json_add_text(o, "content", i->content)) {
                json_object_put(parts);
                return -ENOMEM;
        }
        if (!json_add(o, "parts", parts))
                return -ENOMEM;
        for (size_t p = 0; p < i->n_parts; p++)
                if (!json_append(parts, part_new(&i->parts[p])))
                        return -ENOMEM;
        output_json(out, o);
        return 0;
}

/* How wide a label is once it is harmless: keys may be anybody's. */
static int label_columns(const char *label, struct output *out) {
        _cleanup_(freep) char *harmless = NULL;
        size_t columns = 0;

        if (text_new(label, &harmless, &columns) < 0)
                out->bad = true;
        return columns < LABEL_MAX ? (int)columns : LABEL_MAX;
}

/* A line that is lined up with the others of its part. */
static void print_line(struct output *out, int width, const char *label, const char *text) {
        fputs("  ", out->f);
        output_text(out, label);
        fprintf(out->f, "%*s", width - label_columns(label, out) + 2, "");
        output_paragraph(out, (size_t)width + 4, text);
}

static const char *label_of(const struct inspection_field *f) {
        return f->label ?: f->key;
}

static void print_part(const struct inspection_part *part, struct output *out) {
        static const char vouched[] = "authenticated by";
        int width = (int)strlen(vouched);

        for (size_t f = 0; f < part->n_fields; f++) {
                int n = label_columns(label_of(&part->fields[f]), out);

                if (n > width)
                        width = n;
        }
        fprintf(out->f, "%s%s%s", output_colour(out, COLOUR_BOLD), part->name,
                output_colour(out, COLOUR_NONE));
        if (part->record) {
                fputs(" (record ", out->f);
                output_text(out, part->record);
                fputc(')', out->f);
        }
        fputc('\n', out->f);
        print_line(out, width, vouched, part->vouched);
        for (size_t f = 0; f < part->n_fields; f++)
                print_line(out, width, label_of(&part->fields[f]), part->fields[f].text);
        if (part->problem)
                print_line(out, width, "problem", part->problem);
}

int inspection_print(const struct inspection *i, struct output *out) {
        if (i->bad)
                return -ENOMEM;
        if (out->json != JSON_OFF)
                return print_json(i, out);
        for (size_t p = 0; p < i->n_parts; p++) {
                if (p > 0)
                        fputc('\n', out->f);
                print_part(&i->parts[p], out);
        }
        return 0;
}
