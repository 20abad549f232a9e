/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block, Allow, Forget and Confirm of org.cvmd1.Manager: the caller is answered when the device has come to
 * rest, so that an answer without an error means that it is so.
 */
#include <errno.h>
#include <string.h>

#include "daemon/authz.h"
#include "daemon/bus-private.h"
#include "daemon/errors.h"

#define OPTIONS_MAX 2      /* as many as there are: a call is kept while polkit is asked */
#define CONFIRM_MAX 86400u /* seconds; who needs longer decides for good */

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

static void waiting_call_free(struct waiting_call *w) {
        if (!w)
                return;
        sd_bus_message_unref(w->call);
        free(w->confirmed);
        free(w);
}
DEFINE_FREEP(struct waiting_call, waiting_call_free)

static void answer_error(const struct waiting_call *w, int r, const struct diag *d) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void)error_set(&error, r, d);
        (void)sd_bus_reply_method_error(w->call, &error);
}

static int answer_confirmed(const struct waiting_call *w) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(w->call, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; i < w->n_confirmed && r >= 0; i++) {
                char instance[GUID_TEXT_SIZE];

                guid_format(&w->confirmed[i], instance);
                r = sd_bus_message_append(reply, "s", instance);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_send(reply);
}

/* Answers, if the device has come to rest in p: 1; else 0. */
static int try_answer(const struct waiting_call *w, const struct picture *p) {
        char instance[GUID_TEXT_SIZE];
        struct diag d = {};
        size_t i;
        int r;

        if (w->writing)
                return 0;
        if (w->trial) {
                (void)sd_bus_reply_method_return(w->call, NULL);
                return 1;
        }
        if (w->confirmed) {
                (void)answer_confirmed(w);
                return 1;
        }
        guid_format(&w->instance, instance);
        r = picture_find(p, &w->instance, &i);
        if (r < 0 && w->what == BY_HAND_FORGET)
                r = 0;
        else if (r < 0)
                (void)diag_fail(&d, r, "%s is gone", instance);
        else if (p->devices[i].busy)
                return 0;
        else
                r = outcome(p, i, w->what, &d);
        if (r < 0)
                answer_error(w, r, &d);
        else
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
                waiting_call_free(w);
        }
}

void decide_bus_written(struct bus *b, int r, const struct diag *d) {
        for (struct waiting_call **at = &b->waiting; *at;) {
                struct waiting_call *w = *at;
                bool was_writing = w->writing;

                w->writing = false;
                if (!was_writing || (r >= 0 && !try_answer(w, manager_picture(b->manager)))) {
                        at = &w->next;
                        continue;
                }
                if (r < 0)
                        answer_error(w, r, d);
                *at = w->next;
                waiting_call_free(w);
        }
}

/* Answers at once, or keeps the call. r: of the manager, which did what was asked for. */
static int answer_or_wait(struct bus *b, struct waiting_call *call, sd_bus_message *message, int r) {
        _cleanup_(waiting_call_freep) struct waiting_call *w = call;

        w->call = sd_bus_message_ref(message);
        w->writing = r > 0;
        if (try_answer(w, manager_picture(b->manager)))
                return 1;
        w->next = b->waiting;
        b->waiting = TAKE(w);
        return 1;
}

/* One {sv}. */
static int read_option(sd_bus_message *call, struct decide_request *q, struct diag *d) {
        const char *name;
        uint32_t seconds;
        int flag, r = sd_bus_message_read(call, "s", &name);

        if (r < 0)
                return r;
        if (strcmp(name, "permanent") == 0) {
                r = sd_bus_message_read(call, "v", "b", &flag);
                q->permanent = flag;
        } else if (strcmp(name, "confirm-within") == 0) {
                r = sd_bus_message_read(call, "v", "u", &seconds);
                if (r >= 0 && (seconds == 0 || seconds > CONFIRM_MAX))
                        return diag_fail(d, -EINVAL, "confirm-within: 1 to %u seconds", CONFIRM_MAX);
                q->confirm_usec = seconds * (uint64_t)1000000;
        } else
                return diag_fail(d, -EINVAL, "%s: no such option", name);
        return r < 0 ? diag_errno(d, r, "%s", name) : 0;
}

static int read_request(sd_bus_message *call, struct decide_request *q, struct diag *d) {
        int r = sd_bus_message_read(call, "s", &q->device);
        size_t n = 0;

        if (r >= 0)
                r = sd_bus_message_enter_container(call, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
                if (n++ == OPTIONS_MAX)
                        return diag_fail(d, -EINVAL, "an option is given twice");
                r = read_option(call, q, d);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call);
        }
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

/* The device that a person means; *gone where decisions about one that is no more count, too. */
static int find_device(const struct bus *b, const char *word, struct guid *gone, struct authz_query *q,
        struct diag *d) {
        int r = guest_resolve(manager_picture(b->manager)->guest, word, &q->device, d);

        if (r != -ENODEV || !gone || guid_parse(word, gone) < 0)
                return r;
        q->gone = gone;
        return 0;
}

int decide_bus_call(sd_bus_message *call, struct bus *b, enum by_hand what, sd_bus_message_handler_t method,
        sd_bus_error *error) {
        static const char *const operations[] = {
                [BY_HAND_FORGET] = "forget",
                [BY_HAND_BLOCK] = "block",
                [BY_HAND_ALLOW] = "allow",
        };
        _cleanup_(waiting_call_freep) struct waiting_call *w = calloc(1, sizeof(*w));
        struct authz_query query = { .operation = operations[what], .method = method, .userdata = b };
        struct decide_request q = { .what = what };
        struct diag d = {};
        struct guid gone;
        int r;

        if (!w)
                return -ENOMEM;
        w->what = what;
        r = read_request(call, &q, &d);
        if (r >= 0)
                r = find_device(b, q.device, what == BY_HAND_FORGET ? &gone : NULL, &query, &d);
        if (r < 0)
                return error_set(error, r, &d);
        /* one that lasts is written into the policy */
        query.action = q.permanent ? AUTHZ_MANAGE_POLICY : AUTHZ_MANAGE_DEVICE;
        r = authz_check(b->authz, call, &query, NULL, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_decide(b->manager, &q, &w->instance, &d);
        return r < 0 ? error_set(error, r, &d) : answer_or_wait(b, TAKE(w), call, r);
}

/* Whether anything would be written into the policy; instance NULL: about all of them. */
static bool confirms_policy(const struct picture *p, const struct guid *instance) {
        for (size_t i = 0; i < p->n_unconfirmed; i++)
                if (p->unconfirmed[i].permanent &&
                        (!instance || guid_equal(&p->unconfirmed[i].instance, instance)))
                        return true;
        return false;
}

/* 1: may be confirmed; 0: that is being asked. */
static int check_confirm(sd_bus_message *call, struct bus *b, const char *word, sd_bus_error *error) {
        struct authz_query query = { .operation = "confirm", .method = confirm_bus_call, .userdata = b };
        struct guid gone;
        struct diag d = {};
        int r = *word ? find_device(b, word, &gone, &query, &d) : 0;

        if (r < 0)
                return error_set(error, r, &d);
        query.action = confirms_policy(manager_picture(b->manager),
                               query.device ? &query.device->instance : query.gone)
                ? AUTHZ_MANAGE_POLICY
                : AUTHZ_MANAGE_DEVICE;
        return authz_check(b->authz, call, &query, NULL, error);
}

int confirm_bus_call(sd_bus_message *call, void *bus, sd_bus_error *error) {
        _cleanup_(waiting_call_freep) struct waiting_call *w = calloc(1, sizeof(*w));
        struct bus *b = bus;
        const char *device;
        struct diag d = {};
        int r;

        if (!w)
                return -ENOMEM;
        r = sd_bus_message_read(call, "s", &device);
        if (r >= 0)
                r = check_confirm(call, b, device, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = manager_confirm(b->manager, *device ? device : NULL, &w->confirmed, &w->n_confirmed, &d);
        return r < 0 ? error_set(error, r, &d) : answer_or_wait(b, TAKE(w), call, r);
}

int trial_bus_call(sd_bus_message *call, struct bus *b, uint32_t boots, sd_bus_error *error) {
        _cleanup_(waiting_call_freep) struct waiting_call *w = calloc(1, sizeof(*w));
        struct diag d = {};
        int r;

        if (!w)
                return -ENOMEM;
        w->trial = true;
        r = boots > 0 ? manager_start_trial(b->manager, boots, &d) : manager_confirm_trial(b->manager, &d);
        return r < 0 ? error_set(error, r, &d) : answer_or_wait(b, TAKE(w), call, r);
}
