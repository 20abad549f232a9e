/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule that does not match, in a sentence: the first key that speaks against it, and what the device has
 * there. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/policy/explain.h"
#include "lib/policy/matcher.h"

/* A text in a fixed buffer: what does not fit is cut. */
struct line {
        char *buffer;
        size_t size, used;
};

static void add(struct line *l, const char *format, ...) _printf_(2, 3);
static void add(struct line *l, const char *format, ...) {
        va_list ap;
        int n;

        if (l->used >= l->size)
                return;
        va_start(ap, format);
        n = vsnprintf(l->buffer + l->used, l->size - l->used, format, ap);
        va_end(ap);
        l->used += n > 0 ? (size_t)n : 0;
}

/* Classes by their names, where they have one. */
static const char *shown(enum match_key key, const char *word) {
        const struct vmbus_class *known;
        struct guid g;

        if (key != MATCH_KEY_CLASS || guid_parse(word, &g) < 0)
                return word;
        known = vmbus_class_by_guid(&g);
        return known ? known->name : word;
}

/* "class network is not one of scsi, ide" */
static void add_words(struct line *l, enum match_key key, const char *found,
        const struct policy_words *words) {
        add(l, "%s %s is not %s", match_key_to_string(key), found, words->n > 1 ? "one of " : "");
        for (size_t i = 0; i < words->n; i++)
                add(l, "%s%s", i > 0 ? ", " : "", shown(key, words->words[i]));
}

static void add_number(struct line *l, enum match_key key, uint32_t found,
        const struct policy_words *words) {
        char text[sizeof("0xffffffff")];

        snprintf(text, sizeof(text), "0x%x", found);
        add_words(l, key, text, words);
}

static void add_flag(struct line *l, enum match_key key, enum tristate found) {
        add(l, "%s is %s", match_key_to_string(key), tristate_to_string(found));
}

bool explain_mismatch(const struct policy_rule *r, const struct guest *g, const struct device *d,
        char *buffer, size_t size) {
        struct line l = { .buffer = buffer, .size = size };
        struct subject s = subject_of(g, d);
        enum match_key key = matcher_mismatch(&r->match, &s);
        char class[GUID_TEXT_SIZE];

        switch (key) {
        case MATCH_KEY_NONE:
        case _MATCH_KEY_MAX:
                return false;
        case MATCH_KEY_HVSOCK:
                add(&l,
                        d->hvsock ? "it is an hv_sock connection, and the rule does not say that it is for "
                                    "those"
                                  : "it is not an hv_sock connection");
                break;
        case MATCH_KEY_ISOLATION:
                add_words(&l, key, isolation_type_to_string(g->isolation.type), &r->match.isolation);
                break;
        case MATCH_KEY_PARAVISOR:
                add_flag(&l, key, isolation_paravisor(&g->isolation));
                break;
        case MATCH_KEY_KERNEL_ALLOWED:
                add_flag(&l, key, device_kernel_allowed(d) ? TRISTATE_YES : TRISTATE_NO);
                break;
        case MATCH_KEY_CLASS:
                add_words(&l, key, device_class_name(d, class), &r->match.class);
                break;
        case MATCH_KEY_VENDOR:
                add_number(&l, key, d->vendor, &r->match.vendor);
                break;
        case MATCH_KEY_DEVICE:
                add_number(&l, key, d->device, &r->match.device);
                break;
        case MATCH_KEY_INSTANCE:
                add_words(&l, key, d->instance_text, &r->match.instance);
                break;
        case MATCH_KEY_DRIVER:
                add_words(&l, key, d->candidate ?: "(none)", &r->match.driver);
                break;
        case MATCH_KEY_NOT:
                add(&l, "its \"not\" group takes the device out");
                break;
        }
        return true;
}
