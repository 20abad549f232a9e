/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hv_pci makes a root bus below its device: all that is on it goes with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/facts/dependents-private.h"
#include "lib/facts/link-path.h"

struct below {
        struct device *device;
        struct snapshot_folder folder;
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

        all.folder = snapshot_enter(&in->folder, folder);
        all.kind = kind;
        return snapshot_each_in(&all.folder, add_named, &all);
}

/* "nvme0" holds its disks, beside much else. */
static int add_namespace(const char *name, const struct snapshot_entry *e, void *data) {
        return strncmp(name, "nvme", strlen("nvme")) == 0 ? add_named(name, e, data) : 0;
}

static int add_controller(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;

        in.folder = snapshot_enter(&in.folder, name);
        in.kind = DEPENDENT_BLOCK;
        return snapshot_each_in(&in.folder, add_namespace, &in);
}

static int add_disks(const struct below *in) {
        struct below controllers = *in;
        int r = add_all(in, "block", DEPENDENT_BLOCK);

        if (r < 0)
                return r;
        controllers.folder = snapshot_enter(&in->folder, "nvme");
        return snapshot_each_in(&controllers.folder, add_controller, &controllers);
}

static int add_driver(const struct below *in) {
        const struct snapshot_entry *e = snapshot_find_in(&in->folder, "driver");

        if (!e || e->kind != SNAPSHOT_SYMLINK)
                return 0;
        return dependent_add(in->device, DEPENDENT_DRIVER, path_name(e->value), in->function);
}

static int add_function(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;
        int r = dependent_add(in.device, DEPENDENT_PCI, name, NULL);

        if (r < 0)
                return r;
        in.folder = snapshot_enter(&in.folder, name);
        in.function = name;
        r = add_driver(&in);
        if (r == 0)
                r = add_disks(&in);
        return r < 0 ? r : add_all(&in, "net", DEPENDENT_NETWORK);
}

/* "pci1234:00", the root bus that hv_pci made. */
static int add_bus(const char *name, const struct snapshot_entry *e, void *data) {
        struct below in = *(const struct below *)data;

        if (strncmp(name, "pci", strlen("pci")) != 0)
                return 0;
        in.folder = snapshot_enter(&in.folder, name);
        return snapshot_each_in(&in.folder, add_function, &in);
}

int dependents_eval_pci(const struct snapshot *s, struct guest *g) {
        const struct snapshot_folder root = snapshot_root(s);
        int r = 0;

        for (size_t i = 0; i < g->n_devices && r == 0; i++) {
                struct below in = {
                        .device = &g->devices[i],
                        .folder = snapshot_enter(&root, g->devices[i].path),
                };

                r = snapshot_each_in(&in.folder, add_bus, &in);
        }
        return r;
}
