/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of protected devices, sorted like the guest's by instance, so that following is a merge. */
#include "daemon/keep.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "lib/enforce/device-note.h"

struct kept_device {
        struct guid instance;
        enum dependent_kind kind; /* of what protected it last, */
        char *word;               /* and the word of the policy by which it did */
        uint64_t doubted;         /* since when the facts say otherwise, CLOCK_MONOTONIC; 0: they do not */
        bool from_note;           /* of an earlier cvmd: not seen by this one yet */
};

struct keep {
        int state;
        struct kept_device *devices;
        size_t n;
        struct kept_protection *list;
};

static void kept_done(struct kept_device *k) {
        free(k->word);
        *k = (struct kept_device){};
}

void keep_free(struct keep *k) {
        if (!k)
                return;
        for (size_t i = 0; i < k->n; i++)
                kept_done(&k->devices[i]);
        free(k->devices);
        free(k->list);
        free(k);
}

/* "KIND WORD"; -EBADMSG for what is not that. */
static int take_note(const struct note *note, struct kept_device *ret) {
        char name[16], *word;
        int kind, at = 0;

        if (sscanf(note->text, "%15s %n", name, &at) != 1 || !note->text[at])
                return -EBADMSG;
        kind = dependent_kind_from_string(name);
        if (kind < 0)
                return kind;
        word = strdup(note->text + at);
        if (!word)
                return -ENOMEM;
        *ret = (struct kept_device){
                .instance = note->instance,
                .kind = (enum dependent_kind)kind,
                .word = word,
                .from_note = true,
        };
        return 0;
}

int keep_new(int state, struct keep **ret, struct diag *d) {
        _cleanup_(keep_freep) struct keep *k = calloc(1, sizeof(*k));
        _cleanup_(notes_done) struct notes notes = {};
        int r;

        if (!k)
                return diag_errno(d, -ENOMEM, "protection");
        k->state = state;
        r = notes_list(state, NOTE_PROTECTED, &notes, NULL);
        if (r < 0 && r != -ENOMEM)
                log_warning("what was protected before is not known: %s", errno_text(r));
        k->devices = calloc(notes.n + 1, sizeof(*k->devices));
        if (r == -ENOMEM || !k->devices)
                return diag_errno(d, -ENOMEM, "protection");
        for (size_t i = 0; i < notes.n; i++) {
                r = take_note(&notes.notes[i], &k->devices[k->n]);
                if (r == -ENOMEM)
                        return diag_errno(d, r, "protection");
                if (r == 0)
                        k->n++;
                else
                        (void)note_remove(state, NOTE_PROTECTED, &notes.notes[i].instance, NULL);
        }
        *ret = TAKE(k);
        return 0;
}

const struct kept_protection *keep_list(struct keep *k, uint64_t now, size_t *ret_n) {
        size_t n = 0;

        free(k->list);
        k->list = calloc(k->n + 1, sizeof(*k->list));
        for (size_t i = 0; k->list && i < k->n; i++) {
                const struct kept_device *device = &k->devices[i];

                if (device->doubted == 0 || now - device->doubted < KEEP_USEC)
                        k->list[n++] = (struct kept_protection){
                                .instance = device->instance,
                                .kind = device->kind,
                                .word = device->word,
                        };
        }
        *ret_n = n;
        return k->list;
}

static void write_note(const struct keep *k, const struct kept_device *device) {
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};

        if (asprintf(&text, "%s %s", dependent_kind_to_string(device->kind), device->word) < 0) {
                text = NULL;
                return;
        }
        if (note_write(k->state, NOTE_PROTECTED, &device->instance, text, &d) < 0)
                log_warning("protection is kept, though not over a restart: %s", d.text);
}

/* The facts protect it: from here on that is kept. */
static int protect(const struct keep *k, struct kept_device *device, const struct decision *decision) {
        bool noted = device->word && device->kind == decision->dependent->kind &&
                strcmp(device->word, decision->protected_by) == 0;

        device->doubted = 0;
        if (noted)
                return 0;
        free(device->word);
        device->kind = decision->dependent->kind;
        device->word = strdup(decision->protected_by);
        if (!device->word)
                return -ENOMEM;
        write_note(k, device);
        return 0;
}

static void give_up(const struct keep *k, struct kept_device *device) {
        if (device->word)
                (void)note_remove(k->state, NOTE_PROTECTED, &device->instance, NULL);
        kept_done(device);
}

/* One device of a look. Leaves it without a word where nothing is to be kept. */
static int follow(const struct keep *k, struct kept_device *device, const struct decision *decision,
        bool is_new, uint64_t now, uint64_t *next) {
        if (is_new && !device->from_note && device->word) {
                if (decision->kept)
                        *next = now;
                give_up(k, device);
        }
        device->from_note = false;
        if (decision->protected && decision->protected_by)
                return protect(k, device, decision);
        if (decision->protected && !decision->kept) {
                device->doubted = 0; /* nobody knows: neither protected by facts, nor is there any doubt */
                return 0;
        }
        if (!device->word || !decision->kept) {
                give_up(k, device);
                return 0;
        }
        if (device->doubted == 0)
                device->doubted = now;
        if (device->doubted + KEEP_USEC < *next)
                *next = device->doubted + KEEP_USEC;
        return 0;
}

int keep_follow(struct keep *k, const struct guest *g, const struct evaluation *e, const struct tracking *t,
        uint64_t now, uint64_t *ret_next) {
        struct kept_device *devices = calloc(g->n_devices + 1, sizeof(*devices));
        size_t old = 0, n = 0;
        int r = 0;

        if (!devices)
                return -ENOMEM;
        *ret_next = UINT64_MAX;
        for (size_t i = 0; i < g->n_devices; i++) {
                struct kept_device device = { .instance = g->devices[i].instance };

                while (old < k->n && guid_compare(&k->devices[old].instance, &device.instance) < 0)
                        give_up(k, &k->devices[old++]);
                if (old < k->n && guid_equal(&k->devices[old].instance, &device.instance))
                        device = k->devices[old++];
                if (r == 0)
                        r = follow(k, &device, &e->decisions[i], t->devices[i].arrived == now, now,
                                ret_next);
                if (device.word)
                        devices[n++] = device;
        }
        while (old < k->n)
                give_up(k, &k->devices[old++]);
        free(k->devices);
        k->devices = devices;
        k->n = n;
        return r;
}
