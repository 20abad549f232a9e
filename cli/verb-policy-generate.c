/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy generate: a policy from a guest, as a file to be read before it is used. */
#include "cli/snapshot-source.h"
#include "cli/verbs.h"
#include "lib/facts/guest.h"
#include "lib/policy/policy-generate.h"

int verb_policy_generate(struct context *x, char **args, size_t n) {
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(guest_freep) struct guest *g = NULL;
        _cleanup_(freep) char *text = NULL;
        int r = snapshot_obtain(x, &s);

        if (r >= 0)
                r = guest_eval(s, &g);
        if (r >= 0)
                r = policy_generate(g, &text);
        if (r < 0)
                return r;
        fputs(text, x->out.f); /* words of ours and GUIDs: nothing in it is foreign */
        return 0;
}
