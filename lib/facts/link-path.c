/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders of sysfs are no links themselves, so that ".." is what it says and no file system needs to be
 * asked.
 */
#include "lib/facts/link-path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* Appends the components of text to the path of n bytes at out, which has room; returns its new length. */
static size_t append(char *out, size_t n, const char *text) {
        while (*text) {
                size_t length = strcspn(text, "/");

                if (length == 2 && text[0] == '.' && text[1] == '.') {
                        while (n > 0 && out[--n] != '/')
                                ;
                } else if (length > 0 && !(length == 1 && text[0] == '.')) {
                        if (n > 0)
                                out[n++] = '/';
                        memcpy(out + n, text, length);
                        n += length;
                }
                text += length;
                if (*text == '/')
                        text++;
        }
        return n;
}

int link_resolve(const char *link_path, const char *target, char **ret) {
        _cleanup_(freep) char *folder = strdup(link_path), *path = NULL;
        char *slash;
        size_t n = 0;

        path = malloc(strlen(link_path) + strlen(target) + 2);
        if (!folder || !path)
                return -ENOMEM;
        slash = strrchr(folder, '/');
        if (slash && target[0] != '/') {
                *slash = 0;
                n = append(path, n, folder);
        }
        n = append(path, n, target);
        path[n] = 0;
        *ret = TAKE(path);
        return 0;
}

bool link_is_contained(const char *link_path, const char *target) {
        size_t depth = 0;
        bool climbing = true;

        if (*target == '/')
                return false;
        for (; *link_path; link_path++)
                if (*link_path == '/')
                        depth++;
        for (const char *at = target; *at;) {
                size_t length = strcspn(at, "/");

                if (length == 2 && at[0] == '.' && at[1] == '.') {
                        if (!climbing || depth == 0)
                                return false;
                        depth--;
                } else
                        climbing = false;
                at += length;
                if (*at == '/')
                        at++;
        }
        return true;
}

bool path_is_within(const char *path, const char *folder) {
        size_t n = strlen(folder);

        return strncmp(path, folder, n) == 0 && (path[n] == 0 || path[n] == '/');
}

int path_step_below(const char *path, const char *folder, char **ret) {
        char *step = NULL;

        if (path_is_within(path, folder) && strlen(path) > strlen(folder)) {
                const char *below = path + strlen(folder) + 1;

                step = strndup(path, (size_t)(below - path) + strcspn(below, "/"));
                if (!step)
                        return -ENOMEM;
        }
        *ret = step;
        return 0;
}

bool path_is_pci_function(const char *path) {
        unsigned domain, bus, slot, function;
        int n = 0;

        return sscanf(path_name(path), "%x:%x:%x.%u%n", &domain, &bus, &slot, &function, &n) == 4 &&
                !path_name(path)[n];
}

/* By hand: a guest has thousands of paths, and each is judged anew at every look. */
char *path_join(const char *folder, const char *name) {
        char *path = malloc(strlen(folder) + 1 + strlen(name) + 1), *at;

        if (!path)
                return NULL;
        at = stpcpy(path, folder);
        *at++ = '/';
        stpcpy(at, name);
        return path;
}

const char *path_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}
