/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager's part of evidence: everything is there already, in the picture that everybody is shown. */
#include "daemon/claims.h"

#include <errno.h>
#include <time.h>

#include "daemon/manager-private.h"
#include "lib/claims/claims.h"
#include "version.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"
#define KERNEL_FILE "proc/sys/kernel/osrelease"

static struct claims_device *devices_of(const struct picture *p) {
        struct claims_device *devices = calloc(p->guest->n_devices + 1, sizeof(*devices));

        for (size_t i = 0; devices && i < p->guest->n_devices; i++)
                devices[i] = (struct claims_device){
                        .verdict = p->devices[i].verdict,
                        .reason = p->devices[i].reason,
                        .exposure = &p->devices[i].exposure,
                };
        return devices;
}

int manager_claims(const struct manager *m, const struct claims_caller *caller, char **ret,
        uint64_t *ret_sequence, struct diag *d) {
        _cleanup_(freep) struct claims_device *devices = devices_of(m->picture);
        _cleanup_(freep) char *boot_id = NULL, *kernel = NULL;
        const struct picture *p = m->picture;
        int r;

        if (!devices)
                return diag_errno(d, -ENOMEM, "claims");
        (void)sysroot_read_line(m->o.root, BOOT_ID_FILE, &boot_id);
        (void)sysroot_read_line(m->o.root, KERNEL_FILE, &kernel);
        const struct claims c = {
                .guest = p->guest,
                .policy = p->policy,
                .evaluation = p->evaluation,
                .devices = devices,
                .by_hand = m->by_hand,
                .n_by_hand = m->n_by_hand,
                .state = p->state,
                .gate = p->gate,
                .log_sequence = decision_log_sequence(m->log),
                .log_head = decision_log_head(m->log),
                .boot_id = boot_id,
                .time_usec = announce_time_usec(),
                .since_boot_usec = now_usec(CLOCK_BOOTTIME),
                .version = CVMD_VERSION,
                .kernel = kernel,
                .caller_uid = caller->uid,
                .caller_unit = caller->unit,
        };
        r = claims_format(&c, ret);
        if (r < 0)
                return diag_errno(d, r, "claims");
        *ret_sequence = c.log_sequence;
        return 0;
}

uint64_t manager_log_sequence(const struct manager *m) {
        return decision_log_sequence(m->log);
}
