/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Learning from the kernel whether a channel is confidential. No file says so; but reading a channel's
 * subchannel_id attribute calls subchannel_id_show(channel, buf), and a dynamic trace event on that function
 * logs the flags of the channel. So: begin, read subchannel_id of every channel of interest, end.
 *
 * Armed once for the life of a process: arming is slow. A private trace instance, only the events of the
 * process that begins. Both are removed by channel_probe_free(); what a killed process left is removed by
 * the next one of the same name.
 */
#include <stddef.h>

#include "lib/base/sysroot.h"
#include "lib/facts/snapshot.h"

enum probe_method {
        PROBE_AUTO,
        PROBE_FPROBE,         /* fprobe event, arguments by BTF */
        PROBE_KPROBE,         /* kprobe event, arguments by BTF */
        PROBE_KPROBE_OFFSETS, /* kprobe event, offsets read from BTF by us */
        PROBE_BOOT_TRACE,     /* vmbus_onoffer, traced since boot */
        PROBE_NONE,           /* nothing: only what the connection proves */
        _PROBE_METHOD_MAX,
};

/* auto fprobe kprobe kprobe-offsets boot-trace none */
const char *probe_method_to_string(enum probe_method m);
int probe_method_from_string(const char *word); /* -EBADMSG */

struct channel_probe;

/*
 * Arms the best method, or exactly the one asked for. name, [a-z0-9_], is the name of instance and event
 * group and must be this process's alone. Never fails for want of tracing: then the method is PROBE_NONE,
 * and channel_probe_note() says why. Fails for want of memory, and with -EOPNOTSUPP when a method that was
 * asked for cannot be had.
 */
int channel_probe_new(struct sysroot *root, const char *name, enum probe_method method,
        struct channel_probe **ret, struct diag *d);

/* Disarms; removes event and instance. Borrowed root must still live. */
void channel_probe_free(struct channel_probe *p);
DEFINE_FREEP(struct channel_probe, channel_probe_free)

enum probe_method channel_probe_method(const struct channel_probe *p);

/* Why not better: a sentence, "" when there is nothing to say. Borrowed, until the next call. */
const char *channel_probe_note(const struct channel_probe *p);

/*
 * Starts a round: marks the trace, and arms again if somebody removed the event. The method may have become
 * worse by then: the note says so.
 */
void channel_probe_begin(struct channel_probe *p);

/*
 * The same without looking whether the event is still armed: a channel that is read and then has no line
 * tells as much. False: there is no event that has proved itself, and a whole round is needed.
 */
bool channel_probe_begin_quickly(struct channel_probe *p);

/*
 * Ends the round: adds to s (not yet sealed) one channel for each relid that was seen, and the connection. A
 * relid that was seen with different answers in one round, or lost events, leave it out: unknown.
 */
int channel_probe_end(struct channel_probe *p, struct snapshot *s, struct diag *d);
