/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Laying a snapshot out as files: where it may write, and what it makes; test-record.c records it all again.
 */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/facts/snapshot-expand.h"
#include "tests/unit/scratch.h"

/* Errors are links to "errno:NAME", which only a simulated sysroot resolves; no file of /sys is one. */
static void errors_become_links(void **state) {
        static const char text[] = "cvmd-snapshot 1\nerror a/b EINVAL\nend\n";
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_of_text("text", text, strlen(text));
        char target[32] = "";

        assert_int_equal(snapshot_expand(s, scratch.fd, NULL), 0);
        assert_true(readlinkat(scratch.fd, "a/b", target, sizeof(target) - 1) > 0);
        assert_string_equal(target, "errno:EINVAL");
}

static void expanding_stays_in_its_folder(void **state) {
        static const char *const links[] = { "symlink a/b /etc/passwd", "symlink a/b ../../x",
                "symlink a/b ../x/../../..", "symlink a .." };

        for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
                _cleanup_(scratch_done) struct scratch scratch = scratch_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                _cleanup_(freep) char *text = NULL;
                struct diag d = {};

                assert_true(asprintf(&text, "cvmd-snapshot 1\ndir 0\n%s\nend\n", links[i]) > 0);
                s = snapshot_of_text("text", text, strlen(text));
                assert_int_equal(snapshot_expand(s, scratch.fd, &d), -EBADMSG);
                assert_non_null(strstr(d.text, "lead out"));
                assert_int_equal(faccessat(scratch.fd, "0", F_OK, 0), -1); /* nothing was written */
        }
}

static void expanding_wants_an_empty_folder(void **state) {
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load("not-hyperv");

        assert_int_equal(mkdirat(scratch.fd, "there", 0700), 0);
        assert_int_equal(snapshot_expand(s, scratch.fd, NULL), -ENOTEMPTY);
}

/* Modes are the recorded ones, but for those that would hand out somebody's rights. */
static void files_have_their_modes(void **state) {
        static const char text[] = "cvmd-snapshot 1\nfile a 0200 \"x\"\nfile b 06755 \"\"\nend\n";
        _cleanup_(scratch_done) struct scratch scratch = scratch_new();
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_of_text("text", text, strlen(text));
        struct stat st;

        assert_int_equal(snapshot_expand(s, scratch.fd, NULL), 0);
        assert_int_equal(fstatat(scratch.fd, "a", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0200);
        assert_int_equal(st.st_size, 1);
        assert_int_equal(fstatat(scratch.fd, "b", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_become_links),
        cmocka_unit_test(expanding_stays_in_its_folder),
        cmocka_unit_test(expanding_wants_an_empty_folder),
        cmocka_unit_test(files_have_their_modes),
};

RUN(tests)
