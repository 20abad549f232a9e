/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attest expect check and attest expect from: what a relying party expects, as a file. */
#include <errno.h>
#include <string.h>

#include "cli/input.h"
#include "cli/problem-print.h"
#include "cli/verbs.h"
#include "cli/verify-setup.h"
#include "lib/base/json-build.h"
#include "lib/verify/expectation-format.h"

static int check(struct context *x, const char *name) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(expectation_freep) struct expectation *expectation = NULL;
        _cleanup_(json_putp) struct json_object *json = NULL;
        int r = verify_setup_expectation(x, name, &expectation, &problems);

        if (r < 0 && (r != -EBADMSG || problems.n == 0))
                return r;
        if (problems.n_errors > 0)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        if (x->out.json != JSON_OFF) {
                r = problems_json(&problems, &json);
                if (r >= 0)
                        output_json(&x->out, json);
                return r;
        }
        r = problems_print(&problems, NULL, &x->out);
        if (r >= 0 && problems.n == 0 && x->out.legend)
                fputs("nothing is wrong.\n", x->out.f);
        return r;
}

/* Verifies on the way, for the product may stand in the certificates alone; what comes of it is the caller's
 * to look at with attest verify. */
static int from(struct context *x, const char *name) {
        _cleanup_(verify_setup_done) struct verify_setup setup = {};
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        _cleanup_(freep) char *bytes = NULL, *text = NULL;
        size_t size;
        int r;

        if (!v)
                return -ENOMEM;
        r = verify_setup(x, false, &setup);
        if (r >= 0)
                r = input_read(name, EVIDENCE_MAX, &bytes, &size, &x->diag);
        if (r < 0)
                return r;
        r = verifier_run(setup.verifier, bytes, size, v, &x->diag);
        if (r < 0)
                return diag_wrap(&x->diag, r, "%s", name);
        r = expectation_format(&v->evidence, v->product, &text);
        verification_done(v);
        if (r >= 0)
                fputs(text, x->out.f);
        return r;
}

int verb_attest_expect(struct context *x, char **args, size_t n) {
        if (strcmp(args[0], "check") == 0)
                return check(x, args[1]);
        if (strcmp(args[0], "from") == 0)
                return from(x, args[1]);
        return context_usage(x, "attest expect is check FILE or from FILE, not '%s'", args[0]);
}
