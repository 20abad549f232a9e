/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class table, and the words of a device. */
#include "lib/facts/vmbus-device.h"
#include "tests/unit/harness.h"

/* From the table of the kernel, drivers/hv/channel_mgmt.c, written down a second time. */
static const struct {
        const char *name, *guid, *driver;
        bool allowed;
} classes[] = {
        { "network", "f8615163-df3e-46c5-913f-f2d2f965ed0e", "hv_netvsc", true },
        { "scsi", "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", "hv_storvsc", true },
        { "pci", "44c4f61d-4444-4400-9d52-802e27ede19f", "hv_pci", true },
        { "timesync", "9527e630-d0ae-497b-adce-e80ab0175caf", "hv_utils", true },
        { "heartbeat", "57164f39-9115-4e78-ab55-382f3bd5422d", "hv_utils", true },
        { "shutdown", "0e0b6031-5213-4934-818b-38d90ced39db", "hv_utils", true },
        { "ide", "32412632-86cb-44a2-9b5c-50d1417354f5", "hv_storvsc", false },
        { "fc", "2f9bcc4a-0069-4af3-b76b-6fd0be528cda", "hv_storvsc", false },
        { "nd", "8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501", NULL, false },
        { "video", "da0a7802-e377-4aac-8e77-0558eb1073f8", "hyperv_drm", false },
        { "keyboard", "f912ad6d-2b17-48ea-bd65-f927a61c7684", "hyperv_keyboard", false },
        { "mouse", "cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a", "hid_hyperv", false },
        { "kvp", "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6", "hv_utils", false },
        { "vss", "35fa2e29-ea23-4236-96ae-3a6ebacba440", "hv_utils", false },
        { "fcopy", "34d14be3-dee4-41c8-9ae7-6b174977c192", "uio_hv_generic", false },
        { "balloon", "525074dc-8985-46e2-8057-a307dc18a502", "hv_balloon", false },
        { "avma1", "f8e65716-3cb3-4a06-9a60-1889c5cccab5", NULL, false },
        { "avma2", "3375baf4-9e15-4b30-b765-67acb10d607b", NULL, false },
        { "rdv", "276aacf4-ac15-426c-98dd-7521ad3f01fe", NULL, false },
        { "imc", "c376c1c3-d276-48d2-90a9-c04748072c60", NULL, false },
};
#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))

static void the_table_is_the_kernels(void **state) {
        assert_null(vmbus_class_at(N_CLASSES));
        assert_null(vmbus_class_by_name("floppy"));
        assert_null(vmbus_class_by_guid(&(struct guid){}));
        for (size_t i = 0; i < N_CLASSES; i++) {
                const struct vmbus_class *c = vmbus_class_at(i);
                char text[GUID_TEXT_SIZE];
                struct guid g;

                assert_int_equal(guid_parse(classes[i].guid, &g), 0);
                assert_ptr_equal(vmbus_class_by_name(classes[i].name), vmbus_class_by_guid(&g));
                assert_string_equal(c->name, classes[i].name);
                guid_format(&c->guid, text);
                assert_string_equal(text, classes[i].guid);
                assert_int_equal(c->kernel_allowed, classes[i].allowed);
                if (classes[i].driver)
                        assert_string_equal(c->drivers[0], classes[i].driver);
                else
                        assert_null(c->drivers[0]);
        }
}

static void a_device_is_called_by_its_class(void **state) {
        struct device d = { .known = vmbus_class_by_name("scsi") };
        char buffer[GUID_TEXT_SIZE];

        assert_string_equal(device_class_name(&d, buffer), "scsi");
        assert_true(device_kernel_allowed(&d));
        d = (struct device){};
        assert_int_equal(guid_parse("00000400-FACB-11e6-bd58-64006a7986d3", &d.class), 0);
        assert_string_equal(device_class_name(&d, buffer), "00000400-facb-11e6-bd58-64006a7986d3");
        assert_false(device_kernel_allowed(&d));
        d.hvsock = true; /* a connection: Linux admits each of them */
        assert_true(device_kernel_allowed(&d));
}

static void the_weakest_decides(void **state) {
        static const enum confidentiality u = CONFIDENTIALITY_UNKNOWN, p = CONFIDENTIALITY_PLAIN,
                                          c = CONFIDENTIALITY_CONFIDENTIAL;

        assert_int_equal(confidentiality_weakest(c, c), c);
        assert_int_equal(confidentiality_weakest(c, u), u);
        assert_int_equal(confidentiality_weakest(u, p), p);
        assert_int_equal(confidentiality_weakest(p, c), p);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_kernels),
        cmocka_unit_test(a_device_is_called_by_its_class),
        cmocka_unit_test(the_weakest_decides),
};

RUN(tests)
