/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * D-Bus properties as rows of a table, from which both come: the answer to Get, and which of them changed
 * between two pictures. What a row reads is an object: a picture, and for a device's properties the index of
 * the device.
 */
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "daemon/picture.h"

#define PROPERTY_TEXT_MAX 512

struct property_object {
        const struct picture *picture;
        size_t device;
};

/* Exactly one of the functions is set. */
struct property {
        const char *name;
        const char *(*text)(const struct property_object *o, char buffer[PROPERTY_TEXT_MAX]); /* s */
        bool (*flag)(const struct property_object *o);                                        /* b */
        uint32_t (*number)(const struct property_object *o);                                  /* u */
        uint64_t (*big)(const struct property_object *o);                                     /* t */
        struct {
                int (*append)(sd_bus_message *reply, const struct property_object *o);
                bool (*same)(const struct property_object *a, const struct property_object *b);
        } other;
};

/* Appends the value of the property of that name; -ENOENT when the table has none. */
int property_append(const struct property *table, size_t n, const char *name,
        const struct property_object *o, sd_bus_message *reply);

/* The names of those that differ, NULL-terminated, in *ret of n + 1 places; answers how many. */
size_t properties_changed(const struct property *table, size_t n, const struct property_object *before,
        const struct property_object *after, char **ret);
