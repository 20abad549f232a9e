/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/claims/batch: what is written, that it reads back, and that nothing else is read. */
#include <errno.h>
#include <string.h>

#include "lib/claims/batch.h"
#include "tests/unit/harness.h"

#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define NONCE "6368616c6c656e6765"
#define HEAD "{\"version\":1,\"nonce\":\"" NONCE "\",\"bind\":\"\","
#define GOOD HEAD "\"index\":1,\"bindings\":[\"" ZEROES "\",\"" ONES "\"],\"freshness\":\"report\"}"

static struct batch good(void) {
        struct batch b = { .n_nonce = 9, .index = 1, .n_bindings = 2, .freshness = FRESHNESS_REPORT };

        memcpy(b.nonce, "challenge", 9);
        memset(b.bindings[1].bytes, 0x11, SHA256_SIZE);
        return b;
}

static void batch_is_written_as_published(void **state) {
        struct batch b = good();
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(batch_format(&b, &text), 0);
        assert_string_equal(text, GOOD);
}

static void what_is_written_reads_back(void **state) {
        struct batch b = good(), back = {};
        struct diag d = {};

        b.n_bindings = BATCH_MAX;
        b.index = BATCH_MAX - 1;
        b.n_nonce = NONCE_MAX;
        b.n_bind = BIND_MAX;
        b.freshness = FRESHNESS_QUOTE;
        for (size_t i = 0; i < BATCH_MAX; i++)
                memset(b.bindings[i].bytes, (int)i, SHA256_SIZE);
        memset(b.bind, 0xfe, BIND_MAX);
        _cleanup_(freep) char *text = NULL;
        assert_int_equal(batch_format(&b, &text), 0);
        assert_int_equal(batch_parse(text, strlen(text), &back, &d), 0);
        assert_memory_equal(&b, &back, sizeof(b));
}

static void other_forms_are_refused(void **state) {
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "", "" },
                { "[]", "batch: a list where an object belongs" },
                { "{}", "version" },
                { " " GOOD, "form" },
                { GOOD "\n", "form" },
                { "/**/" GOOD, "batch: 1:1: unexpected /" },
                { HEAD "\"index\":2,\"bindings\":[\"" ZEROES "\"],\"freshness\":\"report\"}", "index" },
                { HEAD "\"index\":-1,\"bindings\":[\"" ZEROES "\"],\"freshness\":\"report\"}", "index" },
                { HEAD "\"index\":\"0\",\"bindings\":[\"" ZEROES "\"],\"freshness\":\"report\"}", "index" },
                { HEAD "\"index\":0,\"bindings\":[],\"freshness\":\"report\"}", "1 to 128" },
                { HEAD "\"index\":0,\"bindings\":[\"00\"],\"freshness\":\"report\"}", "binding 0" },
                { HEAD "\"index\":0,\"bindings\":[7],\"freshness\":\"report\"}", "binding 0" },
                { HEAD "\"index\":0,\"bindings\":[\"" ZEROES "\"],\"freshness\":\"new\"}", "freshness" },
                { HEAD "\"index\":0,\"bindings\":[\"" ZEROES "\"]}", "freshness" },
                { HEAD "\"index\":0,\"bindings\":[\"" ZEROES "\"],\"freshness\":\"report\",\"more\":1}",
                        "form" },
                { HEAD "\"bindings\":[\"" ZEROES "\"],\"index\":0,\"freshness\":\"report\"}", "form" },
                { "{\"version\":2,\"nonce\":\"" NONCE "\",\"bind\":\"\",\"index\":0,\"bindings\":[\"" ZEROES
                  "\"],\"freshness\":\"report\"}",
                        "version" },
                { "{\"version\":1,\"nonce\":\"00112233445566\",\"bind\":\"\",\"index\":0,\"bindings\":["
                  "\"" ZEROES "\"],\"freshness\":\"report\"}",
                        "\"nonce\" is not 8 to 64 bytes" },
                { "{\"version\":1,\"nonce\":\"6368616C6C656E6765\",\"bind\":\"\",\"index\":0,\"bindings\":["
                  "\"" ZEROES "\"],\"freshness\":\"report\"}",
                        "form" },
                { "{\"version\":1,\"nonce\":\"" NONCE "\",\"bind\":\"" ZEROES ZEROES
                  "00\",\"index\":0,\"bindings\":[\"" ZEROES "\"],\"freshness\":\"report\"}",
                        "\"bind\" is not 0 to 64 bytes" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct batch b = { .n_bindings = 77 };
                struct diag d = {};

                assert_int_equal(batch_parse(rows[i].text, strlen(rows[i].text), &b, &d), -EBADMSG);
                if (!strstr(d.text, rows[i].says))
                        fail_msg("row %zu: %s", i, d.text);
                assert_int_equal(b.n_bindings, 77);
        }
}

static void too_many_bindings_are_refused(void **state) {
        struct batch b = good();
        _cleanup_(freep) char *text = NULL, *more = NULL;
        char *list;

        b.n_bindings = BATCH_MAX;
        assert_int_equal(batch_format(&b, &text), 0);
        list = strchr(text, '[') + 1;
        assert_true(asprintf(&more, "%.*s\"" ZEROES "\",%s", (int)(list - text), text, list) > 0);
        assert_int_equal(batch_parse(more, strlen(more), &b, NULL), -EBADMSG);
}

static void cut_batches_are_refused(void **state) {
        for (size_t n = 0; n < strlen(GOOD); n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(GOOD, n);
                struct batch b;

                assert_int_equal(batch_parse(cut, n, &b, NULL), -EBADMSG);
        }
}

static void freshness_has_words(void **state) {
        assert_string_equal(freshness_to_string(FRESHNESS_REPORT), "report");
        assert_int_equal(freshness_from_string("quote"), FRESHNESS_QUOTE);
        assert_int_equal(freshness_from_string("fresh"), -EBADMSG);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_written_as_published),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(too_many_bindings_are_refused),
        cmocka_unit_test(cut_batches_are_refused),
        cmocka_unit_test(freshness_has_words),
};
RUN(tests)
