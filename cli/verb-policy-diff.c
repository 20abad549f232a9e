/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy diff: two policies, and the guests on which they are compared. */
#include <errno.h>

#include "cli/diff-text.h"
#include "cli/offline.h"
#include "cli/snapshot-source.h"
#include "cli/verbs.h"
#include "lib/base/json-build.h"
#include "lib/policy/policy-diff.h"

/* Names borrowed from the options. */
struct guests {
        struct diff_guest *guests;
        struct guest **owned;
        size_t n;
};

static void guests_done(struct guests *g) {
        for (size_t i = 0; i < g->n; i++)
                guest_free(g->owned[i]);
        free(g->owned);
        free(g->guests);
}

static int add_guest(struct guests *g, const char *name, const struct snapshot *s) {
        int r = guest_eval(s, &g->owned[g->n]);

        if (r < 0)
                return r;
        g->guests[g->n] = (struct diff_guest){ .name = name, .guest = g->owned[g->n] };
        g->n++;
        return 0;
}

/* Those of every --snapshot, or the one that there is without. */
static int load_guests(struct context *x, struct guests *ret) {
        const struct options *o = x->options;
        size_t n = o->n_snapshots ?: 1;

        ret->guests = calloc(n, sizeof(*ret->guests));
        ret->owned = calloc(n, sizeof(*ret->owned));
        if (!ret->guests || !ret->owned)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const char *name = o->n_snapshots > 0 ? o->snapshots[i] : NULL;
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                int r = name ? offline_named_snapshot(name, &s, &x->diag) : snapshot_obtain(x, &s);

                if (r >= 0)
                        r = add_guest(ret, name, s);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Without a path that in force. */
static int load_policy(struct context *x, char *path, struct policy **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        int r = offline_policy(x, &path, path ? 1 : 0, ret, &problems);

        if (r == -EBADMSG)
                x->hint = "'cvmctl policy check' shows everything that is wrong";
        return r;
}

int verb_policy_diff(struct context *x, char **args, size_t n) {
        _cleanup_(policy_freep) struct policy *old = NULL, *new = NULL;
        _cleanup_(json_putp) struct json_object *diff = NULL;
        _cleanup_(guests_done) struct guests guests = {};
        struct json_object *changes;
        int r;

        r = load_policy(x, n > 1 ? args[0] : NULL, &old);
        if (r >= 0)
                r = load_policy(x, args[n - 1], &new);
        if (r >= 0)
                r = load_guests(x, &guests);
        if (r >= 0)
                r = policy_diff(old, new, guests.guests, guests.n, &diff);
        if (r < 0)
                return r;
        if (x->out.json != JSON_OFF)
                output_json(&x->out, diff);
        else
                diff_print(diff, &x->out);
        if (json_object_object_get_ex(diff, "changes", &changes) && json_object_get_int64(changes) > 0)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        return 0;
}
