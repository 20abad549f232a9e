/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A case that cannot be read is told like a policy that cannot, and never stops the others. */
#include "cli/case-run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/offline.h"
#include "lib/base/file.h"
#include "lib/base/name-table.h"
#include "lib/policy/policy-problem.h"

#define CASE_NAME "case.json"
#define DEPTH_MAX 32

static const char *const outcomes[] = {
        [0] = "unset",
        [CASE_AS_EXPECTED] = "as-expected",
        [CASE_DIFFERS] = "differs",
        [CASE_BROKEN] = "broken",
};
_Static_assert(N_NAMES(outcomes) == _CASE_OUTCOME_MAX, "every outcome has a name");

const char *case_outcome_to_string(enum case_outcome o) {
        return name_of(outcomes, N_NAMES(outcomes), o);
}

/* NULL for want of memory. */
static struct case_report *add(struct case_reports *reports, const char *name) {
        struct case_report *more = reallocarray(reports->reports, reports->n + 1, sizeof(*more));

        if (!more)
                return NULL;
        reports->reports = more;
        more[reports->n] = (struct case_report){ .name = strdup(name) };
        return more[reports->n].name ? &more[reports->n++] : NULL;
}

/* About a place in the case, or without one about the file as a whole. */
static int refuse(struct case_report *report, const struct policy_origin *at, const char *message) {
        report->outcome = CASE_BROKEN;
        return policy_problem_add(&report->problems, POLICY_ERROR, report->name, 0, at ? at->line : 0,
                at ? at->column : 0, "%s", message);
}

static int add_broken(struct case_reports *reports, const char *name, const char *message) {
        struct case_report *report = add(reports, name);

        return report ? refuse(report, NULL, message) : -ENOMEM;
}

/* case.json, and whatever ends in .case.json. */
static bool is_case_name(const char *name) {
        size_t n = strlen(name), suffix = strlen(CASE_NAME);

        if (name[0] == '.' || n < suffix || strcmp(name + n - suffix, CASE_NAME) != 0)
                return false;
        return n == suffix || (n > suffix + 1 && name[n - suffix - 1] == '.');
}

static int find_below(const char *folder, unsigned depth, struct case_reports *reports) {
        _cleanup_(sysroot_names_done) struct sysroot_names names = {};
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        struct diag d = {};
        int r = sysroot_new(folder, &root, &d);

        if (r == 0)
                r = sysroot_list(root, ".", &names);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return add_broken(reports, folder, d.text[0] ? d.text : errno_text(r));
        if (depth > DEPTH_MAX)
                return add_broken(reports, folder, "folders are nested too deeply here");
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(freep) char *path = NULL;
                struct stat st;

                if (names.names[i][0] == '.' || sysroot_stat(root, names.names[i], &st) < 0)
                        continue;
                if (asprintf(&path, "%s/%s", folder, names.names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                if (S_ISDIR(st.st_mode)) /* not through links: they may lead in a circle */
                        r = find_below(path, depth + 1, reports);
                else if (is_case_name(names.names[i]))
                        r = add(reports, path) ? 0 : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

int case_find(const char *path, struct case_reports *reports) {
        _cleanup_(freep) char *folder = strdup(path);
        size_t before = reports->n, n = strlen(path);
        struct stat st;
        int r;

        if (!folder)
                return -ENOMEM;
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) /* what it is shows when it is read */
                return add(reports, path) ? 0 : -ENOMEM;
        while (n > 1 && folder[n - 1] == '/')
                folder[--n] = 0;
        r = find_below(folder, 0, reports);
        if (r == 0 && reports->n == before)
                r = add_broken(reports, path,
                        "no case below: no file is called " CASE_NAME " or *." CASE_NAME);
        return r;
}

/* path as written in the case: relative to the folder that the case is in. NULL for want of memory. */
static char *beside(const char *name, const char *path) {
        const char *slash = strrchr(name, '/');
        char *joined;

        if (path[0] == '/' || !slash)
                return strdup(path);
        return asprintf(&joined, "%.*s/%s", (int)(slash - name), name, path) < 0 ? NULL : joined;
}

static int read_case(struct case_report *report) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_at(AT_FDCWD, report->name, POLICY_CASE_MAX, &text, &n);

        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return refuse(report, NULL, "too large for a case: at most 1 MiB");
        if (r == -EINVAL)
                return refuse(report, NULL, "not a regular file");
        if (r < 0)
                return refuse(report, NULL, errno_text(r));
        r = policy_case_parse(report->name, text, n, &report->c, &report->problems, NULL);
        if (r == -EBADMSG) {
                report->outcome = CASE_BROKEN;
                r = 0;
        }
        return r;
}

static int read_guest(struct case_report *report) {
        _cleanup_(freep) char *path = beside(report->name, report->c->snapshot);
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        struct diag d = {};
        int r;

        if (!path)
                return -ENOMEM;
        r = offline_read_snapshot(path, &s, &d);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return refuse(report, &report->c->snapshot_origin, d.text);
        return guest_eval(s, &report->guest);
}

/* All problems of the policy, or that there is none. */
static int refuse_policy(struct case_report *report, int r, struct policy_problems *problems,
        const struct diag *d) {
        if (r == -ENOMEM)
                return r;
        if (problems->n == 0)
                return refuse(report, &report->c->policies_origin, d->text);
        policy_problems_done(&report->problems);
        report->problems = *problems;
        report->outcome = CASE_BROKEN;
        *problems = (struct policy_problems){};
        return 0;
}

struct paths {
        char **paths;
        size_t n;
};

static void paths_done(struct paths *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->paths[i]);
        free(p->paths);
}

static int read_policy(struct case_report *report, struct policy **ret) {
        const struct policy_words *words = &report->c->policies;
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(paths_done) struct paths paths = {};
        struct diag d = {};
        int r;

        paths.paths = calloc(words->n, sizeof(*paths.paths));
        if (!paths.paths)
                return -ENOMEM;
        for (; paths.n < words->n; paths.n++) {
                paths.paths[paths.n] = beside(report->name, words->words[paths.n]);
                if (!paths.paths[paths.n])
                        return -ENOMEM;
        }
        r = policy_load_files(paths.paths, paths.n, ret, &problems, &d);
        return r < 0 ? refuse_policy(report, r, &problems, &d) : 0;
}

static int judge(struct case_report *report, const struct policy *p) {
        int r = policy_case_judge(report->c, p, report->guest, &report->result, &report->problems, NULL);

        if (r == -EBADMSG) {
                report->outcome = CASE_BROKEN;
                return 0;
        }
        if (r == 0)
                report->outcome = report->result.n > 0 ? CASE_DIFFERS : CASE_AS_EXPECTED;
        return r;
}

int case_run(struct case_report *report) {
        _cleanup_(policy_freep) struct policy *policy = NULL;
        int r;

        if (report->outcome)
                return 0;
        r = read_case(report);
        if (r < 0 || report->outcome == CASE_BROKEN)
                return r;
        r = read_policy(report, &policy);
        if (r == 0) /* even when it is broken: all that is wrong is told at once */
                r = read_guest(report);
        if (r < 0 || report->outcome == CASE_BROKEN)
                return r;
        return judge(report, policy);
}

size_t case_count(const struct case_reports *reports, enum case_outcome o) {
        size_t n = 0;

        for (size_t i = 0; i < reports->n; i++)
                n += reports->reports[i].outcome == o;
        return n;
}

void case_reports_done(struct case_reports *reports) {
        for (size_t i = 0; i < reports->n; i++) {
                struct case_report *r = &reports->reports[i];

                case_result_done(&r->result);
                policy_problems_done(&r->problems);
                guest_free(r->guest);
                policy_case_free(r->c);
                free(r->name);
        }
        free(reports->reports);
        *reports = (struct case_reports){};
}
