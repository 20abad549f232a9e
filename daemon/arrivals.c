/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A short list of who comes. */
#include "daemon/arrivals.h"

static bool is_arrival(const struct uevent *e) {
        static const struct guid none;

        return e->subject == UEVENT_CHANNEL && e->action == UEVENT_ADD && !guid_equal(&e->instance, &none);
}

void arrivals_note(struct arrivals *a, const struct uevent *e) {
        if (!is_arrival(e)) {
                a->more = true;
                return;
        }
        if (arrivals_has(a, &e->instance))
                return;
        if (a->n == ARRIVALS_MAX)
                a->more = true;
        else
                a->instances[a->n++] = e->instance;
}

bool arrivals_has(const struct arrivals *a, const struct guid *instance) {
        for (size_t i = 0; i < a->n; i++)
                if (guid_equal(&a->instances[i], instance))
                        return true;
        return false;
}

bool arrivals_alone(const struct arrivals *a) {
        return a->n > 0 && !a->more;
}
