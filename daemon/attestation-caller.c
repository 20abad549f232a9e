/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may have evidence: root, and the members of a group. The bus tells who a caller is, once for all its
 * properties; asked asynchronously, for it may be slow. The group's number is read from the guest's own
 * file, since looking it up in directories of the network could hang.
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "daemon/attestation-private.h"
#include "lib/base/number.h"

#define GROUP_FILE "etc/group"
#define GROUP_FILE_MAX (4 * 1024 * 1024)
#define GROUPS_MAX 65536 /* NGROUPS_MAX */

struct caller {
        bool has_uid, has_groups;
        uint32_t uid, pid; /* pid 0: not told */
        uint32_t *groups;  /* owned */
        size_t n_groups;
};

static void caller_done(struct caller *c) {
        free(c->groups);
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
static int64_t evidence_group(struct attestation *a) {
        _cleanup_(freep) char *text = NULL;

        if (a->group < 0 && sysroot_read(a->root, GROUP_FILE, GROUP_FILE_MAX, &text, NULL) >= 0)
                a->group = find_group(text, EVIDENCE_GROUP);
        return a->group;
}

static int read_groups(sd_bus_message *m, struct caller *c) {
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

static int read_credential(sd_bus_message *m, const char *name, struct caller *c) {
        int r;

        if (strcmp(name, "UnixUserID") == 0) {
                r = sd_bus_message_read(m, "v", "u", &c->uid);
                c->has_uid = r >= 0;
                return r;
        }
        if (strcmp(name, "ProcessID") == 0)
                return sd_bus_message_read(m, "v", "u", &c->pid);
        if (strcmp(name, "UnixGroupIDs") == 0)
                return read_groups(m, c);
        return sd_bus_message_skip(m, "v");
}

static int read_credentials(sd_bus_message *m, struct caller *c) {
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");
        const char *name;

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = read_credential(m, name, c);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

/* 0: it may; whoever runs cvmd may, for that is root or a test. */
static int authorise(struct attestation *a, const struct caller *c, struct diag *d) {
        int64_t group;

        if (!c->has_uid)
                return diag_fail(d, -EACCES, "the bus does not say who asks");
        if (c->uid == 0 || c->uid == geteuid())
                return 0;
        group = evidence_group(a);
        if (group < 0)
                return diag_fail(d, -EACCES,
                        "only root may have evidence: there is no group " EVIDENCE_GROUP " in /" GROUP_FILE);
        if (!c->has_groups)
                return diag_fail(d, -EACCES,
                        "the bus does not tell the groups of a caller: only root may have evidence");
        for (size_t i = 0; i < c->n_groups; i++)
                if (c->groups[i] == group)
                        return 0;
        return diag_fail(d, -EACCES, "only root and members of group " EVIDENCE_GROUP " may have evidence");
}

static void known_done(struct known_caller *k) {
        free(k->name);
        free(k->unit);
        *k = (struct known_caller){};
}

void caller_forget(struct attestation *a, const char *name) {
        for (size_t i = 0; i < KNOWN_CALLERS; i++)
                if (a->known[i].name && (!name || strcmp(a->known[i].name, name) == 0))
                        known_done(&a->known[i]);
}

static void remember(const struct request *q) {
        struct attestation *a = q->attestation;
        struct known_caller k = { .name = strdup(sd_bus_message_get_sender(q->call)), .uid = q->uid };

        if (q->unit)
                k.unit = strdup(q->unit);
        if (!k.name || (q->unit && !k.unit)) {
                known_done(&k); /* it will be asked about again */
                return;
        }
        known_done(&a->known[a->oldest]);
        a->known[a->oldest] = k;
        a->oldest = (a->oldest + 1) % KNOWN_CALLERS;
}

bool caller_recall(struct request *q) {
        const char *name = sd_bus_message_get_sender(q->call);

        for (size_t i = 0; i < KNOWN_CALLERS; i++) {
                const struct known_caller *k = &q->attestation->known[i];

                if (!k->name || strcmp(k->name, name) != 0)
                        continue;
                q->uid = k->uid;
                q->unit = k->unit ? strdup(k->unit) : NULL;
                return !k->unit || q->unit;
        }
        return false;
}

static int on_credentials(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(caller_done) struct caller c = {};
        struct request *q = userdata;
        struct diag d = {};
        int r;

        q->asking = sd_bus_slot_unref(q->asking);
        r = sd_bus_message_is_method_error(m, NULL) ? -EACCES : read_credentials(m, &c);
        if (r < 0)
                r = diag_fail(&d, -EACCES, "the bus does not say who asks");
        else
                r = authorise(q->attestation, &c, &d);
        if (r >= 0) {
                q->uid = c.uid;
                if (c.pid > 0)
                        (void)sd_pid_get_unit((pid_t)c.pid, &q->unit);
                remember(q);
        }
        attestation_checked(q, r, &d);
        return 0;
}

int caller_check(struct request *q) {
        return sd_bus_call_method_async(q->attestation->bus->bus, &q->asking, "org.freedesktop.DBus",
                "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials", on_credentials,
                q, "s", sd_bus_message_get_sender(q->call));
}
