/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One row for each class of vmbus_devs[] in drivers/hv/channel_mgmt.c; kernel_allowed is its
 * allowed_in_isolated.
 */
#include "lib/facts/vmbus-class.h"

#include <string.h>

#include "lib/base/hex.h"

/* A GUID as it is written, in five numbers. */
#define BYTE(v, n) (uint8_t)((v) >> 8 * (n))
#define GUID(a, b, c, d, e)                                                                                 \
        {                                                                                                   \
                {                                                                                           \
                        BYTE(a, 3), BYTE(a, 2), BYTE(a, 1), BYTE(a, 0), BYTE(b, 1), BYTE(b, 0), BYTE(c, 1), \
                                BYTE(c, 0), BYTE(d, 1), BYTE(d, 0), BYTE(e, 5), BYTE(e, 4), BYTE(e, 3),     \
                                BYTE(e, 2), BYTE(e, 1), BYTE(e, 0)                                          \
                }                                                                                           \
        }

/* clang-format off */
static const struct vmbus_class classes[] = {
        { "network",   GUID(0xf8615163, 0xdf3e, 0x46c5, 0x913f, 0xf2d2f965ed0e),
          { "hv_netvsc" }, true },
        { "scsi",      GUID(0xba6163d9, 0x04a1, 0x4d29, 0xb605, 0x72e2ffb1dc7f),
          { "hv_storvsc" }, true },
        { "pci",       GUID(0x44c4f61d, 0x4444, 0x4400, 0x9d52, 0x802e27ede19f),
          { "hv_pci" }, true },
        { "timesync",  GUID(0x9527e630, 0xd0ae, 0x497b, 0xadce, 0xe80ab0175caf),
          { "hv_utils" }, true },
        { "heartbeat", GUID(0x57164f39, 0x9115, 0x4e78, 0xab55, 0x382f3bd5422d),
          { "hv_utils" }, true },
        { "shutdown",  GUID(0x0e0b6031, 0x5213, 0x4934, 0x818b, 0x38d90ced39db),
          { "hv_utils" }, true },
        { "ide",       GUID(0x32412632, 0x86cb, 0x44a2, 0x9b5c, 0x50d1417354f5),
          { "hv_storvsc" }, false },
        { "fc",        GUID(0x2f9bcc4a, 0x0069, 0x4af3, 0xb76b, 0x6fd0be528cda),
          { "hv_storvsc" }, false },
        { "nd",        GUID(0x8c2eaf3d, 0x32a7, 0x4b09, 0xab99, 0xbd1f1c86b501),
          { NULL }, false },
        { "video",     GUID(0xda0a7802, 0xe377, 0x4aac, 0x8e77, 0x0558eb1073f8),
          { "hyperv_drm", "hyperv_fb" }, false },
        { "keyboard",  GUID(0xf912ad6d, 0x2b17, 0x48ea, 0xbd65, 0xf927a61c7684),
          { "hyperv_keyboard" }, false },
        { "mouse",     GUID(0xcfa8b69e, 0x5b4a, 0x4cc0, 0xb98b, 0x8ba1a1f3f95a),
          { "hid_hyperv" }, false },
        { "kvp",       GUID(0xa9a0f4e7, 0x5a45, 0x4d96, 0xb827, 0x8a841e8c03e6),
          { "hv_utils" }, false },
        { "vss",       GUID(0x35fa2e29, 0xea23, 0x4236, 0x96ae, 0x3a6ebacba440),
          { "hv_utils" }, false },
        { "fcopy",     GUID(0x34d14be3, 0xdee4, 0x41c8, 0x9ae7, 0x6b174977c192),
          { "uio_hv_generic" }, false },
        { "balloon",   GUID(0x525074dc, 0x8985, 0x46e2, 0x8057, 0xa307dc18a502),
          { "hv_balloon" }, false },
        { "avma1",     GUID(0xf8e65716, 0x3cb3, 0x4a06, 0x9a60, 0x1889c5cccab5),
          { NULL }, false },
        { "avma2",     GUID(0x3375baf4, 0x9e15, 0x4b30, 0xb765, 0x67acb10d607b),
          { NULL }, false },
        { "rdv",       GUID(0x276aacf4, 0xac15, 0x426c, 0x98dd, 0x7521ad3f01fe),
          { NULL }, false },
        { "imc",       GUID(0xc376c1c3, 0xd276, 0x48d2, 0x90a9, 0xc04748072c60),
          { NULL }, false },
};
/* clang-format on */

const struct vmbus_class *vmbus_class_at(size_t i) {
        return i < sizeof(classes) / sizeof(classes[0]) ? &classes[i] : NULL;
}

const struct vmbus_class *vmbus_class_by_guid(const struct guid *g) {
        for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
                if (guid_equal(&classes[i].guid, g))
                        return &classes[i];
        return NULL;
}

const struct vmbus_class *vmbus_class_by_name(const char *name) {
        for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
                if (strcmp(classes[i].name, name) == 0)
                        return &classes[i];
        return NULL;
}

bool vmbus_class_of_modalias(const char *text, struct guid *ret) {
        static const uint8_t place[] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
        static const char bus[] = "vmbus:";
        uint8_t bytes[sizeof(ret->bytes)];

        if (strncmp(text, bus, strlen(bus)) != 0 ||
                hex_parse_exactly(text + strlen(bus), bytes, sizeof(bytes)) < 0)
                return false;
        for (size_t i = 0; i < sizeof(bytes); i++)
                ret->bytes[place[i]] = bytes[i];
        return true;
}
