/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random policies against random guests: every decision as a naive reading of the model has it, whatever the
 * order of devices; the digest the same for the same policy written differently, and another for every
 * other.
 *
 *     test-policy-property [SEEDS [FIRST]]
 */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/policy-harness.h"
#include "tests/unit/random-policy.h"

#define DEVICES_MAX 6
#define CHANNELS_MAX 3
#define BUS "sys/devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/"
#define INTEL "cpuid 0x00000000 0 00000010 756e6547 6c65746e 49656e69\n"
#define AMD "cpuid 0x00000000 0 00000010 68747541 444d4163 69746e65\n"
#define HYPERV                                                     \
        "cpuid 0x00000001 0 00a00f11 00040800 fed83203 178bfbff\n" \
        "cpuid 0x40000000 0 4000000c 7263694d 666f736f 76482074\n" \
        "cpuid 0x40000001 0 31237648 00000000 00000000 00000000\n"
#define ISOLATED "cpuid 0x40000003 0 00002e7f 00400030 00000002 00be07b2\n"
#define PARAVISOR                                                  \
        "cpuid 0x40000080 0 40000082 7263694d 666f736f 53562074\n" \
        "cpuid 0x40000081 0 31235356 00000000 00000000 00000000\n" \
        "cpuid 0x40000082 0 00000008 00000000 00000000 00000000\n" \
        "connection version=6.0 confidential=yes kernel-support=yes\n"

static unsigned first_seed = 1, n_seeds = 1500, last_seed;

/* What the reference knows of classes, by hand. */
static const struct kind {
        const char *class, *driver;
        bool kernel_allowed, hvsock;
} kinds[] = {
        { "f8615163-df3e-46c5-913f-f2d2f965ed0e", "hv_netvsc", true, false },
        { "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", "hv_storvsc", true, false },
        { "44c4f61d-4444-4400-9d52-802e27ede19f", "hv_pci", true, false },
        { "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6", "hv_utils", false, false },
        { "00000000-aaaa-bbbb-cccc-ddddeeeeffff", NULL, false, false },
        { "00000000-aaaa-bbbb-cccc-ddddeeeeffff", NULL, true, true },
};

static const struct place {
        const char *isolation, *cpuid;
        bool paravisor;
} places[] = {
        { "snp", AMD HYPERV ISOLATED "cpuid 0x4000000c 0 00000001 00000ba2 00000000 00000000\n" PARAVISOR,
                true },
        { "tdx", INTEL HYPERV ISOLATED "cpuid 0x4000000c 0 00000001 00000bc3 00000000 00000000\n" PARAVISOR,
                true },
        { "snp", AMD HYPERV ISOLATED "cpuid 0x4000000c 0 00000000 00000002 00000000 00000000\n", false },
        { "none", AMD HYPERV "cpuid 0x40000003 0 00002e7f 00000030 00000002 00be07b2\n", false },
};

static const char *const mount_points[] = { "/", "/usr", "/boot", "/boot/efi", "/srv", "/srv/data" };

enum flag_seen { SEEN_NO, SEEN_YES, SEEN_NOTHING, _SEEN_MAX };

struct model_device {
        const struct kind *kind;
        char instance[GUID_TEXT_SIZE];
        const char *vendor, *device;
        enum flag_seen rings[CHANNELS_MAX], dmas[CHANNELS_MAX];
        unsigned n_channels;
        bool mounts[N_ROWS(mount_points)];
};

struct model_guest {
        const struct place *place;
        struct model_device devices[DEVICES_MAX];
        unsigned n_devices;
};

/* There is no confidential DMA behind a plain ring, and what is a connection is known from the channel. */
static void roll_channel(struct dice *d, struct model_device *m, unsigned c) {
        m->rings[c] = dice_roll(d, 4) ? SEEN_YES : (enum flag_seen)dice_roll(d, _SEEN_MAX);
        if (m->kind->hvsock && m->rings[c] == SEEN_NOTHING)
                m->rings[c] = SEEN_NO;
        m->dmas[c] = m->rings[c] == SEEN_YES && dice_roll(d, 2) ? SEEN_NO : m->rings[c];
}

static struct model_guest model_guest_roll(struct dice *d) {
        struct model_guest g = { .place = &places[dice_roll(d, N_ROWS(places))],
                .n_devices = dice_roll(d, DEVICES_MAX + 1) };

        for (unsigned i = 0; i < g.n_devices; i++) {
                struct model_device *m = &g.devices[i];

                m->kind = &kinds[dice_roll(d, N_ROWS(kinds))];
                snprintf(m->instance, sizeof(m->instance), "000000%s-%04x-1111-2222-333344445555",
                        (const char *[]){ "00", "a1", "bb" }[dice_roll(d, 3)], i);
                m->vendor = dice_roll(d, 2) ? "0x1414" : "0x1";
                m->device = (const char *[]){ "0x1", "0xa", "0x3" }[dice_roll(d, 3)];
                m->n_channels = 1 + dice_roll(d, CHANNELS_MAX);
                for (unsigned c = 0; c < m->n_channels; c++)
                        roll_channel(d, m, c);
        }
        for (unsigned i = 0; g.n_devices > 0 && i < N_ROWS(mount_points); i++)
                if (dice_roll(d, 2))
                        g.devices[dice_roll(d, g.n_devices)].mounts[i] = true;
        return g;
}

static void write_channel(FILE *f, const struct model_device *m, unsigned relid, unsigned sub) {
        bool ring = m->rings[sub] == SEEN_YES, dma = m->dmas[sub] == SEEN_YES;

        fprintf(f, "file " BUS "%s/channels/%u/subchannel_id 0444 \"%u\\n\"\n", m->instance, relid, sub);
        if (m->rings[sub] != SEEN_NOTHING)
                fprintf(f, "channel %u flags=0x%x ring=%u dma=%u source=kernel-probe\n", relid,
                        (ring ? 2u : 0) | (dma ? 4u : 0) | (m->kind->hvsock ? 0x2000u : 0), ring, dma);
}

static struct guest *model_guest_record(const struct model_guest *g) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        fputs(g->place->cpuid, f);
        for (unsigned i = 0; i < g->n_devices; i++) {
                const struct model_device *m = &g->devices[i];

                fprintf(f,
                        "symlink sys/bus/vmbus/devices/%s "
                        "../../../devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/%s\n",
                        m->instance, m->instance);
                fprintf(f,
                        "file " BUS "%s/class_id 0444 \"{%s}\\n\"\nfile " BUS
                        "%s/device_id 0444 \"{%s}\\n\"\n"
                        "file " BUS "%s/id 0444 \"%u\\n\"\nfile " BUS "%s/vendor 0444 \"%s\\n\"\n"
                        "file " BUS "%s/device 0444 \"%s\\n\"\n",
                        m->instance, m->kind->class, m->instance, m->instance, m->instance, 10 + 10 * i,
                        m->instance, m->vendor, m->instance, m->device);
                for (unsigned c = 0; c < m->n_channels; c++)
                        write_channel(f, m, 10 + 10 * i + c, c);
                for (unsigned p = 0; p < N_ROWS(mount_points); p++)
                        if (m->mounts[p])
                                fprintf(f,
                                        "symlink sys/dev/block/8:%u "
                                        "../../devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/%s/block/sd%c\n"
                                        "mount 8:%u %s ext4\n",
                                        p, m->instance, 'a' + (char)p, p, mount_points[p]);
        }
        assert_int_equal(fclose(f), 0);
        return guest_of_lines(text);
}

/* Every character by itself; sets of single characters and ranges. */
static bool fits(const char *pattern, const char *text) {
        const char *end, *at;
        bool out, found = false;

        if (!*pattern)
                return !*text;
        if (*pattern == '*')
                return fits(pattern + 1, text) || (*text && fits(pattern, text + 1));
        if (*pattern != '[')
                return *text && (*pattern == '?' || *pattern == *text) && fits(pattern + 1, text + 1);
        end = strchr(pattern, ']');
        out = pattern[1] == '!';
        for (at = pattern + 1 + out; at < end; at++)
                if (at[1] == '-' && at + 2 < end) {
                        found = found || (*text >= at[0] && *text <= at[2]);
                        at += 2;
                } else
                        found = found || *text == *at;
        return *text && found != out && fits(end + 1, text + 1);
}

static bool one_fits(const struct model_words *w, const char *text) {
        for (unsigned i = 0; text && i < w->n; i++)
                if (fits(w->words[i]->canonical, text))
                        return true;
        return w->n == 0;
}

static bool answers(enum model_answer asked, bool is) {
        return asked == MODEL_ABSENT || (asked == MODEL_TRUE) == is;
}

static bool group_matches(const struct model_group *g, const struct place *place,
        const struct model_device *m) {
        return one_fits(&g->words[MODEL_CLASS], m->kind->class) &&
                one_fits(&g->words[MODEL_INSTANCE], m->instance) &&
                one_fits(&g->words[MODEL_DRIVER], m->kind->driver) &&
                one_fits(&g->words[MODEL_VENDOR], m->vendor) &&
                one_fits(&g->words[MODEL_DEVICE], m->device) &&
                one_fits(&g->words[MODEL_ISOLATION], place->isolation) &&
                answers(g->flags[MODEL_KERNEL_ALLOWED], m->kind->kernel_allowed) &&
                answers(g->flags[MODEL_PARAVISOR], place->paravisor);
}

static bool rule_matches(const struct model_rule *r, const struct place *place,
        const struct model_device *m) {
        if ((r->match.flags[MODEL_HVSOCK] == MODEL_TRUE) != m->kind->hvsock)
                return false;
        return group_matches(&r->match, place, m) &&
                !(r->has_negated && group_matches(&r->negated, place, m));
}

/* Of all channels. Where no confidential VMBus was negotiated, a bit that is set says nothing. */
static bool all_met(const struct model_policy *p, const struct place *place, const enum flag_seen *seen,
        unsigned n) {
        bool lenient = p->unknown && strcmp(p->unknown, "pass") == 0, all = true;

        for (unsigned i = 0; i < n; i++)
                all = all && ((seen[i] == SEEN_YES && place->paravisor) || (seen[i] != SEEN_NO && lenient));
        return all;
}

/* What is expected of one device, before anything is protected. */
struct expected {
        const char *action;
        const struct model_rule *rule; /* NULL: none */
};

static struct expected expect_of(const struct model_policy *p, const struct model_guest *g,
        const struct model_device *m) {
        bool expects = p->expect_isolation.n > 0 || p->expect_paravisor != MODEL_ABSENT;

        if (strcmp(g->place->isolation, "none") == 0 && !expects)
                return (struct expected){ "allow", NULL };
        for (unsigned i = 0; i < p->n_rules; i++) {
                const struct model_rule *r = &p->rules[i];

                if (!rule_matches(r, g->place, m))
                        continue;
                if ((r->ring || r->dma) && (!r->ring || all_met(p, g->place, m->rings, m->n_channels)) &&
                        (!r->dma || all_met(p, g->place, m->dmas, m->n_channels)))
                        return (struct expected){ "allow", r };
                return (struct expected){ r->action, r };
        }
        return (struct expected){ m->kind->hvsock ? "allow" : p->fallback ?: "block", NULL };
}

/* Which device the path is on: the one with the closest mount; NULL: none. */
static const struct model_device *device_of_path(const struct model_guest *g, const char *path) {
        const struct model_device *best = NULL;
        size_t longest = 0;

        for (unsigned i = 0; i < g->n_devices; i++)
                for (unsigned j = 0; j < N_ROWS(mount_points); j++) {
                        size_t n = strlen(mount_points[j]);
                        bool holds = n == 1 ||
                                (strncmp(path, mount_points[j], n) == 0 && (!path[n] || path[n] == '/'));

                        if (g->devices[i].mounts[j] && holds && n > longest) {
                                best = &g->devices[i];
                                longest = n;
                        }
                }
        return best;
}

static bool protects_device(const char *word, const struct model_guest *g, const struct model_device *m) {
        bool any = false;

        for (unsigned i = 0; i < N_ROWS(mount_points); i++)
                any = any || m->mounts[i];
        if (strcmp(word, "mounted") == 0)
                return any;
        if (strcmp(word, "boot") == 0 && m->mounts[3]) /* /boot/efi, where that is a mount of its own */
                return true;
        if (strcmp(word, "swap") == 0)
                return false;
        return device_of_path(g,
                       strcmp(word, "root") == 0           ? "/"
                               : strcmp(word, "usr") == 0  ? "/usr"
                               : strcmp(word, "boot") == 0 ? "/boot"
                                                           : word) == m;
}

static bool is_protected(const struct model_policy *p, const struct model_guest *g,
        const struct model_device *m, const struct expected *e) {
        static const char *const usual[] = { "root", "usr", "boot", "swap" };
        bool by_rule = e->rule && e->rule->has_protect;
        const struct model_words *list = by_rule ? &e->rule->protect : &p->protect;
        bool is = false;

        if (strcmp(e->action, "block") != 0)
                return false;
        if (!by_rule && !p->has_protect) {
                for (unsigned i = 0; i < N_ROWS(usual); i++)
                        is = is || protects_device(usual[i], g, m);
                return is;
        }
        for (unsigned i = 0; i < list->n; i++)
                is = is || protects_device(list->words[i]->canonical, g, m);
        return is;
}

static void check_decision(const struct model_policy *p, const struct model_guest *g,
        const struct model_device *m, const struct decision *d) {
        struct expected wanted = expect_of(p, g, m);
        char id[16] = "";

        if (wanted.rule)
                snprintf(id, sizeof(id), "r%u", wanted.rule->id);
        if (strcmp(policy_action_to_string(d->action), wanted.action) != 0 ||
                strcmp(d->rule ? d->rule->id : "", id) != 0 ||
                d->protected != is_protected(p, g, m, &wanted))
                fail_msg("%s: %s by %s%s, wanted %s by %s", m->instance, policy_action_to_string(d->action),
                        d->rule ? d->rule->id : "(none)", d->protected ? ", protected" : "", wanted.action,
                        id);
        assert_int_equal(d->violates, strcmp(wanted.action, "allow") != 0);
        assert_non_null(d->reason);
}

static const struct model_device *find(const struct model_guest *g, const struct device *d) {
        for (unsigned i = 0; i < g->n_devices; i++)
                if (strcmp(g->devices[i].instance, d->instance_text) == 0)
                        return &g->devices[i];
        fail_msg("%s", d->instance_text);
        return NULL;
}

/* Turns the devices over in any order; nothing of them is looked up by their place. */
static void shuffle(struct dice *d, struct guest *g) {
        for (size_t i = g->n_devices; i > 1; i--) {
                size_t other = dice_roll(d, (unsigned)i);
                struct device kept = g->devices[i - 1];

                g->devices[i - 1] = g->devices[other];
                g->devices[other] = kept;
        }
}

static struct policy *read_model(struct dice *d, const struct model_policy *m) {
        _cleanup_(freep) char *text = model_policy_write(d, m);

        return policy_of(text);
}

static void check_seed(unsigned seed) {
        struct dice d = { .state = seed };
        struct model_policy model = model_policy_roll(&d);
        struct model_guest guest = model_guest_roll(&d);
        _cleanup_(policy_freep) struct policy *p = read_model(&d, &model);
        _cleanup_(guest_freep) struct guest *g = model_guest_record(&guest);

        assert_int_equal(g->n_devices, guest.n_devices);
        assert_string_equal(isolation_type_to_string(g->isolation.type), guest.place->isolation);
        for (unsigned turn = 0; turn < 3; turn++) {
                _cleanup_(evaluation_freep) struct evaluation *e = evaluate(p, g);

                for (size_t i = 0; i < e->n; i++)
                        check_decision(&model, &guest, find(&guest, &g->devices[i]), &e->decisions[i]);
                shuffle(&d, g);
        }
}

static void for_every_seed(void (*check)(unsigned seed)) {
        for (unsigned i = 0; i < n_seeds; i++) {
                last_seed = first_seed + i;
                check(last_seed);
        }
}

/* The seed that failed, if one did, so that it can be run alone. */
static int tell_last_seed(void **state) {
        print_message("# last seed: %u\n", last_seed);
        return 0;
}

static void decisions_are_as_a_naive_reading_has_them(void **state) {
        for_every_seed(check_seed);
}

static bool same_digest(const struct policy *p, const struct policy *q) {
        return memcmp(&p->digest, &q->digest, sizeof(p->digest)) == 0;
}

static void check_digest(unsigned seed) {
        struct dice d = { .state = seed };
        struct model_policy model = model_policy_roll(&d), other = model;
        _cleanup_(freep) char *enforced = model_policy_enforced(&model), *changed = NULL;
        _cleanup_(policy_freep) struct policy *p = read_model(&d, &model), *again = read_model(&d, &model),
                                              *q = NULL;

        assert_true(same_digest(p, again));
        model_policy_change(&d, &other);
        changed = model_policy_enforced(&other);
        q = read_model(&d, &other);
        if (same_digest(p, q) != (strcmp(enforced, changed) == 0))
                fail_msg("%s\nand\n%s", enforced, changed);
}

static void the_digest_is_of_what_is_enforced_and_of_nothing_else(void **state) {
        for_every_seed(check_digest);
}

/* Were the dice loaded, the properties would hold of nothing. */
static void the_random_ones_are_worth_it(void **state) {
        unsigned by_rule = 0, by_default = 0, protected = 0, met = 0, changed = 0;

        for (unsigned seed = 1; seed <= 500; seed++) {
                struct dice d = { .state = seed };
                struct model_policy p = model_policy_roll(&d), q = p;
                struct model_guest g = model_guest_roll(&d);
                _cleanup_(freep) char *before = model_policy_enforced(&p), *after = NULL;

                for (unsigned i = 0; i < g.n_devices; i++) {
                        struct expected e = expect_of(&p, &g, &g.devices[i]);

                        by_rule += e.rule != NULL;
                        by_default += !e.rule;
                        protected += is_protected(&p, &g, &g.devices[i], &e);
                        met += e.rule && (e.rule->ring || e.rule->dma) && strcmp(e.action, "allow") == 0;
                }
                model_policy_change(&d, &q);
                after = model_policy_enforced(&q);
                changed += strcmp(before, after) != 0;
        }
        assert_true(by_rule > 300 && by_default > 300 && protected > 50 && met > 30);
        assert_true(changed > 250 && changed < 490);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_random_ones_are_worth_it),
        cmocka_unit_test_teardown(decisions_are_as_a_naive_reading_has_them, tell_last_seed),
        cmocka_unit_test_teardown(the_digest_is_of_what_is_enforced_and_of_nothing_else, tell_last_seed),
};

int main(int argc, char **argv) {
        if (argc > 1)
                n_seeds = (unsigned)strtoul(argv[1], NULL, 10);
        if (argc > 2)
                first_seed = (unsigned)strtoul(argv[2], NULL, 10);
        return run_as_tap(tests, N_ROWS(tests), NULL, NULL);
}
