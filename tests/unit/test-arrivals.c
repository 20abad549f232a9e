/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/arrivals: which events are about nothing but devices that come. */
#include <string.h>

#include "daemon/arrivals.h"
#include "tests/unit/harness.h"

static struct uevent event(enum uevent_subject subject, enum uevent_action action, unsigned number) {
        struct uevent e = { .subject = subject, .action = action };

        e.instance.bytes[15] = (uint8_t)number;
        return e;
}

static void note(struct arrivals *a, enum uevent_subject subject, enum uevent_action action,
        unsigned number) {
        struct uevent e = event(subject, action, number);

        arrivals_note(a, &e);
}

static void a_device_that_comes_is_one_arrival(void **state) {
        struct arrivals a = {};

        assert_false(arrivals_alone(&a));
        note(&a, UEVENT_CHANNEL, UEVENT_ADD, 1);
        note(&a, UEVENT_CHANNEL, UEVENT_ADD, 1);
        assert_true(arrivals_alone(&a));
        assert_int_equal(a.n, 1);
        note(&a, UEVENT_CHANNEL, UEVENT_ADD, 2);
        assert_true(arrivals_alone(&a));
        assert_int_equal(a.n, 2);
        assert_int_equal(a.instances[1].bytes[15], 2);
}

static void anything_else_wants_a_look_at_everything(void **state) {
        static const struct {
                enum uevent_subject subject;
                enum uevent_action action;
                unsigned number;
        } others[] = {
                { UEVENT_DEVICE, UEVENT_ADD, 1 },
                { UEVENT_DEVICE, UEVENT_BIND, 1 },
                { UEVENT_DEVICE, UEVENT_REMOVE, 1 },
                { UEVENT_DEVICE, UEVENT_UNBIND, 1 },
                { UEVENT_DEVICE, UEVENT_CHANGE, 1 },
                { UEVENT_CHANNEL, UEVENT_REMOVE, 1 },
                { UEVENT_CHANNEL, UEVENT_BIND, 1 },
                { UEVENT_CHANNEL, UEVENT_ADD, 0 }, /* its device is gone */
                { UEVENT_DRIVER, UEVENT_ADD, 0 },
        };

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct arrivals a = {};

                note(&a, UEVENT_CHANNEL, UEVENT_ADD, 1);
                note(&a, others[i].subject, others[i].action, others[i].number);
                assert_false(arrivals_alone(&a));
                note(&a, UEVENT_CHANNEL, UEVENT_ADD, 2);
                assert_false(arrivals_alone(&a));
        }
}

static void a_crowd_wants_a_look_at_everything(void **state) {
        struct arrivals a = {};

        for (unsigned i = 1; i <= ARRIVALS_MAX; i++)
                note(&a, UEVENT_CHANNEL, UEVENT_ADD, i);
        note(&a, UEVENT_CHANNEL, UEVENT_ADD, ARRIVALS_MAX);
        assert_true(arrivals_alone(&a));
        note(&a, UEVENT_CHANNEL, UEVENT_ADD, ARRIVALS_MAX + 1);
        assert_false(arrivals_alone(&a));
        assert_int_equal(a.n, ARRIVALS_MAX);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_that_comes_is_one_arrival),
        cmocka_unit_test(anything_else_wants_a_look_at_everything),
        cmocka_unit_test(a_crowd_wants_a_look_at_everything),
};

RUN(tests)
