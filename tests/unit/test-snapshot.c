/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The snapshot file and the container: everything that can be in one, and every way in which one can be
 * wrong.
 */
#include "tests/unit/fixture.h"

#include <errno.h>

#include "lib/facts/link-path.h"

/* One line of each type, in the order and the form in which they are written. */
static const char everything[] = "cvmd-snapshot 1\n"
                                 "recorded cpuid\n"
                                 "cpuid 0x00000001 0 00a00f11 00040800 fed83203 178bfbff\n"
                                 "cpuid 0x4000000c 0 00000001 00000ba2 00000000 00000000\n"
                                 "connection version=6.0 confidential=yes kernel-support=unknown\n"
                                 "probe-note \"fprobe events: not in this kernel\"\n"
                                 "channel 2 flags=unknown ring=unknown dma=0 source=boot-trace\n"
                                 "channel 12 flags=0x2 ring=1 dma=0 source=kernel-probe\n"
                                 "kmsg \"hv_vmbus: Vmbus version:6.0\"\n"
                                 "mount 8:1 / ext4\n"
                                 "mount 0:35 /with\\x20blank btrfs /dev/sda2\n"
                                 "swap /dev/sda3\n"
                                 "netlink-link 2 eth0 up vf-of=none\n"
                                 "netlink-route default dev=2\n"
                                 "dir a\n"
                                 "file a/b 0644 \"x\\x00\\\"\\n\"\n"
                                 "error a/c EINVAL\n"
                                 "error a/d errno-512\n"
                                 "symlink a/e\\x20f ../g\n"
                                 "file z 0444 \"\"\n"
                                 "end\n";

static struct snapshot *parse_everything(void) {
        return snapshot_of_text("everything", everything, strlen(everything));
}

static void what_is_written_is_read_back(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s = parse_everything();
        _cleanup_(freep) char *text = NULL;
        size_t n;

        assert_int_equal(snapshot_format(s, &text, &n), 0);
        assert_string_equal(text, everything);
        assert_int_equal(n, strlen(everything));

        for (size_t i = 0; i < N_FIXTURES; i++) {
                _cleanup_(snapshot_freep) struct snapshot *fixture = fixture_load(fixture_names[i]),
                                                          *again = NULL;
                _cleanup_(freep) char *first = NULL, *second = NULL;

                assert_int_equal(snapshot_format(fixture, &first, &n), 0);
                again = snapshot_of_text(fixture_names[i], first, n);
                assert_int_equal(snapshot_format(again, &second, &n), 0);
                assert_string_equal(first, second);
        }
}

static void every_line_means_what_it_says(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s = parse_everything();
        const struct snapshot_entry *e;
        size_t n;

        assert_true(s->cpuid_recorded);
        assert_int_equal(s->cpuid.n, 2);
        assert_int_equal(cpuid_find(&s->cpuid, 0x4000000c, 0)->ebx, 0xba2);
        assert_int_equal(s->connection.version, 0x60000);
        assert_int_equal(s->connection.confidential, TRISTATE_YES);
        assert_int_equal(s->connection.kernel_support, TRISTATE_UNKNOWN);
        assert_string_equal(s->probe_note, "fprobe events: not in this kernel");
        assert_int_equal(s->n_channels, 2);
        assert_int_equal(s->channels[0].flags, -1);
        assert_int_equal(s->channels[0].source, FACT_SOURCE_BOOT_TRACE);
        assert_int_equal(s->channels[1].relid, 12);
        assert_int_equal(s->channels[1].flags, 2);
        assert_int_equal(s->channels[1].ring, TRISTATE_YES);
        assert_int_equal(s->channels[1].dma, TRISTATE_NO);
        assert_string_equal(s->kmsg[0], "hv_vmbus: Vmbus version:6.0");
        assert_int_equal(s->n_mounts, 2);
        assert_int_equal(s->mounts[0].major, 8);
        assert_null(s->mounts[0].source);
        assert_string_equal(s->mounts[1].where, "/with blank");
        assert_string_equal(s->mounts[1].source, "/dev/sda2");
        assert_string_equal(s->swaps[0], "/dev/sda3");
        assert_int_equal(s->n_netlink, 2);
        assert_int_equal(s->n_entries, 6);
        e = snapshot_find(s, "a/b");
        assert_int_equal(e->mode, 0644);
        assert_int_equal(e->size, 4);
        assert_memory_equal(e->value, "x\0\"\n", 5);
        assert_int_equal(snapshot_find(s, "a/c")->error, EINVAL);
        assert_int_equal(snapshot_find(s, "a/d")->error, 512);
        assert_string_equal(snapshot_find(s, "a/e f")->value, "../g");
        assert_null(snapshot_find(s, "a/"));
        assert_null(snapshot_text(s, "a/b", &n)); /* a NUL in it: no text */
        assert_null(snapshot_text(s, "a", &n));
        assert_non_null(snapshot_text(s, "z", &n));
        assert_int_equal(n, 0);
}

static void a_cut_snapshot_is_refused(void **state) {
        for (size_t n = 0; n < strlen(everything); n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(everything, n);
                struct snapshot *s = NULL;
                struct diag d = {};

                assert_int_equal(snapshot_parse("cut", (char *)cut, n, &s, &d), -EBADMSG);
                assert_null(s);
                assert_int_equal(strncmp(d.text, "cut:", 4), 0);
        }
}

static void bad_lines_are_refused_with_their_place(void **state) {
        static const struct {
                const char *line, *why;
        } rows[] = {
                { "sound card", "not known" },
                { " file a 0444 \"\"", "not known" },
                { "recorded", "only cpuid" },
                { "recorded dmesg", "only cpuid" },
                { "recorded cpuid x", "more words" },
                { "cpuid", "not \"cpuid" },
                { "cpuid 0x1 0 0 0 0", "not \"cpuid" },
                { "cpuid 0x1 0 0 0 0 0 0", "not \"cpuid" },
                { "cpuid 0x1 0 123456789 0 0 0", "not \"cpuid" },
                { "cpuid 0x1  0 0 0 0 0", "not \"cpuid" },
                { "connection version=6 confidential=yes kernel-support=yes", "not \"connection" },
                { "connection version=6.0 confidential=maybe kernel-support=yes", "not \"connection" },
                { "connection version=6.0 confidential=yes", "not \"connection" },
                { "connection version=6.70000 confidential=yes kernel-support=yes", "not \"connection" },
                { "connection confidential=yes version=6.0 kernel-support=yes", "not \"connection" },
                { "channel 1 flags=0x2 ring=1 dma=0", "not \"channel" },
                { "channel 1 flags=0x2 ring=2 dma=0 source=kernel-probe", "not \"channel" },
                { "channel 1 flags=0x10000 ring=1 dma=0 source=kernel-probe", "not \"channel" },
                { "channel -1 flags=0x2 ring=1 dma=0 source=kernel-probe", "not \"channel" },
                { "channel 1 flags=0x2 ring=1 dma=0 source=hearsay", "not \"channel" },
                { "channel 1 flags=0x2 ring=1 dma=0 source=none more", "not \"channel" },
                { "kmsg", "double quotes" },
                { "kmsg \"", "double quotes" },
                { "kmsg bare", "double quotes" },
                { "kmsg \"two\\nlines\"", "one line" },
                { "kmsg \"nul\\x00\"", "NUL" },
                { "probe-note \"bad \\q escape\"", "escape" },
                { "mount 8 / ext4", "not \"mount" },
                { "mount 8:x / ext4", "not \"mount" },
                { "mount 8:1 /", "missing" },
                { "mount 8:1 / ext4 /dev/sda1 rw", "more words" },
                { "swap", "missing" },
                { "swap a b", "more words" },
                { "netlink-link", "nothing behind" },
                { "netlink-route \x7f", "printable" },
                { "file a 0444", "double quotes" },
                { "file a 8 \"\"", "octal" },
                { "file a 10000 \"\"", "octal" },
                { "file a 0444 \"bare \" quote\"", "escape" },
                { "file a\\x00b 0444 \"\"", "NUL" },
                { "error a", "errno" },
                { "error a EWHATEVER", "errno" },
                { "error a errno-22", "errno" },
                { "error a errno-5000", "errno" },
                { "error a EINVAL x", "more words" },
                { "dir", "missing" },
                { "dir a b", "more words" },
                { "symlink a", "missing" },
                { "symlink a b c", "more words" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = NULL;
                int n = asprintf(&text, "cvmd-snapshot 1\n# a comment\n%s\nend\n", rows[i].line);
                struct snapshot *s = NULL;
                struct diag d = {};

                assert_true(n > 0);
                assert_int_equal(snapshot_parse("name", text, (size_t)n, &s, &d), -EBADMSG);
                assert_int_equal(strncmp(d.text, "name:3: ", 8), 0);
                if (!strstr(d.text, rows[i].why))
                        fail_msg("\"%s\" does not say \"%s\"", d.text, rows[i].why);
        }
}

static void bad_wholes_are_refused(void **state) {
        static const struct {
                const char *text, *why;
        } rows[] = {
                { "", "cut off" },
                { "cvmd-snapshot 2\nend\n", "version 1" },
                { "end\n", "version 1" },
                { "dir a\ncvmd-snapshot 1\nend\n", "version 1" },
                { "cvmd-snapshot 1\nend\ndir a\n", "behind the line" },
                { "cvmd-snapshot 1\ncvmd-snapshot 1\nend\n", "not known" },
                { "cvmd-snapshot 1\ncpuid 0x1 0 0 0 0 0\ncpuid 0x1 0 0 0 0 0\nend\n", "twice" },
                { "cvmd-snapshot 1\nconnection version=5.3 confidential=no kernel-support=yes\n"
                  "connection version=6.0 confidential=yes kernel-support=yes\nend\n",
                        "one connection" },
                { "cvmd-snapshot 1\nprobe-note \"a\"\nprobe-note \"b\"\nend\n", "one note" },
                { "cvmd-snapshot 1\ndir a\nfile a 0444 \"\"\nend\n", "twice" },
                { "cvmd-snapshot 1\nchannel 1 flags=0x2 ring=1 dma=0 source=none\n"
                  "channel 1 flags=0x0 ring=0 dma=0 source=none\nend\n",
                        "twice" },
                { "cvmd-snapshot 1\ndir /etc\nend\n", "relative" },
                { "cvmd-snapshot 1\ndir a/../../etc\nend\n", "relative" },
                { "cvmd-snapshot 1\ndir a//b\nend\n", "relative" },
                { "cvmd-snapshot 1\ndir a/./b\nend\n", "relative" },
                { "cvmd-snapshot 1\nsymlink a b\nfile a/c 0444 \"\"\nend\n", "no folder" },
                { "cvmd-snapshot 1\nfile a 0444 \"\"\ndir a/b/c\nend\n", "no folder" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct snapshot *s = NULL;
                struct diag d = {};

                assert_int_equal(snapshot_parse("name", rows[i].text, strlen(rows[i].text), &s, &d),
                        -EBADMSG);
                if (!strstr(d.text, rows[i].why))
                        fail_msg("\"%s\" does not say \"%s\"", d.text, rows[i].why);
        }
}

static void a_nul_is_no_text(void **state) {
        static const char text[] = "cvmd-snapshot 1\nfile a 0444 \"\0\"\nend\n";
        struct snapshot *s = NULL;
        struct diag d = {};

        assert_int_equal(snapshot_parse("name", text, sizeof(text) - 1, &s, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "name:2: a NUL"));
}

static int collect(const char *name, const struct snapshot_entry *e, void *data) {
        char *names = data;

        strcat(names, name);
        strcat(names, e ? "! " : "? ");
        return 0;
}

static int stop(const char *name, const struct snapshot_entry *e, void *data) {
        return strcmp(name, data) == 0 ? 7 : 0;
}

static void children_come_once_and_in_order(void **state) {
        /* "-" sorts before "/": 12-x stands between 12 and what is below it */
        static const char lines[] = "cvmd-snapshot 1\ndir p/12\ndir p/12-x\nfile p/12/a 0444 \"\"\n"
                                    "file p/7/a 0444 \"\"\nfile p/7/b 0444 \"\"\nfile p/7-y 0444 \"\"\n"
                                    "dir p0\ndir o\nend\n";
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_of_text("lines", lines, strlen(lines));
        char names[256] = "";

        assert_int_equal(snapshot_each_child(s, "p", collect, names), 0);
        assert_string_equal(names, "12! 12-x! 7-y! 7? ");
        assert_int_equal(snapshot_each_child(s, "p", stop, (void *)"12-x"), 7);
        assert_int_equal(snapshot_each_child(s, "o", stop, (void *)"x"), 0);
        assert_int_equal(snapshot_each_child(s, "absent", stop, (void *)"x"), 0);
}

/* The same as by whole paths, from wherever one begins. */
static void a_folder_holds_what_is_below_it(void **state) {
        static const char lines[] =
                "cvmd-snapshot 1\nfile p/12/a 0444 \"one\"\nfile p/12/b/c 0444 \"two\\n\"\n"
                "dir p/12-x\ndir p/12.y\ndir p/120\ndir p0\ndir o\nend\n";
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_of_text("lines", lines, strlen(lines));
        const struct snapshot_folder root = snapshot_root(s), p = snapshot_enter(&root, "p"),
                                     twelve = snapshot_enter(&p, "12"),
                                     at_once = snapshot_enter(&root, "p/12"),
                                     b = snapshot_enter(&twelve, "b");
        const struct snapshot_folder empty[] = { snapshot_enter(&root, "q"), snapshot_enter(&root, ""),
                snapshot_enter(&p, "1"), snapshot_enter(&p, "12-x"), snapshot_enter(&twelve, "12"),
                snapshot_enter(&b, "c") };
        char names[256] = "";
        size_t n;

        assert_int_equal(snapshot_each_in(&twelve, collect, names), 0);
        assert_int_equal(snapshot_each_in(&at_once, collect, names), 0);
        assert_string_equal(names, "a! b? a! b? ");
        assert_ptr_equal(snapshot_find_in(&twelve, "a"), snapshot_find(s, "p/12/a"));
        assert_ptr_equal(snapshot_find_in(&p, "12/b/c"), snapshot_find(s, "p/12/b/c"));
        assert_ptr_equal(snapshot_find_in(&p, "120"), snapshot_find(s, "p/120"));
        assert_memory_equal(snapshot_entry_text(snapshot_find_in(&b, "c"), &n), "two", 3);
        assert_int_equal(n, 3);
        assert_null(snapshot_find_in(&twelve, ""));
        assert_null(snapshot_find_in(&twelve, "b"));
        assert_null(snapshot_find_in(&p, "12"));
        for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
                assert_int_equal(empty[i].n, 0);
                assert_null(snapshot_find_in(&empty[i], "a"));
                assert_int_equal(snapshot_each_in(&empty[i], stop, (void *)"a"), 0);
        }
}

static void entries_can_be_taken_back(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;

        assert_int_equal(snapshot_new(&s), 0);
        assert_int_equal(snapshot_add_dir(s, "a"), 0);
        assert_int_equal(snapshot_add_file(s, "a/b", 0444, "x", 1), 0);
        snapshot_forget_entries(s, 1);
        assert_int_equal(snapshot_add_error(s, "a/b", -EIO), 0);
        assert_int_equal(snapshot_seal(s, NULL), 0);
        assert_int_equal(s->n_entries, 2);
        assert_int_equal(snapshot_find(s, "a/b")->error, EIO);
}

static struct snapshot *snapshot_on(struct snapshot *lender) {
        struct snapshot *s = NULL;

        assert_int_equal(snapshot_new(&s), 0);
        assert_int_equal(snapshot_add_file(s, "b/2", 0444, "own", 3), 0);
        assert_int_equal(snapshot_add_dir(s, "a"), 0);
        for (size_t i = 0; i < lender->n_entries; i++)
                assert_int_equal(snapshot_borrow_entry(s, lender, &lender->entries[i]), 0);
        return s;
}

/* The lender goes first: what was borrowed stays. */
static void what_is_borrowed_is_like_ones_own(void **state) {
        static const char lines[] =
                "cvmd-snapshot 1\ndir b\nfile b/1 0444 \"one\"\nfile b/3 0444 \"three\"\n"
                "symlink c b\nerror d EIO\nend\n";
        struct snapshot *lender = snapshot_of_text("lines", lines, strlen(lines));
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_on(lender);
        char names[256] = "";

        assert_int_equal(snapshot_seal(s, NULL), 0);
        snapshot_free(lender);
        assert_int_equal(s->n_entries, 7);
        for (size_t i = 1; i < s->n_entries; i++)
                assert_true(strcmp(s->entries[i - 1].path, s->entries[i].path) < 0);
        assert_int_equal(snapshot_each_child(s, "b", collect, names), 0);
        assert_string_equal(names, "1! 2! 3! ");
        assert_string_equal(snapshot_find(s, "b/3")->value, "three");
        assert_string_equal(snapshot_find(s, "c")->value, "b");
        assert_int_equal(snapshot_find(s, "d")->error, EIO);
}

static void what_does_not_go_with_what_is_borrowed_is_refused(void **state) {
        static const char lines[] = "cvmd-snapshot 1\nfile b/1 0444 \"one\"\nfile c 0444 \"\"\nend\n";
        static const struct {
                const char *path;
                int r;
                const char *why;
        } rows[] = {
                { "b/1", -EEXIST, "b/1 is there twice" },
                { "b", -EBADMSG, "b/1 lies below b, which is no folder" },
                { "c/1", -EBADMSG, "c/1 lies below c, which is no folder" },
                { "b/./2", -EBADMSG, "path \"b/./2\": must be relative" },
        };
        _cleanup_(snapshot_freep) struct snapshot *lender = snapshot_of_text("lines", lines, strlen(lines));

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                struct diag d = {};

                assert_int_equal(snapshot_new(&s), 0);
                assert_int_equal(snapshot_add_file(s, rows[i].path, 0444, "x", 1), 0);
                for (size_t j = 0; j < lender->n_entries; j++)
                        assert_int_equal(snapshot_borrow_entry(s, lender, &lender->entries[j]), 0);
                assert_int_equal(snapshot_seal(s, &d), rows[i].r);
                assert_non_null(strstr(d.text, rows[i].why));
        }
}

static void a_name_is_joined_to_its_folder(void **state) {
        _cleanup_(freep) char *path = path_join("a/b", "c/d"), *prefix = path_join("a", "");

        assert_string_equal(path, "a/b/c/d");
        assert_string_equal(prefix, "a/");
}

static void links_lead_where_they_say(void **state) {
        static const struct {
                const char *link, *target, *path;
                bool contained;
        } rows[] = {
                { "sys/bus/vmbus/devices/x", "../../../devices/y/x", "sys/devices/y/x", true },
                { "a", "b", "b", true },
                { "a/b", "./c//d/", "a/c/d", true },
                { "a/b", "..", "", true },
                { "a/b", "../..", "", false },
                { "a", "../etc", "etc", false },
                { "a/b", "/etc/passwd", "etc/passwd", false },
                { "a/b/c", "d/../../e", "a/e", false },
                { "a/b", "..c/d", "a/..c/d", true },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *path = NULL;

                assert_int_equal(link_resolve(rows[i].link, rows[i].target, &path), 0);
                assert_string_equal(path, rows[i].path);
                assert_int_equal(link_is_contained(rows[i].link, rows[i].target), rows[i].contained);
        }
        for (size_t i = 0; i < 4; i++) {
                static const char *const steps[][3] = {
                        { "a/b/c/d", "a/b", "a/b/c" },
                        { "a/b/c", "a/b", "a/b/c" },
                        { "a/b", "a/b", NULL },
                        { "a/bc/d", "a/b", NULL },
                };
                _cleanup_(freep) char *step = NULL;

                assert_int_equal(path_step_below(steps[i][0], steps[i][1], &step), 0);
                assert_string_equal(step ?: "none", steps[i][2] ?: "none");
        }
        assert_true(path_is_within("a/b", "a/b"));
        assert_true(path_is_within("a/b/c", "a/b"));
        assert_false(path_is_within("a/bc", "a/b"));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(every_line_means_what_it_says),
        cmocka_unit_test(a_cut_snapshot_is_refused),
        cmocka_unit_test(bad_lines_are_refused_with_their_place),
        cmocka_unit_test(bad_wholes_are_refused),
        cmocka_unit_test(a_nul_is_no_text),
        cmocka_unit_test(children_come_once_and_in_order),
        cmocka_unit_test(a_folder_holds_what_is_below_it),
        cmocka_unit_test(entries_can_be_taken_back),
        cmocka_unit_test(what_is_borrowed_is_like_ones_own),
        cmocka_unit_test(what_does_not_go_with_what_is_borrowed_is_refused),
        cmocka_unit_test(a_name_is_joined_to_its_folder),
        cmocka_unit_test(links_lead_where_they_say),
};

RUN(tests)
