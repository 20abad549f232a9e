/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a snapshot means: the fixtures, and every way in which a channel or a device can be odd. */
#include "tests/unit/fixture.h"

#include <errno.h>

static void fixtures_say_what_they_are(void **state) {
        static const struct {
                const char *name, *type, *mode;
                unsigned version;
                enum tristate available;
                size_t devices, plain, warnings;
        } rows[] = {
                { "snp-openhcl", "snp", "paravisor", 6, TRISTATE_YES, 6, 1, 1 },
                { "snp-compliant", "snp", "paravisor", 6, TRISTATE_YES, 5, 0, 0 },
                { "tdx-openhcl", "tdx", "paravisor", 6, TRISTATE_YES, 5, 0, 0 },
                { "snp-root-plain", "snp", "paravisor", 6, TRISTATE_YES, 6, 1, 0 },
                { "snp-no-cvmbus", "snp", "paravisor", 5, TRISTATE_NO, 5, 5, 1 },
                { "hyperv-plain", "none", "unknown", 5, TRISTATE_NO, 12, 12, 0 },
                { "not-hyperv", "none", "unknown", 0, TRISTATE_NO, 0, 0, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(guest_freep) struct guest *g = fixture_guest(rows[i].name);
                size_t plain = 0;

                for (size_t j = 0; j < g->n_devices; j++) {
                        assert_null(g->devices[j].problem);
                        assert_int_not_equal(g->devices[j].ring, CONFIDENTIALITY_UNKNOWN);
                        if (g->devices[j].ring == CONFIDENTIALITY_PLAIN)
                                plain++;
                }
                assert_string_equal(isolation_type_to_string(g->isolation.type), rows[i].type);
                assert_string_equal(isolation_mode_to_string(g->isolation.mode), rows[i].mode);
                assert_int_equal(g->vmbus_major, rows[i].version);
                assert_int_equal(g->isolation.confidential_vmbus, rows[i].available);
                assert_int_equal(g->isolation.problems, 0);
                assert_int_equal(g->n_devices, rows[i].devices);
                assert_int_equal(plain, rows[i].plain);
                assert_int_equal(g->n_warnings, rows[i].warnings);
        }
}

#define LINK(instance) "symlink sys/bus/vmbus/devices/" instance " ../../../devices/" instance "\n"
#define ATTRIBUTE(instance, name, value) "file sys/devices/" instance "/" name " 0444 \"" value "\\n\"\n"
#define CLASS(instance, guid) ATTRIBUTE(instance, "class_id", "{" guid "}")
#define SELF(instance) ATTRIBUTE(instance, "device_id", "{" instance "}")
#define CHANNEL(instance, relid, sub) ATTRIBUTE(instance, "channels/" relid "/subchannel_id", sub)

#define A "a0000000-0000-4000-8000-000000000001"
#define B "b0000000-0000-4000-8000-000000000002"
#define NETWORK "f8615163-df3e-46c5-913f-f2d2f965ed0e"
#define SCSI "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f"

/* One network with the relid 7 and one channel; the lines before say what is known of it. */
#define DEVICE LINK(A) CLASS(A, NETWORK) SELF(A) ATTRIBUTE(A, "id", "7") CHANNEL(A, "7", "0")

#define ISOLATED                                                              \
        "cpuid 0 0 10 68747541 444d4163 69746e65\ncpuid 1 0 0 0 80000000 0\n" \
        "cpuid 40000000 0 4000000c 7263694d 666f736f 76482074\n"              \
        "cpuid 40000001 0 31237648 0 0 0\ncpuid 40000003 0 0 00400000 0 0\n"  \
        "cpuid 4000000c 0 1 ba2 0 0\n"
#define STACK(bits)                                              \
        "cpuid 40000080 0 40000082 7263694d 666f736f 53562074\n" \
        "cpuid 40000081 0 31235356 0 0 0\ncpuid 40000082 0 " bits " 0 0 0\n"
#define AVAILABLE ISOLATED STACK("8")
#define CONNECTION(version, confidential, support) \
        "connection version=" version " confidential=" confidential " kernel-support=" support "\n"
#define GOOD AVAILABLE CONNECTION("6.0", "yes", "yes")
#define PROBED(flags, ring, dma) "channel 7 flags=" flags " ring=" ring " dma=" dma " source=kernel-probe\n"
#define TRACED(flags) "channel 7 flags=" flags " ring=unknown dma=unknown source=boot-trace\n"

static void a_channel_is_what_can_be_proved(void **state) {
        static const struct {
                const char *lines, *ring, *dma, *source;
                size_t warnings;
        } rows[] = {
                { GOOD PROBED("0x2", "1", "0"), "confidential", "plain", "kernel-probe", 0 },
                { GOOD PROBED("0x6", "1", "1"), "confidential", "confidential", "kernel-probe", 0 },
                { GOOD PROBED("0x1", "0", "0"), "plain", "plain", "kernel-probe", 0 },
                { GOOD PROBED("unknown", "1", "0"), "confidential", "plain", "kernel-probe", 0 },
                { GOOD PROBED("0x2", "unknown", "0"), "confidential", "plain", "kernel-probe", 0 },
                { GOOD PROBED("unknown", "unknown", "unknown"), "unknown", "unknown", "kernel-probe", 0 },
                { GOOD TRACED("0x2"), "confidential", "plain", "boot-trace", 0 },
                { GOOD TRACED("0x0"), "plain", "plain", "boot-trace", 0 },
                { GOOD, "unknown", "unknown", "none", 0 },
                /* the offer and the channel differ: neither is believed */
                { GOOD PROBED("0x0", "1", "0"), "plain", "plain", "kernel-probe", 1 },
                { GOOD PROBED("0x2", "0", "0"), "plain", "plain", "kernel-probe", 1 },
                { GOOD PROBED("0x2", "1", "1"), "plain", "plain", "kernel-probe", 1 },
                /* the one without the other is nothing that the kernel would have taken */
                { GOOD PROBED("0x4", "0", "1"), "plain", "plain", "kernel-probe", 0 },
                /* nobody says that the flags mean what they mean in 6.0 */
                { ISOLATED CONNECTION("6.0", "unknown", "yes") PROBED("0x2", "1", "0"), "unknown", "plain",
                        "kernel-probe", 0 },
                { AVAILABLE CONNECTION("unknown", "yes", "yes") PROBED("0x2", "1", "0"), "unknown", "plain",
                        "kernel-probe", 0 },
                { AVAILABLE PROBED("0x2", "1", "0"), "unknown", "plain", "kernel-probe", 0 },
                /* either the paravisor or the driver says that they do */
                { AVAILABLE CONNECTION("6.0", "unknown", "yes") PROBED("0x2", "1", "0"), "confidential",
                        "plain", "kernel-probe", 0 },
                { ISOLATED CONNECTION("6.0", "yes", "yes") PROBED("0x2", "1", "0"), "confidential", "plain",
                        "kernel-probe", 0 },
                { AVAILABLE "kmsg \"hv_vmbus: Vmbus version:6.0\"\n" PROBED("0x2", "1", "0"), "confidential",
                        "plain", "kernel-probe", 0 },
                { AVAILABLE CONNECTION("6.1", "yes", "yes") PROBED("0x2", "1", "0"), "confidential", "plain",
                        "kernel-probe", 0 },
                /* each proof that nothing is confidential */
                { AVAILABLE CONNECTION("5.3", "unknown", "unknown") PROBED("0x2", "unknown", "unknown"),
                        "plain", "plain", "connection", 0 },
                { ISOLATED "kmsg \"hv_vmbus: Vmbus version:5.3\"\n", "plain", "plain", "connection", 0 },
                { ISOLATED STACK("0"), "plain", "plain", "connection", 0 },
                { AVAILABLE CONNECTION("6.0", "unknown", "no"), "plain", "plain", "connection", 1 },
                { AVAILABLE CONNECTION("6.0", "no", "yes"), "plain", "plain", "connection", 0 },
                /* a proof and a live probe that contradicts it: the weaker, and a warning */
                { AVAILABLE CONNECTION("5.3", "unknown", "yes") PROBED("0x2", "1", "0"), "plain", "plain",
                        "connection", 1 },
                { AVAILABLE CONNECTION("6.0", "no", "yes") PROBED("0x6", "0", "1"), "plain", "plain",
                        "connection", 1 },
                /* the driver and the log differ: the lower version */
                { GOOD "kmsg \"hv_vmbus: Vmbus version:5.3\"\n", "plain", "plain", "connection", 1 },
                { GOOD "kmsg \"hv_vmbus: Vmbus version:6.0\"\n" PROBED("0x2", "1", "0"), "confidential",
                        "plain", "kernel-probe", 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;
                const struct device *d;

                assert_true(asprintf(&lines, "%s%s", rows[i].lines, DEVICE) > 0);
                g = guest_of_lines(lines);
                d = &g->devices[0];
                assert_null(d->problem);
                assert_string_equal(confidentiality_to_string(d->ring), rows[i].ring);
                assert_string_equal(confidentiality_to_string(d->dma), rows[i].dma);
                assert_string_equal(fact_source_to_string(d->source), rows[i].source);
                assert_int_equal(d->channels[0].ring, d->ring);
                assert_int_equal(g->n_warnings, rows[i].warnings);
        }
}

static void a_mismatch_is_told(void **state) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(GOOD PROBED("0x0", "1", "0") DEVICE);

        assert_true(g->devices[0].channels[0].flags_differ);
        assert_int_equal(g->n_warnings, 1);
        assert_non_null(strstr(g->warnings[0], "hibernation; counted as plain"));
}

#define SUB(relid, ring, source) "channel " relid " flags=unknown ring=" ring " dma=0 source=" source "\n"

/* Sub-channels are offers of their own: each of them counts. */
static void the_weakest_channel_decides(void **state) {
        static const struct {
                const char *lines, *ring, *source;
        } rows[] = {
                { SUB("7", "1", "kernel-probe") SUB("20", "1", "boot-trace"), "confidential",
                        "kernel-probe" },
                { SUB("7", "1", "kernel-probe") SUB("20", "0", "boot-trace"), "plain", "boot-trace" },
                { SUB("7", "0", "kernel-probe") SUB("20", "1", "boot-trace"), "plain", "kernel-probe" },
                { SUB("7", "1", "kernel-probe"), "unknown", "none" },
                { SUB("20", "0", "boot-trace"), "plain", "boot-trace" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;

                assert_true(
                        asprintf(&lines, "%s%s%s", GOOD DEVICE, CHANNEL(A, "20", "1"), rows[i].lines) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->devices[0].n_channels, 2);
                assert_int_equal(g->devices[0].channels[1].relid, 20);
                assert_int_equal(g->devices[0].channels[1].sub, 1);
                assert_string_equal(confidentiality_to_string(g->devices[0].ring), rows[i].ring);
                assert_string_equal(fact_source_to_string(g->devices[0].source), rows[i].source);
        }
}

/* What is odd about a device is said, and none of it makes the device look better. */
static void odd_devices_stay_and_say_so(void **state) {
        static const struct {
                const char *lines, *problem;
                bool known;
                const char *ring;
        } rows[] = {
                { LINK(A) CLASS(A, NETWORK) SELF(A), "id: not there", true, "unknown" },
                { LINK(A) CLASS(A, NETWORK) SELF(A) ATTRIBUTE(A, "id", "-7") CHANNEL(A, "7", "0"),
                        "id: not a number", true, "confidential" },
                { LINK(A) CLASS(A, NETWORK) SELF(A) ATTRIBUTE(A, "id", "4294967296"), "id: not a number",
                        true, "unknown" },
                { LINK(A) SELF(A) ATTRIBUTE(A, "id", "7"), "class_id: not there", false, "unknown" },
                { LINK(A) ATTRIBUTE(A, "class_id", "") SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: empty, or not one line of text", false, "unknown" },
                { LINK(A) ATTRIBUTE(A, "class_id", "{" NETWORK "}\\n") SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: empty, or not one line of text", false, "unknown" },
                { LINK(A) ATTRIBUTE(A, "class_id", NETWORK "\\x00") SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: empty, or not one line of text", false, "unknown" },
                { LINK(A) ATTRIBUTE(A, "class_id", "{" NETWORK) SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: not a GUID", false, "unknown" },
                { LINK(A) ATTRIBUTE(A, "class_id", "{{" NETWORK "}}") SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: not a GUID", false, "unknown" },
                { LINK(A) "error sys/devices/" A "/class_id EFBIG\n" SELF(A) ATTRIBUTE(A, "id", "7"),
                        "class_id: File too large", false, "unknown" },
                { LINK(A) CLASS(A, NETWORK) ATTRIBUTE(A, "device_id", "{" B "}") ATTRIBUTE(A, "id", "7"),
                        "device_id: differs from the name of its folder", true, "unknown" },
                { DEVICE ATTRIBUTE(A, "vendor", "Microsoft"), "vendor: not a number", true, "confidential" },
                { DEVICE "error sys/devices/" A "/driver EACCES\n", "driver: not a link that could be read",
                        true, "confidential" },
                { DEVICE ATTRIBUTE(A, "channels/x/subchannel_id", "1"), "a channel named \"x\": not a relid",
                        true, "unknown" },
                { DEVICE "dir sys/devices/" A "/channels/20\n",
                        "subchannel_id of channel 20: could not be read", true, "unknown" },
                { DEVICE CHANNEL(A, "20", "first"), "subchannel_id of channel 20: not a number", true,
                        "unknown" },
                { LINK(A) CLASS(A, NETWORK) SELF(A) ATTRIBUTE(A, "id", "8") CHANNEL(A, "7", "0"),
                        "its primary channel 8 is not among its channels", true, "unknown" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;
                const struct device *d;

                assert_true(asprintf(&lines, "%s%s", GOOD PROBED("0x2", "1", "0"), rows[i].lines) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->n_devices, 1);
                d = &g->devices[0];
                assert_string_equal(d->instance_text, A);
                assert_string_equal(d->problem, rows[i].problem);
                assert_int_equal(d->known != NULL, rows[i].known);
                assert_string_equal(confidentiality_to_string(d->ring), rows[i].ring);
                assert_int_equal(g->n_warnings, 1);
                assert_non_null(strstr(g->warnings[0], rows[i].problem));
        }
}

static void a_class_may_be_written_in_either_case(void **state) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(LINK(A) ATTRIBUTE(A, "class_id",
                "F8615163-DF3E-46C5-913F-F2D2F965ED0E") SELF(A) ATTRIBUTE(A, "id", "7"));

        assert_null(g->devices[0].problem);
        assert_string_equal(g->devices[0].known->name, "network");
}

/*
 * No folder of the kernel is called so; whatever it is, it is there, and no rule for a known device matches
 * it.
 */
static void folders_with_odd_names_are_devices_too(void **state) {
        static const char *const names[] = { "{" A "}", "A0000000-0000-4000-8000-000000000001", "eth0", "a",
                "a0000000-0000-4000-8000-00000000000", "\\x1b[2J" };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;

                assert_true(
                        asprintf(&lines, GOOD DEVICE "symlink sys/bus/vmbus/devices/%s ../../../devices/x\n",
                                names[i]) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->n_devices, 2);
                assert_string_equal(g->devices[1].instance_text, A);
                assert_non_null(strstr(g->devices[0].problem, "no GUID for a name"));
                assert_null(g->devices[0].known);
        }
}

static void devices_say_what_they_have(void **state) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(
                GOOD "channel 7 flags=0x2000 ring=0 dma=0 source=kernel-probe\n" DEVICE ATTRIBUTE(A,
                        "vendor", "0x1414") ATTRIBUTE(A, "device", "0x3") ATTRIBUTE(A, "driver_override",
                        "(null)") "symlink sys/devices/" A "/driver ../../bus/vmbus/drivers/hv_netvsc\n"
                                  "error sys/devices/" A "/channels/7/out_mask EINVAL\n" LINK(B) CLASS(B,
                                          "00000400-facb-11e6-bd58-64006a7986d3") SELF(B) ATTRIBUTE(B, "id",
                                          "9") ATTRIBUTE(B, "channels/9/out_mask", "0") CHANNEL(B, "9",
                                          "0") ATTRIBUTE(B, "driver_override",
                                          "cvmd-blocked") "symlink sys/devices/" B
                                                          "/driver ../../bus/vmbus/drivers/hv_sock\n");
        const struct device *a = &g->devices[0], *b = &g->devices[1];

        assert_string_equal(a->path, "sys/devices/" A);
        assert_int_equal(a->relid, 7);
        assert_int_equal(a->vendor, 0x1414);
        assert_int_equal(a->device, 3);
        assert_string_equal(a->driver, "hv_netvsc");
        assert_string_equal(a->candidate, "hv_netvsc");
        assert_string_equal(a->driver_override, "");
        assert_int_equal(a->channels[0].ring_state, RING_CLOSED);
        assert_false(a->hvsock); /* whatever its flag says: its driver takes no connections */
        assert_non_null(strstr(a->problem, "and it is none"));
        assert_null(b->candidate);
        assert_string_equal(b->driver_override, "cvmd-blocked");
        assert_int_equal(b->channels[0].ring_state, RING_OPEN);
        assert_true(b->hvsock); /* its driver says so */
        assert_ptr_equal(guest_find(g, &b->instance), b);
        assert_null(guest_find(g, &(struct guid){}));
}

/* Of a connection that no driver has taken yet only the flag tells; but no known class is one. */
static void a_flag_tells_of_a_connection_without_a_driver(void **state) {
        static const struct {
                const char *class;
                bool hvsock;
        } rows[] = {
                { "00000400-facb-11e6-bd58-64006a7986d3", true },
                { NETWORK, false },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;

                assert_true(asprintf(&lines,
                                    GOOD "channel 7 flags=0x2000 ring=0 dma=0 source=kernel-probe\n" LINK(A)
                                            SELF(A) ATTRIBUTE(A, "id", "7") CHANNEL(A, "7", "0")
                                                    ATTRIBUTE(A, "class_id", "{%s}"),
                                    rows[i].class) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->devices[0].hvsock, rows[i].hvsock);
                assert_int_equal(g->devices[0].problem == NULL, rows[i].hvsock);
        }
}

#define ALIAS(text) ATTRIBUTE(A, "modalias", text)

/* What the kernel matches drivers with is what counts, whatever the host says later. */
static void a_class_is_that_of_the_first_offer(void **state) {
        static const struct {
                const char *lines, *class, *problem;
        } rows[] = {
                { ALIAS("vmbus:635161f83edfc546913ff2d2f965ed0e"), "network", NULL },
                { ALIAS("vmbus:635161F83EDFC546913FF2D2F965ED0E"), "network", NULL },
                { ALIAS("vmbus:000102030405060708090a0b0c0d0e0f"), NULL, "another class" },
                { ALIAS("vmbus:d96361baa104294db60572e2ffb1dc7f"), "scsi", "another class" },
                { ALIAS("vmbus:635161f83edfc546913ff2d2f965ed"), NULL, "modalias: not a class" },
                { ALIAS("vmbus:635161f83edfc546913ff2d2f965ed0e0"), NULL, "modalias: not a class" },
                { ALIAS("pci:635161f83edfc546913ff2d2f965ed0e"), NULL, "modalias: not a class" },
                { ALIAS(""), NULL, "modalias: empty" },
                { "error sys/devices/" A "/modalias EIO\n", NULL, "modalias: Input/output error" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;
                const struct device *d;

                assert_true(asprintf(&lines, "%s%s", GOOD DEVICE, rows[i].lines) > 0);
                g = guest_of_lines(lines);
                d = &g->devices[0];
                assert_int_equal(d->known != NULL, rows[i].class != NULL);
                if (d->known)
                        assert_string_equal(d->known->name, rows[i].class);
                assert_int_equal(d->problem != NULL, rows[i].problem != NULL);
                if (d->problem)
                        assert_non_null(strstr(d->problem, rows[i].problem));
        }
}

static void circumstances_are_warned_of(void **state) {
        static const struct {
                const char *lines, *warning;
        } rows[] = {
                { "recorded cpuid\n", "recorded" },
                { "probe-note \"tracefs is not there\"\n", "channels: tracefs is not there" },
                { "file proc/cmdline 0444 \"ro swiotlb=force quiet\\n\"\n", "swiotlb=force" },
                { "file proc/cmdline 0444 \"swiotlb=65536,force\\n\"\n", "swiotlb=force" },
                { "error proc/1/mountinfo EACCES\n", "/proc/1/mountinfo: Permission denied" },
                { "error proc/swaps EIO\n", "/proc/swaps" },
                { "file sys/module/hv_vmbus/parameters/max_version 0444 \"327683\\n\"\n", "at 5.3" },
                { "file sys/kernel/security/lockdown 0644 \"none integrity [confidentiality]\\n\"\n",
                        "closes tracefs" },
                { "kmsg \"hv_vmbus: Invalid offer 9 from the host supporting isolation\"\n",
                        "refused 1 offer" },
        };
        _cleanup_(guest_freep) struct guest *calm = guest_of_lines(
                GOOD "file proc/cmdline 0444 \"noswiotlb=force swiotlb=forced swiotlb=1,noforce\\n\"\n"
                     "file sys/kernel/security/lockdown 0644 \"none [integrity] confidentiality\\n\"\n"
                     "file sys/module/hv_vmbus/parameters/max_version 0444 \"393216\\n\"\n");

        assert_int_equal(calm->n_warnings, 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;

                assert_true(asprintf(&lines, "%s%s", GOOD, rows[i].lines) > 0);
                g = guest_of_lines(lines);
                assert_int_equal(g->n_warnings, 1);
                assert_non_null(strstr(g->warnings[0], rows[i].warning));
        }
}

/* Such a kernel's max_version is the newest that it knows: nobody lowered it. */
static void a_kernel_that_knows_nothing_is_warned_of(void **state) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(AVAILABLE CONNECTION("5.3", "unknown",
                "no") "file sys/module/hv_vmbus/parameters/max_version 0444 \"327683\\n\"\n");

        assert_int_equal(g->n_warnings, 1);
        assert_non_null(strstr(g->warnings[0], "this kernel knows no confidential channels"));
}

static void a_stuck_kernel_is_warned_of(void **state) {
        _cleanup_(guest_freep) struct guest *g = guest_of_lines(
                GOOD "kmsg \"hv_vmbus: Invalid offer relid=9: the ring buffer isn't encrypted\"\n");

        assert_int_equal(g->n_warnings, 2);
        assert_non_null(strstr(g->warnings[1], "cannot remove"));
}

static void words_name_one_device_or_none(void **state) {
        static const struct {
                const char *word;
                int error;
                uint32_t relid;
        } rows[] = {
                { "000d3af4-9d3b-000d-3af4-9d3b000d3af4", 0, 7 },
                { "{000D3AF4-9D3B-000D-3AF4-9D3B000D3AF4}", 0, 7 },
                { "000d3a7", 0, 8 },
                { "{2dd1", 0, 4 },
                { "2dd", -ENODEV, 0 },
                { "000d3a", -ENOTUNIQ, 0 },
                { "7", 0, 7 },
                { "18", 0, 7 }, /* a sub-channel of it */
                { "0", -ENODEV, 0 },
                { "99", -ENODEV, 0 },
                { "scsi", 0, 6 },
                { "network", -ENOTUNIQ, 0 },
                { "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", 0, 6 },
                { "kvp", -ENODEV, 0 },
                { "", -ENODEV, 0 },
                { "{}", -ENODEV, 0 },
        };
        _cleanup_(guest_freep) struct guest *g = fixture_guest("snp-openhcl");

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct device *device = NULL;
                struct diag d = {};

                assert_int_equal(guest_resolve(g, rows[i].word, &device, &d), rows[i].error);
                if (rows[i].error == 0)
                        assert_int_equal(device->relid, rows[i].relid);
                else
                        assert_null(device);
                if (rows[i].error == -ENOTUNIQ) {
                        assert_non_null(
                                strstr(d.text, "000d3af4-9d3b-000d-3af4-9d3b000d3af4 (network, relid 7)"));
                        assert_non_null(
                                strstr(d.text, "000d3a7e-51c2-000d-3a7e-51c2000d3a7e (network, relid 8)"));
                }
        }
}

/* Neither a class_id of nothing nor one that cannot be read hides what the device is; none at all is no
 * matter. */
static void a_class_needs_no_class_id(void **state) {
        static const struct {
                const char *said, *problem;
        } rows[] = {
                { ATTRIBUTE(A, "class_id", "{00000000-0000-0000-0000-000000000000}"), "offered it again" },
                { ATTRIBUTE(A, "class_id", "nonsense"), "class_id: not a GUID" },
                { "error sys/devices/" A "/class_id EAGAIN\n", "class_id: changed" },
                { "", NULL },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(freep) char *lines = NULL;
                _cleanup_(guest_freep) struct guest *g = NULL;

                assert_true(asprintf(&lines, "%s%s",
                                    GOOD LINK(A) SELF(A) ATTRIBUTE(A, "id", "7") CHANNEL(A, "7", "0")
                                            ALIAS("vmbus:635161f83edfc546913ff2d2f965ed0e"),
                                    rows[i].said) > 0);
                g = guest_of_lines(lines);
                assert_string_equal(g->devices[0].known->name, "network");
                if (!rows[i].problem)
                        assert_null(g->devices[0].problem);
                else
                        assert_non_null(strstr(g->devices[0].problem, rows[i].problem));
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixtures_say_what_they_are),
        cmocka_unit_test(a_channel_is_what_can_be_proved),
        cmocka_unit_test(a_mismatch_is_told),
        cmocka_unit_test(the_weakest_channel_decides),
        cmocka_unit_test(odd_devices_stay_and_say_so),
        cmocka_unit_test(a_class_may_be_written_in_either_case),
        cmocka_unit_test(folders_with_odd_names_are_devices_too),
        cmocka_unit_test(devices_say_what_they_have),
        cmocka_unit_test(a_flag_tells_of_a_connection_without_a_driver),
        cmocka_unit_test(a_class_is_that_of_the_first_offer),
        cmocka_unit_test(a_class_needs_no_class_id),
        cmocka_unit_test(circumstances_are_warned_of),
        cmocka_unit_test(a_kernel_that_knows_nothing_is_warned_of),
        cmocka_unit_test(a_stuck_kernel_is_warned_of),
        cmocka_unit_test(words_name_one_device_or_none),
};

RUN(tests)
