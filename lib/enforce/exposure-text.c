/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An exposure as the line that the state folder keeps: numbers in a fixed order, between two fixed words. */
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/number.h"
#include "lib/enforce/exposure.h"

#define FIRST_WORD "exposure-1"
#define LAST_WORD "end"

enum {
        FLAG_BOUND = 1 << 0,
        FLAG_JUDGED = 1 << 1,
        FLAG_VIOLATES = 1 << 2,
        FLAG_DARK = 1 << 3,
        FLAG_UNKNOWN = 1 << 4
};

/* The rest of the numbers, in their order: all of them times or sums of times. */
#define N_FIELDS 9

static void fields_of(struct exposure *e, uint64_t *ret[N_FIELDS]) {
        uint64_t *const fields[N_FIELDS] = {
                &e->bound_since,
                &e->bound_after,
                &e->violates_since,
                &e->violates_after,
                &e->unbound_at,
                &e->clear_at,
                &e->until,
                &e->least,
                &e->most,
        };

        memcpy(ret, fields, sizeof(fields));
}

int exposure_format(const struct exposure *e, uint64_t until, char **ret) {
        struct exposure copy = *e;
        uint64_t *fields[N_FIELDS];
        char *text;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        unsigned flags = (e->bound ? FLAG_BOUND : 0) | (e->judged ? FLAG_JUDGED : 0) |
                (e->violates ? FLAG_VIOLATES : 0) | (e->dark ? FLAG_DARK : 0) |
                (e->most_unknown ? FLAG_UNKNOWN : 0);

        if (!f)
                return -ENOMEM;
        if (exposure_is_ongoing(e) && until > copy.until)
                copy.until = until;
        if (copy.bound_since == UINT64_MAX) /* taken up, and nobody has looked since */
                copy.bound_since = copy.until;
        fields_of(&copy, fields);
        fprintf(f, FIRST_WORD " %u %llu", e->relid, (unsigned long long)e->inode);
        for (size_t i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                fprintf(f, " %llu %u", (unsigned long long)e->times[i].usec, e->times[i].source);
        fprintf(f, " %u %u %u", flags, e->decision, e->facts);
        for (size_t i = 0; i < N_FIELDS; i++)
                fprintf(f, " %llu", (unsigned long long)*fields[i]);
        fputs(" " LAST_WORD, f);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

/* Words of a line, one after the other; bad sticks. */
struct words {
        char *rest;
        bool bad;
};

static bool next_is(struct words *w, const char *wanted) {
        const char *word = strsep(&w->rest, " ");

        w->bad = w->bad || !word || strcmp(word, wanted) != 0;
        return !w->bad;
}

static uint64_t next_number(struct words *w, uint64_t max) {
        const char *word = strsep(&w->rest, " ");
        uint64_t v = 0;

        w->bad = w->bad || !word || number_parse(word, 10, max, &v) < 0;
        return w->bad ? 0 : v;
}

static struct stamp next_stamp(struct words *w, uint64_t now) {
        struct stamp s = { .usec = next_number(w, now) };

        s.source = (enum stamp_source)next_number(w, _STAMP_SOURCE_MAX - 1);
        w->bad = w->bad || (s.usec == 0) != (s.source == STAMP_UNKNOWN || s.source == STAMP_BEFORE_SEEN);
        return s;
}

/* What went on then may have been interrupted since: only as much of it is sure as was put down. */
static void take_up(struct exposure *e) {
        if (!exposure_is_ongoing(e))
                return;
        if (e->until > e->bound_since && e->until > e->violates_since)
                e->least +=
                        e->until - (e->bound_since > e->violates_since ? e->bound_since : e->violates_since);
        e->bound_since = UINT64_MAX; /* until the next look says that it still is bound */
}

int exposure_parse(const char *line, uint64_t now, struct exposure *ret, struct diag *d) {
        _cleanup_(freep) char *copy = strdup(line);
        struct words w = { .rest = copy };
        uint64_t *fields[N_FIELDS];
        struct exposure e = {};
        unsigned flags;

        if (!copy)
                return diag_errno(d, -ENOMEM, "exposure");
        (void)next_is(&w, FIRST_WORD);
        e.relid = (uint32_t)next_number(&w, UINT32_MAX);
        e.inode = next_number(&w, UINT64_MAX);
        for (size_t i = 0; i < _EXPOSURE_MOMENT_MAX; i++)
                e.times[i] = next_stamp(&w, now);
        flags = (unsigned)next_number(&w, 2 * FLAG_UNKNOWN - 1);
        e.bound = flags & FLAG_BOUND;
        e.judged = flags & FLAG_JUDGED;
        e.violates = flags & FLAG_VIOLATES;
        e.dark = flags & FLAG_DARK;
        e.most_unknown = flags & FLAG_UNKNOWN;
        e.decision = (uint32_t)next_number(&w, UINT32_MAX);
        e.facts = (uint32_t)next_number(&w, UINT32_MAX);
        fields_of(&e, fields);
        for (size_t i = 0; i < N_FIELDS; i++)
                *fields[i] = next_number(&w, now);
        if (!next_is(&w, LAST_WORD) || w.rest)
                return diag_fail(d, -EBADMSG, "not an exposure as cvmd writes it");
        take_up(&e);
        *ret = e;
        return 0;
}
