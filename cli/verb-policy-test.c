/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy test: recorded guests and policies against what is expected of them, by files alone. */
#include <errno.h>

#include "cli/case-report.h"
#include "cli/verbs.h"

/* Beside the report itself, so a buffer of its own. */
static int write_junit(struct context *x, const struct case_reports *reports) {
        static const struct terminal none = {};
        _cleanup_(output_done) struct output out = {};
        int r = output_init(&out, &none, x->options);

        if (r == 0)
                r = case_report_junit(reports, &out);
        if (r == 0)
                r = output_flush(&out, x->options->values[OPTION_JUNIT], &x->diag);
        return r;
}

static int write_report(struct context *x, const struct case_reports *reports) {
        struct json_object *json;
        int r;

        if (x->options->given[OPTION_TAP])
                return case_report_tap(reports, &x->out);
        if (x->out.json == JSON_OFF)
                return case_report_text(reports, &x->out);
        r = case_report_json(reports, &json);
        if (r < 0)
                return r;
        output_json(&x->out, json);
        json_object_put(json);
        return 0;
}

int verb_policy_test(struct context *x, char **args, size_t n) {
        _cleanup_(case_reports_done) struct case_reports reports = {};
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++)
                r = case_find(args[i], &reports);
        for (size_t i = 0; r == 0 && i < reports.n; i++)
                r = case_run(&reports.reports[i]);
        if (r == 0 && x->options->given[OPTION_JUNIT])
                r = write_junit(x, &reports);
        if (r == 0)
                r = write_report(x, &reports);
        if (case_count(&reports, CASE_BROKEN) > 0)
                x->exit = EXIT_CODE_FAILED;
        else if (case_count(&reports, CASE_DIFFERS) > 0)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        return r;
}
