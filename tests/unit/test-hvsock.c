/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hvsock: which events can wait, and what is told once. */
#include "daemon/hvsock.h"

#include "tests/unit/harness.h"

static struct guid guid_of(unsigned number) {
        return (struct guid){ .bytes = { 1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number } };
}

#define SERVICE guid_of(7000)
#define OTHER guid_of(7001)

static struct device device_of(unsigned number, struct guid class, bool hvsock) {
        return (struct device){ .instance = guid_of(number), .class = class, .hvsock = hvsock };
}

static void learn(struct hvsock *h, struct device *devices, size_t n) {
        const struct guest g = { .devices = devices, .n_devices = n };

        hvsock_learn(h, &g);
}

/* A service that is known by one connection, number 1. */
static struct hvsock hvsock_new(void) {
        struct device connection = device_of(1, SERVICE, true);
        struct hvsock h = {};

        learn(&h, &connection, 1);
        return h;
}

static bool device_event(struct hvsock *h, unsigned number, struct guid class, const char *driver) {
        const struct uevent e = {
                .action = UEVENT_BIND,
                .subject = UEVENT_DEVICE,
                .instance = guid_of(number),
                .class = class,
                .driver = driver,
        };

        return hvsock_is_routine(h, &e, NULL);
}

static bool channel_event(struct hvsock *h, unsigned number, enum uevent_action action,
        const struct guest *g) {
        const struct uevent e = {
                .action = action,
                .subject = UEVENT_CHANNEL,
                .instance = number ? guid_of(number) : (struct guid){},
        };

        return hvsock_is_routine(h, &e, g);
}

static void events_of_a_known_service_can_wait(void **state) {
        _cleanup_(hvsock_done) struct hvsock h = hvsock_new();
        const struct uevent driver = { .action = UEVENT_ADD, .subject = UEVENT_DRIVER };

        assert_true(device_event(&h, 2, SERVICE, NULL));
        assert_true(device_event(&h, 2, SERVICE, "hv_sock"));
        assert_false(device_event(&h, 2, SERVICE, "uio_hv_generic"));
        assert_false(device_event(&h, 3, OTHER, "hv_sock"));
        assert_false(device_event(&h, 3, (struct guid){}, NULL));
        assert_false(hvsock_is_routine(&h, &driver, NULL));
}

static void channels_go_by_their_device(void **state) {
        _cleanup_(hvsock_done) struct hvsock h = hvsock_new();
        struct device devices[] = { device_of(1, SERVICE, true), device_of(4, OTHER, false) };
        const struct guest g = { .devices = devices, .n_devices = 2 };

        assert_false(channel_event(&h, 2, UEVENT_ADD, &g));
        assert_true(device_event(&h, 2, SERVICE, NULL));
        assert_true(channel_event(&h, 2, UEVENT_ADD, &g));
        assert_true(channel_event(&h, 2, UEVENT_ADD, NULL));
        assert_true(channel_event(&h, 1, UEVENT_ADD, &g));
        assert_false(channel_event(&h, 1, UEVENT_ADD, NULL));
        assert_false(channel_event(&h, 4, UEVENT_ADD, &g));
        assert_true(channel_event(&h, 0, UEVENT_REMOVE, &g));
        assert_false(channel_event(&h, 0, UEVENT_ADD, &g));
        learn(&h, devices, 1);
        assert_false(channel_event(&h, 2, UEVENT_ADD, &g)); /* by now it would have been seen */
}

static void a_class_of_which_there_is_a_device_is_no_service(void **state) {
        struct device devices[] = { device_of(1, SERVICE, true), device_of(2, SERVICE, false),
                device_of(3, OTHER, true) };
        _cleanup_(hvsock_done) struct hvsock h = hvsock_new();

        assert_false(hvsock_was_told(&h, &devices[0].class, "allowed"));
        learn(&h, devices, 3);
        assert_false(device_event(&h, 5, SERVICE, NULL));
        assert_true(device_event(&h, 5, OTHER, NULL));
        assert_false(hvsock_was_told(&h, &devices[0].class, "allowed"));
        assert_false(hvsock_was_told(&h, &devices[0].class, "allowed"));
        learn(&h, devices, 1);
        assert_true(device_event(&h, 6, SERVICE, NULL));
}

static void a_service_is_told_once(void **state) {
        _cleanup_(hvsock_done) struct hvsock h = hvsock_new();
        const struct guid service = SERVICE;

        assert_false(hvsock_was_told(&h, &service, "allowed"));
        assert_true(hvsock_was_told(&h, &service, "allowed"));
        assert_false(hvsock_was_told(&h, &service, "violating"));
        assert_false(hvsock_was_told(&h, &service, "allowed"));
}

static void the_tables_have_an_end(void **state) {
        _cleanup_(hvsock_done) struct hvsock h = hvsock_new();

        for (unsigned i = 0; i < HVSOCK_RECENT_MAX; i++)
                assert_true(device_event(&h, 100 + i, SERVICE, NULL));
        assert_false(device_event(&h, 99, SERVICE, NULL)); /* looks at all of it then */
        assert_true(device_event(&h, 100, SERVICE, NULL));
        for (unsigned i = 0; i < 2 * HVSOCK_CLASSES_MAX; i++) {
                struct device d = device_of(1, guid_of(10000 + i), true);

                learn(&h, &d, 1);
        }
        assert_int_equal(h.n_services, HVSOCK_CLASSES_MAX);
        assert_false(device_event(&h, 1, guid_of(10000 + 2 * HVSOCK_CLASSES_MAX - 1), NULL));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_a_known_service_can_wait),
        cmocka_unit_test(channels_go_by_their_device),
        cmocka_unit_test(a_class_of_which_there_is_a_device_is_no_service),
        cmocka_unit_test(a_service_is_told_once),
        cmocka_unit_test(the_tables_have_an_end),
};

RUN(tests)
