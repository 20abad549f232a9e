/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON as people write it, read strictly and with the place of every key and value: RFC 8259 with comments
 * (two slashes, or slash and star), and nothing else that other readers let pass: no duplicate keys, single
 * quotes, NaN, fractions, numbers that a double cannot hold exactly, byte order mark, NUL, broken UTF-8 or
 * deep nesting.
 *
 * There is no second parser behind it: what was checked is what is used.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

#define JSON_DEPTH_MAX 32
#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1) /* and its negative: beyond, doubles have gaps */

enum json_kind {
        JSON_NULL = 1,
        JSON_BOOLEAN,
        JSON_INTEGER,
        JSON_STRING,
        JSON_LIST,
        JSON_OBJECT,
        _JSON_KIND_MAX,
};

/* Both from 1; columns count characters. */
struct json_position {
        unsigned line, column;
};

struct json_node {
        enum json_kind kind;
        struct json_position at;
        const char *key; /* of a member of an object, else NULL */
        struct json_position key_at;
        bool boolean;
        int64_t integer;
        const char *string;         /* decoded; holds no NUL */
        struct json_node *children; /* of a list or an object, in order, no key twice, linked by next */
        struct json_node *next;
        size_t n_children;
};

struct json_problem {
        struct json_position at;
        const char *message; /* what, and the cure */
        struct json_problem *next;
};

/* Owns all nodes, strings and problems. Without problems there is a root. */
struct json_document {
        const struct json_node *root;  /* NULL: the text could not be read to its end */
        struct json_problem *problems; /* one that ended the reading, or any number that did not */
        struct json_memory *memory;
};

/* -ENOMEM is the only failure: what is wrong with the text is in the problems. */
int json_scan(const char *text, size_t n, struct json_document **ret);

/*
 * The same for what programs write: without comments, and with at most max_nodes values, for a value of two
 * characters costs a hundred bytes here.
 */
int json_scan_plain(const char *text, size_t n, size_t max_nodes, struct json_document **ret);

void json_document_free(struct json_document *d);
DEFINE_FREEP(struct json_document, json_document_free)

/* NULL when the object has no such member. */
const struct json_node *json_member(const struct json_node *object, const char *key);

const char *json_kind_to_string(enum json_kind k); /* "null", "true or false", "a number", ... */
