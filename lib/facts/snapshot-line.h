/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line of a snapshot on its way: words, separated by one space, are taken off its front. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct snapshot_line {
        char *rest; /* NULL once the last word is taken */
        struct diag *d;
};

/* Says what is wrong with the line: -EBADMSG. */
int line_bad(struct snapshot_line *l, const char *what);

/* The next word as it is, never NULL: "" when there is none. Borrowed from the line. */
char *line_word(struct snapshot_line *l);

/* The next word with its escapes undone: text, not empty and without a NUL. -EBADMSG. The caller frees it.
 */
int line_text(struct snapshot_line *l, char **ret);

/* What follows "key=" in the next word, or NULL when it is another key. Borrowed from the line. */
const char *line_value(struct snapshot_line *l, const char *key);

/* The rest of the line: "..." with escapes; as text, without a NUL in it. -EBADMSG. The caller frees it. */
int line_quoted(struct snapshot_line *l, char **ret, size_t *ret_size);
int line_quoted_text(struct snapshot_line *l, char **ret);

/* -EBADMSG when there is more. */
int line_end(struct snapshot_line *l);

/* Two decimal numbers with something between them: "6.0", "8:1". -EBADMSG. */
int pair_parse(const char *text, char between, uint32_t max, uint32_t *ret_a, uint32_t *ret_b);
