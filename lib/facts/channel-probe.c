/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chooses a method, keeps it alive, and turns a round's trace into channels. A kernel may accept an event
 * and never record it, so a method counts only once a channel that was read has shown up in the trace.
 */
#include "lib/facts/channel-probe.h"

#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/facts/boot-trace.h"
#include "lib/facts/channel-event.h"
#include "lib/facts/channel-layout.h"
#include "lib/facts/channel-trace.h"
#include "lib/facts/tracefs.h"

#define DEVICES "sys/bus/vmbus/devices"

static const char *const methods[] = {
        [PROBE_AUTO] = "auto",
        [PROBE_FPROBE] = "fprobe",
        [PROBE_KPROBE] = "kprobe",
        [PROBE_KPROBE_OFFSETS] = "kprobe-offsets",
        [PROBE_BOOT_TRACE] = "boot-trace",
        [PROBE_NONE] = "none",
};
_Static_assert(N_NAMES(methods) == _PROBE_METHOD_MAX, "every method has a name");

struct channel_probe {
        struct sysroot *root;
        char *name;
        enum probe_method asked, method;
        struct trace_instance *instance; /* while an event is armed */
        bool proved;                     /* a channel that was read has shown up */
        unsigned surroundings;           /* what was there when last we armed: see look_around() */
        char *boot_trace;                /* PROBE_BOOT_TRACE: the file */
        bool layout_tried, layout_known;
        struct channel_layout layout;
        enum tristate kernel_support;
        struct diag note;  /* of arming */
        struct diag round; /* of the last round */
};

/* In the order in which they are tried. Without members only where the kernel is known to have none. */
static const struct {
        enum probe_method method;
        bool members;
} attempts[] = {
        { PROBE_FPROBE, true },
        { PROBE_KPROBE, true },
        { PROBE_KPROBE_OFFSETS, true },
        { PROBE_FPROBE, false },
        { PROBE_KPROBE, false },
        { PROBE_KPROBE_OFFSETS, false },
};

const char *probe_method_to_string(enum probe_method m) {
        return name_of(methods, N_NAMES(methods), m);
}

int probe_method_from_string(const char *word) {
        return name_find(methods, N_NAMES(methods), word);
}

/* Reads subchannel_id of one channel of that device, and returns its relid. -ENODATA: there is none. */
static int read_some_channel(struct channel_probe *p, const char *device, uint32_t *ret_relid) {
        _cleanup_(sysroot_names_done) struct sysroot_names relids = {};
        _cleanup_(freep) char *folder = NULL;

        if (asprintf(&folder, DEVICES "/%s/channels", device) < 0) {
                folder = NULL;
                return -ENOMEM;
        }
        if (sysroot_list(p->root, folder, &relids) < 0)
                return -ENODATA;
        for (size_t i = 0; i < relids.n; i++) {
                _cleanup_(freep) char *path = NULL, *line = NULL;

                if (asprintf(&path, "%s/%s/subchannel_id", folder, relids.names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                if (number_parse_u32(relids.names[i], 10, ret_relid) == 0 &&
                        sysroot_read_line(p->root, path, &line) == 0)
                        return 0;
        }
        return -ENODATA;
}

static int read_any_channel(struct channel_probe *p, uint32_t *ret_relid) {
        _cleanup_(sysroot_names_done) struct sysroot_names devices = {};

        if (sysroot_list(p->root, DEVICES, &devices) < 0)
                return -ENODATA;
        for (size_t i = 0; i < devices.n; i++) {
                int r = read_some_channel(p, devices.names[i], ret_relid);

                if (r != -ENODATA)
                        return r;
        }
        return -ENODATA;
}

static int read_round(struct channel_probe *p, struct channel_trace *ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = trace_instance_read(p->instance, &text, &n, d);

        return r < 0 ? r : channel_trace_parse(text, n, FACT_SOURCE_KERNEL_PROBE, ret, d);
}

/* -EIO when a channel was read and did not show up. 0 also while there is no channel to read yet. */
static int prove(struct channel_probe *p, struct diag *d) {
        _cleanup_(channel_trace_done) struct channel_trace t = {};
        uint32_t relid;
        int r;

        r = trace_instance_begin(p->instance, d);
        if (r < 0)
                return r;
        r = read_any_channel(p, &relid);
        if (r == -ENODATA)
                return 0;
        if (r == 0)
                r = read_round(p, &t, d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t.n; i++)
                p->proved |= t.channels[i].relid == relid;
        return p->proved ? 0 : diag_fail(d, -EIO, "channel %u was read and not traced", relid);
}

/* One method, with as much about the connection as this kernel has. */
static int arm_event(struct channel_probe *p, enum probe_method method, bool members, struct diag *d) {
        struct channel_event e = { .method = method, .members = members };
        int r = -EOPNOTSUPP;

        for (unsigned c = 0; c < _CHANNEL_EVENT_CONNECTION_MAX; c++) {
                char body[CHANNEL_EVENT_MAX], kind;

                e.connection = (enum channel_event_connection)c;
                r = channel_event_define(&e, &p->layout, &kind, body);
                if (r < 0)
                        return diag_errno(d, r, "%s event", probe_method_to_string(method));
                r = trace_instance_arm(p->instance, kind, body, d);
                if (r < 0)
                        continue;
                r = prove(p, d);
                if (r == 0)
                        return 0;
                trace_instance_disarm(p->instance);
        }
        return r;
}

/* Once: it is megabytes. */
static void learn_layout(struct channel_probe *p, struct diag *d) {
        if (p->layout_tried)
                return;
        p->layout_tried = true;
        if (channel_layout_read(p->root, &p->layout, d) < 0)
                return;
        p->layout_known = true;
        p->kernel_support = p->layout.has_members ? TRISTATE_YES : TRISTATE_NO;
}

/* "; fprobe: why": the reasons of all methods, one behind the other. */
static void note_add(struct channel_probe *p, enum probe_method method, const struct diag *why) {
        size_t n = strlen(p->note.text);

        snprintf(p->note.text + n, sizeof(p->note.text) - n, "%s%s: %s", n ? "; " : "",
                probe_method_to_string(method), why->text[0] ? why->text : "out of memory");
}

/* Whether attempt i makes sense; a reason when it is for want of a layout. */
static bool worth_trying(struct channel_probe *p, size_t i, struct diag *why) {
        if (p->asked != PROBE_AUTO && p->asked != attempts[i].method)
                return false;
        if (attempts[i].members && attempts[i].method != PROBE_KPROBE_OFFSETS)
                return true;
        learn_layout(p, why);
        if (attempts[i].members)
                return !p->layout_known || p->layout.has_members;
        return p->kernel_support == TRISTATE_NO;
}

/* False when no event could be armed, with all reasons in the note. */
static bool arm_live(struct channel_probe *p) {
        struct diag why = {};
        int r;

        r = trace_instance_new(p->root, p->name, &p->instance, &why);
        if (r < 0) {
                p->note = why;
                return false;
        }
        for (size_t i = 0; i < N_NAMES(attempts); i++) {
                struct diag reason = {};

                if (!worth_trying(p, i, &reason))
                        continue;
                if (attempts[i].method == PROBE_KPROBE_OFFSETS && !p->layout_known)
                        r = -ENODATA;
                else
                        r = arm_event(p, attempts[i].method, attempts[i].members, &reason);
                if (r == 0) {
                        p->method = attempts[i].method;
                        if (attempts[i].members)
                                p->kernel_support = TRISTATE_YES;
                        return true;
                }
                note_add(p, attempts[i].method, &reason);
        }
        trace_instance_free(TAKE(p->instance));
        return false;
}

static void arm_boot_trace(struct channel_probe *p) {
        struct diag why = {};

        if (boot_trace_find(p->root, &p->boot_trace, &why) < 0) {
                note_add(p, PROBE_BOOT_TRACE, &why);
                return;
        }
        learn_layout(p, &why); /* whether the flags of an offer mean anything to this kernel */
        p->method = PROBE_BOOT_TRACE;
}

static void disarm(struct channel_probe *p) {
        trace_instance_free(TAKE(p->instance));
        free(TAKE(p->boot_trace));
        p->method = PROBE_NONE;
        p->proved = false;
        p->note.text[0] = 0;
}

/* What must be there for any method to work: either may come after us, early in boot. */
enum { WITH_TRACEFS = 1 << 0, WITH_VMBUS = 1 << 1 };

static unsigned look_around(struct channel_probe *p) {
        const char *folder;
        struct stat st;

        return (tracefs_find(p->root, &folder, NULL) == 0 ? WITH_TRACEFS : 0) |
                (sysroot_stat(p->root, DEVICES, &st) == 0 ? WITH_VMBUS : 0);
}

/* The best that can be had. */
static void arm(struct channel_probe *p) {
        bool live = p->asked != PROBE_BOOT_TRACE && p->asked != PROBE_NONE;

        disarm(p);
        p->surroundings = look_around(p);
        p->layout_tried = p->layout_known;
        if (live && arm_live(p))
                p->note.text[0] = 0; /* one live method is as good as another */
        else if ((p->asked == PROBE_AUTO && p->surroundings & WITH_TRACEFS) || p->asked == PROBE_BOOT_TRACE)
                arm_boot_trace(p);
}

int channel_probe_new(struct sysroot *root, const char *name, enum probe_method method,
        struct channel_probe **ret, struct diag *d) {
        _cleanup_(channel_probe_freep) struct channel_probe *p = calloc(1, sizeof(*p));

        if (!p)
                return diag_errno(d, -ENOMEM, "channel probe");
        p->root = root;
        p->asked = method;
        p->name = strdup(name);
        if (!p->name)
                return diag_errno(d, -ENOMEM, "channel probe");
        arm(p);
        if (method != PROBE_AUTO && p->method != method)
                return diag_fail(d, -EOPNOTSUPP, "channel probe: %s", p->note.text);
        *ret = TAKE(p);
        return 0;
}

void channel_probe_free(struct channel_probe *p) {
        if (!p)
                return;
        disarm(p);
        free(p->name);
        free(p);
}

enum probe_method channel_probe_method(const struct channel_probe *p) {
        return p->method;
}

const char *channel_probe_note(const struct channel_probe *p) {
        return p->round.text[0] ? p->round.text : p->note.text;
}

/* The event is ours to keep, and tracefs may have been mounted since, hv_vmbus loaded. */
static bool must_arm(struct channel_probe *p) {
        if (p->instance)
                return !trace_instance_armed(p->instance) || (!p->proved && prove(p, NULL) < 0);
        return p->asked != PROBE_NONE && look_around(p) & ~p->surroundings;
}

void channel_probe_begin(struct channel_probe *p) {
        struct diag why = {};

        p->round.text[0] = 0;
        if (must_arm(p))
                arm(p);
        if (p->instance && trace_instance_begin(p->instance, &why) < 0) {
                disarm(p);
                p->note = why;
        }
}

bool channel_probe_begin_quickly(struct channel_probe *p) {
        p->round.text[0] = 0;
        return p->instance && p->proved && trace_instance_begin(p->instance, NULL) >= 0;
}

int channel_probe_end(struct channel_probe *p, struct snapshot *s, struct diag *d) {
        _cleanup_(channel_trace_done) struct channel_trace t = {};
        int r = 0;

        if (p->instance)
                r = read_round(p, &t, &p->round);
        else if (p->boot_trace)
                r = boot_trace_read(p->root, p->boot_trace, &t, &p->round);
        if (r == 0 && t.n_contradicted > 0)
                diag_fail(&p->round, 0, "channels that were seen with different answers: %zu",
                        t.n_contradicted);
        s->connection = t.connection;
        s->connection.kernel_support = p->kernel_support;
        for (size_t i = 0; i < t.n; i++) {
                r = snapshot_add_channel(s, &t.channels[i]);
                if (r < 0)
                        return diag_errno(d, r, "channel probe");
        }
        return 0;
}
