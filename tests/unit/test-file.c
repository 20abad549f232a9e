/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/base/file: bounded reads, and replacements of which a reader sees the old one or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "tests/unit/harness.h"

struct folder {
        char path[64];
        int fd;
};

static int make_folder(void **state) {
        struct folder *f = malloc(sizeof(*f));

        assert_non_null(f);
        strcpy(f->path, "/tmp/test-file.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        *state = f;
        return 0;
}

static int remove_folder(void **state) {
        static const char *const names[] = { "a", ".a.new", "sub/a", "sub/.a.new", "pipe", "link" };
        struct folder *f = *state;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                (void)unlinkat(f->fd, names[i], 0);
        (void)unlinkat(f->fd, "a", AT_REMOVEDIR);
        (void)unlinkat(f->fd, "sub", AT_REMOVEDIR);
        close(f->fd);
        assert_int_equal(rmdir(f->path), 0); /* nothing else was left behind */
        free(f);
        return 0;
}

static void write_at(int folder, const char *name, const char *text) {
        _cleanup_(closep) int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(file_write_fd(fd, text, strlen(text)), 0);
}

static void reads_up_to_its_bound(void **state) {
        struct folder *f = *state;
        _cleanup_(freep) char *text = NULL, *same = NULL;
        char *untouched = NULL;
        size_t n = 77;

        write_at(f->fd, "a", "12345");
        assert_int_equal(file_read_at(f->fd, "a", 4, &untouched, &n), -EFBIG);
        assert_null(untouched);
        assert_int_equal(n, 77);
        assert_int_equal(file_read_at(f->fd, "a", 5, &text, &n), 0);
        assert_int_equal(n, 5);
        assert_string_equal(text, "12345");
        assert_int_equal(file_read_at(f->fd, "a", SIZE_MAX, &same, NULL), 0);
        assert_string_equal(same, "12345");
}

static void bounds_what_has_no_size(void **state) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(closep) int out = -1, in = -1;
        int ends[2];
        size_t n;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        out = ends[0];
        in = ends[1];
        for (int i = 0; i < 5000; i++)
                assert_int_equal(write(in, "x", 1), 1);
        assert_int_equal(file_read_fd(out, 4999, &text, &n), -EFBIG);
        assert_null(text);
        assert_int_equal(write(in, "yz", 2), 2);
        close(in);
        in = -1;
        assert_int_equal(file_read_fd(out, 5000, &text, &n), 0);
        assert_true(n >= 2 && n <= 5000);
        assert_string_equal(text + n - 2, "yz");
}

static void refuses_what_is_no_file(void **state) {
        struct folder *f = *state;
        char *text = NULL;

        assert_int_equal(file_read_at(f->fd, "a", 9, &text, NULL), -ENOENT);
        assert_int_equal(mkdirat(f->fd, "sub", 0700), 0);
        assert_int_equal(file_read_at(f->fd, "sub", 9, &text, NULL), -EISDIR);
        assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
        assert_int_equal(file_read_at(f->fd, "pipe", 9, &text, NULL),
                -EINVAL); /* and does not wait for a writer */
        assert_null(text);
}

static void replaces_whole_files(void **state) {
        struct folder *f = *state;
        struct stat st;

        assert_int_equal(mkdirat(f->fd, "sub", 0700), 0);
        for (const char *const *name = (const char *const[]){ "a", "sub/a", NULL }; *name; name++) {
                _cleanup_(freep) char *text = NULL;
                _cleanup_(closep) int before = -1;
                char old[4] = "";

                assert_int_equal(file_replace_at(f->fd, *name, 0600, "old", 3), 0);
                before = openat(f->fd, *name, O_RDONLY | O_CLOEXEC);
                assert_int_equal(file_replace_at(f->fd, *name, 0644, "newer", 5), 0);
                assert_int_equal(fstatat(f->fd, *name, &st, 0), 0);
                assert_int_equal(st.st_mode & 07777, 0644);
                assert_int_equal(file_read_at(f->fd, *name, 9, &text, NULL), 0);
                assert_string_equal(text, "newer");
                /* whoever had it open still has all of the old one */
                assert_int_equal(read(before, old, sizeof(old)), 3);
                assert_string_equal(old, "old");
        }
}

static void takes_over_what_a_kill_left(void **state) {
        struct folder *f = *state;
        _cleanup_(freep) char *text = NULL;

        write_at(f->fd, ".a.new", "half a fi");
        assert_int_equal(file_replace_at(f->fd, "a", 0600, "whole", 5), 0);
        assert_int_equal(file_read_at(f->fd, "a", 9, &text, NULL), 0);
        assert_string_equal(text, "whole");
        assert_int_equal(faccessat(f->fd, ".a.new", F_OK, 0), -1);
}

static void a_failure_leaves_the_old_one(void **state) {
        struct folder *f = *state;

        assert_int_equal(file_replace_at(f->fd, "none/a", 0600, "x", 1), -ENOENT);
        /* a folder of that name cannot be replaced, and nothing temporary stays */
        assert_int_equal(mkdirat(f->fd, "a", 0700), 0);
        assert_int_equal(file_replace_at(f->fd, "a", 0600, "x", 1), -EISDIR);
        assert_int_equal(faccessat(f->fd, ".a.new", F_OK, 0), -1);
}

/* The same promises, but for a loss of power. */
static void puts_whole_files(void **state) {
        struct folder *f = *state;
        _cleanup_(freep) char *text = NULL;
        struct stat st;

        write_at(f->fd, ".a.new", "half a file that a kill left");
        assert_int_equal(file_put_at(f->fd, "a", 0600, "old", 3), 0);
        assert_int_equal(file_put_at(f->fd, "a", 0600, "newer", 5), 0);
        assert_int_equal(fstatat(f->fd, "a", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(file_read_at(f->fd, "a", 9, &text, NULL), 0);
        assert_string_equal(text, "newer");
        assert_int_equal(faccessat(f->fd, ".a.new", F_OK, 0), -1);
        assert_int_equal(unlinkat(f->fd, "a", 0), 0);
        assert_int_equal(mkdirat(f->fd, "a", 0700), 0);
        assert_int_equal(file_put_at(f->fd, "a", 0600, "x", 1), -EISDIR);
        assert_int_equal(faccessat(f->fd, ".a.new", F_OK, 0), -1);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static const struct CMUnitTest tests[] = {
        in_folder(reads_up_to_its_bound),
        cmocka_unit_test(bounds_what_has_no_size),
        in_folder(refuses_what_is_no_file),
        in_folder(replaces_whole_files),
        in_folder(takes_over_what_a_kill_left),
        in_folder(a_failure_leaves_the_old_one),
        in_folder(puts_whole_files),
};

RUN(tests)
