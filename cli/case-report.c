/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text, TAP and JSON; case-junit.c has the XML. */
#include "cli/case-report.h"

#include <errno.h>
#include <string.h>

#include "cli/problem-print.h"
#include "lib/base/json-build.h"

static const struct {
        const char *word;
        enum colour colour;
} shown[] = {
        [CASE_AS_EXPECTED] = { "ok     ", COLOUR_GOOD },
        [CASE_DIFFERS] = { "differs", COLOUR_BAD },
        [CASE_BROKEN] = { "broken ", COLOUR_BAD },
};

int case_finding_format(const struct case_finding *f, char **ret) {
        const struct policy_origin *o = &f->origin;
        char class[GUID_TEXT_SIZE];
        int size;

        if (f->device)
                size = asprintf(ret, "%s:%u:%u: %s %s: %s is %s, %s was expected", o->file, o->line,
                        o->column, device_class_name(f->device, class), f->device->instance_text, f->what,
                        f->found, f->expected);
        else
                size = asprintf(ret, "%s:%u:%u: %s is %s, %s was expected", o->file, o->line, o->column,
                        f->what, f->found, f->expected);
        if (size < 0)
                *ret = NULL;
        return size < 0 ? -ENOMEM : 0;
}

static int print_finding(const struct case_finding *f, struct output *out) {
        _cleanup_(freep) char *text = NULL;

        if (case_finding_format(f, &text) < 0)
                return -ENOMEM;
        fputs("  ", out->f);
        output_text(out, text);
        fputc('\n', out->f);
        if (!f->because[0])
                return 0;
        fputs("      ", out->f);
        output_paragraph(out, strlen("      "), f->because);
        return 0;
}

static int print_report(const struct case_report *r, struct output *out) {
        int error = 0;

        fprintf(out->f, "%s%s%s ", output_colour(out, shown[r->outcome].colour), shown[r->outcome].word,
                output_colour(out, COLOUR_NONE));
        output_text(out, r->name);
        if (r->c && r->c->description) {
                fputs(": ", out->f);
                output_text(out, r->c->description);
        }
        fputc('\n', out->f);
        for (size_t i = 0; error == 0 && i < r->result.n; i++)
                error = print_finding(&r->result.findings[i], out);
        if (error == 0 && r->outcome == CASE_BROKEN)
                error = problems_print(&r->problems, NULL, out);
        return error;
}

int case_report_text(const struct case_reports *reports, struct output *out) {
        size_t broken = case_count(reports, CASE_BROKEN);
        int r = 0;

        for (size_t i = 0; r == 0 && i < reports->n; i++)
                r = print_report(&reports->reports[i], out);
        if (r < 0 || !out->legend)
                return r;
        fprintf(out->f, "\n%zu %s: %zu as expected, %zu not", reports->n, reports->n == 1 ? "case" : "cases",
                case_count(reports, CASE_AS_EXPECTED), case_count(reports, CASE_DIFFERS));
        if (broken > 0)
                fprintf(out->f, ", %zu that cannot be read", broken);
        fputs("\n", out->f);
        return 0;
}

/* A line of its own: what is not printable, line ends too, is escaped. */
static void comment(struct output *out, const char *text) {
        fputs("# ", out->f);
        output_text(out, text);
        fputc('\n', out->f);
}

static int tap_comments(const struct case_report *r, struct output *out) {
        for (size_t i = 0; i < r->result.n; i++) {
                _cleanup_(freep) char *text = NULL;

                if (case_finding_format(&r->result.findings[i], &text) < 0)
                        return -ENOMEM;
                comment(out, text);
                if (r->result.findings[i].because[0])
                        comment(out, r->result.findings[i].because);
        }
        for (size_t i = 0; i < r->problems.n && r->outcome == CASE_BROKEN; i++) {
                _cleanup_(freep) char *text = NULL;

                if (policy_problem_format(&r->problems.problems[i], &text) < 0)
                        return -ENOMEM;
                comment(out, text);
        }
        return 0;
}

/* A number sign would start a directive. */
static void tap_name(struct output *out, const char *name) {
        _cleanup_(freep) char *copy = strdup(name);

        for (char *c = copy; c && *c; c++)
                if (*c == '#')
                        *c = '_';
        if (copy)
                output_text(out, copy);
        else
                out->bad = true;
}

int case_report_tap(const struct case_reports *reports, struct output *out) {
        fprintf(out->f, "1..%zu\n", reports->n);
        for (size_t i = 0; i < reports->n; i++) {
                const struct case_report *r = &reports->reports[i];

                fprintf(out->f, "%s %zu - ", r->outcome == CASE_AS_EXPECTED ? "ok" : "not ok", i + 1);
                tap_name(out, r->name);
                fputc('\n', out->f);
                if (tap_comments(r, out) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static struct json_object *finding_json(const struct case_finding *f) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        char class[GUID_TEXT_SIZE];

        if (!o || !json_add_text(o, "file", f->origin.file) || !json_add_number(o, "line", f->origin.line) ||
                !json_add_number(o, "column", f->origin.column) ||
                !json_add_text(o, "device", f->device ? f->device->instance_text : NULL) ||
                !json_add_text(o, "class", f->device ? device_class_name(f->device, class) : NULL) ||
                !json_add_text(o, "what", f->what) || !json_add_text(o, "expected", f->expected) ||
                !json_add_text(o, "found", f->found) ||
                !json_add_text(o, "because", f->because[0] ? f->because : NULL))
                return NULL;
        return TAKE(o);
}

static struct json_object *findings_json(const struct case_result *r) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < r->n; i++)
                if (!json_append(a, finding_json(&r->findings[i])))
                        return NULL;
        return TAKE(a);
}

/* Only what makes the case a broken one: warnings are for policy check. */
static struct json_object *problem_list_json(const struct case_report *r) {
        static const struct policy_problems none = {};
        _cleanup_(json_putp) struct json_object *o = NULL;

        if (problems_json(r->outcome == CASE_BROKEN ? &r->problems : &none, &o) < 0)
                return NULL;
        return json_object_get(json_object_object_get(o, "problems"));
}

static struct json_object *case_json(const struct case_report *r) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();

        if (!o || !json_add_text(o, "case", r->name) ||
                !json_add_text(o, "description", r->c ? r->c->description : NULL) ||
                !json_add_text(o, "outcome", case_outcome_to_string(r->outcome)) ||
                !json_add_number(o, "devices", r->result.n_checked) ||
                !json_add(o, "findings", findings_json(&r->result)) ||
                !json_add(o, "problems", problem_list_json(r)))
                return NULL;
        return TAKE(o);
}

int case_report_json(const struct case_reports *reports, struct json_object **ret) {
        _cleanup_(json_putp) struct json_object *o = json_object_new_object();
        struct json_object *list = json_object_new_array();

        if (!o || !json_add_number(o, "version", 1) || !json_add(o, "cases", list))
                return -ENOMEM;
        for (size_t i = 0; i < reports->n; i++)
                if (!json_append(list, case_json(&reports->reports[i])))
                        return -ENOMEM;
        for (unsigned i = CASE_AS_EXPECTED; i < _CASE_OUTCOME_MAX; i++)
                if (!json_add_number(o, case_outcome_to_string(i), case_count(reports, i)))
                        return -ENOMEM;
        *ret = TAKE(o);
        return 0;
}
