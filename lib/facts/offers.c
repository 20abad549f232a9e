/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A relid has one offer at a time: the next one, or its rescind, ends what was known of it. */
#include "lib/facts/offers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/facts/trace-line.h"

void offers_done(struct offers *o) {
        free(o->all);
        *o = (struct offers){};
}

/* Linear: at most 2,048 relids exist at a time. */
static struct offer *find(const struct offers *o, uint32_t relid) {
        for (size_t i = 0; i < o->n; i++)
                if (o->all[i].relid == relid)
                        return &o->all[i];
        return NULL;
}

static void drop(struct offers *o, uint32_t relid) {
        struct offer *known = find(o, relid);

        if (known)
                *known = o->all[--o->n];
}

static int add(struct offers *o, const struct trace_line *line) {
        struct offer *bigger;

        drop(o, line->relid);
        if (!line->has_instance || line->usec == 0)
                return 0;
        bigger = reallocarray(o->all, o->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        o->all = bigger;
        o->all[o->n++] = (struct offer){
                .relid = line->relid,
                .instance = line->instance,
                .usec = line->usec,
        };
        return 0;
}

static int take_line(struct offers *o, const struct trace_line *line) {
        switch (line->kind) {
        case TRACE_LINE_OFFER:
                return add(o, line);
        case TRACE_LINE_RESCIND:
                drop(o, line->relid);
                return 0;
        case TRACE_LINE_LOST:
                offers_done(o);
                return 0;
        case TRACE_LINE_OTHER:
        case TRACE_LINE_CHANNEL:
        case TRACE_LINE_ROUND:
                return 0;
        }
        return -EINVAL;
}

int offers_take(struct offers *o, const char *text, size_t n, struct diag *d) {
        while (n > 0) {
                const char *end = memchr(text, '\n', n);
                size_t size = end ? (size_t)(end - text) : n;
                struct trace_line line = {};
                int r = trace_line_parse(text, size, &line);

                if (r == 0)
                        r = take_line(o, &line);
                if (r < 0) {
                        offers_done(o);
                        return diag_fail(d, r, "trace of offers: a line is not as this event is known");
                }
                size += end ? 1 : 0;
                text += size;
                n -= size;
        }
        return 0;
}

uint64_t offers_find(const struct offers *o, uint32_t relid, const struct guid *instance) {
        const struct offer *known = find(o, relid);

        return known && guid_equal(&known->instance, instance) ? known->usec : 0;
}
