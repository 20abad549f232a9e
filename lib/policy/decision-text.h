/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who decided, in the words of every output: D-Bus, journal, decision log, cvmctl. */
#include "lib/policy/evaluation.h"

/* The id of the rule; "(default)", "(by-hand)", "(not-applicable)" or "(outside)" when no rule decided.
 * Borrowed. */
const char *decision_rule_text(const struct decision *d);

/* file:line:column into a new string that the caller frees; "built in" without a file. -ENOMEM. */
int policy_origin_format(const struct policy_origin *o, char **ret);
