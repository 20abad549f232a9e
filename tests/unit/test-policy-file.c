/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders and files: which of them count, in what order, and which are not to be believed. */
#include <errno.h>

#include "tests/unit/policy-harness.h"
#include "tests/unit/scratch.h"

#define ETC "etc/cvmd/policy.d/"
#define RUN_ "run/cvmd/policy.d/"
#define LIB "usr/lib/cvmd/policy.d/"
#define RULE(id) "{\"version\":1,\"rules\":[{\"id\":\"" id "\",\"match\":{},\"action\":\"allow\"}]}"

static int setup(void **state) {
        static struct scratch s;

        s = scratch_new();
        *state = &s;
        return 0;
}

static int teardown(void **state) {
        scratch_done(*state);
        return 0;
}

/* What one load came to. */
struct loaded {
        int r;
        struct policy *policy;
        struct policy_problems problems;
        struct diag diag;
};

static void loaded_done(struct loaded *l) {
        policy_free(l->policy);
        policy_problems_done(&l->problems);
}

static struct loaded load(const struct scratch *s) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        struct loaded l = {};

        assert_int_equal(sysroot_new(s->path, &root, NULL), 0);
        l.r = policy_load(root, geteuid(), &l.policy, &l.problems, &l.diag);
        return l;
}

/* The load must fail at the file, with one problem that says so. */
static void check_refused(const struct scratch *s, const char *file, const char *says) {
        _cleanup_(loaded_done) struct loaded l = load(s);

        assert_int_equal(l.r, -EBADMSG);
        assert_null(l.policy);
        assert_int_equal(l.problems.n, 1);
        assert_string_equal(l.problems.problems[0].file, file);
        if (!strstr(l.problems.problems[0].message, says))
                fail_msg("%s", l.problems.problems[0].message);
        assert_non_null(strstr(l.diag.text, file));
        assert_non_null(strstr(l.diag.text, says));
}

static void names_are_sorted_over_all_folders(void **state) {
        const struct scratch *s = *state;
        static const char *const ids[] = { "a", "b", "c", "d" };
        static const char *const files[] = {
                "/usr/lib/cvmd/policy.d/10-a.json",
                "/etc/cvmd/policy.d/20-b.json",
                "/run/cvmd/policy.d/30-c.json",
                "/usr/lib/cvmd/policy.d/90-d.json",
        };

        scratch_write(s, LIB "90-d.json", RULE("d"));
        scratch_write(s, LIB "10-a.json", RULE("a"));
        scratch_write(s, RUN_ "30-c.json", RULE("c"));
        scratch_write(s, ETC "20-b.json", RULE("b"));
        scratch_write(s, ETC "README", "not a policy");
        scratch_write(s, ETC "20-b.json.bak", "not a policy");
        scratch_write(s, ETC ".20-b.json", "not a policy");
        scratch_write(s, ETC ".json", "not a policy");

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->n_rules, 4);
        assert_int_equal(l.policy->n_files, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_string_equal(l.policy->rules[i].id, ids[i]);
                assert_string_equal(l.policy->files[i], files[i]);
                assert_ptr_equal(l.policy->rules[i].origin.file, l.policy->files[i]);
                assert_int_equal(l.policy->rules[i].origin.line, 1);
                assert_int_equal(l.policy->rules[i].origin.column, 23);
        }
        assert_false(l.policy->built_in);
}

static void of_one_name_the_first_folder_counts(void **state) {
        const struct scratch *s = *state;

        scratch_write(s, ETC "50.json", RULE("etc"));
        scratch_write(s, RUN_ "50.json", "broken, but nobody looks");
        scratch_write(s, LIB "50.json", RULE("lib"));
        scratch_write(s, RUN_ "60.json", RULE("run"));
        scratch_write(s, LIB "60.json", RULE("lib"));

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->n_rules, 2);
        assert_string_equal(l.policy->rules[0].id, "etc");
        assert_string_equal(l.policy->rules[1].id, "run");
}

static void of_each_setting_the_first_file_counts(void **state) {
        const struct scratch *s = *state;
        char root[] = "root";

        scratch_write(s, ETC "10.json", "{\"version\":1,\"mode\":\"enforce\",\"expect\":{}}");
        scratch_write(s, ETC "20.json",
                "{\"version\":1,\"mode\":\"audit\",\"unknown\":\"pass\",\"expect\":{\"isolation\":\"tdx\"},"
                "\"protect\":[\"root\"]}");
        scratch_write(s, LIB "90.json",
                "{\"version\":1,\"unknown\":\"violation\",\"protect\":[\"swap\"],\"default\":{\"action\":"
                "\"audit\"}}");

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->mode, MODE_ENFORCE);
        assert_string_equal(l.policy->mode_origin.file, "/" ETC "10.json");
        assert_int_equal(l.policy->expect_isolation.n, 0); /* {} is a word too: nothing is expected */
        assert_int_equal(l.policy->unknown, UNKNOWN_PASS);
        assert_int_equal(l.policy->protect.n, 1);
        assert_string_equal(l.policy->protect.words[0], root);
        assert_int_equal(l.policy->default_action, ACTION_AUDIT);
        assert_string_equal(l.policy->default_origin.file, "/" LIB "90.json");
}

static void what_no_file_says(void **state) {
        const struct scratch *s = *state;

        scratch_write(s, ETC "10.json", "{\"version\":1}");
        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->mode, MODE_AUDIT);
        assert_int_equal(l.policy->unknown, UNKNOWN_VIOLATION);
        assert_int_equal(l.policy->default_action, ACTION_BLOCK);
        assert_int_equal(l.policy->protect.n, 4);
        assert_null(l.policy->default_origin.file);
}

static void a_link_to_null_masks(void **state) {
        const struct scratch *s = *state;

        scratch_write(s, LIB "50.json", RULE("masked"));
        scratch_write(s, LIB "60.json", RULE("lib"));
        scratch_link(s, "/dev/null", ETC "50.json");
        scratch_link(s, "/dev/null", LIB "70.json");
        scratch_write(s, ETC "70.json", RULE("etc"));

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->n_rules, 2);
        assert_string_equal(l.policy->rules[0].id, "lib");
        assert_string_equal(l.policy->rules[1].id, "etc");
}

static void no_file_at_all_is_no_policy(void **state) {
        const struct scratch *s = *state;
        _cleanup_(loaded_done) struct loaded none = load(s), masked = {};

        assert_int_equal(none.r, -ENODATA);
        assert_non_null(strstr(none.diag.text, "policy.d"));
        scratch_write(s, LIB "50.json", RULE("a"));
        scratch_link(s, "/dev/null", ETC "50.json");
        masked = load(s);
        assert_int_equal(masked.r, -ENODATA);
}

static void other_links_are_refused(void **state) {
        static const char *const targets[] = { "/etc/passwd", "real", "../../../etc/passwd", "/dev/zero",
                "nowhere" };
        const struct scratch *s = *state;

        scratch_write(s, ETC "real", RULE("a"));
        for (size_t i = 0; i < N_ROWS(targets); i++) {
                scratch_link(s, targets[i], ETC "50.json");
                check_refused(s, "/" ETC "50.json", "a link");
                assert_int_equal(unlinkat(s->fd, ETC "50.json", 0), 0);
        }
}

static void what_others_can_write_is_refused(void **state) {
        static const unsigned modes[] = { 0664, 0646, 0666, 0777 };
        const struct scratch *s = *state;

        scratch_write(s, ETC "50.json", RULE("a"));
        for (size_t i = 0; i < N_ROWS(modes); i++) {
                assert_int_equal(fchmodat(s->fd, ETC "50.json", modes[i], 0), 0);
                check_refused(s, "/" ETC "50.json", "chmod go-w");
        }
        assert_int_equal(fchmodat(s->fd, ETC "50.json", 0600, 0), 0);
        assert_int_equal(fchmodat(s->fd, ETC, 0775, 0), 0);
        check_refused(s, "/etc/cvmd/policy.d", "chmod go-w");
        assert_int_equal(fchmodat(s->fd, ETC, 0755, 0), 0);

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, 0);
}

/* Another's file: as root by giving one away, else by saying that the owner ought to be somebody else. */
static void what_another_owns_is_refused(void **state) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(loaded_done) struct loaded l = {};
        const struct scratch *s = *state;
        const uid_t another = 12345;

        scratch_write(s, ETC "50.json", RULE("a"));
        assert_int_equal(sysroot_new(s->path, &root, NULL), 0);
        if (geteuid() == 0) {
                assert_int_equal(fchownat(s->fd, ETC "50.json", another, (gid_t)-1, 0), 0);
                check_refused(s, "/" ETC "50.json", "chown");
                l.r = policy_load(root, another, &l.policy, &l.problems, &l.diag);
                assert_int_equal(l.r, 0);
        } else {
                l.r = policy_load(root, another, &l.policy, &l.problems, &l.diag);
                assert_int_equal(l.r, -EBADMSG);
                assert_non_null(strstr(l.diag.text, "chown"));
        }
}

static void what_is_no_file_is_refused(void **state) {
        const struct scratch *s = *state;

        scratch_make_parents(s, ETC "x");
        assert_int_equal(mkfifoat(s->fd, ETC "50.json", 0600),
                0); /* opening it to read would wait for a writer */
        check_refused(s, "/" ETC "50.json", "not a regular file");
        assert_int_equal(unlinkat(s->fd, ETC "50.json", 0), 0);
        assert_int_equal(mkdirat(s->fd, ETC "50.json", 0700), 0);
        check_refused(s, "/" ETC "50.json", "not a regular file");
        assert_int_equal(unlinkat(s->fd, ETC "50.json", AT_REMOVEDIR), 0);
        assert_int_equal(unlinkat(s->fd, "etc/cvmd/policy.d", AT_REMOVEDIR), 0);
        scratch_write(s, "etc/cvmd/policy.d", "a file in place of the folder");
        check_refused(s, "/etc/cvmd/policy.d", "cannot be read");
}

static void make_size(const struct scratch *s, const char *path, off_t size) {
        _cleanup_(closep) int fd = -1;

        scratch_write(s, path, "{");
        fd = openat(s->fd, path, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, size), 0);
}

/* Refused by its size, before a byte is read: a parser would complain of the NUL bytes, with a line. */
static void a_hundred_megabytes_are_refused(void **state) {
        const struct scratch *s = *state;

        make_size(s, ETC "50.json", 100 * 1000 * 1000);
        check_refused(s, "/" ETC "50.json", "too large");
}

static void many_large_files_are_refused(void **state) {
        const struct scratch *s = *state;
        _cleanup_(loaded_done) struct loaded l = {};
        char path[64];

        for (unsigned i = 0; i < 30; i++) {
                snprintf(path, sizeof(path), ETC "%02u.json", i);
                make_size(s, path, POLICY_FILE_MAX);
        }
        l = load(s);
        assert_int_equal(l.r, -EBADMSG);
        assert_int_equal(l.problems.n_errors,
                26); /* nothing is parsed: the NUL bytes of the first four are not met */
        for (size_t i = 0; i < l.problems.n; i++)
                assert_non_null(strstr(l.problems.problems[i].message, "too large"));
}

static void very_many_files_are_refused(void **state) {
        const struct scratch *s = *state;
        _cleanup_(loaded_done) struct loaded l = {}, named = {};
        _cleanup_(freep) char *folder = NULL;
        char path[64];

        scratch_make_parents(s, ETC);
        for (unsigned i = 0; i <= POLICY_FILES_MAX; i++) {
                _cleanup_(closep) int fd = -1;

                snprintf(path, sizeof(path), ETC "%04u.json", i);
                fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                assert_true(fd >= 0);
                assert_int_equal(file_write_fd(fd, "{\"version\":1}", strlen("{\"version\":1}")), 0);
        }
        l = load(s);
        assert_int_equal(l.r, -EBADMSG);
        assert_int_equal(l.problems.n, 1);
        assert_string_equal(l.problems.problems[0].file, "/" ETC "1024.json");
        assert_non_null(strstr(l.problems.problems[0].message, "more than 1024 policy files"));

        assert_true(asprintf(&folder, "%s/" ETC, s->path) > 0);
        named.r = policy_load_files(&folder, 1, &named.policy, &named.problems, &named.diag);
        assert_int_equal(named.r, -EBADMSG);
        assert_int_equal(named.problems.n, 1);
        assert_non_null(strstr(named.problems.problems[0].message, "more than 1024 policy files"));
}

/* A root in which one policy file holds more than its size says, as one does that grows while it is read. */
struct growing {
        struct sysroot root;
        struct sysroot *real;
};

static int open_growing(struct sysroot *root, const char *path, int flags) {
        if (strstr(path, "growing.json"))
                return open("/proc/self/status", flags | O_CLOEXEC);
        return sysroot_open(((struct growing *)root)->real, path, flags);
}

static void what_changes_while_it_is_read_is_refused(void **state) {
        static const struct sysroot_ops ops = { .open = open_growing };
        _cleanup_(sysroot_freep) struct sysroot *real = NULL;
        _cleanup_(loaded_done) struct loaded l = {};
        const struct scratch *s = *state;
        struct growing g = { .root = { .ops = &ops } };

        scratch_write(s, ETC "growing.json", RULE("a"));
        assert_int_equal(sysroot_new(s->path, &real, NULL), 0);
        g.real = real;
        l.r = policy_load(&g.root, geteuid(), &l.policy, &l.problems, &l.diag);
        assert_int_equal(l.r, -EBADMSG);
        assert_non_null(strstr(l.diag.text, "changed while it was read"));
}

static void every_file_is_checked_in_one_run(void **state) {
        const struct scratch *s = *state;
        static const struct {
                const char *file;
                unsigned line, column;
        } wanted[] = {
                { "/" ETC "10.json", 2, 2 },
                { "/" LIB "20.json", 0, 0 },
                { "/" RUN_ "30.json", 1, 2 },
                { "/" RUN_ "30.json", 1, 20 },
                { "/" ETC "40.json", 1, 23 },
        };

        scratch_write(s, ETC "10.json", "{\"version\":1,\n \"modes\":\"audit\"}");
        scratch_write(s, LIB "20.json", RULE("twice"));
        assert_int_equal(fchmodat(s->fd, LIB "20.json", 0666, 0), 0);
        scratch_write(s, RUN_ "30.json", "{\"mod\":1,\"version\":2}");
        scratch_write(s, LIB "35.json", RULE("same"));
        scratch_write(s, ETC "40.json", RULE("same"));

        _cleanup_(loaded_done) struct loaded l = load(s);
        assert_int_equal(l.r, -EBADMSG);
        assert_int_equal(l.problems.n_errors, N_ROWS(wanted));
        for (size_t i = 0; i < N_ROWS(wanted); i++) {
                const struct policy_problem *p = &l.problems.problems[i];

                if (strcmp(p->file, wanted[i].file) != 0 || p->line != wanted[i].line ||
                        p->column != wanted[i].column)
                        fail_msg("%zu: %s:%u:%u: %s", i, p->file, p->line, p->column, p->message);
        }
        assert_non_null(strstr(l.problems.problems[4].message, "/" LIB "35.json:1:23"));
        assert_non_null(strstr(l.diag.text,
                "10.json:2:2: error: unknown key \"modes\"; did you mean \"mode\"? (and 4 more)"));
}

static void named_files_and_folders(void **state) {
        const struct scratch *s = *state;
        _cleanup_(freep) char *file = NULL, *folder = NULL, *link = NULL, *none = NULL, *nothing = NULL;
        _cleanup_(loaded_done) struct loaded l = {}, missing = {}, empty = {};

        scratch_write(s, "z.json", RULE("z"));
        assert_int_equal(fchmodat(s->fd, "z.json", 0666, 0), 0); /* no questions about what a user names */
        scratch_write(s, "d/b.json", RULE("b"));
        scratch_write(s, "d/a.json", RULE("a"));
        scratch_write(s, "d/c.txt", RULE("c"));
        scratch_link(s, "d/c.txt", "link");
        assert_true(asprintf(&file, "%s/z.json", s->path) > 0 && asprintf(&folder, "%s/d", s->path) > 0 &&
                asprintf(&link, "%s/link", s->path) > 0 && asprintf(&none, "%s/none", s->path) > 0 &&
                asprintf(&nothing, "%s/empty", s->path) > 0);

        l.r = policy_load_files((char *[]){ file, folder, link }, 3, &l.policy, &l.problems, &l.diag);
        assert_int_equal(l.r, 0);
        assert_int_equal(l.policy->n_rules, 4);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(l.policy->rules[i].id[0], "zabc"[i]);

        missing.r = policy_load_files((char *[]){ file, none }, 2, &missing.policy, &missing.problems,
                &missing.diag);
        assert_int_equal(missing.r, -EBADMSG);
        assert_non_null(strstr(missing.diag.text, "No such file"));

        scratch_make_parents(s, "empty/x");
        empty.r = policy_load_files((char *[]){ nothing }, 1, &empty.policy, &empty.problems, &empty.diag);
        assert_int_equal(empty.r, -ENODATA);
}

/* What somebody else has opened: from its beginning, whatever kind it is, and bounded. */
static void opened_files_are_read(void **state) {
        const struct scratch *s = *state;
        _cleanup_(policy_problems_done) struct policy_problems problems = {}, unread = {}, large = {};
        _cleanup_(policy_texts_done) struct policy_texts texts = {}, none = {};
        _cleanup_(policy_freep) struct policy *policy = NULL;
        int pipes[2], file, zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        struct diag d = {};

        scratch_write(s, "a.json", RULE("a"));
        file = openat(s->fd, "a.json", O_RDONLY | O_CLOEXEC);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(write(pipes[1], RULE("b"), strlen(RULE("b"))), strlen(RULE("b")));
        close(pipes[1]);
        assert_int_equal(lseek(file, 5, SEEK_SET), 5);
        const struct policy_source sources[] = { { "pipe", pipes[0] }, { "file", file } };
        const struct policy_source gone[] = { { "file", file }, { "gone", -1 } };
        const struct policy_source endless[] = { { "zero", zero } };

        assert_int_equal(policy_read_sources(sources, 2, &texts, &problems, &d), 0);
        assert_int_equal(policy_parse_texts(&texts, &policy, &problems, &d), 0);
        assert_int_equal(policy->n_rules, 2);
        assert_string_equal(policy->rules[0].id, "b");
        assert_string_equal(policy->rules[1].origin.file, "file");

        assert_int_equal(policy_read_sources(gone, 2, &none, &unread, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "gone: error: cannot be read"));
        assert_int_equal(policy_read_sources(endless, 1, &none, &large, &d), -EBADMSG);
        assert_non_null(strstr(d.text, "zero: error: too large"));
        assert_int_equal(none.n, 0);
        close(pipes[0]);
        close(file);
        close(zero);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
        TEST(names_are_sorted_over_all_folders),
        TEST(of_one_name_the_first_folder_counts),
        TEST(of_each_setting_the_first_file_counts),
        TEST(what_no_file_says),
        TEST(a_link_to_null_masks),
        TEST(no_file_at_all_is_no_policy),
        TEST(other_links_are_refused),
        TEST(what_others_can_write_is_refused),
        TEST(what_another_owns_is_refused),
        TEST(what_is_no_file_is_refused),
        TEST(a_hundred_megabytes_are_refused),
        TEST(many_large_files_are_refused),
        TEST(very_many_files_are_refused),
        TEST(what_changes_while_it_is_read_is_refused),
        TEST(every_file_is_checked_in_one_run),
        TEST(named_files_and_folders),
        TEST(opened_files_are_read),
};

RUN(tests)
