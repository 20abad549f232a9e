/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One suite; a case that differs is a failure, one that cannot be read an error. */
#include <errno.h>
#include <string.h>

#include "cli/case-report.h"
#include "lib/base/utf8.h"

#define REPLACEMENT 0xfffd

/* XML 1.0 has no way of writing the others. */
static bool is_xml(uint32_t c) {
        return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xfffe) || c > 0xffff;
}

/* As text and as the value of an attribute alike. */
static void put(struct output *out, const char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n;) {
                uint32_t c = REPLACEMENT;
                size_t bytes = utf8_decode(text + i, n - i, &c);

                if (bytes == 0 || !is_xml(c))
                        c = REPLACEMENT;
                if (c < 0x20 || c > 0x7e || strchr("<>&\"'", (int)c))
                        fprintf(out->f, "&#x%x;", c);
                else
                        fputc((int)c, out->f);
                i += bytes ?: 1;
        }
}

static void put_attribute(struct output *out, const char *name, const char *value) {
        fprintf(out->f, " %s=\"", name);
        put(out, value);
        fputc('"', out->f);
}

static int put_failure(const struct case_report *r, struct output *out) {
        fputs("      <failure", out->f);
        put_attribute(out, "type", case_outcome_to_string(r->outcome));
        fprintf(out->f, " message=\"%zu not as expected\">", r->result.n);
        for (size_t i = 0; i < r->result.n; i++) {
                _cleanup_(freep) char *text = NULL;

                if (case_finding_format(&r->result.findings[i], &text) < 0)
                        return -ENOMEM;
                put(out, text);
                fputs(r->result.findings[i].because[0] ? "\n  " : "", out->f);
                put(out, r->result.findings[i].because);
                fputc('\n', out->f);
        }
        fputs("</failure>\n", out->f);
        return 0;
}

static int put_error(const struct case_report *r, struct output *out) {
        fputs("      <error", out->f);
        put_attribute(out, "type", case_outcome_to_string(r->outcome));
        fprintf(out->f, " message=\"it cannot be read: %zu %s\">", r->problems.n_errors,
                r->problems.n_errors == 1 ? "error" : "errors");
        for (size_t i = 0; i < r->problems.n; i++) {
                _cleanup_(freep) char *text = NULL;

                if (policy_problem_format(&r->problems.problems[i], &text) < 0)
                        return -ENOMEM;
                put(out, text);
                fputc('\n', out->f);
        }
        fputs("</error>\n", out->f);
        return 0;
}

static int put_case(const struct case_report *r, struct output *out) {
        int error = 0;

        fputs("    <testcase classname=\"policy\"", out->f);
        put_attribute(out, "name", r->name);
        if (r->outcome == CASE_AS_EXPECTED) {
                fputs("/>\n", out->f);
                return 0;
        }
        fputs(">\n", out->f);
        error = r->outcome == CASE_DIFFERS ? put_failure(r, out) : put_error(r, out);
        fputs("    </testcase>\n", out->f);
        return error;
}

static void put_counts(const struct case_reports *reports, struct output *out) {
        fprintf(out->f, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", reports->n,
                case_count(reports, CASE_DIFFERS), case_count(reports, CASE_BROKEN));
}

int case_report_junit(const struct case_reports *reports, struct output *out) {
        int r = 0;

        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out->f);
        put_counts(reports, out);
        fputs("  <testsuite name=\"cvmctl policy test\"", out->f);
        put_counts(reports, out);
        for (size_t i = 0; r == 0 && i < reports->n; i++)
                r = put_case(&reports->reports[i], out);
        fputs("  </testsuite>\n</testsuites>\n", out->f);
        return r;
}
