/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The gate over time. It is closed and opened by helpers like everything else that writes, and what became
 * of it is read from the kernel at each look, so that somebody who opens it behind our back is noticed.
 */
#include "daemon/gate.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager-private.h"

#define BIRDS_TOLD 4 /* by name, in a warning */
#define BIRDS_TEXT 512

static const struct guid the_bus; /* all zero: no device */

void gate_done(struct gate *g) {
        gate_note_done(&g->note);
}

void gate_load(struct manager *m) {
        struct gate *g = &m->gate;
        struct diag d = {};
        int r;

        gate_note_done(&g->note);
        r = gate_note_read(m->o.state->folder, &g->note, &d);
        g->noted = r != -ENODATA;
        if (r < 0 && g->noted) {
                log_error("%s; taking it that the gate was open before", d.text);
                g->note = (struct gate_note){ .autoprobe = true };
        }
        if (g->round == 0)
                g->round = 1;
}

void gate_driver_came(struct gate *g) {
        g->round++;
}

static void fail(struct manager *m, enum plan_verb verb, const char *why) {
        struct tracked *bus = &m->gate.bus;

        m->counters.actions_failed++;
        if (strncmp(bus->problem, why, sizeof(bus->problem) - 1) == 0)
                return; /* told already */
        snprintf(bus->problem, sizeof(bus->problem), "%.*s", (int)sizeof(bus->problem) - 1, why);
        log_entry(LOG_ERR, MESSAGE_ACTION, LOG_FIELDS({ "REASON", bus->problem }), "%s: %s",
                plan_verb_to_string(verb), bus->problem);
}

static int start(struct manager *m, enum plan_verb verb, uint64_t now) {
        struct tracked *bus = &m->gate.bus;
        uint64_t when = tracked_next_try(bus, now);
        struct diag d = {};
        int r;

        if (when > now)
                return manager_reconcile_at(m, when);
        r = workers_start(m->workers, verb, &(struct apply_device){ the_bus }, &d);
        if (r == -EAGAIN)
                return 0; /* the end of another helper makes us look again */
        if (r != -EBUSY) {
                bus->last_try = now;
                bus->tries++;
        }
        if (r < 0 && r != -EBUSY) {
                fail(m, verb, d.text);
                return manager_reconcile_at(m, tracked_next_try(bus, now));
        }
        bus->running = verb;
        bus->hangs = false;
        return 0;
}

/* What the gate needs now. */
static enum plan_verb needed(const struct gate *g, enum gate_state state, const struct guest *guest) {
        if (state == GATE_STATE_PENDING || (state == GATE_STATE_ON && !g->noted))
                return PLAN_CLOSE_GATE;
        if (state == GATE_STATE_OFF && g->noted && guest->autoprobe == TRISTATE_NO)
                return PLAN_OPEN_GATE;
        return PLAN_NOTHING;
}

int gate_follow(struct manager *m, const struct picture *p, uint64_t now) {
        enum gate_state state = gate_state_of(p->evaluation, p->guest);
        struct gate *g = &m->gate;
        enum plan_verb verb = needed(g, state, p->guest);

        if (state == GATE_STATE_PENDING && g->was_closed)
                log_entry(LOG_WARNING, MESSAGE_GATE, NULL, 0,
                        "somebody opened the gate (drivers_autoprobe): closing it again");
        g->was_closed = state == GATE_STATE_ON;
        g->settling = state == GATE_STATE_OFF && g->noted && p->guest->autoprobe == TRISTATE_YES;
        if (verb == PLAN_OPEN_GATE && !g->note.autoprobe) {
                g->settling = true; /* not ours to open; but whoever waits for us need not */
                verb = PLAN_NOTHING;
        }
        if (g->bus.running != PLAN_NOTHING || verb == PLAN_NOTHING)
                return 0;
        return start(m, verb, now);
}

bool gate_withholds(const struct manager *m, const struct guest *g, const struct device *d,
        struct tracked *t) {
        const struct gate *gate = &m->gate;

        if (d->driver) {
                t->admitted = gate->round; /* who unbinds it then is left alone */
                return false;
        }
        return (gate->was_closed || gate->settling) && t->admitted != gate->round;
}

void gate_planned(struct gate *g, const struct plan *plan) {
        g->awaited = false;
        for (size_t i = 0; i < plan->n; i++)
                g->awaited = g->awaited || plan->steps[i].verb == PLAN_ADMIT;
}

void gate_settle(struct manager *m, const struct picture *p) {
        struct gate *g = &m->gate;
        struct diag d = {};

        if (!g->settling || g->awaited || p->busy)
                return;
        if (gate_note_remove(m->o.state->folder, &d) < 0) {
                log_error("%s", d.text);
                return;
        }
        log_entry(LOG_NOTICE, MESSAGE_GATE, NULL, 0, "the gate is open");
        gate_note_done(&g->note);
        g->noted = g->settling = false;
}

bool gate_is_busy(const struct gate *g) {
        return g->bus.running != PLAN_NOTHING && !g->bus.hangs;
}

/* "INSTANCE (hv_netvsc, built into the kernel), ... and 3 more" of those that are still there. */
static size_t list_birds(const struct gate_note *n, const struct guest *guest, char text[BIRDS_TEXT]) {
        size_t told = 0, used = 0;

        for (size_t i = 0; i < n->n_birds; i++) {
                const struct device *d = guest_find(guest, &n->birds[i].instance);

                if (!d || told++ >= BIRDS_TOLD)
                        continue;
                used += (size_t)snprintf(text + used, BIRDS_TEXT - used, "%s%s (%s%s)", used ? ", " : "",
                        d->instance_text, n->birds[i].driver,
                        n->birds[i].built_in ? ", built into the kernel" : "");
        }
        if (told > BIRDS_TOLD)
                snprintf(text + used, BIRDS_TEXT - used, " and %zu more", told - BIRDS_TOLD);
        return told;
}

int gate_warn(const struct manager *m, struct picture *p) {
        const struct gate *g = &m->gate;
        char birds[BIRDS_TEXT], text[BIRDS_TEXT + 128];
        int r = 0;

        if (g->bus.problem[0]) {
                snprintf(text, sizeof(text), "the gate cannot be %s: %s",
                        p->gate == GATE_STATE_OFF ? "opened" : "closed", g->bus.problem);
                r = picture_warn(p, text);
        }
        if (r == 0 && g->noted && p->gate == GATE_STATE_ON && list_birds(&g->note, p->guest, birds) > 0) {
                snprintf(text, sizeof(text), "bound before the gate closed: %s", birds);
                r = picture_warn(p, text);
        }
        return r;
}

bool gate_ended(struct manager *m, enum plan_verb verb, int r, const struct apply_result *result,
        const char *why) {
        struct gate *g = &m->gate;

        if (!plan_verb_is_of_gate(verb))
                return false;
        g->bus.running = PLAN_NOTHING;
        g->bus.hangs = false;
        gate_load(m);
        if (verb == PLAN_OPEN_GATE)
                g->round++; /* whoever waited gets one more try */
        if (r == -ECHILD)
                return true; /* its result is lost; the next look tells */
        if (r < 0 || !result->effective) {
                fail(m, verb, r < 0 ? why : result->what);
                return true;
        }
        g->bus.problem[0] = 0;
        g->bus.tries = 0;
        if (result->what[0])
                log_warning("%s: done, but %s", plan_verb_to_string(verb), result->what);
        if (verb == PLAN_CLOSE_GATE)
                log_entry(LOG_NOTICE, MESSAGE_GATE, NULL, 0,
                        "the gate is closed: a device gets a driver once it was judged");
        return true;
}

bool gate_hangs(struct manager *m, enum plan_verb verb, bool given_up) {
        struct tracked *bus = &m->gate.bus;

        if (!plan_verb_is_of_gate(verb))
                return false;
        bus->running = verb;
        bus->hangs = true;
        fail(m, verb,
                given_up ? "the kernel has not answered: the helper is left to itself"
                         : "the kernel has not answered yet");
        return true;
}
