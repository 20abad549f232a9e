/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Old above new, and of each the rule that decides, for the question that follows is always why. */
#include "cli/diff-text.h"

#include <string.h>

#include "cli/json-print.h"
#include "cli/json-read.h"

#define ARROW " -> "

struct counts {
        size_t settings, states, devices;
};

static void print_value(struct json_object *value, struct json_object *setting, const char *origin,
        struct output *out) {
        if (!json_print(out->f, value, JSON_C_TO_STRING_SPACED))
                out->bad = true;
        fputs(" (", out->f);
        output_text(out, text_of(setting, origin));
        fputc(')', out->f);
}

static size_t print_settings(struct json_object *diff, struct output *out) {
        struct json_object *list;
        size_t n;

        list = list_of(diff, "settings", &n);
        for (size_t i = 0; i < n; i++) {
                struct json_object *s = json_object_array_get_idx(list, i);

                fprintf(out->f, "%s%s%s: ", output_colour(out, COLOUR_BOLD), text_of(s, "setting"),
                        output_colour(out, COLOUR_NONE));
                print_value(object_of(s, "old"), s, "old-origin", out);
                fputs(ARROW, out->f);
                print_value(object_of(s, "new"), s, "new-origin", out);
                fputc('\n', out->f);
        }
        return n;
}

/* "violating, to be blocked by payload-private at strict.json:14:5" */
static void print_side(const char *label, struct json_object *side, struct output *out) {
        const char *verdict = text_of(side, "verdict"), *action = text_of(side, "action");
        int v = verdict_from_string(verdict);

        fprintf(out->f, "    %s  %s", label,
                v < 0 ? "" : output_colour(out, verdict_colour((enum verdict)v)));
        output_text(out, verdict);
        fprintf(out->f, "%s, %s by ", output_colour(out, COLOUR_NONE), action);
        output_text(out, text_of(side, "rule"));
        if (text_of(side, "origin")[0]) {
                fputs(" at ", out->f);
                output_text(out, text_of(side, "origin"));
        }
        fputs("\n         ", out->f);
        output_paragraph(out, strlen("         "), text_of(side, "reason"));
}

static size_t print_devices(struct json_object *guest, struct output *out) {
        struct json_object *list;
        size_t n;

        list = list_of(guest, "devices", &n);
        for (size_t i = 0; i < n; i++) {
                struct json_object *d = json_object_array_get_idx(list, i);

                fprintf(out->f, "  %s", output_colour(out, COLOUR_BOLD));
                output_text(out, text_of(d, "class"));
                fputc(' ', out->f);
                output_text(out, text_of(d, "instance"));
                fprintf(out->f, "%s\n", output_colour(out, COLOUR_NONE));
                print_side("old", object_of(d, "old"), out);
                print_side("new", object_of(d, "new"), out);
        }
        return n;
}

static void print_state(const char *word, struct output *out) {
        int s = guest_state_from_string(word);

        fputs(s < 0 ? "" : output_colour(out, state_colour((enum guest_state)s)), out->f);
        output_text(out, word);
        fputs(output_colour(out, COLOUR_NONE), out->f);
}

/* Nothing at all of a guest for which nothing changes. */
static void print_guest(struct json_object *guest, struct output *out, struct counts *counts) {
        struct json_object *state = object_of(guest, "state");
        const char *name = text_of(guest, "guest");
        size_t n;

        list_of(guest, "devices", &n);
        if (!state && n == 0)
                return;
        output_text(out, *name ? name : "this guest");
        if (state) {
                fputs(": state ", out->f);
                print_state(text_of(state, "old"), out);
                fputs(ARROW, out->f);
                print_state(text_of(state, "new"), out);
                counts->states++;
        }
        fputc('\n', out->f);
        counts->devices += print_devices(guest, out);
}

static void print_count(struct output *out, const char *before, size_t n, const char *what) {
        fprintf(out->f, "%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

void diff_print(struct json_object *diff, struct output *out) {
        struct json_object *guests;
        struct counts counts = {};
        size_t n;

        guests = list_of(diff, "guests", &n);
        counts.settings = print_settings(diff, out);
        for (size_t i = 0; i < n; i++)
                print_guest(json_object_array_get_idx(guests, i), out, &counts);
        if (!out->legend)
                return;
        if (counts.settings + counts.states + counts.devices == 0) {
                bool same = strcmp(text_of(object_of(diff, "old"), "digest"),
                                    text_of(object_of(diff, "new"), "digest")) == 0;

                print_count(out,
                        same ? "Nothing changes: the policies are the same ("
                             : "Nothing changes here, though the policies differ (",
                        n, "guest");
                fputs(").\n", out->f);
                return;
        }
        print_count(out, "\nChanges: ", counts.settings, "setting");
        print_count(out, ", ", counts.states, "state");
        print_count(out, ", ", counts.devices, "device");
        print_count(out, " (", n, "guest");
        fputs(").\n", out->f);
}
