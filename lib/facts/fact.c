/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the facts, and the order of their strength. */
#include "lib/facts/fact.h"

#include "lib/base/name-table.h"

static const char *const tristates[] = {
        [TRISTATE_UNKNOWN] = "unknown",
        [TRISTATE_NO] = "no",
        [TRISTATE_YES] = "yes",
};
_Static_assert(N_NAMES(tristates) == _TRISTATE_MAX, "every tristate has a name");

static const char *const confidentialities[] = {
        [CONFIDENTIALITY_UNKNOWN] = "unknown",
        [CONFIDENTIALITY_PLAIN] = "plain",
        [CONFIDENTIALITY_CONFIDENTIAL] = "confidential",
};
_Static_assert(N_NAMES(confidentialities) == _CONFIDENTIALITY_MAX, "every confidentiality has a name");

static const char *const sources[] = {
        [FACT_SOURCE_NONE] = "none",
        [FACT_SOURCE_KERNEL_PROBE] = "kernel-probe",
        [FACT_SOURCE_BOOT_TRACE] = "boot-trace",
        [FACT_SOURCE_CONNECTION] = "connection",
};
_Static_assert(N_NAMES(sources) == _FACT_SOURCE_MAX, "every source has a name");

const char *tristate_to_string(enum tristate t) {
        return name_of(tristates, N_NAMES(tristates), t);
}

const char *confidentiality_to_string(enum confidentiality c) {
        return name_of(confidentialities, N_NAMES(confidentialities), c);
}

const char *fact_source_to_string(enum fact_source s) {
        return name_of(sources, N_NAMES(sources), s);
}

int tristate_from_string(const char *word) {
        return name_find(tristates, N_NAMES(tristates), word);
}

int fact_source_from_string(const char *word) {
        return name_find(sources, N_NAMES(sources), word);
}

enum confidentiality confidentiality_weakest(enum confidentiality a, enum confidentiality b) {
        if (a == CONFIDENTIALITY_PLAIN || b == CONFIDENTIALITY_PLAIN)
                return CONFIDENTIALITY_PLAIN;
        if (a == CONFIDENTIALITY_UNKNOWN || b == CONFIDENTIALITY_UNKNOWN)
                return CONFIDENTIALITY_UNKNOWN;
        return CONFIDENTIALITY_CONFIDENTIAL;
}
