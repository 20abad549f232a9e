/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which files the folders of policies hold, and which of two with one name counts. */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/cleanup.h"
#include "lib/policy/policy-file.h"

#define POLICY_SUFFIX ".json"
#define N_POLICY_FOLDERS 3

/* In the order of precedence, as messages and origins name them; below a sysroot they have no slash. */
extern const char *const policy_folders[N_POLICY_FOLDERS];

struct policy_found {
        char *name;  /* "90-default.json": what is sorted by and replaced */
        char *path;  /* within the root */
        size_t rank; /* of the folder */
};

struct policy_found_list {
        struct policy_found *found;
        size_t n;
};

void policy_found_done(struct policy_found_list *l);

/* A name that ends like a policy's, and is not hidden. */
bool policy_is_name(const char *name);

/* Those of the names in that folder which are policies'. -ENOMEM. */
int policy_found_add(struct policy_found_list *l, size_t rank, char *const *names, size_t n);

/* The list as it will be: with the file of the change, or without it. -EINVAL: in none of the folders. */
int policy_found_change(struct policy_found_list *l, const struct policy_change *change);

/* By name; of those with one name the one that counts comes first. */
void policy_found_sort(struct policy_found_list *l);
