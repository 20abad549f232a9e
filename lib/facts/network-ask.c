/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three dumps of the kernel's tables by libnl-route, as lines of a snapshot. */
#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/network-probe.h"
#include "lib/facts/network.h"

#define ATTEMPTS 5 /* of a dump that changes came between */

static void socket_freep(struct nl_sock **s) {
        nl_socket_free(*s);
}

static void cache_freep(struct nl_cache **c) {
        if (*c)
                nl_cache_free(*c);
}

/* One table whole: a dump that was interrupted may lack what moved meanwhile. The caller frees *ret. */
static int dump(struct nl_sock *sock, const char *table, int request, struct nl_cache **ret) {
        int r = -NLE_DUMP_INTR;

        for (unsigned i = 0; i < ATTEMPTS && r == -NLE_DUMP_INTR; i++) {
                _cleanup_(cache_freep) struct nl_cache *cache = NULL;

                if (nl_cache_alloc_name(table, &cache) < 0)
                        return -ENOMEM;
                r = nl_rtgen_request(sock, request, AF_UNSPEC, NLM_F_DUMP);
                if (r >= 0)
                        r = nl_cache_pickup(sock, cache);
                if (r >= 0)
                        *ret = TAKE(cache);
        }
        return r < 0 ? -EIO : 0;
}

static uint32_t count_addresses(struct nl_cache *addresses, int index) {
        uint32_t n = 0;

        for (struct nl_object *o = nl_cache_get_first(addresses); o; o = nl_cache_get_next(o))
                n += rtnl_addr_get_ifindex((struct rtnl_addr *)o) == index;
        return n;
}

/* A port of a bond or a bridge has a kind; the VF below a synthetic interface has a master without one. */
static void put_master(struct rtnl_link *from, struct network_link *l) {
        int master = rtnl_link_get_master(from);

        if (master <= 0)
                return;
        if (rtnl_link_get_slave_type(from))
                l->master = (uint32_t)master;
        else
                l->vf_of = (uint32_t)master;
}

static int print_link(struct rtnl_link *from, struct nl_cache *addresses, FILE *out) {
        _cleanup_(freep) char *line = NULL;
        const char *name = rtnl_link_get_name(from);
        int index = rtnl_link_get_ifindex(from), lower = rtnl_link_get_link(from);
        struct network_link l = {
                .index = (uint32_t)index,
                .up = rtnl_link_get_flags(from) & IFF_UP,
                .addresses = count_addresses(addresses, index),
        };
        int32_t namespace;

        if (index <= 0 || !name || strlen(name) >= sizeof(l.name))
                return 0; /* what has no index (of a bridge's own table, say) is no interface */
        memcpy(l.name, name, strlen(name) + 1);
        put_master(from, &l);
        /* an index of another namespace means nothing here */
        if (lower > 0 && lower != index && rtnl_link_get_link_netnsid(from, &namespace) < 0)
                l.lower = (uint32_t)lower;
        if (network_link_format(&l, &line) < 0)
                return -ENOMEM;
        fprintf(out, "%s\n", line);
        return 0;
}

/* A route may have several next hops, each of them a way out. */
static int print_route(struct rtnl_route *route, FILE *out) {
        struct nl_addr *to = rtnl_route_get_dst(route);

        if (rtnl_route_get_type(route) != RTN_UNICAST || !to || nl_addr_get_prefixlen(to) != 0)
                return 0;
        for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
                _cleanup_(freep) char *line = NULL;
                int index = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, i));

                if (index <= 0)
                        continue;
                if (network_route_format((uint32_t)index, &line) < 0)
                        return -ENOMEM;
                fprintf(out, "%s\n", line);
        }
        return 0;
}

int network_ask_socket(struct nl_sock *sock, FILE *out) {
        _cleanup_(cache_freep) struct nl_cache *links = NULL, *addresses = NULL, *routes = NULL;
        int r = 0;

        if (dump(sock, "route/link", RTM_GETLINK, &links) < 0 ||
                dump(sock, "route/addr", RTM_GETADDR, &addresses) < 0 ||
                dump(sock, "route/route", RTM_GETROUTE, &routes) < 0)
                return -EIO;
        for (struct nl_object *o = nl_cache_get_first(links); o && r == 0; o = nl_cache_get_next(o))
                r = print_link((struct rtnl_link *)o, addresses, out);
        for (struct nl_object *o = nl_cache_get_first(routes); o && r == 0; o = nl_cache_get_next(o))
                r = print_route((struct rtnl_route *)o, out);
        return r;
}

int network_ask_kernel(FILE *out, void *data) {
        _cleanup_(socket_freep) struct nl_sock *sock = nl_socket_alloc();

        if (!sock)
                return -ENOMEM;
        return nl_connect(sock, NETLINK_ROUTE) < 0 ? -EIO : network_ask_socket(sock, out);
}
