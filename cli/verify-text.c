/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/verify-text.h"

#include "cli/table.h"

static enum colour colour_of(enum check_id id, enum check_result r) {
        switch (r) {
        case CHECK_PASS:
                return COLOUR_GOOD;
        case CHECK_FAIL:
                return COLOUR_BAD;
        case CHECK_SKIPPED:
                return COLOUR_CARE;
        case CHECK_UNAVAILABLE:
                return check_is_optional(id) ? COLOUR_CARE : COLOUR_BAD;
        case _CHECK_RESULT_MAX:
                break;
        }
        return COLOUR_NONE;
}

static void print_verdict(struct output *out, const char *what, bool yes, const char *means) {
        fprintf(out->f, "%s: %s%s%s%s\n", what, output_colour(out, yes ? COLOUR_GOOD : COLOUR_BAD),
                yes ? "yes" : "no", output_colour(out, COLOUR_NONE), means);
}

static void print_trusted(struct output *out, const struct checks *c) {
        const char *means = checks_trusted(c) ? ", it is what was expected"
                : !checks_authentic(c)        ? ""
                : !checks_acceptable(c)       ? ", it is not what was expected"
                                              : ", for not everything was looked at";

        print_verdict(out, "trusted", checks_trusted(c), means);
        for (unsigned i = 0; i < N_WAIVERS; i++)
                if (c->waived & 1U << i)
                        fprintf(out->f, "waived: %s (--any-%s)\n", waiver_to_string(1U << i),
                                waiver_to_string(1U << i));
}

int verify_text_print(const struct verification *v, struct output *out) {
        static const char *const headings[] = { "CHECK", "RESULT", "DETAIL" };
        const struct checks *c = &v->checks;
        _cleanup_(table_done) struct table t;

        fprintf(out->f, "evidence: %s, %s\n", evidence_form_to_string(v->evidence.form),
                hcl_report_type_to_string(v->evidence.type));
        print_verdict(out, "authentic", checks_authentic(c),
                checks_authentic(c) ? ", genuine hardware said this" : "");
        print_trusted(out, c);
        fputc('\n', out->f);
        table_init(&t, headings, sizeof(headings) / sizeof(headings[0]));
        for (unsigned i = 1; i < _CHECK_MAX; i++) {
                if (!c->of[i].result)
                        continue;
                table_add(&t, COLOUR_NONE, check_name(i));
                table_add(&t, colour_of(i, c->of[i].result), check_result_to_string(c->of[i].result));
                table_add(&t, COLOUR_NONE, c->of[i].detail);
        }
        return table_print(&t, out);
}
