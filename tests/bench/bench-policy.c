/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long judging takes: every channel a device of its own, every rule looked at for every device, since
 * none matches. Promised are 50 ms for 4,096 channels and 1,000 rules, and growth in proportion to both.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/policy/evaluation.h"
#include "lib/policy/policy-file.h"
#include "tests/bench/measure.h"

#define SIZES 4
#define ROUNDS 9
#define PROMISED_MS 50.0
#define SLACK 1.25 /* over proportional growth between neighbouring sizes: caches are not linear */

static const size_t channels[SIZES] = { 512, 1024, 2048, 4096 };
static const size_t rules[SIZES] = { 125, 250, 500, 1000 };

/* Each kind of match in turn; none fits the devices below. */
static void write_match(FILE *f, size_t i) {
        switch (i % 6) {
        case 0:
                fprintf(f, "{\"class\":[\"video\",\"keyboard\",\"mouse\",\"balloon\"]}");
                break;
        case 1:
                fprintf(f, "{\"class\":\"%08zx-0000-1111-2222-333344445555\"}", i);
                break;
        case 2:
                fprintf(f, "{\"instance\":[\"%08zx-*\",\"*-%012zx\"]}", i, i);
                break;
        case 3:
                fprintf(f, "{\"driver\":\"uio_*\",\"vendor\":[\"0x1414\",\"0x1415\"]}");
                break;
        case 4:
                fprintf(f,
                        "{\"isolation\":[\"snp\",\"tdx\"],\"paravisor\":true,\"device\":[\"0x77\",\"0x78\"]"
                        "}");
                break;
        default:
                fprintf(f,
                        "{\"kernel-allowed\":true,\"not\":{\"class\":[\"network\",\"scsi\",\"timesync\"]}}");
                break;
        }
}

static struct policy *make_policy(size_t n) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(freep) char *text = NULL;
        struct policy *p = NULL;
        struct diag d = {};
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                abort();
        fputs("{\"version\":1,\"rules\":[", f);
        for (size_t i = 0; i < n; i++) {
                fprintf(f, "%s{\"id\":\"r%zu\",\"match\":", i > 0 ? "," : "", i);
                write_match(f, i);
                fputs(",\"action\":\"block\"}", f);
        }
        fputs("]}", f);
        fclose(f);
        if (policy_parse("bench", text, size, &p, &problems, &d) < 0) {
                fprintf(stderr, "%s\n", d.text);
                abort();
        }
        return p;
}

static void make_device(struct device *d, struct channel *c, size_t i) {
        static const char *const names[] = { "network", "scsi", "timesync" };
        const struct vmbus_class *known = vmbus_class_by_name(names[i % 3]);

        *c = (struct channel){ .relid = (uint32_t)i, .ring = CONFIDENTIALITY_PLAIN };
        *d = (struct device){ .class = known->guid,
                .known = known,
                .relid = (uint32_t)i,
                .vendor = 0x1414,
                .device = 3 };
        memcpy(&d->instance.bytes[12], &(uint32_t){ (uint32_t)i }, sizeof(uint32_t));
        d->instance.bytes[0] = 0xff;
        guid_format(&d->instance, d->instance_text);
        d->candidate = known->drivers[0];
        d->channels = c;
        d->n_channels = 1;
        d->ring = CONFIDENTIALITY_PLAIN;
}

/* The median of some rounds. */
static double measure(const struct policy *p, const struct guest *g) {
        const struct evaluation_options o = {};
        double times[ROUNDS];

        for (size_t i = 0; i < ROUNDS; i++) {
                _cleanup_(evaluation_freep) struct evaluation *e = NULL;
                double start = now_ms();

                if (policy_evaluate(p, g, &o, &e) < 0)
                        abort();
                times[i] = now_ms() - start;
                for (size_t j = 0; j < e->n; j++)
                        if (e->decisions[j].origin != DECIDED_BY_DEFAULT)
                                abort(); /* a rule matched: then not all were looked at */
        }
        return median(times, ROUNDS);
}

/* Whether doubling a size at most doubles the time. */
static bool is_linear(const double times[SIZES][SIZES]) {
        bool linear = true;

        for (size_t r = 0; r < SIZES; r++)
                for (size_t c = 0; c < SIZES; c++)
                        linear = linear && (r == 0 || times[r][c] <= 2 * SLACK * times[r - 1][c]) &&
                                (c == 0 || times[r][c] <= 2 * SLACK * times[r][c - 1]);
        return linear;
}

int main(void) {
        _cleanup_(freep) struct device *devices = calloc(channels[SIZES - 1], sizeof(*devices));
        _cleanup_(freep) struct channel *all = calloc(channels[SIZES - 1], sizeof(*all));
        double times[SIZES][SIZES], most;
        bool linear;

        if (!devices || !all)
                return 1;
        for (size_t i = 0; i < channels[SIZES - 1]; i++)
                make_device(&devices[i], &all[i], i);
        printf("milliseconds of processor time, median of %d\n%14s", ROUNDS, "rules");
        for (size_t c = 0; c < SIZES; c++)
                printf("%6zu channels", channels[c]);
        printf("\n");
        for (size_t r = 0; r < SIZES; r++) {
                _cleanup_(policy_freep) struct policy *p = make_policy(rules[r]);

                printf("%14zu", rules[r]);
                for (size_t c = 0; c < SIZES; c++) {
                        struct guest g = {
                                .isolation = { .hyperv = true,
                                        .type = ISOLATION_SNP,
                                        .mode = ISOLATION_MODE_PARAVISOR },
                                .devices = devices,
                                .n_devices = channels[c],
                        };

                        times[r][c] = measure(p, &g);
                        printf("%15.2f", times[r][c]);
                }
                printf("\n");
        }
        most = times[SIZES - 1][SIZES - 1];
        linear = is_linear(times);
        printf("%zu channels against %zu rules: %.1f ms, promised %.0f: %s\n", channels[SIZES - 1],
                rules[SIZES - 1], most, PROMISED_MS, most <= PROMISED_MS ? "kept" : "BROKEN");
        printf("doubling a size takes at most %.2g times as long: %s\n", 2 * SLACK, linear ? "yes" : "NO");
        return most <= PROMISED_MS && linear ? 0 : 1;
}
