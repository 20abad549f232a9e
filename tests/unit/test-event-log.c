/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/event-log: both formats, replay beside the forge's own registers, and genuine logs. */
#include "lib/format/event-log.h"
#include "tests/forge/log.h"
#include "tests/unit/format-harness.h"

static const uint16_t BANKS[] = { 0x0004, 0x000b, 0x000c };

static int read_all(const void *bytes, size_t n, struct diag *d) {
        struct event_log_event e;
        struct event_log log;
        int r = event_log_open(bytes, n, &log, d);

        while (r == 0 && (r = event_log_next(&log, &e, d)) > 0)
                r = 0;
        return r;
}

static unsigned count(const void *bytes, size_t n) {
        struct event_log_event e;
        struct event_log log;
        struct diag d = {};
        int r;

        assert_int_equal(event_log_open(bytes, n, &log, &d), 0);
        while ((r = event_log_next(&log, &e, &d)) > 0)
                ;
        assert_int_equal(r, 0);
        return log.number;
}

static void replay_equals_the_registers(void **state) {
        for (size_t n = 0; n <= 3; n++) {
                struct forge_log made = {};

                forge_log_begin(&made, BANKS, n);
                forge_log_boot(&made);
                for (size_t i = 0; i < (n ? n : 1); i++) {
                        struct pcr_bank bank;
                        struct diag d = {};

                        assert_int_equal(
                                event_log_replay(made.bytes.bytes, made.bytes.n, BANKS[i], &bank, &d), 0);
                        assert_int_equal(bank.hash, BANKS[i]);
                        assert_int_equal(bank.selected, 0xff | 1 << 9 | 1 << 14);
                        for (unsigned p = 0; p < PCR_COUNT; p++)
                                assert_memory_equal(bank.values[p], made.banks[i].values[p],
                                        pcr_hash_size(BANKS[i]));
                }
                forge_log_done(&made);
        }
}

static void a_missing_bank_is_said(void **state) {
        struct forge_log made = {};
        struct pcr_bank bank;
        struct diag d = {};

        forge_log_begin(&made, BANKS + 1, 1);
        forge_log_boot(&made);
        assert_int_equal(event_log_replay(made.bytes.bytes, made.bytes.n, PCR_SHA1, &bank, &d), -EOPNOTSUPP);
        assert_string_equal(d.text, "event log: it has no digests by sha1");
        forge_log_done(&made);
}

static void nothing_says_nothing(void **state) {
        struct event_log log;
        struct diag d = {};

        assert_int_equal(event_log_open("", 0, &log, &d), -ENODATA);
        assert_string_equal(d.text, "event log: empty");
}

static void the_startup_locality_counts(void **state) {
        static const struct {
                uint8_t locality;
                bool late, twice;
                int error;
        } rows[] = {
                { 0, false, false, 0 },
                { 3, false, false, 0 },
                { 4, false, false, 0 },
                { 1, false, false, -EBADMSG },
                { 3, true, false, -EBADMSG },
                { 3, false, true, -EBADMSG },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct forge_log made = {};
                struct pcr_bank bank;

                forge_log_begin(&made, BANKS, 2);
                if (rows[i].late)
                        forge_log_event(&made, 0, 8, "", 1);
                forge_log_locality(&made, rows[i].locality);
                if (rows[i].twice)
                        forge_log_locality(&made, rows[i].locality);
                forge_log_boot(&made);
                assert_int_equal(event_log_replay(made.bytes.bytes, made.bytes.n, PCR_SHA256, &bank, NULL),
                        rows[i].error);
                if (rows[i].error == 0)
                        assert_memory_equal(bank.values[0], made.banks[1].values[0], 32);
                forge_log_done(&made);
        }
}

static void events_have_their_parts(void **state) {
        struct forge_log made = {};
        struct event_log_event e;
        struct event_log log;

        forge_log_begin(&made, BANKS, 2);
        forge_log_event(&made, 7, 0x80000001, "data", 4);
        assert_int_equal(event_log_open(made.bytes.bytes, made.bytes.n, &log, NULL), 0);
        assert_true(log.crypto_agile);
        assert_int_equal(log.n_hashes, 2);
        assert_int_equal(event_log_next(&log, &e, NULL), 1);
        assert_int_equal(e.type, EV_NO_ACTION);
        assert_int_equal(event_log_next(&log, &e, NULL), 1);
        assert_int_equal(e.number, 1);
        assert_int_equal(e.pcr, 7);
        assert_int_equal(e.n_digests, 2);
        assert_int_equal(e.data.n, 4);
        assert_memory_equal(e.data.bytes, "data", 4);
        assert_int_equal(event_log_digest(&e, PCR_SHA256).n, 32);
        assert_null(event_log_digest(&e, PCR_SHA384).bytes);
        assert_int_equal(event_log_next(&log, &e, NULL), 0);
        assert_int_equal(event_log_next(&log, &e, NULL), 0);
        forge_log_done(&made);
}

static void types_have_names(void **state) {
        assert_string_equal(event_type_to_string(4), "EV_SEPARATOR");
        assert_string_equal(event_type_to_string(0x800000e0), "EV_EFI_VARIABLE_AUTHORITY");
        assert_null(event_type_to_string(0x42));
}

static void a_log_may_be_padded(void **state) {
        static const uint8_t fillers[] = { 0, 0xff, 1 };

        for (size_t i = 0; i < sizeof(fillers); i++) {
                struct forge_log made = {};
                uint8_t filler[100];

                forge_log_begin(&made, BANKS, 1);
                forge_log_event(&made, 0, 8, "x", 1);
                memset(filler, fillers[i], sizeof(filler));
                forge_put(&made.bytes, filler, sizeof(filler));
                if (fillers[i] == 1)
                        assert_int_equal(read_all(made.bytes.bytes, made.bytes.n, NULL), -EBADMSG);
                else
                        assert_int_equal(count(made.bytes.bytes, made.bytes.n), 2);
                forge_log_done(&made);
        }
}

/* Cut between two events it is a shorter log, anywhere else it is refused. */
static void cut_off_it_is_refused_or_shorter(void **state) {
        for (size_t banks = 0; banks <= 2; banks++) {
                struct forge_log made = {};
                size_t ends[64], n_ends = 0, whole = 0;
                struct event_log_event e;
                struct event_log log;

                forge_log_begin(&made, BANKS, banks);
                forge_log_event(&made, 1, 8, "abc", 3);
                forge_log_event(&made, 2, 8, "abcd", 4);
                forge_log_event(&made, 3, 8, NULL, 0);
                assert_int_equal(event_log_open(made.bytes.bytes, made.bytes.n, &log, NULL), 0);
                while (event_log_next(&log, &e, NULL) > 0)
                        ends[n_ends++] = made.bytes.n - log.at.left;
                for (size_t cut = 1; cut < made.bytes.n; cut++) {
                        _cleanup_(freep) uint8_t *bytes = copy_exact(made.bytes.bytes, cut);
                        bool at_end = whole < n_ends && cut == ends[whole];

                        assert_int_equal(read_all(bytes, cut, NULL), at_end ? 0 : -EBADMSG);
                        whole += at_end;
                }
                assert_int_equal(whole + 1, n_ends);
                forge_log_done(&made);
        }
}

/* A log of SHA-1 and SHA-256: the announcement starts at 32, the second event at 69. */
static void contradictions_are_refused(void **state) {
        static const struct change rows[] = {
                { 28, 4, 36, -EBADMSG, "event log: what it announces does not fill its first event" },
                { 28, 4, 0x7fffffff, -EBADMSG, "event log: cut off within its first event" },
                { 56, 4, 0, -EBADMSG, "event log: it announces 0 algorithms, 1 to 8 are possible" },
                { 56, 4, 9, -EBADMSG, "event log: it announces 9 algorithms, 1 to 8 are possible" },
                { 56, 4, 1, -EBADMSG, "event log: what it announces does not fill its first event" },
                { 60, 2, 0x0b, -EBADMSG, "event log: it announces digests of 20 bytes by 0x000b" },
                { 64, 4, 0x00140004, -EBADMSG, "event log: it announces algorithm 0x0004 twice" },
                { 66, 2, 33, -EBADMSG, "event log: it announces digests of 33 bytes by 0x000b" },
                { 66, 2, 0, -EBADMSG, "event log: it announces digests of 0 bytes by 0x000b" },
                { 68, 1, 1, -EBADMSG, "event log: what it announces does not fill its first event" },
                { 69, 4, 24, -EBADMSG, "event log: event 1 extends register 24, there are 24" },
                { 77, 4, 1, -EBADMSG, "event log: event 1 has 1 digests, the log announces 2" },
                { 81, 2, 5, -EBADMSG,
                        "event log: event 1 has a digest by 0x0005, which the log does not announce" },
                { 103, 2, 4, -EBADMSG, "event log: event 1 has a digest by 0x0004, twice" },
                { 137, 4, 5, -EBADMSG, "event log: cut off within event 1" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct forge_log made = {};
                struct diag d = {};

                forge_log_begin(&made, BANKS, 2);
                forge_log_event(&made, 0, 8, "abcd", 4);
                assert_int_equal(made.bytes.n, 145);
                put_le(made.bytes.bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(read_all(made.bytes.bytes, made.bytes.n, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
                forge_log_done(&made);
        }
}

/* The registers of the log as tpm2_eventlog computed them: lines "  3  : 0x..." under "  sha256:". */
static void assert_as_tpm2_tools_say(const char *yaml, const uint8_t *log, size_t n) {
        const char *line = strstr(yaml, "\npcrs:\n");
        struct pcr_bank bank = {};
        uint32_t told = 0;
        unsigned banks = 0;

        assert_non_null(line);
        for (line = strchr(line + 1, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
                char name[16], digits[2 * PCR_SIZE_MAX + 1];
                uint8_t value[PCR_SIZE_MAX];
                unsigned pcr;

                if (sscanf(line + 1, "    %u : 0x%128[0-9a-f]", &pcr, digits) == 2) {
                        size_t size = pcr_hash_size(bank.hash);

                        assert_int_equal(strlen(digits), 2 * size);
                        from_hex(digits, value, size);
                        assert_memory_equal(bank.values[pcr], value, size);
                        told |= 1u << pcr;
                } else if (sscanf(line + 1, "  %15[a-z0-9]:", name) == 1) {
                        assert_int_equal(told, bank.selected);
                        assert_int_equal(event_log_replay(log, n, pcr_hash_from_string(name), &bank, NULL),
                                0);
                        told = 0;
                        banks++;
                }
        }
        assert_int_equal(told, bank.selected);
        assert_true(banks > 0);
}

static void genuine_logs_replay_as_tpm2_tools_say(void **state) {
        static const struct {
                const char *name;
                unsigned events;
        } rows[] = {
                { "event-arch-linux.bin", 25 },
                { "event-bootorder.bin", 104 },
                { "event-gce-ubuntu-2104-log.bin", 112 },
                { "event-sd-boot-fedora37.bin", 28 },
                { "event-uefi-sha1-log.bin", 17 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char path[128];
                size_t n, n_yaml;
                _cleanup_(freep) uint8_t *log = NULL, *yaml = NULL;
                _cleanup_(freep) char *text = NULL;

                snprintf(path, sizeof(path), "tpm2-tools/%s", rows[i].name);
                log = read_vector(path, &n);
                snprintf(path, sizeof(path), "tpm2-tools/%s.yaml", rows[i].name);
                yaml = read_vector(path, &n_yaml);
                text = strndup((const char *)yaml, n_yaml);
                assert_non_null(text);
                assert_int_equal(count(log, n), rows[i].events);
                assert_as_tpm2_tools_say(text, log, n);
        }
}

/* Its event is four bytes shorter than the vendor information that it announces. */
static void a_sample_that_contradicts_itself_is_refused(void **state) {
        size_t n;
        _cleanup_(freep) uint8_t *log = read_vector("tpm2-tools/specid-vendordata.bin", &n);
        struct diag d = {};

        assert_int_equal(read_all(log, n, &d), -EBADMSG);
        assert_string_equal(d.text, "event log: what it announces does not fill its first event");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_equals_the_registers),
        cmocka_unit_test(a_missing_bank_is_said),
        cmocka_unit_test(nothing_says_nothing),
        cmocka_unit_test(the_startup_locality_counts),
        cmocka_unit_test(events_have_their_parts),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(a_log_may_be_padded),
        cmocka_unit_test(cut_off_it_is_refused_or_shorter),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(genuine_logs_replay_as_tpm2_tools_say),
        cmocka_unit_test(a_sample_that_contradicts_itself_is_refused),
};

RUN(tests)
