/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking costs a few commands of a TPM that may be slow, so it is done when there is a reason: at the
 * start, when somebody asks, when a report could not be had.
 */
#include "daemon/attestation-detect.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/attestation-tsm.h"
#include "daemon/log.h"

#define PAUSE_USEC (10 * 1000 * (uint64_t)1000) /* anyone may ask; the TPM is not theirs */
#define LATE_PAUSE_USEC (60 * 1000 * (uint64_t)1000)
#define DESCRIBING_MAX 32

int detect_append_details(const struct attestation *a, sd_bus_message *reply) {
        int r = sd_bus_message_open_container(reply, 'a', "(sbs)");

        for (enum provider p = PROVIDER_UNSET + 1; p < _PROVIDER_MAX && r >= 0; p++)
                r = sd_bus_message_append(reply, "(sbs)", provider_to_string(p), (int)a->providers[p].there,
                        a->providers[p].why ?: "not looked for yet");
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void answer_describing(struct attestation *a) {
        for (size_t i = 0; i < a->n_describing; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                int r = sd_bus_message_new_method_return(a->describing[i], &reply);

                if (r >= 0)
                        r = detect_append_details(a, reply);
                if (r >= 0)
                        (void)sd_bus_send(NULL, reply, NULL);
                sd_bus_message_unref(a->describing[i]);
        }
        free(a->describing);
        a->describing = NULL;
        a->n_describing = 0;
}

/* why becomes ours, NULL for want of memory. */
static void note(struct attestation *a, enum provider p, bool there, char *why) {
        struct provider_state *s = &a->providers[p];
        bool changed = s->there != there;

        free(s->why);
        *s = (struct provider_state){ there, why };
        if (changed)
                (void)sd_bus_emit_properties_changed(a->bus->bus, MANAGER_PATH, ATTESTATION_INTERFACE,
                        "Providers", NULL);
}

/* A guest that cannot attest works, and a person should know why; once for each reason, however often it is
 * looked for. */
static void tell(struct attestation *a) {
        const struct provider_state *vtpm = &a->providers[PROVIDER_VTPM], *tsm = &a->providers[PROVIDER_TSM];
        _cleanup_(freep) char *before = TAKE(a->told);

        if (vtpm->there || tsm->there) {
                if (before)
                        log_info("evidence can be given now");
                return;
        }
        if (asprintf(&a->told, "%s; %s", vtpm->why ?: "", tsm->why ?: "") < 0) {
                a->told = NULL;
                return;
        }
        if (!before || strcmp(before, a->told) != 0)
                log_info("no evidence can be given: %s", a->told);
}

static void detected(struct attestation *a) {
        a->detecting = false;
        a->detected_at = now_usec(CLOCK_MONOTONIC);
        tell(a);
        answer_describing(a);
}

static void ask_describe(struct attestation *a);

struct description {
        char *provider, *why;
};

static void read_description(struct attestation *a, sd_bus_message *m) {
        static const struct answer_field fields[] = {
                { "provider", "s", offsetof(struct description, provider), 64 },
                { "why", "s", offsetof(struct description, why), 1024 },
        };
        struct description found = {};
        struct diag d = {};
        bool there;
        int r = answer_read(m, fields, sizeof(fields) / sizeof(fields[0]), &found, &d);

        there = r >= 0 && found.provider && strcmp(found.provider, "vtpm") == 0;
        note(a, PROVIDER_VTPM, there, r < 0 ? strdup(d.text) : TAKE(found.why));
        free(found.provider);
        free(found.why);
        detected(a);
}

static int on_described(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct attestation *a = userdata;
        struct ask_failure f = {};

        switch (ask_outcome(&a->describe, m, "cvmd-attest", &f)) {
        case ASK_ANSWERED:
                read_description(a, m);
                break;
        case ASK_ENDED:
                ask_describe(a);
                break;
        case ASK_FAILED:
                note(a, PROVIDER_VTPM, false, strdup(f.why.text));
                detected(a);
                break;
        }
        return 0;
}

static void ask_describe(struct attestation *a) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = ask_new(a->bus, ATTEST_NAME, ATTEST_PATH, "Describe", &call);

        if (r >= 0)
                r = ask_send(a->bus, &a->describe, call, DESCRIBE_TIMEOUT_USEC, on_described, a);
        if (r < 0) {
                note(a, PROVIDER_VTPM, false, strdup(errno_text(r)));
                detected(a);
        }
}

static void on_tsm_looked(struct attestation *a, bool there, const char *why) {
        note(a, PROVIDER_TSM, there, strdup(why));
        ask_describe(a);
}

static void look_after(struct attestation *a, uint64_t pause_usec) {
        if (a->detecting || (a->detected_at > 0 && now_usec(CLOCK_MONOTONIC) < a->detected_at + pause_usec))
                return;
        a->detecting = true;
        tsm_look(a, on_tsm_looked);
}

void detect_soon(struct attestation *a) {
        look_after(a, PAUSE_USEC);
}

void detect_unless_there(struct attestation *a) {
        if (!a->providers[PROVIDER_VTPM].there && !a->providers[PROVIDER_TSM].there)
                look_after(a, LATE_PAUSE_USEC);
}

int detect_describe(struct attestation *a, sd_bus_message *call) {
        sd_bus_message **more;

        detect_soon(a);
        if (a->n_describing == DESCRIBING_MAX)
                return -EDQUOT;
        more = realloc(a->describing, (a->n_describing + 1) * sizeof(*more));
        if (!more)
                return -ENOMEM;
        a->describing = more;
        a->describing[a->n_describing++] = sd_bus_message_ref(call);
        if (!a->detecting) /* what was found a moment ago holds */
                answer_describing(a);
        return 0;
}

void detect_forget(struct attestation *a) {
        ask_done(&a->describe);
        a->detecting = false;
        for (size_t i = 0; i < a->n_describing; i++)
                sd_bus_message_unref(a->describing[i]);
        free(a->describing);
        a->describing = NULL;
        a->n_describing = 0;
}

int detect_append_names(const struct attestation *a, sd_bus_message *reply) {
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (enum provider p = PROVIDER_UNSET + 1; p < _PROVIDER_MAX && r >= 0; p++)
                if (a->providers[p].there)
                        r = sd_bus_message_append(reply, "s", provider_to_string(p));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}
