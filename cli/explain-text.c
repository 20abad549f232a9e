/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON that the library made, in the order in which a person asks: what, why, and what would change
 * it. */
#include "cli/explain-text.h"

#include <string.h>

#include "cli/exposure-view.h"
#include "cli/json-read.h"
#include "cli/view-text.h"

/* "mount / on sda1" */
static void print_dependent(struct json_object *d, struct output *out) {
        const char *through = text_of(d, "through");

        output_text(out, text_of(d, "kind"));
        fputc(' ', out->f);
        output_text(out, text_of(d, "name"));
        fputs(*through ? " on " : "", out->f);
        output_text(out, through);
        fputc('\n', out->f);
}

/* What hangs on a device, a line each. */
static void print_dependents(struct json_object *o, const char *label, struct output *out) {
        struct json_object *list;
        size_t n;

        list = list_of(o, "dependents", &n);
        for (size_t i = 0; i < n; i++) {
                print_label(out, i == 0 ? label : "");
                print_dependent(json_object_array_get_idx(list, i), out);
        }
}

/* "plain (source: kernel-probe)" */
static void print_fact(struct output *out, const char *label, const char *value, const char *source) {
        if (!*value)
                return;
        print_label(out, label);
        output_text(out, value);
        if (*source) {
                fputs(" (source: ", out->f);
                output_text(out, source);
                fputc(')', out->f);
        }
        fputc('\n', out->f);
}

static void print_channel(struct json_object *channel, struct output *out) {
        const char *source = text_of(channel, "source"), *sub = text_of(channel, "sub");

        output_text(out, text_of(channel, "relid"));
        if (*sub && strcmp(sub, "0") != 0) {
                fputs(", sub-channel ", out->f);
                output_text(out, sub);
        }
        fputs(": ring ", out->f);
        output_text(out, text_of(channel, "ring"));
        fputs(", dma ", out->f);
        output_text(out, text_of(channel, "dma"));
        fputs(" (source: ", out->f);
        output_text(out, source);
        fputs(")\n", out->f);
}

static void print_channels(struct json_object *explanation, struct output *out) {
        struct json_object *list;
        size_t n;

        list = list_of(explanation, "channels", &n);
        for (size_t i = 0; i < n; i++) {
                print_label(out, i == 0 ? "Channels" : "");
                print_channel(json_object_array_get_idx(list, i), out);
        }
}

/* What Linux makes of the device, with or without cvmd. */
static void print_kernel_view(struct json_object *device, struct output *out) {
        const char *driver = text_of(device, "driver"), *candidate = text_of(device, "candidate");
        const char *allowed = text_of(device, "kernel-allowed");

        if (*driver)
                print_field(out, "Driver", driver);
        else if (*candidate) {
                print_label(out, "Driver");
                output_text(out, candidate);
                fputs(" (not bound)\n", out->f);
        }
        print_field(out, "Override", text_of(device, "driver-override"));
        if (*allowed)
                print_field(out, "Kernel",
                        strcmp(allowed, "true") == 0 ? "admits this class in an isolated guest"
                                                     : "does not admit this class in an isolated guest");
}

static void print_facts(struct json_object *explanation, struct output *out) {
        struct json_object *device = object_of(explanation, "device");
        const char *source = text_of(device, "source");

        print_field(out, "Instance", text_of(device, "instance"));
        print_field(out, "Class", text_of(device, "class"));
        print_kernel_view(device, out);
        print_fact(out, "Ring", text_of(device, "ring"), source);
        print_fact(out, "DMA", text_of(device, "dma"), source);
        print_channels(explanation, out);
        print_field(out, "Problem", text_of(device, "problem"));
}

static void print_guest(struct json_object *guest, struct output *out) {
        print_fact(out, "Isolation", text_of(guest, "isolation"), text_of(guest, "source"));
        if (strcmp(text_of(guest, "consistent"), "false") == 0)
                print_field(out, "", "the sources contradict each other");
        if (strcmp(text_of(guest, "paravisor"), "unknown") != 0)
                print_field(out, "Paravisor", text_of(guest, "paravisor"));
        print_field(out, "Guest", text_of(guest, "unexpected"));
}

/* "default-payload at 90-default.json:12:5" */
static void print_rule_at(struct json_object *rule, struct output *out) {
        output_text(out, text_of(rule, "rule"));
        if (*text_of(rule, "origin")) {
                fputs(" at ", out->f);
                output_text(out, text_of(rule, "origin"));
        }
}

static void print_labels(struct json_object *decision, struct output *out) {
        struct json_object *labels;
        size_t n;

        labels = list_of(decision, "labels", &n);
        if (n == 0)
                return;
        print_label(out, "Labels");
        for (size_t i = 0; i < n; i++) {
                fputs(i > 0 ? ", " : "", out->f);
                output_text(out, json_object_get_string(json_object_array_get_idx(labels, i)) ?: "");
        }
        fputc('\n', out->f);
}

/* Every rule in order: why it is not the one, until the one that is. */
static void print_rules(struct json_object *o, struct json_object *decision, struct output *out) {
        struct json_object *tried;
        size_t n;

        tried = list_of(o, "tried", &n);
        fputc('\n', out->f);
        for (size_t i = 0; i < n; i++) {
                struct json_object *rule = json_object_array_get_idx(tried, i);

                print_label(out, i == 0 ? "Not by" : "");
                print_rule_at(rule, out);
                fputs(":\n", out->f);
                print_field(out, "", text_of(rule, "mismatch"));
        }
        print_label(out, "Decided by");
        fputs(output_colour(out, COLOUR_BOLD), out->f);
        output_text(out, text_of(decision, "rule"));
        fputs(output_colour(out, COLOUR_NONE), out->f);
        fputc('\n', out->f);
        print_field(out, "", text_of(decision, "origin"));
        print_labels(decision, out);
        print_field(out, "Action", text_of(decision, "action"));
        print_field(out, "Reason", text_of(decision, "reason"));
        if (object_of(decision, "protected-by")) {
                print_label(out, "Protected by");
                print_dependent(object_of(decision, "protected-by"), out);
        }
}

/* What the words of enforcement_to_string() stand for; NULL for one that is not known here. */
static const char *enforcement_meaning(const char *state) {
        static const struct {
                const char *state, *meaning;
        } words[] = {
                { "pending", "an action is under way" },
                { "blocked", "blocked; read again since: no driver, and driver_override is ours" },
                { "released", "released; read again since: driver_override is as it was before" },
                { "failed", "an action failed, and is tried again" },
        };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(words[i].state, state) == 0)
                        return words[i].meaning;
        return NULL;
}

static void print_enforcement(struct json_object *explanation, struct output *out) {
        struct json_object *e = object_of(explanation, "enforcement");
        const char *state = text_of(e, "state"), *rebounds = text_of(e, "rebounds");

        if (strcmp(state, "none") != 0)
                print_field(out, "Done", enforcement_meaning(state) ?: state);
        print_field(out, "", text_of(e, "problem"));
        if (*rebounds && strcmp(rebounds, "0") != 0) {
                print_label(out, "Rebound");
                output_text(out, rebounds);
                fputs(strcmp(rebounds, "1") == 0 ? " time, by somebody else\n"
                                                 : " times, by somebody else\n",
                        out->f);
        }
}

void explain_print(struct json_object *explanation, struct output *out) {
        struct json_object *guest = object_of(explanation, "guest"), *changes;
        struct exposure_view exposure;
        const char *word = text_of(explanation, "verdict");
        int verdict = verdict_from_string(word);
        size_t n;

        print_facts(explanation, out);
        print_dependents(explanation, "Carries", out);
        print_guest(guest, out);
        print_rules(explanation, object_of(explanation, "decision"), out);
        print_field(out, "Mode", text_of(explanation, "mode"));
        print_label(out, "Verdict");
        fputs(verdict < 0 ? "" : output_colour(out, verdict_colour(verdict)), out->f);
        output_text(out, word);
        fprintf(out->f, "%s\n", output_colour(out, COLOUR_NONE));
        print_enforcement(explanation, out);
        exposure_from_json(explanation, &exposure);
        exposure_print(&exposure, out);

        changes = list_of(explanation, "would-change", &n);
        if (n > 0)
                fputs("\nIt would be different with\n", out->f);
        for (size_t i = 0; i < n; i++) {
                fputs("  - ", out->f);
                output_paragraph(out, strlen("  - "),
                        json_object_get_string(json_object_array_get_idx(changes, i)));
        }
}

/* "block network 000d3a7e-...", and who says so. */
static void print_head(const char *verb, struct json_object *device, struct output *out) {
        fputs(output_colour(out, COLOUR_BOLD), out->f);
        output_text(out, verb);
        fputs(output_colour(out, COLOUR_NONE), out->f);
        fputc(' ', out->f);
        output_text(out, text_of(device, "class"));
        fputc(' ', out->f);
        output_text(out, text_of(device, "instance"));
        fputc('\n', out->f);
        print_field(out, "Rule", text_of(device, "rule"));
        print_field(out, "", text_of(device, "origin"));
        print_field(out, "Reason", text_of(device, "reason"));
}

static void print_step(struct json_object *step, struct output *out) {
        const char *driver = text_of(step, "driver"), *verb = text_of(step, "verb");
        bool kept = strcmp(verb, "nothing") == 0;
        bool loses = strcmp(verb, "block") == 0 || strcmp(verb, "halt") == 0;

        print_head(kept ? "protected" : verb, step, out);
        print_field(out, "Driver", *driver ? driver : "not bound");
        if (object_of(step, "protected-by")) {
                print_label(out, "Protected by");
                print_dependent(object_of(step, "protected-by"), out);
        }
        print_dependents(step, kept ? "Carries" : loses ? "Would lose" : "Has", out);
}

/* What would violate the policy all the same: a rule only reports it, or it cannot be blocked. */
static size_t print_remaining(struct json_object *plan, struct output *out) {
        struct json_object *devices;
        size_t n, n_remaining = 0;

        devices = list_of(plan, "devices", &n);
        for (size_t i = 0; i < n; i++) {
                struct json_object *device = json_object_array_get_idx(devices, i);

                if (strcmp(text_of(device, "enforced-verdict"), "violating") != 0)
                        continue;
                print_head("remains", device, out);
                n_remaining++;
        }
        return n_remaining;
}

/* "Enforcing would change 1 device now ..." */
static void print_sum(struct json_object *plan, size_t n_steps, size_t n_kept, struct output *out) {
        const char *now = text_of(plan, "state"), *then = text_of(plan, "enforced-state");

        fprintf(out->f, "Enforcing would change %zu %s now", n_steps, n_steps == 1 ? "device" : "devices");
        if (n_kept > 0)
                fprintf(out->f, ", and leave %zu that the machine stands on", n_kept);
        fputs("; the mode is ", out->f);
        output_text(out, text_of(plan, "mode"));
        fputs(".\nThe guest would be ", out->f);
        output_text(out, then);
        if (strcmp(now, then) != 0) {
                fputs(" instead of ", out->f);
                output_text(out, now);
        }
        fputs(*text_of(plan, "unexpected") ? ": " : "", out->f);
        output_text(out, text_of(plan, "unexpected"));
        fputs(".\n", out->f);
}

void plan_print(struct json_object *plan, struct output *out) {
        struct json_object *steps, *kept;
        size_t n_steps, n_kept, n_remaining;

        steps = list_of(plan, "steps", &n_steps);
        kept = list_of(plan, "protected", &n_kept);
        for (size_t i = 0; i < n_steps; i++)
                print_step(json_object_array_get_idx(steps, i), out);
        for (size_t i = 0; i < n_kept; i++)
                print_step(json_object_array_get_idx(kept, i), out);
        n_remaining = print_remaining(plan, out);
        if (!out->legend)
                return;
        if (n_steps + n_kept + n_remaining > 0)
                fputc('\n', out->f);
        print_sum(plan, n_steps, n_kept, out);
}
