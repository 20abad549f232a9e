/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text is known to be well-formed, so each token ends where the next byte cannot be part of it. */
#include "lib/base/json-token.h"

#include <string.h>

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes from here to the end of the comment. */
static size_t comment_length(const char *at, size_t n) {
        const char *end;

        if (at[1] == '/') {
                end = memchr(at, '\n', n);
                n = end ? (size_t)(end - at) : n;
                while (is_blank(at[n - 1]))
                        n--;
                return n;
        }
        end = memmem(at + 2, n - 2, "*/", 2);
        return end ? (size_t)(end - at) + 2 : n;
}

static size_t string_length(const char *at, size_t n) {
        size_t i = 1;

        while (i < n && at[i] != '"')
                i += at[i] == '\\' && i + 1 < n ? 2 : 1;
        return i < n ? i + 1 : n;
}

static size_t word_length(const char *at, size_t n) {
        size_t i = 1;

        while (i < n && at[i] && !is_blank(at[i]) && !strchr("{}[],:/\"", at[i]))
                i++;
        return i;
}

static struct json_token token_at(const char *at, size_t n) {
        struct json_token t = { .at = at, .n = 1 };

        if (n == 0) {
                t.n = 0;
                return t;
        }
        if (*at == '/' && n > 1) {
                t.kind = JSON_TOKEN_COMMENT;
                t.n = comment_length(at, n);
                return t;
        }
        switch (*at) {
        case '{':
        case '[':
                t.kind = JSON_TOKEN_OPEN;
                break;
        case '}':
        case ']':
                t.kind = JSON_TOKEN_CLOSE;
                break;
        case ',':
                t.kind = JSON_TOKEN_COMMA;
                break;
        case ':':
                t.kind = JSON_TOKEN_COLON;
                break;
        default:
                t.kind = JSON_TOKEN_VALUE;
                t.n = *at == '"' ? string_length(at, n) : word_length(at, n);
        }
        return t;
}

void json_lexer_advance(struct json_lexer *l) {
        unsigned newlines = 0;

        for (; l->at < l->end && is_blank(*l->at); l->at++)
                newlines += *l->at == '\n';
        l->token = token_at(l->at, (size_t)(l->end - l->at));
        l->token.newlines = newlines;
        l->at += l->token.n;
}

struct json_lexer json_lexer_over(const char *text, size_t n) {
        struct json_lexer l = { .at = text, .end = text + n };

        json_lexer_advance(&l);
        return l;
}

/* The next one that means something. */
static struct json_token take_meaning(struct json_lexer *l) {
        struct json_token t;

        while (l->token.kind == JSON_TOKEN_COMMENT)
                json_lexer_advance(l);
        t = l->token;
        json_lexer_advance(l);
        return t;
}

bool json_same_tokens(const char *a, size_t n_a, const char *b, size_t n_b) {
        struct json_lexer x = json_lexer_over(a, n_a), y = json_lexer_over(b, n_b);
        struct json_token t, u;

        do {
                t = take_meaning(&x);
                u = take_meaning(&y);
                if (t.kind != u.kind || t.n != u.n || memcmp(t.at, u.at, t.n) != 0)
                        return false;
        } while (t.kind != JSON_TOKEN_END);
        return true;
}

/* Steps over the value that the lexer is at. */
static void skip_value(struct json_lexer *l) {
        unsigned depth = 0;

        do {
                depth += l->token.kind == JSON_TOKEN_OPEN;
                depth -= l->token.kind == JSON_TOKEN_CLOSE;
                if (depth > 0)
                        json_lexer_advance(l);
        } while (depth > 0 && l->token.kind != JSON_TOKEN_END);
}

bool json_member_text(const char *text, size_t n, const char *key, const char **ret, size_t *ret_n) {
        struct json_lexer l = json_lexer_over(text, n);

        if (l.token.kind != JSON_TOKEN_OPEN || *l.token.at != '{')
                return false;
        json_lexer_advance(&l);
        while (l.token.kind == JSON_TOKEN_VALUE) {
                bool found = l.token.n == strlen(key) + 2 && memcmp(l.token.at + 1, key, strlen(key)) == 0;
                const char *begin;

                json_lexer_advance(&l);
                json_lexer_advance(&l); /* the colon */
                begin = l.token.at;
                skip_value(&l);
                if (found) {
                        *ret = begin;
                        *ret_n = (size_t)(l.token.at + l.token.n - begin);
                        return true;
                }
                json_lexer_advance(&l);
                if (l.token.kind == JSON_TOKEN_COMMA)
                        json_lexer_advance(&l);
        }
        return false;
}
