/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/errors, daemon/log, daemon/properties: what cvmd says to others, and in which words. */
#include <errno.h>
#include <fcntl.h>

#include "daemon/errors.h"
#include "daemon/log.h"
#include "daemon/properties.h"
#include "tests/unit/harness.h"

static void errors_have_valid_names(void **state) {
        static const struct {
                int r;
                const char *name;
        } rows[] = {
                { -EBADMSG, "org.cvmd1.Error.PolicyInvalid" }, { -ENODEV, "org.cvmd1.Error.NoSuchDevice" },
                { -ENOTUNIQ, "org.cvmd1.Error.AmbiguousDevice" },
                { -EOPNOTSUPP, "org.cvmd1.Error.NotSupported" },
                { -ETIMEDOUT, "org.cvmd1.Error.ActionHangs" },
                { -EXDEV, "org.cvmd1.Error.Failed" }, /* one without a name of its own */
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_string_equal(error_name(rows[i].r), rows[i].name);
        for (unsigned scope = ERRORS_ANY; scope < _ERROR_SCOPE_MAX; scope++)
                for (int e = 1; e < 200; e++)
                        assert_int_equal(sd_bus_interface_name_is_valid(error_name_in(scope, -e)), 1);
}

static void errors_say_what_their_interface_means(void **state) {
        assert_string_equal(error_name_in(ERRORS_FETCH, -ETIMEDOUT), "org.cvmd1.Error.TimedOut");
        assert_string_equal(error_name_in(ERRORS_FETCH, -EBADMSG), "org.cvmd1.Error.EndorsementInvalid");
        assert_string_equal(error_name_in(ERRORS_FETCH_QUOTE, -EBADMSG), "org.cvmd1.Error.QuoteInvalid");
        assert_string_equal(error_name_in(ERRORS_FETCH, -ENODEV), "org.cvmd1.Error.Failed");
        assert_string_equal(error_name_in(ERRORS_MANAGER, -EOPNOTSUPP), "org.cvmd1.Error.NotSupported");
}

static void errors_carry_what_went_wrong(void **state) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error bare = SD_BUS_ERROR_NULL;
        struct diag d = {}, nothing = {};

        (void)diag_fail(&d, -EBADMSG, "a.json:1:2: error: %s", "it's 100 % wrong");
        assert_true(error_set(&error, -EBADMSG, &d) < 0);
        assert_string_equal(error.name, "org.cvmd1.Error.PolicyInvalid");
        assert_string_equal(error.message, "a.json:1:2: error: it's 100 % wrong");
        assert_true(error_set(&bare, -ENODEV, &nothing) < 0);
        assert_string_equal(bare.message, "No such device");
}

/* What f writes to standard error. */
static void captured(void (*f)(void), char *ret, size_t size) {
        int ends[2], saved = dup(STDERR_FILENO);
        ssize_t n;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
        f();
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        close(saved);
        close(ends[1]);
        n = read(ends[0], ret, size - 1);
        assert_true(n >= 0);
        ret[n] = 0;
        close(ends[0]);
}

static void say_something(void) {
        log_entry(LOG_NOTICE, MESSAGE_STATE, LOG_FIELDS({ "STATE", "compliant" }, { "REASON", NULL }),
                "state %d", 7);
        log_error("%s", "50 % done");
}

static void away_from_the_journal_people_read_along(void **state) {
        char text[256];

        captured(say_something, text, sizeof(text));
        assert_string_equal(text, "test-daemon-words: state 7\ntest-daemon-words: 50 % done\n");
}

static const char *get_state(const struct property_object *o, char *buffer) {
        return guest_state_to_string(o->picture->state);
}

static bool get_busy(const struct property_object *o) {
        return o->picture->busy;
}

static uint32_t get_probe(const struct property_object *o) {
        return (uint32_t)o->picture->probe;
}

static uint64_t get_sequence(const struct property_object *o) {
        return o->picture->log_sequence;
}

static int append_nothing(sd_bus_message *reply, const struct property_object *o) {
        return 0;
}

static bool same_warnings(const struct property_object *a, const struct property_object *b) {
        return a->picture->n_warnings == b->picture->n_warnings;
}

static const struct property table[] = {
        { "State", .text = get_state },
        { "Busy", .flag = get_busy },
        { "Probe", .number = get_probe },
        { "Sequence", .big = get_sequence },
        { "Warnings", .other = { append_nothing, same_warnings } },
};

#define N_TABLE (sizeof(table) / sizeof(table[0]))

static void exactly_what_changed_is_named(void **state) {
        const struct picture before = { .state = STATE_COMPLIANT, .log_sequence = 1ull << 40 };
        struct picture after = before;
        const struct property_object a = { .picture = &before }, b = { .picture = &after };
        char *changed[N_TABLE + 1];

        assert_int_equal(properties_changed(table, N_TABLE, &a, &b, changed), 0);
        assert_null(changed[0]);
        after.state = STATE_FAILED;
        after.log_sequence++;
        assert_int_equal(properties_changed(table, N_TABLE, &a, &b, changed), 2);
        assert_string_equal(changed[0], "State");
        assert_string_equal(changed[1], "Sequence");
        assert_null(changed[2]);
        after.busy = true;
        after.probe = PROBE_KPROBE;
        after.n_warnings = 1;
        assert_int_equal(properties_changed(table, N_TABLE, &a, &b, changed), N_TABLE);
        assert_int_equal(property_append(table, N_TABLE, "Nonsense", &a, NULL), -ENOENT);
        assert_int_equal(property_append(table, N_TABLE, "Warnings", &a, NULL), 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_valid_names),
        cmocka_unit_test(errors_say_what_their_interface_means),
        cmocka_unit_test(errors_carry_what_went_wrong),
        cmocka_unit_test(away_from_the_journal_people_read_along),
        cmocka_unit_test(exactly_what_changed_is_named),
};

RUN(tests)
