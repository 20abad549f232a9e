/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cvmd-fetch keeps what it fetched on the disk; here is only what saves asking it for every report. */
#include "daemon/attestation-endorse.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/attestation-private.h"
#include "daemon/log.h"
#include "lib/base/sealed.h"

#define CHAIN_MAX ((size_t)64 * 1024)
#define VEK_MAX ((size_t)8 * 1024)
#define TD_QUOTE_MAX ((size_t)64 * 1024)
#define PATIENCE_USEC \
        (6 * 1000 * (uint64_t)1000) /* one request of cvmd-fetch and a little: it may make more */
#define PAUSE_USEC (60 * 1000 * (uint64_t)1000)   /* after a failure */
#define KNOWN_USEC (3600 * 1000 * (uint64_t)1000) /* certificates are good for years */

struct endorsed {
        struct evidence_bytes chain, vek;
};

struct endorsing {
        struct chip chip; /* of which the rest is told; no id: of none */
        struct endorsed endorsed;
        uint64_t ask_again; /* CLOCK_MONOTONIC: what there is, or that there is nothing, holds until then */
        struct evidence_bytes td_report, td_quote;
        char *trouble;
        struct ask ask;
        sd_event_source *patience; /* of those who wait for it */
        bool late;                 /* it was waited for, and is not there yet */
};

static void endorsed_done(struct endorsed *e) {
        evidence_bytes_done(&e->chain);
        evidence_bytes_done(&e->vek);
}

static void chip_done(struct chip *c) {
        evidence_bytes_done(&c->id);
        free(c->product);
        *c = (struct chip){};
}

void endorsing_free(struct endorsing *e) {
        if (!e)
                return;
        ask_done(&e->ask);
        sd_event_source_unref(e->patience);
        chip_done(&e->chip);
        endorsed_done(&e->endorsed);
        evidence_bytes_done(&e->td_report);
        evidence_bytes_done(&e->td_quote);
        free(e->trouble);
        free(e);
}

void endorsing_forget(struct attestation *a) {
        if (!a->endorsing)
                return;
        ask_done(&a->endorsing->ask);
        a->endorsing->patience = sd_event_source_unref(a->endorsing->patience);
}

static bool same_bytes(const struct evidence_bytes *a, const struct evidence_bytes *b) {
        return a->n == b->n && (a->n == 0 || memcmp(a->bytes, b->bytes, a->n) == 0);
}

static bool same_chip(const struct chip *a, const struct chip *b) {
        return a->id.n > 0 && same_bytes(&a->id, &b->id) && a->tcb == b->tcb &&
                strcmp(a->product ?: "", b->product ?: "") == 0;
}

static int copy_bytes(struct evidence_bytes *to, const struct evidence_bytes *from) {
        struct evidence_bytes copy = { malloc(from->n ?: 1), from->n };

        if (!copy.bytes)
                return -ENOMEM;
        if (from->n > 0)
                memcpy(copy.bytes, from->bytes, from->n);
        evidence_bytes_done(to);
        *to = copy;
        return 0;
}

/* Told once for each trouble. */
static void note_trouble(struct endorsing *e, const char *text) {
        if (text[0] && (!e->trouble || strcmp(e->trouble, text) != 0))
                log_warning("no endorsements for evidence: %s", text);
        free(e->trouble);
        e->trouble = text[0] ? strdup(text) : NULL;
}

static void settle(struct attestation *a, const char *trouble, uint64_t keep_usec) {
        a->endorsing->patience = sd_event_source_unref(a->endorsing->patience);
        a->endorsing->late = false;
        a->endorsing->ask_again = now_usec(CLOCK_MONOTONIC) + keep_usec;
        note_trouble(a->endorsing, trouble);
        batch_endorsed(a);
}

static void ask_endorsements(struct attestation *a);
static void ask_td_quote(struct attestation *a);

static void read_endorsements(struct attestation *a, sd_bus_message *m) {
        static const struct answer_field fields[] = {
                { "snp-vek-chain", "h", offsetof(struct endorsed, chain), CHAIN_MAX },
                { "vek", "h", offsetof(struct endorsed, vek), VEK_MAX },
        };
        struct endorsing *e = a->endorsing;
        struct endorsed found = {};
        struct diag d = {};

        if (answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), &found, &d) < 0) {
                endorsed_done(&found);
                (void)diag_wrap(&d, 0, "cvmd-fetch");
                settle(a, d.text, PAUSE_USEC);
                return;
        }
        endorsed_done(&e->endorsed);
        e->endorsed = found;
        settle(a, "", KNOWN_USEC);
}

static int on_endorsements(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct attestation *a = userdata;
        struct ask_failure f = {};

        switch (ask_outcome(&a->endorsing->ask, m, "cvmd-fetch", &f)) {
        case ASK_ANSWERED:
                read_endorsements(a, m);
                break;
        case ASK_ENDED:
                ask_endorsements(a);
                break;
        case ASK_FAILED:
                settle(a, f.why.text, PAUSE_USEC);
                break;
        }
        return 0;
}

static void ask_endorsements(struct attestation *a) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        struct endorsing *e = a->endorsing;
        int r = ask_new(a->bus, FETCH_NAME, FETCH_PATH, "Endorsements", &call);

        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', e->chip.id.bytes, e->chip.id.n);
        if (r >= 0)
                r = sd_bus_message_append(call, "ts", e->chip.tcb, e->chip.product ?: "");
        if (r >= 0)
                r = ask_send(a->bus, &e->ask, call, FETCH_TIMEOUT_USEC, on_endorsements, a);
        if (r < 0)
                settle(a, errno_text(r), PAUSE_USEC);
}

static void read_td_quote(struct attestation *a, sd_bus_message *m) {
        static const struct answer_field fields[] = {
                { "td-quote", "h", offsetof(struct endorsing, td_quote), TD_QUOTE_MAX },
        };
        struct diag d = {};
        int r = answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), a->endorsing, &d);

        settle(a, r < 0 ? d.text : "", r < 0 ? PAUSE_USEC : 0);
}

static int on_td_quote(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct attestation *a = userdata;
        struct ask_failure f = {};

        switch (ask_outcome(&a->endorsing->ask, m, "cvmd-fetch", &f)) {
        case ASK_ANSWERED:
                read_td_quote(a, m);
                break;
        case ASK_ENDED:
                ask_td_quote(a);
                break;
        case ASK_FAILED:
                settle(a, f.why.text, PAUSE_USEC);
                break;
        }
        return 0;
}

static void ask_td_quote(struct attestation *a) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(closep) int memory = -1;
        struct endorsing *e = a->endorsing;
        int r = sealed_new("cvmd-td-report", e->td_report.bytes, e->td_report.n, &memory);

        if (r >= 0)
                r = ask_new(a->bus, FETCH_NAME, FETCH_PATH, "TdQuote", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "h", memory);
        if (r >= 0)
                r = ask_send(a->bus, &e->ask, call, FETCH_TIMEOUT_USEC, on_td_quote, a);
        if (r < 0)
                settle(a, errno_text(r), PAUSE_USEC);
}

/* Another chip than before, or another firmware of it: what was known is of no use. */
static int become(struct endorsing *e, const struct chip *chip) {
        struct chip copy = { .tcb = chip->tcb };
        int r = copy_bytes(&copy.id, &chip->id);

        if (r >= 0 && chip->product) {
                copy.product = strdup(chip->product);
                r = copy.product ? 0 : -ENOMEM;
        }
        if (r < 0) {
                chip_done(&copy);
                return r;
        }
        chip_done(&e->chip);
        e->chip = copy;
        endorsed_done(&e->endorsed);
        ask_done(&e->ask);
        e->late = false;
        e->ask_again = 0;
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        struct attestation *a = userdata;

        a->endorsing->late = true;
        batch_endorsed(a); /* which goes without; what comes is for the next */
        return 0;
}

/* Asks, unless that is under way. It is waited for, for a moment; after a failure not at all. */
static int ask_and_wait(struct attestation *a) {
        struct endorsing *e = a->endorsing;
        bool waits = !e->trouble && !e->late;
        int r = 0;

        if (waits)
                r = sd_event_add_time_relative(a->bus->event, &e->patience, CLOCK_MONOTONIC, PATIENCE_USEC,
                        0, on_patience, a);
        if (r < 0)
                return r;
        if (!e->ask.slot)
                ask_endorsements(a);
        if (!waits)
                batch_endorsed(a);
        return 0;
}

static int begin(struct attestation *a, const struct chip *chip, const struct evidence_bytes *td_report) {
        struct endorsing *e = a->endorsing;
        bool paused, is_td = td_report->n > 0;
        int r = 0;

        e->patience = sd_event_source_unref(e->patience); /* of a batch that has ended */
        evidence_bytes_done(&e->td_quote);
        if (is_td)
                r = copy_bytes(&e->td_report, td_report);
        else if (!same_chip(&e->chip, chip))
                r = become(e, chip);
        if (r < 0)
                return r;
        if (is_td)
                ask_done(&e->ask); /* for another report */
        paused = now_usec(CLOCK_MONOTONIC) < e->ask_again;
        if (paused || (!is_td && chip->id.n == 0)) {
                batch_endorsed(a); /* what can be known is, or there is no chip */
                return 0;
        }
        if (!is_td)
                return ask_and_wait(a);
        ask_td_quote(a);
        return 0;
}

void endorsing_begin(struct attestation *a, const struct chip *chip,
        const struct evidence_bytes *td_report) {
        int r = 0;

        if (!a->endorsing)
                a->endorsing = calloc(1, sizeof(*a->endorsing));
        if (!a->endorsing || (r = begin(a, chip, td_report)) < 0)
                batch_endorsed(a); /* out of memory: the evidence goes without */
}

struct span endorsing_vek_chain(const struct attestation *a) {
        return a->endorsing ? evidence_span(&a->endorsing->endorsed.chain) : (struct span){};
}

struct span endorsing_vek(const struct attestation *a) {
        return a->endorsing ? evidence_span(&a->endorsing->endorsed.vek) : (struct span){};
}

struct span endorsing_td_quote(const struct attestation *a) {
        return a->endorsing ? evidence_span(&a->endorsing->td_quote) : (struct span){};
}

const char *endorsing_trouble(const struct attestation *a) {
        return a->endorsing && a->endorsing->trouble ? a->endorsing->trouble : "";
}
