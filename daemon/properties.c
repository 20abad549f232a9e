/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One reading of each property, for Get and for PropertiesChanged alike, so that the two cannot drift apart.
 */
#include "daemon/properties.h"

#include <errno.h>
#include <string.h>

static int append(const struct property *p, const struct property_object *o, sd_bus_message *reply) {
        char buffer[PROPERTY_TEXT_MAX];

        if (p->text)
                return sd_bus_message_append(reply, "s", p->text(o, buffer));
        if (p->flag)
                return sd_bus_message_append(reply, "b", (int)p->flag(o));
        if (p->number)
                return sd_bus_message_append(reply, "u", p->number(o));
        if (p->big)
                return sd_bus_message_append(reply, "t", p->big(o));
        return p->other.append(reply, o);
}

static bool same(const struct property *p, const struct property_object *a,
        const struct property_object *b) {
        char buffer_a[PROPERTY_TEXT_MAX], buffer_b[PROPERTY_TEXT_MAX];

        if (p->text)
                return strcmp(p->text(a, buffer_a), p->text(b, buffer_b)) == 0;
        if (p->flag)
                return p->flag(a) == p->flag(b);
        if (p->number)
                return p->number(a) == p->number(b);
        if (p->big)
                return p->big(a) == p->big(b);
        return p->other.same(a, b);
}

int property_append(const struct property *table, size_t n, const char *name,
        const struct property_object *o, sd_bus_message *reply) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i].name, name) == 0)
                        return append(&table[i], o, reply);
        return -ENOENT;
}

size_t properties_changed(const struct property *table, size_t n, const struct property_object *before,
        const struct property_object *after, char **ret) {
        size_t n_changed = 0;

        for (size_t i = 0; i < n; i++)
                if (!same(&table[i], before, after))
                        ret[n_changed++] =
                                (char *)table[i].name; /* sd-bus takes a strv, and does not write to it */
        ret[n_changed] = NULL;
        return n_changed;
}
