/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of labels are words of ours, digests and versions: none has a character that would have to be
 * escaped. */
#include "daemon/metrics-text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/enforce/trial.h"
#include "version.h"

/* Microseconds, and as the format wants them. */
static const struct {
        uint64_t usec;
        const char *seconds;
} buckets[METRICS_BUCKETS] = {
        { 100, "0.0001" },
        { 1000, "0.001" },
        { 10 * 1000, "0.01" },
        { 100 * 1000, "0.1" },
        { 1000 * 1000, "1.0" },
        { 10 * 1000 * 1000, "10.0" },
        { 100 * 1000 * 1000, "100.0" },
};

void metrics_expose(struct metrics_exposures *e, uint64_t usec) {
        for (size_t i = 0; i < METRICS_BUCKETS; i++)
                e->buckets[i] += usec <= buckets[i].usec;
        e->n++;
        e->sum_usec += usec;
}

/* Of the same object of the kernel; 0 for one that is new. */
static uint64_t ended_before(const struct picture *before, const struct guid *instance,
        const struct exposure *now) {
        const struct exposure *e;
        size_t i;

        if (picture_find(before, instance, &i) < 0)
                return 0;
        e = &before->devices[i].exposure;
        return e->relid == now->relid && e->inode == now->inode ? e->least : 0;
}

void metrics_compare(struct metrics_exposures *e, const struct picture *before,
        const struct picture *after) {
        for (size_t i = 0; before && i < after->guest->n_devices; i++) {
                const struct exposure *now = &after->devices[i].exposure;
                uint64_t ended = ended_before(before, &after->guest->devices[i].instance, now);

                if (now->least > ended)
                        metrics_expose(e, now->least - ended);
        }
}

static void family(FILE *f, const char *name, const char *type, const char *what) {
        fprintf(f, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, what);
}

static void gauge(FILE *f, const char *name, const char *what, uint64_t value) {
        family(f, name, "gauge", what);
        fprintf(f, "%s %" PRIu64 "\n", name, value);
}

static void counter(FILE *f, const char *name, const char *what, uint64_t value) {
        family(f, name, "counter", what);
        fprintf(f, "%s_total %" PRIu64 "\n", name, value);
}

static void put_info(FILE *f, const struct picture *p) {
        char digest[DIGEST_TEXT_SIZE];

        digest_format(&p->policy->digest, digest);
        family(f, "cvmd_build_info", "gauge", "The version of cvmd, as a label; always 1.");
        fprintf(f, "cvmd_build_info{version=\"%s\"} 1\n", CVMD_VERSION);
        family(f, "cvmd_policy_info", "gauge", "The digest of the policy in force, as a label; always 1.");
        fprintf(f, "cvmd_policy_info{digest=\"%s\"} 1\n", digest);
        gauge(f, "cvmd_policy_rules", "Rules of the policy in force.", p->policy->n_rules);
}

/* One sample a word, of which one is 1: a sum over time then is the time spent in it. */
static void put_words(FILE *f, const struct picture *p) {
        family(f, "cvmd_state", "gauge", "1 for the state that the guest is in, 0 for the others.");
        for (enum guest_state s = STATE_UNSET + 1; s < _STATE_MAX; s++)
                fprintf(f, "cvmd_state{state=\"%s\"} %d\n", guest_state_to_string(s), p->state == s);
        family(f, "cvmd_mode", "gauge", "1 for the mode that is in force, 0 for the others.");
        for (enum policy_mode m = MODE_UNSET + 1; m < _MODE_MAX; m++)
                fprintf(f, "cvmd_mode{mode=\"%s\"} %d\n", policy_mode_to_string(m),
                        p->evaluation->mode == m);
}

static void put_devices(FILE *f, const struct picture *p) {
        size_t verdicts[_VERDICT_MAX] = {}, exposed = 0;

        for (size_t i = 0; i < p->guest->n_devices; i++) {
                verdicts[p->devices[i].verdict]++;
                exposed += exposure_is_ongoing(&p->devices[i].exposure);
        }
        family(f, "cvmd_devices", "gauge", "Devices on the VMBus, by verdict.");
        for (enum verdict v = VERDICT_UNSET + 1; v < _VERDICT_MAX; v++)
                fprintf(f, "cvmd_devices{verdict=\"%s\"} %zu\n", verdict_to_string(v), verdicts[v]);
        gauge(f, "cvmd_exposed_devices", "Devices that have a driver and violate the policy.", exposed);
        gauge(f, "cvmd_gate_closed", "1 while no device gets a driver unjudged.", p->gate == GATE_STATE_ON);
        gauge(f, "cvmd_warnings", "Warnings about this guest that cvmctl status shows.", p->n_warnings);
        gauge(f, "cvmd_unconfirmed_decisions", "Decisions by hand that wait to be confirmed.",
                p->n_unconfirmed);
        gauge(f, "cvmd_decision_log_entries", "Entries of the decision log of this boot.", p->log_sequence);
}

static void put_counters(FILE *f, const struct manager_counters *c) {
        counter(f, "cvmd_looks", "Looks at the whole guest.", c->looks);
        counter(f, "cvmd_arrivals", "Looks at devices that had just come.", c->arrivals);
        counter(f, "cvmd_decisions", "Verdicts that were reached or changed.", c->decisions);
        counter(f, "cvmd_rescans", "Looks at everything because events were lost or somebody asked.",
                c->rescans);
        counter(f, "cvmd_uevents", "Events received from the kernel.", c->uevents);
        counter(f, "cvmd_forged_uevents", "Events ignored, for the kernel had not sent them.",
                c->uevents_forged);
        counter(f, "cvmd_receive_errors", "Times that events were lost.", c->receive_errors);
        counter(f, "cvmd_rebounds", "Times that somebody bound a blocked device.", c->rebounds);
        counter(f, "cvmd_actions", "Actions on devices and the gate.", c->actions);
        counter(f, "cvmd_failed_actions", "Actions that failed or hang.", c->actions_failed);
        counter(f, "cvmd_evidence_given", "Requests for evidence that were answered with it.",
                c->evidence_given);
        counter(f, "cvmd_evidence_refused", "Requests for evidence that were refused or failed.",
                c->evidence_refused);
}

static void put_exposures(FILE *f, const struct metrics_exposures *e) {
        static const char name[] = "cvmd_exposure_seconds";

        family(f, name, "histogram", "How long devices were exposed, at least, once that had ended.");
        fprintf(f, "# UNIT %s seconds\n", name);
        for (size_t i = 0; i < METRICS_BUCKETS; i++)
                fprintf(f, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, buckets[i].seconds, e->buckets[i]);
        fprintf(f, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, e->n);
        fprintf(f, "%s_count %" PRIu64 "\n", name, e->n);
        fprintf(f, "%s_sum %" PRIu64 ".%06" PRIu64 "\n", name, e->sum_usec / 1000000, e->sum_usec % 1000000);
}

int metrics_format(const struct picture *p, const struct manager_counters *counters,
        const struct metrics_exposures *exposures, char **ret, size_t *ret_n) {
        _cleanup_(freep) char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);

        if (!f)
                return -ENOMEM;
        put_info(f, p);
        put_words(f, p);
        put_devices(f, p);
        put_counters(f, counters);
        put_exposures(f, exposures);
        fputs("# EOF\n", f);
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE(text);
        *ret_n = n;
        return 0;
}
