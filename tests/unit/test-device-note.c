/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes: written, found again, and never mistaken for none when they cannot be read. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/enforce/device-note.h"
#include "tests/unit/harness.h"

static const struct guid a = { .bytes = { 1 } }, b = { .bytes = { 2 } };

struct folder {
        char path[64];
        int fd;
};

static int setup(void **state) {
        struct folder *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        strcpy(f->path, "test-device-note.XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->fd >= 0);
        *state = f;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int teardown(void **state) {
        struct folder *f = *state;

        close(f->fd);
        nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static int folder_of(void **state) {
        return ((struct folder *)*state)->fd;
}

/* As somebody else would write it. */
static void put(int folder, const char *path, const char *text) {
        _cleanup_(closep) int fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void a_note_is_found_again(void **state) {
        int folder = folder_of(state);
        _cleanup_(freep) char *text = NULL, *again = NULL;

        assert_int_equal(note_write(folder, NOTE_OVERRIDE, &a, "vfio", NULL), 0);
        assert_int_equal(note_read(folder, NOTE_OVERRIDE, &a, &text, NULL), 0);
        assert_string_equal(text, "vfio");
        assert_int_equal(note_write(folder, NOTE_OVERRIDE, &a, "", NULL), 0);
        assert_int_equal(note_read(folder, NOTE_OVERRIDE, &a, &again, NULL), 0);
        assert_string_equal(again, "");
}

static void none_is_enodata(void **state) {
        int folder = folder_of(state);
        char untouched[] = "x", *text = untouched;
        struct diag d = {};

        assert_int_equal(note_read(folder, NOTE_OVERRIDE, &a, &text, &d), -ENODATA);
        assert_string_equal(d.text, "overrides/01000000-0000-0000-0000-000000000000: no such note");
        assert_int_equal(note_remove(folder, NOTE_OVERRIDE, &a, NULL), 0);
        assert_int_equal(note_write(folder, NOTE_OVERRIDE, &a, "vfio", NULL), 0);
        assert_int_equal(note_read(folder, NOTE_OVERRIDE, &b, &text, NULL), -ENODATA);
        assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &text, NULL), -ENODATA);
        assert_int_equal(note_remove(folder, NOTE_OVERRIDE, &a, NULL), 0);
        assert_int_equal(note_read(folder, NOTE_OVERRIDE, &a, &text, NULL), -ENODATA);
        assert_ptr_equal(text, untouched);
}

static void only_one_line_is_taken(void **state) {
        _cleanup_(freep) char *long_text = malloc(NOTE_TEXT_MAX + 2);
        const char *const bad[] = { "a\nb", "\n", "a\t", "\x7f", long_text };

        int r;

        assert_non_null(long_text);
        memset(long_text, 'a', NOTE_TEXT_MAX + 1);
        long_text[NOTE_TEXT_MAX + 1] = 0;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(note_write(folder_of(state), NOTE_HELPER, &a, bad[i], NULL), -EINVAL);
        long_text[NOTE_TEXT_MAX] = 0;
        r = note_write(folder_of(state), NOTE_HELPER, &a, long_text, NULL);
        assert_true(r == 0 || r == -ENAMETOOLONG); /* some file systems take less */
}

static void a_note_of_others_is_refused(void **state) {
        static const char *const bad[] = { "allow", "=allow\nblock", "=al\tlow", "/etc" };
        static const char path[] = "by-hand/01000000-0000-0000-0000-000000000000";
        int folder = folder_of(state);
        char *text = NULL;

        assert_int_equal(mkdirat(folder, "by-hand", 0700), 0);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_int_equal(symlinkat(bad[i], folder, path), 0);
                assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &text, NULL), -EBADMSG);
                assert_int_equal(unlinkat(folder, path, 0), 0);
        }
        put(folder, path, "allow\n");
        assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &text, NULL), -EBADMSG);
        assert_int_equal(unlinkat(folder, path, 0), 0);
        assert_int_equal(mkfifoat(folder, path, 0600), 0);
        assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &text, NULL), -EBADMSG);
        assert_null(text);
}

/* A note that stands is replaced, whatever it is, and nothing is written through it. */
static void whatever_stands_in_its_place_is_replaced(void **state) {
        static const char path[] = "by-hand/01000000-0000-0000-0000-000000000000";
        int folder = folder_of(state);
        _cleanup_(freep) char *text = NULL, *again = NULL;

        assert_int_equal(mkdirat(folder, "by-hand", 0700), 0);
        put(folder, path, "block\n");
        put(folder, "by-hand/.01000000-0000-0000-0000-000000000000.new", "of one that was killed");
        assert_int_equal(note_write(folder, NOTE_BY_HAND, &a, "allow", NULL), 0);
        assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &text, NULL), 0);
        assert_string_equal(text, "allow");
        assert_int_equal(faccessat(folder, "by-hand/=allow", F_OK, 0), -1);
        assert_int_equal(note_write(folder, NOTE_BY_HAND, &a, "block", NULL), 0);
        assert_int_equal(note_read(folder, NOTE_BY_HAND, &a, &again, NULL), 0);
        assert_string_equal(again, "block");
        assert_int_equal(unlinkat(folder, path, 0), 0);
        assert_int_equal(mkdirat(folder, path, 0700), 0);
        assert_int_equal(note_write(folder, NOTE_BY_HAND, &a, "allow", NULL), -EISDIR);
}

static void the_list_is_sorted_and_whole(void **state) {
        int folder = folder_of(state);
        struct diag d = {};
        _cleanup_(notes_done) struct notes none = {}, notes = {};

        assert_int_equal(notes_list(folder, NOTE_BY_HAND, &none, NULL), 0);
        assert_int_equal(none.n, 0);
        assert_null(notes_find(&none, &a));
        assert_int_equal(note_write(folder, NOTE_BY_HAND, &b, "allow", NULL), 0);
        assert_int_equal(note_write(folder, NOTE_BY_HAND, &a, "block", NULL), 0);
        assert_int_equal(symlinkat("=allow", folder, "by-hand/.01000000-0000-0000-0000-000000000000.new"),
                0);
        assert_int_equal(symlinkat("=allow", folder, "by-hand/{03000000-0000-0000-0000-000000000000}"), 0);
        put(folder, "by-hand/README", "allow\n");
        assert_int_equal(notes_list(folder, NOTE_BY_HAND, &notes, &d), 0);
        assert_int_equal(notes.n, 2);
        assert_string_equal(notes.notes[0].text, "block");
        assert_string_equal(notes_find(&notes, &b)->text, "allow");
        assert_string_equal(d.text, "");
}

/* A note that nobody can read is still one: by hand it blocks, and that an override stands is known. */
static void an_unreadable_note_is_not_none(void **state) {
        int folder = folder_of(state);
        _cleanup_(notes_done) struct notes notes = {};
        _cleanup_(freep) struct hand_decision *decisions = NULL;
        struct diag d = {};
        size_t n;

        assert_int_equal(note_write(folder, NOTE_BY_HAND, &a, "allow", NULL), 0);
        put(folder, "by-hand/02000000-0000-0000-0000-000000000000", "allow\n");
        assert_int_equal(notes_list(folder, NOTE_BY_HAND, &notes, &d), 0);
        assert_non_null(strstr(d.text, "by-hand/02000000"));
        assert_int_equal(notes_by_hand(&notes, &decisions, &n), 0);
        assert_int_equal(n, 2);
        assert_true(decisions[0].allow);
        assert_true(guid_equal(&decisions[1].instance, &b));
        assert_false(decisions[1].allow);
}

static void a_link_in_place_of_the_folder_is_refused(void **state) {
        int folder = folder_of(state);
        _cleanup_(notes_done) struct notes notes = {};

        assert_int_equal(symlinkat(".", folder, "overrides"), 0);
        assert_true(note_write(folder, NOTE_OVERRIDE, &a, "", NULL) < 0);
        assert_true(notes_list(folder, NOTE_OVERRIDE, &notes, NULL) < 0);
}

#define note_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        note_test(a_note_is_found_again),
        note_test(none_is_enodata),
        note_test(only_one_line_is_taken),
        note_test(a_note_of_others_is_refused),
        note_test(whatever_stands_in_its_place_is_replaced),
        note_test(the_list_is_sorted_and_whole),
        note_test(an_unreadable_note_is_not_none),
        note_test(a_link_in_place_of_the_folder_is_refused),
};

RUN(tests)
