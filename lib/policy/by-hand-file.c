/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading goes through the policy reader, and then back to text: what differs was not written here. So there
 * is no second parser, and nothing that a person added can get lost.
 */
#include "lib/policy/by-hand-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/policy/policy-file.h"

static const char head[] =
        "// Decisions by hand that last. cvmd writes this file as a whole: do not edit it, but decide by\n"
        "// cvmctl block|allow|forget --permanent DEV, and write rules of your own into another file.\n"
        "{ \"version\": 1, \"rules\": [";
static const char tail[] = "\n] }\n";

void hand_decisions_done(struct hand_decisions *l) {
        free(l->decisions);
        *l = (struct hand_decisions){};
}

/* Where the instance is, or belongs. */
static size_t place_of(const struct hand_decisions *l, const struct guid *instance) {
        size_t i = 0;

        while (i < l->n && guid_compare(&l->decisions[i].instance, instance) < 0)
                i++;
        return i;
}

const struct hand_decision *hand_decisions_find(const struct hand_decisions *l,
        const struct guid *instance) {
        size_t i = place_of(l, instance);

        return i < l->n && guid_equal(&l->decisions[i].instance, instance) ? &l->decisions[i] : NULL;
}

int hand_decisions_set(struct hand_decisions *l, const struct guid *instance, bool allow) {
        size_t i = place_of(l, instance);
        struct hand_decision *bigger;

        if (i == l->n || !guid_equal(&l->decisions[i].instance, instance)) {
                bigger = reallocarray(l->decisions, l->n + 1, sizeof(*bigger));
                if (!bigger)
                        return -ENOMEM;
                l->decisions = bigger;
                memmove(bigger + i + 1, bigger + i, (l->n++ - i) * sizeof(*bigger));
        }
        l->decisions[i] = (struct hand_decision){ .instance = *instance, .allow = allow };
        return 0;
}

void hand_decisions_remove(struct hand_decisions *l, const struct guid *instance) {
        size_t i = place_of(l, instance);

        if (i == l->n || !guid_equal(&l->decisions[i].instance, instance))
                return;
        memmove(l->decisions + i, l->decisions + i + 1, (--l->n - i) * sizeof(*l->decisions));
}

bool by_hand_file_has(const struct policy_rule *r) {
        return r->origin.file && strcmp(r->origin.file, BY_HAND_FILE) == 0;
}

int by_hand_file_format(const struct hand_decisions *l, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        fputs(head, f);
        for (size_t i = 0; i < l->n; i++) {
                const char *action = l->decisions[i].allow ? "allow" : "block";
                char instance[GUID_TEXT_SIZE];

                guid_format(&l->decisions[i].instance, instance);
                fprintf(f,
                        "%s\n  { \"id\": \"by-hand-%s\", \"match\": { \"instance\": \"%s\" }, "
                        "\"action\": \"%s\",\n    \"reason\": \"%sed by an administrator, permanently\" }",
                        i > 0 ? "," : "", instance, instance, action, action);
        }
        fputs(tail, f);
        if (fclose(f) == EOF)
                return -ENOMEM;
        *ret = TAKE(text);
        return 0;
}

/* As far as the rules are of our kind; what else they say shows when they are written again. */
static int take_rules(const struct policy *p, struct hand_decisions *l) {
        for (size_t i = 0; i < p->n_rules; i++) {
                const struct policy_rule *r = &p->rules[i];
                struct guid instance;

                if (r->match.instance.n != 1 || guid_parse(r->match.instance.words[0], &instance) < 0)
                        continue;
                if (hand_decisions_set(l, &instance, r->action == ACTION_ALLOW) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* The line of the first byte in which the two differ; 0: in none. */
static unsigned line_of_difference(const char *text, size_t n, const char *ours) {
        size_t n_ours = strlen(ours);
        unsigned line = 1;

        if (n == n_ours && memcmp(text, ours, n) == 0)
                return 0;
        for (size_t i = 0; i < n && i < n_ours && text[i] == ours[i]; i++)
                line += text[i] == '\n';
        return line;
}

int by_hand_file_parse(const char *text, size_t n, struct hand_decisions *ret, struct diag *d) {
        _cleanup_(policy_problems_done) struct policy_problems problems = {};
        _cleanup_(hand_decisions_done) struct hand_decisions l = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(freep) char *ours = NULL;
        unsigned line;
        int r = policy_parse(BY_HAND_FILE, text, n, &p, &problems, d);

        if (r < 0)
                return r;
        r = take_rules(p, &l);
        if (r >= 0)
                r = by_hand_file_format(&l, &ours);
        if (r < 0)
                return diag_errno(d, r, BY_HAND_FILE);
        line = line_of_difference(text, n, ours);
        if (line > 0)
                return diag_fail(d, -EBADMSG,
                        BY_HAND_FILE ":%u: not as cvmd writes it: move what was added to a file of its own "
                                     "(50-site.json, say), remove this one and decide again",
                        line);
        *ret = l;
        l = (struct hand_decisions){};
        return 0;
}

int by_hand_file_read(struct sysroot *root, struct hand_decisions *ret, struct diag *d) {
        _cleanup_(closep) int fd =
                sysroot_open(root, &BY_HAND_FILE[1], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        if (fd == -ENOENT) {
                *ret = (struct hand_decisions){};
                return 0;
        }
        if (fd == -ELOOP)
                return diag_fail(d, -EBADMSG,
                        BY_HAND_FILE ": a link, which cvmd has not made: remove it and decide again");
        r = fd < 0 ? fd : file_read_fd(fd, POLICY_FILE_MAX, &text, &n);
        if (r < 0)
                return diag_errno(d, r, BY_HAND_FILE);
        return by_hand_file_parse(text, n, ret, d);
}
