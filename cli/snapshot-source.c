/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon sends is foreign bytes like any recording. */
#include "cli/snapshot-source.h"

#include <errno.h>

#include "cli/bus-client.h"
#include "cli/offline.h"
#include "lib/base/sealed.h"
#include "lib/facts/snapshot-text.h"

static int ask_daemon(struct context *x, struct snapshot **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        _cleanup_(freep) uint8_t *text = NULL;
        size_t n;
        int r, fd;

        r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "GetSnapshot", &reply, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "h", &fd); /* the reply owns it */
        if (r < 0)
                return client_bad_reply(x, r, "GetSnapshot");
        r = sealed_read(fd, "the snapshot that cvmd sent", SNAPSHOT_TEXT_MAX, &text, &n, &x->diag);
        if (r < 0)
                return r;
        return snapshot_parse("the daemon's snapshot", (const char *)text, n, ret, &x->diag);
}

int snapshot_obtain(struct context *x, struct snapshot **ret) {
        int r;

        if (options_offline(x->options) || x->options->given[OPTION_PROBE])
                return offline_snapshot(x, ret);
        r = ask_daemon(x, ret);
        if (r != -ENOTCONN || x->options->given[OPTION_BUS] || geteuid() != 0)
                return r;
        x->hint = NULL;
        return offline_snapshot(x, ret);
}
