/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is run at the end of each boot of a trial, while /var is still there. It asks no cvmd, for the bus
 * may be gone by then: that one runs shows in the lock that it holds.
 */
#include <errno.h>
#include <fcntl.h>

#include "daemon/disk.h"
#include "daemon/state.h"
#include "daemon/trial.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"

int trial_mark_clean_end(struct sysroot *root, const char *state, struct diag *d) {
        _cleanup_(freep) char *boot = NULL, *text = NULL;
        struct disk_write w = {
                .folder = &TRIAL_COUNT_FOLDER[1],
                .name = "clean-end",
                .mode = 0644,
        };
        struct stat st;
        int r = sysroot_stat(root, &TRIAL_FILE[1], &st);

        if (r < 0)
                return r == -ENOENT ? 0 : diag_errno(d, r, TRIAL_FILE);
        r = state_is_held(state);
        if (r < 0)
                return diag_errno(d, r, "%s", state);
        if (r == 0)
                return diag_fail(d, -ENODATA, "no cvmd runs: this boot does not end cleanly");
        r = sysroot_read_line(root, BOOT_ID_FILE, &boot);
        if (r < 0)
                return diag_errno(d, r, "/" BOOT_ID_FILE);
        if (asprintf(&text, "%s\n", boot) < 0)
                return diag_errno(d, -ENOMEM, "%s", boot);
        w.text = text;
        return disk_write_now(root, &w, d);
}
