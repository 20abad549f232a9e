/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/systemd-log: events, registers that Python computed, and texts that are none. */
#include "lib/format/systemd-log.h"
#include "tests/unit/format-harness.h"

#define PHASE                                                                                          \
        "\x1e"                                                                                         \
        "{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"b1b01d5f73f321eb70e76f8a0e241a"   \
        "c0a3fa4a6e\"},{\"hashAlg\":\"sha256\",\"digest\":\"51e6b92f405d1f98d96e3de343d61d420ad69"     \
        "23b25de21d766f9298192f14fed\"},{\"hashAlg\":\"sm3_256\",\"digest\":\"00\"}],\"content_type"   \
        "\":\"systemd\",\"content\":{\"string\":\"enter-initrd\",\"bootId\":\"0123456789abcdef0123456" \
        "789abcdef\",\"timestamp\":1234567,\"eventType\":\"phase\"}}\n"
#define MACHINE                                                                                        \
        "\x1e"                                                                                         \
        "{\"pcr\":15,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"58953fa9dc4be6c03b51a7b0b0f829"   \
        "0bb1ebb10c\"},{\"hashAlg\":\"sha256\",\"digest\":\"44a091a3a654e59be00b3c5fe0d584f8efd37"     \
        "47cc018b6baa99b0230f22464e2\"},{\"hashAlg\":\"sm3_256\",\"digest\":\"00\"}],\"content_type"   \
        "\":\"systemd\",\"content\":{\"string\":\"machine-id:0\",\"bootId\":\"0123456789abcdef0123456" \
        "789abcdef\",\"timestamp\":1234567,\"eventType\":\"machine-id\"}}\n"
#define NV                                                                                             \
        "\x1e"                                                                                         \
        "{\"nv_index\":30474752,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"7abc8b445c35d211046"   \
        "a856f946dde96a8b48bf8\"},{\"hashAlg\":\"sha256\",\"digest\":\"b3c51f8a64fa28ac50ec1233d1"     \
        "178413cc04536d4ae21bb290ffc8d053074456\"},{\"hashAlg\":\"sm3_256\",\"digest\":\"00\"}],\"c"   \
        "ontent_type\":\"systemd\",\"content\":{\"string\":\"nv\",\"bootId\":\"0123456789abcdef012345" \
        "6789abcdef\",\"timestamp\":1234567,\"eventType\":\"x\"}}\n"
#define LOG PHASE MACHINE NV

static int read_all(const void *bytes, size_t n, struct diag *d) {
        struct systemd_log log;
        int r = systemd_log_open(bytes, n, &log, d);

        while (r == 0) {
                _cleanup_(systemd_log_event_done) struct systemd_log_event e = {};

                r = systemd_log_next(&log, &e, d);
                if (r == 0)
                        return 0;
                r = r < 0 ? r : 0;
        }
        return r;
}

static void events_are_read(void **state) {
        _cleanup_(systemd_log_event_done) struct systemd_log_event phase = {}, machine = {}, nv = {},
                                                                   none = {};
        struct systemd_log log;

        assert_int_equal(systemd_log_open(LOG, strlen(LOG), &log, NULL), 0);
        assert_int_equal(systemd_log_next(&log, &phase, NULL), 1);
        assert_true(phase.has_pcr);
        assert_int_equal(phase.pcr, 11);
        assert_int_equal(phase.n_digests, 2);
        assert_string_equal(phase.content_type, "systemd");
        assert_string_equal(phase.type, "phase");
        assert_string_equal(phase.text, "enter-initrd");
        assert_hex(systemd_log_digest(&phase, PCR_SHA1), 20, "b1b01d5f73f321eb70e76f8a0e241ac0a3fa4a6e");
        assert_null(systemd_log_digest(&phase, PCR_SHA384));
        assert_int_equal(systemd_log_next(&log, &machine, NULL), 1);
        assert_int_equal(machine.number, 1);
        assert_int_equal(machine.pcr, 15);
        assert_int_equal(systemd_log_next(&log, &nv, NULL), 1);
        assert_false(nv.has_pcr);
        assert_int_equal(systemd_log_next(&log, &none, NULL), 0);
}

/* From the value that the firmware's log left, here bytes of 0x77. */
static void replay_goes_on_from_what_was_there(void **state) {
        struct pcr_bank bank = { .hash = PCR_SHA256, .selected = 1 << 11 };

        memset(bank.values[11], 0x77, 32);
        assert_int_equal(systemd_log_replay(LOG, strlen(LOG), &bank, NULL), 0);
        assert_int_equal(bank.selected, 1 << 11 | 1 << 15);
        assert_hex(bank.values[11], 32, "5c18f4b6d887a33709348058228a1272e146513431524e077480040112589363");
        assert_hex(bank.values[15], 32, "4886594092f0278dd3eafaa14069124064aea3fd8cbc94c24b837496eb49f213");
}

static void a_failed_replay_changes_nothing(void **state) {
        struct pcr_bank bank = { .hash = PCR_SHA384 }, cut = { .hash = PCR_SHA256 };
        struct diag d = {};

        assert_int_equal(systemd_log_replay(LOG, strlen(LOG), &bank, &d), -EOPNOTSUPP);
        assert_string_equal(d.text, "systemd's log: event 0 has no digest by sha384");
        assert_int_equal(systemd_log_replay(LOG, strlen(LOG) - 1, &cut, &d), -EBADMSG);
        assert_int_equal(cut.selected, 0);
        assert_int_equal(systemd_log_replay("", 0, &cut, &d), -ENODATA);
}

static void others_are_refused(void **state) {
        static const struct {
                const char *text, *says; /* NULL: good */
        } rows[] = {
                { "{}\n", "it does not start with a record separator" },
                { "\x1e", "it does not end with a line end: cut off" },
                { "\x1e\x1e{}\n", "it does not end with a line end: cut off" },
                { "\x1e{}", "it does not end with a line end: cut off" },
                { "\x1e[]\n", "JSON: a list where an object belongs" },
                { "\x1e{}\n", "it names no register" },
                { "\x1e{\"pcr\":1,\"nv_index\":2}\n", "it names both a register and an NV index" },
                { "\x1e{\"pcr\":24}\n", "register 24, there are 24" },
                { "\x1e{\"pcr\":-1}\n", "register -1, there are 24" },
                { "\x1e{\"pcr\":\"1\"}\n", "1:8: \"pcr\" is a string, not a number" },
                { "\x1e{\"pcr\":1}\n", "1:1: \"digests\" is missing" },
                { "\x1e{\"pcr\":1,\"digests\":[1]}\n", "a digest is an object" },
                { "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha1\"}]}\n", "1:21: \"digest\" is missing" },
                { "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"00\"}]}\n",
                        "no digest by sha1: \"00\"" },
                { "\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"systemd\"}\n",
                        "1:1: \"content\" is missing" },
                { "\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"other\",\"content\":3}\n", NULL },
                { "\x1e{\"pcr\":1,\"digests\":[],\"more\":[]}\n", NULL },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct diag d = {};

                assert_int_equal(read_all(rows[i].text, strlen(rows[i].text), &d),
                        rows[i].says ? -EBADMSG : 0);
                if (rows[i].says)
                        assert_string_equal(d.text + strlen("systemd's log: event 0: "), rows[i].says);
        }
}

static void two_digests_by_one_hash_are_refused(void **state) {
        static const char one[] =
                "{\"hashAlg\":\"sha1\",\"digest\":\"0000000000000000000000000000000000000000\"}";
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};

        assert_true(asprintf(&text, "\x1e{\"pcr\":1,\"digests\":[%s,%s]}\n", one, one) > 0);
        assert_int_equal(read_all(text, strlen(text), &d), -EBADMSG);
        assert_string_equal(d.text, "systemd's log: event 0: two digests by sha1");
}

/* Cut behind a whole event it is a shorter log, anywhere else it is refused. */
static void cut_off_it_is_refused_or_shorter(void **state) {
        for (size_t cut = 1; cut < strlen(LOG); cut++) {
                _cleanup_(freep) uint8_t *copy = copy_exact(LOG, cut);
                bool whole = cut == strlen(PHASE) || cut == strlen(PHASE MACHINE);

                assert_int_equal(read_all(copy, cut, NULL), whole ? 0 : -EBADMSG);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read),
        cmocka_unit_test(replay_goes_on_from_what_was_there),
        cmocka_unit_test(a_failed_replay_changes_nothing),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(two_digests_by_one_hash_are_refused),
        cmocka_unit_test(cut_off_it_is_refused_or_shorter),
};

RUN(tests)
