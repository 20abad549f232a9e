/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/format/ima-log: every template, violations, and registers that Python computed from the kernel's
 * source. */
#include "lib/format/ima-log.h"
#include "tests/unit/format-harness.h"

/* ima-ng, ima-sig with a signature and without, ima, a violation (ima-ng), and a template of one's own, in
 * register 11; made by Python. */
#define LOG                                                                                    \
        "0a0000004c68b17f29b5b18e86b4cdfc8cce464b3053c55806000000696d612d6e673f00000028000000" \
        "7368613235363a0011111111111111111111111111111111111111111111111111111111111111110f00" \
        "0000626f6f745f616767726567617465000a00000038320116754046a2a85e0144050236d7be3682da07" \
        "000000696d612d73696742000000280000007368613235363a0022222222222222222222222222222222" \
        "22222222222222222222222222222222080000002f62696e2f736800060000000302046162630a000000" \
        "0b380d5d3c9b6f7df1099420f2f212409b6db84207000000696d612d7369673c00000028000000736861" \
        "3235363a003333333333333333333333333333333333333333333333333333333333333333080000002f" \
        "62696e2f6c7300000000000a000000c9658d96c3219425e548ad15232f325a67dee8e203000000696d61" \
        "4444444444444444444444444444444444444444080000002f7362696e2f696e0a000000000000000000" \
        "000000000000000000000000000006000000696d612d6e673b000000280000007368613235363a000000" \
        "0000000000000000000000000000000000000000000000000000000000000b0000002f7661722f6c6f67" \
        "2f78000b0000000e384d8eefcc8717159331382cd1fcc9411a735205000000782d6f776e070000000300" \
        "0000616263"
#define N_LOG 509

static size_t make(uint8_t ret[N_LOG]) {
        from_hex(LOG, ret, N_LOG);
        return N_LOG;
}

static int read_all(const void *bytes, size_t n, struct diag *d) {
        struct ima_log_entry e;
        struct ima_log log;
        int r = ima_log_open(bytes, n, &log, d);

        while (r == 0 && (r = ima_log_next(&log, &e, d)) > 0)
                r = 0;
        return r;
}

static void assert_span(struct span s, const char *text) {
        assert_int_equal(s.n, strlen(text));
        assert_memory_equal(s.bytes, text, s.n);
}

static void entries_are_read(void **state) {
        static const struct {
                const char *template, *algorithm, *name;
                uint8_t digest;
                size_t n_signature;
                bool violation;
        } rows[] = {
                { "ima-ng", "sha256", "boot_aggregate", 0x11, 0, false },
                { "ima-sig", "sha256", "/bin/sh", 0x22, 6, false },
                { "ima-sig", "sha256", "/bin/ls", 0x33, 0, false },
                { "ima", "", "/sbin/in", 0x44, 0, false },
                { "ima-ng", "sha256", "/var/log/x", 0, 0, true },
        };
        uint8_t bytes[N_LOG];
        struct ima_log_entry e;
        struct ima_log log;

        assert_int_equal(ima_log_open(bytes, make(bytes), &log, NULL), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(ima_log_next(&log, &e, NULL), 1);
                assert_int_equal(e.number, i);
                assert_int_equal(e.pcr, 10);
                assert_span(e.template, rows[i].template);
                assert_span(e.algorithm, rows[i].algorithm);
                assert_span(e.name, rows[i].name);
                assert_int_equal(e.file_digest.n, e.old ? 20 : 32);
                assert_int_equal(e.file_digest.bytes[0], rows[i].digest);
                assert_int_equal(e.signature.n, rows[i].n_signature);
                assert_int_equal(e.violation, rows[i].violation);
        }
        assert_int_equal(ima_log_next(&log, &e, NULL), 1);
        assert_int_equal(e.pcr, 11);
        assert_span(e.template, "x-own");
        assert_null(e.name.bytes);
        assert_int_equal(ima_log_next(&log, &e, NULL), 0);
}

static void replay_gives_what_the_kernel_extends(void **state) {
        struct pcr_bank sha1 = { .hash = PCR_SHA1 }, sha256 = { .hash = PCR_SHA256 };
        uint8_t bytes[N_LOG];
        struct diag d = {};

        assert_int_equal(ima_log_replay(bytes, make(bytes), &sha1, &d), 0);
        assert_int_equal(sha1.selected, 1 << 10 | 1 << 11);
        assert_hex(sha1.values[10], 20, "1ea089dc32230e09cf0453ff21e534421945d121");
        assert_hex(sha1.values[11], 20, "ec22989ab368a6e7e6925c8662d24978820c7eb4");
        assert_int_equal(ima_log_replay(bytes, N_LOG, &sha256, &d), 0);
        assert_hex(sha256.values[10], 32,
                "5381a796b10421ec43d07323e81d936f2028f29c77a5daabf14b161ba840d90b");
        assert_hex(sha256.values[11], 32,
                "d3015cb26e0557719ae259a7c1a57a617173dea40499acc9c39454c07a2a7115");
}

/* Every byte that is hashed, and the hash: another one, and the log no longer replays. */
static void changed_entries_do_not_replay(void **state) {
        static const size_t places[] = { 4, 23, 38, 46, 100 };

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                struct pcr_bank bank = { .hash = PCR_SHA256 };
                uint8_t bytes[N_LOG];

                make(bytes);
                bytes[places[i]] ^= 1;
                assert_int_equal(ima_log_replay(bytes, N_LOG, &bank, NULL), -EBADMSG);
                assert_int_equal(bank.selected, 0);
        }
}

static void other_logs_are_refused(void **state) {
        static const struct change rows[] = {
                { 0, 4, 24, -EBADMSG, "IMA's log: entry 0: it extends register 24, there are 24" },
                { 24, 4, 0, -EBADMSG, "IMA's log: entry 0: a template whose name has 0 bytes" },
                { 24, 4, 257, -EBADMSG, "IMA's log: entry 0: a template whose name has 257 bytes" },
                { 34, 4, 0xffffffff, -EBADMSG, "IMA's log: entry 0: cut off" },
                { 38, 4, 0xffffffff, -EBADMSG, "IMA's log: entry 0: fields run over the end of its data" },
                { 38, 4, 4, -EBADMSG, "IMA's log: entry 0: fields run over the end of its data" },
                { 48, 1, 'x', -EBADMSG,
                        "IMA's log: entry 0: its data are not those of ima-ng" }, /* no colon */
                { 100, 1, 'x', -EBADMSG,
                        "IMA's log: entry 0: its data are not those of ima-ng" },               /* no NUL */
                { 90, 1, 0, -EBADMSG, "IMA's log: entry 0: its data are not those of ima-ng" }, /* two */
                { 33, 1, 'h', 0, "" }, /* ima-nh is not known */
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t bytes[N_LOG];
                struct diag d = {};

                make(bytes);
                put_le(bytes + rows[i].offset, rows[i].value, rows[i].size);
                assert_int_equal(read_all(bytes, N_LOG, &d), rows[i].error);
                assert_string_equal(d.text, rows[i].says);
        }
        assert_int_equal(read_all("", 0, NULL), -ENODATA);
}

static void the_old_name_fits_its_buffer(void **state) {
        uint8_t bytes[600] = { 10 };

        put_le(bytes + 24, 3, 4);
        memcpy(bytes + 28, "ima", 3);
        memset(bytes + 55, 'n', 300);
        put_le(bytes + 51, 255, 4);
        assert_int_equal(read_all(bytes, 55 + 255, NULL), 0);
        put_le(bytes + 51, 256, 4);
        assert_int_equal(read_all(bytes, 55 + 256, NULL), -EBADMSG);
        put_le(bytes + 51, 3, 4);
        bytes[56] = 0;
        assert_int_equal(read_all(bytes, 55 + 3, NULL), -EBADMSG);
}

/* Cut between two entries it is a shorter log, anywhere else it is refused. */
static void cut_off_it_is_refused_or_shorter(void **state) {
        uint8_t bytes[N_LOG];
        struct ima_log_entry e;
        struct ima_log log;
        size_t ends[8] = { 0 }, n = 0, whole = 0;

        assert_int_equal(ima_log_open(bytes, make(bytes), &log, NULL), 0);
        while (ima_log_next(&log, &e, NULL) > 0)
                ends[n++] = N_LOG - log.at.left;
        for (size_t cut = 1; cut < N_LOG; cut++) {
                _cleanup_(freep) uint8_t *copy = copy_exact(bytes, cut);
                bool at_end = cut == ends[whole];

                assert_int_equal(read_all(copy, cut, NULL), at_end ? 0 : -EBADMSG);
                whole += at_end;
        }
        assert_int_equal(whole, 5);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(replay_gives_what_the_kernel_extends),
        cmocka_unit_test(changed_entries_do_not_replay),
        cmocka_unit_test(other_logs_are_refused),
        cmocka_unit_test(the_old_name_fits_its_buffer),
        cmocka_unit_test(cut_off_it_is_refused_or_shorter),
};

RUN(tests)
