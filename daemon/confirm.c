/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decisions by hand on condition. Until it is confirmed, a decision is one until the next boot, however long
 * it is to last: so a reboot takes it back by itself. What it takes to roll it back is noted before it is
 * made, and the time that is left is counted on the clock that neither stops nor jumps.
 */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"
#include "daemon/trial.h"
#include "lib/enforce/unconfirmed.h"
#include "lib/policy/by-hand-file.h"

#define BOOT_ID_FILE "proc/sys/kernel/random/boot_id"
#define UNKNOWN_BOOT "00000000-0000-0000-0000-000000000000" /* what is noted is then always of another */
#define AGAIN_USEC (1000 * 1000)                            /* after a roll-back that failed */

struct entry {
        struct guid instance;
        struct unconfirmed u;
};

struct confirm {
        char boot[BOOT_ID_SIZE];
        bool boot_known;
        struct entry *entries; /* sorted by instance; those rolled back stay, to say so */
        size_t n;
        sd_event_source *timer;
};

void confirm_free(struct confirm *c) {
        if (!c)
                return;
        sd_event_source_unref(c->timer);
        free(c->entries);
        free(c);
}

static struct entry *find(const struct confirm *c, const struct guid *instance) {
        for (size_t i = 0; i < c->n; i++)
                if (guid_equal(&c->entries[i].instance, instance))
                        return &c->entries[i];
        return NULL;
}

static void drop(struct confirm *c, struct entry *e) {
        size_t i = (size_t)(e - c->entries);

        memmove(e, e + 1, (--c->n - i) * sizeof(*e));
}

static int add(struct confirm *c, const struct guid *instance, const struct unconfirmed *u) {
        struct entry *bigger = reallocarray(c->entries, c->n + 1, sizeof(*bigger));
        size_t i = 0;

        if (!bigger)
                return -ENOMEM;
        c->entries = bigger;
        while (i < c->n && guid_compare(&bigger[i].instance, instance) < 0)
                i++;
        memmove(bigger + i + 1, bigger + i, (c->n++ - i) * sizeof(*bigger));
        bigger[i] = (struct entry){ .instance = *instance, .u = *u };
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata);

/* For the next roll-back. */
static void set_timer(struct manager *m) {
        struct confirm *c = m->confirm;
        uint64_t next = UINT64_MAX;
        int r = 0;

        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].u.state == UNCONFIRMED_PENDING && c->entries[i].u.usec < next)
                        next = c->entries[i].u.usec;
        c->timer = sd_event_source_unref(c->timer);
        if (next != UINT64_MAX)
                r = sd_event_add_time(m->o.event, &c->timer, CLOCK_BOOTTIME, next, 1000, on_time, m);
        if (r < 0) {
                log_error("cannot wait for a confirmation: %s", errno_text(r));
                (void)sd_event_exit(m->o.event, r); /* the next start counts on */
        }
}

static int note(struct manager *m, const struct entry *e, struct diag *d) {
        char text[UNCONFIRMED_TEXT_MAX];

        unconfirmed_format(&e->u, text);
        return note_write(m->o.state->folder, NOTE_UNCONFIRMED, &e->instance, text, d);
}

static enum by_hand what_before(const struct unconfirmed *u) {
        return u->before == HAND_BEFORE_ALLOW    ? BY_HAND_ALLOW
                : u->before == HAND_BEFORE_BLOCK ? BY_HAND_BLOCK
                                                 : BY_HAND_FORGET;
}

static void roll_back(struct manager *m, struct entry *e) {
        const char *before = hand_before_note(e->u.before);
        struct diag d = {};
        int r = by_hand_note(m, &e->instance, what_before(&e->u), &d);

        if (r >= 0) {
                e->u.state = UNCONFIRMED_ROLLED_BACK;
                e->u.usec = now_usec(CLOCK_BOOTTIME);
                memcpy(e->u.boot, m->confirm->boot, BOOT_ID_SIZE);
                r = note(m, e, &d);
                announce_by_hand(m, &e->instance, "%s, rolled back: not confirmed in time; %s",
                        e->u.allow ? "allow" : "block",
                        before                ? before
                                : e->u.before ? "left to the policy again"
                                              : "what was before is not known: left to the policy");
        } else
                e->u.usec = now_usec(CLOCK_BOOTTIME) + AGAIN_USEC;
        if (r < 0)
                log_error("cannot roll back: %s", d.text);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        struct manager *m = userdata;
        uint64_t now = now_usec(CLOCK_BOOTTIME);

        for (size_t i = 0; i < m->confirm->n; i++) {
                struct entry *e = &m->confirm->entries[i];

                if (e->u.state == UNCONFIRMED_PENDING && e->u.usec <= now)
                        roll_back(m, e);
        }
        set_timer(m);
        manager_try_at_once(m);
        manager_reconcile_soon(m);
        return 0;
}

/* Whether what was confirmed came into the file before cvmd ended. */
static bool is_written(const struct manager *m, const struct guid *instance, const struct unconfirmed *u) {
        _cleanup_(hand_decisions_done) struct hand_decisions l = {};
        const struct hand_decision *h;

        if (u->state != UNCONFIRMED_CONFIRMED || by_hand_file_read(m->o.root, &l, NULL) < 0)
                return false;
        h = hand_decisions_find(&l, instance);
        return h && h->allow == u->allow;
}

/* One note that an earlier cvmd left. */
static int load_note(struct manager *m, const struct note *left, struct diag *d) {
        const struct hand_decision *noted = by_hand_of(m, &left->instance);
        struct unconfirmed u = {};
        struct entry *e;
        int r;

        if (unconfirmed_parse(left->text, &u) < 0) {
                char instance[GUID_TEXT_SIZE];

                guid_format(&left->instance, instance);
                log_warning("%s: a decision waits to be confirmed, and its note cannot be read", instance);
                u = (struct unconfirmed){ .state = UNCONFIRMED_PENDING, .allow = noted && noted->allow };
        }
        r = add(m->confirm, &left->instance, &u);
        if (r < 0)
                return diag_errno(d, r, "decisions to be confirmed");
        e = find(m->confirm, &left->instance);
        if (u.state == UNCONFIRMED_ROLLED_BACK)
                return 0;
        if (is_written(m, &left->instance, &u)) {
                r = confirm_settle(m, &left->instance, d);
                return r < 0 ? r : by_hand_note(m, &left->instance, BY_HAND_FORGET, d);
        }
        e->u.state = UNCONFIRMED_PENDING;
        if (unconfirmed_is_over(&u, m->confirm->boot_known ? m->confirm->boot : "", now_usec(CLOCK_BOOTTIME),
                    hand_before_note(hand_before_of(noted))))
                roll_back(m, e);
        return 0;
}

static int read_boot_id(struct manager *m, struct diag *d) {
        _cleanup_(freep) char *boot = NULL;
        int r = sysroot_read_line(m->o.root, BOOT_ID_FILE, &boot);

        if (r >= 0 && strlen(boot) != BOOT_ID_SIZE - 1)
                r = -EBADMSG;
        if (r < 0)
                return diag_errno(d, r, "/" BOOT_ID_FILE);
        memcpy(m->confirm->boot, boot, BOOT_ID_SIZE);
        m->confirm->boot_known = true;
        return 0;
}

int confirm_load(struct manager *m, struct diag *d) {
        _cleanup_(notes_done) struct notes notes = {};
        struct diag told = {};
        int r;

        m->confirm = calloc(1, sizeof(*m->confirm));
        if (!m->confirm)
                return diag_errno(d, -ENOMEM, "decisions to be confirmed");
        r = by_hand_load(m, d);
        if (r < 0)
                return r;
        memcpy(m->confirm->boot, UNKNOWN_BOOT, BOOT_ID_SIZE);
        if (read_boot_id(m, &told) < 0)
                log_warning("%s: nothing that waits to be confirmed outlives a restart", told.text);
        r = notes_list(m->o.state->folder, NOTE_UNCONFIRMED, &notes, d);
        for (size_t i = 0; i < notes.n && r >= 0; i++)
                r = load_note(m, &notes.notes[i], d);
        if (r < 0)
                return r;
        set_timer(m);
        return 0;
}

int confirm_expect(struct manager *m, const struct guid *instance, const struct decide_request *q,
        struct diag *d) {
        struct unconfirmed u = {
                .state = UNCONFIRMED_PENDING,
                .allow = q->what == BY_HAND_ALLOW,
                .permanent = q->permanent,
                .before = hand_before_of(by_hand_of(m, instance)),
                .usec = now_usec(CLOCK_BOOTTIME) + q->confirm_usec,
        };
        struct entry *e = find(m->confirm, instance), fresh;
        int r;

        if (e &&
                e->u.state ==
                        UNCONFIRMED_PENDING) /* what comes back is what was there before the first one */
                u.before = e->u.before;
        memcpy(u.boot, m->confirm->boot, BOOT_ID_SIZE);
        fresh = (struct entry){ .instance = *instance, .u = u };
        r = note(m, &fresh, d);
        if (r < 0)
                return r;
        if (e)
                *e = fresh;
        else if (add(m->confirm, instance, &u) < 0) {
                (void)note_remove(m->o.state->folder, NOTE_UNCONFIRMED, instance, NULL);
                return diag_errno(d, -ENOMEM, "decision");
        }
        set_timer(m);
        return 0;
}

int confirm_settle(struct manager *m, const struct guid *instance, struct diag *d) {
        struct entry *e = find(m->confirm, instance);
        int r = e ? note_remove(m->o.state->folder, NOTE_UNCONFIRMED, instance, d) : 0;

        if (r < 0 || !e)
                return r;
        drop(m->confirm, e);
        set_timer(m);
        return 0;
}

/* Whether it is confirmed is noted, too, before it is written. */
static int set_confirmed(struct manager *m, const struct guid *instance, bool confirmed, struct diag *d) {
        struct entry *e = find(m->confirm, instance);
        int r;

        if (!e)
                return 0;
        e->u.state = confirmed ? UNCONFIRMED_CONFIRMED : UNCONFIRMED_PENDING;
        r = note(m, e, d);
        set_timer(m);
        return r;
}

void confirm_resume(struct manager *m, const struct guid *instance) {
        struct diag d = {};

        if (set_confirmed(m, instance, false, &d) < 0)
                log_error("%s", d.text);
}

int confirm_show(const struct manager *m, struct picture *p) {
        const struct confirm *c = m->confirm;

        p->unconfirmed = calloc(c->n + 1, sizeof(*p->unconfirmed));
        if (!p->unconfirmed)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].u.state != UNCONFIRMED_ROLLED_BACK)
                        p->unconfirmed[p->n_unconfirmed++] = (struct picture_unconfirmed){
                                .instance = c->entries[i].instance,
                                .allow = c->entries[i].u.allow,
                                .permanent = c->entries[i].u.permanent,
                                .deadline = c->entries[i].u.usec,
                        };
        return 0;
}

/* Which entries the word names: one, or with NULL all of them. */
static bool is_named(const struct entry *e, const struct guid *instance) {
        return !instance || guid_equal(&e->instance, instance);
}

/* Why there is nothing to confirm. */
static int nothing_to_confirm(const struct confirm *c, const struct guid *instance, struct diag *d) {
        uint64_t now = now_usec(CLOCK_BOOTTIME);
        const struct entry *last = NULL;
        char text[GUID_TEXT_SIZE];

        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].u.state == UNCONFIRMED_ROLLED_BACK && is_named(&c->entries[i], instance) &&
                        (!last || c->entries[i].u.usec > last->u.usec))
                        last = &c->entries[i];
        if (last) {
                guid_format(&last->instance, text);
                return diag_fail(d, -ESTALE,
                        "too late: what was decided about %s was not confirmed in time, and was rolled back "
                        "%llu s ago",
                        text, (unsigned long long)(now - last->u.usec) / 1000000);
        }
        if (!instance)
                return diag_fail(d, -ESRCH, "nothing waits to be confirmed");
        guid_format(instance, text);
        return diag_fail(d, -ESRCH, "nothing that was decided about %s waits to be confirmed", text);
}

/* A device that is gone can still be confirmed, by its whole name. */
static int resolve(const struct manager *m, const char *word, struct guid *ret, struct diag *d) {
        const struct device *device;
        int r = guest_resolve(m->picture->guest, word, &device, d);

        if (r >= 0)
                *ret = device->instance;
        else if (r == -ENODEV && guid_parse(word, ret) >= 0 && find(m->confirm, ret))
                return 0;
        return r;
}

/* Those that last, to the disk: all at once. */
static int confirm_permanent(struct manager *m, const struct hand_change *changes, size_t n,
        struct diag *d) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = set_confirmed(m, &changes[i].instance, true, d);
        if (r >= 0)
                r = permanent_begin(m, changes, n, true, d);
        for (size_t i = 0; i < n && r < 0; i++)
                confirm_resume(m, &changes[i].instance);
        return r;
}

static int confirm_named(struct manager *m, const struct guid *only, struct guid *instances,
        struct hand_change *changes, size_t *ret_n, struct diag *d) {
        size_t n = 0, n_changes = 0;
        int r = 0;

        for (size_t i = 0; i < m->confirm->n; i++) {
                const struct entry *e = &m->confirm->entries[i];

                if (e->u.state == UNCONFIRMED_ROLLED_BACK || !is_named(e, only))
                        continue;
                instances[n++] = e->instance;
                if (e->u.permanent)
                        changes[n_changes++] = (struct hand_change){
                                .instance = e->instance,
                                .what = e->u.allow ? BY_HAND_ALLOW : BY_HAND_BLOCK,
                        };
        }
        if (n == 0)
                return nothing_to_confirm(m->confirm, only, d);
        for (size_t i = 0; i < n && r >= 0; i++) {
                if (find(m->confirm, &instances[i])->u.permanent)
                        continue;
                r = confirm_settle(m, &instances[i], d);
                if (r >= 0)
                        announce_by_hand(m, &instances[i], "confirmed");
        }
        *ret_n = n;
        if (r >= 0 && n_changes > 0)
                return confirm_permanent(m, changes, n_changes, d);
        return r < 0 ? r : manager_reconcile(m, d);
}

int manager_confirm(struct manager *m, const char *word, struct guid **ret, size_t *ret_n, struct diag *d) {
        _cleanup_(freep) struct hand_change *changes = calloc(m->confirm->n + 1, sizeof(*changes));
        _cleanup_(freep) struct guid *instances = calloc(m->confirm->n + 1, sizeof(*instances));
        struct guid only;
        int r;

        if (!changes || !instances)
                return diag_errno(d, -ENOMEM, "confirmation");
        if (permanent_is_writing(m) || trial_is_writing(m))
                return diag_fail(d, -EBUSY, "another decision is still being written to the disk");
        r = word ? resolve(m, word, &only, d) : 0;
        if (r >= 0)
                r = confirm_named(m, word ? &only : NULL, instances, changes, ret_n, d);
        if (r >= 0)
                *ret = TAKE(instances);
        return r;
}
