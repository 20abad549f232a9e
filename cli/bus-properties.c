/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that the fields of a view and the properties of the contract stand side by side, and nowhere else. */
#include "cli/bus-properties.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"

static int read_string(sd_bus_message *m, char **field) {
        const char *text;
        char *copy;
        int r = sd_bus_message_read_basic(m, 's', &text);

        if (r < 0)
                return r;
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

static int read_strings(sd_bus_message *m, char ***field) {
        char **list;
        int r = sd_bus_message_read_strv(m, &list);

        if (r < 0)
                return r;
        for (char **s = *field; s && *s; s++)
                free(*s);
        free(*field);
        *field = list;
        return 0;
}

static int read_flag(sd_bus_message *m, bool *field) {
        int flag, r = sd_bus_message_read_basic(m, 'b', &flag);

        if (r >= 0)
                *field = flag;
        return r;
}

/* The content of the variant that was entered. */
static int read_value(sd_bus_message *m, const struct property *p, void *field) {
        if (p->read)
                return p->read(m, field);
        switch (p->type[0]) {
        case 's':
                return read_string(m, field);
        case 'a':
                return read_strings(m, field);
        case 'b':
                return read_flag(m, field);
        default:
                return sd_bus_message_read_basic(m, p->type[0], field);
        }
}

/* One {sv}; says which row it was in *ret_row, n for none. */
static int read_entry(sd_bus_message *m, const struct property *table, size_t n, void *object,
        size_t *ret_row) {
        const char *name;
        size_t i = 0;
        int r = sd_bus_message_read_basic(m, 's', &name);

        if (r < 0)
                return r;
        while (i < n && strcmp(table[i].name, name) != 0)
                i++;
        *ret_row = i;
        if (i == n)
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_enter_container(m, 'v', table[i].type);
        if (r >= 0)
                r = read_value(m, &table[i], (char *)object + table[i].offset);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r;
}

int properties_read(sd_bus_message *m, const struct property *table, size_t n, void *ret) {
        uint64_t seen = 0; /* no table is longer than 64 rows */
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                size_t row;

                r = read_entry(m, table, n, ret, &row);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
                if (row < n)
                        seen |= UINT64_C(1) << row;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        return seen == (UINT64_C(1) << n) - 1 ? 0 : -ENXIO;
}
