/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes in the one layout: refused or stable, with every comment, and as a policy the same one. */
#include <string.h>

#include "lib/base/json-format.h"
#include "lib/base/json-token.h"
#include "lib/policy/policy-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_comments(const char *text, size_t n) {
        struct json_lexer l = json_lexer_over(text, n);
        size_t count = 0;

        for (; l.token.kind != JSON_TOKEN_END; json_lexer_advance(&l))
                count += l.token.kind == JSON_TOKEN_COMMENT;
        return count;
}

static struct policy *parse(const char *text, size_t n) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        struct policy *p = NULL;

        (void)policy_parse("fuzz", text, n, &p, &problems, NULL);
        return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *)data;
        _cleanup_(policy_freep) struct policy *before = parse(text, size), *after = NULL;
        _cleanup_(freep) char *formatted = NULL, *again = NULL;
        size_t n, n_again;

        if (json_format(text, size, &formatted, &n, NULL) < 0) {
                if (before)
                        abort();
                return 0;
        }
        if (json_format(formatted, n, &again, &n_again, NULL) < 0 || n != n_again ||
                memcmp(formatted, again, n) != 0 ||
                count_comments(text, size) != count_comments(formatted, n))
                abort();
        after = parse(formatted, n);
        if (!before != !after ||
                (before && memcmp(&before->digest, &after->digest, sizeof(before->digest)) != 0))
                abort();
        return 0;
}
