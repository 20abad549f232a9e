/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the files of authorisation know of each other:
 *   authz.c          who waits for an answer, and what becomes of it
 *   authz-caller.c   who calls, by the bus
 *   authz-polkit.c   whether that one may, by polkit
 */
#include "daemon/authz.h"
#include "daemon/bus-private.h"
#include "daemon/errors.h"

#define AUTHZ_OF_SENDER_MAX 16 /* who wait, of one connection */
#define AUTHZ_OF_USER_MAX 128  /* so that one user leaves room for others */
#define AUTHZ_MAX 1024
#define AUTHZ_UNKNOWN_MAX 512 /* of whom the bus has not said yet who it is */
/* What polkit is asked at a time. The bus lets a connection wait for 128 answers, and some are for others.
 */
#define AUTHZ_ASKED_MAX 64
#define AUTHZ_ASKED_OF_USER_MAX 16
#define AUTHZ_KNOWN_CALLERS 16

/* The device that polkit is asked about. */
struct authz_object {
        bool given;
        struct guid instance;
        uint32_t relid; /* 0: of one that is gone */
        char class[GUID_TEXT_SIZE];
};

/* A call that waits for an answer. */
struct authz_pending {
        struct authz *authz;
        struct authz_pending *next;
        sd_bus_message *call;
        struct authz_caller *caller; /* NULL: the bus is being asked */
        enum authz_action action;
        const char *operation;
        struct authz_object object;
        sd_bus_message_handler_t method;
        void *userdata;
        sd_bus_slot *asking; /* the bus, for all calls of the connection; or polkit */
        sd_event_source *patience;
        bool interactive;  /* polkit may ask a person */
        uint64_t question; /* its number, by which polkit can be told to forget it; 0: not put to it yet */
};

struct authz {
        struct bus *bus;
        struct sysroot *root;
        uint64_t patience_usec;                       /* 0: as long as is good */
        struct authz_pending *pending;                /* in the order in which they came */
        struct authz_pending *asked[AUTHZ_ASKED_MAX]; /* those of them that polkit is asked about; or NULL */
        bool going_on;
        const struct authz_pending *resumed; /* whose method is being called again; NULL: nobody's */
        uint64_t questions;                  /* so many were put to polkit */
        bool polkit_failed;                  /* and the last one came to nothing: that was logged */
        struct authz_caller *known[AUTHZ_KNOWN_CALLERS]; /* the oldest one is `oldest` */
        unsigned oldest;
        int64_t group;     /* number of AUTHZ_GROUP; -1: there is no such group, as far as is known */
        bool group_missed; /* there was none, and that was logged */
};

/* authz.c: p has its answer, and is gone afterwards; others that wait may be, too. */
void authz_grant(struct authz_pending *p);
void authz_deny(struct authz_pending *p, int r, const struct diag *d); /* r: of ERRORS_AUTHZ */
/* Who calls is known: grants, or asks polkit. */
void authz_identified(struct authz_pending *p, struct authz_caller *caller);

/* authz-caller.c: asks the bus, once for all calls of a connection; authz_identified() or authz_deny()
 * follows, in the order of the calls. */
int caller_ask(struct authz_pending *p);
/* One that was identified a short time ago; NULL. */
struct authz_caller *caller_recall(const struct authz *a, const char *name);
/* With name NULL, all. */
void caller_forget(struct authz *a, const char *name);
bool caller_is_root(const struct authz_caller *c);
bool caller_is_member(struct authz *a, const struct authz_caller *c); /* of AUTHZ_GROUP */
struct authz_caller *caller_unref(struct authz_caller *c);            /* NULL */

/* authz-polkit.c: asks it; authz_grant() or authz_deny() follows. */
int polkit_ask(struct authz_pending *p);
/* That came to nothing, and why: denies. */
void polkit_fails(struct authz_pending *p, const char *why);
/* Takes the question back: a dialog that is open for it closes. */
void polkit_cancel(const struct authz_pending *p);
int polkit_watch(struct authz *a);
