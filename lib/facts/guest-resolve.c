/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the word of a person to one device, never to the wrong one: what could mean two is refused. */
#include <errno.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/base/suggest.h"
#include "lib/facts/guest.h"

#define PREFIX_MIN 4

/* In braces or not, the whole GUID or its beginning, in either case. */
static bool names_instance(const struct device *d, const char *word) {
        size_t n;

        if (*word == '{')
                word++;
        n = strlen(word);
        if (n > 0 && word[n - 1] == '}')
                n--;
        return n >= PREFIX_MIN && strncasecmp(d->instance_text, word, n) == 0;
}

static bool names_channel(const struct device *d, const char *word) {
        uint32_t relid;

        if (number_parse_u32(word, 10, &relid) < 0)
                return false;
        if (d->relid == relid && relid > 0)
                return true;
        for (size_t i = 0; i < d->n_channels; i++)
                if (d->channels[i].relid == relid && relid > 0)
                        return true;
        return false;
}

static bool names_class(const struct device *d, const char *word) {
        struct guid g;

        if (guid_parse(word, &g) == 0)
                return guid_equal(&g, &d->class);
        return d->known && strcmp(d->known->name, word) == 0;
}

static int several(const struct guest *g, const char *word, struct diag *d) {
        char list[sizeof(d->text)] = "";
        size_t used = 0;

        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *device = &g->devices[i];
                char class[GUID_TEXT_SIZE];
                int n;

                if (!names_instance(device, word) && !names_channel(device, word) &&
                        !names_class(device, word))
                        continue;
                n = snprintf(list + used, sizeof(list) - used, "%s%s (%s, relid %u)", used ? ", " : "",
                        device->instance_text, device_class_name(device, class), device->relid);
                if (n < 0 || (size_t)n >= sizeof(list) - used)
                        break;
                used += (size_t)n;
        }
        return diag_fail(d, -ENOTUNIQ, "\"%s\" names more than one device: %s", word, list);
}

static int none(const struct guest *g, const char *word, struct diag *d) {
        struct suggestion s = {};

        for (size_t i = 0; i < g->n_devices; i++)
                if (g->devices[i].known)
                        suggest_consider(&s, word, g->devices[i].known->name);
        if (s.nearest)
                return diag_fail(d, -ENODEV, "no device \"%s\": did you mean \"%s\"?", word, s.nearest);
        return diag_fail(d, -ENODEV,
                "no device \"%s\": not the beginning of an instance GUID (at least %d characters), no relid "
                "and no class",
                word, PREFIX_MIN);
}

int guest_resolve(const struct guest *g, const char *word, const struct device **ret, struct diag *d) {
        const struct device *found = NULL;
        struct guid instance;
        size_t n = 0;

        if (guid_parse(word, &instance) == 0)
                found = guest_find(g, &instance);
        if (found) {
                *ret = found;
                return 0;
        }
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *device = &g->devices[i];

                if (names_instance(device, word) || names_channel(device, word) ||
                        names_class(device, word)) {
                        found = device;
                        n++;
                }
        }
        if (n == 0)
                return none(g, word, d);
        if (n > 1)
                return several(g, word, d);
        *ret = found;
        return 0;
}
