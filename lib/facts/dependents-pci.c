/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hv_pci makes a root bus below its device: all that is on it goes with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/dependents-private.h"
#include "lib/facts/link-path.h"

struct below {
        const struct snapshot *snapshot;
        struct device *device;
        const char *folder;
        const char *function; /* its address */
        enum dependent_kind kind;
};

static int add_named(const char *name, const struct snapshot_entry *e, void *data) {
        const struct below *in = data;

        return dependent_add(in->device, in->kind, name, in->function);
}

/* Everything in one folder of a function is of one kind. */
static int add_all(const struct below *in, const char *folder, enum dependent_kind kind) {
        struct below all = *in;
        _cleanup_(freep) char *path = NULL;

        path = path_join(in->folder, folder);
        if (!path)
                return -ENOMEM;
        all.kind = kind;
        return snapshot_each_child(in->snapshot, path, add_named, &all);
}

/* "nvme0" holds its disks, beside much else. */
static int add_namespace(const char *name, const struct snapshot_entry *e, void *data) {
        return strncmp(name, "nvme", strlen("nvme")) == 0 ? add_named(name, e, data) : 0;
}

static int add_controller(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/nvme/%s", in.folder, name) < 0)
                return -ENOMEM;
        in.kind = DEPENDENT_BLOCK;
        return snapshot_each_child(in.snapshot, path, add_namespace, &in);
}

static int add_disks(struct below *in) {
        _cleanup_(freep) char *nvme = NULL;
        int r = add_all(in, "block", DEPENDENT_BLOCK);

        if (r < 0)
                return r;
        nvme = path_join(in->folder, "nvme");
        if (!nvme)
                return -ENOMEM;
        return snapshot_each_child(in->snapshot, nvme, add_controller, in);
}

static int add_driver(const struct below *in) {
        _cleanup_(freep) char *link = NULL;
        const struct snapshot_entry *e;

        link = path_join(in->folder, "driver");
        if (!link)
                return -ENOMEM;
        e = snapshot_find(in->snapshot, link);
        if (!e || e->kind != SNAPSHOT_SYMLINK)
                return 0;
        return dependent_add(in->device, DEPENDENT_DRIVER, path_name(e->value), in->function);
}

static int add_function(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;
        _cleanup_(freep) char *path = NULL;
        int r = dependent_add(in.device, DEPENDENT_PCI, name, NULL);

        if (r < 0)
                return r;
        path = path_join(in.folder, name);
        if (!path)
                return -ENOMEM;
        in.folder = path;
        in.function = name;
        r = add_driver(&in);
        if (r == 0)
                r = add_disks(&in);
        return r < 0 ? r : add_all(&in, "net", DEPENDENT_NETWORK);
}

/* "pci1234:00", the root bus that hv_pci made. */
static int add_bus(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;
        _cleanup_(freep) char *bus = NULL;

        if (strncmp(name, "pci", strlen("pci")) != 0)
                return 0;
        bus = path_join(in.folder, name);
        if (!bus)
                return -ENOMEM;
        in.folder = bus;
        return snapshot_each_child(in.snapshot, bus, add_function, &in);
}

int dependents_eval_pci(const struct snapshot *s, struct guest *g) {
        int r = 0;

        for (size_t i = 0; i < g->n_devices && r == 0; i++) {
                struct below in = { .snapshot = s, .device = &g->devices[i], .folder = g->devices[i].path };

                r = snapshot_each_child(s, in.folder, add_bus, &in);
        }
        return r;
}
