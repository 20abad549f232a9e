/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables as functions of a shell, bash's or zsh's, between the parts that no table changes. */
#include "cli/completion.h"

#include <limits.h>
#include <string.h>

#include "cli/placeholder.h"
#include "cli/verbs.h"
#include "lib/base/name-table.h"

/* What no table changes: cli/completion/ in the tree. */
static const char look[] =
#include "cli/completion-look.inc"
        ;
static const char offer_bash[] =
#include "cli/completion-bash.inc"
        ;
static const char offer_zsh[] =
#include "cli/completion-zsh.inc"
        ;

static const char *const kinds[] = {
        [PLACEHOLDER_TEXT] = "@text",
        [PLACEHOLDER_DEVICE] = "@device",
        [PLACEHOLDER_FILE] = "@file",
        [PLACEHOLDER_FOLDER] = "@folder",
        [PLACEHOLDER_PATH] = "@path",
        [PLACEHOLDER_HOST] = "@host",
};
_Static_assert(N_NAMES(kinds) == _PLACEHOLDER_KIND_MAX, "every kind has a name");

/* In single quotes nothing means anything to a shell but the single quote itself. */
static void put_quoted(FILE *f, const char *text) {
        fputc('\'', f);
        for (; *text; text++)
                if (*text == '\'')
                        fputs("'\\''", f);
                else
                        fputc(*text, f);
        fputc('\'', f);
}

static void put_words(FILE *f, word_list *words) {
        const char *word;

        for (size_t i = 0; (word = words(i)); i++)
                fprintf(f, "%s%s", i > 0 ? "|" : "", word);
}

/* The kind of an option's value. A verb says what --format can be. */
static void put_kind(FILE *f, enum option_id id) {
        const struct option_row *row = option_row(id);
        bool may_be_left_out = row->arg && row->arg[0] == '[';

        if (id == OPTION_FORMAT) {
                fputs("${formats:-@text}", f);
                return;
        }
        fprintf(f, "'%s%s", may_be_left_out ? "?" : "", row->list ? "," : "");
        if (row->words) {
                put_words(f, row->words);
        } else if (row->arg) {
                const struct placeholder *p = placeholder_find(row->arg, strlen(row->arg));

                fputs(kinds[p ? p->kind : PLACEHOLDER_TEXT], f);
        }
        fputc('\'', f);
}

static void put_options(FILE *f) {
        fputs("_cvmctl_option() {\n        name=$1 kind='' help=''\n        case $1 in\n", f);
        for (int i = 0; i < _OPTION_MAX; i++) {
                const struct option_row *row = option_row(i);

                fprintf(f, "        --%s", row->name);
                if (row->letter)
                        fprintf(f, " | -%c", row->letter);
                fprintf(f, ") name=--%s kind=", row->name);
                put_kind(f, i);
                fputs(" help=", f);
                put_quoted(f, row->help);
                fputs(" ;;\n", f);
        }
        fputs("        *) return 1 ;;\n        esac\n}\n\n", f);
}

/* opts and repeats of a verb that can do this. */
static void put_options_of(FILE *f, unsigned can) {
        fputs("                opts='", f);
        for (int i = 0; i < _OPTION_MAX; i++) {
                const struct option_row *row = option_row(i);

                if (!option_goes_with(row, can))
                        continue;
                fprintf(f, "%s--%s", i > 0 ? " " : "", row->name);
                if (row->letter)
                        fprintf(f, " -%c", row->letter);
        }
        fputs("'\n                repeats='", f);
        for (int i = 0; i < _OPTION_MAX; i++)
                if (option_row(i)->repeats & can)
                        fprintf(f, " --%s", option_row(i)->name);
        fputs("'\n", f);
}

static void put_arguments(FILE *f, const char *args) {
        const char *separator = "";
        struct argument a;

        fputs("                args='", f);
        while (argument_next(&args, &a)) {
                fputs(separator, f);
                if (a.placeholder)
                        fputs(kinds[a.placeholder->kind], f);
                else
                        fprintf(f, "%.*s", (int)a.n_words, a.words);
                fputs(a.repeated ? "..." : "", f);
                separator = " ";
        }
        fputs("'\n", f);
}

static void put_verbs(FILE *f) {
        const struct verb *v;

        fputs("_cvmctl_verb() {\n        opts='' repeats='' args='' formats='' help=''\n        case $1 "
              "in\n",
                f);
        for (size_t i = 0; (v = verb_at(i)); i++) {
                fprintf(f, "        '%s')\n", v->name);
                put_options_of(f, v->can);
                put_arguments(f, v->args);
                if (v->formats) {
                        fputs("                formats='", f);
                        put_words(f, v->formats);
                        fputs("'\n", f);
                }
                fputs("                help=", f);
                put_quoted(f, v->help);
                fputs("\n                ;;\n", f);
        }
        fputs("        '')\n", f);
        put_options_of(f, UINT_MAX);
        fputs("                ;;\n        *) return 1 ;;\n        esac\n}\n\n", f);
}

/* Whether no verb before the i-th starts with its first word, and how long that is. */
static bool starts_family(size_t i, size_t *ret_n) {
        const char *name = verb_at(i)->name;
        size_t n = strcspn(name, " ");

        for (size_t k = 0; k < i; k++)
                if (strcspn(verb_at(k)->name, " ") == n && strncmp(verb_at(k)->name, name, n) == 0)
                        return false;
        *ret_n = n;
        return true;
}

/* "policy) names='check show'", if there are any. */
static void put_second_words(FILE *f, const char *first, size_t n) {
        bool any = false;
        const struct verb *v;

        for (size_t i = 0; (v = verb_at(i)); i++) {
                if (strncmp(v->name, first, n) != 0 || v->name[n] != ' ')
                        continue;
                if (!any)
                        fprintf(f, "        %.*s) names='", (int)n, first);
                fprintf(f, "%s%s", any ? " " : "", v->name + n + 1);
                any = true;
        }
        if (any)
                fputs("' ;;\n", f);
}

static void put_names(FILE *f) {
        size_t n;

        fputs("_cvmctl_words() {\n        names=''\n        case $1 in\n        '') names='", f);
        for (size_t i = 0; verb_at(i); i++)
                if (starts_family(i, &n))
                        fprintf(f, "%s%.*s", i > 0 ? " " : "", (int)n, verb_at(i)->name);
        fputs("' ;;\n", f);
        for (size_t i = 0; verb_at(i); i++)
                if (starts_family(i, &n))
                        put_second_words(f, verb_at(i)->name, n);
        fputs("        esac\n}\n\n", f);
}

static void put_tables(FILE *f) {
        put_options(f);
        put_verbs(f);
        put_names(f);
        fprintf(f, "%s\n", look);
}

void completion_print_bash(FILE *f) {
        fputs("# Completion of cvmctl in bash, over that of bash-completion.\n\n", f);
        put_tables(f);
        fputs(offer_bash, f);
}

void completion_print_zsh(FILE *f) {
        fputs("#compdef cvmctl\n# Completion of cvmctl in zsh.\n\n", f);
        put_tables(f);
        fputs(offer_zsh, f);
}
