/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way to a verdict, as JSON: what the daemon answers to Explain and what cvmctl prints. */
#include <json-c/json_object.h>

#include "lib/policy/evaluation.h"

/*
 * For device i of g: facts with their sources; each rule tried with why it did not match; the rule that
 * decided with file:line; the kernel's own view; dependents; verdict; what would change it. The keys are
 * listed in explain.c. The caller puts *ret. -ENOMEM.
 */
int explain_device(const struct policy *p, const struct guest *g, const struct evaluation *e, size_t i,
        enum verdict verdict, struct json_object **ret);

/* Why rule r does not match: "class network is not one of scsi, ide" into buffer; false when it matches. */
bool explain_mismatch(const struct policy_rule *r, const struct guest *g, const struct device *d,
        char *buffer, size_t size);
