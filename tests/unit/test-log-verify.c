/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/verify/log-verify: logs of systemd and IMA beside quoted registers, whose values Python computed. */
#include <errno.h>

#include "lib/verify/log-verify.h"
#include "tests/unit/format-harness.h"

#define PHASE                                                                                      \
        "\x1e"                                                                                     \
        "{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"51e6b92f405d1f98d96e3de343" \
        "d61d420ad6923b25de21d766f9298192f14fed\"}],\"content_type\":\"systemd\",\"content\":{\"s" \
        "tring\":\"enter-initrd\"}}\n"
#define NV     \
        "\x1e" \
        "{\"nv_index\":30474752,\"digests\":[],\"content_type\":\"other\",\"content\":1}\n"
#define SYSTEMD NV PHASE

/* Two entries of IMA: ima-ng in register 10, a template of one's own in 11. */
#define IMA                                                                                    \
        "0a0000004c68b17f29b5b18e86b4cdfc8cce464b3053c55806000000696d612d6e673f00000028000000" \
        "7368613235363a0011111111111111111111111111111111111111111111111111111111111111110f00" \
        "0000626f6f745f616767726567617465000b0000000e384d8eefcc8717159331382cd1fcc9411a735205" \
        "000000782d6f776e0700000003000000616263"
#define N_IMA 145

#define NOTHING "0000000000000000000000000000000000000000000000000000000000000000"
#define ALL_ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define IMA_10 "ca0e6b786952b72bf78700acd879332652f266dab48a38aa3c7e237c32cb064f"
#define IMA_11 "d3015cb26e0557719ae259a7c1a57a617173dea40499acc9c39454c07a2a7115"
#define SYSTEMD_11 "d15b0e8e244e65c40f024e95773f2347ce4ef3ffe6b597c9a14b50bbab6df319"
#define BOTH_11 "904e22c857260384d0469fb6bf2bc5f04e96b38c84c3d2edda3afb3259303645"

enum { SYSTEMD_LOG = 1, IMA_LOG = 2, BOTH = 3 };

struct row {
        unsigned logs;
        const char *pcr10, *pcr11; /* NULL: not quoted */
        const char *pcr17;
        uint32_t excused;
        enum check_result result;
        const char *says;
};

static void quote(struct pcr_bank *bank, unsigned pcr, const char *value) {
        if (!value)
                return;
        bank->selected |= UINT32_C(1) << pcr;
        from_hex(value, bank->values[pcr], 32);
}

static struct check judge(const struct row *row, struct pcr_bank *bank) {
        static struct evidence e;
        static struct checks c;
        uint8_t ima[N_IMA];

        quote(bank, 10, row->pcr10);
        quote(bank, 11, row->pcr11);
        quote(bank, 17, row->pcr17);
        from_hex(IMA, ima, N_IMA);
        e = (struct evidence){ .pcrs = bank, .attest.selected = bank->selected };
        if (row->logs & SYSTEMD_LOG)
                e.logs[EVIDENCE_SYSTEMD_LOG] = (struct span){ (const uint8_t *)SYSTEMD, strlen(SYSTEMD) };
        if (row->logs & IMA_LOG)
                e.logs[EVIDENCE_IMA_LOG] = (struct span){ ima, N_IMA };
        checks_reset(&c, 0);
        log_verify(&e, row->excused, &c);
        return c.of[CHECK_EVENT_LOG];
}

static void registers_are_explained_or_named(void **state) {
        static const char LEAD[] = "the logs lead to the quoted values";
        static const struct row rows[] = {
                { SYSTEMD_LOG, NULL, SYSTEMD_11, NULL, 0, CHECK_PASS, LEAD },
                { IMA_LOG, IMA_10, IMA_11, NULL, 0, CHECK_PASS, LEAD },
                { BOTH, IMA_10, BOTH_11, NULL, 0, CHECK_PASS, LEAD },
                /* logs are read after the quote: what came later is passed over */
                { BOTH, IMA_10, SYSTEMD_11, NULL, 0, CHECK_PASS, LEAD },
                { BOTH, NOTHING, NOTHING, NULL, 0, CHECK_PASS, LEAD },
                /* in the order of a boot alone */
                { BOTH, IMA_10, IMA_11, NULL, 0, CHECK_FAIL, "unexplained: PCR 11" },
                { SYSTEMD_LOG, IMA_10, SYSTEMD_11, NULL, 0, CHECK_FAIL, "unexplained: PCR 10" },
                { IMA_LOG, IMA_11, IMA_10, NULL, 0, CHECK_FAIL, "unexplained: PCR 10-11" },
                { IMA_LOG, IMA_11, IMA_10, NULL, 1 << 10, CHECK_FAIL, "unexplained: PCR 11" },
                { IMA_LOG, IMA_11, IMA_10, NULL, 3 << 10, CHECK_PASS,
                        "the logs lead to the quoted values, but for PCR 10-11" },
                { 0, IMA_10, NULL, NULL, 0, CHECK_UNAVAILABLE, "no log came along" },
                /* nothing was measured into it, whichever of the two a TPM begins with */
                { IMA_LOG, IMA_10, NULL, NOTHING, 0, CHECK_PASS, LEAD },
                { IMA_LOG, IMA_10, NULL, ALL_ONES, 0, CHECK_PASS, LEAD },
                { IMA_LOG, ALL_ONES, NULL, NULL, 0, CHECK_FAIL, "unexplained: PCR 10" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct pcr_bank bank = { .hash = PCR_SHA256 };
                struct check c = judge(&rows[i], &bank);

                if (c.result != rows[i].result || strcmp(c.detail, rows[i].says) != 0)
                        fail_msg("row %zu: %s, \"%s\"", i, check_result_to_string(c.result), c.detail);
        }
}

static void a_bank_that_a_log_has_not_is_told(void **state) {
        static const struct row row = { .logs = SYSTEMD_LOG };
        struct pcr_bank bank = { .hash = PCR_SHA384, .selected = 1 << 11 };
        struct check c = judge(&row, &bank);

        assert_int_equal(c.result, CHECK_FAIL);
        assert_string_equal(c.detail, "systemd-log: event 1 has no digest by sha384");
}

/* Each log, cut off at every length: never a pass for what only its end explains. */
static void cut_logs_explain_nothing(void **state) {
        struct pcr_bank bank = { .hash = PCR_SHA256 };
        uint8_t ima[N_IMA];
        static struct checks c;

        quote(&bank, 11, BOTH_11);
        from_hex(IMA, ima, N_IMA);
        for (unsigned which = EVIDENCE_SYSTEMD_LOG; which <= EVIDENCE_IMA_LOG; which++) {
                const void *log = which == EVIDENCE_IMA_LOG ? (const void *)ima : SYSTEMD;
                size_t size = which == EVIDENCE_IMA_LOG ? N_IMA : strlen(SYSTEMD);

                for (size_t n = 0; n < size; n++) {
                        _cleanup_(freep) uint8_t *cut = copy_exact(log, n);
                        struct evidence e = { .pcrs = &bank, .attest.selected = bank.selected };

                        e.logs[which] = (struct span){ cut, n };
                        checks_reset(&c, 0);
                        log_verify(&e, 0, &c);
                        assert_int_equal(c.of[CHECK_EVENT_LOG].result,
                                n == 0 ? CHECK_UNAVAILABLE : CHECK_FAIL);
                }
        }
        assert_string_not_equal(c.of[CHECK_EVENT_LOG].detail, "");
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_are_explained_or_named),
        cmocka_unit_test(a_bank_that_a_log_has_not_is_told),
        cmocka_unit_test(cut_logs_explain_nothing),
};
RUN(tests)
