/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of a trace, and what all of them say: trace-line, channel-trace. */
#include <errno.h>

#include "lib/facts/channel-trace.h"
#include "lib/facts/trace-line.h"
#include "tests/unit/harness.h"

#define COLUMNS "            cvmd-123     [000] ...1.    40.497867: "
#define CHAN COLUMNS "chan: (subchannel_id_show+0x4/0x30) "
#define OFFER                                                                                            \
        "     kworker/0:1-10      [000] .....     4.343634: vmbus_onoffer: child_relid 0x64, monitorid " \
        "0x0, "                                                                                          \
        "is_dedicated 1, connection_id 0x11, if_type 525074dc-8985-46e2-8057-a307dc18a502, "             \
        "if_instance 23f8740c-1605-48e4-a86c-3dcd2c2ead63, chn_flags 0x6, mmio_megabytes 0, "            \
        "sub_channel_index 0"
#define RESCIND "     kworker/0:1-10      [000] .....     4.343634: vmbus_onoffer_rescind: child_relid 0x64"

static int parse(const char *text, struct trace_line *ret) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, strlen(text));

        return trace_line_parse((const char *)exact, strlen(text), ret);
}

static void our_event_is_read(void **state) {
        struct trace_line l = {};

        assert_int_equal(parse(CHAN "relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1", &l), 0);
        assert_int_equal(l.kind, TRACE_LINE_CHANNEL);
        assert_int_equal(l.relid, 100);
        assert_int_equal(l.flags, 2);
        assert_int_equal(l.ring, TRISTATE_YES);
        assert_int_equal(l.dma, TRISTATE_NO);
        assert_int_equal(l.version, 0x60000);
        assert_int_equal(l.connection_confidential, TRISTATE_YES);

        assert_int_equal(parse(CHAN "relid=4294967295 flags=0x2006", &l), 0);
        assert_int_equal(l.relid, UINT32_MAX);
        assert_int_equal(l.flags, 0x2006);
        assert_int_equal(l.ring, TRISTATE_UNKNOWN);
        assert_int_equal(l.dma, TRISTATE_UNKNOWN);
        assert_int_equal(l.version, 0);
        assert_int_equal(l.connection_confidential, TRISTATE_UNKNOWN);
}

static void offers_and_rescinds_are_read(void **state) {
        char instance[GUID_TEXT_SIZE];
        struct trace_line l = {};

        assert_int_equal(parse(OFFER, &l), 0);
        assert_int_equal(l.kind, TRACE_LINE_OFFER);
        assert_int_equal(l.relid, 0x64);
        assert_int_equal(l.flags, 6);
        assert_int_equal(l.ring, TRISTATE_UNKNOWN);
        assert_int_equal(l.usec, 4343634);
        assert_true(l.has_instance);
        guid_format(&l.instance, instance);
        assert_string_equal(instance, "23f8740c-1605-48e4-a86c-3dcd2c2ead63");
        assert_int_equal(parse(RESCIND, &l), 0);
        assert_int_equal(l.kind, TRACE_LINE_RESCIND);
        assert_int_equal(l.relid, 0x64);
}

static void a_round_has_its_number(void **state) {
        struct trace_line l = {};

        assert_int_equal(parse(COLUMNS "tracing_mark_write: cvmd-round 18446744073709551615", &l), 0);
        assert_int_equal(l.kind, TRACE_LINE_ROUND);
        assert_true(l.round == UINT64_MAX);
}

static void lines_have_a_kind(void **state) {
        static const struct {
                const char *text;
                enum trace_line_kind kind;
        } rows[] = {
                { "", TRACE_LINE_OTHER },
                { "# tracer: nop", TRACE_LINE_OTHER },
                { "# entries-in-buffer/entries-written: 3/3   #P:1", TRACE_LINE_OTHER },
                { "# entries-in-buffer/entries-written: 3/13   #P:1", TRACE_LINE_LOST },
                { "# entries-in-buffer/entries-written: 30/31   #P:1", TRACE_LINE_LOST },
                { "CPU:1 [LOST 12 EVENTS]", TRACE_LINE_LOST },
                { "CPU:0 [LOST EVENTS]", TRACE_LINE_LOST },
                { "##### CPU 1 buffer started ####", TRACE_LINE_OTHER },
                { COLUMNS "sched_switch: prev_comm=chan: next_comm=x", TRACE_LINE_OTHER },
                /* with record-tgid, and with a thread whose name looks like columns */
                { "  cvmd-123 (  123) [000] ...1.    40.497867: chan: (subchannel_id_show+0x4/0x30) relid=1 "
                  "flags=0x0",
                        TRACE_LINE_CHANNEL },
                { " a] [0] b-123     [000] ...1.    40.497867: chan: (subchannel_id_show+0x4/0x30) relid=1 "
                  "flags=0x0",
                        TRACE_LINE_CHANNEL },
                { " [0] . 1.1: a-123     [000] ...1.    40.497867: " RESCIND, TRACE_LINE_OTHER },
                /* what another event says after its own name is not ours */
                { COLUMNS "tracing_mark_write: " RESCIND, TRACE_LINE_OTHER },
                { COLUMNS "tracing_mark_write: cvmd-round 17", TRACE_LINE_ROUND },
                { COLUMNS "tracing_mark_write: cvmd-round ", TRACE_LINE_OTHER },
                { COLUMNS "tracing_mark_write: cvmd-round 1 7", TRACE_LINE_OTHER },
                { COLUMNS "tracing_mark_write: cvmd-round 18446744073709551616", TRACE_LINE_OTHER },
                { COLUMNS "sched_switch: tracing_mark_write: cvmd-round 17", TRACE_LINE_OTHER },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct trace_line l = {};

                assert_int_equal(parse(rows[i].text, &l), 0);
                if (l.kind != rows[i].kind)
                        fail_msg("kind %d of: %s", l.kind, rows[i].text);
        }
}

static void strange_lines_of_ours_are_refused(void **state) {
        static const char *const bad[] = {
                CHAN,
                CHAN "relid=100",
                CHAN "flags=0x2",
                CHAN "relid=100 flags=0x2 ring=1",
                CHAN "relid=100 flags=0x2 ext=1",
                CHAN "relid=100 flags=0x2 ring=2 ext=0",
                CHAN "relid=100 flags=0x2 ring=-1 ext=0",
                CHAN "relid=100 flags=0x2 ring=(fault) ext=0",
                CHAN "relid=100 flags=0x10002",
                CHAN "relid=4294967296 flags=0x2",
                CHAN "relid=100 relid=100 flags=0x2",
                CHAN "relid=100 flags=0x2 ring=1 ext=1 ring=1",
                CHAN "relid=100 flags=0x2 colour=blue",
                CHAN "relid=100 flags=0x2 ring",
                CHAN "relid= flags=0x2",
                COLUMNS "chan: relid=100 flags=0x2",
                COLUMNS "chan: (other_function+0x4/0x30) relid=100 flags=0x2",
                COLUMNS "chan: (subchannel_id_show+0x4/0x30",
                COLUMNS "vmbus_onoffer: ",
                COLUMNS "vmbus_onoffer: child_relid 0x64",
                COLUMNS "vmbus_onoffer: child_relid 0x64, chn_flags 0x10000",
                COLUMNS "vmbus_onoffer: child_relid 0x64, child_relid 0x65, chn_flags 0x0",
                COLUMNS "vmbus_onoffer: child_relid -1, chn_flags 0x0",
                COLUMNS "vmbus_onoffer_rescind: child_relid",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct trace_line l = { .relid = 77 };

                if (parse(bad[i], &l) != -EBADMSG)
                        fail_msg("taken: %s", bad[i]);
                assert_int_equal(l.relid, 77);
        }
}

/* A cut line is no line of ours, or refused, or a shorter truth; it never says confidential. */
static void cut_lines_never_say_more(void **state) {
        static const char good[] = CHAN "relid=100 flags=0x2 ring=0 ext=0 ver=0x60000 conf=0";

        for (size_t n = 0; n < sizeof(good) - 1; n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(good, n);
                struct trace_line l = {};
                int r = trace_line_parse((const char *)cut, n, &l);

                assert_true(r == 0 || r == -EBADMSG);
                assert_int_not_equal(l.ring, TRISTATE_YES);
                assert_int_not_equal(l.dma, TRISTATE_YES);
                assert_int_not_equal(l.connection_confidential, TRISTATE_YES);
        }
}

static int trace(const char *text, enum fact_source source, struct channel_trace *ret) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, strlen(text));
        struct diag d = {};
        int r = channel_trace_parse((const char *)exact, strlen(text), source, ret, &d);

        assert_true(r == 0 || d.text[0]);
        return r;
}

static void a_round_gives_channels_and_connection(void **state) {
        _cleanup_(channel_trace_done) struct channel_trace t = {};

        assert_int_equal(trace("# entries-in-buffer/entries-written: 3/3   #P:1\n" CHAN
                               "relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1\n" CHAN
                               "relid=7 flags=0x0 ring=0 ext=0 ver=0x60000 conf=1\n" RESCIND "\n" CHAN
                               "relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1\n",
                                 FACT_SOURCE_KERNEL_PROBE, &t),
                0);
        assert_int_equal(t.n, 2);
        assert_int_equal(t.n_contradicted, 0);
        assert_int_equal(t.channels[0].relid, 100);
        assert_int_equal(t.channels[0].ring, TRISTATE_YES);
        assert_int_equal(t.channels[0].source, FACT_SOURCE_KERNEL_PROBE);
        assert_int_equal(t.channels[1].relid, 7);
        assert_int_equal(t.connection.version, 0x60000);
        assert_int_equal(t.connection.confidential, TRISTATE_YES);
}

static void contradictions_are_left_out(void **state) {
        _cleanup_(channel_trace_done) struct channel_trace t = {};

        assert_int_equal(trace(CHAN "relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1\n" CHAN
                                    "relid=101 flags=0x2 ring=1 ext=0 ver=0x50003 conf=0\n" CHAN
                                    "relid=100 flags=0x2 ring=0 ext=0 ver=0x60000 conf=1\n" CHAN
                                    "relid=100 flags=0x2 ring=1 ext=0 ver=0x60000 conf=1",
                                 FACT_SOURCE_KERNEL_PROBE, &t),
                0);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.channels[0].relid, 101);
        assert_int_equal(t.n_contradicted, 1);
        assert_int_equal(t.connection.version, 0);
        assert_int_equal(t.connection.confidential, TRISTATE_UNKNOWN);
}

static void lost_or_strange_lines_spoil_a_round(void **state) {
        static const struct {
                const char *text;
                int r;
        } rows[] = {
                { CHAN "relid=100 flags=0x2 ring=1 ext=0\nCPU:0 [LOST 1 EVENTS]\n", -EOVERFLOW },
                { "# entries-in-buffer/entries-written: 1/2   #P:1\n" CHAN "relid=100 flags=0x2\n",
                        -EOVERFLOW },
                { CHAN "relid=100 flags=0x2 ring=1 ext=0\n" CHAN "relid=1\n", -EBADMSG },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct channel_trace t = {};

                assert_int_equal(trace(rows[i].text, FACT_SOURCE_KERNEL_PROBE, &t), rows[i].r);
                assert_null(t.channels);
        }
}

#define OFFERED(relid, flags) COLUMNS "vmbus_onoffer: child_relid " relid ", chn_flags " flags "\n"
#define RESCINDED(relid) COLUMNS "vmbus_onoffer_rescind: child_relid " relid "\n"

static void offers_pair_with_rescinds(void **state) {
        _cleanup_(channel_trace_done) struct channel_trace t = {};

        assert_int_equal(
                trace(OFFERED("0x1", "0x2") OFFERED("0x2", "0x2") OFFERED("0x3", "0x6") OFFERED("0x4", "0x2")
                                RESCINDED("0x2") RESCINDED("0x3") OFFERED("0x3", "0x0") RESCINDED("0x99")
                                        OFFERED("0x4", "0x0") CHAN "relid=9 flags=0x2 ring=1 ext=1\n",
                        FACT_SOURCE_BOOT_TRACE, &t),
                0);
        assert_int_equal(t.n, 2); /* 2 is gone, 4 was offered twice, differently; 9 is no offer */
        assert_int_equal(t.n_contradicted, 1);
        for (size_t i = 0; i < t.n; i++) {
                assert_true(t.channels[i].relid == 1 || t.channels[i].relid == 3);
                assert_int_equal(t.channels[i].flags, t.channels[i].relid == 1 ? 2 : 0);
                assert_int_equal(t.channels[i].ring, TRISTATE_UNKNOWN);
                assert_int_equal(t.channels[i].source, FACT_SOURCE_BOOT_TRACE);
        }
        assert_int_equal(t.connection.version, 0);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_event_is_read),
        cmocka_unit_test(offers_and_rescinds_are_read),
        cmocka_unit_test(a_round_has_its_number),
        cmocka_unit_test(lines_have_a_kind),
        cmocka_unit_test(strange_lines_of_ours_are_refused),
        cmocka_unit_test(cut_lines_never_say_more),
        cmocka_unit_test(a_round_gives_channels_and_connection),
        cmocka_unit_test(contradictions_are_left_out),
        cmocka_unit_test(lost_or_strange_lines_spoil_a_round),
        cmocka_unit_test(offers_pair_with_rescinds),
};

RUN(tests)
