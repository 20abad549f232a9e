/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owning what is shown, and finding a device in it. */
#include "cli/view.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/facts/guest.h"
#include "lib/policy/evaluation.h"

static void device_done(struct device_view *d) {
        char *strings[] = { d->instance, d->class, d->class_id, d->driver, d->ring, d->dma, d->source,
                d->verdict, d->rule, d->rule_origin, d->reason };

        for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
                free(strings[i]);
        for (size_t i = 0; i < d->n_channels; i++) {
                free(d->channels[i].ring);
                free(d->channels[i].dma);
                free(d->channels[i].source);
        }
        free(d->channels);
        for (size_t i = 0; i < d->n_dependents; i++) {
                free(d->dependents[i].kind);
                free(d->dependents[i].name);
                free(d->dependents[i].through);
        }
        free(d->dependents);
}

static void strings_free(char **list) {
        for (char **s = list; s && *s; s++)
                free(*s);
        free(list);
}

void view_done(struct view *v) {
        char *strings[] = { v->state, v->mode, v->gate, v->isolation, v->isolation_mode, v->scheme,
                v->isolation_source, v->vmbus_version, v->confidential, v->digest, v->log_head, v->trial };

        for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
                free(strings[i]);
        strings_free(v->files);
        strings_free(v->warnings);
        for (size_t i = 0; i < v->n_providers; i++) {
                free(v->providers[i].name);
                free(v->providers[i].why);
        }
        free(v->providers);
        for (size_t i = 0; i < v->n_unconfirmed; i++) {
                free(v->unconfirmed[i].instance);
                free(v->unconfirmed[i].decision);
        }
        free(v->unconfirmed);
        tried_view_done(&v->tried);
        for (size_t i = 0; i < v->n_devices; i++)
                device_done(&v->devices[i]);
        free(v->devices);
        *v = (struct view){};
}

struct device_view *view_add_device(struct view *v) {
        struct device_view *more = reallocarray(v->devices, v->n_devices + 1, sizeof(*more));

        if (!more)
                return NULL;
        v->devices = more;
        more += v->n_devices++;
        *more = (struct device_view){};
        return more;
}

int view_add_string(char ***list, const char *text) {
        size_t n = 0;
        char **more;

        while (*list && (*list)[n])
                n++;
        more = reallocarray(*list, n + 2, sizeof(*more));
        if (!more)
                return -ENOMEM;
        *list = more;
        more[n] = strdup(text);
        more[n + 1] = NULL;
        return more[n] ? 0 : -ENOMEM;
}

static int by_instance(const void *a, const void *b) {
        return strcmp(((const struct device_view *)a)->instance, ((const struct device_view *)b)->instance);
}

int view_finish(struct view *v) {
        int r = 0;

        if (v->n_devices > 0)
                qsort(v->devices, v->n_devices, sizeof(*v->devices), by_instance);
        if (v->mode_overridden)
                r = view_add_string(&v->warnings,
                        "the mode is overridden: it is not the one that the policy says");
        if (r == 0 && strcmp(v->gate, gate_state_to_string(GATE_STATE_PENDING)) == 0)
                r = view_add_string(&v->warnings,
                        "the gate is wanted, and devices still get drivers unjudged: drivers_autoprobe is "
                        "on");
        if (r == 0 && v->built_in)
                r = view_add_string(&v->warnings,
                        "no policy file could be used: the built-in policy is in force");
        return r;
}

bool view_on_trial(const struct view *v) {
        return v->trial && strcmp(v->trial, "none") != 0;
}

uint64_t view_seconds_left(const struct unconfirmed_view *u) {
        struct timespec t;
        uint64_t now;

        clock_gettime(CLOCK_BOOTTIME, &t);
        now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        return u->deadline > now ? (u->deadline - now + 999999) / 1000000 : 0;
}

size_t view_count(const struct view *v, enum verdict verdict) {
        size_t n = 0;

        for (size_t i = 0; i < v->n_devices; i++)
                n += strcmp(v->devices[i].verdict, verdict_to_string(verdict)) == 0;
        return n;
}

/* As much of a guest as its names: what guest_resolve() looks at. */
static int names_of(const struct view *v, struct device *devices) {
        for (size_t i = 0; i < v->n_devices; i++) {
                const struct device_view *from = &v->devices[i];
                struct device *d = &devices[i];

                if (guid_parse(from->instance, &d->instance) < 0 ||
                        guid_parse(from->class_id, &d->class) < 0)
                        return -EBADMSG;
                guid_format(&d->instance, d->instance_text);
                d->known = vmbus_class_by_guid(&d->class);
                d->relid = from->relid;
        }
        return 0;
}

int view_resolve(const struct view *v, const char *word, const struct device_view **ret, struct diag *d) {
        _cleanup_(freep) struct device *devices = calloc(v->n_devices ?: 1, sizeof(*devices));
        struct guest names = { .devices = devices, .n_devices = v->n_devices };
        const struct device *found;
        int r;

        if (!devices)
                return -ENOMEM;
        if (names_of(v, devices) < 0)
                return diag_fail(d, -EBADMSG, "a device's instance or class is not a GUID");
        r = guest_resolve(&names, word, &found, d);
        if (r < 0)
                return r;
        *ret = &v->devices[found - devices];
        return 0;
}

size_t view_brief(const struct view *v, const struct device_view *device) {
        size_t n = 8;

        for (size_t i = 0; i < v->n_devices; i++) {
                const char *other = v->devices[i].instance;

                if (&v->devices[i] == device)
                        continue;
                while (device->instance[n] && strncmp(other, device->instance, n) == 0)
                        n++;
        }
        return n;
}
