/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One measure of nearness for misspelt verbs, options, keys, classes and enum words. */
#include "lib/base/suggest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 64 /* nothing that is asked for by name is longer */

static size_t min(size_t a, size_t b) {
        return a < b ? a : b;
}

/* The optimal string alignment distance of two words of at most WORD_MAX bytes, by rows of a table. */
static size_t distance_between(const char *a, size_t n_a, const char *b, size_t n_b) {
        size_t rows[3][WORD_MAX + 1];
        size_t *before = rows[0], *last = rows[1], *row = rows[2];

        for (size_t j = 0; j <= n_b; j++)
                last[j] = before[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *oldest = before;

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        row[j] = min(last[j], row[j - 1]) + 1;
                        row[j] = min(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = min(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = oldest;
        }
        return last[n_b];
}

void suggest_consider(struct suggestion *s, const char *word, const char *candidate) {
        size_t n_word = strlen(word), n_candidate = strlen(candidate), distance;

        if (n_word == 0 || n_word > WORD_MAX || n_candidate > WORD_MAX)
                return;
        distance = distance_between(word, n_word, candidate, n_candidate);
        if (distance > 1 && distance > min(n_word, n_candidate) / 3) /* another word, not a slip */
                return;
        if (distance >= min(n_word, n_candidate))
                return;
        if (s->nearest && s->distance <= distance)
                return;
        *s = (struct suggestion){ .nearest = candidate, .distance = distance };
}
