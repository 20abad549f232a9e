/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two small tables: of services, and of the connections to them that events told of since the last look. */
#include "daemon/hvsock.h"

#include <string.h>

#define DRIVER "hv_sock"

static struct hvsock_service *find(struct hvsock *h, const struct guid *class) {
        for (size_t i = 0; i < h->n_services; i++)
                if (guid_equal(&h->services[i].class, class))
                        return &h->services[i];
        return NULL;
}

static void forget(struct hvsock *h, struct hvsock_service *s) {
        free(s->told);
        *s = h->services[--h->n_services];
        h->services[h->n_services] = (struct hvsock_service){};
}

void hvsock_done(struct hvsock *h) {
        while (h->n_services > 0)
                forget(h, &h->services[0]);
}

void hvsock_learn(struct hvsock *h, const struct guest *g) {
        h->n_recent = 0;
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *d = &g->devices[i];

                if (d->hvsock && !find(h, &d->class) && h->n_services < HVSOCK_CLASSES_MAX)
                        h->services[h->n_services++] = (struct hvsock_service){ .class = d->class };
        }
        for (size_t i = 0; i < g->n_devices; i++) {
                struct hvsock_service *s = g->devices[i].hvsock ? NULL : find(h, &g->devices[i].class);

                if (s)
                        forget(h, s);
        }
}

static bool is_recent(const struct hvsock *h, const struct guid *instance) {
        for (size_t i = 0; i < h->n_recent; i++)
                if (guid_equal(&h->recent[i], instance))
                        return true;
        return false;
}

/* Of a device: its class says it, unless another driver has it, or there is no more room to remember it. */
static bool is_routine_device(struct hvsock *h, const struct uevent *e) {
        if ((e->driver && strcmp(e->driver, DRIVER) != 0) || !find(h, &e->class))
                return false;
        if (is_recent(h, &e->instance))
                return true;
        if (h->n_recent == HVSOCK_RECENT_MAX)
                return false;
        h->recent[h->n_recent++] = e->instance;
        return true;
}

bool hvsock_is_routine(struct hvsock *h, const struct uevent *e, const struct guest *g) {
        const struct guid none = {};
        const struct device *known;

        switch (e->subject) {
        case UEVENT_DEVICE:
                return is_routine_device(h, e);
        case UEVENT_CHANNEL:
                if (guid_equal(&e->instance,
                            &none)) /* of a device that is gone, as an event before it said */
                        return e->action == UEVENT_REMOVE;
                known = g ? guest_find(g, &e->instance) : NULL;
                return is_recent(h, &e->instance) || (known && known->hvsock && find(h, &known->class));
        case UEVENT_DRIVER:
        case UEVENT_OTHER:
        case _UEVENT_SUBJECT_MAX:
                break;
        }
        return false;
}

bool hvsock_was_told(struct hvsock *h, const struct guid *class, const char *what) {
        struct hvsock_service *s = find(h, class);

        if (!s)
                return false;
        if (s->told && strcmp(s->told, what) == 0)
                return true;
        free(s->told);
        s->told = strdup(what);
        return false;
}
