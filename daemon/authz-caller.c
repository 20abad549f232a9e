/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who calls. The bus tells it, once for all properties of a connection; asked asynchronously, for it may be
 * slow. The number of the group is read from the guest's own file, since looking it up in directories of the
 * network could hang.
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "daemon/authz-private.h"
#include "daemon/log.h"
#include "lib/base/number.h"

#define GROUP_FILE "etc/group"
#define GROUP_FILE_MAX (4 * 1024 * 1024)
#define GROUPS_MAX 65536 /* NGROUPS_MAX */
#define PID_NONE 0       /* the bus did not tell it */

struct authz_caller *caller_unref(struct authz_caller *c) {
        if (!c || --c->refs > 0)
                return NULL;
        free(c->name);
        free(c->unit);
        free(c->groups);
        free(c);
        return NULL;
}

static void caller_unrefp(struct authz_caller **c) {
        caller_unref(*c);
}

bool caller_is_root(const struct authz_caller *c) {
        return c->uid == 0 || c->uid == geteuid(); /* whoever runs cvmd is root or a test */
}

/* NAME:PASSWORD:GID:MEMBERS, a line each. -1 where there is no such group. */
static int64_t find_group(char *text, const char *name) {
        size_t n = strlen(name);
        char *rest = NULL;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *gid = strncmp(line, name, n) == 0 && line[n] == ':' ? strchr(line + n + 1, ':') : NULL;
                uint32_t number;

                if (!gid)
                        continue;
                gid[1 + strcspn(gid + 1, ":")] = 0;
                if (number_parse_u32(gid + 1, 10, &number) >= 0)
                        return number;
        }
        return -1;
}

/* Kept once it is found: the group is made when cvmd is installed, and a disk can hang. */
static int64_t group_number(struct authz *a) {
        _cleanup_(freep) char *text = NULL;

        if (a->group < 0 && sysroot_read(a->root, GROUP_FILE, GROUP_FILE_MAX, &text, NULL) >= 0)
                a->group = find_group(text, AUTHZ_GROUP);
        if (a->group < 0 && !a->group_missed)
                log_warning(
                        "there is no group " AUTHZ_GROUP " in /" GROUP_FILE ": evidence is for root alone");
        a->group_missed = a->group < 0;
        return a->group;
}

bool caller_is_member(struct authz *a, const struct authz_caller *c) {
        int64_t group = c->has_groups ? group_number(a) : -1;

        for (size_t i = 0; group >= 0 && i < c->n_groups; i++)
                if (c->groups[i] == group)
                        return true;
        return false;
}

static int read_groups(sd_bus_message *m, struct authz_caller *c) {
        const void *groups;
        size_t n;
        int r = sd_bus_message_enter_container(m, 'v', "au");

        if (r >= 0)
                r = sd_bus_message_read_array(m, 'u', &groups, &n);
        if (r < 0)
                return r;
        if (n > GROUPS_MAX * sizeof(uint32_t) || c->has_groups)
                return -EBADMSG;
        c->groups = malloc(n ?: 1);
        if (!c->groups)
                return -ENOMEM;
        memcpy(c->groups, groups, n);
        c->n_groups = n / sizeof(uint32_t);
        c->has_groups = true;
        return sd_bus_message_exit_container(m);
}

/* What the bus says of one connection. */
struct credentials {
        struct authz_caller *caller;
        uint32_t pid;
        bool has_uid;
};

static int read_credential(sd_bus_message *m, const char *name, struct credentials *c) {
        int r;

        if (strcmp(name, "UnixUserID") == 0) {
                r = sd_bus_message_read(m, "v", "u", &c->caller->uid);
                c->has_uid = r >= 0;
                return r;
        }
        if (strcmp(name, "ProcessID") == 0)
                return sd_bus_message_read(m, "v", "u", &c->pid);
        if (strcmp(name, "UnixGroupIDs") == 0)
                return read_groups(m, c->caller);
        return sd_bus_message_skip(m, "v");
}

static int read_credentials(sd_bus_message *m, struct credentials *c) {
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");
        const char *name;

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = read_credential(m, name, c);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0 && !c->has_uid)
                r = -ENODATA;
        if (r >= 0 && c->pid != PID_NONE)
                (void)sd_pid_get_unit((pid_t)c->pid, &c->caller->unit);
        return r;
}

void caller_forget(struct authz *a, const char *name) {
        for (size_t i = 0; i < AUTHZ_KNOWN_CALLERS; i++)
                if (a->known[i] && (!name || strcmp(a->known[i]->name, name) == 0))
                        a->known[i] = caller_unref(a->known[i]);
}

struct authz_caller *caller_recall(const struct authz *a, const char *name) {
        for (size_t i = 0; i < AUTHZ_KNOWN_CALLERS; i++)
                if (a->known[i] && strcmp(a->known[i]->name, name) == 0)
                        return a->known[i];
        return NULL;
}

static void remember(struct authz *a, struct authz_caller *c) {
        caller_unref(a->known[a->oldest]);
        c->refs++;
        a->known[a->oldest] = c;
        a->oldest = (a->oldest + 1) % AUTHZ_KNOWN_CALLERS;
}

static int caller_new(const char *name, struct authz_caller **ret) {
        _cleanup_(caller_unrefp) struct authz_caller *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        c->refs = 1;
        c->name = strdup(name);
        if (!c->name)
                return -ENOMEM;
        *ret = TAKE(c);
        return 0;
}

/* The first call of that connection that waits for what the bus says, or NULL. */
static struct authz_pending *first_unknown(const struct authz *a, const char *name) {
        for (struct authz_pending *p = a->pending; p; p = p->next)
                if (!p->caller && strcmp(sd_bus_message_get_sender(p->call), name) == 0)
                        return p;
        return NULL;
}

static int read_caller(sd_bus_message *m, const char *name, struct authz_caller **ret) {
        _cleanup_(caller_unrefp) struct authz_caller *c = NULL;
        struct credentials credentials = {};
        int r = sd_bus_message_is_method_error(m, NULL) ? -EACCES : caller_new(name, &c);

        credentials.caller = c;
        if (r >= 0)
                r = read_credentials(m, &credentials);
        if (r >= 0)
                *ret = TAKE(c);
        return r;
}

/* Of all calls of the connection, in their order: none may come before one that was made earlier. */
static int on_credentials(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(caller_unrefp) struct authz_caller *c = NULL;
        struct authz_pending *p = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = sd_bus_message_ref(p->call);
        const char *name = sd_bus_message_get_sender(call); /* p is gone before it is needed the last time */
        struct authz *a = p->authz;
        int r;

        p->asking = sd_bus_slot_unref(p->asking);
        r = read_caller(m, name, &c);
        if (r >= 0)
                remember(a, c);
        while ((p = first_unknown(a, name)))
                if (r >= 0)
                        authz_identified(p, c);
                else
                        authz_deny(p, -EACCES, &(struct diag){ "the bus does not say who asks" });
        return 0;
}

/* Whether the bus is being asked for an earlier call of the same connection. */
static bool is_asked(const struct authz *a, const char *name) {
        for (const struct authz_pending *p = a->pending; p; p = p->next)
                if (!p->caller && p->asking && strcmp(sd_bus_message_get_sender(p->call), name) == 0)
                        return true;
        return false;
}

int caller_ask(struct authz_pending *p) {
        if (is_asked(p->authz, sd_bus_message_get_sender(p->call)))
                return 0;
        return sd_bus_call_method_async(p->authz->bus->bus, &p->asking, "org.freedesktop.DBus",
                "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials", on_credentials,
                p, "s", sd_bus_message_get_sender(p->call));
}
