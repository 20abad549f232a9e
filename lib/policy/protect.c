/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A path is protected on the device whose mount it lies in: /usr is part of the root disk where it has no
 * mount of its own. In an initrd the system to come is mounted at /sysroot.
 */
#include "lib/policy/protect.h"

#include <string.h>

#include "lib/base/name-table.h"

#define LAST_NETWORK "last-network"

static const struct {
        const char *word;
        const char *path;      /* the mount that holds it, NULL: none */
        const char *mounts[2]; /* and mount points that count where they exist */
        bool any_mount, swap;
} words[] = {
        { "root", "/", { "/sysroot" }, false, false }, { "usr", "/usr", { "/sysroot/usr" }, false, false },
        { "boot", "/boot", { "/boot/efi", "/efi" }, false, false }, { "swap", NULL, {}, false, true },
        { "mounted", NULL, {}, true, false },
        { LAST_NETWORK, NULL, {}, false, false }, /* see protect_last_network() */
};
_Static_assert(N_NAMES(words) < PROTECT_WORDS_MAX, "the words fit where they are listed");

const char *protect_word_at(size_t i) {
        return i < N_NAMES(words) ? words[i].word : NULL;
}

static const struct policy_words *protection_of(const struct policy *p, const struct decision *d) {
        return d->rule && d->rule->has_protect ? &d->rule->protect : &p->protect;
}

static bool holds(const struct policy_words *list, const char *word) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->words[i], word) == 0)
                        return true;
        return false;
}

size_t protect_covered(const char *mount, const char *path) {
        size_t n = strlen(mount);

        if (strncmp(mount, path, n) != 0)
                return 0;
        return n == 1 || path[n] == 0 || path[n] == '/' ? n : 0;
}

/* The mount of d that covers most of the path, how much of it in *ret_covered. */
static const struct dependent *best_mount(const struct device *d, const char *path, size_t *ret_covered) {
        const struct dependent *best = NULL;

        *ret_covered = 0;
        for (size_t i = 0; i < d->n_dependents; i++) {
                size_t n = d->dependents[i].kind == DEPENDENT_MOUNT
                        ? protect_covered(d->dependents[i].name, path)
                        : 0;

                if (n > *ret_covered) {
                        *ret_covered = n;
                        best = &d->dependents[i];
                }
        }
        return best;
}

/* The mount of d that path lies in, unless another device has one closer to it. */
static const struct dependent *mount_of_path(const struct guest *g, const struct device *d,
        const char *path) {
        size_t mine, theirs;
        const struct dependent *best = best_mount(d, path, &mine);

        for (size_t i = 0; best && i < g->n_devices; i++)
                if (best_mount(&g->devices[i], path, &theirs) && theirs > mine)
                        return NULL;
        return best;
}

static const struct dependent *exact_mount(const struct device *d, const char *mount) {
        for (size_t i = 0; mount && i < d->n_dependents; i++)
                if (d->dependents[i].kind == DEPENDENT_MOUNT && strcmp(d->dependents[i].name, mount) == 0)
                        return &d->dependents[i];
        return NULL;
}

static const struct dependent *of_kind(const struct device *d, enum dependent_kind kind) {
        for (size_t i = 0; i < d->n_dependents; i++)
                if (d->dependents[i].kind == kind)
                        return &d->dependents[i];
        return NULL;
}

static const struct dependent *protected_by(const struct guest *g, const struct device *d,
        const char *word) {
        const struct dependent *found = NULL, *awaited = of_kind(d, DEPENDENT_AWAITED);

        /* nobody knows yet where the system to come is, nor what it will mount */
        if (awaited && strcmp(word, LAST_NETWORK) != 0)
                return awaited;
        if (word[0] == '/')
                return mount_of_path(g, d, word);
        for (size_t i = 0; i < N_NAMES(words); i++) {
                if (strcmp(words[i].word, word) != 0)
                        continue;
                if (words[i].path)
                        found = mount_of_path(g, d, words[i].path);
                for (size_t j = 0; !found && j < N_NAMES(words[i].mounts); j++)
                        found = exact_mount(d, words[i].mounts[j]);
                if (!found && words[i].any_mount)
                        found = of_kind(d, DEPENDENT_MOUNT);
                if (!found && words[i].swap)
                        found = of_kind(d, DEPENDENT_SWAP);
        }
        return found;
}

/* word: the one that facts fulfil; NULL for want of facts. */
static void protect(struct decision *d, const struct dependent *dependent, const char *word) {
        d->protected = true;
        d->dependent = dependent;
        d->protected_by = word;
}

static const struct dependent *default_route(const struct device *d) {
        const struct dependent *last = of_kind(d, DEPENDENT_LAST_ROUTE);

        return last ? last : of_kind(d, DEPENDENT_ROUTE);
}

/* An interface is a way out where a default route leads there; where there is no such route, each may be. */
static const struct dependent *way_out(const struct device *d, bool routed) {
        return routed ? default_route(d) : of_kind(d, DEPENDENT_NETWORK);
}

/* Of which nobody knows what is behind it, each may be the last way out, whatever the others are. */
static void protect_doubtful_networks(const struct policy *p, const struct guest *g,
        struct decision *decisions) {
        for (size_t i = 0; i < g->n_devices; i++)
                if (decisions[i].action == ACTION_BLOCK && !decisions[i].protected &&
                        g->devices[i].network_doubtful &&
                        holds(protection_of(p, &decisions[i]), LAST_NETWORK))
                        protect(&decisions[i], of_kind(&g->devices[i], DEPENDENT_NETWORK), NULL);
}

/* Where every way out would be blocked, those that are to be spared as the last ones are. */
static void protect_last_network(const struct policy *p, const struct guest *g, struct decision *decisions) {
        bool routed = false, doubtful = false;

        for (size_t i = 0; i < g->n_devices; i++) {
                routed |= default_route(&g->devices[i]) != NULL;
                doubtful |= g->devices[i].network_doubtful;
        }
        for (size_t i = 0; i < g->n_devices; i++)
                if (!g->devices[i].network_doubtful && way_out(&g->devices[i], routed) &&
                        (decisions[i].action != ACTION_BLOCK || decisions[i].protected))
                        return;
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct dependent *way = way_out(&g->devices[i], routed);

                if (way && decisions[i].action == ACTION_BLOCK && !decisions[i].protected &&
                        holds(protection_of(p, &decisions[i]), LAST_NETWORK))
                        protect(&decisions[i], way, doubtful ? NULL : LAST_NETWORK);
        }
}

static bool has_storage_word(const struct policy_words *list) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->words[i], LAST_NETWORK) != 0)
                        return true;
        return false;
}

void protect_decisions(const struct policy *p, const struct guest *g, struct decision *decisions) {
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct policy_words *list = protection_of(p, &decisions[i]);

                if (decisions[i].action != ACTION_BLOCK)
                        continue;
                for (size_t j = 0; !decisions[i].protected && j < list->n; j++) {
                        const struct dependent *found = protected_by(g, &g->devices[i], list->words[j]);

                        if (found)
                                protect(&decisions[i], found,
                                        found->kind == DEPENDENT_AWAITED ? NULL : list->words[j]);
                }
                if (!decisions[i].protected && g->devices[i].storage_doubtful && has_storage_word(list))
                        protect(&decisions[i], NULL, NULL);
        }
        protect_doubtful_networks(p, g, decisions);
        protect_last_network(p, g, decisions);
}

void protect_kept(const struct policy *p, const struct guest *g, const struct kept_protection *kept,
        struct decision *decisions) {
        const struct device *device = guest_find(g, &kept->instance);
        struct decision *d = device ? &decisions[device - g->devices] : NULL;

        if (!d || d->action != ACTION_BLOCK || d->protected || d->origin == DECIDED_BY_HAND ||
                !device->driver || !holds(protection_of(p, d), kept->word))
                return;
        protect(d, NULL, NULL);
        d->kept = true;
        d->kept_kind = kept->kind;
}
