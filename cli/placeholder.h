/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words in capitals that stand for something else in the tables and in --help: DEV, FILE. */
#include <stdbool.h>
#include <stddef.h>

enum placeholder_kind {
        PLACEHOLDER_TEXT, /* nobody can say which */
        PLACEHOLDER_DEVICE,
        PLACEHOLDER_FILE,
        PLACEHOLDER_FOLDER,
        PLACEHOLDER_PATH, /* a file or a folder */
        PLACEHOLDER_HOST,
        _PLACEHOLDER_KIND_MAX,
};

struct placeholder {
        const char *name;
        enum placeholder_kind kind;
        const char *help; /* lines without an end, for --help; NULL: the name says it */
};

/* NULL past the end. */
const struct placeholder *placeholder_at(size_t i);

/* The first n characters of a name; NULL if there is none of this name. */
const struct placeholder *placeholder_find(const char *name, size_t n);

/* One of the arguments of a verb. Points into the text that it was read from. */
struct argument {
        const struct placeholder *placeholder; /* NULL: one of the words */
        const char *words;                     /* "check|from" */
        size_t n_words;                        /* characters */
        bool repeated;                         /* "PATH...": any number from here on */
};

/* The next of "[OLD] NEW", "check|from FILE", "PATH..."; *text moves behind it. False at the end. */
bool argument_next(const char **text, struct argument *ret);
