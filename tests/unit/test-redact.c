/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Redacting: nothing of the machine is left, everything else is, and the facts stay the same. */
#include "tests/unit/fixture.h"

#include "lib/facts/snapshot-redact.h"

static struct snapshot *redacted(const struct snapshot *s) {
        struct snapshot *copy = NULL;
        struct diag d = {};

        if (snapshot_redact(s, &copy, &d) < 0)
                fail_msg("%s", d.text);
        return copy;
}

static char *text_of(const struct snapshot *s) {
        char *text;
        size_t n;

        assert_int_equal(snapshot_format(s, &text, &n), 0);
        return text;
}

static void assert_same_facts(const struct guest *a, const struct guest *b) {
        assert_int_equal(a->isolation.type, b->isolation.type);
        assert_int_equal(a->isolation.problems, b->isolation.problems);
        assert_int_equal(a->n_warnings, b->n_warnings);
        assert_int_equal(a->n_devices, b->n_devices);
        for (size_t i = 0; i < a->n_devices; i++) {
                const struct device *x = &a->devices[i], *y = &b->devices[i];

                assert_string_not_equal(x->instance_text, y->instance_text);
                assert_true(guid_equal(&x->class, &y->class));
                assert_int_equal(x->relid, y->relid);
                assert_int_equal(x->ring, y->ring);
                assert_int_equal(x->dma, y->dma);
                assert_int_equal(x->source, y->source);
                assert_int_equal(x->n_channels, y->n_channels);
                assert_null(y->problem);
                assert_int_equal(x->n_dependents, y->n_dependents);
                for (size_t j = 0; j < x->n_dependents; j++) {
                        assert_int_equal(x->dependents[j].kind, y->dependents[j].kind);
                        assert_string_equal(x->dependents[j].name, y->dependents[j].name);
                }
        }
}

static void facts_stay_and_names_go(void **state) {
        for (size_t i = 0; i < N_FIXTURES; i++) {
                _cleanup_(snapshot_freep) struct snapshot *s = fixture_load(fixture_names[i]),
                                                          *copy = redacted(s);
                _cleanup_(guest_freep) struct guest *before = NULL, *after = NULL;
                _cleanup_(freep) char *text = text_of(copy);

                assert_int_equal(guest_eval(s, &before), 0);
                assert_int_equal(guest_eval(copy, &after), 0);
                assert_same_facts(before, after);
                assert_null(strstr(text, fixture_names[i])); /* which is the host's name */
                for (size_t j = 0; j < before->n_devices; j++)
                        assert_null(strstr(text, before->devices[j].instance_text));
        }
}

static void redacting_again_changes_nothing(void **state) {
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load("snp-openhcl"), *once = redacted(s),
                                                  *twice = redacted(once);
        _cleanup_(freep) char *a = text_of(once), *b = text_of(twice);

        assert_string_equal(a, b);
}

#define SERVICE "00000400-facb-11e6-bd58-64006a7986d3"

static void each_name_is_replaced_where_it_stands(void **state) {
        static const char text[] =
                "cvmd-snapshot 1\n"
                "kmsg \"hv_vmbus: Vmbus version:6.0\"\n"
                "mount 0:40 /mnt btrfs /dev/SECRET/home\n"
                "mount 0:41 /opt btrfs /dev/mapper/SECRET\n"
                "mount 8:1 / ext4\n"
                "mount 8:2 /srv/secret-project xfs\n"
                "mount 254:0 /home ext4 /dev/mapper/web7-home\n"
                "swap /srv/secret-project/swap\n"
                "swap /dev/sda3\n"
                "netlink-link 2 eth0 00:0d:3a:f4:9d:3b up vf-of=none\n"
                "file proc/cmdline 0444 \"root=UUID=11DC2C3B-6ed7-4cc4-b8a5-6ad3bd9b2f6a "
                "ip=10.0.0.4::web7 quiet "
                "swiotlb=force secret=x SECRET\\n\"\n"
                "file proc/sys/kernel/hostname 0644 \"web7.example.org\\n\"\n"
                "file sys/devices/a/address 0444 \"00:0D:3A:F4:9D:3B\\n\"\n"
                "file sys/devices/a/class_id 0444 \"{" SERVICE "}\\n\"\n"
                "file sys/devices/a/ips 0444 \"10.0.0.4, [fd00::4]:443 10.0.0.4. 127.0.0.1 "
                "::1 6.0\\n\"\n"
                "file sys/devices/a/other 0444 \"" SERVICE
                " web7 11dc2c3b-6ed7-4cc4-b8a5-6ad3bd9b2f6a\\n\"\n"
                "file sys/devices/virtual/block/dm-0/dm/name 0444 \"web7-home\\n\"\n"
                "file sys/devices/virtual/block/loop0/loop/backing_file 0444 "
                "\"/srv/secret-project/disk\\n\"\n"
                "end\n";
        static const char *const there[] = {
                "mount 8:2 /mount4 xfs\n",
                "mount 254:0 /home ext4 /dev/mapper/map1\n",
                "mount 0:40 /mnt btrfs /dev/folder/node",
                "mount 0:41 /opt btrfs /dev/mapper/map",
                "dm/name 0444 \"map1\\n\"",
                "file sys/devices/a/ips 0444 \"198.18.0.1, [2001:db8::0:2]:443 198.18.0.1. 127.0.0.1 ::1 "
                "6.0\\n\"",
                "swap /mount4/file",
                "swap /dev/sda3\n",
                "eth0 02:00:00:00:00:01 up",
                "ip=redacted quiet swiotlb=force secret=redacted redacted\\n\"",
                "root=UUID=00010000-CAFE-4000-A000-000000000000 ",
                "hostname 0644 \"host\\n\"",
                "address 0444 \"02:00:00:00:00:01\\n\"",
                "class_id 0444 \"{" SERVICE "}\\n\"",
                "other 0444 \"" SERVICE " web7 00010000-cafe-4000-a000-000000000000\\n\"",
                "backing_file 0444 \"/mount4/file",
        };
        static const char *const gone[] = { "secret-project", "0d:3a", "0D:3A", "11dc2c3b", "11DC2C3B",
                "10.0.0.4", "fd00", "SECRET" };
        _cleanup_(snapshot_freep) struct snapshot *s = snapshot_of_text("text", text, strlen(text)),
                                                  *copy = redacted(s);
        _cleanup_(freep) char *out = text_of(copy);

        for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
                if (!strstr(out, there[i]))
                        fail_msg("\"%s\" is not in\n%s", there[i], out);
        for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
                if (strstr(out, gone[i]))
                        fail_msg("\"%s\" is still in\n%s", gone[i], out);
}

/* A policy that goes along with a snapshot names the same devices by the same stand-ins. */
static void texts_go_along(void **state) {
        static const char policy[] = "\"instance\": [\"000d3af4-9d3b-000d-3af4-9d3b000d3af4\", "
                                     "\"ffffffff-9d3b-000d-3af4-9d3b000d3af4\"], "
                                     "\"class\": \"f8615163-df3e-46c5-913f-f2d2f965ed0e\"";
        _cleanup_(snapshot_freep) struct snapshot *s = fixture_load("snp-openhcl"), *copy = NULL;
        _cleanup_(redaction_freep) struct redaction *r = NULL;
        _cleanup_(freep) char *out = NULL;
        _cleanup_(guest_freep) struct guest *g = NULL;

        assert_int_equal(redaction_new(&r), 0);
        assert_int_equal(snapshot_redact_learn(s, r), 0);
        assert_int_equal(redaction_learn(r, policy, strlen(policy)), 0);
        redaction_settle(r);
        assert_int_equal(snapshot_redact_apply(s, r, &copy, NULL), 0);
        assert_int_equal(redaction_apply(r, REDACTION_TEXT, policy, strlen(policy), &out, NULL), 0);
        assert_int_equal(guest_eval(copy, &g), 0);
        /* the second of the two networks: stand-ins keep the order */
        assert_int_equal(g->devices[1].relid, 7);
        assert_non_null(strstr(out, g->devices[1].instance_text));
        assert_non_null(strstr(out, "f8615163-df3e-46c5-913f-f2d2f965ed0e"));
        assert_null(strstr(out, "ffffffff"));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_stay_and_names_go),
        cmocka_unit_test(redacting_again_changes_nothing),
        cmocka_unit_test(each_name_is_replaced_where_it_stands),
        cmocka_unit_test(texts_go_along),
};

RUN(tests)
