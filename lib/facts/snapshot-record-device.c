/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folders of the VMBus devices. A device can go, or be replaced by another of the same name, between two
 * reads: what is recorded of one device is of one object, or the device is left out (its uevent brings us
 * here again).
 */
#include <errno.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/facts/link-path.h"
#include "lib/facts/snapshot-record-private.h"

#define DEVICES "sys/bus/vmbus/devices"
#define DRIVERS "sys/bus/vmbus/drivers"
#define ATTEMPTS 3

/*
 * What a device is; read twice, but for a first decision, because everything else hangs on it. The class
 * does only where no modalias says it, which never changes.
 */
static const char *const identity[] = { "device_id", "id", "class_id" };

static int record_below(struct recorder *rec, const char *folder, const char *name) {
        _cleanup_(freep) char *path = NULL;

        path = path_join(folder, name);
        if (!path)
                return -ENOMEM;
        return record_file(rec, path);
}

/* The names in a folder, none when it is not there. The caller ends *ret. */
static int list(struct recorder *rec, const char *path, struct sysroot_names *ret) {
        int r = sysroot_list(rec->root, path, ret);

        if (r == -ENOMEM || r == 0)
                return r;
        return record_is_gone(r) ? 0 : snapshot_add_error(rec->snapshot, path, r);
}

static int list_below(struct recorder *rec, const char *folder, const char *name,
        struct sysroot_names *ret) {
        _cleanup_(freep) char *path = NULL;

        path = path_join(folder, name);
        if (!path)
                return -ENOMEM;
        return list(rec, path, ret);
}

/* Whether something in the folder of a device or a channel is an attribute to be read. */
static bool is_attribute(struct recorder *rec, const char *path) {
        const char *name = path_name(path);
        struct stat st;

        /* uio's ring is no text: it is there to be mapped; the driver is recorded as the link that it is */
        if (strcmp(name, "ring") == 0 || strcmp(name, "driver") == 0)
                return false;
        if (sysroot_stat(rec->root, path, &st) < 0 || S_ISDIR(st.st_mode))
                return false;
        return !S_ISREG(st.st_mode) || (st.st_mode & 0444);
}

/* Every attribute in a folder that can be read. */
static int record_attributes(struct recorder *rec, const char *folder) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list(rec, folder, &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *path = NULL;

                path = path_join(folder, names.names[i]);
                if (!path)
                        return -ENOMEM;
                if (is_attribute(rec, path))
                        r = record_file(rec, path);
        }
        return r;
}

static int record_channels(struct recorder *rec, const char *device) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list_below(rec, device, "channels", &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *folder = NULL;

                if (asprintf(&folder, "%s/channels/%s", device, names.names[i]) < 0)
                        return -ENOMEM;
                r = snapshot_add_dir(rec->snapshot, folder);
                if (r == 0 && rec->options->scope == SNAPSHOT_SCOPE_EVERYTHING)
                        r = record_attributes(rec, folder);
                else if (r == 0)
                        r = record_below(rec, folder, "subchannel_id");
        }
        return r;
}

/* That things of this kind are in the folder of a device, or of a PCI function behind it. */
static int record_folders(struct recorder *rec, const char *folder, const char *kind,
        const char *beginning) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list_below(rec, folder, kind, &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *path = NULL;

                if (strncmp(names.names[i], beginning, strlen(beginning)) != 0)
                        continue;
                if (asprintf(&path, "%s/%s/%s", folder, kind, names.names[i]) < 0)
                        return -ENOMEM;
                r = snapshot_add_dir(rec->snapshot, path);
        }
        return r;
}

/* The disks of NVMe controllers are folders of these. */
static int record_controllers(struct recorder *rec, const char *function) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list_below(rec, function, "nvme", &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *name = NULL;

                if (asprintf(&name, "nvme/%s", names.names[i]) < 0)
                        return -ENOMEM;
                r = record_folders(rec, function, name, "nvme");
        }
        return r;
}

/* What a PCI function is to the system: its driver, its disks and interfaces. */
static int record_function(struct recorder *rec, const char *function) {
        _cleanup_(freep) char *link = NULL, *driver = NULL;
        int r = snapshot_add_dir(rec->snapshot, function);

        link = path_join(function, "driver");
        if (!link)
                return -ENOMEM;
        if (r == 0)
                r = record_link(rec, link, &driver);
        if (r == 0)
                r = record_folders(rec, function, "block", "");
        if (r == 0)
                r = record_controllers(rec, function);
        return r < 0 ? r : record_folders(rec, function, "net", "");
}

/* "pci1234:00" holds "1234:00:02.0" and so on. */
static int record_functions(struct recorder *rec, const char *bus) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list(rec, bus, &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *path = NULL;

                if (!path_is_pci_function(names.names[i]))
                        continue;
                path = path_join(bus, names.names[i]);
                if (!path)
                        return -ENOMEM;
                r = record_function(rec, path);
        }
        return r;
}

/* What a device is to the system: interfaces, and buses with functions of their own. */
static int record_uses(struct recorder *rec, const char *device) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list(rec, device, &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *bus = NULL;

                if (strcmp(names.names[i], "net") == 0)
                        r = record_folders(rec, device, "net", "");
                if (strncmp(names.names[i], "pci", 3) != 0)
                        continue;
                bus = path_join(device, names.names[i]);
                if (!bus)
                        return -ENOMEM;
                r = record_functions(rec, bus);
        }
        return r;
}

/* As little as a first decision can do with: the class is in modalias, or on odd systems in class_id alone.
 */
static int record_least(struct recorder *rec, const char *device) {
        size_t first = rec->snapshot->n_entries;
        _cleanup_(freep) char *modalias = NULL;
        int r = record_below(rec, device, "id");

        modalias = path_join(device, "modalias");
        if (!modalias)
                return -ENOMEM;
        if (r == 0)
                r = record_file(rec, modalias);
        return r < 0 || record_find(rec, first, modalias) ? r : record_below(rec, device, "class_id");
}

/*
 * In a snapshot for decisions never driver_override: on some kernels its reader waits for whoever unbinds
 * the device.
 */
static int record_own_attributes(struct recorder *rec, const char *device) {
        static const char *const decisions[] = { "class_id", "id", "device_id", "modalias", "vendor",
                "device" };
        int r = 0;

        if (rec->options->scope == SNAPSHOT_SCOPE_EVERYTHING)
                return record_attributes(rec, device);
        if (rec->options->scope == SNAPSHOT_SCOPE_FIRST_DECISION)
                return record_least(rec, device);
        for (size_t i = 0; i < N_NAMES(decisions) && r == 0; i++)
                r = record_below(rec, device, decisions[i]);
        return r;
}

static int record_contents(struct recorder *rec, const char *device, uint64_t inode) {
        _cleanup_(freep) char *driver = NULL, *target = NULL;
        int r = snapshot_add_dir(rec->snapshot, device);

        driver = path_join(device, "driver");
        if (!driver)
                return -ENOMEM;
        if (r == 0) {
                rec->snapshot->entries[rec->snapshot->n_entries - 1].inode = inode;
                r = record_own_attributes(rec, device);
        }
        if (r == 0)
                r = record_link(rec, driver, &target);
        if (r == 0)
                r = record_channels(rec, device);
        return r < 0 ? r : record_uses(rec, device);
}

/* Reads an attribute again; one that differs becomes an error. */
static int recheck(struct recorder *rec, const char *path, size_t first, bool *ret_changed) {
        struct snapshot_entry *e = record_find(rec, first, path);
        _cleanup_(freep) char *bytes = NULL;
        size_t size;
        int r;

        if (!e || e->kind != SNAPSHOT_FILE)
                return 0;
        r = sysroot_read(rec->root, path, SYSFS_TEXT_MAX, &bytes, &size);
        if (r == -ENOMEM)
                return r;
        if (r == 0 && size == e->size && memcmp(bytes, e->value, size) == 0)
                return 0;
        *ret_changed = true;
        free(e->value);
        *e = (struct snapshot_entry){ .kind = SNAPSHOT_ERROR, .path = e->path, .error = EAGAIN };
        return 0;
}

/* What the identity was for a moment is not what the device is. */
static int recheck_identity(struct recorder *rec, const char *device, size_t first, bool *ret_changed) {
        _cleanup_(freep) char *modalias = NULL;
        size_t n = N_NAMES(identity);
        int r = 0;

        modalias = path_join(device, "modalias");
        if (!modalias)
                return -ENOMEM;
        if (record_find(rec, first, modalias))
                n--; /* without class_id */
        for (size_t i = 0; i < n && r == 0; i++) {
                _cleanup_(freep) char *path = NULL;

                path = path_join(device, identity[i]);
                r = path ? recheck(rec, path, first, ret_changed) : -ENOMEM;
        }
        return r;
}

/*
 * What a link of the bus leads to, NULL when it could not be read, which is recorded then. The caller frees
 * it.
 */
static int record_device_link(struct recorder *rec, const char *link, char **ret) {
        size_t before = rec->snapshot->n_entries;
        _cleanup_(freep) char *device = NULL;
        int r = record_link(rec, link, &device);

        if (r == 0 && !device && rec->snapshot->n_entries == before) {
                device = strdup(link); /* no link, although the kernel makes one: then the folder itself */
                r = device ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;
        *ret = TAKE(device);
        return 0;
}

/* What is to be recorded is in the folder that it has now: there are some twenty lookups in it. */
static int hold_device(struct recorder *rec, const char *device, struct stat *ret) {
        if (sysroot_hold(rec->root, device) >= 0)
                return sysroot_stat_held(rec->root, ret);
        return sysroot_stat(rec->root, device, ret); /* what cannot be held is looked up by its path */
}

/*
 * Records what is in the folder of a device; whole: all of it is of one object, which was there the whole
 * time. -ENOENT when it went, which is no failure of ours.
 */
static int record_object(struct recorder *rec, const char *device, size_t first, bool *ret_whole,
        bool *ret_changed) {
        _cleanup_(sysroot_releasep) struct sysroot *held = rec->root;
        struct stat before, after;
        int r = hold_device(rec, device, &before);

        if (record_is_gone(r))
                return -ENOENT;
        if (r < 0) {
                *ret_whole = true; /* out of reach: the link alone stands for it */
                return 0;
        }
        r = record_contents(rec, device, before.st_ino);
        if (r == 0 && rec->options->scope != SNAPSHOT_SCOPE_FIRST_DECISION) /* which the next look checks */
                r = recheck_identity(rec, device, first, ret_changed);
        if (r < 0)
                return r;
        if (sysroot_stat(held, device, &after) < 0)
                return -ENOENT;
        *ret_whole = before.st_ino == after.st_ino;
        return 0;
}

/* One device that was there when the folder was listed. */
int record_device(struct recorder *rec, const char *name) {
        size_t first = rec->snapshot->n_entries;
        _cleanup_(freep) char *link = NULL;

        if (asprintf(&link, DEVICES "/%s", name) < 0)
                return -ENOMEM;
        for (unsigned attempt = 1; attempt <= ATTEMPTS; attempt++) {
                _cleanup_(freep) char *device = NULL;
                bool whole = false, changed = false;
                int r;

                snapshot_forget_entries(rec->snapshot, first);
                r = record_device_link(rec, link, &device);
                if (r < 0 || !device)
                        return r;
                r = record_object(rec, device, first, &whole, &changed);
                if (r == -ENOENT)
                        break;
                if (r < 0)
                        return r;
                if (whole && (!changed || attempt == ATTEMPTS))
                        return 0;
        }
        snapshot_forget_entries(rec->snapshot, first);
        return 0;
}

/* Where a device could be bound to: for a simulator, and for a reader. */
static int record_drivers(struct recorder *rec) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = list(rec, DRIVERS, &names);

        for (size_t i = 0; i < names.n && r == 0; i++) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, DRIVERS "/%s", names.names[i]) < 0)
                        return -ENOMEM;
                r = snapshot_add_dir(rec->snapshot, path);
        }
        return r;
}

int record_devices(struct recorder *rec, struct diag *d) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        int r = sysroot_list(rec->root, DEVICES, &names);

        if (r == -ENOENT) {
                struct stat st;

                if (sysroot_stat(rec->root, "sys/bus/vmbus", &st) == -ENOENT)
                        return 0;
        }
        if (r < 0)
                return diag_errno(d, r, DEVICES);
        for (size_t i = 0; i < names.n; i++) {
                r = record_device(rec, names.names[i]);
                if (r < 0)
                        return r;
        }
        return rec->options->scope == SNAPSHOT_SCOPE_EVERYTHING ? record_drivers(rec) : 0;
}
