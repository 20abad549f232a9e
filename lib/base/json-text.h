/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON written as text at once, where building it with json-build.h would cost more than what it tells:
 * results by the hundred thousand. The caller puts commas, colons and brackets. In ASCII throughout.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json-scan.h"

/* Zero-initialised is empty. */
struct json_text {
        char *text; /* not terminated */
        size_t n, room;
        bool no_memory; /* somewhere on the way; nothing more is written then */
};

void json_text_done(struct json_text *t);

/* As it stands: punctuation, and what is known to need no escapes. */
void json_text_put(struct json_text *t, const char *text, size_t n);
static inline void json_text_raw(struct json_text *t, const char *text) {
        json_text_put(t, text, strlen(text)); /* which of a literal is known */
}

/* In double quotes; NULL becomes null. A byte that is no UTF-8 becomes the replacement character. */
void json_text_string(struct json_text *t, const char *text);
void json_text_number(struct json_text *t, int64_t number);
void json_text_flag(struct json_text *t, bool flag);

/* A value that was read, with all that is in it. */
void json_text_node(struct json_text *t, const struct json_node *node);
