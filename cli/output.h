/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where verbs print. What they print is kept until they are done: a run that fails midway prints nothing of
 * it, a file is replaced whole, a pager starts only for what does not fit, and every write error is noticed.
 * Verbs that wait (monitor) flush after each event instead.
 */
#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/options.h"
#include "lib/base/diag.h"
#include "lib/policy/verdict.h"

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_GOOD, COLOUR_BAD, COLOUR_CARE, COLOUR_DIM, _COLOUR_MAX };

/* What main() found out about where stdout leads; zero: not a terminal. */
struct terminal {
        bool colour;
        unsigned columns, lines;
        const char *pager; /* a shell command; NULL: none */
};

struct output {
        FILE *f; /* into the buffer */
        char *buffer;
        size_t size;
        struct terminal terminal;
        enum json_mode json; /* OFF, SHORT or PRETTY */
        bool legend;
        bool quiet;
        bool private; /* a file that is written is for its owner alone */
        bool bad;     /* out of memory somewhere on the way */
};

int output_init(struct output *out, const struct terminal *terminal, const struct options *o);
void output_done(struct output *out);

/* The escape sequence to switch to a colour, "" without colours. COLOUR_NONE switches back. */
const char *output_colour(const struct output *out, enum colour c);

/* Foreign text, made harmless: see text.h. */
void output_text(struct output *out, const char *text);

/*
 * The same as a paragraph from column indent on, with a newline: on a terminal its lines end between words,
 * and the following ones are indented; elsewhere it is one line.
 */
void output_paragraph(struct output *out, size_t indent, const char *text);

/* Prints o as the options want it, with a newline. */
void output_json(struct output *out, struct json_object *o);

/* Forgets what was printed since the last flush. */
int output_drop(struct output *out);

/*
 * Writes what was printed: to this file (replaced whole) if not NULL, else stdout, through the pager if
 * there is one and it does not fit. Every byte is written or it fails.
 */
int output_flush(struct output *out, const char *file, struct diag *d);

/* How verdicts and states look; words carry the meaning, colour repeats it. */
enum colour verdict_colour(enum verdict v);
enum colour state_colour(enum guest_state s);
