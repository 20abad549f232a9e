/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest from a snapshot: the same for a live one, a recorded one and a test's. */
#include "lib/facts/guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/dependents.h"
#include "lib/facts/guest-private.h"

void guest_free(struct guest *g) {
        if (!g)
                return;
        for (size_t i = 0; i < g->n_devices; i++)
                device_done(&g->devices[i]);
        free(g->devices);
        for (size_t i = 0; i < g->n_warnings; i++)
                free(g->warnings[i]);
        free(g->warnings);
        free(g);
}

int guest_warn(struct guest *g, const char *format, ...) {
        char **bigger = reallocarray(g->warnings, g->n_warnings + 1, sizeof(*bigger));
        char *text;
        va_list ap;
        int n;

        if (!bigger)
                return -ENOMEM;
        g->warnings = bigger;
        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        g->warnings[g->n_warnings++] = text;
        return 0;
}

struct gather {
        struct guest *guest;
        const struct snapshot *snapshot;
        struct guest_connection connection;
};

static int gather_device(const char *name, const struct snapshot_entry *e, void *data) {
        struct gather *in = data;

        return guest_add_device(in->guest, in->snapshot, &in->connection, name, e);
}

static int compare_devices(const void *a, const void *b) {
        return guid_compare(&((const struct device *)a)->instance, &((const struct device *)b)->instance);
}

static enum tristate eval_autoprobe(const struct snapshot *s) {
        size_t n;
        const char *text = snapshot_text(s, "sys/bus/vmbus/drivers_autoprobe", &n);

        if (!text || n == 0 || (text[0] != '0' && text[0] != '1'))
                return TRISTATE_UNKNOWN;
        return text[0] == '1' ? TRISTATE_YES : TRISTATE_NO;
}

int guest_eval(const struct snapshot *s, struct guest **ret) {
        _cleanup_(guest_freep) struct guest *g = calloc(1, sizeof(*g));
        struct gather in = { .guest = g, .snapshot = s };
        int r;

        if (!g)
                return -ENOMEM;
        g->isolation = isolation_eval(s);
        g->autoprobe = eval_autoprobe(s);
        r = guest_eval_posture(g, s);
        if (r == 0)
                r = guest_eval_connection(g, s, &in.connection);
        if (r == 0)
                r = snapshot_each_child(s, "sys/bus/vmbus/devices", gather_device, &in);
        if (r == 0 && g->n_devices > 0 && !g->isolation.hyperv)
                r = guest_warn(g, "there are VMBus devices, but nothing else says that this is Hyper-V");
        if (r < 0)
                return r;
        if (g->n_devices > 0)
                qsort(g->devices, g->n_devices, sizeof(*g->devices), compare_devices);
        r = guest_eval_mismatches(g);
        if (r == 0)
                r = dependents_eval(s, g);
        if (r < 0)
                return r;
        *ret = TAKE(g);
        return 0;
}

const struct device *guest_find(const struct guest *g, const struct guid *instance) {
        struct device key = { .instance = *instance };

        if (g->n_devices == 0)
                return NULL;
        return bsearch(&key, g->devices, g->n_devices, sizeof(*g->devices), compare_devices);
}
