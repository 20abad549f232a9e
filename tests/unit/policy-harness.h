/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of lib/policy share: policies from text, guests from recordings or from a few words. */
#include "tests/unit/fixture.h"

#include "lib/policy/evaluation.h"
#include "lib/policy/policy-file.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A policy that must be without errors; the test fails and tells them otherwise. */
static inline struct policy *policy_of(const char *text) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct policy *p = NULL;
        struct diag d = {};

        if (policy_parse("test.json", text, strlen(text), &p, &problems, &d) < 0)
                fail_msg("%s: %s", text, d.text);
        return p;
}

/* The same of rules alone, in enforce mode, where the default allows. */
static inline struct policy *policy_of_rules(const char *rules) {
        _cleanup_(freep) char *text = NULL;

        assert_true(asprintf(&text,
                            "{\"version\":1,\"mode\":\"enforce\",\"protect\":[],\"rules\":[%s],"
                            "\"default\":{\"action\":\"allow\"}}",
                            rules) > 0);
        return policy_of(text);
}

/* A device of a known class with one channel, bound to its driver; owns nothing. */
static inline struct device device_of(const char *class, unsigned number, struct channel *channel,
        enum confidentiality ring) {
        const struct vmbus_class *known = vmbus_class_by_name(class);
        struct device d = { .relid = number, .vendor = 0x1414, .device = 0x3, .ring = ring };

        assert_non_null(known);
        *channel = (struct channel){ .relid = number, .ring = ring, .source = FACT_SOURCE_KERNEL_PROBE };
        d.class = known->guid;
        d.known = known;
        d.candidate = known->drivers[0];
        d.driver = (char *)known->drivers[0];
        d.instance = known->guid;
        d.instance.bytes[15] = (uint8_t)number;
        guid_format(&d.instance, d.instance_text);
        d.channels = channel;
        d.n_channels = 1;
        d.source = FACT_SOURCE_KERNEL_PROBE;
        return d;
}

static inline struct guest guest_of_devices(struct device *devices, size_t n) {
        return (struct guest){
                .isolation = { .hyperv = true, .type = ISOLATION_SNP, .mode = ISOLATION_MODE_PARAVISOR },
                .devices = devices,
                .n_devices = n,
        };
}

static inline struct evaluation *evaluate(const struct policy *p, const struct guest *g) {
        const struct evaluation_options o = {};
        struct evaluation *e = NULL;

        assert_int_equal(policy_evaluate(p, g, &o, &e), 0);
        assert_int_equal(e->n, g->n_devices);
        return e;
}
