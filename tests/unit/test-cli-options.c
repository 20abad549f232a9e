/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: options, verbs, what goes together, and what goes to another host. */
#include "tests/unit/harness.h"

#include <errno.h>

#include "cli/remote.h"
#include "cli/verbs.h"

#define WORDS 10 /* with a NULL at the end */

/* Parses a command line and finds and checks its verb, as main() does; returns what the diag says on
 * failure. */
static int parse(const char *const words[], struct options *o, const struct verb **ret_verb,
        struct diag *d) {
        static char copies[WORDS + 1][128];
        static char *argv[WORDS + 2];
        size_t used;
        int argc = 0, r;

        argv[argc++] = copies[0];
        strcpy(copies[0], "cvmctl");
        for (; words[argc - 1]; argc++) {
                strcpy(copies[argc], words[argc - 1]);
                argv[argc] = copies[argc];
        }
        argv[argc] = NULL;
        *o = (struct options){};
        *d = (struct diag){};
        r = options_parse(o, argc, argv, d);
        if (r >= 0)
                r = verb_find(o->words, o->n_words, ret_verb, &used, d);
        if (r >= 0)
                r = options_check(o, (*ret_verb)->name, (*ret_verb)->can, d);
        return r;
}

static void options_are_understood(void **state) {
        static const struct {
                const char *words[WORDS];
                const char *verb;
        } table[] = {
                { {}, "status" },
                { { "-q", "status" }, "status" },
                { { "devices", "--json", "--no-legend" }, "devices" },
                { { "--json=pretty", "device", "3" }, "device" },
                { { "explain", "network", "--snapshot", "x", "--mode=audit", "--policy=a", "--policy", "b" },
                        "explain" },
                { { "policy", "check" }, "policy check" },
                { { "policy", "show", "a", "b" }, "policy show" },
                { { "policy", "test", "a", "b", "--tap", "--junit=c", "-o", "d" }, "policy test" },
                { { "policy", "diff", "a" }, "policy diff" },
                { { "policy", "diff", "a", "b", "--snapshot=c", "--snapshot", "d" }, "policy diff" },
                { { "policy", "generate", "--snapshot=a", "-o", "b" }, "policy generate" },
                { { "policy", "fmt" }, "policy fmt" },
                { { "policy", "fmt", "--check", "a", "b" }, "policy fmt" },
                { { "plan", "--policy=a" }, "plan" },
                { { "policy", "try", "a", "--for=60" }, "policy try" },
                { { "policy", "try", "--stop" }, "policy try" },
                { { "snapshot", "--redact", "-o", "x" }, "snapshot" },
                { { "log" }, "log" },
                { { "log", "x" }, "log" },
                { { "log", "verify", "x" }, "log verify" },
                { { "-H", "host", "monitor" }, "monitor" },
                { { "attest", "get", "--nonce=00", "--bind-file", "x", "--pcrs=0-7", "-o", "y" },
                        "attest get" },
                { { "attest", "export", "x", "--format=raw", "-o", "y" }, "attest export" },
                { { "attest", "providers", "--json" }, "attest providers" },
                { { "block", "--", "-1" }, "block" },
                { { "--snap", "x" }, "status" },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                const struct verb *verb = NULL;
                struct options o;
                struct diag d;

                assert_int_equal(parse(table[i].words, &o, &verb, &d), 0);
                assert_string_equal(verb->name, table[i].verb);
                options_done(&o);
        }
}

static void options_that_make_no_sense_are_refused(void **state) {
        static const struct {
                const char *words[WORDS];
                const char *says;
        } table[] = {
                { { "statsu" }, "did you mean 'status'?" },
                { { "device" }, "device needs DEV" },
                { { "status", "x" }, "status takes no argument: 'x' is too many" },
                { { "policy" }, "'policy' is one of: policy check, policy show, policy digest" },
                { { "policy", "chekc" }, "did you mean 'policy check'?" },
                { { "policy", "verify" }, "'policy' is one of" },
                { { "attest", "get", "--roots=x" }, "attest get does not take --roots" },
                { { "attest", "get", "x" }, "attest get takes no argument" },
                { { "attest", "export" }, "attest export needs FILE" },
                { { "attest", "export", "x", "--nonce=00" }, "attest export does not take --nonce" },
                { { "policy", "test" }, "policy test needs PATH..." },
                { { "policy", "test", "a", "--tap", "--json" }, "give one of them" },
                { { "policy", "check", "--tap" }, "policy check does not take --tap" },
                { { "policy", "diff" }, "policy diff needs [OLD] NEW" },
                { { "--snapshot=x", "--snapshot=y" }, "status looks at one guest: give --snapshot once" },
                { { "log", "verfy" }, "did you mean 'log verify'?" },
                { { "frobnicate" }, "unknown verb 'frobnicate' (cvmctl --help lists them)" },
                { { "--jsn" }, "unknown option --jsn: did you mean --json?" },
                { { "--frobnicate=3" }, "unknown option --frobnicate (" },
                { { "-x" }, "unknown option -x" },
                { { "-qx" }, "unknown option -x" },
                { { "--no" }, "--no could be several options" },
                { { "--quiet=1" }, "--quiet takes no value" },
                { { "--bus" }, "--bus needs a value" },
                { { "-o" }, "-o needs a value" },
                { { "--root=" }, "--root: the value is empty" },
                { { "--json=xml" }, "--json is off, short or pretty, not 'xml'" },
                { { "--mode=unset" }, "--mode is audit, enforce or off, not 'unset'" },
                { { "--probe=magic" }, "--probe is auto," },
                { { "reload", "--snapshot=x" }, "reload does not take --snapshot" },
                { { "snapshot", "--json" }, "snapshot does not take --json" },
                { { "policy", "try", "a", "--for=0" }, "--for is 1 to 86400, not '0'" },
                { { "policy", "try", "a", "--for=1m" }, "not '1m'" },
                { { "plan", "--for=1" }, "plan does not take --for" },
                { { "snapshot", "-H", "x" }, "snapshot does not take --host" },
                { { "monitor", "-o", "x" }, "monitor does not take --output" },
                { { "status", "--redact" }, "status does not take --redact" },
                { { "policy", "show", "--snapshot=x" }, "policy show does not take --snapshot" },
                { { "--bus=x", "--root=y" }, "give one of them" },
                { { "--mode=audit" }, "--mode judges offline" },
                { { "devices", "--policy=x" }, "--policy judges offline" },
                { { "plan", "--policy=x", "--mode=audit" }, "--mode judges offline" },
                { { "--snapshot=x", "--probe=none" }, "give one of them" },
                { { "-H", "x", "--snapshot=y" }, "--snapshot does not go with --host" },
                { { "-H", "x", "-o", "y" }, "--output does not go with --host" },
                { { "-H", "-oProxyCommand=x" }, "is not a host" },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                const struct verb *verb;
                struct options o;
                struct diag d;

                assert_int_equal(parse(table[i].words, &o, &verb, &d), -EINVAL);
                if (!strstr(d.text, table[i].says))
                        fail_msg("row %zu says '%s', not '%s'", i, d.text, table[i].says);
                options_done(&o);
        }
}

static void options_remember_json_when_the_rest_is_wrong(void **state) {
        const struct verb *verb;
        struct options o;
        struct diag d;

        assert_int_equal(parse((const char *[]){ "--json=short", "--frobnicate", NULL }, &o, &verb, &d),
                -EINVAL);
        assert_int_equal(o.json, JSON_SHORT);
        options_done(&o);
}

static void remote_quotes_for_the_other_shell(void **state) {
        const char *words[] = { "-H", "host", "block", "it's $(here)", "--no-legend", "--bus=a b", NULL };
        _cleanup_(freep) char *command = NULL;
        const struct verb *verb;
        struct options o;
        struct diag d;

        assert_int_equal(parse(words, &o, &verb, &d), 0);
        assert_int_equal(remote_command(&o, JSON_SHORT, &command), 0);
        assert_string_equal(command,
                "cvmctl '--no-legend' '--bus=a b' --json=short -- 'block' 'it'\\''s $(here)'");
        options_done(&o);
}

static void help_fits_and_is_complete(void **state) {
        struct options options = {};
        struct terminal terminal = {};
        struct output out;
        const struct verb *v;

        assert_int_equal(output_init(&out, &terminal, &options), 0);
        help_print(&out);
        fflush(out.f);
        for (size_t i = 0; (v = verb_at(i)); i++)
                assert_non_null(strstr(out.buffer, v->help));
        for (int i = 0; i < _OPTION_MAX; i++)
                assert_non_null(strstr(out.buffer, option_row(i)->help));
        for (const char *line = out.buffer; *line; line += strcspn(line, "\n") + 1)
                assert_in_range(strcspn(line, "\n"), 0, 80);
        output_done(&out);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_understood),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(options_remember_json_when_the_rest_is_wrong),
        cmocka_unit_test(remote_quotes_for_the_other_shell),
        cmocka_unit_test(help_fits_and_is_complete),
};

RUN(tests)
