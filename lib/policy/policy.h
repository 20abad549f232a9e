/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What should be: a policy is all its files as one, rules in order, each setting from the first file that
 * has it. Immutable once loaded. policy-file.h has the loading.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/digest.h"
#include "lib/base/guid.h"
#include "lib/facts/guest.h"
#include "lib/policy/verdict.h"

enum policy_action { ACTION_UNSET, ACTION_ALLOW, ACTION_AUDIT, ACTION_BLOCK, ACTION_HALT, _ACTION_MAX };

/* How an unknown fact counts in a `require`. */
enum policy_unknown { UNKNOWN_UNSET, UNKNOWN_VIOLATION, UNKNOWN_PASS, _UNKNOWN_MAX };

/* Whether a device gets a driver only once it was judged, instead of as soon as there is one. */
enum policy_gate { GATE_UNSET, GATE_OFF, GATE_ON, _POLICY_GATE_MAX };

/* Where a value was written; all zero: nowhere, it is what holds when no file says. */
struct policy_origin {
        const char *file; /* owned by the policy; NULL: built in */
        unsigned line, column;
};

struct matcher;

/* One of several values; empty: the key was not given. */
struct policy_words {
        char **words;
        size_t n;
};

struct policy_match {
        struct policy_words class;          /* GUIDs in lower case: names are resolved when loaded */
        struct policy_words instance;       /* GUIDs, or shell patterns over them */
        struct policy_words driver;         /* shell patterns over the candidate driver */
        struct policy_words vendor, device; /* "0x1414" in lower case */
        struct policy_words isolation;
        enum tristate hvsock, kernel_allowed, paravisor; /* UNKNOWN: the key was not given */
        struct policy_match *negated;                    /* the `not` group; NULL: none */
        struct matcher *matcher; /* all of it but the group, made ready to be evaluated */
};

struct policy_rule {
        char *id;
        struct policy_match match;
        enum confidentiality ring, dma;  /* `require`; UNKNOWN: not required */
        enum policy_action action;       /* when nothing is required, else UNSET */
        enum policy_action on_violation; /* when something is required, else UNSET */
        struct policy_words protect;     /* replaces the policy's, when has_protect */
        bool has_protect;
        char *reason;               /* NULL: none given */
        struct policy_words labels; /* for people and their tools: neither enforced nor in the digest */
        bool broken;                /* has an error: only in a policy that is refused */
        struct policy_origin origin;
};

struct policy {
        enum policy_mode mode; /* as written; audit when no file says */
        struct policy_origin mode_origin;
        enum policy_gate gate; /* off when no file says; effective in mode enforce alone */
        struct policy_origin gate_origin;
        struct policy_words expect_isolation; /* empty: not expected */
        enum tristate expect_paravisor;       /* UNKNOWN: not expected */
        struct policy_origin expect_origin;
        enum policy_unknown unknown; /* violation when no file says */
        struct policy_origin unknown_origin;
        struct policy_words protect; /* root, usr, boot and swap when no file says */
        struct policy_origin protect_origin;
        struct policy_rule *rules; /* first match decides */
        size_t n_rules;
        enum policy_action default_action; /* block when no file says */
        struct policy_origin default_origin;
        char **files; /* names as read, in order */
        size_t n_files;
        struct digest digest; /* over policy_canonical() */
        bool built_in;        /* not read from files: the last resort */
        char **warnings;      /* what can hardly be meant, a sentence each; the last may count the rest */
        size_t n_warnings;
};

void policy_free(struct policy *p);
DEFINE_FREEP(struct policy, policy_free)

/* Whether it says what guest it is for: `expect`. */
bool policy_expects(const struct policy *p);

/* Whether what it says of a device may depend on the device's vendor and device numbers. */
bool policy_asks_for_ids(const struct policy *p);

/* The built-in one: blocks payload classes on plain or unknown channels, protects the root. -ENOMEM. */
int policy_new_built_in(struct policy **ret);

/*
 * What is enforced, as canonical JSON (RFC 8785): no reasons, labels, paths or files; lists of a match
 * sorted, GUIDs in lower case; a match key that is absent stays absent, a setting that no file has is there
 * with the value that holds, but for a gate that is off, which is absent: a policy that was written before
 * there were gates keeps its digest. policy->digest is SHA-256 over these bytes. They are themselves a
 * policy, of the same digest. The caller frees *ret. -ENOMEM.
 */
int policy_canonical(const struct policy *p, char **ret);

const char *policy_action_to_string(enum policy_action a);   /* unset allow audit block halt */
const char *policy_unknown_to_string(enum policy_unknown u); /* unset violation pass */
const char *policy_gate_to_string(enum policy_gate g);       /* unset off on */
