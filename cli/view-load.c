/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place that chooses between the two loaders. */
#include "cli/view-load.h"

#include "cli/view-bus.h"
#include "cli/view-offline.h"

int view_load(struct context *x, sd_bus **ret_bus, struct view *ret) {
        _cleanup_(offline_done) struct offline o = {};
        int r;

        if (!options_offline(x->options)) {
                r = client_open(x, ret_bus);
                return r < 0 ? r : view_load_bus(x, *ret_bus, ret);
        }
        r = offline_load(x, &o);
        return r < 0 ? r : view_load_offline(&o, ret);
}
