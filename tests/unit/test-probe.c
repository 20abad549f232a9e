/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channel probe against a kernel that may refuse, forget and lie: channel-probe, channel-event, tracefs,
 * boot-trace. */
#include <errno.h>

#include "lib/facts/channel-probe.h"
#include "tests/unit/fake-kernel.h"
#include "tests/unit/harness.h"

#define NAME "cvmd_test"
#define OURS TRACING "/instances/" NAME
#define BTF_OLD FIXTURES "/../fuzz/corpus/btf/old" /* without co_ring_buffer */
#define BTF_NEW FIXTURES "/../fuzz/corpus/btf/new"
#define BTF "sys/kernel/btf/vmlinux"
#define COLUMNS "     kworker/0:1-10      [000] .....     4.343634: "

static struct channel_probe *probe(struct fake_kernel *k, enum probe_method asked) {
        struct channel_probe *p = NULL;
        struct diag d = {};

        if (channel_probe_new(&k->root, NAME, asked, &p, &d) < 0)
                fail_msg("%s", d.text);
        return p;
}

/* A whole round; the caller frees the snapshot, which is sealed. */
static struct snapshot *round_of(struct fake_kernel *k, struct channel_probe *p) {
        struct snapshot *s;
        struct diag d = {};

        assert_int_equal(snapshot_new(&s), 0);
        channel_probe_begin(p);
        fake_kernel_read_channels(k);
        assert_int_equal(channel_probe_end(p, s, &d), 0);
        assert_int_equal(snapshot_seal(s, &d), 0);
        return s;
}

static void assert_all_seen(const struct snapshot *s) {
        static const struct snapshot_channel wanted[] = {
                { 7, 0, TRISTATE_NO, TRISTATE_NO, FACT_SOURCE_KERNEL_PROBE },
                { 100, 2, TRISTATE_YES, TRISTATE_NO, FACT_SOURCE_KERNEL_PROBE },
                { 101, 6, TRISTATE_YES, TRISTATE_YES, FACT_SOURCE_KERNEL_PROBE },
        };

        assert_int_equal(s->n_channels, 3);
        for (size_t i = 0; i < 3; i++)
                assert_memory_equal(&s->channels[i], &wanted[i], sizeof(wanted[i]));
        assert_int_equal(s->connection.kernel_support, TRISTATE_YES);
}

/* Nothing of ours, and what others have is untouched. */
static void assert_clean(struct fake_kernel *k) {
        _cleanup_(freep) char *events = NULL;

        assert_false(fake_kernel_has(k, OURS));
        assert_true(fake_kernel_has(k, TRACING "/instances/mine"));
        assert_int_equal(sysroot_read(&k->root, TRACING "/dynamic_events", 4096, &events, NULL), 0);
        assert_string_equal(events, k->others_event);
}

/* Each row forbids something more; the probe then takes the next method, and all of them agree. */
static void methods_fall_back_and_agree(void **state) {
        static const struct {
                const char *refuses[4], *never_fires;
                enum probe_method method;
                uint32_t version;
                enum tristate confidential;
        } rows[] = {
                { {}, NULL, PROBE_FPROBE, 0x60000, TRISTATE_YES },
                { { "@is_confidential" }, NULL, PROBE_FPROBE, 0x60000, TRISTATE_UNKNOWN },
                { { "@" }, NULL, PROBE_FPROBE, 0, TRISTATE_UNKNOWN },
                { { "f:" }, NULL, PROBE_KPROBE, 0x60000, TRISTATE_YES },
                { {}, "f:", PROBE_KPROBE, 0x60000, TRISTATE_YES },
                { { "f:", "->" }, NULL, PROBE_KPROBE_OFFSETS, 0x60000, TRISTATE_YES },
                { { "f:", "@" }, "->", PROBE_KPROBE_OFFSETS, 0, TRISTATE_UNKNOWN },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                struct channel_probe *p;

                memcpy(k->refuses, rows[i].refuses, sizeof(k->refuses));
                k->never_fires = rows[i].never_fires;
                fake_kernel_copy(k, BTF, BTF_NEW);
                p = probe(k, PROBE_AUTO);
                assert_int_equal(channel_probe_method(p), rows[i].method);
                s = round_of(k, p);
                assert_all_seen(s);
                assert_int_equal(s->connection.version, rows[i].version);
                assert_int_equal(s->connection.confidential, rows[i].confidential);
                assert_string_equal(channel_probe_note(p), "");
                channel_probe_free(p);
                assert_clean(k);
        }
}

static void definitions_are_as_the_kernel_wants_them(void **state) {
        static const struct {
                enum probe_method method;
                const char *event;
        } rows[] = {
                { PROBE_FPROBE,
                        "f:" NAME "/chan subchannel_id_show relid=channel->offermsg.child_relid:u32 "
                        "flags=channel->offermsg.offer.chn_flags:x16 ring=channel->co_ring_buffer:u8 "
                        "ext=channel->co_external_memory:u8 ver=@vmbus_proto_version:x32 "
                        "conf=@is_confidential:u8\n" },
                { PROBE_KPROBE,
                        "p:" NAME "/chan subchannel_id_show relid=channel->offermsg.child_relid:u32 "
                        "flags=channel->offermsg.offer.chn_flags:x16 ring=channel->co_ring_buffer:u8 "
                        "ext=channel->co_external_memory:u8 ver=@vmbus_proto_version:x32 "
                        "conf=@is_confidential:u8\n" },
                { PROBE_KPROBE_OFFSETS,
                        "p:" NAME "/chan subchannel_id_show relid=+88($arg1):u32 flags=+68($arg1):x16 "
                        "ring=+120($arg1):u8 ext=+121($arg1):u8 ver=@vmbus_proto_version:x32 "
                        "conf=@is_confidential:u8\n" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                struct channel_probe *p;

                fake_kernel_copy(k, BTF, BTF_NEW);
                p = probe(k, rows[i].method);
                assert_string_equal(k->event, rows[i].event);
                channel_probe_free(p);
        }
}

static void bit_fields_are_read_as_such(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        struct channel_probe *p;

        fake_kernel_copy(k, BTF, FIXTURES "/../fuzz/corpus/btf/bits");
        p = probe(k, PROBE_KPROBE_OFFSETS);
        assert_non_null(strstr(k->event, "ring=+120($arg1):b1@1/8 ext=+120($arg1):b1@2/8"));
        channel_probe_free(p);
}

/* A kernel whose type information lacks the members cannot do it: that is a proof, and flags are still read.
 */
static void a_kernel_without_members_is_a_proof(void **state) {
        static const struct {
                const char *refuses[4];
                enum probe_method method;
        } rows[] = {
                { { "co_ring" }, PROBE_FPROBE },
                { { "co_ring", "f:" }, PROBE_KPROBE },
                { { "co_ring", "f:", "->" }, PROBE_KPROBE_OFFSETS },
                { { ":" }, PROBE_NONE },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

                memcpy(k->refuses, rows[i].refuses, sizeof(k->refuses));
                fake_kernel_copy(k, BTF, BTF_OLD);
                p = probe(k, PROBE_AUTO);
                assert_int_equal(channel_probe_method(p), rows[i].method);
                s = round_of(k, p);
                assert_int_equal(s->connection.kernel_support, TRISTATE_NO);
                assert_int_equal(s->n_channels, rows[i].method == PROBE_NONE ? 0 : 3);
                for (size_t c = 0; c < s->n_channels; c++) {
                        assert_int_equal(s->channels[c].ring, TRISTATE_UNKNOWN);
                        assert_int_equal(s->channels[c].dma, TRISTATE_UNKNOWN);
                        assert_true(s->channels[c].flags >= 0);
                }
        }
}

/* No type information, or nonsense: no proof of anything, and no event without the members. */
static void without_type_information_nothing_is_proved(void **state) {
        for (int nonsense = 0; nonsense < 2; nonsense++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

                k->refuses[0] = "co_ring";
                if (nonsense)
                        fake_kernel_put(k, BTF, "this is no BTF");
                p = probe(k, PROBE_AUTO);
                assert_int_equal(channel_probe_method(p), PROBE_NONE);
                s = round_of(k, p);
                assert_int_equal(s->connection.kernel_support, TRISTATE_UNKNOWN);
                assert_int_equal(s->n_channels, 0);
                assert_non_null(strstr(channel_probe_note(p),
                        "fprobe: " TRACING "/dynamic_events: Invalid argument"));
                assert_non_null(strstr(channel_probe_note(p), "kprobe-offsets: "));
                assert_non_null(
                        strstr(channel_probe_note(p), nonsense ? "BTF: header" : BTF ": No such file"));
                assert_clean(k);
        }
}

/* Where tracefs refuses: nothing is known, the note says why, and nothing is left. */
static void a_refusing_tracefs_is_told(void **state) {
        static const struct {
                const char *fails, *ignores, *note;
                int error;
        } rows[] = {
                { "/instances/" NAME, NULL, OURS ": No space left on device", ENOSPC },
                { "/instances/" NAME, NULL, OURS ": Operation not permitted", EPERM },
                { "/set_event_pid", NULL, OURS "/set_event_pid: Input/output error", EIO },
                { "/buffer_size_kb", NULL, OURS "/buffer_size_kb: Cannot allocate memory", ENOMEM },
                { "/trace_clock", NULL, OURS "/trace_clock: Invalid argument", EINVAL },
                { "/trace_marker", NULL, OURS "/trace_marker: Bad file descriptor", EBADF },
                { "/dynamic_events", NULL, TRACING "/dynamic_events: Operation not permitted", EPERM },
                { "/chan/enable", NULL, "/chan/enable: Device or resource busy", EBUSY },
                { NULL, "/chan/enable", "/chan/enable: does not read as 1 after that was written", 0 },
                { NULL, "/set_event_pid", "/set_event_pid: does not read as ", 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                struct channel_probe *p = NULL;
                struct diag d = {};

                k->fails.path = rows[i].fails;
                k->fails.error = rows[i].error;
                k->ignores = rows[i].ignores;
                assert_int_equal(channel_probe_new(&k->root, NAME, PROBE_FPROBE, &p, &d), -EOPNOTSUPP);
                assert_null(p);
                p = probe(k, PROBE_AUTO);
                assert_int_equal(channel_probe_method(p), PROBE_NONE);
                if (!strstr(channel_probe_note(p), rows[i].note) || !strstr(d.text, rows[i].note))
                        fail_msg("row %zu: %s / %s", i, channel_probe_note(p), d.text);
                s = round_of(k, p);
                assert_int_equal(s->n_channels, 0);
                channel_probe_free(p);
                assert_clean(k);
        }
}

static void a_late_tracefs_is_found(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *none = NULL, *all = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

        fake_kernel_remove(k, TRACING);
        p = probe(k, PROBE_AUTO);
        assert_int_equal(channel_probe_method(p), PROBE_NONE);
        assert_non_null(strstr(channel_probe_note(p), "mount -t tracefs tracefs /" TRACING));
        none = round_of(k, p);
        assert_int_equal(none->n_channels, 0);
        fake_kernel_put(k, TRACING "/instances/mine/trace", "");
        fake_kernel_put(k, TRACING "/dynamic_events", "");
        all = round_of(k, p);
        assert_int_equal(channel_probe_method(p), PROBE_FPROBE);
        assert_all_seen(all);
        assert_string_equal(channel_probe_note(p), "");
}

/* As a module hv_vmbus brings bus, function and type information with it. */
static void a_late_driver_is_found(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

        fake_kernel_remove(k, "sys/bus/vmbus");
        k->refuses[0] = ":";
        p = probe(k, PROBE_AUTO);
        assert_int_equal(channel_probe_method(p), PROBE_NONE);
        k->refuses[0] = "->";
        fake_kernel_copy(k, BTF, BTF_NEW);
        fake_kernel_put(k, "sys/bus/vmbus/devices/a/channels/7/subchannel_id", "0\n");
        s = round_of(k, p);
        assert_int_equal(channel_probe_method(p), PROBE_KPROBE_OFFSETS);
        assert_int_equal(s->n_channels, 1);
}

static void left_overs_are_cleaned_up(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        struct channel_probe *p;

        assert_int_equal(sysroot_make_dir(&k->root, OURS), 0);
        assert_int_equal(fake_kernel_command(k, "p:" NAME "/chan something_else x=$arg1\n"), 0);
        fake_kernel_put(k, OURS "/events/" NAME "/chan/enable", "1\n");
        p = probe(k, PROBE_AUTO);
        assert_int_equal(channel_probe_method(p), PROBE_FPROBE);
        s = round_of(k, p);
        assert_all_seen(s);
        channel_probe_free(p);
        assert_clean(k);
}

/* A trace that somebody holds open keeps its instance. */
static void a_left_over_that_stays_is_told(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

        assert_int_equal(sysroot_make_dir(&k->root, OURS), 0);
        k->fails.path = "/instances/" NAME;
        k->fails.error = EBUSY;
        p = probe(k, PROBE_AUTO);
        assert_int_equal(channel_probe_method(p), PROBE_NONE);
        assert_non_null(strstr(channel_probe_note(p), "left by an earlier run: Device or resource busy"));
}

/* What others do to our event between two rounds. */
static void a_lost_event_is_armed_again(void **state) {
        for (int what = 0; what < 5; what++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *before = NULL, *after = NULL;
                struct channel_probe *p = probe(k, PROBE_AUTO);

                before = round_of(k, p);
                assert_all_seen(before);
                if (what == 0)
                        fake_kernel_put(k, OURS "/events/" NAME "/chan/enable", "0\n");
                else if (what == 1) {
                        fake_kernel_put(k, OURS "/events/" NAME "/chan/enable", "0\n");
                        assert_int_equal(fake_kernel_command(k, "-:" NAME "/chan\n"), 0);
                } else if (what == 2)
                        fake_kernel_remove(k, OURS);
                else if (what == 3)
                        fake_kernel_put(k, OURS "/tracing_on", "0\n");
                else
                        fake_kernel_put(k, OURS "/set_event_pid", "1\n");
                after = round_of(k, p);
                assert_all_seen(after);
                channel_probe_free(p);
                assert_clean(k);
        }
}

static void a_worse_method_is_told(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = probe(k, PROBE_AUTO);

        fake_kernel_remove(k, OURS);
        k->refuses[0] = ":"; /* lockdown, say */
        s = round_of(k, p);
        assert_int_equal(s->n_channels, 0);
        assert_int_equal(channel_probe_method(p), PROBE_NONE);
        assert_non_null(strstr(channel_probe_note(p), "dynamic_events: Invalid argument"));
}

/* Before the first channel is there, no method can be proved; once one is, a method that is silent is given
 * up. */
static void a_silent_event_is_found_out_later(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = NULL;

        k->never_fires = "f:";
        fake_kernel_remove(k, "sys/bus/vmbus");
        p = probe(k, PROBE_AUTO);
        assert_int_equal(channel_probe_method(p), PROBE_FPROBE);
        fake_kernel_put(k, "sys/bus/vmbus/devices/a/channels/7/subchannel_id", "0\n");
        s = round_of(k, p);
        assert_int_equal(channel_probe_method(p), PROBE_KPROBE);
        assert_int_equal(s->n_channels, 1);
}

static void lost_events_leave_everything_out(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *lost = NULL, *found = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = probe(k, PROBE_AUTO);

        k->loses_events = true;
        lost = round_of(k, p);
        assert_int_equal(lost->n_channels, 0);
        assert_int_equal(lost->connection.version, 0);
        assert_non_null(strstr(channel_probe_note(p), "events were lost"));
        k->loses_events = false;
        found = round_of(k, p);
        assert_all_seen(found);
        assert_string_equal(channel_probe_note(p), "");
}

/* A round that is not there from its beginning on says nothing. */
static void a_round_without_its_mark_says_nothing(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *stolen = NULL, *found = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = probe(k, PROBE_AUTO);

        assert_int_equal(snapshot_new(&stolen), 0);
        k->is_read_by_others = true;
        channel_probe_begin(p);
        k->is_read_by_others = false;
        fake_kernel_read_channels(k);
        assert_int_equal(channel_probe_end(p, stolen, NULL), 0);
        assert_int_equal(stolen->n_channels, 0);
        assert_non_null(
                strstr(channel_probe_note(p), OURS "/trace_pipe: the mark of this round is missing"));
        found = round_of(k, p);
        assert_all_seen(found);
        assert_string_equal(channel_probe_note(p), "");
}

/* What was recorded before a round is not of it: neither lines nor their loss. */
static void an_old_round_does_not_pass_for_a_new_one(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = probe(k, PROBE_AUTO);
        struct diag d = {};

        assert_int_equal(snapshot_new(&s), 0);
        k->loses_events = true;
        channel_probe_begin(p);
        fake_kernel_read_channels(k);
        assert_true(channel_probe_begin_quickly(p));
        assert_int_equal(channel_probe_end(p, s, &d), 0);
        assert_int_equal(s->n_channels, 0);
        assert_string_equal(channel_probe_note(p), "");
}

static void a_contradiction_is_left_out(void **state) {
        _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
        _cleanup_(snapshot_freep) struct snapshot *s = NULL;
        _cleanup_(channel_probe_freep) struct channel_probe *p = probe(k, PROBE_AUTO);

        k->channels[3] = (struct fake_channel){ 100, 2, 0, 0 }; /* the relid again, and another answer */
        k->n_channels = 4;
        s = round_of(k, p);
        assert_int_equal(s->n_channels, 2);
        assert_int_equal(s->channels[0].relid, 7);
        assert_int_equal(s->channels[1].relid, 101);
        assert_string_equal(channel_probe_note(p), "channels that were seen with different answers: 1");
}

static void put_boot_trace(struct fake_kernel *k, const char *buffer, const char *lines) {
        char path[256];

        snprintf(path, sizeof(path), "%s/events/hyperv/vmbus_onoffer/enable", buffer);
        fake_kernel_put(k, path, "1\n");
        snprintf(path, sizeof(path), "%s/events/hyperv/vmbus_onoffer/filter", buffer);
        fake_kernel_put(k, path, "none\n");
        snprintf(path, sizeof(path), "%s/tracing_on", buffer);
        fake_kernel_put(k, path, "1\n");
        snprintf(path, sizeof(path), "%s/trace", buffer);
        fake_kernel_put(k, path, lines);
}

static void offers_since_boot_are_the_last_resort(void **state) {
        static const char *const buffers[] = { TRACING, TRACING "/instances/mine" };

        for (size_t i = 0; i < 2; i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                _cleanup_(snapshot_freep) struct snapshot *s = NULL;
                struct channel_probe *p;

                k->refuses[0] = ":";
                fake_kernel_copy(k, BTF, BTF_NEW);
                put_boot_trace(k, buffers[i], COLUMNS "vmbus_onoffer: child_relid 0x64, chn_flags 0x2\n");
                p = probe(k, PROBE_AUTO);
                assert_int_equal(channel_probe_method(p), PROBE_BOOT_TRACE);
                assert_non_null(strstr(channel_probe_note(p), "fprobe: "));
                s = round_of(k, p);
                assert_int_equal(s->n_channels, 1);
                assert_int_equal(s->channels[0].relid, 100);
                assert_int_equal(s->channels[0].flags, 2);
                assert_int_equal(s->channels[0].source, FACT_SOURCE_BOOT_TRACE);
                assert_int_equal(s->connection.kernel_support, TRISTATE_YES);
                channel_probe_free(p);
                assert_clean(k);
        }
}

static void a_trace_with_gaps_does_not_count(void **state) {
        static const struct {
                const char *file, *text;
        } rows[] = {
                { "events/hyperv/vmbus_onoffer/enable", "0\n" },
                { "events/hyperv/vmbus_onoffer/filter", "child_relid == 7\n" },
                { "tracing_on", "0\n" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(fake_kernel_freep) struct fake_kernel *k = fake_kernel_new();
                struct channel_probe *p = NULL;
                struct diag d = {};
                char path[256];

                put_boot_trace(k, TRACING, COLUMNS "vmbus_onoffer: child_relid 0x64, chn_flags 0x2\n");
                snprintf(path, sizeof(path), TRACING "/%s", rows[i].file);
                fake_kernel_put(k, path, rows[i].text);
                assert_int_equal(channel_probe_new(&k->root, NAME, PROBE_BOOT_TRACE, &p, &d), -EOPNOTSUPP);
                assert_non_null(strstr(d.text, "trace_instance="));
        }
}

static void methods_have_names(void **state) {
        for (int m = 0; m < _PROBE_METHOD_MAX; m++)
                assert_int_equal(probe_method_from_string(probe_method_to_string((enum probe_method)m)), m);
        assert_int_equal(probe_method_from_string("ebpf"), -EBADMSG);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_fall_back_and_agree),
        cmocka_unit_test(definitions_are_as_the_kernel_wants_them),
        cmocka_unit_test(bit_fields_are_read_as_such),
        cmocka_unit_test(a_kernel_without_members_is_a_proof),
        cmocka_unit_test(without_type_information_nothing_is_proved),
        cmocka_unit_test(a_refusing_tracefs_is_told),
        cmocka_unit_test(a_late_tracefs_is_found),
        cmocka_unit_test(a_late_driver_is_found),
        cmocka_unit_test(left_overs_are_cleaned_up),
        cmocka_unit_test(a_left_over_that_stays_is_told),
        cmocka_unit_test(a_lost_event_is_armed_again),
        cmocka_unit_test(a_worse_method_is_told),
        cmocka_unit_test(a_silent_event_is_found_out_later),
        cmocka_unit_test(lost_events_leave_everything_out),
        cmocka_unit_test(a_round_without_its_mark_says_nothing),
        cmocka_unit_test(an_old_round_does_not_pass_for_a_new_one),
        cmocka_unit_test(a_contradiction_is_left_out),
        cmocka_unit_test(offers_since_boot_are_the_last_resort),
        cmocka_unit_test(a_trace_with_gaps_does_not_count),
        cmocka_unit_test(methods_have_names),
};

RUN(tests)
