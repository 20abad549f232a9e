/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The syntax of Documentation/trace/fprobetrace.rst and kprobetrace.rst. The function is
 * subchannel_id_show(struct vmbus_channel *channel, char *buf) of drivers/hv/vmbus_drv.c.
 */
#include "lib/facts/channel-event.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define FUNCTION "subchannel_id_show"

/* Text that grows in a buffer of CHANNEL_EVENT_MAX; full for good once something did not fit. */
struct body {
        char *text;
        size_t n;
};

static void add(struct body *b, const char *format, ...) _printf_(2, 3);

static void add(struct body *b, const char *format, ...) {
        size_t left = b->n < CHANNEL_EVENT_MAX ? CHANNEL_EVENT_MAX - b->n : 0;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(left ? b->text + b->n : NULL, left, format, ap);
        va_end(ap);
        b->n += n > 0 ? (size_t)n : 0;
}

/* " name=+12($arg1):u8": a field of the first argument, read as type, or as the bit-field that it is. */
static void add_offset(struct body *b, const char *name, const struct btf_field *f, const char *type) {
        add(b, " %s=+%u($arg1):", name, f->bit_offset / 8);
        if (f->bits)
                add(b, "b%u@%u/8", f->bits, f->bit_offset % 8);
        else
                add(b, "%s", type);
}

static void add_by_name(struct body *b, bool members) {
        add(b, " relid=channel->offermsg.child_relid:u32 flags=channel->offermsg.offer.chn_flags:x16");
        if (members)
                add(b, " ring=channel->co_ring_buffer:u8 ext=channel->co_external_memory:u8");
}

static void add_by_offset(struct body *b, bool members, const struct channel_layout *layout) {
        add_offset(b, "relid", &layout->relid, "u32");
        add_offset(b, "flags", &layout->flags, "x16");
        if (!members)
                return;
        add_offset(b, "ring", &layout->ring, "u8");
        add_offset(b, "ext", &layout->dma, "u8");
}

static void add_connection(struct body *b, enum channel_event_connection connection) {
        switch (connection) {
        case CHANNEL_EVENT_VERSION_AND_CONFIDENTIAL:
                add(b, " ver=@vmbus_proto_version:x32 conf=@is_confidential:u8");
                return;
        case CHANNEL_EVENT_VERSION:
                add(b, " ver=@vmbus_proto_version:x32");
                return;
        case CHANNEL_EVENT_CHANNEL_ALONE:
        case _CHANNEL_EVENT_CONNECTION_MAX:
                return;
        }
}

int channel_event_define(const struct channel_event *e, const struct channel_layout *layout, char *ret_kind,
        char ret_body[CHANNEL_EVENT_MAX]) {
        char text[CHANNEL_EVENT_MAX];
        struct body b = { .text = text };
        char kind = 'p';

        add(&b, FUNCTION);
        switch (e->method) {
        case PROBE_FPROBE:
                kind = 'f';
                add_by_name(&b, e->members);
                break;
        case PROBE_KPROBE:
                add_by_name(&b, e->members);
                break;
        case PROBE_KPROBE_OFFSETS:
                add_by_offset(&b, e->members, layout);
                break;
        case PROBE_AUTO:
        case PROBE_BOOT_TRACE:
        case PROBE_NONE:
        case _PROBE_METHOD_MAX:
                return -EOPNOTSUPP;
        }
        add_connection(&b, e->connection);
        if (b.n >= sizeof(text))
                return -ENOBUFS;
        memcpy(ret_body, text, b.n + 1);
        *ret_kind = kind;
        return 0;
}
