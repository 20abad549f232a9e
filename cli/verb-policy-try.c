/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy try: the daemon judges by another policy as well, for a while, and does nothing by it. */
#include <errno.h>

#include "cli/proposal.h"
#include "cli/tried-view.h"
#include "cli/verbs.h"
#include "cli/view-bus.h"
#include "lib/base/json-build.h"

#define SECONDS_DEFAULT 300

static int check(struct context *x, size_t n) {
        size_t n_files = x->options->n_policies + n;

        if (x->options->given[OPTION_STOP] && (n_files > 0 || x->options->given[OPTION_FOR]))
                return context_usage(x, "--stop ends trying a policy: it takes neither files nor --for");
        if (!x->options->given[OPTION_STOP] && n_files == 0)
                return context_usage(x, "policy try needs a policy to try, or --stop");
        return 0;
}

/* What differs now; what comes later, the monitor tells. */
static int report(struct context *x, sd_bus *bus) {
        _cleanup_(json_putp) struct json_object *json = json_object_new_object();
        _cleanup_(view_done) struct view v = {};
        int r = view_load_bus(x, bus, &v);

        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF) {
                if (!json || !tried_add_json(json, &v.tried))
                        return -ENOMEM;
                output_json(&x->out, json);
                return 0;
        }
        tried_print(&v.tried, &x->out);
        if (x->out.legend && v.tried.digest && *v.tried.digest)
                fputs("\nNothing is done by it. 'cvmctl monitor' shows what it would do from now on.\n",
                        x->out.f);
        return 0;
}

int verb_policy_try(struct context *x, char **args, size_t n) {
        uint64_t seconds = x->options->given[OPTION_FOR] ? x->options->seconds : SECONDS_DEFAULT;
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r = check(x, n);

        if (r >= 0)
                r = client_open(x, &bus);
        if (r < 0)
                return r;
        r = x->options->given[OPTION_STOP]
                ? client_call(x, bus, CVMD_PATH, CVMD_MANAGER, "EndTry", NULL, NULL)
                : proposal_call(x, bus, "Try", args, n, NULL, "t", seconds);
        return r < 0 ? r : report(x, bus);
}
