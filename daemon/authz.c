/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that wait until somebody has said whether they may. What was asked about is kept with the call, and
 * compared when its method is called again: a yes about one device is none about the next that has its name.
 */
#include "daemon/authz.h"

#include <errno.h>
#include <string.h>

#include "daemon/authz-private.h"
#include "lib/base/name-table.h"

static const char *const action_names[] = {
        [AUTHZ_UNSET] = "",
        [AUTHZ_ATTEST] = "org.cvmd1.attest",
        [AUTHZ_MANAGE_DEVICE] = "org.cvmd1.manage-device",
        [AUTHZ_MANAGE_POLICY] = "org.cvmd1.manage-policy",
};
_Static_assert(N_NAMES(action_names) == _AUTHZ_ACTION_MAX, "every action has a name");

const char *authz_action_to_string(enum authz_action a) {
        return name_of(action_names, N_NAMES(action_names), a);
}

static void pending_free(struct authz_pending *p) {
        if (!p)
                return;
        sd_bus_message_unref(p->call);
        sd_bus_slot_unref(p->asking);
        sd_event_source_unref(p->patience);
        caller_unref(p->caller);
        free(p);
}
DEFINE_FREEP(struct authz_pending, pending_free)

static void leave(struct authz_pending *p) {
        struct authz_pending **at = &p->authz->pending;

        while (*at && *at != p)
                at = &(*at)->next;
        if (*at)
                *at = p->next;
        p->next = NULL;
        for (size_t i = 0; i < AUTHZ_ASKED_MAX; i++)
                if (p->authz->asked[i] == p)
                        p->authz->asked[i] = NULL;
}

static void append(struct authz *a, struct authz_pending *p) {
        struct authz_pending **at = &a->pending;

        while (*at)
                at = &(*at)->next;
        *at = p;
}

/* A place among the questions that polkit has, or NULL: there is none, or this user has enough of them. */
static struct authz_pending **find_place(struct authz *a, const struct authz_pending *p) {
        struct authz_pending **place = NULL;
        size_t of_user = 0;

        for (size_t i = 0; i < AUTHZ_ASKED_MAX; i++)
                if (!a->asked[i])
                        place = &a->asked[i];
                else
                        of_user += a->asked[i]->caller->uid == p->caller->uid;
        return of_user < AUTHZ_ASKED_OF_USER_MAX ? place : NULL;
}

/* Puts to polkit what there is room for. Whether all that could be put there went well; one that did not
 * is gone. */
static bool ask_next(struct authz *a) {
        for (struct authz_pending *p = a->pending; p; p = p->next) {
                struct authz_pending **place = p->caller && p->question == 0 ? find_place(a, p) : NULL;

                if (!place)
                        continue;
                *place = p;
                if (polkit_ask(p) < 0) {
                        authz_deny(p, -EACCES, &(struct diag){ "polkit cannot be asked" });
                        return false;
                }
        }
        return true;
}

static void go_on(struct authz *a) {
        if (a->going_on)
                return;
        a->going_on = true;
        while (!ask_next(a))
                ;
        a->going_on = false;
}

void authz_deny(struct authz_pending *p, int r, const struct diag *d) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        struct authz *a = p->authz;

        leave(p);
        (void)error_set_in(&error, ERRORS_AUTHZ, r, d);
        (void)sd_bus_reply_method_error(p->call, &error);
        pending_free(p);
        go_on(a);
}

void authz_grant(struct authz_pending *p) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        struct authz *a = p->authz;
        int r;

        leave(p);
        r = sd_bus_message_rewind(p->call, 1);
        if (r >= 0) {
                a->resumed = p;
                r = p->method(p->call, p->userdata, &error);
                a->resumed = NULL;
        }
        if (r < 0)
                (void)sd_bus_reply_method_errno(p->call, r, &error);
        pending_free(p);
        go_on(a);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct authz_pending *p = userdata;

        polkit_cancel(p);
        if (p->question > 0)
                polkit_fails(p, "it takes too long");
        else if (p->caller)
                authz_deny(p, -EDQUOT, &(struct diag){ "too many calls wait to be authorised" });
        else
                authz_deny(p, -EACCES, &(struct diag){ "the bus does not say who asks" });
        return 0;
}

/* The caller of p is c: has it wait for its turn at polkit. */
static int wait_for_polkit(struct authz_pending *p, struct authz_caller *c, struct diag *d) {
        size_t of_user = 0, all = 0;

        for (const struct authz_pending *i = p->authz->pending; i; i = i->next) {
                of_user += i->caller && i->caller->uid == c->uid;
                all += i->caller != NULL;
        }
        if (all >= AUTHZ_MAX)
                return diag_fail(d, -EDQUOT, "%d calls wait to be authorised already", AUTHZ_MAX);
        if (of_user >= AUTHZ_OF_USER_MAX)
                return diag_fail(d, -EDQUOT, "%d calls of this user wait to be authorised already",
                        AUTHZ_OF_USER_MAX);
        c->refs++;
        p->caller = c;
        return 0;
}

void authz_identified(struct authz_pending *p, struct authz_caller *caller) {
        struct diag d = {};
        int r;

        if (caller_is_root(caller)) {
                caller->refs++;
                p->caller = caller;
                authz_grant(p);
                return;
        }
        r = wait_for_polkit(p, caller, &d);
        if (r < 0)
                authz_deny(p, r, &d);
        else
                go_on(p->authz);
}

static struct authz_object object_of(const struct authz_query *q) {
        struct authz_object o = { .given = q->device || q->gone };
        char buffer[GUID_TEXT_SIZE];

        if (q->device) {
                o.instance = q->device->instance;
                o.relid = q->device->relid;
                snprintf(o.class, sizeof(o.class), "%s", device_class_name(q->device, buffer));
        } else if (q->gone) {
                o.instance = *q->gone;
                snprintf(o.class, sizeof(o.class), "gone");
        }
        return o;
}

/* The method of p is called again: whether it is still about the same. */
static int check_object(const struct authz_pending *p, const struct authz_query *q, struct diag *d) {
        const struct authz_object before = p->object, now = object_of(q);

        if (before.given == now.given &&
                (!now.given || (guid_equal(&before.instance, &now.instance) && before.relid == now.relid)))
                return 0;
        return diag_fail(d, -ENODEV, "the device is not the same any more that polkit was asked about");
}

/* Who calls is not known yet, so that it may be root, for whom there is room in any case. */
static int check_limits(const struct authz *a, const char *sender, struct diag *d) {
        size_t of_sender = 0, unknown = 0;

        for (const struct authz_pending *p = a->pending; p; p = p->next) {
                of_sender += strcmp(sd_bus_message_get_sender(p->call), sender) == 0;
                unknown += !p->caller;
        }
        if (of_sender >= AUTHZ_OF_SENDER_MAX)
                return diag_fail(d, -EDQUOT, "%d calls of this connection wait to be authorised already",
                        AUTHZ_OF_SENDER_MAX);
        if (unknown >= AUTHZ_UNKNOWN_MAX)
                return diag_fail(d, -EDQUOT, "too many calls at once: try again in a second");
        return 0;
}

static uint64_t patience(const struct authz_pending *p) {
        if (p->authz->patience_usec > 0)
                return p->authz->patience_usec;
        return p->interactive ? AUTHZ_INTERACTIVE_PATIENCE_USEC : AUTHZ_PATIENCE_USEC;
}

static int pending_new(struct authz *a, sd_bus_message *call, const struct authz_query *q,
        struct authz_pending **ret) {
        _cleanup_(pending_freep) struct authz_pending *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        *p = (struct authz_pending){
                .authz = a,
                .call = sd_bus_message_ref(call),
                .action = q->action,
                .operation = q->operation,
                .object = object_of(q),
                .method = q->method,
                .userdata = q->userdata,
                .interactive = sd_bus_message_get_allow_interactive_authorization(call) > 0,
        };
        r = sd_event_add_time_relative(a->bus->event, &p->patience, CLOCK_MONOTONIC, patience(p), 0,
                on_patience, p);
        if (r >= 0)
                *ret = TAKE(p);
        return r;
}

/* Has the caller wait until bus and polkit have said what there is to say. c: NULL where the bus is to. */
static int ask(struct authz *a, sd_bus_message *call, const struct authz_query *q, struct authz_caller *c,
        struct diag *d) {
        _cleanup_(pending_freep) struct authz_pending *p = NULL;
        int r = check_limits(a, sd_bus_message_get_sender(call), d);

        if (r >= 0)
                r = pending_new(a, call, q, &p);
        if (r >= 0)
                r = c ? wait_for_polkit(p, c, d) : caller_ask(p);
        if (r < 0)
                return r;
        append(a, TAKE(p));
        go_on(a);
        return 0;
}

int authz_check(struct authz *a, sd_bus_message *call, const struct authz_query *q,
        const struct authz_caller **ret, sd_bus_error *error) {
        const char *sender = sd_bus_message_get_sender(call);
        const struct authz_pending *p = a->resumed && a->resumed->call == call ? a->resumed : NULL;
        struct authz_caller *c = p ? p->caller : sender ? caller_recall(a, sender) : NULL;
        bool allowed = c && caller_is_root(c);
        struct diag d = {};
        int r = 0;

        if (!sender || q->action == AUTHZ_UNSET)
                r = diag_fail(&d, -EACCES, "nobody may do this");
        else if (p && !allowed)
                r = check_object(p, q, &d);
        if (r >= 0 && !allowed) {
                /* what was read differently takes another permission: that is asked for, too */
                allowed = p && p->action == q->action;
                if (!allowed)
                        r = ask(a, call, q, c, &d);
        }
        if (r < 0)
                return error_set_in(error, ERRORS_AUTHZ, r, &d);
        if (allowed && ret)
                *ret = c;
        return allowed;
}

void authz_caller_gone(struct authz *a, const char *name) {
        for (struct authz_pending *p = a->pending, *next; p; p = next) {
                next = p->next;
                if (strcmp(sd_bus_message_get_sender(p->call), name) != 0)
                        continue;
                polkit_cancel(p);
                leave(p);
                pending_free(p);
        }
        caller_forget(a, name);
        go_on(a);
}

int authz_register(struct authz *a) {
        return polkit_watch(a);
}

void authz_forget(struct authz *a) {
        while (a->pending) {
                struct authz_pending *p = a->pending;

                leave(p);
                pending_free(p);
        }
        caller_forget(a, NULL);
}

int authz_new(struct bus *b, const struct bus_options *o, struct authz **ret) {
        struct authz *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        *a = (struct authz){
                .bus = b,
                .root = o->root,
                .patience_usec = o->polkit_patience_usec,
                .group = -1,
        };
        *ret = a;
        return 0;
}

void authz_free(struct authz *a) {
        if (!a)
                return;
        authz_forget(a);
        free(a);
}
