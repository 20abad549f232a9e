/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GetSnapshot of org.cvmd1.Manager. Some of what a snapshot holds can hang its reader on the lock of a
 * device, so a helper records it, one at a time. When it hangs, the caller gets what the verdicts of the
 * moment rest on, and the helper is left alone.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/authz.h"
#include "daemon/errors.h"
#include "daemon/helper-call.h"
#include "lib/base/file.h"
#include "lib/base/sealed.h"
#include "lib/facts/snapshot-text.h"

#define PATIENCE_USEC (5 * 1000 * (uint64_t)1000)

/* Answers with what nobody can change any more. */
static int answer(sd_bus_message *call, int memory) {
        int r = sealed_seal(memory);

        return r < 0 ? r : sd_bus_reply_method_return(call, "h", memory);
}

static int answer_with_picture(sd_bus_message *call, const struct picture *p) {
        _cleanup_(closep) int memory = memfd_create("cvmd-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = memory < 0 ? -errno : snapshot_format(p->snapshot, &text, &n);

        if (r >= 0)
                r = file_write_fd(memory, text, n);
        return r < 0 ? r : answer(call, memory);
}

static int answer_recorded(struct helper_call *c, enum helper_outcome outcome) {
        return outcome == HELPER_SUCCEEDED ? answer(c->call, c->memory)
                                           : answer_with_picture(c->call, manager_picture(c->bus->manager));
}

int snapshot_bus_call(sd_bus_message *call, void *bus, sd_bus_error *error) {
        _cleanup_(helper_call_freep) struct helper_call *c = NULL;
        struct process_child child = PROCESS_CHILD_NONE;
        struct bus *b = bus;
        int r = authz_check(b->authz, call,
                &(struct authz_query){ AUTHZ_MANAGE_POLICY, "snapshot", .method = snapshot_bus_call,
                        .userdata = b },
                NULL, error);

        if (r <= 0)
                return r < 0 ? r : 1;
        if (b->recording && b->recording->call)
                return error_set(error, -EBUSY, &(struct diag){ "a snapshot is being recorded already" });
        if (b->recording) /* hangs: another one would, too */
                return answer_with_picture(call, manager_picture(b->manager));
        r = helper_call_new(b, &b->recording, &c);
        if (r < 0)
                return r;
        c->patience_usec = PATIENCE_USEC;
        c->answer = answer_recorded;
        r = process_fork(&child);
        if (r < 0)
                return r;
        if (r == 0)
                manager_record_everything(b->manager, c->memory);
        r = helper_call_start(&c, call, &child);
        return r < 0 ? r : 1;
}
