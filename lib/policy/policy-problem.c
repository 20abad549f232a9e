/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One list for a whole load, so that a person sees every mistake in one run, in the order in which they
 * stand. */
#include "lib/policy/policy-problem.h"

#include <errno.h>
#include <string.h>

#include "lib/base/escape.h"

static void problem_done(struct policy_problem *p) {
        free(p->file);
        free(p->message);
}

void policy_problems_done(struct policy_problems *p) {
        for (size_t i = 0; i < p->n; i++)
                problem_done(&p->problems[i]);
        free(p->problems);
        *p = (struct policy_problems){};
}

int policy_problem_add(struct policy_problems *p, enum policy_severity severity, const char *file,
        size_t order, unsigned line, unsigned column, const char *format, ...) {
        _cleanup_(freep) char *file_copy = strdup(file), *message = NULL;
        struct policy_problem *bigger;
        va_list ap;
        int size;

        if (severity == POLICY_ERROR)
                p->n_errors++;
        if (p->n >= POLICY_PROBLEMS_MAX)
                return 0;
        va_start(ap, format);
        size = vasprintf(&message, format, ap);
        va_end(ap);
        if (size < 0)
                message = NULL;
        bigger = reallocarray(p->problems, p->n + 1, sizeof(*bigger));
        if (bigger)
                p->problems = bigger;
        if (!bigger || !message || !file_copy)
                return -ENOMEM;
        p->problems[p->n++] = (struct policy_problem){
                .severity = severity,
                .file = TAKE(file_copy),
                .order = order,
                .line = line,
                .column = column,
                .message = TAKE(message),
        };
        return 0;
}

static int compare(const void *a, const void *b) {
        const struct policy_problem *x = a, *y = b;

        if (x->order != y->order)
                return x->order < y->order ? -1 : 1;
        if (x->line != y->line)
                return x->line < y->line ? -1 : 1;
        if (x->column != y->column)
                return x->column < y->column ? -1 : 1;
        return 0;
}

static int tell_first_error(const struct policy_problems *p, struct diag *d) {
        _cleanup_(freep) char *text = NULL;

        for (size_t i = 0; i < p->n; i++) {
                if (p->problems[i].severity != POLICY_ERROR)
                        continue;
                if (policy_problem_format(&p->problems[i], &text) < 0)
                        return diag_fail(d, -ENOMEM, "policy: out of memory");
                if (p->n_errors > 1)
                        return diag_fail(d, -EBADMSG, "%s (and %zu more)", text, p->n_errors - 1);
                return diag_fail(d, -EBADMSG, "%s", text);
        }
        return diag_fail(d, -EBADMSG, "policy: %zu errors", p->n_errors);
}

int policy_problems_close(struct policy_problems *p, struct diag *d) {
        if (p->n > 1)
                qsort(p->problems, p->n, sizeof(*p->problems), compare);
        return p->n_errors > 0 ? tell_first_error(p, d) : 0;
}

int policy_problem_format(const struct policy_problem *p, char **ret) {
        const char *severity = p->severity == POLICY_WARNING ? "warning" : "error";
        char *text;
        int size;

        if (p->line > 0)
                size = asprintf(&text, "%s:%u:%u: %s: %s", p->file, p->line, p->column, severity,
                        p->message);
        else
                size = asprintf(&text, "%s: %s: %s", p->file, severity, p->message);
        if (size < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}

#define WARNINGS_KEPT 3

static int keep_one(const struct policy_problem *from, char **ret) {
        int size = from->line > 0
                ? asprintf(ret, "policy: %s:%u:%u: %s", from->file, from->line, from->column, from->message)
                : asprintf(ret, "policy: %s: %s", from->file, from->message);

        return size < 0 ? -ENOMEM : 0;
}

int policy_problems_keep(const struct policy_problems *problems, struct policy *p) {
        size_t n = 0;
        int r = 0;

        p->warnings = calloc(WARNINGS_KEPT + 1, sizeof(*p->warnings));
        if (!p->warnings)
                return -ENOMEM;
        for (size_t i = 0; i < problems->n && r == 0; i++) {
                if (problems->problems[i].severity != POLICY_WARNING || n++ >= WARNINGS_KEPT)
                        continue;
                r = keep_one(&problems->problems[i], &p->warnings[p->n_warnings]);
                if (r == 0)
                        p->n_warnings++;
        }
        if (r < 0 || n <= WARNINGS_KEPT)
                return r;
        if (asprintf(&p->warnings[p->n_warnings],
                    "policy: %zu more warnings: cvmctl policy check shows them", n - WARNINGS_KEPT) < 0)
                return -ENOMEM;
        p->n_warnings++;
        return 0;
}

struct quote quote(const char *foreign) {
        size_t n = strlen(foreign), shown = n < QUOTED_MAX ? n : QUOTED_MAX;
        _cleanup_(freep) char *escaped = NULL;
        struct quote q = {};

        if (escape_new(foreign, shown, &escaped) == 0)
                snprintf(q.text, sizeof(q.text), "\"%s%s\"", escaped, shown < n ? "..." : "");
        return q;
}
