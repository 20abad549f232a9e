/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables that completion is made of, held against what the parser makes of them. What shells make of the
 * scripts is in tests/integration/test-completion.py. */
#include "tests/unit/harness.h"

#include <errno.h>

#include "cli/completion.h"
#include "cli/placeholder.h"
#include "cli/verbs.h"

/* What a script says of a verb behind this key, up to the closing quote. */
static char *said_of(const char *script, const char *verb, const char *key) {
        char head[64];
        const char *at;

        snprintf(head, sizeof(head), "        '%s')\n", verb);
        at = strstr(script, head);
        assert_non_null(at);
        at = strstr(at, key);
        assert_non_null(at);
        at += strlen(key);
        return strndup(at, strcspn(at, "'"));
}

static bool has_word(const char *words, const char *word) {
        size_t n;

        for (; *(words += strspn(words, " ")); words += n) {
                n = strcspn(words, " ");
                if (n == strlen(word) && strncmp(words, word, n) == 0)
                        return true;
        }
        return false;
}

/* By itself, whatever else it may need. */
static bool is_taken(const struct verb *v, enum option_id id) {
        struct options o = {};
        struct diag d = {};

        o.given[id] = true;
        o.values[id] = "x";
        return options_check(&o, v->name, v->can, &d) == 0 || !strstr(d.text, "does not take");
}

static void each_verb_has_the_options_that_it_takes(void **state) {
        _cleanup_(freep) char *script = NULL;
        const struct verb *v;
        size_t size;
        FILE *f = open_memstream(&script, &size);

        assert_non_null(f);
        completion_print_bash(f);
        assert_return_code(fclose(f), errno);
        for (size_t k = 0; (v = verb_at(k)); k++) {
                _cleanup_(freep) char *opts = said_of(script, v->name, "opts='");

                for (int i = 0; i < _OPTION_MAX; i++) {
                        char name[64];

                        snprintf(name, sizeof(name), "--%s", option_row(i)->name);
                        if (is_taken(v, i) != has_word(opts, name))
                                fail_msg("%s %s: %s", v->name, name,
                                        is_taken(v, i) ? "not offered" : "offered");
                }
        }
}

/* What stands in capitals in a table has its row, and each row is used. */
static void every_placeholder_is_known(void **state) {
        bool used[64] = {};
        const struct verb *v;
        struct argument a;

        for (size_t k = 0; (v = verb_at(k)); k++)
                for (const char *args = v->args; argument_next(&args, &a);) {
                        assert_true(a.n_words > 0);
                        assert_int_equal(a.words[0] >= 'A' && a.words[0] <= 'Z', a.placeholder != NULL);
                        if (a.placeholder)
                                used[a.placeholder - placeholder_at(0)] = true;
                }
        for (int i = 0; i < _OPTION_MAX; i++) {
                const char *arg = option_row(i)->arg ?: "", *name = arg + strspn(arg, "[=");
                const struct placeholder *p = placeholder_find(name, strcspn(name, "]"));

                if (*arg && !p)
                        fail_msg("--%s: nobody knows %s", option_row(i)->name, arg);
                if (p)
                        used[p - placeholder_at(0)] = true;
        }
        for (size_t n = 0; placeholder_at(n); n++)
                if (!used[n])
                        fail_msg("%s stands nowhere", placeholder_at(n)->name);
}

static void arguments_are_read(void **state) {
        static const struct {
                const char *text, *words;
                bool repeated;
        } table[] = {
                { "[OLD] NEW", "OLD", false },
                { "[PATH...]", "PATH", true },
                { "PATH...", "PATH", true },
                { "check|from FILE", "check|from", false },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                const char *text = table[i].text;
                struct argument a;

                assert_true(argument_next(&text, &a));
                assert_int_equal(a.n_words, strlen(table[i].words));
                assert_memory_equal(a.words, table[i].words, a.n_words);
                assert_int_equal(a.repeated, table[i].repeated);
                while (argument_next(&text, &a))
                        assert_non_null(a.placeholder);
                assert_int_equal(*text, 0);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verb_has_the_options_that_it_takes),
        cmocka_unit_test(every_placeholder_is_known),
        cmocka_unit_test(arguments_are_read),
};

RUN(tests)
