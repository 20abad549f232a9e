/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What weakens the guest as a whole and shows in no verdict: it is said in the status, whatever the policy
 * makes of the devices.
 */
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/guest-private.h"

/* "swiotlb=force", or behind the numbers that may come first: "swiotlb=65536,force". */
static bool is_swiotlb_force(const char *word, size_t n) {
        static const char key[] = "swiotlb=", value[] = "force";

        return n >= strlen(key) + strlen(value) && memcmp(word, key, strlen(key)) == 0 &&
                memcmp(word + n - strlen(value), value, strlen(value)) == 0 &&
                strchr("=,", word[n - strlen(value) - 1]);
}

static bool forces_swiotlb(const struct snapshot *s) {
        size_t n;
        const char *text = snapshot_text(s, "proc/cmdline", &n);
        const char *at = text, *end = text ? text + n : NULL;

        while (at < end) {
                const char *space = memchr(at, ' ', (size_t)(end - at)), *stop = space ? space : end;

                if (is_swiotlb_force(at, (size_t)(stop - at)))
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

/* "none integrity [confidentiality]": the mode in brackets is in force. */
static bool is_locked_down(const struct snapshot *s) {
        static const char mode[] = "[confidentiality]";
        size_t n;
        const char *text = snapshot_text(s, "sys/kernel/security/lockdown", &n);

        return text && memmem(text, n, mode, strlen(mode));
}

/* The paravisor offers confidential channels, and this kernel does not take them. */
static int warn_of_waste(struct guest *g, const struct snapshot *s) {
        uint32_t limit = version_limit(s);

        if (g->isolation.confidential_vmbus != TRISTATE_YES)
                return 0;
        if (s->connection.kernel_support == TRISTATE_NO)
                return guest_warn(g,
                        "this kernel knows no confidential channels, though the paravisor offers them: a "
                        "newer kernel is needed");
        if (limit > 0 && limit < VMBUS_VERSION_CONFIDENTIAL)
                return guest_warn(g,
                        "hv_vmbus.max_version holds VMBus at %u.%u: nothing can be confidential below 6.0",
                        limit >> 16, limit & 0xffff);
        return 0;
}

/* Circumstances that a person should know about, whatever the policy makes of the devices. */
static int warn_of_guest(struct guest *g, const struct snapshot *s) {
        int r = 0;

        for (unsigned bit = 1; bit && r == 0; bit <<= 1)
                if (g->isolation.problems & bit)
                        r = guest_warn(g, "isolation: %s", isolation_problem_text(bit) ?: "unknown problem");
        if (r == 0 && s->cpuid_recorded)
                r = guest_warn(g, "isolation: read from recorded CPUID leaves, not from the processor");
        if (r == 0)
                r = warn_of_waste(g, s);
        if (r == 0 && forces_swiotlb(s))
                r = guest_warn(g,
                        "swiotlb=force on the kernel command line: all DMA goes through shared memory");
        if (r == 0 && is_locked_down(s))
                r = guest_warn(g,
                        "kernel lockdown \"confidentiality\" closes tracefs: the flags of channels cannot "
                        "be "
                        "read; the mode \"integrity\" leaves it open");
        if (r == 0 && s->probe_note)
                r = guest_warn(g, "channels: %s", s->probe_note);
        return r;
}

/* What hangs on the devices is known from these alone. */
static int warn_of_tables(struct guest *g, const struct snapshot *s) {
        static const char *const tables[] = { "proc/1/mountinfo", "proc/self/mountinfo", "proc/swaps" };
        int r = 0;

        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && r == 0; i++) {
                const struct snapshot_entry *e = snapshot_find(s, tables[i]);

                if (e && e->kind == SNAPSHOT_ERROR)
                        r = guest_warn(g,
                                "/%s: %s: what it lists is not known, so that each disk counts as in use",
                                tables[i], errno_text(-e->error));
        }
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
                        "the kernel refused %zu offer%s of the host by itself: see hv_vmbus in its log", n,
                        n == 1 ? "" : "s");
        if (r == 0 && n_stuck > 0)
                r = guest_warn(g,
                        "%zu of them for a ring that is not encrypted: some kernels cannot remove "
                        "any device after that",
                        n_stuck);
        return r;
}

int guest_eval_mismatches(struct guest *g) {
        const struct device *first = NULL;
        size_t n = 0;

        for (size_t i = 0; i < g->n_devices; i++)
                for (size_t j = 0; j < g->devices[i].n_channels; j++) {
                        if (!g->devices[i].channels[j].flags_differ)
                                continue;
                        first = first ? first : &g->devices[i];
                        n++;
                }
        if (!first)
                return 0;
        return guest_warn(g,
                "%zu channel%s, of %s first: offer and driver disagree on what is confidential, as after a "
                "hibernation; counted as plain",
                n, n == 1 ? "" : "s", first->instance_text);
}

int guest_eval_posture(struct guest *g, const struct snapshot *s) {
        int r = warn_of_guest(g, s);

        if (r == 0)
                r = warn_of_tables(g, s);
        return r < 0 ? r : warn_of_refusals(g, s);
}
