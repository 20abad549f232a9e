/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way to a verdict, as JSON: what the daemon answers to Explain and what cvmctl prints. */
#include <json-c/json_object.h>

#include "lib/policy/evaluation.h"

/*
 * For device i of g; all keys are always there, null where there is nothing. The caller puts *ret. -ENOMEM.
 *   "device":   {"instance","class","relid","vendor","device" ("0x1414"),"driver" (bound),"candidate",
 *                "bound","driver-override","kernel-allowed","hvsock","ring","dma","source","problem"}
 *   "channels": [{"relid","sub","ring","dma","source"}]   "dependents": [{"kind","name","through"}]
 *   "guest":    {"isolation","paravisor","source","consistent","applies","expected","unexpected"}
 *   "mode", "mode-overridden"
 *   "tried":    [{"rule","origin","mismatch"}], the rules that came before the one that decided, in order
 *   "decision": {"rule" (id, or "(default)" ...),"origin","labels": ["..."],"action","violates","reason",
 *                "protected-by": {"kind","name","through"}}
 *   "verdict"
 *   "enforcement": null, see below
 *   "would-change": ["..."], sentences for a person
 * Whoever answers adds "times" and "exposure" (lib/enforce/exposure-json.h), null where nothing is known.
 */
int explain_device(const struct policy *p, const struct guest *g, const struct evaluation *e, size_t i,
        enum verdict verdict, struct json_object **ret);

/* What was done about a device, as it was found when it was read again. */
struct explain_enforcement {
        enum enforcement state;
        bool noted;          /* the override that stood there before is noted, to be restored */
        unsigned rebounds;   /* how often somebody bound it while it was blocked */
        const char *problem; /* of the last action, NULL or "": none */
};

/*
 * For whoever enforces: "enforcement": {"state" (none, pending, blocked, released, failed),"override-noted",
 * "rebounds","problem"} in the place of null. -ENOMEM.
 */
int explain_add_enforcement(struct json_object *explanation, const struct explain_enforcement *e);

/* Why rule r does not match: "class network is not one of scsi, ide" into buffer; false when it matches. */
bool explain_mismatch(const struct policy_rule *r, const struct guest *g, const struct device *d,
        char *buffer, size_t size);
