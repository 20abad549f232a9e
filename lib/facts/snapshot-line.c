/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of a line are cut off in place; what is foreign about them is checked here, once for all types
 * of lines.
 */
#include "lib/facts/snapshot-line.h"

#include <errno.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/base/number.h"

char *line_word(struct snapshot_line *l) {
        char *word = l->rest ? strsep(&l->rest, " ") : NULL;

        return word ? word : (char *)"";
}

int line_bad(struct snapshot_line *l, const char *what) {
        return diag_fail(l->d, -EBADMSG, "%s", what);
}

int line_text(struct snapshot_line *l, char **ret) {
        _cleanup_(freep) char *text = NULL;
        const char *word = line_word(l);
        size_t size;
        int r = unescape_new(word, strlen(word), &text, &size);

        if (r < 0)
                return r == -ENOMEM ? r : line_bad(l, "bad escape");
        if (size == 0 || memchr(text, 0, size))
                return line_bad(l, "a word is missing, or has a NUL in it");
        *ret = TAKE(text);
        return 0;
}

int line_quoted(struct snapshot_line *l, char **ret, size_t *ret_size) {
        size_t n = l->rest ? strlen(l->rest) : 0;
        int r;

        if (n < 2 || l->rest[0] != '"' || l->rest[n - 1] != '"')
                return line_bad(l, "no value in double quotes at the end of the line");
        r = unescape_new(l->rest + 1, n - 2, ret, ret_size);
        if (r == -EBADMSG)
                return line_bad(l, "bad escape, or a bare quote, within the value");
        if (r < 0)
                return r;
        l->rest = NULL;
        return 0;
}

int line_quoted_text(struct snapshot_line *l, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r = line_quoted(l, &text, &size);

        if (r < 0)
                return r;
        if (memchr(text, 0, size))
                return line_bad(l, "the value has a NUL in it");
        *ret = TAKE(text);
        return 0;
}

int line_end(struct snapshot_line *l) {
        return l->rest ? line_bad(l, "more words than this line has") : 0;
}

const char *line_value(struct snapshot_line *l, const char *key) {
        const char *word = line_word(l);
        size_t n = strlen(key);

        return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

int pair_parse(const char *text, char between, uint32_t max, uint32_t *ret_a, uint32_t *ret_b) {
        const char *middle = strchr(text, between);
        _cleanup_(freep) char *first = NULL;
        uint64_t a, b;

        if (!middle)
                return -EBADMSG;
        first = strndup(text, (size_t)(middle - text));
        if (!first)
                return -ENOMEM;
        if (number_parse(first, 10, max, &a) < 0 || number_parse(middle + 1, 10, max, &b) < 0)
                return -EBADMSG;
        *ret_a = (uint32_t)a;
        *ret_b = (uint32_t)b;
        return 0;
}
