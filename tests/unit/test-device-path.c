/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/device-path: one path for each device, and a device for no other path. */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/device-path.h"
#include "tests/unit/harness.h"

#define TEXT "f8615163-df3e-46c5-913f-f2d2f965ed0e"
#define PATH "/org/cvmd1/device/f8615163_df3e_46c5_913f_f2d2f965ed0e"

static void a_device_has_its_path(void **state) {
        char path[DEVICE_PATH_SIZE];
        struct guid g, back;

        assert_int_equal(guid_parse(TEXT, &g), 0);
        device_path_format(&g, path);
        assert_string_equal(path, PATH);
        assert_int_equal(device_path_parse(path, &back), 0);
        assert_true(guid_equal(&g, &back));
}

static void no_other_path_is_a_device(void **state) {
        static const char *const others[] = {
                "",
                "/",
                "/org/cvmd1",
                "/org/cvmd1/device",
                "/org/cvmd1/device/",
                "/org/cvmd2/device/f8615163_df3e_46c5_913f_f2d2f965ed0e",
                "/org/cvmd1/devices/f8615163_df3e_46c5_913f_f2d2f965ed0",
                "/org/cvmd1/device/F8615163_df3e_46c5_913f_f2d2f965ed0e",
                "/org/cvmd1/device/f8615163-df3e-46c5-913f-f2d2f965ed0e",
                "/org/cvmd1/device/f8615163_df3e_46c5_913f_f2d2f965ed0g",
                "/org/cvmd1/device/f8615163_df3e_46c5_913ff_2d2f965ed0e",
                PATH "/",
                PATH "0",
        };
        struct guid g;

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                assert_int_equal(device_path_parse(others[i], &g), -EBADMSG);
}

static void a_path_may_end_anywhere(void **state) {
        struct guid g;

        for (size_t n = 0; n < strlen(PATH); n++) {
                char *path = strndup(PATH, n);

                assert_int_equal(device_path_parse(path, &g), -EBADMSG);
                free(path);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_has_its_path),
        cmocka_unit_test(no_other_path_is_a_device),
        cmocka_unit_test(a_path_may_end_anywhere),
};
RUN(tests)
