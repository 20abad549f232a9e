/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens become a tree whose items own the comments about them; the tree is written. A comment at the end of
 * a line is about what stands before it, any other about what follows.
 */
#include "lib/base/json-format.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json-scan.h"
#include "lib/base/json-token.h"

#define INDENT 2
#define NEVER SIZE_MAX /* wide: does not go on one line */

struct comment {
        const char *at; /* borrowed from the text */
        size_t n;
        bool blank_before; /* an empty line stands before it */
        struct comment *next;
};

struct comments {
        struct comment *first, **tail;
};

struct item {
        struct comments before, inside, behind; /* inside: behind the last child, on lines of their own */
        const char *key;                        /* with quotes; NULL: no member */
        size_t n_key;
        const char *value; /* a whole value, or the opening bracket */
        size_t n_value;
        bool is_open;      /* an object or list */
        bool blank_before; /* an empty line stands before it, behind its comments */
        struct item *children, *next;
        size_t width; /* in columns, on one line; NEVER */
};

struct parser {
        struct json_lexer lexer;
        bool no_memory; /* sticky; tokens are still eaten up */
};

static void comments_done(struct comments *c) {
        while (c->first) {
                struct comment *next = c->first->next;

                free(c->first);
                c->first = next;
        }
}

static void item_free(struct item *i) {
        while (i) {
                struct item *next = i->next;

                comments_done(&i->before);
                comments_done(&i->inside);
                comments_done(&i->behind);
                item_free(i->children);
                free(i);
                i = next;
        }
}
DEFINE_FREEP(struct item, item_free)

/* The comment that is looked at; at the end of the list. */
static void take_comment(struct parser *p, struct comments *into) {
        struct comment *c = calloc(1, sizeof(*c));

        if (c) {
                *c = (struct comment){
                        .at = p->lexer.token.at,
                        .n = p->lexer.token.n,
                        .blank_before = p->lexer.token.newlines > 1,
                };
                if (!into->first)
                        into->tail = &into->first;
                *into->tail = c;
                into->tail = &c->next;
        } else
                p->no_memory = true;
        json_lexer_advance(&p->lexer);
}

static void take_comments(struct parser *p, struct comments *into) {
        while (p->lexer.token.kind == JSON_TOKEN_COMMENT)
                take_comment(p, into);
}

/* Whether the comments from here on, on this line, have nothing behind them that they could be about. */
static bool comments_end_line(const struct parser *p) {
        struct json_lexer ahead = p->lexer;

        while (ahead.token.kind == JSON_TOKEN_COMMENT && ahead.token.newlines == 0) {
                if (ahead.token.at[1] == '/')
                        return true;
                json_lexer_advance(&ahead);
        }
        return ahead.token.newlines > 0 || ahead.token.kind == JSON_TOKEN_COMMA ||
                ahead.token.kind == JSON_TOKEN_CLOSE || ahead.token.kind == JSON_TOKEN_END;
}

static void take_comments_behind(struct parser *p, struct item *i) {
        if (!comments_end_line(p))
                return;
        while (p->lexer.token.kind == JSON_TOKEN_COMMENT && p->lexer.token.newlines == 0)
                take_comment(p, &i->behind);
}

/* Whether its line can take no more: what stood behind such a comment would become a part of it. */
static bool line_is_over(const struct item *i) {
        for (const struct comment *c = i->behind.first; c; c = c->next)
                if (c->at[1] == '/')
                        return true;
        return false;
}

static struct item *parse_item(struct parser *p, struct comments *before, bool is_member);

/* Behind the opening bracket, up to and over the closing one. */
static void parse_children(struct parser *p, struct item *parent) {
        bool is_object = parent->value[0] == '{';
        struct item **tail = &parent->children;
        struct comments before = {};

        take_comments(p, &before);
        while (!p->no_memory && p->lexer.token.kind != JSON_TOKEN_CLOSE &&
                p->lexer.token.kind != JSON_TOKEN_END) {
                struct item *child = parse_item(p, &before, is_object);

                if (!child)
                        break;
                *tail = child;
                tail = &child->next;
                take_comments_behind(p, child);
                take_comments(p, &before);
                if (p->lexer.token.kind != JSON_TOKEN_COMMA)
                        continue;
                json_lexer_advance(&p->lexer);
                if (!before.first && !line_is_over(child)) /* else they would change places */
                        take_comments_behind(p, child);
                take_comments(p, &before);
        }
        parent->inside = before;
        json_lexer_advance(&p->lexer);
}

/* Takes the comments before it over; NULL, and no_memory, for want of that. */
static struct item *parse_item(struct parser *p, struct comments *before, bool is_member) {
        struct item *i = calloc(1, sizeof(*i));

        if (!i) {
                p->no_memory = true;
                return NULL;
        }
        i->before = *before;
        *before = (struct comments){};
        i->blank_before = p->lexer.token.newlines > 1;
        if (is_member) {
                i->key = p->lexer.token.at;
                i->n_key = p->lexer.token.n;
                json_lexer_advance(&p->lexer);
                take_comments(p, &i->before);
                json_lexer_advance(&p->lexer); /* the colon */
                take_comments(p, &i->before);
        }
        i->value = p->lexer.token.at;
        i->n_value = p->lexer.token.n;
        i->is_open = p->lexer.token.kind == JSON_TOKEN_OPEN;
        json_lexer_advance(&p->lexer);
        if (i->is_open)
                parse_children(p, i);
        return i;
}

static size_t columns_of(const char *text, size_t n) {
        size_t columns = 0;

        for (size_t i = 0; i < n; i++)
                columns += ((unsigned char)text[i] & 0xc0) != 0x80;
        return columns;
}

/* The width of an item that is one of several; NEVER where it brings lines with it. */
static size_t width_as_child(const struct item *i, bool is_first) {
        if (i->before.first || i->behind.first || (i->blank_before && !is_first) || i->width == NEVER)
                return NEVER;
        return i->width + (i->key ? columns_of(i->key, i->n_key) + strlen(": ") : 0);
}

/* Of the whole tree, from its leaves up. */
static void measure(struct item *i) {
        bool is_list = i->value[0] == '[';

        i->width = columns_of(i->value, i->n_value);
        if (!i->is_open)
                return;
        i->width = strlen(i->children && !is_list ? "{  }" : "[]");
        if (i->inside.first)
                i->width = NEVER;
        for (struct item *c = i->children; c; c = c->next) {
                size_t width;

                measure(c);
                width = width_as_child(c, c == i->children);
                if (width == NEVER || (is_list && c->is_open && c->value[0] == '{' && c->children))
                        i->width = NEVER;
                if (i->width != NEVER)
                        i->width += width + (c->next ? strlen(", ") : 0);
        }
}

struct writer {
        FILE *f;
        bool at_start; /* of the file or of an object or list: no empty line belongs here */
};

/* Blanks at the ends of its lines stay away, and so do carriage returns. */
static void write_comment(struct writer *w, const struct comment *c) {
        for (size_t i = 0; i < c->n;) {
                const char *newline = memchr(c->at + i, '\n', c->n - i);
                size_t n = newline ? (size_t)(newline - c->at) - i : c->n - i, shown = n;

                while (shown > 0 && strchr(" \t\r", c->at[i + shown - 1]))
                        shown--;
                fprintf(w->f, "%.*s%s", (int)shown, c->at + i, newline ? "\n" : "");
                i += n + (newline ? 1 : 0);
        }
}

static void write_comment_lines(struct writer *w, const struct comments *comments, size_t indent) {
        for (const struct comment *c = comments->first; c; c = c->next) {
                fprintf(w->f, "%s%*s", c->blank_before && !w->at_start ? "\n" : "", (int)indent, "");
                write_comment(w, c);
                fputc('\n', w->f);
                w->at_start = false;
        }
}

static void write_key(struct writer *w, const struct item *i) {
        if (i->key)
                fprintf(w->f, "%.*s: ", (int)i->n_key, i->key);
}

static void write_on_one_line(struct writer *w, const struct item *i) {
        bool is_list = i->value[0] == '[';

        fprintf(w->f, "%.*s", (int)i->n_value, i->value);
        if (!i->is_open)
                return;
        fputs(i->children && !is_list ? " " : "", w->f);
        for (const struct item *c = i->children; c; c = c->next) {
                write_key(w, c);
                write_on_one_line(w, c);
                fputs(c->next ? ", " : "", w->f);
        }
        fputs(is_list ? "]" : i->children ? " }" : "}", w->f);
}

/* Whole lines: what is before it, itself, what is behind it. */
static void write_item(struct writer *w, const struct item *i, size_t indent, bool is_root) {
        size_t columns =
                indent + (i->key ? columns_of(i->key, i->n_key) + strlen(": ") : 0) + (i->next ? 1 : 0);

        write_comment_lines(w, &i->before, indent);
        fprintf(w->f, "%s%*s", i->blank_before && !w->at_start ? "\n" : "", (int)indent, "");
        write_key(w, i);
        if (i->width != NEVER && (!is_root || !i->children) &&
                (!i->is_open || !i->children || columns + i->width <= JSON_FORMAT_COLUMNS))
                write_on_one_line(w, i);
        else {
                fprintf(w->f, "%c\n", i->value[0]);
                w->at_start = true;
                for (const struct item *c = i->children; c; c = c->next)
                        write_item(w, c, indent + INDENT, false);
                write_comment_lines(w, &i->inside, indent + INDENT);
                fprintf(w->f, "%*s%c", (int)indent, "", i->value[0] == '{' ? '}' : ']');
        }
        fputs(i->next ? "," : "", w->f);
        for (const struct comment *c = i->behind.first; c; c = c->next) {
                fputc(' ', w->f);
                write_comment(w, c);
        }
        fputc('\n', w->f);
        w->at_start = false;
}

static int write_text(const struct item *root, const struct comments *after, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        struct writer w = { .at_start = true };
        bool bad;

        w.f = open_memstream(&text, ret_size);
        if (!w.f)
                return -ENOMEM;
        write_item(&w, root, 0, true);
        write_comment_lines(&w, after, 0);
        bad = ferror(w.f);
        if (fclose(w.f) != 0 || bad)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

static int check(const char *text, size_t n, struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        const struct json_problem *first;
        int r = json_scan(text, n, &document);

        if (r < 0)
                return r;
        first = document->problems;
        for (const struct json_problem *p = first; p; p = p->next)
                if (p->at.line < first->at.line ||
                        (p->at.line == first->at.line && p->at.column < first->at.column))
                        first = p;
        if (!first)
                return 0;
        return diag_fail(d, -EBADMSG, "%u:%u: %s", first->at.line, first->at.column, first->message);
}

static int format(const char *text, size_t n, char **ret, size_t *ret_size) {
        _cleanup_(comments_done) struct comments before = {}, after = {};
        struct parser p = { .lexer = json_lexer_over(text, n) };
        _cleanup_(item_freep) struct item *root = NULL;

        take_comments(&p, &before);
        root = parse_item(&p, &before, false);
        if (root)
                take_comments_behind(&p, root);
        take_comments(&p, &after);
        if (p.no_memory)
                return -ENOMEM;
        measure(root);
        return write_text(root, &after, ret, ret_size);
}

int json_format(const char *text, size_t n, char **ret, size_t *ret_size, struct diag *d) {
        _cleanup_(freep) char *formatted = NULL;
        size_t size = 0;
        int r = check(text, n, d);

        if (r == 0)
                r = format(text, n, &formatted, &size);
        if (r == -ENOMEM)
                return diag_errno(d, r, "layout");
        if (r < 0)
                return r;
        if (!json_same_tokens(text, n, formatted, size)) /* rather no layout than another meaning */
                return diag_fail(d, -EBADMSG, "1:1: this cannot be laid out");
        *ret = TAKE(formatted);
        *ret_size = size;
        return 0;
}
