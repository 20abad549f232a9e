/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/state: one cvmd a folder, and the policy that is kept for a bad day. */
#include <errno.h>
#include <sys/wait.h>

#include "daemon/state.h"
#include "lib/base/file.h"
#include "lib/policy/policy-file.h"
#include "tests/unit/scratch.h"

#define KEPT "last-good-policy.json"

static const char text[] =
        "{ \"version\": 1, \"mode\": \"enforce\", \"rules\": [ { \"id\": \"a\","
        " \"match\": { \"class\": \"network\" }, \"require\": { \"ring\": \"confidential\" },"
        " \"on-violation\": \"block\", \"reason\": \"because\" } ] }";

/* What a second process gets when it opens the folder. */
static int open_elsewhere(const char *folder, struct diag *d) {
        int status, ends[2];
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct state s = STATE_NONE;
                struct diag told = {};
                int r = state_open(folder, &s, &told);

                _exit(write(ends[1], &told, sizeof(told)) == sizeof(told) ? -r : 255);
        }
        assert_int_equal(read(ends[0], d, sizeof(*d)), sizeof(*d));
        close(ends[0]);
        close(ends[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return -WEXITSTATUS(status);
}

static void one_at_a_time(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        _cleanup_(state_done) struct state s = STATE_NONE;
        _cleanup_(freep) char *path = NULL;
        char number[16];
        struct diag d = {};

        assert_true(asprintf(&path, "%s/state", folder.path) > 0);
        assert_int_equal(state_is_held(path), 0);
        assert_int_equal(state_open(path, &s, &d), 0);
        assert_int_equal(open_elsewhere(path, &d), -EBUSY);
        snprintf(number, sizeof(number), "%d", (int)getpid());
        assert_non_null(strstr(d.text, path));
        assert_non_null(strstr(d.text, number)); /* whom to look for */
        state_done(&s);
        assert_int_equal(state_is_held(path), 0);
        assert_int_equal(open_elsewhere(path, &d), 0);
}

static void a_folder_that_cannot_be_is_named(void **state) {
        _cleanup_(state_done) struct state s = STATE_NONE;
        struct diag d = {};

        assert_int_equal(state_open("no/such/place", &s, &d), -ENOENT);
        assert_non_null(strstr(d.text, "no/such/place"));
        assert_int_equal(s.folder, -1);
}

static void a_kept_policy_enforces_the_same(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(policy_freep) struct policy *p = NULL, *back = NULL;
        const struct state s = { .folder = folder.fd, .lock = -1 };
        struct diag d = {};

        assert_int_equal(state_last_policy(&s, &back, &d), -ENODATA);
        assert_int_equal(policy_parse("text", text, sizeof(text) - 1, &p, &problems, &d), 0);
        assert_int_equal(state_keep_policy(&s, p, &d), 0);
        if (state_last_policy(&s, &back, &d) < 0)
                fail_msg("%s", d.text);
        assert_memory_equal(&back->digest, &p->digest, sizeof(p->digest));
        assert_int_equal(back->n_rules, 1);
        assert_int_equal(back->mode, MODE_ENFORCE);
}

static void what_cvmd_did_not_write_is_refused(void **state) {
        static const char *const texts[] = { "", "{", "{\"version\":1}\n", text };
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        const struct state s = { .folder = folder.fd, .lock = -1 };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct policy *p = NULL;
                struct diag d = {};

                assert_int_equal(file_replace_at(folder.fd, KEPT, 0600, texts[i], strlen(texts[i])), 0);
                assert_int_equal(state_last_policy(&s, &p, &d), -EBADMSG);
                assert_string_not_equal(d.text, "");
                assert_null(p);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(a_folder_that_cannot_be_is_named),
        cmocka_unit_test(a_kept_policy_enforces_the_same),
        cmocka_unit_test(what_cvmd_did_not_write_is_refused),
};

RUN(tests)
