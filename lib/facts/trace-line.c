/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text that trace_default_print (kernel/trace/trace_output.c) gives:
 *
 *              cvmd-123     [000] .....    12.345678: chan: (subchannel_id_show+0x4/0x30) relid=100
 * flags=0x2 ...
 *
 * Any process chooses its name, blanks, brackets and colons included. It is 15 characters at most: too short
 * to hold both the columns in front of an event and the name of one of ours, so the first thing in a line
 * that looks like those columns is either the truth or leads to an event that is none of ours.
 */
#include "lib/facts/trace-line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/number.h"

/* A stretch of a line. */
struct span {
        const char *at;
        size_t n;
};

static bool digit(char c) {
        return c >= '0' && c <= '9';
}

/* Cuts what the span starts with, if it does. */
static bool skip(struct span *s, const char *prefix) {
        size_t n = strlen(prefix);

        if (s->n < n || memcmp(s->at, prefix, n) != 0)
                return false;
        s->at += n;
        s->n -= n;
        return true;
}

/* Cuts the characters up to the first one of stop, and that one; all of them when there is none. */
static struct span cut(struct span *s, char stop) {
        struct span head = { .at = s->at };

        while (s->n > 0) {
                char c = *s->at++;

                s->n--;
                if (c == stop)
                        break;
                head.n++;
        }
        return head;
}

static bool span_is(struct span s, const char *word) {
        return s.n == strlen(word) && (s.n == 0 || memcmp(s.at, word, s.n) == 0);
}

static size_t skip_digits(struct span *s) {
        size_t n = 0;

        for (; s->n > 0 && digit(*s->at); n++) {
                s->at++;
                s->n--;
        }
        return n;
}

static void skip_blanks(struct span *s) {
        while (s->n > 0 && *s->at == ' ') {
                s->at++;
                s->n--;
        }
}

/* Decimal, or hexadecimal after "0x". */
static int span_number(struct span s, uint64_t max, uint64_t *ret) {
        char text[24];

        if (s.n == 0 || s.n >= sizeof(text))
                return -EBADMSG;
        memcpy(text, s.at, s.n);
        text[s.n] = 0;
        return number_parse(text, s.n > 2 && text[0] == '0' && text[1] == 'x' ? 16 : 10, max, ret) < 0
                ? -EBADMSG
                : 0;
}

/* Microseconds of "12.345678"; 0 for what is not such a time. */
static uint64_t time_of(struct span seconds, struct span fraction) {
        uint64_t s, usec;

        if (fraction.n != 6 || span_number(seconds, UINT32_MAX, &s) < 0 ||
                span_number(fraction, 999999, &usec) < 0)
                return 0;
        return s * 1000000 + usec;
}

/* "[000] .....    12.345678: ": processor, flags, time stamp; then the event. */
static bool skip_columns(struct span *s, uint64_t *ret_usec) {
        struct span rest = *s, seconds, fraction;

        if (!skip(&rest, "[") || skip_digits(&rest) == 0 || !skip(&rest, "] "))
                return false;
        (void)cut(&rest, ' ');
        skip_blanks(&rest);
        seconds = fraction = rest;
        seconds.n = skip_digits(&rest);
        if (seconds.n == 0 || !skip(&rest, "."))
                return false;
        fraction.at = rest.at;
        fraction.n = skip_digits(&rest);
        if (fraction.n == 0 || !skip(&rest, ": "))
                return false;
        *ret_usec = time_of(seconds, fraction);
        *s = rest;
        return true;
}

/* The kernel's bool: neither 0 nor 1 is not a bool. */
static int span_bool(struct span s, enum tristate *ret) {
        uint64_t v;

        if (span_number(s, 1, &v) < 0)
                return -EBADMSG;
        *ret = v ? TRISTATE_YES : TRISTATE_NO;
        return 0;
}

enum field {
        FIELD_RELID = 1 << 0,
        FIELD_FLAGS = 1 << 1,
        FIELD_RING = 1 << 2,
        FIELD_DMA = 1 << 3,
        FIELD_VERSION = 1 << 4,
        FIELD_CONNECTION = 1 << 5,
        FIELD_INSTANCE = 1 << 6, /* older kernels may do without */
};

/* Stores one "key=value" of our event and returns its bit, once each. */
static int channel_field(struct span key, struct span value, struct trace_line *line) {
        uint64_t v;

        if (span_is(key, "relid") && span_number(value, UINT32_MAX, &v) == 0) {
                line->relid = (uint32_t)v;
                return FIELD_RELID;
        }
        if (span_is(key, "flags") && span_number(value, UINT16_MAX, &v) == 0) {
                line->flags = (uint16_t)v;
                return FIELD_FLAGS;
        }
        if (span_is(key, "ver") && span_number(value, UINT32_MAX, &v) == 0) {
                line->version = (uint32_t)v;
                return FIELD_VERSION;
        }
        if (span_is(key, "ring") && span_bool(value, &line->ring) == 0)
                return FIELD_RING;
        if (span_is(key, "ext") && span_bool(value, &line->dma) == 0)
                return FIELD_DMA;
        if (span_is(key, "conf") && span_bool(value, &line->connection_confidential) == 0)
                return FIELD_CONNECTION;
        return -EBADMSG;
}

/* "(subchannel_id_show+0x4/0x30) relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1" */
static int parse_channel(struct span s, struct trace_line *ret) {
        struct trace_line line = { .kind = TRACE_LINE_CHANNEL };
        int seen = 0;

        if (!skip(&s, "(subchannel_id_show") || !memchr(s.at, ')', s.n))
                return -EBADMSG;
        (void)cut(&s, ')');
        while (skip_blanks(&s), s.n > 0) {
                struct span value = cut(&s, ' '), key = cut(&value, '=');
                int field = channel_field(key, value, &line);

                if (field < 0 || seen & field)
                        return -EBADMSG;
                seen |= field;
        }
        if (!(seen & FIELD_RELID) || !(seen & FIELD_FLAGS) || !(seen & FIELD_RING) != !(seen & FIELD_DMA))
                return -EBADMSG;
        *ret = line;
        return 0;
}

static bool span_guid(struct span s, struct guid *ret) {
        char text[GUID_TEXT_SIZE];

        if (s.n != sizeof(text) - 1)
                return false;
        memcpy(text, s.at, s.n);
        text[s.n] = 0;
        return guid_parse(text, ret) == 0;
}

/* "child_relid 0x64, monitorid 0x0, ..., chn_flags 0x2, ..." (drivers/hv/hv_trace.h) */
static int parse_offer(struct span s, enum trace_line_kind kind, struct trace_line *ret) {
        struct trace_line line = { .kind = kind };
        int seen = 0, wanted = kind == TRACE_LINE_OFFER ? FIELD_RELID | FIELD_FLAGS : FIELD_RELID;

        while (skip_blanks(&s), s.n > 0) {
                struct span value = cut(&s, ','), key = cut(&value, ' ');
                int field = 0;
                uint64_t v;

                if (span_is(key, "child_relid") && span_number(value, UINT32_MAX, &v) == 0) {
                        line.relid = (uint32_t)v;
                        field = FIELD_RELID;
                } else if (span_is(key, "chn_flags") && span_number(value, UINT16_MAX, &v) == 0) {
                        line.flags = (uint16_t)v;
                        field = FIELD_FLAGS;
                } else if (span_is(key, "if_instance") && span_guid(value, &line.instance)) {
                        line.has_instance = true;
                        field = FIELD_INSTANCE;
                }
                if (seen & field)
                        return -EBADMSG;
                seen |= field;
        }
        if ((seen & ~FIELD_INSTANCE) != wanted)
                return -EBADMSG;
        *ret = line;
        return 0;
}

/* "CPU:1 [LOST 12 EVENTS]", "CPU:1 [LOST EVENTS]" */
static bool is_lost(struct span s) {
        return skip(&s, "CPU:") && skip_digits(&s) > 0 && skip(&s, " [LOST ");
}

/* "# entries-in-buffer/entries-written: 3/10   #P:1": what was written and is not there was overwritten. */
static bool is_overwritten(struct span s) {
        struct span held, written;

        if (!skip(&s, "# entries-in-buffer/entries-written: "))
                return false;
        held = cut(&s, '/');
        written = cut(&s, ' ');
        return held.n != written.n || memcmp(held.at, written.at, held.n) != 0;
}

/* Anybody may write marks of their own, which are none of ours. */
static bool is_round(struct span s, struct trace_line *ret) {
        uint64_t number;

        if (!skip(&s, "tracing_mark_write: " TRACE_ROUND) || span_number(s, UINT64_MAX, &number) < 0)
                return false;
        *ret = (struct trace_line){ .kind = TRACE_LINE_ROUND, .round = number };
        return true;
}

/* Which event it is, and all of it but its time. */
static int parse_event(struct span s, struct trace_line *ret) {
        if (skip(&s, TRACE_EVENT_NAME ": "))
                return parse_channel(s, ret);
        if (skip(&s, "vmbus_onoffer: "))
                return parse_offer(s, TRACE_LINE_OFFER, ret);
        if (skip(&s, "vmbus_onoffer_rescind: "))
                return parse_offer(s, TRACE_LINE_RESCIND, ret);
        if (!is_round(s, ret))
                *ret = (struct trace_line){ .kind = TRACE_LINE_OTHER };
        return 0;
}

int trace_line_parse(const char *line, size_t n, struct trace_line *ret) {
        struct trace_line found = { .kind = TRACE_LINE_OTHER };
        struct span s = { line, n };
        uint64_t usec = 0;

        if (is_lost(s) || is_overwritten(s)) {
                *ret = (struct trace_line){ .kind = TRACE_LINE_LOST };
                return 0;
        }
        for (; s.n > 0; s.at++, s.n--) {
                if (!skip_columns(&s, &usec))
                        continue;
                if (parse_event(s, &found) < 0)
                        return -EBADMSG;
                break;
        }
        *ret = found;
        ret->usec = usec;
        return 0;
}
