/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The definition of the event that logs a channel. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/diag.h"
#include "lib/facts/channel-layout.h"
#include "lib/facts/channel-probe.h"

#define CHANNEL_EVENT_MAX 512

/* What the event says of the connection; kernels differ in what they have. */
enum channel_event_connection {
        CHANNEL_EVENT_VERSION_AND_CONFIDENTIAL,
        CHANNEL_EVENT_VERSION,
        CHANNEL_EVENT_CHANNEL_ALONE,
        _CHANNEL_EVENT_CONNECTION_MAX,
};

struct channel_event {
        enum probe_method method; /* FPROBE, KPROBE, KPROBE_OFFSETS */
        bool members;             /* co_ring_buffer and co_external_memory, not only the offer's flags */
        enum channel_event_connection connection;
};

/* 'f' or 'p', and what follows the name. layout is read for KPROBE_OFFSETS alone. -EOPNOTSUPP for other
 * methods. */
int channel_event_define(const struct channel_event *e, const struct channel_layout *layout, char *ret_kind,
        char ret_body[CHANNEL_EVENT_MAX]);
