/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller of GetEvidence wants, read strictly: an option that is not understood could have mattered.
 */
#include <errno.h>
#include <string.h>

#include "daemon/attestation-private.h"
#include "lib/base/name-table.h"
#include "lib/format/pcr.h"

static const char *const provider_names[] = {
        [PROVIDER_VTPM] = "vtpm",
        [PROVIDER_TSM] = "tsm",
};
_Static_assert(N_NAMES(provider_names) == _PROVIDER_MAX, "every provider has a name");

const char *provider_to_string(enum provider p) {
        return name_of(provider_names, N_NAMES(provider_names), p);
}

int provider_from_string(const char *word) {
        return name_find(provider_names, N_NAMES(provider_names), word);
}

/* Bytes of an option or argument: min to max of them. */
static int read_bytes(sd_bus_message *m, const char *what, size_t min, size_t max, uint8_t *ret,
        size_t *ret_size, struct diag *d) {
        const void *bytes;
        size_t n;
        int r = sd_bus_message_read_array(m, 'y', &bytes, &n);

        if (r < 0)
                return diag_fail(d, -EINVAL, "%s: an array of bytes belongs there", what);
        if (n < min || n > max)
                return diag_fail(d, -EINVAL, "%s of %zu bytes: %zu to %zu are possible", what, n, min, max);
        memcpy(ret, bytes, n);
        *ret_size = n;
        return 0;
}

static int read_bind(sd_bus_message *m, struct request *q, struct diag *d) {
        return read_bytes(m, "bind", 0, BIND_MAX, q->bind, &q->n_bind, d);
}

static int read_word(sd_bus_message *m, const char *what, const char **ret, struct diag *d) {
        return sd_bus_message_read(m, "s", ret) < 0
                ? diag_fail(d, -EINVAL, "%s: a string belongs there", what)
                : 0;
}

static int read_provider(sd_bus_message *m, struct request *q, struct diag *d) {
        const char *word;
        int r = read_word(m, "provider", &word, d);

        if (r < 0)
                return r;
        r = provider_from_string(word);
        if (r < 0)
                return diag_fail(d, -EINVAL, "provider '%s': vtpm or tsm", word);
        q->provider = (enum provider)r;
        return 0;
}

static int read_format(sd_bus_message *m, struct request *q, struct diag *d) {
        const char *word;
        int r = read_word(m, "format", &word, d);

        if (r < 0)
                return r;
        r = evidence_format_from_string(word);
        if (r < 0)
                return diag_fail(d, -EINVAL, "format '%s': cmw, trustee or maa", word);
        q->format = (enum evidence_format)r;
        return 0;
}

static int read_freshness(sd_bus_message *m, struct request *q, struct diag *d) {
        const char *word;
        int r = read_word(m, "freshness", &word, d);

        if (r < 0)
                return r;
        r = freshness_from_string(word);
        if (r < 0)
                return diag_fail(d, -EINVAL, "freshness '%s': report or quote", word);
        q->freshness = (enum freshness)r;
        return 0;
}

static int read_pcrs(sd_bus_message *m, struct request *q, struct diag *d) {
        const char *word;
        int r = read_word(m, "pcrs", &word, d);

        if (r < 0)
                return r;
        if (pcr_selection_parse(word, &q->pcrs) < 0)
                return diag_fail(d, -EINVAL, "pcrs '%s': numbers and ranges from 0 to 23, as in 0,2-7",
                        word);
        return 0;
}

/* A flag, or which logs by name. */
static int read_logs(sd_bus_message *m, struct request *q, struct diag *d) {
        const char *word;
        int flag, r = sd_bus_message_read(m, "b", &flag);

        if (r > 0) {
                q->logs = flag ? 1u << EVIDENCE_LOG_FIRMWARE : 0;
                q->logs_if_there = false;
                return 0;
        }
        r = read_word(m, "event-log", &word, d);
        if (r < 0)
                return diag_fail(d, -EINVAL, "event-log: true, false or names of logs belong there");
        q->logs_if_there = false;
        if (evidence_logs_parse(word, &q->logs) < 0)
                return diag_fail(d, -EINVAL,
                        "event-log '%s': none, all, or some of firmware, systemd and ima with commas", word);
        return 0;
}

static const struct {
        const char *name, *types; /* of which one must be the variant's */
        int (*read)(sd_bus_message *m, struct request *q, struct diag *d);
} options[] = {
        { "bind", "ay", read_bind },
        { "provider", "s", read_provider },
        { "pcrs", "s", read_pcrs },
        { "event-log", "b s", read_logs },
        { "format", "s", read_format },
        { "freshness", "s", read_freshness },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

/* Whether type is one of the words of types. */
static bool is_among(const char *types, const char *type) {
        size_t n = strlen(type);

        for (const char *at = types; (at = strstr(at, type)); at++)
                if ((at == types || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
                        return true;
        return false;
}

/* One {sv}: name was read. seen: bits of the options that came before. */
static int read_option(sd_bus_message *m, const char *name, unsigned *seen, struct request *q,
        struct diag *d) {
        const char *type;
        size_t i = 0;
        int r;

        while (i < N_OPTIONS && strcmp(options[i].name, name) != 0)
                i++;
        if (i == N_OPTIONS)
                return diag_fail(d, -EINVAL,
                        "unknown option '%s': bind, provider, pcrs, event-log, format and freshness are "
                        "known",
                        name);
        if (*seen & 1u << i)
                return diag_fail(d, -EINVAL, "option '%s' is given twice", name);
        *seen |= 1u << i;
        r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;
        if (!is_among(options[i].types, type))
                return diag_fail(d, -EINVAL, "option '%s' has type '%s': '%s' belongs there", name, type,
                        options[i].types);
        r = sd_bus_message_enter_container(m, 'v', type);
        if (r >= 0)
                r = options[i].read(m, q, d);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_options(sd_bus_message *m, struct request *q, struct diag *d) {
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");
        unsigned seen = 0;
        const char *name;

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &name);
                if (r >= 0)
                        r = read_option(m, name, &seen, q, d);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* What goes together. */
static int check(const struct request *q, struct diag *d) {
        const char *format = evidence_format_to_string(q->format);

        if (q->format == EVIDENCE_CMW)
                return 0;
        if (q->n_nonce > RAW_NONCE_MAX)
                return diag_fail(d, -EINVAL,
                        "nonce of %zu bytes: format %s carries it as it is, and has room for %d", q->n_nonce,
                        format, RAW_NONCE_MAX);
        if (q->n_bind > 0)
                return diag_fail(d, -EINVAL, "bind: format %s has no place for it; hash it into the nonce",
                        format);
        if (q->freshness != FRESHNESS_REPORT)
                return diag_fail(d, -EINVAL,
                        "freshness quote: format %s cannot say that the report is an old one", format);
        if (q->provider == PROVIDER_TSM)
                return diag_fail(d, -EOPNOTSUPP, "format %s is made with the vTPM alone", format);
        if (q->format == EVIDENCE_TRUSTEE && q->pcrs != PCR_ALL)
                return diag_fail(d, -EINVAL, "pcrs: format trustee has all 24");
        return 0;
}

static int read_call(sd_bus_message *call, struct request *q, struct diag *d) {
        int r = read_bytes(call, "nonce", NONCE_MIN, NONCE_MAX, q->nonce, &q->n_nonce, d);

        if (r >= 0)
                r = read_options(call, q, d);
        return r < 0 ? r : check(q, d);
}

int request_new(struct attestation *a, sd_bus_message *call, struct request **ret, struct diag *d) {
        _cleanup_(request_freep) struct request *q = calloc(1, sizeof(*q));
        int r;

        if (!q)
                return -ENOMEM;
        *q = (struct request){
                .attestation = a,
                .stage = REQUEST_WAITING,
                .format = EVIDENCE_CMW,
                .freshness = FRESHNESS_REPORT,
                .pcrs = PCR_ALL,
                .logs = 1u << EVIDENCE_LOG_FIRMWARE,
                .logs_if_there = true,
        };
        r = read_call(call, q, d);
        if (r < 0)
                return r;
        q->call = sd_bus_message_ref(call);
        *ret = TAKE(q);
        return 0;
}

int request_set_caller(struct request *q, const struct authz_caller *caller) {
        q->uid = caller->uid;
        q->unit = caller->unit ? strdup(caller->unit) : NULL;
        return caller->unit && !q->unit ? -ENOMEM : 0;
}

void request_forget_attempt(struct request *q) {
        free(q->claims);
        q->claims = NULL;
        evidence_bytes_done(&q->quote.record);
        evidence_bytes_done(&q->quote.message);
        evidence_bytes_done(&q->quote.signature);
        evidence_bytes_done(&q->quote.key);
        evidence_bytes_done(&q->quote.key_info);
        evidence_bytes_done(&q->quote.key_signature);
        evidence_bytes_done(&q->quote.ak_public);
        for (enum evidence_log l = 0; l < _EVIDENCE_LOG_MAX; l++)
                evidence_bytes_done(&q->log_bytes[l]);
}

void request_free(struct request *q) {
        if (!q)
                return;
        sd_bus_message_unref(q->call);
        sd_event_source_unref(q->patience);
        request_forget_attempt(q);
        free(q->unit);
        free(q);
}

static void answered(struct request *q, bool given) {
        struct manager_counters *c = &q->attestation->bus->manager->counters;

        c->evidence_given += given;
        c->evidence_refused += !given;
        q->call = sd_bus_message_unref(q->call);
        q->patience = sd_event_source_unref(q->patience);
}

void request_answer(struct request *q, int memory) {
        if (!q->call)
                return;
        (void)sd_bus_reply_method_return(q->call, "h", memory); /* one that is gone does not listen */
        answered(q, true);
}

void request_fail_named(struct request *q, const char *name, const char *text) {
        if (!q->call)
                return;
        (void)sd_bus_reply_method_errorf(q->call, name, "%s", text);
        answered(q, false);
}

void request_fail(struct request *q, int r, const struct diag *d) {
        request_fail_named(q, error_name_in(ERRORS_ATTESTATION, r), d->text[0] ? d->text : errno_text(r));
}
