/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tests of policies: finding their files, and running each with the guest and the policy that it names. */
#include "lib/facts/guest.h"
#include "lib/policy/policy-case.h"

enum case_outcome {
        CASE_AS_EXPECTED = 1,
        CASE_DIFFERS,
        CASE_BROKEN, /* it, its snapshot or its policy cannot be read: nothing is known */
        _CASE_OUTCOME_MAX,
};

struct case_report {
        char *name; /* of the file, as found */
        enum case_outcome outcome;
        struct policy_case *c;           /* NULL when it could not be read */
        struct guest *guest;             /* likewise; the findings borrow from both */
        struct case_result result;       /* empty unless it differs */
        struct policy_problems problems; /* when it is broken: all of them */
};

/* Zero-initialised is empty. */
struct case_reports {
        struct case_report *reports;
        size_t n;
};

const char *case_outcome_to_string(enum case_outcome o); /* as-expected differs broken */

/*
 * Adds what path names, one without an outcome for each: a file, or all files below a folder that are called
 * case.json or *.case.json, sorted. What cannot be looked at is added as broken. -ENOMEM.
 */
int case_find(const char *path, struct case_reports *reports);

/* Runs one that has no outcome yet. -ENOMEM: everything else is an outcome. */
int case_run(struct case_report *report);

size_t case_count(const struct case_reports *reports, enum case_outcome o);
void case_reports_done(struct case_reports *reports);
