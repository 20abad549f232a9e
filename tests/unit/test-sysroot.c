/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only door: nothing leads out of it, nothing is read in part, and the simulator gets what the kernel
 * would. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/base/sysroot.h"
#include "tests/unit/harness.h"

struct place {
        char path[64];
        struct sysroot *root;
        int fd;
};

static int setup(void **state) {
        struct place *p = calloc(1, sizeof(*p));

        assert_non_null(p);
        strcpy(p->path, "test-sysroot.XXXXXX");
        assert_non_null(mkdtemp(p->path));
        assert_int_equal(sysroot_new(p->path, &p->root, NULL), 0);
        p->fd = p->root->fd;
        assert_int_equal(mkdirat(p->fd, "sys", 0700), 0);
        *state = p;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static int teardown(void **state) {
        struct place *p = *state;

        sysroot_free(p->root);
        nftw(p->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(p);
        return 0;
}

static void put(struct place *p, const char *path, const void *bytes, size_t n) {
        _cleanup_(closep) int fd = openat(p->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, n), (ssize_t)n);
}

static void what_is_held_stays_the_same(void **state) {
        _cleanup_(freep) char *held = NULL, *out = NULL, *gone = NULL, *anew = NULL;
        _cleanup_(sysroot_names_done) struct sysroot_names names = {}, now = {};
        struct place *p = *state;
        struct stat st;

        assert_int_equal(mkdirat(p->fd, "sys/one", 0700), 0);
        put(p, "sys/one/file", "first\n", 6);
        put(p, "sys/outside", "outside\n", 8);
        assert_int_equal(symlinkat("../outside", p->fd, "sys/one/link"), 0);
        assert_int_equal(symlinkat("one", p->fd, "sys/name"), 0);
        assert_int_equal(sysroot_hold(p->root, "sys/name"), 0);
        assert_int_equal(unlinkat(p->fd, "sys/name", 0), 0);
        assert_int_equal(mkdirat(p->fd, "sys/name", 0700), 0);
        put(p, "sys/name/file", "second\n", 7);
        put(p, "sys/name/link", "no link\n", 8);
        put(p, "sys/name/more", "", 0);

        assert_int_equal(sysroot_list(p->root, "sys/name", &names), 0);
        assert_int_equal(names.n, 2);
        assert_int_equal(sysroot_read_line(p->root, "sys/name/file", &held), 0);
        assert_string_equal(held, "first");
        assert_int_equal(sysroot_write(p->root, "sys/name/file", SYSROOT_TRUNCATE, "third\n"), 0);
        assert_int_equal(sysroot_stat(p->root, "sys/name/link", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        /* which leads out: by the path, where another thing is now */
        assert_int_equal(sysroot_read_line(p->root, "sys/name/link", &out), 0);
        assert_string_equal(out, "no link");
        assert_int_equal(unlinkat(p->fd, "sys/one/file", 0), 0);
        assert_int_equal(sysroot_read_line(p->root, "sys/name/file", &gone), -ENOENT);

        sysroot_release(p->root);
        assert_int_equal(sysroot_read_line(p->root, "sys/name/file", &anew), 0);
        assert_string_equal(anew, "second");
        assert_int_equal(sysroot_list(p->root, "sys/name", &now), 0);
        assert_int_equal(now.n, 3);
}

/* Directly in the folder that is held: without a lookup of their own, and no different. */
static void what_is_held_has_links(void **state) {
        _cleanup_(freep) char *target = NULL, *none = NULL;
        struct place *p = *state;
        struct stat held, st;

        assert_int_equal(mkdirat(p->fd, "sys/one", 0700), 0);
        put(p, "sys/one/file", "", 0);
        assert_int_equal(symlinkat("../two", p->fd, "sys/one/link"), 0);
        assert_int_equal(sysroot_stat_held(p->root, &held), -ENOENT);
        assert_int_equal(sysroot_hold(p->root, "sys/one"), 0);
        assert_int_equal(sysroot_stat(p->root, "sys/one", &st), 0);
        assert_int_equal(sysroot_stat_held(p->root, &held), 0);
        assert_int_equal(held.st_ino, st.st_ino);
        assert_int_equal(sysroot_read_link(p->root, "sys/one/link", &target), 0);
        assert_string_equal(target, "../two");
        assert_int_equal(sysroot_read_link(p->root, "sys/one/file", &none), -EINVAL);
        assert_int_equal(sysroot_read_link(p->root, "sys/one/none", &none), -ENOENT);
        assert_int_equal(sysroot_stat(p->root, "sys/one/link", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(sysroot_stat(p->root, "sys/one/none", &st), -ENOENT);
        assert_int_equal(sysroot_stat(p->root, "sys/one/..", &st), 0);
        assert_int_not_equal(held.st_ino, st.st_ino);
        assert_null(none);
}

static void what_is_kept_open_is_written_again(void **state) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(closep) int fd = -1;
        struct place *p = *state;
        size_t n;

        assert_int_equal(sysroot_write_kept(p->root, "sys/marker", &fd, "one\n"), -ENOENT);
        assert_int_equal(fd, -1);
        put(p, "sys/marker", "", 0);
        assert_int_equal(sysroot_write_kept(p->root, "sys/marker", &fd, "one\n"), 0);
        assert_int_equal(renameat(p->fd, "sys/marker", p->fd, "sys/moved"), 0);
        assert_int_equal(sysroot_write_kept(p->root, "sys/marker", &fd, "two\n"), 0);
        assert_int_equal(sysroot_read(p->root, "sys/moved", 64, &text, &n), 0);
        assert_string_equal(text, "one\ntwo\n");
}

static void what_is_held_is_one_folder(void **state) {
        _cleanup_(freep) char *beside = NULL;
        struct place *p = *state;

        assert_int_equal(mkdirat(p->fd, "sys/one", 0700), 0);
        assert_int_equal(mkdirat(p->fd, "sys/one-more", 0700), 0);
        put(p, "sys/one-more/file", "beside\n", 7);
        assert_int_equal(sysroot_hold(p->root, "sys/one-more/file"), -ENOTDIR);
        assert_int_equal(sysroot_hold(p->root, "sys/none"), -ENOENT);
        assert_int_equal(sysroot_hold(p->root, "sys/one"), 0);
        assert_int_equal(sysroot_read_line(p->root, "sys/one-more/file", &beside), 0);
        assert_string_equal(beside, "beside");
        free(beside);
        beside = NULL;
        assert_int_equal(sysroot_read_line(p->root, "sys/one/../one-more/file", &beside), 0); /* leads out */
        assert_int_equal(sysroot_hold(p->root, "sys/one-more"), 0); /* in its place */
}

static void no_link_leads_out(void **state) {
        static const struct {
                const char *target;
                int r;
        } rows[] = {
                { "/etc/passwd", -ENOENT },
                { "../../../../../../../../etc/passwd", -ENOENT },
                { "/sys/inside", 0 },
                { "../../../../../../sys/inside", 0 },
                { "link", -ELOOP },
        };
        struct place *p = *state;

        put(p, "sys/inside", "here\n", 5);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = NULL, *target = NULL;

                assert_int_equal(symlinkat(rows[i].target, p->fd, "sys/link"), 0);
                assert_int_equal(sysroot_read_line(p->root, "sys/link", &text), rows[i].r);
                if (rows[i].r == 0)
                        assert_string_equal(text, "here");
                assert_int_equal(sysroot_read_link(p->root, "sys/link", &target), 0);
                assert_string_equal(target, rows[i].target);
                assert_int_equal(unlinkat(p->fd, "sys/link", 0), 0);
        }
}

static void no_path_leads_out(void **state) {
        struct place *p = *state;
        _cleanup_(freep) char *text = NULL;

        put(p, "sys/inside", "here\n", 5);
        assert_int_equal(sysroot_read_line(p->root, "../../../../../sys/inside", &text), 0);
        assert_string_equal(text, "here");
        assert_int_equal(sysroot_make_dir(p->root, "../outside"),
                0); /* in the root, which is its own parent */
        assert_int_equal(faccessat(p->fd, "outside", F_OK, 0), 0);
}

static void magic_links_are_not_followed(void **state) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(sysroot_new("/", &root, NULL), 0);
        assert_int_equal(sysroot_read(root, "proc/self/exe", 1 << 20, &text, NULL), -ELOOP);
        assert_null(text);
}

static void nothing_is_read_in_part(void **state) {
        struct place *p = *state;
        char big[SYSFS_TEXT_MAX + 1], untouched[] = "x", *text = untouched;
        size_t n = 77;

        memset(big, 'a', sizeof(big));
        put(p, "sys/big", big, sizeof(big));
        assert_int_equal(sysroot_read(p->root, "sys/big", SYSFS_TEXT_MAX, &text, &n), -EFBIG);
        assert_int_equal(sysroot_read_line(p->root, "sys/big", &text), -EFBIG);
        assert_ptr_equal(text, untouched);
        assert_int_equal(n, 77);
        assert_int_equal(sysroot_read(p->root, "sys/big", sizeof(big), &text, &n), 0);
        assert_int_equal(n, sizeof(big));
        assert_int_equal(text[n], 0);
        free(text);
}

static void a_line_is_one(void **state) {
        static const struct {
                const char *bytes;
                size_t n;
                int r;
                const char *text;
        } rows[] = {
                { "", 0, 0, "" },
                { "\n", 1, 0, "" },
                { "a", 1, 0, "a" },
                { "a\n", 2, 0, "a" },
                { "a\n\n", 3, -EBADMSG, NULL },
                { "a\nb", 3, -EBADMSG, NULL },
                { "a\0b", 3, -EBADMSG, NULL },
                { "a\0", 2, -EBADMSG, NULL },
        };
        struct place *p = *state;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = NULL;

                put(p, "sys/line", rows[i].bytes, rows[i].n);
                assert_int_equal(sysroot_read_line(p->root, "sys/line", &text), rows[i].r);
                if (rows[i].text)
                        assert_string_equal(text, rows[i].text);
                else
                        assert_null(text);
        }
}

/* A reader must not wait for a writer that may never come. */
static void a_fifo_holds_nobody_up(void **state) {
        struct place *p = *state;
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(mkfifoat(p->fd, "sys/fifo", 0600), 0);
        assert_int_equal(sysroot_read(p->root, "sys/fifo", 10, &text, NULL), 0);
        assert_string_equal(text, "");
}

static void a_list_is_sorted(void **state) {
        struct place *p = *state;
        _cleanup_(sysroot_names_done) struct sysroot_names names = {}, none = {};

        for (const char *const *name = (const char *const[]){ "sys/b", "sys/a", "sys/.c", "sys/B", NULL };
                *name; name++)
                put(p, *name, "", 0);
        assert_int_equal(sysroot_list(p->root, "sys", &names), 0);
        assert_int_equal(names.n, 4);
        assert_string_equal(names.names[0], ".c");
        assert_string_equal(names.names[1], "B");
        assert_string_equal(names.names[3], "b");
        assert_int_equal(sysroot_list(p->root, "sys/a", &none), -ENOTDIR);
        assert_int_equal(sysroot_list(p->root, "sys/x", &none), -ENOENT);
        assert_null(none.names);
}

static void a_write_appends_and_truncate_clears(void **state) {
        struct place *p = *state;
        _cleanup_(freep) char *both = NULL, *last = NULL, *none = NULL;

        put(p, "sys/events", "theirs\n", 7);
        assert_int_equal(sysroot_write(p->root, "sys/events", SYSROOT_WRITE, "ours\n"), 0);
        assert_int_equal(sysroot_read(p->root, "sys/events", 99, &both, NULL), 0);
        assert_string_equal(both, "theirs\nours\n");
        assert_int_equal(sysroot_write(p->root, "sys/events", SYSROOT_TRUNCATE, "new"), 0);
        assert_int_equal(sysroot_read(p->root, "sys/events", 99, &last, NULL), 0);
        assert_string_equal(last, "new");
        assert_int_equal(sysroot_write(p->root, "sys/events", SYSROOT_TRUNCATE, ""), 0);
        assert_int_equal(sysroot_read(p->root, "sys/events", 99, &none, NULL), 0);
        assert_string_equal(none, "");
        assert_int_equal(sysroot_write(p->root, "sys/x", SYSROOT_WRITE, "a"), -ENOENT); /* never made */
}

static void folders_come_and_go(void **state) {
        struct place *p = *state;
        struct stat st;

        assert_int_equal(sysroot_make_dir(p->root, "sys/instances"), 0);
        assert_int_equal(sysroot_make_dir(p->root, "sys/instances"), -EEXIST);
        assert_int_equal(sysroot_make_dir(p->root, "sys/x/y"), -ENOENT);
        assert_int_equal(sysroot_stat(p->root, "sys/instances", &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(sysroot_remove_dir(p->root, "sys/instances"), 0);
        assert_int_equal(sysroot_remove_dir(p->root, "sys/instances"), -ENOENT);
        assert_int_equal(sysroot_open_events(p->root), -EOPNOTSUPP);
}

static void files_are_replaced_whole_and_within(void **state) {
        _cleanup_(freep) char *text = NULL;
        struct place *p = *state;
        struct stat st;

        assert_int_equal(sysroot_replace(p->root, "etc/cvmd/x", 0644, "1", 1), -ENOENT);
        assert_int_equal(sysroot_make_folders(p->root, "etc/cvmd", 0755), 0);
        assert_int_equal(sysroot_make_folders(p->root, "etc/cvmd", 0755), 0);
        assert_int_equal(sysroot_replace(p->root, "etc/cvmd/x", 0644, "12", 2), 0);
        assert_int_equal(sysroot_replace(p->root, "etc/cvmd/x", 0644, "3", 1), 0);
        assert_int_equal(sysroot_read(p->root, "etc/cvmd/x", 9, &text, NULL), 0);
        assert_string_equal(text, "3");
        assert_int_equal(sysroot_stat(p->root, "etc/cvmd/x", &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        /* a folder that leads out leads back in, and a link in place of the file is replaced */
        assert_int_equal(symlinkat("/../..", p->fd, "out"), 0);
        assert_int_equal(sysroot_replace(p->root, "out/y", 0600, "y", 1), 0);
        assert_int_equal(sysroot_stat(p->root, "y", &st), 0);
        assert_int_equal(symlinkat("x", p->fd, "etc/cvmd/z"), 0);
        assert_int_equal(sysroot_replace(p->root, "etc/cvmd/z", 0600, "z", 1), 0);
        assert_int_equal(sysroot_stat(p->root, "etc/cvmd/z", &st), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(sysroot_remove_file(p->root, "etc/cvmd/x"), 0);
        assert_int_equal(sysroot_remove_file(p->root, "etc/cvmd/x"), -ENOENT);
        assert_int_equal(sysroot_remove_file(p->root, "etc/cvmd"), -EISDIR);
        assert_int_equal(sysroot_make_folders(p->root, "etc/cvmd/z/a", 0755), -ENOTDIR);
}

/* A simulator that answers every request with the next of these and shows what it got. */
static const char *const answers[] = { "0", "16", "0", "19", "junk", "" };

/* Serves in a child, and writes what it was asked to out, NULs as |. */
static pid_t serve(const char *path, int out) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        pid_t pid;

        strcpy(address.sun_path, path);
        assert_true(listener >= 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 8), 0);
        pid = fork();
        if (pid != 0) {
                close(listener);
                return pid;
        }
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                char message[256];
                int fd = accept(listener, NULL, NULL);
                ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

                if (n < 0)
                        _exit(1);
                for (ssize_t c = 0; c < n; c++)
                        if (message[c] == 0)
                                message[c] = '|';
                message[n++] = '\n';
                if (write(out, message, (size_t)n) != n)
                        _exit(1);
                if (answers[i][0] && send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL) < 0)
                        _exit(1);
                close(fd);
        }
        _exit(0);
}

static void the_simulator_gets_what_the_kernel_would(void **state) {
        struct place *p = *state;
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        char socket_path[128], asked[1024];
        int out[2], status;
        ssize_t n;
        pid_t pid;

        snprintf(socket_path, sizeof(socket_path), "%s/socket", p->path);
        assert_int_equal(pipe(out), 0);
        pid = serve(socket_path, out[1]);
        close(out[1]);
        assert_int_equal(sysroot_new_simulated(p->path, socket_path, &root, NULL), 0);
        assert_int_equal(sysroot_write(root, "sys/a", SYSROOT_WRITE, "text\n"), 0);
        assert_int_equal(sysroot_write(root, "sys/b", SYSROOT_TRUNCATE, ""), -EBUSY);
        assert_int_equal(sysroot_make_dir(root, "sys/c"), 0);
        assert_int_equal(sysroot_remove_dir(root, "sys/d"), -ENODEV);
        assert_int_equal(sysroot_write(root, "sys/e", SYSROOT_WRITE, "x"), -EPROTO);
        assert_int_equal(sysroot_write(root, "sys/f", SYSROOT_WRITE, "x"), -EPROTO); /* it hung up */
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        n = read(out[0], asked, sizeof(asked) - 1);
        close(out[0]);
        assert_true(n > 0);
        asked[n] = 0;
        assert_string_equal(asked,
                "write|sys/a|text\n\ntruncate|sys/b|\nmkdir|sys/c|\nrmdir|sys/d|\nwrite|sys/e|x\nwrite|sys/"
                "f|x\n");
        assert_int_equal(sysroot_write(root, "sys/g", SYSROOT_WRITE, "x"), -ECONNREFUSED); /* it is gone */
}

static void a_recorded_error_is_given(void **state) {
        static const struct {
                const char *target;
                int r;
        } rows[] = {
                { "errno:EINVAL", -EINVAL },
                { "errno:ENODEV", -ENODEV },
                { "errno:EWHATEVER", -EIO },
                { "nowhere", -ENOENT },
        };
        struct place *p = *state;
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;

        assert_int_equal(sysroot_new_simulated(p->path, "socket", &root, NULL), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *text = NULL;

                assert_int_equal(symlinkat(rows[i].target, p->fd, "sys/out_mask"), 0);
                assert_int_equal(sysroot_read_line(root, "sys/out_mask", &text), rows[i].r);
                assert_int_equal(unlinkat(p->fd, "sys/out_mask", 0), 0);
        }
}

static void a_root_must_be_a_folder(void **state) {
        struct sysroot *root = NULL;
        struct diag d = {};

        assert_int_equal(sysroot_new("/nowhere", &root, &d), -ENOENT);
        assert_string_equal(d.text, "/nowhere: No such file or directory");
        assert_int_equal(sysroot_new("/dev/null", &root, &d), -ENOTDIR);
        assert_null(root);
}

#define root_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        root_test(what_is_held_stays_the_same),
        root_test(what_is_held_has_links),
        root_test(what_is_held_is_one_folder),
        root_test(what_is_kept_open_is_written_again),
        root_test(no_link_leads_out),
        root_test(no_path_leads_out),
        cmocka_unit_test(magic_links_are_not_followed),
        root_test(nothing_is_read_in_part),
        root_test(a_line_is_one),
        root_test(a_fifo_holds_nobody_up),
        root_test(a_list_is_sorted),
        root_test(a_write_appends_and_truncate_clears),
        root_test(folders_come_and_go),
        root_test(files_are_replaced_whole_and_within),
        root_test(the_simulator_gets_what_the_kernel_would),
        root_test(a_recorded_error_is_given),
        cmocka_unit_test(a_root_must_be_a_folder),
};

RUN(tests)
