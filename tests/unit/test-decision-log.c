/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chain of decisions: what breaks it is found, what a kill leaves is cut, what was said is not said
 * twice. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/enforce/decision-log.h"
#include "tests/unit/harness.h"

#define LOG "decisions.log"

static const struct decision_record start = { .time_usec = 1700000000000000,
        .event = "start",
        .policy = "p" };
static const struct decision_record blocked = {
        .time_usec = 1700000000000001,
        .event = "decision",
        .instance = "f8615163-0000-1000-2000-000d3a000001",
        .class = "network",
        .verdict = "blocked",
        .rule = "payload-private",
        .reason = "ring is plain",
        .policy = "p",
};

struct folder {
        char path[64];
        int fd;
};

static int setup(void **state) {
        struct folder *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        strcpy(f->path, "test-decision-log.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct folder *f = *state;

        unlinkat(f->fd, LOG, 0);
        close(f->fd);
        rmdir(f->path);
        free(f);
        return 0;
}

static int folder_of(void **state) {
        return ((struct folder *)*state)->fd;
}

static struct decision_log *open_log(int folder) {
        struct decision_log *l = NULL;
        struct diag d = {};

        if (decision_log_open(folder, &l, &d) < 0)
                fail_msg("%s", d.text);
        return l;
}

/* start, then blocked; the bytes of the file, which the caller frees. */
static char *two_lines(int folder, size_t *ret_n) {
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder);
        char *text = NULL;

        assert_int_equal(decision_log_append(l, &start, NULL), 0);
        assert_int_equal(decision_log_append(l, &blocked, NULL), 0);
        assert_int_equal(file_read_at(folder, LOG, DECISION_LOG_MAX, &text, ret_n), 0);
        return text;
}

static void a_line_is_canonical_and_chained(void **state) {
        static const char first[] = "{\"event\":\"start\",\"policy\":\"p\",\"previous\":\"sha256:"
                                    "0000000000000000000000000000000000000000000000000000000000000000\","
                                    "\"sequence\":1,\"time\":1700000000000000}";
        char expected[1024], before[DIGEST_TEXT_SIZE];
        struct digest d;
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n);

        assert_int_equal(digest_sha256(first, strlen(first), &d), 0);
        digest_format(&d, before);
        snprintf(expected, sizeof(expected),
                "%s\n{\"class\":\"network\",\"event\":\"decision\","
                "\"instance\":\"f8615163-0000-1000-2000-000d3a000001\",\"policy\":\"p\",\"previous\":\"%s\","
                "\"reason\":\"ring is plain\",\"rule\":\"payload-private\",\"sequence\":2,"
                "\"time\":1700000000000001,\"verdict\":\"blocked\"}\n",
                first, before);
        assert_string_equal(text, expected);
}

static void the_chain_goes_on_after_a_restart(void **state) {
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n), *all = NULL;
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder_of(state));
        struct digest head, own;
        uint64_t sequence;

        assert_int_equal(decision_log_sequence(l), 2);
        assert_int_equal(decision_log_append(l, &start, NULL), 0);
        assert_int_equal(file_read_at(folder_of(state), LOG, DECISION_LOG_MAX, &all, &n), 0);
        assert_memory_equal(all, text, strlen(text));
        assert_int_equal(decision_log_verify(LOG, all, n, &sequence, &head, NULL), 0);
        own = decision_log_head(l);
        assert_int_equal(sequence, 3);
        assert_memory_equal(&head, &own, sizeof(head));
}

static void an_empty_log_has_no_head(void **state) {
        static const struct digest zero = {};
        struct digest head = { { 1 } };
        uint64_t sequence = 7;

        assert_int_equal(decision_log_verify(LOG, "", 0, &sequence, &head, NULL), 0);
        assert_int_equal(sequence, 0);
        assert_memory_equal(&head, &zero, sizeof(head));
}

/* Only a cut between two lines leaves a log, and that one is shorter: who knows the head sees it. */
static void a_log_cut_anywhere_is_told(void **state) {
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n);
        const size_t first = (size_t)(strchr(text, '\n') + 1 - text);

        for (size_t cut = 1; cut < n; cut++) {
                _cleanup_(freep) uint8_t *bytes = copy_exact(text, cut);
                uint64_t sequence = 77;
                struct digest head;
                int r = decision_log_verify(LOG, (char *)bytes, cut, &sequence, &head, NULL);

                assert_int_equal(r, cut == first ? 0 : -EBADMSG);
                assert_int_equal(sequence, cut == first ? 1 : 77);
        }
}

static void every_changed_byte_is_found(void **state) {
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n);
        const size_t last = (size_t)(strchr(text, '\n') + 1 - text);
        struct digest good, head;
        uint64_t sequence;

        assert_int_equal(decision_log_verify(LOG, text, n, &sequence, &good, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                int r;

                text[i] ^= 1;
                r = decision_log_verify(LOG, text, n, &sequence, &head, NULL);
                /* in the last line nothing follows that could tell: the head does */
                if (i < last)
                        assert_int_equal(r, -EBADMSG);
                else if (r == 0)
                        assert_memory_not_equal(&head, &good, sizeof(head));
                text[i] ^= 1;
        }
}

static void a_broken_chain_says_where(void **state) {
        static const struct {
                const char *from, *to, *says;
        } rows[] = {
                { "\"start\"", "\"stard\"", LOG ":2: does not follow" },
                { "\"sequence\":1", "\"sequence\":3", LOG ":1: sequence 3 where 1 should be" },
                { "\"sequence\":2", "\"sequence\":1", LOG ":2: sequence 1 where 2 should be" },
                { "\"class\"", "\"clazz\"", LOG ":2: \"clazz\" is not known" },
                { "\"blocked\"", "[2,3,4,5]", LOG ":2: \"verdict\" is not known here, or not of this kind" },
                { "\"event\":\"decision\"", "\"class\":\"decision\"", LOG ":2: not a JSON object" },
                { "\"previous\":\"sha256:", "\"previous\":\"sha255:", LOG ":1: \"event\" or \"previous\"" },
                { "{\"event\"", "[\"event\"", LOG ":1: not a JSON object" },
        };
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *changed = strdup(text);
                struct digest head;
                struct diag d = {};
                uint64_t sequence;
                char *at = strstr(changed, rows[i].from);

                assert_non_null(at);
                memcpy(at, rows[i].to, strlen(rows[i].to));
                assert_int_equal(decision_log_verify(LOG, changed, strlen(changed), &sequence, &head, &d),
                        -EBADMSG);
                if (strncmp(d.text, rows[i].says, strlen(rows[i].says)) != 0)
                        fail_msg("%s", d.text);
        }
}

static void put(int folder, const char *text, size_t n) {
        _cleanup_(closep) int fd = openat(folder, LOG, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, n), (ssize_t)n);
}

static void what_a_kill_left_is_cut_off(void **state) {
        size_t n;
        _cleanup_(freep) char *text = two_lines(folder_of(state), &n);
        const size_t first = (size_t)(strchr(text, '\n') + 1 - text);

        for (size_t cut = 0; cut < n; cut++) {
                _cleanup_(decision_log_freep) struct decision_log *l = NULL;
                const bool whole = cut == 0 || cut == first;
                struct diag d = {};

                put(folder_of(state), text, cut);
                assert_int_equal(decision_log_open(folder_of(state), &l, &d), 0);
                assert_int_equal(decision_log_sequence(l), cut < first ? 0 : 1);
                assert_int_equal(d.text[0] != 0, !whole);
                assert_int_equal(decision_log_append(l, &blocked, NULL), 0);
                decision_log_free(TAKE(l));
                l = open_log(folder_of(state));
                assert_int_equal(decision_log_sequence(l), cut < first ? 1 : 2);
        }
}

/* The kernel takes as much of a line as the limit leaves room for. */
static void a_line_that_was_cut_short_is_taken_back(void **state) {
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder_of(state));
        struct rlimit before, tight;
        struct stat st;

        assert_int_equal(decision_log_append(l, &start, NULL), 0);
        assert_int_equal(fstatat(folder_of(state), LOG, &st, 0), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        tight = before;
        tight.rlim_cur = (rlim_t)st.st_size + 10;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        assert_int_equal(decision_log_append(l, &blocked, NULL), -EIO);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(decision_log_sequence(l), 1);
        assert_int_equal(decision_log_append(l, &blocked, NULL), 0);
        decision_log_free(TAKE(l));
        l = open_log(folder_of(state));
        assert_int_equal(decision_log_sequence(l), 2);
}

static void a_broken_log_is_not_opened(void **state) {
        struct decision_log *l = NULL;
        struct diag d = {};

        put(folder_of(state), "{}\n", 3);
        assert_int_equal(decision_log_open(folder_of(state), &l, &d), -EBADMSG);
        assert_null(l);
        assert_non_null(strstr(d.text, LOG ":1: "));
}

static void a_broken_log_is_set_aside(void **state) {
        for (unsigned i = 1; i <= 2; i++) {
                _cleanup_(decision_log_freep) struct decision_log *l = NULL;
                _cleanup_(freep) char *kept = NULL;
                char name[64];

                put(folder_of(state), "{}\n", 3);
                assert_int_equal(decision_log_set_aside(folder_of(state), NULL), 0);
                snprintf(name, sizeof(name), LOG ".broken-%u", i);
                assert_int_equal(file_read_at(folder_of(state), name, 99, &kept, NULL), 0);
                assert_string_equal(kept, "{}\n");
                l = open_log(folder_of(state));
                assert_int_equal(decision_log_sequence(l), 0);
        }
        for (unsigned i = 1; i <= 2; i++) {
                char name[64];

                snprintf(name, sizeof(name), LOG ".broken-%u", i);
                assert_int_equal(unlinkat(folder_of(state), name, 0), 0);
        }
}

static void something_else_in_its_place_is_refused(void **state) {
        struct decision_log *l = NULL;

        assert_int_equal(mkfifoat(folder_of(state), LOG, 0600), 0);
        assert_int_equal(decision_log_open(folder_of(state), &l, NULL), -EINVAL);
        unlinkat(folder_of(state), LOG, 0);
        assert_int_equal(symlinkat("elsewhere", folder_of(state), LOG), 0);
        assert_int_equal(decision_log_open(folder_of(state), &l, NULL), -ELOOP);
        assert_null(l);
}

static void repetitions_are_known_across_restarts(void **state) {
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder_of(state));
        struct decision_record later = blocked, other = blocked, allowed = blocked, rebound = blocked;

        later.time_usec += 5;
        other.instance = "f8615163-0000-1000-2000-000d3a000002";
        allowed.verdict = "allowed";
        rebound.event = "rebound";
        assert_int_equal(decision_log_repeats(l, &blocked), 0);
        assert_int_equal(decision_log_append(l, &blocked, NULL), 0);
        for (unsigned restart = 0; restart < 2; restart++) {
                assert_int_equal(decision_log_repeats(l, &later), 1);
                assert_int_equal(decision_log_repeats(l, &other), 0);
                assert_int_equal(decision_log_repeats(l, &allowed), 0);
                assert_int_equal(decision_log_repeats(l, &rebound), 0);
                decision_log_free(TAKE(l));
                l = open_log(folder_of(state));
        }
        assert_int_equal(decision_log_append(l, &allowed, NULL), 0);
        assert_int_equal(decision_log_repeats(l, &blocked), 0); /* the last word counts */
}

static void many_devices_are_known_each_by_its_last_word(void **state) {
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder_of(state));
        char instance[64];

        for (unsigned round = 0; round < 2; round++)
                for (unsigned i = 0; i < 500; i++) {
                        struct decision_record r = blocked;

                        snprintf(instance, sizeof(instance), "f8615163-0000-1000-2000-%012x",
                                i * 7919 % 500);
                        r.instance = instance;
                        r.verdict = (i + round) % 3 ? "blocked" : "allowed";
                        assert_int_equal(decision_log_append(l, &r, NULL), 0);
                }
        decision_log_free(TAKE(l));
        l = open_log(folder_of(state));
        for (unsigned i = 0; i < 500; i++) {
                struct decision_record r = blocked;

                snprintf(instance, sizeof(instance), "f8615163-0000-1000-2000-%012x", i * 7919 % 500);
                r.instance = instance;
                assert_int_equal(decision_log_repeats(l, &r), (i + 1) % 3 != 0);
                r.verdict = "allowed";
                assert_int_equal(decision_log_repeats(l, &r), (i + 1) % 3 == 0);
        }
}

/* What a device or a mount is called is not ours to choose. */
static void text_that_is_no_utf8_is_escaped(void **state) {
        _cleanup_(decision_log_freep) struct decision_log *l = open_log(folder_of(state));
        struct decision_record odd = blocked;
        _cleanup_(freep) char *text = NULL;

        odd.reason = "mounted on \xff\n\"";
        assert_int_equal(decision_log_append(l, &odd, NULL), 0);
        assert_int_equal(file_read_at(folder_of(state), LOG, DECISION_LOG_MAX, &text, NULL), 0);
        assert_non_null(strstr(text, "\"reason\":\"mounted on \\\\xff\\\\n\\\\\\\"\""));
        assert_int_equal(decision_log_repeats(l, &odd), 1);
}

#define log_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        log_test(a_line_is_canonical_and_chained),
        log_test(the_chain_goes_on_after_a_restart),
        log_test(an_empty_log_has_no_head),
        log_test(a_log_cut_anywhere_is_told),
        log_test(every_changed_byte_is_found),
        log_test(a_broken_chain_says_where),
        log_test(what_a_kill_left_is_cut_off),
        log_test(a_line_that_was_cut_short_is_taken_back),
        log_test(a_broken_log_is_not_opened),
        log_test(a_broken_log_is_set_aside),
        log_test(something_else_in_its_place_is_refused),
        log_test(repetitions_are_known_across_restarts),
        log_test(many_devices_are_known_each_by_its_last_word),
        log_test(text_that_is_no_utf8_is_escaped),
};

RUN(tests)
