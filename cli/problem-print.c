/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file is read again to show its lines: should it have changed since, the mark is wrong and the message is
 * not. */
#include "cli/problem-print.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cli/text.h"
#include "lib/base/file.h"
#include "lib/base/json-build.h"
#include "lib/base/utf8.h"

#define SHOWN_MAX 400 /* characters of a line that are shown */

static const char *severity_text(enum policy_severity s) {
        return s == POLICY_WARNING ? "warning" : "error";
}

static size_t count(const struct policy_problems *p, enum policy_severity s) {
        size_t n = 0;

        for (size_t i = 0; i < p->n; i++)
                n += p->problems[i].severity == s;
        return n;
}

/* The file that was read again last: problems come in the order of files. */
struct source {
        const char *file; /* borrowed */
        char *text;       /* NULL when it cannot be read (again) */
        const char *at;   /* where line number `line` starts: problems come in the order of lines */
        unsigned line;
};

static void source_done(struct source *s) {
        free(s->text);
        *s = (struct source){};
}

static void source_open(struct source *s, struct sysroot *root, const char *file) {
        char *text = NULL;

        if (s->file && strcmp(s->file, file) == 0)
                return;
        source_done(s);
        s->file = file;
        if (root)
                (void)sysroot_read(root, file + strspn(file, "/"), POLICY_FILE_MAX, &text, NULL);
        else
                (void)file_read_at(AT_FDCWD, file, POLICY_FILE_MAX, &text, NULL);
        s->text = text;
        s->at = text;
        s->line = 1;
}

/* Where line number `line`, from 1, starts; NULL past the end. */
static const char *source_line(struct source *s, unsigned line) {
        if (line < s->line) {
                s->at = s->text;
                s->line = 1;
        }
        for (; s->at && s->line < line; s->line++) {
                s->at = strchr(s->at, '\n');
                s->at = s->at ? s->at + 1 : NULL;
        }
        return s->at;
}

/* How many characters from here on belong together: a string, a word or number, else one. */
static size_t token_length(const char *at, size_t n) {
        size_t i = 1;

        if (n == 0)
                return 1;
        if (at[0] == '"') {
                while (i < n && at[i] != '"')
                        i += at[i] == '\\' ? 2 : 1;
                return i < n ? i + 1 : n;
        }
        while (i < n && (isalnum((unsigned char)at[0]) || at[0] == '-') &&
                (isalnum((unsigned char)at[i]) || strchr("-_.", at[i])))
                i++;
        return i;
}

static size_t bytes_of(const char *text, size_t n, unsigned characters) {
        size_t i = 0;

        while (characters-- > 0 && i < n)
                i += utf8_decode(text + i, n - i, NULL) ?: 1;
        return i;
}

/*
 * A piece of a line as it is shown: tabs become blanks, so that the mark below stands right. Returns how
 * many columns it takes.
 */
static size_t show(struct output *out, const char *text, size_t n, bool print) {
        _cleanup_(freep) char *piece = strndup(text, n), *harmless = NULL;
        size_t columns = 0;

        for (char *c = piece; c && *c; c++)
                if (*c == '\t')
                        *c = ' ';
        if (!piece || text_new(piece, &harmless, &columns) < 0)
                out->bad = true;
        else if (print)
                fputs(harmless, out->f);
        return columns;
}

static void print_line(struct output *out, const char *line, unsigned line_number, unsigned column) {
        size_t n = strcspn(line, "\n"), shown = bytes_of(line, n, SHOWN_MAX);
        size_t start = bytes_of(line, n, column - 1), before, mark;

        if (n > 0 && line[n - 1] == '\r')
                n--;
        if (start > shown) /* one long line: saying where is enough */
                return;
        fprintf(out->f, "%6u | ", line_number);
        show(out, line, shown < n ? shown : n, true);
        before = show(out, line, start < n ? start : n, false);
        mark = start < n ? show(out, line + start, token_length(line + start, shown - start), false) : 1;
        fprintf(out->f, "\n%6s | %*s%s^", "", (int)before, "", output_colour(out, COLOUR_BAD));
        for (size_t i = 1; i < mark; i++)
                fputc('~', out->f);
        fprintf(out->f, "%s\n", output_colour(out, COLOUR_NONE));
}

static int print_problem(const struct policy_problem *p, struct sysroot *root, struct source *source,
        struct output *out) {
        _cleanup_(freep) char *message = NULL;
        const char *line;

        if (policy_problem_format(p, &message) < 0)
                return -ENOMEM;
        output_text(out, message);
        fputc('\n', out->f);
        if (p->line == 0 || p->column == 0)
                return 0;
        source_open(source, root, p->file);
        line = source_line(source, p->line);
        if (line)
                print_line(out, line, p->line, p->column);
        return 0;
}

int problems_print(const struct policy_problems *p, struct sysroot *root, struct output *out) {
        _cleanup_(source_done) struct source source = {};
        size_t kept = count(p, POLICY_ERROR);
        int r = 0;

        for (size_t i = 0; i < p->n && r == 0; i++)
                r = print_problem(&p->problems[i], root, &source, out);
        if (p->n_errors > kept)
                fprintf(out->f, "... and %zu more errors\n", p->n_errors - kept);
        return r;
}

static struct json_object *problem_json(const struct policy_problem *p) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "severity", severity_text(p->severity)) ||
                !json_add_text(o, "file", p->file))
                return NULL;
        if (p->line > 0 ? !json_add_number(o, "line", p->line) || !json_add_number(o, "column", p->column)
                        : !json_add_null(o, "line") || !json_add_null(o, "column"))
                return NULL;
        if (!json_add_text(o, "message", p->message))
                return NULL;
        return TAKE(o);
}

int problems_json(const struct policy_problems *p, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *list = json_object_new_array();

        if (!o || !json_add_number(o, "version", 1) || !json_add_number(o, "errors", p->n_errors) ||
                !json_add_number(o, "warnings", count(p, POLICY_WARNING))) {
                json_object_put(list);
                return -ENOMEM;
        }
        if (!json_add(o, "problems", list))
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++)
                if (!json_append(list, problem_json(&p->problems[i])))
                        return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}
