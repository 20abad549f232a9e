/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What evidence says, part by part, as one list that is printed as text or as JSON. Each part says what
 * authenticates it. Memory that runs out is remembered and reported by the print; everything that is handed
 * in is copied.
 */
#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/output.h"
#include "lib/format/span.h"

struct inspection_field {
        char *key, *text;
        struct json_object *value; /* NULL: null */
        char *label;               /* not NULL: an entry of the list `key` */
};

struct inspection_part {
        const char *name; /* "snp-report" */
        char *record;     /* of the bundle that it came out of; NULL: none */
        char *vouched;    /* what authenticates it */
        char *problem;    /* why there is no more of it; NULL: none */
        struct inspection_field *fields;
        size_t n_fields;
};

struct inspection {
        const char *content; /* what the file is: content_to_string() */
        const char *record;  /* what parts that begin now come out of; borrowed, NULL: none */
        struct inspection_part *parts;
        size_t n_parts, n_problems;
        bool bad;
};

void inspection_done(struct inspection *i);

/* Begins a part; what follows goes into it. name is static. */
void inspection_part(struct inspection *i, const char *name, const char *vouched, ...) _printf_(3, 4);

/* The part could not be read further. */
void inspection_problem(struct inspection *i, const char *why);

/* Fields. A number is one in JSON too; all other text is a string. */
void inspection_text(struct inspection *i, const char *key, const char *format, ...) _printf_(3, 4);
void inspection_number(struct inspection *i, const char *key, uint64_t number);
void inspection_flag(struct inspection *i, const char *key, bool flag);
void inspection_hex(struct inspection *i, const char *key, const void *bytes, size_t n);
void inspection_null(struct inspection *i, const char *key);

/* One that has another form in JSON; value is taken over, NULL is out of memory. */
void inspection_value(struct inspection *i, const char *key, struct json_object *value, const char *format,
        ...) _printf_(4, 5);

/* An entry of the list `key`: labelled on its own in text. */
void inspection_entry(struct inspection *i, const char *key, const char *label, struct json_object *value,
        const char *format, ...) _printf_(5, 6);

/*
 * Bits with names. In text the names of those that are set, or words for it when none is; in JSON an object
 * of the value in hexadecimal and a flag for each.
 */
struct inspection_bit {
        unsigned bit;
        const char *key;  /* "debug" */
        const char *text; /* "debugging allowed"; NULL: the key */
};
void inspection_bits(struct inspection *i, const char *key, uint64_t value, unsigned digits,
        const struct inspection_bit *bits, size_t n);

/* As the options want it. -ENOMEM. */
int inspection_print(const struct inspection *i, struct output *out);
