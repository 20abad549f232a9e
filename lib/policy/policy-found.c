/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/policy/policy-found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const policy_folders[N_POLICY_FOLDERS] = {
        "/etc/cvmd/policy.d",
        "/run/cvmd/policy.d",
        "/usr/lib/cvmd/policy.d",
};

static void found_free(struct policy_found *f) {
        free(f->name);
        free(f->path);
}

void policy_found_done(struct policy_found_list *l) {
        for (size_t i = 0; i < l->n; i++)
                found_free(&l->found[i]);
        free(l->found);
        *l = (struct policy_found_list){};
}

bool policy_is_name(const char *name) {
        size_t n = strlen(name), suffix = strlen(POLICY_SUFFIX);

        return name[0] != '.' && n > suffix && strcmp(name + n - suffix, POLICY_SUFFIX) == 0;
}

static int add(struct policy_found_list *l, size_t rank, const char *name) {
        _cleanup_(freep) char *copy = strdup(name), *path = NULL;
        struct policy_found *bigger = reallocarray(l->found, l->n + 1, sizeof(*bigger));

        if (bigger)
                l->found = bigger;
        if (asprintf(&path, "%s/%s", policy_folders[rank], name) < 0)
                path = NULL;
        if (!bigger || !copy || !path)
                return -ENOMEM;
        l->found[l->n++] = (struct policy_found){ .name = TAKE(copy), .path = TAKE(path), .rank = rank };
        return 0;
}

int policy_found_add(struct policy_found_list *l, size_t rank, char *const *names, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                if (policy_is_name(names[i]))
                        r = add(l, rank, names[i]);
        return r;
}

/* N_POLICY_FOLDERS for none of them. */
static size_t folder_of(const char *path, const char *name) {
        size_t rank = 0, n = (size_t)(name - 1 - path);

        while (rank < N_POLICY_FOLDERS &&
                (strlen(policy_folders[rank]) != n || strncmp(policy_folders[rank], path, n) != 0))
                rank++;
        return rank;
}

int policy_found_change(struct policy_found_list *l, const struct policy_change *change) {
        const char *slash = strrchr(change->path, '/');
        size_t rank = slash ? folder_of(change->path, slash + 1) : N_POLICY_FOLDERS, kept = 0;

        if (rank == N_POLICY_FOLDERS)
                return -EINVAL;
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->found[i].path, change->path) == 0)
                        found_free(&l->found[i]);
                else
                        l->found[kept++] = l->found[i];
        l->n = kept;
        return change->text ? add(l, rank, slash + 1) : 0;
}

static int compare(const void *a, const void *b) {
        const struct policy_found *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : x->rank < y->rank ? -1 : x->rank > y->rank;
}

void policy_found_sort(struct policy_found_list *l) {
        if (l->n > 1)
                qsort(l->found, l->n, sizeof(*l->found), compare);
}
