/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The network of a guest: its interfaces, what they are stacked on, and where the default routes lead. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/facts/snapshot.h"

#define NETWORK_NAME_SIZE 16 /* the kernel's IFNAMSIZ */

/* What stands in a snapshot where the kernel gave no answer, or none that is whole. */
#define NETWORK_LINKS_UNKNOWN "netlink-link unknown"
#define NETWORK_ROUTES_UNKNOWN "netlink-route unknown"

/* Indices are 0 where there is none. */
struct network_link {
        uint32_t index;
        char name[NETWORK_NAME_SIZE];
        bool up;
        uint32_t vf_of;     /* the synthetic interface that it is the fast way of */
        uint32_t master;    /* the bond or bridge that it is a port of */
        uint32_t lower;     /* what it is stacked on: the interface below a VLAN */
        uint32_t addresses; /* how many it has */
};

struct network {
        struct network_link *links;
        size_t n_links;
        uint32_t *ways_out; /* the indices that default routes lead to */
        size_t n_ways_out;
        bool unknown; /* something could not be read, or made no sense: what is there is not all */
};

/*
 * One line of a snapshot: "netlink-link 2 eth0 up vf-of=none", with master=, lower= and addresses= behind
 * where they are not 0; "netlink-route default dev=2". -EBADMSG or -ENOMEM. The caller frees what _format
 * gives.
 */
int network_link_parse(const char *line, struct network_link *ret);
int network_link_format(const struct network_link *l, char **ret);
int network_route_parse(const char *line, uint32_t *ret_index);
int network_route_format(uint32_t index, char **ret);

/* Everything that a snapshot says. -ENOMEM is the only failure; the caller ends *ret. */
int network_eval(const struct snapshot *s, struct network *ret);
void network_done(struct network *n);

/* NULL when there is none. Borrowed. */
const struct network_link *network_find(const struct network *n, const char *name);
