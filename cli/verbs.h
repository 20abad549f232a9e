/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs of cvmctl: one table drives dispatch, help and completion. */
#include <limits.h>
#include <stddef.h>

#include "cli/context.h"

#define ANY_NUMBER UINT_MAX

/*
 * What runs prints to x->out and returns 0 or a negative errno with x->diag; x->exit says what a run that
 * returned 0 found. args are what follows the verb, as many as the row allows.
 */
struct verb {
        const char *name; /* one word or two */
        const char *args; /* as help shows them: see placeholder.h; "" for none */
        unsigned min, max;
        unsigned can; /* bits of enum capability */
        int (*run)(struct context *x, char **args, size_t n);
        const char *help;
        word_list *formats; /* the values of --format; NULL: it takes none */
        const char
                *begins; /* the heading of help that it is the first below; NULL: that of the one before */
};

/* NULL past the end. */
const struct verb *verb_at(size_t i);

/*
 * The verb that the words start with, and how many of them name it; no words is status. -EINVAL with a diag
 * and a suggestion.
 */
int verb_find(char *const *words, size_t n, const struct verb **ret, size_t *ret_used, struct diag *d);

void help_print(struct output *out);

/* Of attest get, export and verify. */
word_list attest_get_format, attest_export_format, attest_verify_format;

int verb_status(struct context *x, char **args, size_t n);
int verb_devices(struct context *x, char **args, size_t n);
int verb_device(struct context *x, char **args, size_t n);
int verb_explain(struct context *x, char **args, size_t n);
int verb_plan(struct context *x, char **args, size_t n);
int verb_policy_check(struct context *x, char **args, size_t n);
int verb_policy_show(struct context *x, char **args, size_t n);
int verb_policy_digest(struct context *x, char **args, size_t n);
int verb_policy_diff(struct context *x, char **args, size_t n);
int verb_policy_fmt(struct context *x, char **args, size_t n);
int verb_policy_generate(struct context *x, char **args, size_t n);
int verb_policy_test(struct context *x, char **args, size_t n);
int verb_policy_try(struct context *x, char **args, size_t n);
int verb_block(struct context *x, char **args, size_t n);
int verb_allow(struct context *x, char **args, size_t n);
int verb_forget(struct context *x, char **args, size_t n);
int verb_confirm(struct context *x, char **args, size_t n);
int verb_trial_start(struct context *x, char **args, size_t n);
int verb_reload(struct context *x, char **args, size_t n);
int verb_snapshot(struct context *x, char **args, size_t n);
int verb_monitor(struct context *x, char **args, size_t n);
int verb_attest_get(struct context *x, char **args, size_t n);
int verb_attest_export(struct context *x, char **args, size_t n);
int verb_attest_providers(struct context *x, char **args, size_t n);
int verb_replay(struct context *x, char **args, size_t n);
int verb_log(struct context *x, char **args, size_t n);
int verb_log_verify(struct context *x, char **args, size_t n);
int verb_attest_verify(struct context *x, char **args, size_t n);
int verb_attest_expect(struct context *x, char **args, size_t n);
int verb_attest_inspect(struct context *x, char **args, size_t n);
int verb_attest_roots(struct context *x, char **args, size_t n);
int verb_completion_bash(struct context *x, char **args, size_t n);
int verb_completion_zsh(struct context *x, char **args, size_t n);
int verb_completion_devices(struct context *x, char **args, size_t n);
