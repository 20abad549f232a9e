/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words in which every judgement is spoken. Zero is unset, never "allow". */

enum policy_mode { MODE_UNSET, MODE_AUDIT, MODE_ENFORCE, MODE_OFF, _MODE_MAX };

/* Of a device. */
enum verdict {
        VERDICT_UNSET,
        VERDICT_ALLOWED,
        VERDICT_VIOLATING, /* seen, not acted on */
        VERDICT_BLOCKED,   /* unbound and held so, as re-read from the kernel */
        VERDICT_PROTECTED, /* violates, but the machine stands on it */
        VERDICT_PENDING,   /* an action is under way */
        VERDICT_FAILED,    /* an action did not take effect */
        _VERDICT_MAX,
};

/* Of the guest. */
enum guest_state {
        STATE_UNSET,
        STATE_COMPLIANT,      /* nothing violates, or all that does is blocked */
        STATE_VIOLATING,      /* enforcing, and something violates and is not blocked */
        STATE_UNPROTECTED,    /* audit or off, with violations */
        STATE_NOT_APPLICABLE, /* no isolation, and none expected */
        STATE_FAILED,         /* not the guest that the policy expects, or an action failed */
        _STATE_MAX,
};

const char *policy_mode_to_string(enum policy_mode m); /* unset audit enforce off */
int policy_mode_from_string(const char *word);         /* -EBADMSG; not "unset" */
/* unset allowed violating blocked protected pending failed */
const char *verdict_to_string(enum verdict v);
int verdict_from_string(const char *word);

/* unset compliant violating unprotected not-applicable failed */
const char *guest_state_to_string(enum guest_state s);
int guest_state_from_string(const char *word);
