/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs one round of the channel probe with one method and prints what it learned, for the guest suite to
 * compare with what was offered: probe-methods METHOD [NAME]. With "hold" behind, it then waits to be
 * killed, armed.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/sysroot.h"
#include "lib/facts/channel-probe.h"

#define DEVICES "sys/bus/vmbus/devices"

/* What a recording does: a read of subchannel_id makes the channel known. */
static void read_channels(struct sysroot *root, const char *device) {
        _cleanup_(sysroot_names_done) struct sysroot_names relids = {};
        char path[512];

        snprintf(path, sizeof(path), DEVICES "/%s/channels", device);
        if (sysroot_list(root, path, &relids) < 0)
                return;
        for (size_t i = 0; i < relids.n; i++) {
                _cleanup_(freep) char *line = NULL;

                snprintf(path, sizeof(path), DEVICES "/%s/channels/%s/subchannel_id", device,
                        relids.names[i]);
                if (sysroot_read_line(root, path, &line) < 0)
                        printf("unreadable %s\n", path);
        }
}

static int read_devices(struct sysroot *root) {
        _cleanup_(sysroot_names_done) struct sysroot_names devices = {};
        int r = sysroot_list(root, DEVICES, &devices);

        for (size_t i = 0; r == 0 && i < devices.n; i++)
                read_channels(root, devices.names[i]);
        return r;
}

static void print(const struct channel_probe *p, const struct snapshot *s) {
        printf("method %s\nnote %s\n", probe_method_to_string(channel_probe_method(p)),
                channel_probe_note(p));
        printf("connection version=0x%" PRIx32 " confidential=%s kernel-support=%s\n", s->connection.version,
                tristate_to_string(s->connection.confidential),
                tristate_to_string(s->connection.kernel_support));
        for (size_t i = 0; i < s->n_channels; i++)
                printf("channel %" PRIu32 " flags=0x%x ring=%s dma=%s source=%s\n", s->channels[i].relid,
                        (unsigned)s->channels[i].flags, tristate_to_string(s->channels[i].ring),
                        tristate_to_string(s->channels[i].dma),
                        fact_source_to_string(s->channels[i].source));
}

static int run(const char *method, const char *name, bool hold, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        int m = probe_method_from_string(method), r;

        if (m < 0)
                return diag_fail(d, m, "no method %s", method);
        r = sysroot_new("/", &root, d);
        if (r == 0)
                r = channel_probe_new(root, name, (enum probe_method)m, &p, d);
        if (r == 0)
                r = snapshot_new(&s);
        if (r < 0)
                return r;
        channel_probe_begin(p);
        r = read_devices(root);
        if (r == 0)
                r = channel_probe_end(p, s, d);
        if (r == 0)
                r = snapshot_seal(s, d);
        if (r < 0)
                return r;
        print(p, s);
        fflush(stdout);
        while (hold)
                pause();
        return 0;
}

int main(int argc, char **argv) {
        struct diag d = {};
        bool hold = argc > 1 && strcmp(argv[argc - 1], "hold") == 0;
        int r = argc > 1 ? run(argv[1], argc > 2 + hold ? argv[2] : "probe_methods", hold, &d) : -EINVAL;

        if (r < 0)
                fprintf(stderr, "probe-methods: %s: %s\n", strerror(-r), d.text);
        return r < 0;
}
