/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a guest, in an order in which nothing that matters can slip through between two looks. */
#include "lib/facts/snapshot-record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/facts/link-path.h"
#include "lib/facts/snapshot-record-private.h"

bool record_is_gone(int r) {
        return r == -ENOENT || r == -ENODEV || r == -ENOTDIR;
}

int record_file(struct recorder *rec, const char *path) {
        _cleanup_(closep) int fd = sysroot_open(rec->root, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
        _cleanup_(freep) char *bytes = NULL;
        struct stat st;
        size_t size;
        int r = fd;

        if (fd >= 0 && fstat(fd, &st) < 0)
                r = -errno;
        else if (fd >= 0 && !S_ISREG(st.st_mode))
                return 0;
        else if (fd >= 0)
                r = file_read_fd(fd, SYSFS_TEXT_MAX, &bytes, &size);
        if (r == -ENOMEM)
                return r;
        if (record_is_gone(r))
                return 0;
        if (r < 0)
                return snapshot_add_error(rec->snapshot, path, r);
        return snapshot_add_file(rec->snapshot, path, st.st_mode & 07777, bytes, size);
}

int record_link(struct recorder *rec, const char *path, char **ret) {
        _cleanup_(freep) char *target = NULL, *resolved = NULL;
        int r = sysroot_read_link(rec->root, path, &target);

        if (r == -ENOMEM)
                return r;
        if (record_is_gone(r) || r == -EINVAL)
                r = 0;
        else if (r < 0)
                r = snapshot_add_error(rec->snapshot, path, r);
        else {
                r = link_resolve(path, target, &resolved);
                if (r == 0)
                        r = snapshot_add_symlink(rec->snapshot, path, target);
        }
        if (r < 0)
                return r;
        *ret = TAKE(resolved);
        return 0;
}

struct snapshot_entry *record_find(const struct recorder *rec, size_t first, const char *path) {
        for (size_t i = first; i < rec->snapshot->n_entries; i++)
                if (strcmp(rec->snapshot->entries[i].path, path) == 0)
                        return &rec->snapshot->entries[i];
        return NULL;
}

static int record_cpuid(struct recorder *rec, struct diag *d) {
        const struct cpuid_table *recorded = rec->options->cpuid;
        int r = 0;

        if (!recorded && rec->options->foreign)
                return 0;
        if (!recorded) {
                r = cpuid_read(&rec->snapshot->cpuid, d);
                return r == -EOPNOTSUPP ? 0 : r;
        }
        rec->snapshot->cpuid_recorded = true;
        for (size_t i = 0; i < recorded->n && r == 0; i++)
                r = cpuid_table_add(&rec->snapshot->cpuid, &recorded->leaves[i]);
        return r;
}

/* Hints at Hyper-V and at CCA where there is no CPUID. */
static int record_platform(struct recorder *rec) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(rec->root, "sys/bus/platform/devices", &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(freep) char *path = NULL, *target = NULL;

                if (!strstr(names.names[i], "vmbus") && strcmp(names.names[i], "arm-cca-dev") != 0)
                        continue;
                if (asprintf(&path, "sys/bus/platform/devices/%s", names.names[i]) < 0)
                        return -ENOMEM;
                r = record_link(rec, path, &target);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int record_machine(struct recorder *rec) {
        static const char *const decisions[] = {
                "proc/cmdline",
                "sys/kernel/security/lockdown",
                "sys/module/hv_vmbus/parameters/max_version",
                "sys/bus/vmbus/drivers_autoprobe",
        };
        static const char *const everything[] = {
                "proc/sys/kernel/hostname",
                "proc/sys/kernel/osrelease",
        };
        int r = 0;

        for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]) && r == 0; i++)
                r = record_file(rec, decisions[i]);
        if (rec->options->scope == SNAPSHOT_SCOPE_EVERYTHING)
                for (size_t i = 0; i < sizeof(everything) / sizeof(everything[0]) && r == 0; i++)
                        r = record_file(rec, everything[i]);
        return r < 0 ? r : record_platform(rec);
}

/* The probe of another process saw channels that we cannot: it logs what that process reads. */
static int take_over(struct recorder *rec, const struct snapshot *seen) {
        int r = 0;

        for (size_t i = 0; i < seen->n_channels && r == 0; i++)
                r = snapshot_add_channel(rec->snapshot, &seen->channels[i]);
        if (r < 0)
                return r;
        rec->snapshot->connection = seen->connection;
        return seen->probe_note ? snapshot_set_probe_note(rec->snapshot, seen->probe_note) : 0;
}

/* Reading subchannel_id is what makes the probe see a channel: all of it happens within one round. */
static int record_probed_devices(struct recorder *rec, struct diag *d) {
        struct channel_probe *probe = rec->options->probe;
        int r;

        if (probe)
                channel_probe_begin(probe);
        r = record_devices(rec, d);
        if (r == 0 && !probe && rec->options->seen)
                return take_over(rec, rec->options->seen);
        if (r < 0 || !probe)
                return r;
        r = channel_probe_end(probe, rec->snapshot, d);
        if (r < 0)
                return r;
        return snapshot_set_probe_note(rec->snapshot, channel_probe_note(probe));
}

int snapshot_record(struct sysroot *root, const struct snapshot_record_options *o, struct snapshot **ret,
        struct diag *d) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        struct recorder rec = { .root = root, .options = o };
        struct diag inner = {};
        int r = snapshot_new(&s);

        rec.snapshot = s;
        if (r == 0)
                s->root_awaited = o->root_awaited;
        if (r == 0)
                r = record_cpuid(&rec, &inner);
        if (r == 0)
                r = record_machine(&rec);
        if (r == 0)
                r = record_kmsg(&rec);
        if (r == 0)
                r = record_probed_devices(&rec, &inner);
        if (r == 0)
                r = record_storage(&rec);
        if (r == 0)
                r = record_network(&rec);
        if (r == 0)
                r = snapshot_seal(s, &inner);
        if (r < 0)
                return inner.text[0] ? diag_fail(d, r, "cannot record the guest: %s", inner.text)
                                     : diag_errno(d, r, "cannot record the guest");
        *ret = TAKE(s);
        return 0;
}
