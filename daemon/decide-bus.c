/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block, Allow and Forget of org.cvmd1.Manager: the caller is answered when the device has come to rest, so
 * that an answer without an error means that it is so.
 */
#include <errno.h>

#include "daemon/bus-private.h"
#include "daemon/errors.h"

/* Whether what was asked for is what came out of it. */
static int outcome(const struct picture *p, size_t i, enum by_hand what, struct diag *d) {
        const struct picture_device *shown = &p->devices[i];

        if (shown->verdict == VERDICT_PENDING)
                return diag_fail(d, -ETIMEDOUT, "%s: still under way: %s",
                        p->guest->devices[i].instance_text, shown->reason);
        if (shown->verdict == VERDICT_FAILED)
                return diag_fail(d, -EIO, "%s: %s", p->guest->devices[i].instance_text, shown->reason);
        if (what == BY_HAND_BLOCK && shown->verdict != VERDICT_BLOCKED)
                return diag_fail(d, -EPERM, "%s is not blocked but %s: %s",
                        p->guest->devices[i].instance_text, verdict_to_string(shown->verdict),
                        shown->reason);
        return 0;
}

/* Answers, if the device has come to rest in p: 1; else 0. */
static int try_answer(const struct waiting_call *w, const struct picture *p) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char instance[GUID_TEXT_SIZE];
        struct diag d = {};
        size_t i;
        int r = picture_find(p, &w->instance, &i);

        guid_format(&w->instance, instance);
        if (r < 0)
                (void)diag_fail(&d, r, "%s is gone", instance);
        else if (p->devices[i].busy)
                return 0;
        else
                r = outcome(p, i, w->what, &d);
        if (r < 0) {
                (void)error_set(&error, r, &d);
                (void)sd_bus_reply_method_error(w->call, &error);
        } else
                (void)sd_bus_reply_method_return(w->call, "s", instance);
        return 1;
}

void decide_bus_answer(struct bus *b, const struct picture *p) {
        for (struct waiting_call **at = &b->waiting; *at;) {
                struct waiting_call *w = *at;

                if (p && !try_answer(w, p)) {
                        at = &w->next;
                        continue;
                }
                *at = w->next;
                sd_bus_message_unref(w->call);
                free(w);
        }
}

int decide_bus_call(sd_bus_message *call, struct bus *b, enum by_hand what, sd_bus_error *error) {
        _cleanup_(freep) struct waiting_call *w = calloc(1, sizeof(*w));
        struct diag d = {};
        const char *device;
        int r;

        if (!w)
                return -ENOMEM;
        r = sd_bus_message_read(call, "s", &device);
        if (r < 0)
                return r;
        r = manager_decide(b->manager, device, what, &w->instance, &d);
        if (r < 0)
                return error_set(error, r, &d);
        w->what = what;
        w->call = call;
        if (try_answer(w, manager_picture(b->manager)))
                return 1;
        sd_bus_message_ref(call);
        w->next = b->waiting;
        b->waiting = TAKE(w);
        return 1;
}
