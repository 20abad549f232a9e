/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Widths are columns on the terminal, not bytes. */
#include "cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "lib/base/cleanup.h"

#define GAP 2

void table_init(struct table *t, const char *const *headings, size_t n_columns) {
        *t = (struct table){ .headings = headings, .n_columns = n_columns };
}

void table_done(struct table *t) {
        for (size_t i = 0; i < t->n_cells; i++) {
                free(t->cells[i].text);
                free(t->cells[i].brief);
        }
        free(t->cells);
        *t = (struct table){};
}

void table_add_brief(struct table *t, enum colour colour, const char *text, const char *brief) {
        struct cell c = { .colour = colour }, *more;

        more = reallocarray(t->cells, t->n_cells + 1, sizeof(*more));
        if (!more) {
                t->bad = true;
                return;
        }
        t->cells = more;
        if (text_new(text ?: "-", &c.text, &c.columns) < 0 ||
                (brief && text_new(brief, &c.brief, &c.brief_columns) < 0))
                t->bad = true;
        t->cells[t->n_cells++] = c;
}

void table_add(struct table *t, enum colour colour, const char *text) {
        table_add_brief(t, colour, text, NULL);
}

void table_add_number(struct table *t, unsigned long long number) {
        char text[24];

        snprintf(text, sizeof(text), "%llu", number);
        table_add(t, COLOUR_NONE, text);
}

static size_t cell_columns(const struct cell *c, bool brief) {
        return brief && c->brief ? c->brief_columns : c->columns;
}

/* How wide column i is. */
static size_t column_width(const struct table *t, size_t i, bool legend, bool brief) {
        size_t widest = legend ? strlen(t->headings[i]) : 0;

        for (size_t at = i; at < t->n_cells; at += t->n_columns)
                if (cell_columns(&t->cells[at], brief) > widest)
                        widest = cell_columns(&t->cells[at], brief);
        return widest;
}

static size_t table_width(const struct table *t, bool legend, bool brief) {
        size_t width = 0;

        for (size_t i = 0; i < t->n_columns; i++)
                width += column_width(t, i, legend, brief) + (i > 0 ? GAP : 0);
        return width;
}

/*
 * One cell, and what separates it from the next. left: the columns that the row still has. False when the
 * row ended here: the cell, or what would have stood behind it, did not fit.
 */
static bool print_cell(struct output *out, enum colour colour, const char *text, size_t columns,
        size_t width, bool last, size_t *left) {
        size_t padding = last ? 0 : width - columns + GAP;
        bool cut = last ? columns > *left : columns >= *left;
        size_t bytes = cut ? text_clip(text, *left - 1) : strlen(text);
        const char *ellipsis = MB_CUR_MAX > 1 ? "…" : ">"; /* one column in every locale */

        fprintf(out->f, "%s%.*s%s%s", colour ? output_colour(out, colour) : "", (int)bytes, text,
                cut ? ellipsis : "", colour ? output_colour(out, COLOUR_NONE) : "");
        if (cut)
                return false;
        *left -= columns;
        if (!last && padding >= *left) /* room for the "…" of the next one */
                padding = *left - 1;
        *left -= padding;
        fprintf(out->f, "%*s", (int)padding, "");
        return true;
}

/* How wide a row may get. */
static size_t room(const struct output *out) {
        return out->terminal.columns > 0 ? out->terminal.columns : SIZE_MAX;
}

static void print_headings(const struct table *t, struct output *out, const size_t *widths) {
        size_t left = room(out);

        for (size_t i = 0; i < t->n_columns; i++)
                if (!print_cell(out, COLOUR_DIM, t->headings[i], strlen(t->headings[i]), widths[i],
                            i + 1 == t->n_columns, &left))
                        break;
        fputc('\n', out->f);
}

int table_print(const struct table *t, struct output *out) {
        _cleanup_(freep) size_t *widths = calloc(t->n_columns, sizeof(*widths));
        bool brief;

        if (t->bad || !widths)
                return -ENOMEM;
        if (t->n_cells == 0)
                return 0;
        brief = table_width(t, out->legend, false) > room(out);
        for (size_t i = 0; i < t->n_columns; i++)
                widths[i] = column_width(t, i, out->legend, brief);
        if (out->legend)
                print_headings(t, out, widths);
        for (size_t row = 0; row < t->n_cells; row += t->n_columns) {
                size_t left = room(out);

                for (size_t i = 0; i < t->n_columns; i++) {
                        const struct cell *c = &t->cells[row + i];

                        if (!print_cell(out, c->colour, brief && c->brief ? c->brief : c->text,
                                    cell_columns(c, brief), widths[i], i + 1 == t->n_columns, &left))
                                break;
                }
                fputc('\n', out->f);
        }
        return 0;
}
