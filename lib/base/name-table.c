/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that every enum prints and parses the same way. */
#include "lib/base/name-table.h"

#include <errno.h>
#include <string.h>

const char *name_of(const char *const *table, size_t n, unsigned value) {
        return value < n && table[value] ? table[value] : "?";
}

int name_find(const char *const *table, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (table[i] && strcmp(table[i], word) == 0)
                        return (int)i;
        return -EBADMSG;
}
