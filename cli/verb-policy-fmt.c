/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy fmt: all files are read and laid out before the first is written, so that a broken one leaves all
 * as they were. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/problem-print.h"
#include "cli/verbs.h"
#include "lib/base/file.h"
#include "lib/base/json-format.h"
#include "lib/base/json-scan.h"
#include "lib/policy/policy-problem.h"

struct layout {
        const char *name; /* as given */
        char *path;       /* with links resolved: what is replaced is the file, not a link to it */
        struct stat before;
        char *text, *formatted;
        size_t n, n_formatted;
};

struct layouts {
        struct layout *layouts;
        size_t n;
};

static void layout_done(struct layout *l) {
        free(l->path);
        free(l->text);
        free(l->formatted);
}

static void layouts_done(struct layouts *l) {
        for (size_t i = 0; i < l->n; i++)
                layout_done(&l->layouts[i]);
        free(l->layouts);
}

static bool is_changed(const struct layout *l) {
        return l->n != l->n_formatted || memcmp(l->text, l->formatted, l->n) != 0;
}

static int read_layout(struct context *x, struct layout *l) {
        int r;

        l->path = realpath(l->name, NULL);
        if (!l->path || stat(l->path, &l->before) < 0)
                return diag_errno(&x->diag, -errno, "%s", l->name);
        r = file_read_at(AT_FDCWD, l->path, POLICY_FILE_MAX, &l->text, &l->n);
        if (r == -EINVAL)
                return diag_fail(&x->diag, r, "%s: not a regular file", l->name);
        return r < 0 ? diag_errno(&x->diag, r, "%s", l->name) : 0;
}

static int note_problems(const struct layout *l, size_t order, struct policy_problems *problems) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        int r = json_scan(l->text, l->n, &document);

        if (r < 0)
                return r;
        for (const struct json_problem *p = document->problems; p; p = p->next)
                if (policy_problem_add(problems, POLICY_ERROR, l->name, order, p->at.line, p->at.column,
                            "%s", p->message) < 0)
                        return -ENOMEM;
        return 0;
}

/* Every file in its new layout; what is wrong with any is in problems. */
static int lay_out(struct context *x, char **names, size_t n, struct layouts *ret,
        struct policy_problems *problems) {
        int r = 0;

        ret->layouts = calloc(n, sizeof(*ret->layouts));
        if (!ret->layouts)
                return -ENOMEM;
        for (; ret->n < n && r == 0; ret->n++) {
                struct layout *l = &ret->layouts[ret->n];

                l->name = names[ret->n];
                r = read_layout(x, l);
                if (r == 0)
                        r = json_format(l->text, l->n, &l->formatted, &l->n_formatted, &x->diag);
                if (r == -EBADMSG)
                        r = note_problems(l, ret->n, problems);
        }
        return r;
}

/* Mode and owner stay as they were. */
static int replace(struct context *x, const struct layout *l) {
        const struct stat *st = &l->before;
        int r = file_replace_at(AT_FDCWD, l->path, st->st_mode & 07777, l->formatted, l->n_formatted);

        if (r == 0 && (st->st_uid != geteuid() || st->st_gid != getegid()) &&
                chown(l->path, st->st_uid, st->st_gid) < 0)
                r = -errno;
        return r < 0 ? diag_errno(&x->diag, r, "%s: cannot be replaced", l->name) : 0;
}

static int format_files(struct context *x, char **names, size_t n) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(layouts_done) struct layouts l = {};
        bool check = x->options->given[OPTION_CHECK];
        int r = lay_out(x, names, n, &l, &problems);

        if (r < 0)
                return r;
        if (problems.n_errors > 0) {
                x->exit = EXIT_CODE_FAILED;
                (void)policy_problems_close(&problems, NULL);
                return problems_print(&problems, NULL, &x->out);
        }
        for (size_t i = 0; i < n && r == 0; i++) {
                if (!is_changed(&l.layouts[i]))
                        continue;
                output_text(&x->out, names[i]);
                fputc('\n', x->out.f);
                if (check)
                        x->exit = EXIT_CODE_NOT_COMPLIANT;
                else
                        r = replace(x, &l.layouts[i]);
        }
        return r;
}

/* What goes on stdout is the text, and never what is wrong with it. */
static int format_stdin(struct context *x) {
        _cleanup_(layout_done) struct layout l = { .name = "stdin" };
        struct diag d = {};
        int r = file_read_fd(STDIN_FILENO, POLICY_FILE_MAX, &l.text, &l.n);

        if (r < 0)
                return diag_errno(&x->diag, r, "cannot read stdin");
        r = json_format(l.text, l.n, &l.formatted, &l.n_formatted, &d);
        if (r < 0)
                return diag_fail(&x->diag, r, "stdin:%s", d.text);
        if (!x->options->given[OPTION_CHECK]) {
                if (fwrite(l.formatted, 1, l.n_formatted, x->out.f) != l.n_formatted)
                        x->out.bad = true;
        } else if (is_changed(&l))
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        return 0;
}

int verb_policy_fmt(struct context *x, char **args, size_t n) {
        return n > 0 ? format_files(x, args, n) : format_stdin(x);
}
