/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd says of the guest to a relying party, as canonical JSON (RFC 8785): what is isolated and how,
 * the devices with facts and verdicts, which policy was in force, who asked. These bytes are hashed into the
 * binding and travel as they are. Nothing in them is proved by the hardware: "self-asserted" says so.
 *
 * Times are microseconds; "time-usec" of CLOCK_REALTIME, all others since boot (CLOCK_BOOTTIME). What is not
 * known is null. A device's dependents are left out: they name mounts, and whoever asks for evidence need
 * not be root.
 */
#include "lib/enforce/exposure.h"
#include "lib/policy/evaluation.h"

struct claims_device {
        enum verdict verdict;
        const char *reason;
        const struct exposure *exposure; /* NULL: not known */
};

/* All borrowed. */
struct claims {
        const struct guest *guest;
        const struct policy *policy;
        const struct evaluation *evaluation;
        const struct claims_device *devices; /* one for each device of the guest, same index */
        const struct hand_decision
                *by_hand; /* until the next boot; those that last are rules of the policy */
        size_t n_by_hand;
        enum guest_state state;
        enum gate_state gate;
        uint64_t log_sequence; /* of the decision log's last line */
        struct digest log_head;
        const char *boot_id;                 /* NULL: not known */
        uint64_t time_usec, since_boot_usec; /* when this is said */
        const char *version, *kernel;        /* of cvmd; of the kernel, NULL: not known */
        uint32_t caller_uid;
        const char *caller_unit; /* of systemd's; NULL: none */
};

/* The caller frees *ret. -ENOMEM; -EILSEQ for a text that is no UTF-8, -ERANGE for a time beyond 2^53. */
int claims_format(const struct claims *c, char **ret);
