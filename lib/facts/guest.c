/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest from a snapshot: the same for a live one, a recorded one and a test's. */
#include "lib/facts/guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/dependents.h"
#include "lib/facts/guest-private.h"

#define VERSION_CONFIDENTIAL 0x60000

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

/* Whether the word stands alone on the kernel's command line. */
static bool has_argument(const struct snapshot *s, const char *word) {
        size_t n, length = strlen(word);
        const char *text = snapshot_text(s, "proc/cmdline", &n);
        const char *at = text, *end = text ? text + n : NULL;

        while (at < end) {
                const char *space = memchr(at, ' ', (size_t)(end - at)), *stop = space ? space : end;

                if ((size_t)(stop - at) == length && memcmp(at, word, length) == 0)
                        return true;
                at = stop + 1;
        }
        return false;
}

/* hv_vmbus.max_version, 0 when not known. */
static uint32_t version_limit(const struct snapshot *s) {
        size_t n;
        const char *text = snapshot_text(s, "sys/module/hv_vmbus/parameters/max_version", &n);
        char copy[16];
        uint32_t limit;

        if (!text || n >= sizeof(copy))
                return 0;
        memcpy(copy, text, n);
        copy[n] = 0;
        return number_parse_u32(copy, 10, &limit) < 0 ? 0 : limit;
}

/* Circumstances that a person should know about, whatever the policy makes of the devices. */
static int warn_of_guest(struct guest *g, const struct snapshot *s) {
        uint32_t limit = version_limit(s);
        int r = 0;

        for (unsigned bit = 1; bit && r == 0; bit <<= 1)
                if (g->isolation.problems & bit)
                        r = guest_warn(g, "isolation: %s", isolation_problem_text(bit) ?: "unknown problem");
        if (r == 0 && s->cpuid_recorded)
                r = guest_warn(g, "isolation: read from recorded CPUID leaves, not from the processor");
        if (r == 0 && limit > 0 && limit < VERSION_CONFIDENTIAL &&
                g->isolation.confidential_vmbus == TRISTATE_YES)
                r = guest_warn(g,
                        "hv_vmbus.max_version holds VMBus at %u.%u: nothing can be confidential below 6.0",
                        limit >> 16, limit & 0xffff);
        if (r == 0 && has_argument(s, "swiotlb=force"))
                r = guest_warn(g,
                        "swiotlb=force on the kernel command line: all DMA goes through shared memory");
        if (r == 0 && s->probe_note)
                r = guest_warn(g, "channels: %s", s->probe_note);
        return r;
}

/* Offers that the kernel refused leave no device, only lines in its log. */
static int warn_of_refusals(struct guest *g, const struct snapshot *s) {
        static const char refused[] = "hv_vmbus: Invalid offer ";
        static const char stuck[] = "the ring buffer isn't encrypted";
        size_t n = 0, n_stuck = 0;
        int r = 0;

        for (size_t i = 0; i < s->n_kmsg; i++) {
                if (strncmp(s->kmsg[i], refused, strlen(refused)) != 0)
                        continue;
                n++;
                if (strstr(s->kmsg[i], stuck))
                        n_stuck++;
        }
        if (n > 0)
                r = guest_warn(g,
                        "the kernel refused %zu offer(s) of the host by itself: see hv_vmbus in its log", n);
        if (r == 0 && n_stuck > 0)
                r = guest_warn(g,
                        "%zu of them for a ring that is not encrypted: some kernels cannot remove "
                        "any device after that",
                        n_stuck);
        return r;
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

int guest_eval(const struct snapshot *s, struct guest **ret) {
        _cleanup_(guest_freep) struct guest *g = calloc(1, sizeof(*g));
        struct gather in = { .guest = g, .snapshot = s };
        int r;

        if (!g)
                return -ENOMEM;
        g->isolation = isolation_eval(s);
        r = warn_of_guest(g, s);
        if (r == 0)
                r = warn_of_refusals(g, s);
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
