/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* completion: scripts for shells, and what they ask while somebody waits at a prompt. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/completion.h"
#include "cli/verbs.h"
#include "cli/view-load.h"
#include "lib/facts/vmbus-class.h"

#define PATIENCE_SEC 2 /* what nobody minds who pressed a key */

int verb_completion_bash(struct context *x, char **args, size_t n) {
        completion_print_bash(x->out.f);
        return 0;
}

int verb_completion_zsh(struct context *x, char **args, size_t n) {
        completion_print_zsh(x->out.f);
        return 0;
}

/* Ends this program. */
static void on_alarm(int signal) {
        _exit(EXIT_CODE_NO_DAEMON);
}

/* Whether the class of a device is a name for it: nobody else has it, and it is in the table. */
static bool names_one(const struct view *v, const struct device_view *device) {
        if (!vmbus_class_by_name(device->class))
                return false;
        for (size_t i = 0; i < v->n_devices; i++)
                if (&v->devices[i] != device && strcmp(v->devices[i].class, device->class) == 0)
                        return false;
        return true;
}

/* A word, and behind a tab what tells it from others. */
static void print_word(struct context *x, const char *word, const char *what, const char *verdict) {
        output_text(&x->out, word);
        fputc('\t', x->out.f);
        output_text(&x->out, what);
        fputs(", ", x->out.f);
        output_text(&x->out, verdict);
        fputc('\n', x->out.f);
}

int verb_completion_devices(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(view_done) struct view v = {};
        int r;

        signal(SIGALRM, on_alarm);
        alarm(PATIENCE_SEC);
        r = view_load(x, &bus, &v);
        if (r < 0)
                return r;
        for (size_t i = 0; i < v.n_devices; i++) {
                const struct device_view *d = &v.devices[i];

                print_word(x, d->instance, d->class, d->verdict);
                if (names_one(&v, d))
                        print_word(x, d->class, d->instance, d->verdict);
        }
        return 0;
}
