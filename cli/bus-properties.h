/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading a{sv} into a struct by a table. */
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

struct property {
        const char *name;
        const char *type; /* s: char *, u: uint32_t, t: uint64_t, b: bool, as: char ** (NULL-terminated);
                             others by read */
        size_t offset;    /* in the struct */
        int (*read)(sd_bus_message *m, void *field); /* NULL: by type */
};

/*
 * Reads one a{sv}. Strings are copies that the struct owns; a field is replaced only once its value was
 * read. Properties that the table does not name are passed over; one that is missing is -ENXIO.
 */
int properties_read(sd_bus_message *m, const struct property *table, size_t n, void *ret);
