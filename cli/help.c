/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help, from the two tables: at most 80 columns. */
#include <string.h>

#include "cli/placeholder.h"
#include "cli/verbs.h"

#define HELP_COLUMN 27

/* "  left   right", with the right part on a line of its own where the left is too long. */
static void print_line(struct output *out, const char *left, const char *right) {
        fprintf(out->f, "  %s", left);
        if (strlen(left) + 4 > HELP_COLUMN)
                fprintf(out->f, "\n%*s%s\n", HELP_COLUMN, "", right);
        else
                fprintf(out->f, "%*s%s\n", HELP_COLUMN - 2 - (int)strlen(left), "", right);
}

static void print_verbs(struct output *out) {
        const struct verb *v;

        for (size_t i = 0; (v = verb_at(i)); i++) {
                char left[64];

                if (v->begins)
                        fprintf(out->f, "\n%s:\n", v->begins);
                snprintf(left, sizeof(left), "%s%s%s", v->name, *v->args ? " " : "", v->args);
                print_line(out, left, v->help);
        }
}

static void print_options(struct output *out) {
        for (int i = 0; i < _OPTION_MAX; i++) {
                const struct option_row *row = option_row(i);
                char left[64], letter[8] = "";

                if (row->letter)
                        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
                snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
                        row->arg && row->arg[0] != '[' ? "=" : "", row->arg ?: "");
                print_line(out, left, row->help);
        }
}

static void print_placeholders(struct output *out) {
        const struct placeholder *p;

        fputc('\n', out->f);
        for (size_t i = 0; (p = placeholder_at(i)); i++)
                if (p->help)
                        fprintf(out->f, "%s is %s.\n", p->name, p->help);
}

void help_print(struct output *out) {
        fputs("cvmctl [OPTION...] [VERB] [ARGUMENT...]\n\n"
              "Show and control what cvmd finds on the VMBus of a confidential VM.\n",
                out->f);
        print_verbs(out);
        print_placeholders(out);
        fputs("\nOptions:\n", out->f);
        print_options(out);
        fputs("\nExit code: 0 good, 1 failed, 2 usage, 3 checked and not compliant, 4 no such\n"
              "thing, 5 not authorised, 6 daemon not reachable.\n"
              "\nSee cvmctl(1).\n",
                out->f);
}
