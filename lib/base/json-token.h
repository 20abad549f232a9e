/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON with comments as the tokens that it is written in, of a text that json_scan() found nothing wrong
 * with. */
#include <stdbool.h>
#include <stddef.h>

enum json_token_kind {
        JSON_TOKEN_END,
        JSON_TOKEN_COMMENT,
        JSON_TOKEN_VALUE, /* a string, keys among them, a number, or true, false, null */
        JSON_TOKEN_OPEN,  /* { or [ */
        JSON_TOKEN_CLOSE,
        JSON_TOKEN_COMMA,
        JSON_TOKEN_COLON,
};

struct json_token {
        enum json_token_kind kind;
        const char *at; /* borrowed from the text; a comment is without the blanks at its end */
        size_t n;
        unsigned newlines; /* between the token before it and this one, comments being tokens as well */
};

struct json_lexer {
        const char *at, *end;
        struct json_token token; /* the one that is looked at */
};

/* At the first token. */
struct json_lexer json_lexer_over(const char *text, size_t n);

/* To the next token; at the end it stays there. */
void json_lexer_advance(struct json_lexer *l);

/* Whether the two texts differ in blanks alone, comments left aside. */
bool json_same_tokens(const char *a, size_t n_a, const char *b, size_t n_b);

/*
 * The bytes of the value that a member of the outermost object has, of a text that json_scan() found nothing
 * wrong with: what a signature over a part of a document is over. False when there is no member of that
 * name, written without escapes.
 */
bool json_member_text(const char *text, size_t n, const char *key, const char **ret, size_t *ret_n);
