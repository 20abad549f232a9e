/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table, and finding one's way in it. */
#include "cli/verbs.h"

#include <errno.h>
#include <string.h>

#include "cli/placeholder.h"
#include "lib/base/suggest.h"

#define ONLINE (CAN_ASK | CAN_REMOTE | CAN_JSON | CAN_WHOLE)
#define EITHER (ONLINE | CAN_RECORD | CAN_JUDGE)
#define POLICY (CAN_FILES | CAN_POLICY | CAN_REMOTE | CAN_JSON | CAN_WHOLE)
#define TEST (CAN_TEST | CAN_JSON | CAN_WHOLE)
#define DIFF (CAN_ASK | CAN_RECORD | CAN_SEVERAL | CAN_JSON | CAN_WHOLE)
#define REPLAY (CAN_RECORD | CAN_POLICY | CAN_JSON | CAN_WHOLE)
#define VERIFY (CAN_VERIFY | CAN_CERTIFY | CAN_CONVERT | CAN_ROOTS | CAN_WORDS | CAN_JSON | CAN_WHOLE)
#define LOG (CAN_FILES | CAN_REMOTE | CAN_JSON | CAN_WHOLE)

static const struct verb verbs[] = {
        { "status", "", 0, 0, EITHER, verb_status, "State of this guest (the default)",
                .begins = "This guest" },
        { "devices", "", 0, 0, EITHER, verb_devices, "All VMBus devices with their verdicts" },
        { "device", "DEV", 1, 1, EITHER, verb_device, "One device with its channels" },
        { "explain", "DEV", 1, 1, EITHER, verb_explain, "How the verdict of a device came about" },
        { "plan", "", 0, 0, EITHER | CAN_PROPOSE, verb_plan, "What enforcing would do now, at what cost" },
        { "monitor", "", 0, 0, CAN_ASK | CAN_REMOTE | CAN_JSON | CAN_WAIT, verb_monitor,
                "Show decisions as they are made" },
        { "log", "[FILE]", 0, 1, LOG, verb_log, "The decisions of this boot" },
        { "log verify", "[FILE]", 0, 1, LOG, verb_log_verify, "Check that none was changed or removed" },
        { "policy check", "[PATH...]", 0, ANY_NUMBER, POLICY, verb_policy_check,
                "Show what is wrong with a policy", .begins = "Policies" },
        { "policy show", "[PATH...]", 0, ANY_NUMBER, POLICY, verb_policy_show,
                "All its files as one, with origins" },
        { "policy digest", "[PATH...]", 0, ANY_NUMBER, POLICY, verb_policy_digest,
                "What identifies a policy" },
        { "policy test", "PATH...", 1, ANY_NUMBER, TEST, verb_policy_test,
                "Run the test cases in files and folders" },
        { "policy diff", "[OLD] NEW", 1, 2, DIFF, verb_policy_diff, "What changes with another policy" },
        { "policy fmt", "[FILE...]", 0, ANY_NUMBER, CAN_FORMAT, verb_policy_fmt,
                "Put policies into their one layout" },
        { "policy generate", "", 0, 0, CAN_ASK | CAN_RECORD | CAN_WHOLE, verb_policy_generate,
                "Make a strict policy from a guest" },
        { "policy try", "PATH...", 0, ANY_NUMBER, ONLINE | CAN_POLICY | CAN_TRY_POLICY, verb_policy_try,
                "Show for a while what the daemon would do by it" },
        { "reload", "", 0, 0, ONLINE, verb_reload, "Make the daemon load its policy again" },
        { "block", "DEV", 1, 1, ONLINE | CAN_DECIDE | CAN_TRY, verb_block, "Block a device",
                .begins = "Decisions by hand" },
        { "allow", "DEV", 1, 1, ONLINE | CAN_DECIDE | CAN_TRY, verb_allow, "Allow a device" },
        { "forget", "DEV", 1, 1, ONLINE | CAN_DECIDE, verb_forget, "Leave a device to the policy again" },
        { "confirm", "[DEV]", 0, 1, ONLINE | CAN_CONFIRM, verb_confirm,
                "Let stand what --confirm-within would take back" },
        { "trial start", "", 0, 0, ONLINE | CAN_BOOT, verb_trial_start,
                "Enforce on trial: audit again unless confirmed" },
        { "snapshot", "", 0, 0, CAN_ASK | CAN_RECORD | CAN_EXPORT | CAN_WHOLE, verb_snapshot,
                "Record everything known about this guest", .begins = "Recordings" },
        { "replay", "PATH", 1, 1, REPLAY, verb_replay, "Whether facts and policy give the log's decisions" },
        { "attest get", "", 0, 0, CAN_ASK | CAN_REMOTE | CAN_WORDS | CAN_EVIDENCE | CAN_CONVERT | CAN_WHOLE,
                verb_attest_get, "Get evidence for a nonce", attest_get_format, .begins = "Evidence" },
        { "attest providers", "", 0, 0, ONLINE, verb_attest_providers, "What evidence can be made with" },
        { "attest export", "FILE", 1, 1, CAN_CONVERT | CAN_WHOLE, verb_attest_export, "Take a bundle apart",
                attest_export_format },
        { "attest inspect", "FILE", 1, 1, CAN_JSON | CAN_WHOLE, verb_attest_inspect,
                "Everything that a piece of evidence says" },
        { "attest verify", "FILE", 1, 1, VERIFY, verb_attest_verify, "Judge evidence, by itself and offline",
                attest_verify_format },
        { "attest expect", "check|from FILE", 2, 2, CAN_CERTIFY | CAN_JSON | CAN_WHOLE, verb_attest_expect,
                "Check an expectation, or make one from evidence" },
        { "attest roots", "", 0, 0, CAN_ROOTS | CAN_JSON | CAN_WHOLE, verb_attest_roots,
                "The trust anchors of attest verify" },
        { "completion bash", "", 0, 0, CAN_WHOLE, verb_completion_bash,
                "Print what completes cvmctl in bash", .begins = "Completion" },
        { "completion zsh", "", 0, 0, CAN_WHOLE, verb_completion_zsh, "Print what completes it in zsh" },
        { "completion devices", "", 0, 0, CAN_ASK | CAN_RECORD, verb_completion_devices,
                "What DEV can be, for completion" },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *verb_at(size_t i) {
        return i < N_VERBS ? &verbs[i] : NULL;
}

static const struct verb *find(const char *name) {
        for (size_t i = 0; i < N_VERBS; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

/* The second word of a verb that starts with this one; NULL for any other verb. */
static const char *second_word(const struct verb *v, const char *first) {
        size_t n = strlen(first);

        return strncmp(v->name, first, n) == 0 && v->name[n] == ' ' ? v->name + n + 1 : NULL;
}

/* "policy" and something, or nothing, behind it that it does not go with. */
static int unknown_second(const char *first, const char *second, struct diag *d) {
        struct suggestion s = {};
        char family[256] = "";
        size_t used = 0;

        for (size_t i = 0; i < N_VERBS && used < sizeof(family); i++) {
                const char *known = second_word(&verbs[i], first);

                if (!known)
                        continue;
                suggest_consider(&s, second ?: "", known);
                used += (size_t)snprintf(family + used, sizeof(family) - used, "%s%s", used ? ", " : "",
                        verbs[i].name);
        }
        if (s.nearest)
                return diag_fail(d, -EINVAL, "unknown verb '%s %s': did you mean '%s %s'?", first, second,
                        first, s.nearest);
        return diag_fail(d, -EINVAL, "'%s' is one of: %s", first, family);
}

static int unknown(const char *first, const char *two, struct diag *d) {
        struct suggestion s = {};

        for (size_t i = 0; i < N_VERBS; i++)
                suggest_consider(&s, two, verbs[i].name);
        for (size_t i = 0; !s.nearest && i < N_VERBS; i++)
                suggest_consider(&s, first, verbs[i].name);
        if (s.nearest)
                return diag_fail(d, -EINVAL, "unknown verb '%s': did you mean '%s'?", two, s.nearest);
        return diag_fail(d, -EINVAL, "unknown verb '%s' (cvmctl --help lists them)", first);
}

static bool is_family(const char *first) {
        for (size_t i = 0; i < N_VERBS; i++)
                if (second_word(&verbs[i], first))
                        return true;
        return false;
}

/* "log verfy" is a slip, and no file to show. */
static bool is_slip(const char *first, const char *second) {
        struct suggestion s = {};

        for (size_t i = 0; i < N_VERBS; i++)
                if (second_word(&verbs[i], first))
                        suggest_consider(&s, second, second_word(&verbs[i], first));
        return s.nearest;
}

/* With what it stands for, where that is not plain. */
static int too_few(const struct verb *v, struct diag *d) {
        const char *args = v->args;
        struct argument a;

        while (argument_next(&args, &a)) {
                if (!a.placeholder || !a.placeholder->help)
                        continue;
                diag_fail(d, -EINVAL, "%s needs %s: %s", v->name, v->args, a.placeholder->help);
                for (char *c = d->text; *c; c++)
                        if (*c == '\n')
                                *c = ' ';
                return -EINVAL;
        }
        return diag_fail(d, -EINVAL, "%s needs %s", v->name, v->args);
}

int verb_find(char *const *words, size_t n, const struct verb **ret, size_t *ret_used, struct diag *d) {
        const struct verb *v;
        size_t used = 2;
        char two[64];

        if (n == 0) {
                *ret = &verbs[0];
                *ret_used = 0;
                return 0;
        }
        snprintf(two, sizeof(two), "%s%s%s", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
        v = n > 1 ? find(two) : NULL;
        if (!v) {
                v = find(words[0]);
                used = 1;
        }
        if (used == 1 && n > 1 && is_slip(words[0], words[1]))
                return unknown_second(words[0], words[1], d);
        if (!v)
                return is_family(words[0]) ? unknown_second(words[0], n > 1 ? words[1] : NULL, d)
                                           : unknown(words[0], two, d);
        if (n - used < v->min)
                return too_few(v, d);
        if (n - used > v->max)
                return diag_fail(d, -EINVAL, "%s takes %s: '%s' is too many", v->name,
                        v->max ? v->args : "no argument", words[used + v->max]);
        *ret = v;
        *ret_used = used;
        return 0;
}
