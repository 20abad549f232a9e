/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/sealed: what passes between processes can no longer change, and is refused where it can. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/file.h"
#include "lib/base/sealed.h"
#include "tests/unit/harness.h"

static void there_and_back(void **state) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        _cleanup_(closep) int fd = -1;
        struct diag d = {};
        size_t n;

        assert_int_equal(sealed_new("test", "a\0b", 3, &fd), 0);
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(ftruncate(fd, 9), -1);
        assert_int_equal(lseek(fd, 2, SEEK_SET), 2); /* the reader does not care */
        assert_int_equal(sealed_read(fd, "it", 3, &bytes, &n, &d), 0);
        assert_int_equal(n, 3);
        assert_memory_equal(bytes, "a\0b", 4);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 2);
}

static void nothing_at_all(void **state) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        _cleanup_(closep) int fd = -1;
        size_t n = 7;

        assert_int_equal(sealed_new("test", "", 0, &fd), 0);
        assert_int_equal(sealed_read(fd, "it", 0, &bytes, &n, NULL), 0);
        assert_int_equal(n, 0);
        assert_non_null(bytes);
}

static void too_large(void **state) {
        _cleanup_(closep) int fd = -1;
        struct diag d = {};
        uint8_t *bytes;
        size_t n;

        assert_int_equal(sealed_new("test", "abcd", 4, &fd), 0);
        assert_int_equal(sealed_read(fd, "it", 3, &bytes, &n, &d), -EFBIG);
        assert_string_equal(d.text, "it has 4 bytes, at most 3 are read");
}

static void sealed_in_part(void **state) {
        static const int seals[] = {
                0,
                F_SEAL_SEAL,
                F_SEAL_SHRINK | F_SEAL_GROW,
                F_SEAL_SHRINK | F_SEAL_WRITE,
                F_SEAL_GROW | F_SEAL_WRITE,
        };

        for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
                _cleanup_(closep) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                struct diag d = {};
                uint8_t *bytes;
                size_t n;

                assert_int_equal(file_write_fd(fd, "a", 1), 0);
                assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
                assert_int_equal(sealed_read(fd, "it", 9, &bytes, &n, &d), -EBADMSG);
                assert_string_equal(d.text, "it could still change: it is no sealed memfd");
        }
}

static void no_memfd_at_all(void **state) {
        _cleanup_(closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int ends[2];
        uint8_t *bytes;
        size_t n;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(sealed_read(ends[0], "it", 9, &bytes, &n, NULL), -EBADMSG); /* and does not hang */
        assert_int_equal(sealed_read(null, "it", 9, &bytes, &n, NULL), -EBADMSG);
        assert_int_equal(sealed_read(-1, "it", 9, &bytes, &n, NULL), -EBADMSG);
        close(ends[0]);
        close(ends[1]);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(too_large),
        cmocka_unit_test(sealed_in_part),
        cmocka_unit_test(no_memfd_at_all),
};

RUN(tests)
