/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/uevent-message: what the kernel sends, and everything that it would not send. */
#include <errno.h>

#include "daemon/uevent-message.h"
#include "tests/unit/harness.h"

#define INSTANCE "5620e0c7-8062-4dce-aeb7-520c7ef76171"
#define DEVICE "/devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/" INSTANCE

/* A string literal with NULs inside, its size, without the NUL that C adds after the last one. */
#define MESSAGE(text) text, sizeof(text) - 1

static const char device_added[] =
        "add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE
        "\0SUBSYSTEM=vmbus\0MODALIAS=vmbus:635161f83edfc546913ff2d2f965ed0e\0SEQNUM=1203\0";

static void devices_channels_and_drivers_are_told_apart(void **state) {
        static const struct {
                const char *bytes;
                size_t n;
                enum uevent_action action;
                enum uevent_subject subject;
        } rows[] = {
                { device_added, sizeof(device_added) - 1, UEVENT_ADD, UEVENT_DEVICE },
                { MESSAGE("bind@" DEVICE "\0ACTION=bind\0DEVPATH=" DEVICE
                          "\0SUBSYSTEM=vmbus\0DRIVER=hv_netvsc\0SEQNUM=1204\0"),
                        UEVENT_BIND, UEVENT_DEVICE },
                { MESSAGE("add@" DEVICE "/channels/21\0ACTION=add\0DEVPATH=" DEVICE
                          "/channels/21\0SUBSYSTEM=channels\0SEQNUM=1205\0"),
                        UEVENT_ADD, UEVENT_CHANNEL },
                /* as the kernel says it of a channel that goes after its device */
                { MESSAGE("remove@/channels/21\0ACTION=remove\0DEVPATH=/channels/21"
                          "\0SUBSYSTEM=channels\0SEQNUM=1206\0"),
                        UEVENT_REMOVE, UEVENT_CHANNEL },
                { MESSAGE("add@/bus/vmbus/drivers/hv_netvsc\0ACTION=add\0DEVPATH=/bus/vmbus/drivers/"
                          "hv_netvsc"
                          "\0SUBSYSTEM=drivers\0SEQNUM=7\0"),
                        UEVENT_ADD, UEVENT_DRIVER },
                { MESSAGE("add@/bus/pci/drivers/nvme\0ACTION=add\0DEVPATH=/bus/pci/drivers/nvme"
                          "\0SUBSYSTEM=drivers\0SEQNUM=8\0"),
                        UEVENT_ADD, UEVENT_OTHER },
                { MESSAGE("change@/module/x\0ACTION=change\0DEVPATH=/module/x\0SEQNUM=9\0"), UEVENT_CHANGE,
                        UEVENT_OTHER },
                { MESSAGE("remove@/devices/x\0ACTION=remove\0DEVPATH=/devices/"
                          "x\0SUBSYSTEM=net\0SEQNUM=10\0"),
                        UEVENT_REMOVE, UEVENT_OTHER },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char instance[GUID_TEXT_SIZE];
                struct diag d = {};
                struct uevent e;

                if (uevent_message_parse(rows[i].bytes, rows[i].n, &e, &d) < 0)
                        fail_msg("row %zu: %s", i, d.text);
                assert_int_equal(e.action, rows[i].action);
                assert_int_equal(e.subject, rows[i].subject);
                if (e.subject != UEVENT_DEVICE)
                        continue;
                guid_format(&e.instance, instance);
                assert_string_equal(instance, INSTANCE);
        }
}

static void fields_are_those_of_the_message(void **state) {
        struct uevent e;

        assert_int_equal(uevent_message_parse(device_added, sizeof(device_added) - 1, &e, NULL), 0);
        assert_string_equal(e.devpath, DEVICE);
        assert_string_equal(e.subsystem, "vmbus");
        assert_int_equal(e.seqnum, 1203);
        assert_null(e.driver);
        assert_string_equal(uevent_action_to_string(e.action), "add");
}

/* The class and the driver are hints: without them, or with nonsense, an event is one all the same. */
static void classes_drivers_and_instances(void **state) {
        static const char none[] = "00000000-0000-0000-0000-000000000000";
        static const struct {
                const char *bytes;
                size_t n;
                const char *class, *driver, *instance;
        } rows[] = {
                { device_added, sizeof(device_added) - 1, "f8615163-df3e-46c5-913f-f2d2f965ed0e", NULL,
                        INSTANCE },
                { MESSAGE("bind@" DEVICE "\0ACTION=bind\0DEVPATH=" DEVICE
                          "\0SUBSYSTEM=vmbus\0DRIVER=hv_sock\0"
                          "MODALIAS=vmbus:00040000cbfae611bd5864006a7986d3\0SEQNUM=1\0"),
                        "00000400-facb-11e6-bd58-64006a7986d3", "hv_sock", INSTANCE },
                { MESSAGE("add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE "\0SUBSYSTEM=vmbus\0SEQNUM=1\0"),
                        none, NULL, INSTANCE },
                { MESSAGE("add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE
                          "\0SUBSYSTEM=vmbus\0MODALIAS=vmbus:635161f83edfc546913ff2d2f965ed0\0SEQNUM=1\0"),
                        none, NULL, INSTANCE },
                { MESSAGE("add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE
                          "\0SUBSYSTEM=vmbus\0MODALIAS=vmbus:635161f83edfc546913ff2d2f965ed0g\0SEQNUM=1\0"),
                        none, NULL, INSTANCE },
                { MESSAGE("add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE
                          "\0SUBSYSTEM=vmbus\0MODALIAS=pci:v0\0MODALIAS=pci:v1\0SEQNUM=1\0"),
                        none, NULL, INSTANCE },
                { MESSAGE("add@" DEVICE "/channels/21\0ACTION=add\0DEVPATH=" DEVICE
                          "/channels/21\0SUBSYSTEM=channels\0SEQNUM=1\0"),
                        none, NULL, INSTANCE },
                { MESSAGE("remove@/channels/21\0ACTION=remove\0DEVPATH=/channels/"
                          "21\0SUBSYSTEM=channels\0SEQNUM=1\0"),
                        none, NULL, none },
                { MESSAGE("remove@/" INSTANCE "/x/channels/21\0ACTION=remove\0DEVPATH=/" INSTANCE
                          "/x/channels/21\0SUBSYSTEM=channels\0SEQNUM=1\0"),
                        none, NULL, none },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char class[GUID_TEXT_SIZE], instance[GUID_TEXT_SIZE];
                struct uevent e;

                assert_int_equal(uevent_message_parse(rows[i].bytes, rows[i].n, &e, NULL), 0);
                guid_format(&e.class, class);
                guid_format(&e.instance, instance);
                assert_string_equal(class, rows[i].class);
                assert_string_equal(instance, rows[i].instance);
                assert_string_equal(e.driver ?: "none", rows[i].driver ?: "none");
        }
}

static void what_the_kernel_would_not_send_is_malformed(void **state) {
        static const struct {
                const char *bytes;
                size_t n;
        } rows[] = {
                { MESSAGE("") },
                { MESSAGE("\0") },
                { MESSAGE("libudev\0\xfe\xed\xca\xfe") },
                { MESSAGE("add" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE "\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=net\0") },
                { MESSAGE("add@/x\0ACTION=add\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/y\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0ACTION=remove\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("addd@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("none@/x\0ACTION=none\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("eat@/x\0ACTION=eat\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("add@x\0ACTION=add\0DEVPATH=x\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0ACTION=add\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=-1\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0NOVALUE\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0=\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0\0") },
                { MESSAGE("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=vmbus\0SEQNUM=1\0") },
                { MESSAGE(
                        "add@" INSTANCE "\0ACTION=add\0DEVPATH=" INSTANCE "\0SUBSYSTEM=vmbus\0SEQNUM=1\0") },
                { MESSAGE("add@/x" INSTANCE "\0ACTION=add\0DEVPATH=/x" INSTANCE
                          "\0SUBSYSTEM=vmbus\0SEQNUM=1\0") },
                { MESSAGE(
                        "add@" DEVICE "\0ACTION=add\0DEVPATH=" DEVICE "\0SUBSYSTEM=channels\0SEQNUM=1\0") },
                { MESSAGE("add@/channels/x\0ACTION=add\0DEVPATH=/channels/"
                          "1\0SUBSYSTEM=channels\0SEQNUM=1\0") },
                { MESSAGE("add@/1\0ACTION=add\0DEVPATH=/1\0SUBSYSTEM=channels\0SEQNUM=1\0") },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) uint8_t *exact = copy_exact(rows[i].bytes, rows[i].n);
                struct uevent untouched = { .seqnum = 77 };
                struct diag d = {};

                if (uevent_message_parse(exact, rows[i].n, &untouched, &d) != -EBADMSG)
                        fail_msg("row %zu was taken", i);
                assert_int_equal(untouched.seqnum, 77);
                assert_string_not_equal(d.text, "");
        }
}

static void every_cut_is_malformed(void **state) {
        for (size_t n = 0; n < sizeof(device_added) - 1; n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(device_added, n);
                struct uevent e;

                assert_int_equal(uevent_message_parse(cut, n, &e, NULL), -EBADMSG);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_channels_and_drivers_are_told_apart),
        cmocka_unit_test(fields_are_those_of_the_message),
        cmocka_unit_test(classes_drivers_and_instances),
        cmocka_unit_test(what_the_kernel_would_not_send_is_malformed),
        cmocka_unit_test(every_cut_is_malformed),
};

RUN(tests)
