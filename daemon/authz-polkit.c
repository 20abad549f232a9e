/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking org.freedesktop.PolicyKit1: about the connection by its name on the bus, which cannot be taken over
 * as the number of a process can. Only a yes is a yes; that nobody answers, in time or so that it can be
 * understood, is a no.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/authz-private.h"
#include "daemon/log.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE POLKIT_NAME ".Authority"
#define ALLOW_USER_INTERACTION 1u /* of CheckAuthorization()'s flags */
#define QUESTION_SIZE 32

/* polkit puts the details in place of their names. */
#define DEVICE_MESSAGE "Authentication is required for: $(operation) VMBus device $(device) ($(class))"

/* What polkit said. */
struct answer {
        int authorized, challenge;
        bool dismissed;
};

static void question_format(const struct authz_pending *p, char ret[QUESTION_SIZE]) {
        snprintf(ret, QUESTION_SIZE, "cvmd-%" PRIu64, p->question);
}

static int append_details(sd_bus_message *m, const struct authz_pending *p) {
        char instance[GUID_TEXT_SIZE], policy[DIGEST_TEXT_SIZE];
        int r = sd_bus_message_open_container(m, 'a', "{ss}");

        digest_format(&manager_picture(p->authz->bus->manager)->policy->digest, policy);
        if (r >= 0)
                r = sd_bus_message_append(m, "{ss}", "operation", p->operation);
        if (r >= 0)
                r = sd_bus_message_append(m, "{ss}", "policy", policy);
        if (r >= 0 && p->action == AUTHZ_ATTEST && caller_is_member(p->authz, p->caller))
                r = sd_bus_message_append(m, "{ss}", "group", AUTHZ_GROUP);
        if (r >= 0 && p->object.given) {
                guid_format(&p->object.instance, instance);
                r = sd_bus_message_append(m, "{ss}", "device", instance);
                if (r >= 0)
                        r = sd_bus_message_append(m, "{ss}", "class", p->object.class);
                if (r >= 0)
                        r = sd_bus_message_append(m, "{ss}", "polkit.message", DEVICE_MESSAGE);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int read_details(sd_bus_message *m, struct answer *ret) {
        int r = sd_bus_message_enter_container(m, 'a', "{ss}");
        const char *key, *value;

        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0)
                if (strcmp(key, "polkit.dismissed") == 0)
                        ret->dismissed = value[0];
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_answer(sd_bus_message *m, struct answer *ret) {
        int r = sd_bus_message_has_signature(m, "(bba{ss})");

        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        r = sd_bus_message_enter_container(m, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(m, "bb", &ret->authorized, &ret->challenge);
        return r < 0 ? r : read_details(m, ret);
}

/* Told once, until it works again: anybody can ask as often as they like. */
void polkit_fails(struct authz_pending *p, const char *why) {
        struct diag d = {};

        if (!p->authz->polkit_failed)
                log_warning("polkit does not say who may do what, so that root alone may: %s", why);
        p->authz->polkit_failed = true;
        (void)diag_fail(&d, -EACCES, "polkit does not say whether you may (%s): %s",
                authz_action_to_string(p->action), why);
        authz_deny(p, -EACCES, &d);
}

/* Nobody is there to ask. */
static void answer_without_polkit(struct authz_pending *p) {
        struct authz *a = p->authz;
        struct diag d = {};

        if (p->action != AUTHZ_ATTEST)
                (void)diag_fail(&d, -EACCES, "only root may do this: polkit is not there to ask about %s",
                        authz_action_to_string(p->action));
        else if (caller_is_member(a, p->caller)) {
                authz_grant(p);
                return;
        } else if (a->group < 0)
                (void)diag_fail(&d, -EACCES,
                        "only root may have evidence: there is no group " AUTHZ_GROUP " in /etc/group");
        else if (!p->caller->has_groups)
                (void)diag_fail(&d, -EACCES,
                        "the bus does not tell the groups of a caller: only root may have evidence");
        else
                (void)diag_fail(&d, -EACCES,
                        "only root and members of group " AUTHZ_GROUP " may have evidence");
        authz_deny(p, -EACCES, &d);
}

static void take_answer(struct authz_pending *p, const struct answer *answer) {
        const char *action = authz_action_to_string(p->action);
        struct diag d = {};
        int r = -EACCES;

        if (answer->authorized) {
                log_info("polkit allows user %" PRIu32 " %s (%s)", p->caller->uid, action, p->operation);
                authz_grant(p);
                return;
        }
        if (answer->challenge && !p->interactive)
                r = diag_fail(&d, -ENOKEY, "%s takes a password, and the caller did not allow to ask for it",
                        action);
        else if (answer->dismissed)
                (void)diag_fail(&d, r, "%s takes a password, and none was given", action);
        else if (answer->challenge)
                (void)diag_fail(&d, r, "%s takes a password, and there is nobody to ask for it", action);
        else
                (void)diag_fail(&d, r, "polkit does not allow you %s", action);
        authz_deny(p, r, &d);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        const char *sender = sd_bus_message_get_sender(m);
        struct authz_pending *p = userdata;
        struct answer answer = {};

        p->asking = sd_bus_slot_unref(p->asking);
        /* the bus's own word: a polkit that fails to reach somebody else may say the same */
        if (e && sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) && sender &&
                strcmp(sender, "org.freedesktop.DBus") == 0) {
                answer_without_polkit(p);
                return 0;
        }
        if (e)
                polkit_fails(p, e->message ?: e->name);
        else if (read_answer(m, &answer) < 0)
                polkit_fails(p, "its answer makes no sense");
        else {
                p->authz->polkit_failed = false;
                take_answer(p, &answer);
        }
        return 0;
}

static int new_call(const struct authz_pending *p, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(p->authz->bus->bus, ret, POLKIT_NAME, POLKIT_PATH,
                POLKIT_INTERFACE, method);
}

int polkit_ask(struct authz_pending *p) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char question[QUESTION_SIZE];
        int r = new_call(p, "CheckAuthorization", &m);

        p->question = ++p->authz->questions;
        question_format(p, question);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", p->caller->name,
                        authz_action_to_string(p->action));
        if (r >= 0)
                r = append_details(m, p);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", p->interactive ? ALLOW_USER_INTERACTION : 0, question);
        if (r >= 0)
                r = sd_bus_call_async(p->authz->bus->bus, &p->asking, m, on_answer, p,
                        UINT64_MAX); /* p has a patience of its own */
        return r;
}

void polkit_cancel(const struct authz_pending *p) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char question[QUESTION_SIZE];
        int r = p->question > 0 ? new_call(p, "CancelAuthorization", &m) : -ENOENT;

        if (r < 0)
                return;
        question_format(p, question);
        r = sd_bus_message_set_auto_start(m, 0);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, 0);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", question);
        if (r >= 0)
                (void)sd_bus_send(NULL, m, NULL);
}

/* It is another one now, or none: what the one before was asked, nobody will answer. */
static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name, *before, *after;
        struct authz *a = userdata;
        uint64_t last = a->questions; /* what follows on a no is asked of the new one */

        if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0 || !before[0])
                return 0;
        for (size_t i = 0; i < AUTHZ_ASKED_MAX; i++)
                if (a->asked[i] && a->asked[i]->question <= last)
                        polkit_fails(a->asked[i], "it went away");
        return 0;
}

int polkit_watch(struct authz *a) {
        return sd_bus_add_match_async(a->bus->bus, NULL,
                "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" POLKIT_NAME "'",
                on_owner_changed, NULL, a);
}
