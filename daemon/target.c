/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is wanted, what is, and one request at a time to bring the two together. systemd's answer to a
 * request counts for nothing: the unit's state is read again, on every signal and after a while without one.
 */
#include "daemon/target.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/systemd-link.h"
#include "lib/base/file.h"

#define GRACE_USEC \
        (2 * 1000 * (uint64_t)1000) /* twice what a device may be busy arriving or being blocked */
#define RETRY_FIRST_USEC (1000 * (uint64_t)1000)
#define RETRY_MAX_USEC (30 * 1000 * (uint64_t)1000)

enum wanted { WANTED_UNDECIDED, WANTED_LEFT, WANTED_REACHED };

struct target {
        int folder;
        sd_event *event;
        struct manager *manager;
        struct manager_observer observer;
        struct systemd_link *link;
        enum wanted wanted;
        enum unit_state state; /* as it was read last */
        bool to_start;         /* it has not been reached since it was wanted: it is ours to start */
        bool asked;            /* for what is wanted; not again before the retry */
        bool troubled;         /* that it did not come to that was told */
        uint64_t delay;
        sd_event_source *retry, *grace;
};

static int arm(sd_event *event, sd_event_source **source, uint64_t usec, sd_event_time_handler_t handler,
        void *data) {
        int r;

        if (!*source)
                return sd_event_add_time_relative(event, source, CLOCK_BOOTTIME, usec, 0, handler, data);
        r = sd_event_source_set_time_relative(*source, usec);
        return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

static void disarm(sd_event_source *source) {
        if (source)
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static bool is_as_wanted(const struct target *t) {
        switch (t->wanted) {
        case WANTED_UNDECIDED:
                return true;
        case WANTED_REACHED:
                return t->state == UNIT_ACTIVE || !t->to_start;
        case WANTED_LEFT:
                return t->state == UNIT_INACTIVE;
        }
        return true;
}

static const char *verb(const struct target *t) {
        return t->wanted == WANTED_REACHED ? "started" : "stopped";
}

/* Told once, and shown for as long as it is so. */
static void trouble(struct target *t, const char *why) {
        char text[512];

        snprintf(text, sizeof(text), TARGET_UNIT " could not be %s: %s", verb(t), why);
        if (!t->troubled)
                log_error("%s: trying again", text);
        t->troubled = true;
        manager_warn_of_target(t->manager, text);
}

static void no_trouble(struct target *t) {
        t->delay = RETRY_FIRST_USEC;
        disarm(t->retry);
        if (t->troubled)
                manager_warn_of_target(t->manager, NULL);
        t->troubled = false;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

static void retry_later(struct target *t) {
        if (arm(t->event, &t->retry, t->delay, on_retry, t) < 0)
                log_error("%s", errno_text(-ENOMEM));
        t->delay = t->delay * 2 < RETRY_MAX_USEC ? t->delay * 2 : RETRY_MAX_USEC;
}

static void on_answer(int r, const char *why, void *data) {
        struct target *t = data;

        if (r < 0)
                trouble(t, why);
}

/* Asks for what is wanted, if that is to be asked for now. */
static void step(struct target *t) {
        int r;

        if (is_as_wanted(t)) {
                if (t->wanted != WANTED_UNDECIDED)
                        no_trouble(t);
                return;
        }
        if (t->asked)
                return;
        retry_later(t);
        if (t->state == UNIT_UNKNOWN)
                return;
        t->asked = true;
        r = systemd_link_request(t->link, t->wanted == WANTED_REACHED ? SYSTEMD_START : SYSTEMD_STOP,
                on_answer, t);
        if (r < 0)
                trouble(t, errno_text(r));
}

/* It did not come to what is wanted. */
static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        struct target *t = userdata;

        if (!t->troubled)
                trouble(t,
                        t->asked ? "systemd took the request, and nothing came of it"
                                 : "systemd does not answer");
        t->asked = false;
        systemd_link_look(t->link); /* and step() on what it says */
        return 0;
}

static void on_state(enum unit_state state, void *data) {
        struct target *t = data;
        enum unit_state before = t->state;

        t->state = state;
        if (state == UNIT_ACTIVE && t->wanted == WANTED_REACHED)
                t->to_start = false;
        else if (before == UNIT_ACTIVE && state == UNIT_INACTIVE && t->wanted == WANTED_REACHED &&
                !t->to_start)
                log_info(TARGET_UNIT " was stopped by somebody: it is left to them");
        if (state == UNIT_UNKNOWN)
                t->asked = false; /* whoever was asked is gone */
        step(t);
}

/* The file goes first when it is left, and comes first when it is reached. */
static void write_down(struct target *t) {
        static const char text[] = "compliant\n";
        int r;

        if (t->wanted == WANTED_REACHED)
                r = file_replace_at(t->folder, TARGET_FILE, 0600, text, strlen(text));
        else
                r = unlinkat(t->folder, TARGET_FILE, 0) < 0 && errno != ENOENT ? -errno : 0;
        if (r < 0)
                log_error("cannot %s the state folder's \"" TARGET_FILE "\": %s",
                        t->wanted == WANTED_REACHED ? "write" : "remove", errno_text(r));
}

static void want(struct target *t, enum wanted wanted) {
        if (t->wanted == wanted)
                return;
        t->wanted = wanted;
        t->to_start = wanted == WANTED_REACHED;
        t->asked = false;
        no_trouble(t);
        write_down(t);
        step(t);
}

static int on_grace(sd_event_source *source, uint64_t usec, void *userdata) {
        want(userdata, WANTED_LEFT);
        return 0;
}

/* Whether something is wrong of which nothing more is to be awaited. */
static bool is_settled(const struct picture *p) {
        if (!p->evaluation->expected || !p->evaluation->applies)
                return true;
        for (size_t i = 0; i < p->guest->n_devices; i++)
                if (!p->devices[i].busy &&
                        (p->devices[i].verdict == VERDICT_FAILED ||
                                (p->evaluation->decisions[i].violates &&
                                        p->devices[i].verdict != VERDICT_BLOCKED)))
                        return true;
        return !p->busy;
}

/*
 * A device that is about to be blocked is no reason to stop every service: only one that stays, or a guest
 * in which there is always one.
 */
static void on_replaced(const struct picture *before, const struct picture *after, void *data) {
        struct target *t = data;
        int enabled = SD_EVENT_OFF;

        if (after->state == STATE_COMPLIANT) {
                disarm(t->grace);
                want(t, WANTED_REACHED);
                return;
        }
        if (t->grace)
                (void)sd_event_source_get_enabled(t->grace, &enabled);
        if (is_settled(after) || t->wanted == WANTED_LEFT) {
                disarm(t->grace);
                want(t, WANTED_LEFT);
        } else if (enabled == SD_EVENT_OFF && arm(t->event, &t->grace, GRACE_USEC, on_grace, t) < 0)
                want(t, WANTED_LEFT);
}

int target_new(const char *address, const struct state *state, sd_event *event, struct manager *m,
        struct target **ret, struct diag *d) {
        _cleanup_(target_freep) struct target *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return diag_errno(d, -ENOMEM, TARGET_UNIT);
        *t = (struct target){
                .folder = state->folder,
                .event = sd_event_ref(event),
                .manager = m,
                .observer = { .replaced = on_replaced, .data = t },
                .delay = RETRY_FIRST_USEC,
        };
        write_down(t); /* of a cvmd before us */
        r = systemd_link_new(address, TARGET_UNIT, event, on_state, t, &t->link);
        if (r < 0)
                return diag_errno(d, r, TARGET_UNIT);
        manager_observe(m, &t->observer);
        *ret = TAKE(t);
        return 0;
}

void target_free(struct target *t) {
        if (!t)
                return;
        (void)unlinkat(t->folder, TARGET_FILE, 0);
        systemd_link_free(t->link);
        sd_event_source_unref(t->retry);
        sd_event_source_unref(t->grace);
        sd_event_unref(t->event);
        free(t);
}
