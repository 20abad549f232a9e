/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the lines of a trace and the snapshot: each relid once, and never one that contradicts itself. */
#include "lib/facts/channel-trace.h"

#include <errno.h>
#include <string.h>

#include "lib/facts/trace-line.h"

/* One relid while lines are still coming. */
struct sighting {
        struct snapshot_channel channel;
        bool contradicted;
};

struct sightings {
        struct sighting *all;
        size_t n;
        struct snapshot_connection connection;
        bool connection_seen;
};

void channel_trace_done(struct channel_trace *t) {
        free(t->channels);
        *t = (struct channel_trace){};
}

static void sightings_done(struct sightings *s) {
        free(s->all);
}

/* Linear: at most 2,048 relids exist at a time. */
static struct sighting *find(const struct sightings *s, uint32_t relid) {
        for (size_t i = 0; i < s->n; i++)
                if (s->all[i].channel.relid == relid)
                        return &s->all[i];
        return NULL;
}

static bool same_answer(const struct snapshot_channel *a, const struct snapshot_channel *b) {
        return a->flags == b->flags && a->ring == b->ring && a->dma == b->dma;
}

static int add(struct sightings *s, const struct trace_line *line, enum fact_source source) {
        struct snapshot_channel c = { .relid = line->relid,
                .flags = line->flags,
                .ring = line->ring,
                .dma = line->dma,
                .source = source };
        struct sighting *known = find(s, line->relid), *bigger;

        if (known) {
                known->contradicted |= !same_answer(&known->channel, &c);
                return 0;
        }
        /* grows by doubling: the capacity is the next power of two */
        if ((s->n & (s->n - 1)) == 0) {
                bigger = reallocarray(s->all, s->n ? s->n * 2 : 1, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                s->all = bigger;
        }
        s->all[s->n++] = (struct sighting){ .channel = c };
        return 0;
}

/* The host may give the relid to another channel now. */
static void drop(struct sightings *s, uint32_t relid) {
        struct sighting *known = find(s, relid);

        if (known)
                *known = s->all[--s->n];
}

/* Every line carries the same connection; one that does not leaves it unknown. */
static void see_connection(struct sightings *s, const struct trace_line *line) {
        if (!s->connection_seen) {
                s->connection.version = line->version;
                s->connection.confidential = line->connection_confidential;
                s->connection_seen = true;
        }
        if (s->connection.version != line->version)
                s->connection.version = 0;
        if (s->connection.confidential != line->connection_confidential)
                s->connection.confidential = TRISTATE_UNKNOWN;
}

static int take_line(struct sightings *s, const struct trace_line *line, enum fact_source source) {
        switch (line->kind) {
        case TRACE_LINE_OTHER:
        case TRACE_LINE_ROUND:
                return 0;
        case TRACE_LINE_LOST:
                return -EOVERFLOW;
        case TRACE_LINE_CHANNEL:
                if (source != FACT_SOURCE_KERNEL_PROBE)
                        return 0;
                see_connection(s, line);
                return add(s, line, source);
        case TRACE_LINE_OFFER:
                return source == FACT_SOURCE_BOOT_TRACE ? add(s, line, source) : 0;
        case TRACE_LINE_RESCIND:
                if (source == FACT_SOURCE_BOOT_TRACE)
                        drop(s, line->relid);
                return 0;
        }
        return -EINVAL;
}

/* The sightings that did not contradict themselves. */
static int settle(const struct sightings *s, struct channel_trace *ret) {
        struct channel_trace t = { .connection = s->connection };

        t.channels = calloc(s->n ? s->n : 1, sizeof(*t.channels));
        if (!t.channels)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++)
                if (s->all[i].contradicted)
                        t.n_contradicted++;
                else
                        t.channels[t.n++] = s->all[i].channel;
        *ret = t;
        return 0;
}

int channel_trace_parse(const char *text, size_t n, enum fact_source source, struct channel_trace *ret,
        struct diag *d) {
        _cleanup_(sightings_done) struct sightings s = {};
        size_t number = 0;

        while (n > 0) {
                const char *end = memchr(text, '\n', n);
                size_t size = end ? (size_t)(end - text) : n;
                struct trace_line line = {};
                int r;

                number++;
                r = trace_line_parse(text, size, &line);
                if (r == 0)
                        r = take_line(&s, &line, source);
                if (r == -EOVERFLOW)
                        return diag_fail(d, r, "trace line %zu: events were lost", number);
                if (r < 0)
                        return diag_fail(d, r, "trace line %zu: not as this event is known", number);
                size += end ? 1 : 0;
                text += size;
                n -= size;
        }
        return settle(&s, ret);
}
