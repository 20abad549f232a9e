/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One line of a tracefs `trace` or `trace_pipe` file: our own event, the marks between our rounds, the
 * offers traced since boot, and signs of lost events.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/guid.h"
#include "lib/facts/fact.h"

/* The name of our event, within a group of the probe's own. */
#define TRACE_EVENT_NAME "chan"

/* What is written to trace_marker, a number behind it. */
#define TRACE_ROUND "cvmd-round "

enum trace_line_kind {
        TRACE_LINE_OTHER,   /* a comment, or an event of somebody else */
        TRACE_LINE_CHANNEL, /* our event: a channel as the kernel holds it */
        TRACE_LINE_OFFER,   /* hyperv:vmbus_onoffer */
        TRACE_LINE_RESCIND, /* hyperv:vmbus_onoffer_rescind */
        TRACE_LINE_ROUND,   /* our mark: what follows is of the round of that number */
        TRACE_LINE_LOST,    /* events are missing here */
};

struct trace_line {
        enum trace_line_kind kind;
        uint32_t relid;                        /* CHANNEL, OFFER, RESCIND */
        uint16_t flags;                        /* chn_flags; CHANNEL, OFFER */
        enum tristate ring, dma;               /* CHANNEL; unknown when the event does not carry them */
        uint32_t version;                      /* CHANNEL; 0 when the event does not carry it */
        enum tristate connection_confidential; /* CHANNEL */
        uint64_t round;                        /* ROUND */
        uint64_t usec;        /* by the clock of the trace, in microseconds; 0 when it counts otherwise */
        struct guid instance; /* OFFER, if has_instance */
        bool has_instance;
};

/*
 * line is n characters without its newline. What others write is OTHER; a line of an event of ours that is
 * not as we know it is -EBADMSG.
 */
int trace_line_parse(const char *line, size_t n, struct trace_line *ret);
