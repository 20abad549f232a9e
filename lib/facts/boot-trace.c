/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace counts only while it records every offer: on, and without a filter. */
#include "lib/facts/boot-trace.h"

#include <errno.h>
#include <string.h>

#include "lib/facts/offer-trace.h"
#include "lib/facts/tracefs.h"

static bool reads_as(struct sysroot *root, const char *buffer, const char *file, const char *wanted) {
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/%s", buffer, file) < 0) {
                path = NULL;
                return false;
        }
        return tracefs_reads_as(root, path, wanted);
}

/* buffer: the folder of an instance, or of tracefs itself. */
static bool records_offers(struct sysroot *root, const char *buffer) {
        return reads_as(root, buffer, "events/hyperv/vmbus_onoffer/enable", "1") &&
                reads_as(root, buffer, "events/hyperv/vmbus_onoffer/filter", "none") &&
                reads_as(root, buffer, "tracing_on", "1");
}

int boot_trace_find(struct sysroot *root, char **ret_path, struct diag *d) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        _cleanup_(freep) char *instances = NULL;
        const char *folder;
        char *path;
        int r;

        r = tracefs_find(root, &folder, d);
        if (r < 0)
                return r;
        if (asprintf(&instances, "%s/instances", folder) < 0) {
                instances = NULL;
                return diag_errno(d, -ENOMEM, "%s", folder);
        }
        r = sysroot_list(root, instances, &names);
        if (r < 0)
                return diag_errno(d, r, "%s", instances);
        for (size_t i = 0; i <= names.n; i++) { /* one more: the main buffer */
                _cleanup_(freep) char *buffer = NULL;

                r = i < names.n ? asprintf(&buffer, "%s/%s", instances, names.names[i])
                                : asprintf(&buffer, "%s", folder);
                if (r < 0) {
                        buffer = NULL;
                        return diag_errno(d, -ENOMEM, "%s", instances);
                }
                if (i < names.n && strcmp(names.names[i], OFFER_TRACE_NAME) == 0)
                        continue; /* not since boot, and read by somebody else */
                if (!records_offers(root, buffer))
                        continue;
                if (asprintf(&path, "%s/trace", buffer) < 0)
                        return diag_errno(d, -ENOMEM, "%s", buffer);
                *ret_path = path;
                return 0;
        }
        return diag_fail(d, -ENODATA,
                "offers are not traced (add to the kernel command line:"
                " trace_instance=offers,hyperv:vmbus_onoffer,hyperv:vmbus_onoffer_rescind)");
}

int boot_trace_read(struct sysroot *root, const char *path, struct channel_trace *ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        r = sysroot_read(root, path, TRACE_TEXT_MAX, &text, &n);
        if (r < 0)
                return diag_errno(d, r, "%s", path);
        r = channel_trace_parse(text, n, FACT_SOURCE_BOOT_TRACE, ret, d);
        return r < 0 ? diag_wrap(d, r, "%s", path) : 0;
}
