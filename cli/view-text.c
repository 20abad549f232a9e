/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sheets and tables; every foreign word goes through output_text() or the table, which do the same. */
#include "cli/view-text.h"

#include <string.h>

#include "cli/table.h"
#include "lib/base/guid.h"

#define LABEL_COLUMNS 15
#define N(array) (sizeof(array) / sizeof((array)[0]))

void print_label(struct output *out, const char *label) {
        fprintf(out->f, "%s%*s%s%s ", output_colour(out, COLOUR_DIM), LABEL_COLUMNS - 2, label,
                *label ? ":" : " ", output_colour(out, COLOUR_NONE));
}

void print_field(struct output *out, const char *label, const char *text) {
        if (!text || !*text)
                return;
        print_label(out, label);
        output_paragraph(out, LABEL_COLUMNS, text);
}

static void print_coloured(struct output *out, enum colour c, const char *text) {
        fputs(output_colour(out, c), out->f);
        output_text(out, text);
        fputs(output_colour(out, COLOUR_NONE), out->f);
}

static enum colour colour_of_verdict(const char *word) {
        int v = verdict_from_string(word);

        return v < 0 ? COLOUR_NONE : verdict_colour(v);
}

static const char *state_meaning(const char *word) {
        int s = guest_state_from_string(word);

        if (s < 0)
                return "";
        switch ((enum guest_state)s) {
        case STATE_COMPLIANT:
                return "every device complies, or is blocked";
        case STATE_VIOLATING:
                return "a device that does not comply is not blocked";
        case STATE_UNPROTECTED:
                return "devices do not comply, and nothing is done about it";
        case STATE_NOT_APPLICABLE:
                return "this guest is not isolated, and not expected to be";
        case STATE_FAILED:
                return "not the guest that the policy expects, or an action failed";
        case STATE_UNSET:
        case _STATE_MAX:
                break;
        }
        return "";
}

static void print_state(const struct view *v, struct output *out) {
        int s = guest_state_from_string(v->state);

        print_label(out, "State");
        print_coloured(out, s < 0 ? COLOUR_NONE : state_colour(s), v->state);
        fprintf(out->f, ": %s\n", state_meaning(v->state));
        print_label(out, "Mode");
        output_text(out, v->mode);
        fputs(v->mode_overridden ? " (overridden)\n" : "\n", out->f);
        print_field(out, "Gate", v->gate);
}

static void print_isolation(const struct view *v, struct output *out) {
        print_label(out, "Isolation");
        output_text(out, v->isolation);
        if (strcmp(v->isolation_mode, "unknown") != 0)
                fprintf(out->f, ", %s", v->paravisor ? "behind a paravisor" : v->isolation_mode);
        if (strcmp(v->scheme, "unknown") != 0 && strcmp(v->scheme, "none") != 0)
                fprintf(out->f, ", encryption by %s", v->scheme);
        if (v->boundary_bits > 0)
                fprintf(out->f, " at bit %u", v->boundary_bits);
        fputs(" (source: ", out->f);
        output_text(out, v->isolation_source);
        fputs(v->consistent ? ")\n" : "; the sources contradict each other)\n", out->f);

        print_label(out, "VMBus");
        output_text(out, *v->vmbus_version ? v->vmbus_version : "version unknown");
        fputs(", confidential: ", out->f);
        output_text(out, v->confidential);
        fputc('\n', out->f);
}

static void print_policy(const struct view *v, struct output *out) {
        print_label(out, "Policy");
        output_text(out, v->digest);
        fprintf(out->f, ", %u %s\n", v->rules, v->rules == 1 ? "rule" : "rules");
        for (char *const *f = v->files; f && *f; f++)
                print_field(out, "", *f);
}

static void print_counts(const struct view *v, struct output *out) {
        print_label(out, "Devices");
        fprintf(out->f, "%zu", v->n_devices);
        for (enum verdict i = VERDICT_UNSET + 1, first = i; i < _VERDICT_MAX; i++) {
                size_t n = view_count(v, i);

                if (n == 0)
                        continue;
                fprintf(out->f, "%s%zu ", first == VERDICT_UNSET ? ", " : ": ", n);
                print_coloured(out, verdict_colour(i), verdict_to_string(i));
                first = VERDICT_UNSET;
        }
        fputc('\n', out->f);
}

/* Which devices make the state what it is, and why. */
static void print_conspicuous(const struct view *v, struct output *out) {
        if (view_count(v, VERDICT_ALLOWED) == v->n_devices)
                return;
        fputc('\n', out->f);
        for (size_t i = 0; i < v->n_devices; i++) {
                const struct device_view *d = &v->devices[i];

                if (strcmp(d->verdict, verdict_to_string(VERDICT_ALLOWED)) == 0)
                        continue;
                fprintf(out->f, "%*s", 4, "");
                print_coloured(out, colour_of_verdict(d->verdict), d->verdict);
                fprintf(out->f, "%*s", strlen(d->verdict) < 11 ? (int)(11 - strlen(d->verdict)) : 1, "");
                output_text(out, d->class);
                fputc(' ', out->f);
                output_text(out, d->instance);
                fprintf(out->f, "\n%*srule ", LABEL_COLUMNS, "");
                output_text(out, d->rule);
                if (*d->reason)
                        fprintf(out->f, ":\n%*s", LABEL_COLUMNS, "");
                output_paragraph(out, LABEL_COLUMNS, d->reason);
        }
}

static void print_trial(const struct view *v, struct output *out) {
        if (!view_on_trial(v))
                return;
        print_label(out, "Trial");
        output_text(out, v->trial);
        fprintf(out->f, ", %u of %u %s clean\n", v->trial_clean, v->trial_boots,
                v->trial_boots == 1 ? "boot" : "boots");
}

/* What a person must not forget to do. */
static void print_unconfirmed(const struct view *v, struct output *out) {
        for (size_t i = 0; i < v->n_unconfirmed; i++) {
                const struct unconfirmed_view *u = &v->unconfirmed[i];

                print_label(out, i == 0 ? "Unconfirmed" : "");
                output_text(out, u->decision);
                fputc(' ', out->f);
                output_text(out, u->instance);
                fprintf(out->f, "%s, rolled back in %llu s\n", u->permanent ? " permanently" : "",
                        (unsigned long long)view_seconds_left(u));
        }
}

/* Those that are there; else why none is. */
static void view_print_providers(const struct view *v, struct output *out) {
        bool any = false;

        for (size_t i = 0; i < v->n_providers; i++)
                any = any || v->providers[i].there;
        for (size_t i = 0; i < v->n_providers; i++) {
                const struct provider_view *p = &v->providers[i];
                _cleanup_(freep) char *text = NULL;

                if (p->there != any || asprintf(&text, "%s%s: %s", any ? "" : "no ", p->name, p->why) < 0)
                        continue;
                print_field(out, "Attestation", text);
        }
}

int view_print_status(const struct view *v, struct output *out) {
        print_state(v, out);
        print_isolation(v, out);
        print_policy(v, out);
        print_counts(v, out);
        view_print_providers(v, out);
        if (*v->log_head) {
                print_label(out, "Log");
                fprintf(out->f, "%llu %s, head ", (unsigned long long)v->log_sequence,
                        v->log_sequence == 1 ? "entry" : "entries");
                output_text(out, v->log_head);
                fputc('\n', out->f);
        }
        print_trial(v, out);
        print_unconfirmed(v, out);
        tried_print(&v->tried, out);
        print_conspicuous(v, out);
        if (v->warnings && *v->warnings)
                fputc('\n', out->f);
        for (char *const *w = v->warnings; w && *w; w++) {
                fprintf(out->f, "%swarning:%s ", output_colour(out, COLOUR_CARE),
                        output_colour(out, COLOUR_NONE));
                output_paragraph(out, strlen("warning: "), *w);
        }
        return 0;
}

static enum colour colour_of_confidentiality(const char *word) {
        return strcmp(word, "confidential") == 0 ? COLOUR_GOOD
                : strcmp(word, "plain") == 0     ? COLOUR_CARE
                                                 : COLOUR_NONE;
}

int view_print_devices(const struct view *v, struct output *out) {
        static const char *const headings[] = { "INSTANCE", "CLASS", "VERDICT", "RING", "DMA", "DRIVER",
                "RULE" };
        _cleanup_(table_done) struct table t;
        int r;

        table_init(&t, headings, N(headings));
        for (size_t i = 0; i < v->n_devices; i++) {
                const struct device_view *d = &v->devices[i];
                char brief[GUID_TEXT_SIZE], driver[80];

                snprintf(brief, sizeof(brief), "%.*s", (int)view_brief(v, d), d->instance);
                snprintf(driver, sizeof(driver), d->bound || !*d->driver ? "%s" : "(%s)",
                        *d->driver ? d->driver : "-");
                table_add_brief(&t, COLOUR_NONE, d->instance, brief);
                table_add(&t, COLOUR_NONE, d->class);
                table_add(&t, colour_of_verdict(d->verdict), d->verdict);
                table_add(&t, colour_of_confidentiality(d->ring), d->ring);
                table_add(&t, colour_of_confidentiality(d->dma), d->dma);
                table_add(&t, COLOUR_NONE, driver);
                table_add(&t, COLOUR_NONE, d->rule);
        }
        r = table_print(&t, out);
        if (r < 0 || !out->legend)
                return r;
        if (v->n_devices == 0)
                fputs("No VMBus devices.\n", out->f);
        else
                fprintf(out->f, "\n%zu %s; a driver in parentheses is not bound.\n", v->n_devices,
                        v->n_devices == 1 ? "device" : "devices");
        return 0;
}

static int print_channels(const struct device_view *d, struct output *out) {
        static const char *const headings[] = { "RELID", "SUB", "RING", "DMA", "SOURCE" };
        _cleanup_(table_done) struct table t;

        if (d->n_channels == 0)
                return 0;
        table_init(&t, headings, N(headings));
        for (size_t i = 0; i < d->n_channels; i++) {
                const struct channel_view *c = &d->channels[i];

                table_add_number(&t, c->relid);
                table_add_number(&t, c->sub);
                table_add(&t, colour_of_confidentiality(c->ring), c->ring);
                table_add(&t, colour_of_confidentiality(c->dma), c->dma);
                table_add(&t, COLOUR_NONE, c->source);
        }
        fputc('\n', out->f);
        return table_print(&t, out);
}

static void print_dependents(const struct device_view *d, struct output *out) {
        if (!d->dependents_known)
                print_field(out, "Carries",
                        "not known: only root may ask the daemon what hangs on a device");
        for (size_t i = 0; i < d->n_dependents; i++) {
                const struct dependent_view *p = &d->dependents[i];

                print_label(out, i == 0 ? "Carries" : "");
                output_text(out, p->kind);
                fputc(' ', out->f);
                output_text(out, p->name);
                fputs(*p->through ? " on " : "", out->f);
                output_text(out, p->through);
                fputc('\n', out->f);
        }
}

int view_print_device(const struct device_view *d, struct output *out) {
        print_field(out, "Instance", d->instance);
        print_label(out, "Class");
        output_text(out, d->class);
        fprintf(out->f, ", %s in an isolated guest\n",
                d->kernel_allowed ? "which Linux itself admits" : "which Linux itself refuses");
        print_label(out, "Verdict");
        print_coloured(out, colour_of_verdict(d->verdict), d->verdict);
        fputs(" by ", out->f);
        output_text(out, d->rule);
        fputc('\n', out->f);
        print_field(out, "", d->rule_origin);
        print_field(out, "Reason", d->reason);
        print_label(out, "Driver");
        output_text(out, *d->driver ? d->driver : "none is known");
        fputs(d->bound ? " (bound)\n" : *d->driver ? " (not bound)\n" : "\n", out->f);
        print_field(out, "Ring", d->ring);
        print_field(out, "DMA", d->dma);
        print_field(out, "Source", d->source);
        print_label(out, "Relid");
        fprintf(out->f, "%u\n", d->relid);
        print_dependents(d, out);
        exposure_print(&d->exposure, out);
        return print_channels(d, out);
}
