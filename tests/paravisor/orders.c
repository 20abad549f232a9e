/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/paravisor/orders.h"

#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/name-table.h"
#include "lib/base/number.h"

static const char *const report_flaws[] = {
        [REPORT_GOOD] = "good",
        [REPORT_OVERSIZED] = "oversized",
        [REPORT_TRUNCATED] = "truncated",
        [REPORT_MAGIC] = "magic",
        [REPORT_VERSION_2] = "version-2",
        [REPORT_ZERO_MODULUS] = "zero-modulus",
        [REPORT_UNKNOWN_TYPE] = "unknown-type",
        [REPORT_NO_JSON] = "no-json",
        [REPORT_CLAIMS_HASH] = "claims-hash",
        [REPORT_OTHER_AK] = "other-ak",
};
_Static_assert(N_NAMES(report_flaws) == _REPORT_FLAW_MAX, "each flaw has a name");

static const char *const certificate_flaws[] = {
        [CERTIFICATE_GOOD] = "good",
        [CERTIFICATE_GARBAGE] = "garbage",
        [CERTIFICATE_OTHER_KEY] = "other-key",
        [CERTIFICATE_EMPTY] = "empty",
        [CERTIFICATE_UNWRITTEN] = "unwritten",
};
_Static_assert(N_NAMES(certificate_flaws) == _CERTIFICATE_FLAW_MAX, "each flaw has a name");

static const char *const http_flaws[] = {
        [HTTP_GOOD] = "good",
        [HTTP_NOT_FOUND] = "not-found",
        [HTTP_HTML] = "html",
        [HTTP_REDIRECT] = "redirect",
        [HTTP_DRIP] = "drip",
        [HTTP_HUGE] = "huge",
        [HTTP_SILENT] = "silent",
        [HTTP_GARBAGE] = "garbage",
        [HTTP_TCBM] = "tcbm",
        [HTTP_CHIP] = "chip",
};
_Static_assert(N_NAMES(http_flaws) == _HTTP_FLAW_MAX, "each flaw has a name");

static const char *const index_flaws[] = {
        [INDEX_PRESENT] = "present",
        [INDEX_UNWRITTEN] = "unwritten",
        [INDEX_ABSENT] = "absent",
};
_Static_assert(N_NAMES(index_flaws) == _INDEX_FLAW_MAX, "each flaw has a name");

static const char *const refresh_words[] = { "normal", "never" };
static const char *const switch_words[] = { "off", "on" };

/* Its value in the table, or -EINVAL. */
static int read_word(const struct order *o, const char *const *table, size_t n, struct diag *d) {
        int value = o->word[1] ? name_find(table, n, o->word[1]) : -EBADMSG;

        return value < 0 ? diag_fail(d, -EINVAL, "%s: no such word", o->word[0]) : value;
}

static int read_number(const struct order *o, size_t at, uint64_t max, uint64_t *ret, struct diag *d) {
        if (!o->word[at] || number_parse(o->word[at], 10, max, ret) < 0)
                return diag_fail(d, -EINVAL, "%s: a number from 0 to %llu is wanted", o->word[0],
                        (unsigned long long)max);
        return 0;
}

/* How often; for ever when there is no such word. */
static int read_times(const struct order *o, size_t at, unsigned *ret, struct diag *d) {
        uint64_t times = FOR_EVER;
        int r = 0;

        if (o->word[at] && strcmp(o->word[at], "for-ever") != 0)
                r = read_number(o, at, FOR_EVER, &times, d);
        if (r >= 0)
                *ret = (unsigned)times;
        return r;
}

static int do_advance(struct order *o, struct diag *d) {
        uint64_t msec;
        int r = read_number(o, 1, 1000000000, &msec, d);

        if (r < 0)
                return r;
        o->vtpm->ahead += msec;
        queue_run(o->queue);
        return 0;
}

static int do_window(struct order *o, struct diag *d) {
        return read_number(o, 1, 1000000000, &o->vtpm->behaviour.window, d);
}

static int do_slow(struct order *o, struct diag *d) {
        return read_number(o, 1, 1000000000, &o->vtpm->behaviour.slow, d);
}

static int do_refresh(struct order *o, struct diag *d) {
        int never = read_word(o, refresh_words, N_NAMES(refresh_words), d);

        if (never < 0)
                return never;
        o->vtpm->behaviour.never_refresh = never;
        return 0;
}

static int do_stale(struct order *o, struct diag *d) {
        return read_times(o, 1, &o->vtpm->behaviour.stale, d);
}

static int do_torn(struct order *o, struct diag *d) {
        return read_times(o, 1, &o->vtpm->behaviour.torn, d);
}

static int do_other_writer(struct order *o, struct diag *d) {
        return read_times(o, 1, &o->vtpm->behaviour.other_writer, d);
}

static int do_input(struct order *o, struct diag *d) {
        uint8_t bytes[INPUT_MAX];
        size_t n;

        if (!o->word[1] || hex_parse(o->word[1], strlen(o->word[1]), bytes, sizeof(bytes), &n) < 0)
                return diag_fail(d, -EINVAL, "input: up to %d bytes as hexadecimal digits are wanted",
                        INPUT_MAX);
        return vtpm_write_input(o->vtpm, bytes, n, d);
}

static int do_broken(struct order *o, struct diag *d) {
        struct behaviour *b = &o->vtpm->behaviour;
        uint64_t after = 0;
        uint32_t code;
        int r;

        if (!o->word[1] || number_parse_u32(o->word[1], 16, &code) < 0)
                return diag_fail(d, -EINVAL, "broken: a response code is wanted, such as 0x101");
        if (o->word[2] && o->word[3]) {
                r = read_number(o, 3, FOR_EVER, &after, d);
                if (r < 0)
                        return r;
        }
        b->broken = code;
        b->broken_after = (unsigned)after;
        return read_times(o, 2, &b->broken_times, d);
}

static int do_lockout(struct order *o, struct diag *d) {
        int on = read_word(o, switch_words, N_NAMES(switch_words), d);

        if (on < 0)
                return on;
        o->vtpm->behaviour.lockout = on;
        return 0;
}

static int do_owner_auth(struct order *o, struct diag *d) {
        return vtpm_set_owner_auth(o->vtpm, o->word[1] ? o->word[1] : "", d);
}

static int do_index(struct order *o, struct diag *d) {
        int flaw = read_word(o, index_flaws, N_NAMES(index_flaws), d);

        return flaw < 0 ? flaw : vtpm_set_index(o->vtpm, (enum index_flaw)flaw, d);
}

static int do_index_size(struct order *o, struct diag *d) {
        uint64_t size;
        int r = read_number(o, 1, HCL_INDEX_SIZE_MAX, &size, d);

        if (r >= 0)
                o->vtpm->index_size = size;
        return r;
}

static int do_report(struct order *o, struct diag *d) {
        int flaw = read_word(o, report_flaws, N_NAMES(report_flaws), d);

        if (flaw < 0)
                return flaw;
        o->vtpm->behaviour.report = (enum report_flaw)flaw;
        forge_bytes_done(&o->vtpm->report); /* the next read makes one, whenever it comes */
        return 0;
}

static int do_certificate(struct order *o, struct diag *d) {
        int flaw = read_word(o, certificate_flaws, N_NAMES(certificate_flaws), d);

        if (flaw < 0)
                return flaw;
        o->vtpm->behaviour.certificate = (enum certificate_flaw)flaw;
        return 0;
}

static int do_http(struct order *o, struct diag *d) {
        int flaw = read_word(o, http_flaws, N_NAMES(http_flaws), d);

        if (flaw < 0)
                return flaw;
        o->vtpm->behaviour.http = (enum http_flaw)flaw;
        return read_times(o, 2, &o->vtpm->behaviour.http_times, d);
}

static int release(struct order *o, bool execute, struct diag *d) {
        if (!queue_is_held(o->queue))
                return diag_fail(d, -EINVAL, "no command is held");
        queue_release(o->queue, execute);
        return 0;
}

static int do_go(struct order *o, struct diag *d) {
        return release(o, true, d);
}

static int do_drop(struct order *o, struct diag *d) {
        return release(o, false, d);
}

static const struct {
        const char *name;
        int (*follow)(struct order *o, struct diag *d);
} verbs[] = {
        { "advance", do_advance },
        { "broken", do_broken },
        { "certificate", do_certificate },
        { "drop", do_drop },
        { "go", do_go },
        { "http", do_http },
        { "index", do_index },
        { "index-size", do_index_size },
        { "input", do_input },
        { "lockout", do_lockout },
        { "other-writer", do_other_writer },
        { "owner-auth", do_owner_auth },
        { "refresh", do_refresh },
        { "report", do_report },
        { "slow", do_slow },
        { "stale", do_stale },
        { "torn", do_torn },
        { "window", do_window },
};

int orders_split(char *line, struct order *o, struct diag *d) {
        size_t n = 0;
        char *rest;

        for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
                if (n == ORDER_WORDS_MAX)
                        return diag_fail(d, -EINVAL, "too many words");
                o->word[n++] = word;
        }
        return n > 0 ? 0 : diag_fail(d, -EINVAL, "an order is wanted");
}

int orders_follow(struct order *o, struct diag *d) {
        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
                if (strcmp(verbs[i].name, o->word[0]) == 0)
                        return verbs[i].follow(o, d);
        return diag_fail(d, -EINVAL, "%s: no such order", o->word[0]);
}
