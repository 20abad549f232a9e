/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Objects read by a table of their keys. */
#include "lib/policy/policy-words.h"

struct object_key {
        const char *name;
        void (*read)(struct reader *r, const struct json_node *value, void *into);
        size_t offset; /* of what `into` points at, in what the table is for */
};

/* Gives each member to its row; what is no object, and a key that has no row, is complained about. */
void read_object(struct reader *r, const struct json_node *value, const struct object_key *keys, size_t n,
        void *into);
