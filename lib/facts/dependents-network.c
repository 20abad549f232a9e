/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the interfaces of a device up to what is stacked on them, and to the default routes. A VF is the fast
 * way of its synthetic interface, not what that one stands on: traffic falls back when it goes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/dependents-private.h"
#include "lib/facts/network.h"

static int add_interface(const char *name, const struct snapshot_entry *e, void *data) {
        return dependent_add(data, DEPENDENT_NETWORK, name, NULL);
}

static int add_interfaces(const struct snapshot *s, struct device *d) {
        const struct snapshot_folder root = snapshot_root(s), device = snapshot_enter(&root, d->path),
                                     net = snapshot_enter(&device, "net");

        return snapshot_each_in(&net, add_interface, d);
}

static bool is_way_out(const struct network *n, const struct network_link *l) {
        for (size_t i = 0; i < n->n_ways_out; i++)
                if (n->ways_out[i] == l->index)
                        return true;
        return false;
}

/* Whether other loses its way, or its master, with l. */
static bool hangs_on(const struct network_link *other, const struct network_link *l) {
        return other->lower == l->index || other->vf_of == l->index || l->master == other->index;
}

/* What hangs on one interface; what is stacked on it becomes a dependent, and has its own turn. */
static int eval_link(const struct network *n, struct device *d, const struct network_link *l) {
        int r = 0;

        if (l->addresses > 0) {
                char number[16];

                snprintf(number, sizeof(number), "%u", l->addresses);
                r = dependent_add(d, DEPENDENT_ADDRESSES, number, l->name);
        }
        if (r == 0 && !n->unknown && is_way_out(n, l))
                r = dependent_add(d, DEPENDENT_ROUTE, "default", l->name);
        for (size_t i = 0; i < n->n_links && r == 0; i++)
                if (hangs_on(&n->links[i], l))
                        r = dependent_add(d, DEPENDENT_NETWORK, n->links[i].name, l->name);
        return r;
}

/* The list grows meanwhile; nothing is in it twice, so that links in a ring come to an end. */
static int eval_device(const struct network *n, struct device *d) {
        int r = 0;

        for (size_t i = 0; i < d->n_dependents && r == 0; i++) {
                const struct network_link *l = d->dependents[i].kind == DEPENDENT_NETWORK
                        ? network_find(n, d->dependents[i].name)
                        : NULL;

                if (l)
                        r = eval_link(n, d, l);
        }
        return r;
}

static bool has_kind(const struct device *d, enum dependent_kind kind) {
        for (size_t i = 0; i < d->n_dependents; i++)
                if (d->dependents[i].kind == kind)
                        return true;
        return false;
}

/* Where one device alone has default routes, they are the last ones. */
static void mark_last(struct guest *g) {
        struct device *only = NULL;

        for (size_t i = 0; i < g->n_devices; i++) {
                if (!has_kind(&g->devices[i], DEPENDENT_ROUTE))
                        continue;
                if (only)
                        return;
                only = &g->devices[i];
        }
        for (size_t i = 0; only && i < only->n_dependents; i++)
                if (only->dependents[i].kind == DEPENDENT_ROUTE)
                        only->dependents[i].kind = DEPENDENT_LAST_ROUTE;
}

/*
 * An interface that the kernel has not told of: it hangs, or the interface was renamed a moment ago, or its
 * answer was given before there was one.
 */
static bool is_doubtful(const struct network *n, const struct device *d) {
        for (size_t i = 0; i < d->n_dependents; i++)
                if (d->dependents[i].kind == DEPENDENT_NETWORK &&
                        (n->unknown || (n->n_links > 0 && !network_find(n, d->dependents[i].name))))
                        return true;
        return false;
}

/*
 * A driver of networks that has none to show: someone may use it all the same. Before there are channels its
 * driver may still be at it.
 */
static int eval_absence(struct guest *g, struct device *d) {
        if (!d->driver || strcmp(d->driver, "hv_netvsc") != 0 || d->n_channels == 0 ||
                has_kind(d, DEPENDENT_NETWORK))
                return 0;
        d->network_doubtful = true;
        return guest_warn(g,
                "device %s: no interface in sight, perhaps in another network namespace: what hangs on it "
                "is not known",
                d->instance_text);
}

int dependents_eval_network(const struct snapshot *s, struct guest *g) {
        _cleanup_(network_done) struct network n = {};
        int r = network_eval(s, &n);

        if (r == 0 && n.unknown)
                r = guest_warn(g,
                        "network: interfaces and routes are not wholly known, so that each interface counts "
                        "as a way out");
        for (size_t i = 0; i < g->n_devices && r == 0; i++) {
                r = add_interfaces(s, &g->devices[i]);
                if (r == 0)
                        r = eval_device(&n, &g->devices[i]);
                g->devices[i].network_doubtful = is_doubtful(&n, &g->devices[i]);
                if (r == 0 && n.n_links > 0)
                        r = eval_absence(g, &g->devices[i]);
        }
        if (r < 0)
                return r;
        mark_last(g);
        return 0;
}
