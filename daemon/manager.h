/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The only mutable state of cvmd: what the guest is (a picture, replaced whole), which policy is in force,
 * what enforcement holds. It knows neither D-Bus nor sd_notify: those observe it.
 */
#include <systemd/sd-event.h>

#include "daemon/picture.h"
#include "daemon/state.h"
#include "lib/base/sysroot.h"

struct manager;

struct manager_options {
        struct sysroot *root; /* all of these are borrowed, and outlive the manager */
        const struct state *state;
        sd_event *event;
        const struct cpuid_table *cpuid; /* recorded leaves in place of the processor's, or NULL */
        struct kernel_log *log;          /* of the kernel, for who may not open it; or NULL */
        enum probe_method probe;
        enum policy_mode mode;        /* in place of the policy's; UNSET: the policy's */
        uint32_t event_buffer;        /* see uevents_new() */
        bool foreign;                 /* root is not this machine */
        bool no_gate;                 /* whatever the policy says */
        bool early;                   /* in the initrd: the root is not mounted yet */
        bool release;                 /* no policy: everything that is held is given back */
        uint64_t trial_patience_usec; /* how long /var may take in a trial of enforcement */
};

struct manager_counters {
        uint64_t looks, arrivals, decisions, rescans, rebounds, actions, actions_failed;
        uint64_t uevents, uevents_forged, receive_errors;
        uint64_t evidence_given, evidence_refused;
};

/* Any of the functions may be NULL. */
struct manager_observer {
        /* The first judgement stands, and its first round of actions ended, failed or hangs. Once. */
        void (*ready)(void *data);
        /* A reload begins, or ends. */
        void (*reloading)(bool begins, void *data);
        /* before is NULL the first time; it and its policy end after the call. */
        void (*replaced)(const struct picture *before, const struct picture *after, void *data);
        /* Device i of the picture that is about to be shown got a verdict. */
        void (*decided)(const struct picture *p, size_t i, void *data);
        /* What a request left to be written to the disk is written, or is not. */
        void (*written)(int r, const struct diag *d, void *data);
        void (*rebound)(const struct device *d, unsigned times, void *data);
        /* What a policy being tried would make of device i is new: p->tried->devices[i]. */
        void (*tried)(const struct picture *p, size_t i, void *data);
        /* A rule says that a guest like this one must not run on. */
        void (*halt)(const char *why, void *data);
        void *data;
        struct manager_observer *next; /* the manager's */
};

/* Subscribes to uevents, arms the probe, loads the policy: whatever is wrong with a policy is no reason to
 * fail. */
int manager_new(const struct manager_options *o, struct manager **ret, struct diag *d);
void manager_free(struct manager *m);
DEFINE_FREEP(struct manager, manager_free)

/* Borrows the observer until the manager ends. */
void manager_observe(struct manager *m, struct manager_observer *o);

/* The first look, judgement and round of actions. */
int manager_start(struct manager *m, struct diag *d);

/* Whether there is anything to do before the system runs: a gate, wanted by the policy in this mode. */
bool manager_wants_gate(const struct manager *m);

/* Whether the gate is ours, be it closed or about to be given up. */
bool manager_holds_gate(const struct manager *m);

/* What keeps cvmd-compliant.target from being as it should; NULL: nothing. Shown until the next call. */
void manager_warn_of_target(struct manager *m, const char *trouble);

/* Never NULL once started. Borrowed until the event loop runs on. */
const struct picture *manager_picture(const struct manager *m);
struct manager_counters manager_counters(const struct manager *m);

/* Reads the policy again. -EBADMSG, and the one in force stays, when there is an error in it. */
int manager_reload(struct manager *m, struct diag *d);

/* Looks at everything again, and confirms what is blocked. */
int manager_rescan(struct manager *m, struct diag *d);

/*
 * For so many seconds from now, judges by this policy as well: in place of one that is being tried already,
 * and beside the one in force, which stays so in every mode. Takes it over in any case. *ret_until is in
 * microseconds of CLOCK_BOOTTIME.
 */
int manager_try(struct manager *m, struct policy *policy, uint64_t seconds, uint64_t *ret_until,
        struct diag *d);

/* -EINVAL for a time that no policy can be tried for. */
int manager_check_try(uint64_t seconds, struct diag *d);

/* -ENODATA when none is being tried. */
int manager_end_try(struct manager *m, struct diag *d);

enum by_hand { BY_HAND_FORGET, BY_HAND_BLOCK, BY_HAND_ALLOW };

/* What an administrator decides about a device; FORGET leaves it to the policy again. */
struct decide_request {
        const char *device; /* as guest_resolve() takes it */
        enum by_hand what;
        bool permanent;        /* in a file of the policy; else until the next boot */
        uint64_t confirm_usec; /* rolled back unless it is confirmed within that time; 0: it stands */
};

/*
 * 0: decided; 1: it is being written to the disk, and the observers will be told. The errors of
 * guest_resolve(); -EPERM for what would not come about, -EBADMSG for a policy that would not load or a file
 * that cvmd has not written, -EBUSY while another decision is being written.
 */
int manager_decide(struct manager *m, const struct decide_request *q, struct guid *ret, struct diag *d);

/*
 * What was decided on condition stands. word: the device, NULL for all. 0 or 1 as above; the instances in
 * *ret, which the caller frees. -ESRCH when there is nothing to confirm, -ESTALE when it was rolled back.
 */
int manager_confirm(struct manager *m, const char *word, struct guid **ret, size_t *ret_n, struct diag *d);

/* A trial of enforcement begins, over so many boots, or is confirmed: 1, and errors, as manager_decide(). */
int manager_start_trial(struct manager *m, unsigned boots, struct diag *d);
int manager_confirm_trial(struct manager *m, struct diag *d);

/* It was asked to end, and did not fail. */
void manager_end(const struct manager *m);

/*
 * For a helper process, since it can hang: everything there is, with what the probe saw last, as the text of
 * a snapshot into fd. Ends the process, successfully if all of it was written.
 */
_Noreturn void manager_record_everything(const struct manager *m, int fd);

/* JSON, see lib/enforce/plan-json.h and lib/policy/explain.h. The caller frees *ret. */
int manager_plan(struct manager *m, char **ret, struct diag *d);

/* The same for a policy that is not in force, and stays so. */
int manager_evaluate(struct manager *m, const struct policy *p, char **ret, struct diag *d);
int manager_explain(struct manager *m, const struct guid *instance, char **ret, struct diag *d);
