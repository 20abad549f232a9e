/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that make a policy share; nobody outside of lib/policy includes it. */
#include "lib/policy/policy-file.h"

void policy_words_done(struct policy_words *w);
void policy_rule_done(struct policy_rule *r);

/*
 * Reads the text into p, behind what is there: rules are appended, a setting that p has already stays. What
 * is wrong goes to problems, in which case p is of no use. -ENOMEM.
 */
int policy_read_text(struct policy *p, const char *name, const char *text, size_t n,
        struct policy_problems *problems);

/* Puts a later file behind what p has, and takes from it what it needs. -ENOMEM. */
int policy_merge(struct policy *p, struct policy *file);

/* Once all files are read: what no file says, what only shows over the whole, matchers and digest. */
int policy_finish(struct policy *p, struct policy_problems *problems);

/* Which file of the load it was, as an index; n_files for what no file said. */
size_t policy_file_order(const struct policy *p, const struct policy_origin *o);
