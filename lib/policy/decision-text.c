/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that a rule is called the same on the bus, in the journal and on a terminal. */
#include "lib/policy/decision-text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/name-table.h"

static const char *const origins[] = {
        [DECIDED_BY_NOTHING] = "(nothing)",
        [DECIDED_BY_RULE] = "(rule)",
        [DECIDED_BY_DEFAULT] = "(default)",
        [DECIDED_BY_HAND] = "(by-hand)",
        [DECIDED_BY_HAND_PERMANENT] = "(by-hand-permanent)",
        [DECIDED_NOT_APPLICABLE] = "(not-applicable)",
        [DECIDED_OUTSIDE] = "(outside)",
};
_Static_assert(N_NAMES(origins) == _DECISION_ORIGIN_MAX, "every origin has a name");

const char *decision_rule_text(const struct decision *d) {
        if (d->origin == DECIDED_BY_RULE && d->rule->id)
                return d->rule->id;
        return name_of(origins, N_NAMES(origins), d->origin);
}

int policy_origin_format(const struct policy_origin *o, char **ret) {
        char *text;

        if (!o->file)
                text = strdup("built in");
        else if (asprintf(&text, "%s:%u:%u", o->file, o->line, o->column) < 0)
                text = NULL;
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}
