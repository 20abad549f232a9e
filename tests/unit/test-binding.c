/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/claims/binding: the expected values were computed with Python's hashlib, from the formulas alone. */
#include <errno.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/claims/binding.h"
#include "tests/unit/harness.h"

#define CLAIMS "{\"version\":1}"

static void compute(const char *nonce, const char *bind, struct digest *ret) {
        struct diag d = {};

        assert_int_equal(
                binding_compute(nonce, strlen(nonce), bind, strlen(bind), CLAIMS, strlen(CLAIMS), ret, &d),
                0);
}

static void assert_hex(const void *bytes, size_t n, const char *expected) {
        char text[2 * USER_DATA_SIZE + 1];

        hex_format(bytes, n, text);
        assert_string_equal(text, expected);
}

static void bindings_are_as_published(void **state) {
        struct digest both[2];
        uint8_t user_data[USER_DATA_SIZE];

        compute("nonce of 16 byte", "", &both[0]);
        assert_hex(both[0].bytes, 32, "a908ea796d30db69e81a28e7dac357a90755ded6eac332c4ae91b75e201f64ac");
        compute("another nonce", "tls-key", &both[1]);
        assert_hex(both[1].bytes, 32, "d76d42708c66f67888c4cfb69290ce0a77897a16d702e26c2931c0c705cd0d37");
        assert_int_equal(batch_user_data(both, 1, user_data), 0);
        assert_hex(user_data, USER_DATA_SIZE,
                "870738936ae0bebcfdcc13cf86a74d17383bb82fbf235bfbfee38116d0082051"
                "0000000000000000000000000000000063766d642d62617463682d3100000000");
        assert_int_equal(batch_user_data(both, 2, user_data), 0);
        assert_hex(user_data, USER_DATA_SIZE,
                "a53d4090d42d650f7d90beff3570cd734a8d393c8a26bbf7c1882bf9242ecc84"
                "0000000000000000000000000000000063766d642d62617463682d3100000000");
}

static void raw_nonce_stands_as_it_is(void **state) {
        uint8_t user_data[USER_DATA_SIZE];

        assert_int_equal(raw_user_data("challenge", 9, user_data, NULL), 0);
        assert_hex(user_data, USER_DATA_SIZE,
                "6368616c6c656e67650000000000000000000000000000000000000000000000000000000000000000000000000"
                "00000"
                "63766d642d7261772d31000000000000");
}

/* Whatever a caller chooses as a raw nonce, the report says that it is one. */
static void raw_nonce_cannot_pose_as_a_batch(void **state) {
        struct digest binding;
        uint8_t batch[USER_DATA_SIZE], raw[USER_DATA_SIZE], other[USER_DATA_SIZE] = { 0 };

        compute("nonce of 16 byte", "", &binding);
        assert_int_equal(batch_user_data(&binding, 1, batch), 0);
        assert_int_equal(raw_user_data(batch, RAW_NONCE_MAX, raw, NULL), 0);
        assert_memory_equal(raw, batch, RAW_NONCE_MAX);
        assert_int_equal(user_data_tag(batch), USER_DATA_BATCH);
        assert_int_equal(user_data_tag(raw), USER_DATA_RAW);
        assert_int_equal(user_data_tag(other), USER_DATA_FOREIGN);
        batch[USER_DATA_SIZE - 1] = 1;
        assert_int_equal(user_data_tag(batch), USER_DATA_FOREIGN);
}

static void sizes_are_held_to(void **state) {
        static const char bytes[NONCE_MAX + 1] = { 0 };
        static const struct digest bindings[BATCH_MAX + 1];
        uint8_t user_data[USER_DATA_SIZE];
        struct digest binding;
        struct diag d = {};

        for (size_t n = 0; n <= NONCE_MAX + 1; n++) {
                bool good = n >= NONCE_MIN && n <= NONCE_MAX, raw = n >= NONCE_MIN && n <= RAW_NONCE_MAX;

                assert_int_equal(binding_compute(bytes, n, "", 0, "", 0, &binding, &d), good ? 0 : -EINVAL);
                assert_int_equal(raw_user_data(bytes, n, user_data, &d), raw ? 0 : -EINVAL);
        }
        assert_int_equal(binding_compute(bytes, 8, bytes, BIND_MAX, "", 0, &binding, &d), 0);
        assert_int_equal(binding_compute(bytes, 8, bytes, BIND_MAX + 1, "", 0, &binding, &d), -EINVAL);
        assert_string_equal(d.text, "bind of 65 bytes: 0 to 64 are possible");
        assert_int_equal(batch_user_data(bindings, 0, user_data), -EINVAL);
        assert_int_equal(batch_user_data(bindings, BATCH_MAX, user_data), 0);
        assert_int_equal(batch_user_data(bindings, BATCH_MAX + 1, user_data), -EINVAL);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bindings_are_as_published),
        cmocka_unit_test(raw_nonce_stands_as_it_is),
        cmocka_unit_test(raw_nonce_cannot_pose_as_a_batch),
        cmocka_unit_test(sizes_are_held_to),
};

RUN(tests)
