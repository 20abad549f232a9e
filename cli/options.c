/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is typed behind cvmctl. getopt_long does the walking; the rows say everything else about an option.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/base/suggest.h"

/* Words that no table of the library has: those of D-Bus options are cvmd's to know. */
static const char *const json_words[] = {
        [JSON_OFF] = "off",
        [JSON_SHORT] = "short",
        [JSON_PRETTY] = "pretty",
};
_Static_assert(N_NAMES(json_words) == JSON_AUTO, "every mode of JSON that can be asked for has a name");
static const char *const providers[] = { "vtpm", "tsm" };
static const char *const event_logs[] = { "all", "none", "firmware", "systemd", "ima" };
static const char *const freshness[] = { "report", "quote" };

static const char *json_word(size_t i) {
        return i < N_NAMES(json_words) ? json_words[i] : NULL;
}

static const char *mode_word(size_t i) {
        return i + 1 < _MODE_MAX ? policy_mode_to_string((enum policy_mode)(i + 1)) : NULL;
}

static const char *probe_word(size_t i) {
        return i < _PROBE_METHOD_MAX ? probe_method_to_string((enum probe_method)i) : NULL;
}

static const char *provider_word(size_t i) {
        return i < N_NAMES(providers) ? providers[i] : NULL;
}

static const char *event_log_word(size_t i) {
        return i < N_NAMES(event_logs) ? event_logs[i] : NULL;
}

static const char *freshness_word(size_t i) {
        return i < N_NAMES(freshness) ? freshness[i] : NULL;
}

static const struct option_row rows[] = {
        [OPTION_HELP] = { "help", 'h', NULL, 0, false, "Show this help" },
        [OPTION_VERSION] = { "version", 0, NULL, 0, false, "Show the version" },
        [OPTION_JSON] = { "json", 0, "[=MODE]", CAN_JSON, false, "Print JSON: pretty, short or off",
                json_word },
        [OPTION_NO_PAGER] = { "no-pager", 0, NULL, 0, false, "Do not start a pager" },
        [OPTION_NO_LEGEND] = { "no-legend", 0, NULL, 0, true, "Leave out headings and hints" },
        [OPTION_QUIET] = { "quiet", 'q', NULL, 0, true, "Print nothing but errors; the exit code tells" },
        [OPTION_OUTPUT] = { "output", 'o', "FILE", CAN_WHOLE, false, "Write to FILE, whole or not at all" },
        [OPTION_HOST] = { "host", 'H', "HOST", CAN_REMOTE, false, "Run there, by ssh" },
        [OPTION_BUS] = { "bus", 0, "ADDRESS", CAN_ASK, true, "Ask the cvmd on this bus" },
        [OPTION_SNAPSHOT] = { "snapshot", 0, "FILE", CAN_RECORD, false,
                "Look at a recorded guest (- is stdin)", .repeats = CAN_SEVERAL },
        [OPTION_ROOT] = { "root", 0, "DIR", CAN_RECORD | CAN_FILES, true, "Look at the files below DIR" },
        [OPTION_POLICY] = { "policy", 0, "PATH", CAN_JUDGE | CAN_POLICY | CAN_EXPORT, false,
                "Judge by this file or folder; may be repeated",
                .repeats = CAN_JUDGE | CAN_POLICY | CAN_EXPORT },
        [OPTION_MODE] = { "mode", 0, "MODE", CAN_JUDGE, true, "Judge as if in audit, enforce or off",
                mode_word },
        [OPTION_PROBE] = { "probe", 0, "METHOD", CAN_RECORD, true,
                "How to learn about channels, when recording", probe_word },
        [OPTION_REDACT] = { "redact", 0, NULL, CAN_EXPORT, true, "Replace what identifies the guest" },
        [OPTION_RUNTIME] = { "runtime", 0, NULL, CAN_DECIDE, true, "Decide until the next boot (default)" },
        [OPTION_FOR] = { "for", 0, "SEC", CAN_TRY_POLICY, true, "How long it is tried (default 300)" },
        [OPTION_STOP] = { "stop", 0, NULL, CAN_TRY_POLICY, true, "Stop trying a policy" },
        [OPTION_TAP] = { "tap", 0, NULL, CAN_TEST, true, "Report in the Test Anything Protocol" },
        [OPTION_JUNIT] = { "junit", 0, "FILE", CAN_TEST, false, "Write a report in JUnit's XML as well" },
        [OPTION_CHECK] = { "check", 0, NULL, CAN_FORMAT, false, "Change nothing, only tell what would be" },
        [OPTION_PERMANENT] = { "permanent", 0, NULL, CAN_DECIDE, true, "Decide for good, in the policy" },
        [OPTION_CONFIRM_WITHIN] = { "confirm-within", 0, "SEC", CAN_TRY, true,
                "Take it back unless confirmed in time" },
        [OPTION_TRIAL] = { "trial", 0, NULL, CAN_CONFIRM, true, "Confirm the trial of enforcement" },
        [OPTION_BOOTS] = { "boots", 0, "N", CAN_BOOT, true, "How many boots it takes (default 3)" },
        [OPTION_BUNDLE] = { "bundle", 0, "DIR", CAN_EXPORT, false, "Write it with policy and log into DIR" },
        [OPTION_LOG] = { "log", 0, "FILE", CAN_EXPORT, false, "The decision log for a bundle" },
        [OPTION_NONCE] = { "nonce", 0, "HEX", CAN_WORDS, true, "The nonce that evidence is for" },
        [OPTION_BIND] = { "bind", 0, "HEX", CAN_WORDS, true, "The channel that evidence is for" },
        [OPTION_EXPECT] = { "expect", 0, "FILE", CAN_VERIFY, false, "What is expected of evidence" },
        [OPTION_ANY_MEASUREMENT] = { "any-measurement", 0, NULL, CAN_VERIFY, true,
                "Accept whatever was launched" },
        [OPTION_ANY_NONCE] = { "any-nonce", 0, NULL, CAN_VERIFY, true, "Accept evidence of any age" },
        [OPTION_ANY_BIND] = { "any-bind", 0, NULL, CAN_VERIFY, true, "Accept evidence for any channel" },
        [OPTION_ANY_AK] = { "any-ak", 0, NULL, CAN_VERIFY, true, "Accept a quote by any key" },
        [OPTION_AT] = { "at", 0, "TIME", CAN_VERIFY, true, "Verify as of then: 2026-06-01T12:00:00Z" },
        [OPTION_CERTS] = { "certs", 0, "FILE", CAN_CERTIFY, false,
                "Certificates, leaf first; may be repeated", .repeats = CAN_CERTIFY },
        [OPTION_CRL] = { "crl", 0, "FILE", CAN_VERIFY, false, "Revoked certificates; may be repeated",
                .repeats = CAN_VERIFY },
        [OPTION_COLLATERAL] = { "collateral", 0, "FILE", CAN_VERIFY, false,
                "Intel's TCB info, QE identity, or their certificates", .repeats = CAN_VERIFY },
        [OPTION_ROOTS] = { "roots", 0, "DIR", CAN_ROOTS, false, "Trust anchors, beside those built in" },
        [OPTION_NONCE_FILE] = { "nonce-file", 0, "FILE", CAN_EVIDENCE, false, "Its bytes are the nonce" },
        [OPTION_BIND_FILE] = { "bind-file", 0, "FILE", CAN_EVIDENCE, false, "Its bytes name the channel" },
        [OPTION_FORMAT] = { "format", 0, "NAME", CAN_CONVERT, true,
                "cmw, trustee, maa, raw; of results: ear" },
        [OPTION_PROVIDER] = { "provider", 0, "NAME", CAN_EVIDENCE, true, "Attest with vtpm or tsm",
                provider_word },
        [OPTION_PCRS] = { "pcrs", 0, "LIST", CAN_EVIDENCE, true,
                "Quote these registers: 0-7,14 (default all)" },
        [OPTION_EVENT_LOG] = { "event-log", 0, "LIST", CAN_EVIDENCE, true,
                "Add firmware, systemd, ima; all or none", event_log_word, .list = true },
        [OPTION_FRESHNESS] = { "freshness", 0, "HOW", CAN_EVIDENCE, true,
                "report, or quote if the report may be old", freshness_word },
        [OPTION_BATCH] = { "batch", 0, NULL, CAN_VERIFY, false,
                "A piece of evidence a line, a result a line" },
        [OPTION_JOBS] = { "jobs", 0, "N", CAN_VERIFY, false,
                "How many processes verify a batch (default 1)" },
        [OPTION_SIGN_KEY] = { "sign-key", 0, "FILE", CAN_VERIFY, false, "Sign a result in --format ear" },
        [OPTION_EXPAND] = { "expand", 0, "DIR", CAN_EXPORT, false, "Lay the snapshot out as files in DIR" },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == _OPTION_MAX, "every option has a row");

#define LONG_VALUE 256 /* what getopt_long() answers for row 0: beyond every letter */

const struct option_row *option_row(enum option_id id) {
        return &rows[id];
}

bool option_goes_with(const struct option_row *row, unsigned can) {
        return !row->wants || row->wants & can;
}

/* The two forms in which getopt_long() wants the rows. */
static void make_getopt(struct option ret_long[_OPTION_MAX + 1], char ret_short[2 * _OPTION_MAX + 2]) {
        char *s = ret_short;

        *s++ = ':'; /* a missing value is told from an unknown option */
        for (int i = 0; i < _OPTION_MAX; i++) {
                const char *arg = rows[i].arg;

                ret_long[i] = (struct option){
                        .name = rows[i].name,
                        .has_arg = !arg         ? no_argument
                                : arg[0] == '[' ? optional_argument
                                                : required_argument,
                        .val = LONG_VALUE + i,
                };
                if (!rows[i].letter)
                        continue;
                *s++ = rows[i].letter;
                if (arg)
                        *s++ = ':';
        }
        *s = 0;
        ret_long[_OPTION_MAX] = (struct option){};
}

static int id_of(int c) {
        if (c >= LONG_VALUE)
                return c - LONG_VALUE;
        for (int i = 0; i < _OPTION_MAX; i++)
                if (rows[i].letter == c)
                        return i;
        return -ENOENT;
}

static int unknown(const char *word, struct diag *d) {
        struct suggestion s = {};
        size_t n = strcspn(word, "=");
        char name[64];

        if (word[0] != '-' || word[1] != '-' || n >= sizeof(name))
                return diag_fail(d, -EINVAL, "unknown option -%c (cvmctl --help lists them)", optopt ?: '?');
        snprintf(name, sizeof(name), "%.*s", (int)n - 2, word + 2);
        for (int i = 0; i < _OPTION_MAX; i++)
                suggest_consider(&s, name, rows[i].name);
        if (s.nearest)
                return diag_fail(d, -EINVAL, "unknown option --%s: did you mean --%s?", name, s.nearest);
        return diag_fail(d, -EINVAL, "unknown option --%s (cvmctl --help lists them)", name);
}

/* An option that getopt_long() knows by its name, but not as it was written: a value too many, or cut too
 * short. */
static int refused(const char *word, struct diag *d) {
        size_t n = strcspn(word, "=");

        if (optopt >= LONG_VALUE)
                return diag_fail(d, -EINVAL, "--%s takes no value", rows[optopt - LONG_VALUE].name);
        for (int i = 0, matches = 0; n > 2 && i < _OPTION_MAX; i++)
                if (strncmp(rows[i].name, word + 2, n - 2) == 0 && ++matches > 1)
                        return diag_fail(d, -EINVAL, "%.*s could be several options", (int)n, word);
        return unknown(word, d);
}

/* "--mode is audit, enforce or off, not 'x'". */
static int no_such_word(enum option_id id, const char *value, struct diag *d) {
        const char *word, *next;
        char text[128] = "";
        size_t used = 0;

        for (size_t i = 0; (word = rows[id].words(i)) && used < sizeof(text); i++) {
                next = rows[id].words(i + 1);
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", word,
                        !next                           ? ""
                                : rows[id].words(i + 2) ? ", "
                                                        : " or ");
        }
        return diag_fail(d, -EINVAL, "--%s is %s, not '%s'", rows[id].name, text, value);
}

static int parse_json(const char *value, enum json_mode *ret, struct diag *d) {
        int m = value ? name_find(json_words, N_NAMES(json_words), value) : JSON_AUTO;

        if (m < 0)
                return no_such_word(OPTION_JSON, value, d);
        *ret = (enum json_mode)m;
        return 0;
}

static int parse_mode(const char *value, enum policy_mode *ret, struct diag *d) {
        int m = policy_mode_from_string(value);

        if (m < 0)
                return no_such_word(OPTION_MODE, value, d);
        *ret = m;
        return 0;
}

static int parse_probe(const char *value, enum probe_method *ret, struct diag *d) {
        int m = probe_method_from_string(value);

        if (m < 0)
                return no_such_word(OPTION_PROBE, value, d);
        *ret = m;
        return 0;
}

static int parse_count(enum option_id id, const char *value, uint32_t max, uint32_t *ret, struct diag *d) {
        uint64_t n;

        if (number_parse(value, 10, max, &n) < 0 || n == 0)
                return diag_fail(d, -EINVAL, "--%s is 1 to %u, not '%s'", rows[id].name, max, value);
        *ret = (uint32_t)n;
        return 0;
}

static int add_value(char ***list, size_t *n, const char *value) {
        char **more = reallocarray(*list, *n + 1, sizeof(*more));

        if (!more)
                return -ENOMEM;
        *list = more;
        more[*n] = strdup(value);
        return more[(*n)++] ? 0 : -ENOMEM;
}

static void free_values(char **list, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(list[i]);
        free(list);
}

static int take(struct options *o, enum option_id id, const char *value, struct diag *d) {
        if (value && !*value)
                return diag_fail(d, -EINVAL, "--%s: the value is empty", rows[id].name);
        o->given[id] = true;
        o->values[id] = value;
        if (id == OPTION_JSON)
                return parse_json(value, &o->json, d);
        if (id == OPTION_MODE)
                return parse_mode(value, &o->mode, d);
        if (id == OPTION_PROBE)
                return parse_probe(value, &o->probe, d);
        if (id == OPTION_CONFIRM_WITHIN)
                return parse_count(id, value, 86400, &o->confirm_within, d);
        if (id == OPTION_BOOTS)
                return parse_count(id, value, 100, &o->boots, d);
        if (id == OPTION_JOBS)
                return parse_count(id, value, 256, &o->jobs, d);
        if (id == OPTION_FOR)
                return parse_count(id, value, 86400, &o->seconds, d);
        if (id == OPTION_POLICY)
                return add_value(&o->policies, &o->n_policies, value);
        if (id == OPTION_CERTS)
                return add_value(&o->certificates, &o->n_certificates, value);
        if (id == OPTION_CRL)
                return add_value(&o->crls, &o->n_crls, value);
        if (id == OPTION_COLLATERAL)
                return add_value(&o->collateral, &o->n_collateral, value);
        if (id == OPTION_SNAPSHOT)
                return add_value(&o->snapshots, &o->n_snapshots, value);
        return 0;
}

int options_parse(struct options *o, int argc, char **argv, struct diag *d) {
        struct option longs[_OPTION_MAX + 1];
        char shorts[2 * _OPTION_MAX + 2];
        int c, id, r;

        make_getopt(longs, shorts);
        opterr = 0;
        optind = 0; /* glibc: start over, so that tests can parse more than once */
        for (;;) {
                int at = optind ?: 1;

                c = getopt_long(argc, argv, shorts, longs, NULL);
                if (c < 0)
                        break;
                if (c == ':')
                        return diag_fail(d, -EINVAL, "%s needs a value", argv[optind - 1]);
                id = id_of(c);
                if (id < 0) /* '?' */
                        return refused(argv[optind > at ? optind - 1 : at], d);
                r = take(o, id, optarg, d);
                if (r < 0)
                        return r;
        }
        o->words = argv + optind;
        o->n_words = (size_t)(argc - optind);
        return 0;
}

bool options_offline(const struct options *o) {
        return o->given[OPTION_SNAPSHOT] || o->given[OPTION_ROOT];
}

/* Files of this machine mean nothing on another. */
static int check_host(const struct options *o, struct diag *d) {
        for (int i = 0; i < _OPTION_MAX; i++)
                if (o->given[i] && !rows[i].forward && i != OPTION_HOST && i != OPTION_JSON &&
                        i != OPTION_NO_PAGER)
                        return diag_fail(d, -EINVAL,
                                "--%s does not go with --host: it is about this machine", rows[i].name);
        if (o->values[OPTION_HOST][0] == '-')
                return diag_fail(d, -EINVAL, "--host: '%s' is not a host", o->values[OPTION_HOST]);
        return 0;
}

/* What is both given and waived would be neither; what is about a batch alone means nothing else. */
static int check_verify(const struct options *o, struct diag *d) {
        static const enum option_id pairs[][2] = {
                { OPTION_NONCE, OPTION_ANY_NONCE },
                { OPTION_BIND, OPTION_ANY_BIND },
                { OPTION_BATCH, OPTION_OUTPUT },
        };

        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
                if (o->given[pairs[i][0]] && o->given[pairs[i][1]])
                        return diag_fail(d, -EINVAL, "--%s and --%s exclude each other: give one of them",
                                rows[pairs[i][0]].name, rows[pairs[i][1]].name);
        if (o->given[OPTION_BATCH] && o->given[OPTION_FORMAT])
                return diag_fail(d, -EINVAL, "--batch has one format: leave out --format");
        if (o->given[OPTION_SIGN_KEY] && !o->given[OPTION_FORMAT])
                return diag_fail(d, -EINVAL, "--sign-key signs a result for others: add --format ear");
        if (o->given[OPTION_JOBS] && !o->given[OPTION_BATCH])
                return diag_fail(d, -EINVAL, "--jobs is about a batch: add --batch");
        return 0;
}

int options_check(const struct options *o, const char *verb, unsigned can, struct diag *d) {
        for (int i = 0; i < _OPTION_MAX; i++)
                if (o->given[i] && !option_goes_with(&rows[i], can))
                        return diag_fail(d, -EINVAL, "%s does not take --%s", verb, rows[i].name);
        if (o->n_snapshots > 1 && !(can & CAN_SEVERAL))
                return diag_fail(d, -EINVAL, "%s looks at one guest: give --snapshot once", verb);
        if (can & CAN_EXPORT && !o->given[OPTION_BUNDLE] &&
                (o->given[OPTION_POLICY] || o->given[OPTION_LOG]))
                return diag_fail(d, -EINVAL, "--%s goes into a bundle: add --bundle DIR",
                        o->given[OPTION_LOG] ? "log" : "policy");
        if (o->given[OPTION_BUNDLE] && (o->given[OPTION_EXPAND] || o->given[OPTION_OUTPUT]))
                return diag_fail(d, -EINVAL,
                        "--bundle and --%s are two places to write to: give one of them",
                        o->given[OPTION_EXPAND] ? "expand" : "output");
        if (o->given[OPTION_TAP] && o->given[OPTION_JSON] && o->json != JSON_OFF)
                return diag_fail(d, -EINVAL,
                        "--tap and --json are two forms of one report: give one of them");
        if (o->given[OPTION_RUNTIME] && o->given[OPTION_PERMANENT])
                return diag_fail(d, -EINVAL,
                        "--runtime and --permanent exclude each other: give one of them");
        if (check_verify(o, d) < 0)
                return -EINVAL;
        if (o->given[OPTION_HOST])
                return check_host(o, d);
        if (o->given[OPTION_BUS] && options_offline(o))
                return diag_fail(d, -EINVAL, "--bus asks a daemon, --%s looks without one: give one of them",
                        o->given[OPTION_SNAPSHOT] ? "snapshot" : "root");
        if (can & CAN_JUDGE && !options_offline(o) &&
                ((o->given[OPTION_POLICY] && !(can & CAN_PROPOSE)) || o->given[OPTION_MODE]))
                return diag_fail(d, -EINVAL,
                        "--%s judges offline: add --root / for this machine, or --snapshot FILE",
                        o->given[OPTION_MODE] ? "mode" : "policy");
        if (o->given[OPTION_SNAPSHOT] && o->given[OPTION_PROBE])
                return diag_fail(d, -EINVAL,
                        "--probe records, --snapshot is recorded already: give one of them");
        return 0;
}

void options_done(struct options *o) {
        free_values(o->policies, o->n_policies);
        free_values(o->snapshots, o->n_snapshots);
        free_values(o->certificates, o->n_certificates);
        free_values(o->crls, o->n_crls);
        free_values(o->collateral, o->n_collateral);
        *o = (struct options){};
}
