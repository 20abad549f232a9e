/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the VMBus connection says about all channels at once; where two sources differ, the weaker one is
 * taken.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/facts/guest-private.h"

/* The last one that the kernel logged: it negotiates downwards. 0 when it logged none. */
static uint32_t logged_version(const struct snapshot *s) {
        uint32_t version = 0;

        for (size_t i = 0; i < s->n_kmsg; i++) {
                unsigned major, minor;

                if (sscanf(s->kmsg[i], "hv_vmbus: Vmbus version:%5u.%5u", &major, &minor) == 2)
                        version = VMBUS_VERSION(major & 0xffff, minor & 0xffff);
        }
        return version;
}

static int eval_version(struct guest *g, const struct snapshot *s, uint32_t *ret) {
        uint32_t live = s->connection.version, logged = logged_version(s), version = live ? live : logged;

        if (live && logged && live != logged) {
                version = live < logged ? live : logged;
                if (guest_warn(g,
                            "VMBus version: the driver says %u.%u, the kernel log %u.%u; the lower one "
                            "counts",
                            live >> 16, live & 0xffff, logged >> 16, logged & 0xffff) < 0)
                        return -ENOMEM;
        }
        g->vmbus_major = version >> 16;
        g->vmbus_minor = version & 0xffff;
        *ret = version;
        return 0;
}

/* The first of all proofs that no channel can be confidential. */
static const char *find_proof(const struct guest *g, const struct snapshot *s, uint32_t version) {
        if (version > 0 && version < VMBUS_VERSION_CONFIDENTIAL)
                return "the VMBus version is older than 6.0";
        if (s->connection.kernel_support == TRISTATE_NO)
                return "this kernel has no confidential channels";
        if (s->connection.confidential == TRISTATE_NO)
                return "the VMBus connection is not confidential";
        if (g->isolation.confidential_vmbus == TRISTATE_NO)
                return "CPUID says that there is no confidential VMBus";
        return NULL;
}

int guest_eval_connection(struct guest *g, const struct snapshot *s, struct guest_connection *ret) {
        struct guest_connection c = {};
        uint32_t version;
        int r = eval_version(g, s, &version);

        if (r < 0)
                return r;
        c.proof = find_proof(g, s, version);
        c.flags_count = !c.proof && version >= VMBUS_VERSION_CONFIDENTIAL &&
                (g->isolation.confidential_vmbus == TRISTATE_YES ||
                        s->connection.confidential == TRISTATE_YES);
        g->connection_confidential = c.proof ? TRISTATE_NO : s->connection.confidential;
        *ret = c;
        return 0;
}
