/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written as text: of a batch, there is one for each line. */
#include "lib/verify/verification-json.h"

static void put_key(struct json_text *t, const char *key) {
        json_text_raw(t, ",\"");
        json_text_raw(t, key);
        json_text_raw(t, "\":");
}

static void put_verdicts(struct json_text *t, uint64_t line, bool authentic, bool trusted) {
        json_text_raw(t, "{\"version\":1");
        if (line > 0) {
                put_key(t, "line");
                json_text_number(t, (int64_t)line);
        }
        put_key(t, "authentic");
        json_text_flag(t, authentic);
        put_key(t, "trusted");
        json_text_flag(t, trusted);
}

static void put_waived(struct json_text *t, unsigned waived) {
        const char *between = "";

        put_key(t, "waived");
        json_text_raw(t, "[");
        for (unsigned i = 0; i < N_WAIVERS; i++)
                if (waived & 1U << i) {
                        json_text_raw(t, between);
                        json_text_string(t, waiver_to_string(1U << i));
                        between = ",";
                }
        json_text_raw(t, "]");
}

static void put_checks(struct json_text *t, const struct checks *c) {
        const char *between = "{\"name\":";

        put_key(t, "checks");
        json_text_raw(t, "[");
        for (unsigned i = 1; i < _CHECK_MAX; i++) {
                if (!c->of[i].result)
                        continue;
                json_text_raw(t, between);
                json_text_string(t, check_name(i));
                json_text_raw(t, ",\"result\":");
                json_text_string(t, check_result_to_string(c->of[i].result));
                json_text_raw(t, ",\"detail\":");
                json_text_string(t, c->of[i].detail);
                json_text_raw(t, "}");
                between = ",{\"name\":";
        }
        json_text_raw(t, "]");
}

void verification_json(const struct verification *v, uint64_t line, struct json_text *t) {
        const struct evidence *e = &v->evidence;

        put_verdicts(t, line, checks_authentic(&v->checks), checks_trusted(&v->checks));
        put_waived(t, v->checks.waived);
        put_key(t, "form");
        json_text_string(t, evidence_form_to_string(e->form));
        put_key(t, "kind");
        json_text_string(t, hcl_report_type_to_string(e->type));
        put_checks(t, &v->checks);
        put_key(t, "claims");
        if (e->claims_document)
                json_text_node(t, e->claims_document->root);
        else
                json_text_raw(t, "null");
        json_text_raw(t, "}");
}

void verification_error_json(const char *error, uint64_t line, struct json_text *t) {
        put_verdicts(t, line, false, false);
        put_key(t, "error");
        json_text_string(t, error);
        json_text_raw(t, "}");
}
