/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Aligned columns. Whole rows everywhere but on a terminal that is too narrow: there a cell is first given
 * by its short form, where it has one, and then the row ends in "…". Memory running out is remembered and
 * reported by the print.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

struct cell {
        char *text, *brief; /* harmless; brief NULL: no shorter form */
        size_t columns, brief_columns;
        enum colour colour;
};

struct table {
        const char *const *headings;
        size_t n_columns;
        struct cell *cells; /* row by row */
        size_t n_cells;
        bool bad;
};

/* Borrows the headings. */
void table_init(struct table *t, const char *const *headings, size_t n_columns);
void table_done(struct table *t);

/* The next cell, from left to right and from top to bottom. Foreign text is fine; NULL is "-". */
void table_add(struct table *t, enum colour colour, const char *text);

/* The same with the form for narrow terminals. */
void table_add_brief(struct table *t, enum colour colour, const char *text, const char *brief);

void table_add_number(struct table *t, unsigned long long number);

/* Headings only with out->legend. An empty table prints nothing. -ENOMEM. */
int table_print(const struct table *t, struct output *out);
