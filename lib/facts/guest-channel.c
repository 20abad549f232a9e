/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a probe saw of a channel to what may be believed of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/guest-private.h"

/* chn_flags of an offer, include/linux/hyperv.h */
#define FLAG_CONFIDENTIAL_RING 0x2
#define FLAG_CONFIDENTIAL_DMA 0x4
#define FLAG_HVSOCK 0x2000

struct gather {
        struct guest *guest;
        const struct snapshot *snapshot;
        const struct guest_connection *connection;
        struct device *device;
        struct snapshot_folder folder; /* .../channels */
};

static const struct snapshot_channel *find_probed(const struct snapshot *s, uint32_t relid) {
        size_t low = 0, high = s->n_channels;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->channels[middle].relid == relid)
                        return &s->channels[middle];
                if (s->channels[middle].relid < relid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/*
 * What the channel's own member says, or where only the offer is known, its flag. Both known and different:
 * after hibernation the offer is refreshed and the member is not, and neither can be believed.
 */
static enum confidentiality eval_bit(const struct snapshot_channel *p, enum tristate member, unsigned flag,
        bool flags_count, bool *flags_differ) {
        enum tristate offered = p->flags < 0 ? TRISTATE_UNKNOWN
                : p->flags & flag            ? TRISTATE_YES
                                             : TRISTATE_NO;

        if (member != TRISTATE_UNKNOWN && offered != TRISTATE_UNKNOWN && member != offered) {
                *flags_differ = true;
                return CONFIDENTIALITY_PLAIN;
        }
        switch (member != TRISTATE_UNKNOWN ? member : offered) {
        case TRISTATE_YES:
                return flags_count ? CONFIDENTIALITY_CONFIDENTIAL : CONFIDENTIALITY_UNKNOWN;
        case TRISTATE_NO:
                return CONFIDENTIALITY_PLAIN;
        case TRISTATE_UNKNOWN:
        case _TRISTATE_MAX:
                break;
        }
        return CONFIDENTIALITY_UNKNOWN;
}

static int eval_confidentiality(const struct gather *in, struct channel *c) {
        const struct snapshot_channel *p = find_probed(in->snapshot, c->relid);

        if (in->connection->proof) {
                c->ring = c->dma = CONFIDENTIALITY_PLAIN;
                c->source = FACT_SOURCE_CONNECTION;
                /* what the driver made of the offer; the bits of an offer once meant something else */
                if (p && (p->ring == TRISTATE_YES || p->dma == TRISTATE_YES))
                        return guest_warn(in->guest,
                                "channel %u of %s: the driver says that it is confidential, but %s; counted "
                                "as plain",
                                c->relid, in->device->instance_text, in->connection->proof);
                return 0;
        }
        if (!p)
                return 0;
        c->source = p->source;
        c->ring =
                eval_bit(p, p->ring, FLAG_CONFIDENTIAL_RING, in->connection->flags_count, &c->flags_differ);
        c->dma = eval_bit(p, p->dma, FLAG_CONFIDENTIAL_DMA, in->connection->flags_count, &c->flags_differ);
        if (c->flags_differ)
                c->ring = c->dma = CONFIDENTIALITY_PLAIN;
        c->dma = confidentiality_weakest(c->ring, c->dma); /* the kernel refuses the one without the other */
        return 0;
}

/* The state of the ring, which is known only where it was read. */
static enum ring_state eval_ring_state(const struct snapshot_folder *channel) {
        const struct snapshot_entry *e = snapshot_find_in(channel, "out_mask");

        if (e && e->kind == SNAPSHOT_FILE)
                return RING_OPEN;
        return e && e->kind == SNAPSHOT_ERROR && e->error == EINVAL ? RING_CLOSED : RING_UNKNOWN;
}

static int eval_sub(const struct gather *in, const char *name, const struct snapshot_folder *channel,
        struct channel *c) {
        _cleanup_(freep) char *text = NULL;
        const char *found;
        size_t n;

        found = snapshot_entry_text(snapshot_find_in(channel, "subchannel_id"), &n);
        text = found ? strndup(found, n) : NULL;
        if (found && !text)
                return -ENOMEM;
        if (text && number_parse_u32(text, 10, &c->sub) == 0)
                return 0;
        return device_problem(in->device, "subchannel_id of channel %s: %s", name,
                text ? "not a number" : "could not be read");
}

static int add_channel(struct device *d, const struct channel *c) {
        struct channel *bigger = reallocarray(d->channels, d->n_channels + 1, sizeof(*bigger));

        if (!bigger)
                return -ENOMEM;
        d->channels = bigger;
        d->channels[d->n_channels++] = *c;
        return 0;
}

/* Called back for each folder below channels/. */
static int gather_channel(const char *name, const struct snapshot_entry *e, void *data) {
        const struct gather *in = data;
        struct snapshot_folder channel;
        struct channel c = {};
        int r;

        if (number_parse_u32(name, 10, &c.relid) < 0) {
                r = device_problem(in->device, "a channel named \"%s\": not a relid", name);
                return r < 0 ? r : add_channel(in->device, &c);
        }
        channel = snapshot_enter(&in->folder, name);
        c.ring_state = eval_ring_state(&channel);
        r = eval_sub(in, name, &channel, &c);
        if (r == 0)
                r = eval_confidentiality(in, &c);
        return r < 0 ? r : add_channel(in->device, &c);
}

static int compare_channels(const void *a, const void *b) {
        uint32_t x = ((const struct channel *)a)->relid, y = ((const struct channel *)b)->relid;

        return (x > y) - (x < y);
}

/* The device is as weak as its weakest channel, and that one says where it is known from. */
static void weigh(struct device *d) {
        const struct channel *weakest = &d->channels[0];

        d->ring = weakest->ring;
        d->dma = weakest->dma;
        for (size_t i = 1; i < d->n_channels; i++) {
                const struct channel *c = &d->channels[i];

                if (c->ring != d->ring && confidentiality_weakest(c->ring, d->ring) == c->ring) {
                        weakest = c;
                        d->ring = c->ring;
                }
                d->dma = confidentiality_weakest(c->dma, d->dma);
        }
        d->source = weakest->source;
}

/* An offer of its own for each channel: the primary one has the relid of the device. */
static int check_primary(struct device *d) {
        for (size_t i = 0; i < d->n_channels; i++)
                if (d->channels[i].relid == d->relid)
                        return 0;
        d->ring = confidentiality_weakest(d->ring, CONFIDENTIALITY_UNKNOWN);
        d->dma = confidentiality_weakest(d->dma, CONFIDENTIALITY_UNKNOWN);
        return device_problem(d, "its primary channel %u is not among its channels", d->relid);
}

int guest_eval_channels(struct guest *g, const struct snapshot *s, const struct snapshot_folder *f,
        const struct guest_connection *c, struct device *d) {
        struct gather in = {
                .guest = g,
                .snapshot = s,
                .connection = c,
                .device = d,
                .folder = snapshot_enter(f, "channels"),
        };
        const struct snapshot_channel *primary;
        int r = snapshot_each_in(&in.folder, gather_channel, &in);

        if (r < 0)
                return r;
        if (d->n_channels == 0) {
                /* not probed yet, or not there yet; what is proved for every channel holds for this one */
                if (c->proof) {
                        d->ring = d->dma = CONFIDENTIALITY_PLAIN;
                        d->source = FACT_SOURCE_CONNECTION;
                }
                return 0;
        }
        qsort(d->channels, d->n_channels, sizeof(*d->channels), compare_channels);
        weigh(d);
        primary = find_probed(s, d->relid);
        d->hvsock = primary && primary->flags >= 0 && (primary->flags & FLAG_HVSOCK);
        return d->relid > 0 ? check_primary(d) : 0;
}
