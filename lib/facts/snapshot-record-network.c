/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces and routes: of this machine from its kernel; of a guest that is laid out as files, from one. */
#include <errno.h>
#include <string.h>

#include "lib/facts/snapshot-record-private.h"

#define TABLE_MAX (4 * 1024 * 1024)

static bool is_printable(const char *line) {
        for (; *line; line++)
                if ((unsigned char)*line < 0x20 || (unsigned char)*line >= 0x7f)
                        return false;
        return true;
}

static int record_expanded(struct recorder *rec) {
        _cleanup_(freep) char *text = NULL;
        char *line, *rest;
        int r = sysroot_read(rec->root, SNAPSHOT_NETWORK_FILE, TABLE_MAX, &text, NULL);

        if (record_is_gone(r))
                return 0;
        if (r < 0)
                return r == -ENOMEM ? r : snapshot_add_error(rec->snapshot, SNAPSHOT_NETWORK_FILE, r);
        rest = text;
        while ((line = strsep(&rest, "\n")) && r == 0)
                if (strncmp(line, "netlink-", strlen("netlink-")) == 0 && is_printable(line))
                        r = snapshot_add_netlink(rec->snapshot, line);
        return r;
}

int record_network(struct recorder *rec) {
        const struct snapshot *seen = rec->options->seen;
        int r = 0;

        if (rec->options->foreign)
                return record_expanded(rec);
        if (rec->options->network || !seen)
                return network_probe_add(rec->options->network, rec->snapshot);
        for (size_t i = 0; i < seen->n_netlink && r == 0; i++)
                r = snapshot_add_netlink(rec->snapshot, seen->netlink[i]);
        return r;
}
