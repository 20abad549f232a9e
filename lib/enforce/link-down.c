/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links are found and read again in sysfs, and changed by rtnetlink, by their index: a link that is renamed
 * in between stays the same one, and nothing but IFF_UP is touched.
 */
#include "lib/enforce/link-down.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/link-path.h"

DEFINE_FREEP(struct nl_sock, nl_socket_free)
DEFINE_FREEP(struct rtnl_link, rtnl_link_put)

int link_set_down(int ifindex, struct diag *d) {
        _cleanup_(nl_socket_freep) struct nl_sock *socket = nl_socket_alloc();
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
        _cleanup_(rtnl_link_putp) struct rtnl_link *change = rtnl_link_alloc();
        int r;

        if (!socket || !link || !change)
                return diag_errno(d, -ENOMEM, "link %d", ifindex);
        rtnl_link_set_ifindex(link, ifindex);
        rtnl_link_unset_flags(change, IFF_UP);
        r = nl_connect(socket, NETLINK_ROUTE);
        if (r == 0)
                r = rtnl_link_change(socket, link, change, 0);
        return r < 0 ? diag_fail(d, -EIO, "link %d: %s", ifindex, nl_geterror(r)) : 0;
}

static int read_number(struct sysroot *root, const char *link, const char *name, unsigned base,
        uint32_t *ret) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        int r;

        if (asprintf(&path, "%s/%s", link, name) < 0)
                return -ENOMEM;
        r = sysroot_read_line(root, path, &text);
        return r < 0 ? r : number_parse_u32(text, base, ret);
}

static int write_flags(struct sysroot *root, const char *link, uint32_t flags) {
        _cleanup_(freep) char *path = NULL;
        char text[16];

        if (asprintf(&path, "%s/flags", link) < 0)
                return -ENOMEM;
        snprintf(text, sizeof(text), "0x%x", flags);
        return sysroot_write(root, path, SYSROOT_WRITE, text);
}

static int set_down(struct sysroot *root, const char *link, uint32_t flags, struct diag *d) {
        uint32_t index;
        int r;

        if (!root->is_running_system) {
                r = write_flags(root, link, flags & ~(uint32_t)IFF_UP);
                return r < 0 ? diag_errno(d, r, "%s", link) : 0;
        }
        r = read_number(root, link, "ifindex", 10, &index);
        if (r < 0 || index == 0 || index > INT_MAX)
                return diag_errno(d, r < 0 ? r : -EBADMSG, "%s/ifindex", link);
        return link_set_down((int)index, d);
}

/* 0 for a link that is gone. */
static int read_flags(struct sysroot *root, const char *link, uint32_t *ret, struct diag *d) {
        int r = read_number(root, link, "flags", 16, ret);

        if (r == -ENOENT || r == -ENODEV) {
                *ret = 0;
                return 0;
        }
        return r < 0 ? diag_errno(d, r, "%s/flags", link) : 0;
}

static int link_down(struct sysroot *root, const char *link, struct diag *d) {
        struct diag why = {};
        uint32_t flags;
        int r = read_flags(root, link, &flags, d), set;

        if (r < 0 || !(flags & IFF_UP))
                return r;
        set = set_down(root, link, flags, &why);
        r = read_flags(root, link, &flags, d);
        if (r < 0 || !(flags & IFF_UP))
                return r;
        return diag_fail(d, set < 0 ? set : -EIO, "%s is still up%s%s", link, why.text[0] ? ": " : "",
                why.text);
}

/* What is done with FOLDER/NAME, for each name in a folder. Goes on after a failure, and reports the first.
 */
static int for_each(struct sysroot *root, const char *folder,
        int (*act)(struct sysroot *root, const char *path, struct diag *d), struct diag *d) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(root, folder, &names), first = 0;

        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR || r == -ENODEV ? 0 : diag_errno(d, r, "%s", folder);
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(freep) char *path = NULL;
                struct diag told = {};

                if (asprintf(&path, "%s/%s", folder, names.names[i]) < 0)
                        return diag_errno(d, -ENOMEM, "%s", folder);
                r = act(root, path, &told);
                if (r < 0 && first == 0)
                        first = diag_fail(d, r, "%s", told.text);
        }
        return first;
}

static int links_of(struct sysroot *root, const char *device, struct diag *d) {
        _cleanup_(freep) char *net = NULL;

        if (asprintf(&net, "%s/net", device) < 0)
                return diag_errno(d, -ENOMEM, "%s", device);
        return for_each(root, net, link_down, d);
}

/* "1234:00:02.0" of the folder "pci1234:00" */
static int links_of_function(struct sysroot *root, const char *path, struct diag *d) {
        return path_is_pci_function(path) ? links_of(root, path, d) : 0;
}

/* Whether it is "net" or "pci1234:00"; the folder has little else that a link could be in. */
static int links_below(struct sysroot *root, const char *path, struct diag *d) {
        const char *name = path_name(path);

        if (strcmp(name, "net") == 0)
                return for_each(root, path, link_down, d);
        return strncmp(name, "pci", strlen("pci")) == 0 ? for_each(root, path, links_of_function, d) : 0;
}

int links_down(struct sysroot *root, const char *device, struct diag *d) {
        return for_each(root, device, links_below, d);
}
