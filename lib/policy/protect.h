/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What must not lose its driver: the words of `protect` against what hangs on the devices. */
#include "lib/policy/evaluation.h"

#define PROTECT_WORDS_MAX 16

/* The words besides absolute paths, NULL past the end. */
const char *protect_word_at(size_t i);

/*
 * Marks those of the blocks that are not to be done, and names what depends on them. Judged over the whole
 * set of decisions, so that their order cannot matter. decisions: one for each device of g.
 */
void protect_decisions(const struct policy *p, const struct guest *g, struct decision *decisions);

/*
 * Marks a block that is not to be done because something depended on its device until moments ago: not where
 * the policy no longer asks for that, an administrator blocks by hand, or there is no driver to lose.
 */
void protect_kept(const struct policy *p, const struct guest *g, const struct kept_protection *kept,
        struct decision *decisions);

/* How much of path the mount point covers; 0: it does not hold the path. */
size_t protect_covered(const char *mount, const char *path);
