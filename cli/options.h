/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The options of cvmctl: one table drives parsing, help, suggestions and what goes to another host. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/facts/channel-probe.h"
#include "lib/policy/verdict.h"

enum option_id {
        OPTION_HELP,
        OPTION_VERSION,
        OPTION_JSON,
        OPTION_NO_PAGER,
        OPTION_NO_LEGEND,
        OPTION_QUIET,
        OPTION_OUTPUT,
        OPTION_HOST,
        OPTION_BUS,
        OPTION_SNAPSHOT,
        OPTION_ROOT,
        OPTION_POLICY,
        OPTION_MODE,
        OPTION_PROBE,
        OPTION_REDACT,
        OPTION_EXPAND,
        OPTION_BUNDLE,
        OPTION_LOG,
        OPTION_RUNTIME,
        OPTION_FOR,
        OPTION_STOP,
        OPTION_TAP,
        OPTION_JUNIT,
        OPTION_CHECK,
        OPTION_PERMANENT,
        OPTION_CONFIRM_WITHIN,
        OPTION_TRIAL,
        OPTION_BOOTS,
        OPTION_NONCE,
        OPTION_BIND,
        OPTION_EXPECT,
        OPTION_ANY_MEASUREMENT,
        OPTION_ANY_NONCE,
        OPTION_ANY_BIND,
        OPTION_ANY_AK,
        OPTION_AT,
        OPTION_CERTS,
        OPTION_CRL,
        OPTION_COLLATERAL,
        OPTION_ROOTS,
        OPTION_NONCE_FILE,
        OPTION_BIND_FILE,
        OPTION_FORMAT,
        OPTION_PROVIDER,
        OPTION_PCRS,
        OPTION_EVENT_LOG,
        OPTION_FRESHNESS,
        OPTION_BATCH,
        OPTION_JOBS,
        OPTION_SIGN_KEY,
        _OPTION_MAX,
};

/* What a verb can do; an option wants one of these of the verb that it is given to. */
enum capability {
        CAN_ASK = 1 << 0,    /* the daemon: --bus */
        CAN_RECORD = 1 << 1, /* facts of this or another machine: --snapshot, --root, --probe */
        CAN_JUDGE = 1 << 2,  /* by another policy: --policy, --mode */
        CAN_FILES = 1 << 3,  /* look at files below --root */
        CAN_POLICY = 1 << 4, /* look at policies: --policy */
        CAN_JSON = 1 << 5,
        CAN_EXPORT = 1 << 6,      /* --redact, --expand, --bundle */
        CAN_WAIT = 1 << 7,        /* output comes line by line, until interrupted */
        CAN_WHOLE = 1 << 8,       /* output comes at once: -o */
        CAN_REMOTE = 1 << 9,      /* -H */
        CAN_DECIDE = 1 << 10,     /* for how long: --runtime, --permanent */
        CAN_TEST = 1 << 11,       /* reports for those who run tests: --tap, --junit */
        CAN_SEVERAL = 1 << 12,    /* look at more than one guest: --snapshot again and again */
        CAN_TRY = 1 << 13,        /* on condition: --confirm-within */
        CAN_FORMAT = 1 << 14,     /* look, and leave it: --check */
        CAN_CONFIRM = 1 << 15,    /* a trial: --trial */
        CAN_BOOT = 1 << 16,       /* a number of boots: --boots */
        CAN_PROPOSE = 1 << 17,    /* hand the daemon another policy: --policy without --snapshot or --root */
        CAN_TRY_POLICY = 1 << 18, /* have a policy tried: --for, --stop */
        CAN_VERIFY = 1 << 19,     /* judge evidence: --expect, --any-..., --at, --crl, --collateral */
        CAN_ROOTS = 1 << 20,      /* other trust anchors: --roots */
        CAN_WORDS = 1 << 21,      /* what evidence is bound to: --nonce, --bind */
        CAN_EVIDENCE = 1 << 22, /* have evidence made: --nonce-file, --bind-file, --provider, --pcrs, ... */
        CAN_CONVERT = 1 << 23,  /* in several forms: --format */
        CAN_CERTIFY = 1 << 24,  /* certificates that evidence lacks: --certs */
};

/* The i-th of a list of words, NULL past its end. */
typedef const char *word_list(size_t i);

struct option_row {
        const char *name;
        char letter;     /* 0: none */
        const char *arg; /* the value, a placeholder of placeholder.h, "[=...]" if it may be left out; NULL:
                            takes none */
        unsigned wants;  /* bits of enum capability, one of which the verb must have; 0: any verb */
        bool forward;    /* means the same on another host */
        const char *help;
        word_list *words; /* the values that there are; NULL: any, or --format, whose values a verb has */
        bool list;        /* several of the words, with commas */
        unsigned repeats; /* bits of enum capability, with one of which it may be given again */
};

enum json_mode { JSON_OFF, JSON_SHORT, JSON_PRETTY, JSON_AUTO };

struct options {
        bool given[_OPTION_MAX];
        const char *values[_OPTION_MAX]; /* as written, borrowed; NULL: none */
        char **policies;                 /* of every --policy, in order */
        size_t n_policies;
        char **snapshots; /* of every --snapshot, in order */
        size_t n_snapshots;
        char **certificates; /* of every --certs, in order */
        size_t n_certificates;
        char **crls; /* of every --crl, in order */
        size_t n_crls;
        char **collateral; /* of every --collateral, in order */
        size_t n_collateral;
        enum json_mode json;
        enum policy_mode mode;
        enum probe_method probe;
        uint32_t confirm_within; /* seconds; 0: not given */
        uint32_t boots;          /* 0: not given */
        uint32_t seconds;        /* of --for */
        uint32_t jobs;           /* 0: not given */
        char **words;            /* what is left: the verb and its arguments, borrowed from argv */
        size_t n_words;
};

const struct option_row *option_row(enum option_id id);

/* Whether it goes with a verb that can do this; everything goes with no verb at all. */
bool option_goes_with(const struct option_row *row, unsigned can);

/*
 * Reorders argv. Filled as far as it came even on failure, so that the caller knows whether JSON was asked
 * for. -EINVAL with a diag for what makes no sense by itself.
 */
int options_parse(struct options *o, int argc, char **argv, struct diag *d);

/* Whether the options go together, and with a verb of this name that can do this. -EINVAL. */
int options_check(const struct options *o, const char *verb, unsigned can, struct diag *d);

/* Whether facts come from a recording or a folder instead of the daemon. */
bool options_offline(const struct options *o);

void options_done(struct options *o);
