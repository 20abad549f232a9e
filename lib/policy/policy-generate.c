/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text is written twice: first without comments, to be evaluated on the guest, so that what the comments
 * say of the devices that are left out is the engine's word and not a guess. Nothing in it is foreign text:
 * GUIDs are written anew, and everything else is a word of ours.
 */
#include "lib/policy/policy-generate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/policy/decision-text.h"
#include "lib/policy/evaluation.h"
#include "lib/policy/policy-file.h"

#define RULE_CONFIDENTIAL "generated-confidential"
#define RULE_CONTROL "generated-control"
#define RULE_HVSOCK "generated-hvsock"

static const char *const control_classes[] = { "timesync", "heartbeat", "shutdown" };

static const char introduction[] =
        "// Made by \"cvmctl policy generate\" from how this guest looked then: what complied is allowed, "
        "and nothing else.\n"
        "// Rules name classes and not instances, for those are the host's to choose; what comes later has "
        "to comply as well.\n"
        "// See with \"cvmctl policy diff\" what it would change before it goes to /etc/cvmd/policy.d.\n";

/* What is written, and for whom. */
struct draft {
        FILE *f;
        const struct guest *g;
        const struct evaluation *e; /* of the first draft, NULL while that is written */
        struct guid *classes;       /* of the guest's devices, each once */
        size_t n_classes;
};

/* The class of an hv_sock connection is its service's: whatever it is, it says nothing about a device. */
static bool is_control(const struct device *d) {
        for (size_t i = 0;
                d->known && !d->hvsock && i < sizeof(control_classes) / sizeof(control_classes[0]); i++)
                if (strcmp(d->known->name, control_classes[i]) == 0)
                        return true;
        return false;
}

static bool is_passthrough(const struct device *d) {
        return d->known && !d->hvsock && strcmp(d->known->name, "pci") == 0;
}

bool device_complies(const struct device *d) {
        if (is_control(d))
                return true;
        return d->ring == CONFIDENTIALITY_CONFIDENTIAL && !is_passthrough(d);
}

/* A class of control whose rings are all confidential is held to that; one that is not is let pass. */
static bool class_is_let_pass(const struct guest *g, const struct guid *class) {
        for (size_t i = 0; i < g->n_devices; i++) {
                const struct device *d = &g->devices[i];

                if (guid_equal(&d->class, class) && is_control(d) && d->ring != CONFIDENTIALITY_CONFIDENTIAL)
                        return true;
        }
        return false;
}

static bool is_let_pass(const struct guest *g, const struct device *d) {
        return !d->hvsock && class_is_let_pass(g, &d->class);
}

static bool is_held_to_rings(const struct guest *g, const struct device *d) {
        return !d->hvsock && device_complies(d) && !is_let_pass(g, d);
}

static size_t rank_of(const struct guid *class) {
        size_t i = 0;

        while (vmbus_class_at(i) && !guid_equal(&vmbus_class_at(i)->guid, class))
                i++;
        return i;
}

/* As in the table of classes: what carries payload comes first. */
static int compare_classes(const void *a, const void *b) {
        size_t x = rank_of(a), y = rank_of(b);

        return x != y ? (x < y ? -1 : 1) : guid_compare(a, b);
}

static int collect_classes(struct draft *t) {
        size_t n = 0;

        t->classes = calloc(t->g->n_devices + 1, sizeof(*t->classes));
        if (!t->classes)
                return -ENOMEM;
        for (size_t i = 0; i < t->g->n_devices; i++)
                t->classes[n++] = t->g->devices[i].class;
        qsort(t->classes, n, sizeof(*t->classes), compare_classes);
        for (size_t i = 0; i < n; i++)
                if (i == 0 || !guid_equal(&t->classes[i], &t->classes[t->n_classes - 1]))
                        t->classes[t->n_classes++] = t->classes[i];
        return 0;
}

typedef bool device_test(const struct guest *g, const struct device *d);

static bool any_of_class(const struct guest *g, const struct guid *class, device_test *test) {
        for (size_t i = 0; i < g->n_devices; i++)
                if (guid_equal(&g->devices[i].class, class) && test(g, &g->devices[i]))
                        return true;
        return false;
}

static bool any(const struct guest *g, device_test *test) {
        for (size_t i = 0; i < g->n_devices; i++)
                if (test(g, &g->devices[i]))
                        return true;
        return false;
}

/* "network", or one of a list: ["network", "scsi"] */
static void write_classes(const struct draft *t, device_test *test) {
        size_t n = 0, written = 0;

        for (size_t i = 0; i < t->n_classes; i++)
                n += any_of_class(t->g, &t->classes[i], test);
        fputs(n == 1 ? "" : "[", t->f);
        for (size_t i = 0; i < t->n_classes; i++) {
                const struct vmbus_class *known = vmbus_class_by_guid(&t->classes[i]);
                char guid[GUID_TEXT_SIZE];

                if (!any_of_class(t->g, &t->classes[i], test))
                        continue;
                guid_format(&t->classes[i], guid);
                fprintf(t->f, "%s\"%s\"", written++ > 0 ? ", " : "", known ? known->name : guid);
        }
        fputs(n == 1 ? "" : "]", t->f);
}

/* "network 000d3af4-9d3b-000d-3af4-9d3b000d3af4: ring confidential (kernel-probe)" */
static void write_device(const struct draft *t, const struct device *d) {
        char class[GUID_TEXT_SIZE];

        fprintf(t->f, "%s %s: ring %s (%s)", d->hvsock ? "hv_sock" : device_class_name(d, class),
                d->instance_text, confidentiality_to_string(d->ring), fact_source_to_string(d->source));
}

/* The devices that a rule is there for. */
static void write_reasons(const struct draft *t, const char *why, device_test *test) {
        if (!t->e)
                return;
        fprintf(t->f, "    // %s\n", why);
        for (size_t i = 0; i < t->g->n_devices; i++) {
                if (!test(t->g, &t->g->devices[i]))
                        continue;
                fputs("    // - ", t->f);
                write_device(t, &t->g->devices[i]);
                fputc('\n', t->f);
        }
}

static void write_confidential(const struct draft *t) {
        write_reasons(t, "What only the guest and its paravisor can read:", is_held_to_rings);
        fputs("    {\n      \"id\": \"" RULE_CONFIDENTIAL "\",\n      \"match\": { \"class\": ", t->f);
        write_classes(t, is_held_to_rings);
        fputs(" },\n      \"require\": { \"ring\": \"confidential\" },\n      \"on-violation\": \"block\",\n"
              "      \"reason\": \"its contents must not cross memory that the host can read\"\n    },\n",
                t->f);
}

static void write_control(const struct draft *t) {
        write_reasons(t, "Readable for the host, but without data of the guest:", is_let_pass);
        fputs("    {\n      \"id\": \"" RULE_CONTROL "\",\n      \"match\": { \"class\": ", t->f);
        write_classes(t, is_let_pass);
        fputs(" },\n      \"action\": \"allow\",\n"
              "      \"reason\": \"it carries no data of the guest\"\n    },\n",
                t->f);
}

static bool is_hvsock(const struct guest *g, const struct device *d) {
        return d->hvsock && device_complies(d);
}

static void write_hvsock(const struct draft *t) {
        write_reasons(t,
                any(t->g, is_hvsock) ? "hv_sock connections cannot be blocked, so plain ones are reported. "
                                       "Confidential ones are:"
                                     : "hv_sock connections cannot be blocked, so plain ones are reported.",
                is_hvsock);
        fputs("    {\n      \"id\": \"" RULE_HVSOCK "\",\n      \"match\": { \"hvsock\": true },\n"
              "      \"require\": { \"ring\": \"confidential\" },\n      \"on-violation\": \"audit\",\n"
              "      \"reason\": \"what is said over it crosses memory that the host can read\"\n    }\n",
                t->f);
}

/* What isolates the guest is part of what it is: another finding is another guest. */
static void write_expectations(const struct draft *t) {
        enum tristate paravisor = isolation_paravisor(&t->g->isolation);
        enum isolation_type type = t->g->isolation.type;
        const char *name = isolation_type_to_string(type);

        if (t->e && type == ISOLATION_UNKNOWN)
                fputs("  // How this guest is isolated could not be told: until it can be, its state is "
                      "\"failed\".\n",
                        t->f);
        else if (t->e && type == ISOLATION_NONE)
                fputs("  // This guest is not isolated: the host can read all of its memory, whatever the "
                      "channels are.\n",
                        t->f);
        else if (t->e)
                fprintf(t->f,
                        "  // As found (source: %s). Of any other guest the state is \"failed\", and the "
                        "rules apply.\n",
                        isolation_source_to_string(t->g->isolation.source));
        if (type == ISOLATION_UNKNOWN)
                fputs("  \"expect\": { \"isolation\": [\"vbs\", \"snp\", \"tdx\", \"cca\"]", t->f);
        else
                fprintf(t->f, "  \"expect\": { \"isolation\": \"%s\"", name);
        if (paravisor != TRISTATE_UNKNOWN)
                fprintf(t->f, ", \"paravisor\": %s", paravisor == TRISTATE_YES ? "true" : "false");
        fputs(" },\n", t->f);
}

/* What the first draft makes of a device that does not comply. */
static void write_fate(const struct draft *t, const struct decision *d) {
        if (d->protected && !d->dependent)
                fputs("; it stays, because what depends on it is not known, and is a violation", t->f);
        else if (d->protected)
                fprintf(t->f, "; it stays, because a %s depends on it, and is a violation",
                        dependent_kind_to_string(d->dependent->kind));
        else if (d->action == ACTION_BLOCK)
                fprintf(t->f, "; blocked by %s", decision_rule_text(d));
        else
                fprintf(t->f, "; reported by %s", decision_rule_text(d));
}

static void write_left_out(const struct draft *t) {
        size_t n = 0;

        if (!t->e)
                return;
        for (size_t i = 0; i < t->g->n_devices; i++) {
                const struct device *d = &t->g->devices[i];

                if (device_complies(d))
                        continue;
                if (n++ == 0)
                        fputs("  // Left out, because it does not comply:\n", t->f);
                fputs("  // - ", t->f);
                write_device(t, d);
                if (is_passthrough(d) && d->ring == CONFIDENTIALITY_CONFIDENTIAL)
                        fputs(", which says nothing of the DMA of what is behind it", t->f);
                write_fate(t, &t->e->decisions[i]);
                fputc('\n', t->f);
        }
        if (n == 0)
                fputs("  // Nothing had to be left out. This is for what comes later:\n", t->f);
}

static void write_policy(const struct draft *t) {
        fputs(t->e ? introduction : "", t->f);
        fputs("{\n  \"version\": 1,\n  \"mode\": \"enforce\",\n", t->f);
        write_expectations(t);
        fputs(t->e ? "  // What cannot be told of a channel is held against it.\n" : "", t->f);
        fputs("  \"unknown\": \"violation\",\n", t->f);
        fputs(t->e ? "  // What the system stands on is not unbound, but reported.\n" : "", t->f);
        fputs("  \"protect\": [\"root\", \"usr\", \"boot\", \"swap\"],\n  \"rules\": [\n", t->f);
        if (any(t->g, is_held_to_rings))
                write_confidential(t);
        if (any(t->g, is_let_pass))
                write_control(t);
        write_hvsock(t);
        fputs("  ],\n", t->f);
        write_left_out(t);
        fputs("  \"default\": { \"action\": \"block\" }\n}\n", t->f);
}

static int write_draft(struct draft *t, const struct evaluation *e, char **ret) {
        _cleanup_(fclosep) FILE *f = NULL;
        char *text = NULL;
        size_t size;
        bool bad;

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        t->f = f;
        t->e = e;
        write_policy(t);
        bad = ferror(f);
        f = NULL;
        if (fclose(t->f) != 0 || bad) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}

/* What the first draft comes to on the guest that it was made from. */
static int evaluate_draft(const struct draft *t, const char *text, struct policy **ret_policy,
        struct evaluation **ret) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        const struct evaluation_options how = {};
        int r = policy_parse("generated", text, strlen(text), ret_policy, &problems, NULL);

        return r < 0 ? r : policy_evaluate(*ret_policy, t->g, &how, ret);
}

int policy_generate(const struct guest *g, char **ret) {
        _cleanup_(evaluation_freep) struct evaluation *e = NULL;
        _cleanup_(freep) struct guid *classes = NULL;
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(freep) char *bare = NULL;
        struct draft t = { .g = g };
        int r = collect_classes(&t);

        classes = t.classes;
        if (r == 0)
                r = write_draft(&t, NULL, &bare);
        if (r == 0)
                r = evaluate_draft(&t, bare, &p, &e);
        return r < 0 ? r : write_draft(&t, e, ret);
}
