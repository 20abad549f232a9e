/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event logs, written as a firmware would while it extends the registers. */
#include <string.h>

#include "tests/forge/log.h"

#define EV_NO_ACTION 3
#define EV_SEPARATOR 4
#define EV_ACTION 5
#define EV_S_CRTM_VERSION 8
#define EV_IPL 0xd
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001

static size_t digest(uint16_t hash, const void *bytes, size_t n, uint8_t *ret) {
        return forge_hash(hash == FORGE_SHA1   ? "SHA1"
                        : hash == FORGE_SHA384 ? "SHA384"
                                               : "SHA256",
                bytes, n, ret);
}

static size_t size_of(uint16_t hash) {
        return hash == FORGE_SHA1 ? 20 : hash == FORGE_SHA384 ? 48 : 32;
}

/* The first event of a crypto-agile log stands in the old format: it says which hashes the others have. */
static void put_spec_id(struct forge_log *l, const uint16_t *hashes, size_t n) {
        struct forge_bytes spec = {};

        forge_put(&spec, "Spec ID Event03", 16);
        forge_le(&spec, 0, 4); /* platform class: client */
        forge_put(&spec, (uint8_t[]){ 0, 2, 0, 2 }, 4);
        forge_le(&spec, n, 4);
        for (size_t i = 0; i < n; i++) {
                forge_le(&spec, hashes[i], 2);
                forge_le(&spec, size_of(hashes[i]), 2);
        }
        forge_le(&spec, 0, 1); /* no vendor information */
        forge_le(&l->bytes, 0, 4);
        forge_le(&l->bytes, EV_NO_ACTION, 4);
        forge_zeros(&l->bytes, 20);
        forge_le(&l->bytes, spec.n, 4);
        forge_put(&l->bytes, spec.bytes, spec.n);
        forge_bytes_done(&spec);
}

void forge_log_begin(struct forge_log *l, const uint16_t *hashes, size_t n) {
        forge_check(n <= sizeof(l->banks) / sizeof(l->banks[0]), "room for banks");
        *l = (struct forge_log){ .n_banks = n };
        l->banks[0].hash = FORGE_SHA1;
        for (size_t i = 0; i < n; i++)
                l->banks[i].hash = hashes[i];
        if (n > 0)
                put_spec_id(l, hashes, n);
}

static void extend(struct forge_pcrs *bank, unsigned pcr, const uint8_t *value, size_t n) {
        uint8_t both[128];

        memcpy(both, bank->values[pcr], n);
        memcpy(both + n, value, n);
        digest(bank->hash, both, 2 * n, bank->values[pcr]);
}

/* Head, digests, and what the event tells; bytes NULL: digests of zero, nothing extended. */
static void put_event(struct forge_log *l, unsigned pcr, uint32_t type, const void *data, size_t n,
        const void *told, size_t n_told) {
        size_t n_digests = l->n_banks ? l->n_banks : 1;

        forge_le(&l->bytes, pcr, 4);
        forge_le(&l->bytes, type, 4);
        if (l->n_banks)
                forge_le(&l->bytes, n_digests, 4);
        for (size_t i = 0; i < n_digests; i++) {
                uint8_t value[64] = { 0 };
                size_t size = size_of(l->banks[i].hash);

                if (data) {
                        digest(l->banks[i].hash, data, n, value);
                        extend(&l->banks[i], pcr, value, size);
                }
                if (l->n_banks)
                        forge_le(&l->bytes, l->banks[i].hash, 2);
                forge_put(&l->bytes, value, size);
        }
        forge_le(&l->bytes, n_told, 4);
        forge_put(&l->bytes, told, n_told);
}

void forge_log_event(struct forge_log *l, unsigned pcr, uint32_t type, const void *data, size_t n) {
        put_event(l, pcr, type, data, n, data, n);
}

void forge_log_event_of(struct forge_log *l, unsigned pcr, uint32_t type, const void *data, size_t n,
        const void *told, size_t n_told) {
        put_event(l, pcr, type, data, n, told, n_told);
}

void forge_log_locality(struct forge_log *l, uint8_t locality) {
        uint8_t told[17] = "StartupLocality";

        told[16] = locality;
        put_event(l, 0, EV_NO_ACTION, NULL, 0, told, sizeof(told));
        for (size_t i = 0; i < (l->n_banks ? l->n_banks : 1); i++)
                l->banks[i].values[0][size_of(l->banks[i].hash) - 1] = locality;
}

/* UEFI_VARIABLE_DATA of a global variable: its GUID, the sizes of name and value, both. */
static void measure_variable(struct forge_log *l, const char *name) {
        static const uint8_t global[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00,
                0xe0, 0x98, 0x03, 0x2b, 0x8c };
        struct forge_bytes data = {};

        forge_put(&data, global, sizeof(global));
        forge_le(&data, strlen(name), 8);
        forge_le(&data, 1, 8);
        for (const char *at = name; *at; at++)
                forge_le(&data, (uint8_t)*at, 2);
        forge_le(&data, 1, 1);
        forge_log_event(l, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, data.bytes, data.n);
        forge_bytes_done(&data);
}

/* UEFI_IMAGE_LOAD_EVENT: where the image lies, and a device path that ends at once. */
static void measure_application(struct forge_log *l, const char *image) {
        static const uint8_t path[] = { 0x7f, 0xff, 4, 0 };
        struct forge_bytes told = {};

        forge_le(&told, 0x7ec00000, 8);
        forge_le(&told, strlen(image), 8);
        forge_le(&told, 0, 8);
        forge_le(&told, sizeof(path), 8);
        forge_put(&told, path, sizeof(path));
        forge_log_event_of(l, 4, EV_EFI_BOOT_SERVICES_APPLICATION, image, strlen(image), told.bytes, told.n);
        forge_bytes_done(&told);
}

void forge_log_boot(struct forge_log *l) {
        static const char *const variables[] = { "SecureBoot", "PK", "KEK", "db", "dbx" };
        static const char version[] = { 'v', 0, '1', 0, 0, 0 };
        static const char calling[] = "Calling EFI Application from Boot Option";

        forge_log_event(l, 0, EV_S_CRTM_VERSION, version, sizeof(version));
        for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
                measure_variable(l, variables[i]);
        forge_log_event(l, 4, EV_ACTION, calling, strlen(calling));
        for (unsigned pcr = 0; pcr < 8; pcr++)
                forge_log_event(l, pcr, EV_SEPARATOR, "\0\0\0", 4);
        measure_application(l, "what a loader is made of");
        forge_log_event_of(l, 9, EV_IPL, "initrd", 6, "initrd.img", 11);
        forge_log_event(l, 14, EV_IPL, "MokList", 8);
}

void forge_log_done(struct forge_log *l) {
        forge_bytes_done(&l->bytes);
        *l = (struct forge_log){};
}
