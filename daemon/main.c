/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cvmd: from options to the event loop. Every owner is a cleanup local of run(), so that they end in the
 * reverse of the order in which they began: the bus first, the lock of the state folder last. What is
 * blocked stays blocked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/bus.h"
#include "daemon/early.h"
#include "daemon/flush.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/metrics.h"
#include "daemon/options.h"
#include "daemon/power-off.h"
#include "daemon/target.h"
#include "daemon/trial.h"
#include "lib/base/file.h"
#include "lib/enforce/gate.h"
#include "lib/facts/kernel-log.h"

#define EXIT_USAGE 2
#define RELEASE_USEC (10 * 1000 * 1000)
#define CPUID_FILE_MAX (64 * 1024 * 1024) /* a whole snapshot will do */

/* What the handlers of signals and the observer need. */
struct context {
        struct manager *manager;
        sd_event *event;
        int foreground; /* who waits there until everything was looked at; -1: nobody */
        bool release;   /* until everything was given back */
        bool simulated; /* a guest that is not this machine is not halted */
};

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        (void)sd_notify(0, "STOPPING=1");
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        const struct context *c = userdata;
        struct diag d = {};

        (void)manager_reload(c->manager, &d); /* which says in the log what is wrong */
        return 0;
}

static int watch_signals(sd_event *event, struct context *c) {
        sigset_t ours;
        int r;

        sigemptyset(&ours);
        sigaddset(&ours, SIGTERM);
        sigaddset(&ours, SIGINT);
        sigaddset(&ours, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &ours, NULL) < 0)
                return -errno;
        (void)signal(SIGPIPE, SIG_IGN);
        r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, on_stop, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, c);
        return r;
}

static void notify_ready(void *data) {
        const struct context *c = data;

        if (c->foreground >= 0)
                (void)!write(c->foreground, "", 1); /* nobody may wait there any more */
        (void)sd_notify(0, "READY=1");
}

static void notify_reloading(bool begins, void *data) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (begins)
                (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                        (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
        else
                (void)sd_notify(0, "READY=1");
}

static void notify_status(const struct picture *before, const struct picture *after, void *data) {
        size_t blocked = 0;

        for (size_t i = 0; i < after->guest->n_devices; i++)
                blocked += after->devices[i].verdict == VERDICT_BLOCKED;
        (void)sd_notifyf(0, "STATUS=%s, mode %s, %zu devices, %zu blocked",
                guest_state_to_string(after->state), policy_mode_to_string(after->evaluation->mode),
                after->guest->n_devices, blocked);
}

static void show_picture(const struct picture *before, const struct picture *after, void *data) {
        const struct context *c = data;

        notify_status(before, after, data);
        if (c->release && !after->busy && !manager_holds_gate(c->manager))
                (void)sd_event_exit(c->event, 0);
}

static int on_release_time(sd_event_source *source, uint64_t usec, void *userdata) {
        log_error("not everything could be given back in time");
        return sd_event_exit(sd_event_source_get_event(source), -ETIMEDOUT);
}

static void halt_machine(const char *why, void *data) {
        const struct context *c = data;
        int r = c->simulated ? 0 : power_off(1);

        if (r < 0)
                log_error("cannot power off: %s", errno_text(r));
        else
                log_warning("%s",
                        c->simulated ? "not powered off: this guest is not this machine" : "powering off");
}

static int open_root(const struct options *o, struct sysroot **ret, struct diag *d) {
        return o->simulator ? sysroot_new_simulated(o->root, o->simulator, ret, d)
                            : sysroot_new(o->root, ret, d);
}

static int read_cpuid(const char *file, struct cpuid_table *ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_at(AT_FDCWD, file, CPUID_FILE_MAX, &text, &n);

        return r < 0 ? diag_errno(d, r, "%s", file) : cpuid_parse(file, text, n, ret, d);
}

/* --mode, else the kernel command line; a mistake there is said, and changes nothing. */
static enum policy_mode mode_override(struct sysroot *root, const struct options *o) {
        _cleanup_(freep) char *command_line = NULL;
        enum policy_mode mode = MODE_UNSET;
        struct diag d = {};

        if (o->mode != MODE_UNSET)
                return o->mode;
        if (sysroot_read_line(root, "proc/cmdline", &command_line) < 0)
                return MODE_UNSET;
        if (options_kernel_mode(command_line, &mode, &d) < 0)
                log_error("%s: the policy's mode is in force", d.text);
        return mode;
}

/* Whether there is something to do at all: -EALREADY when not, which is said. */
static int prepare(struct options *o, struct sysroot *root, int *ret_foreground, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *new_root = NULL;
        int r = 0;

        if (o->task == TASK_EARLY && early_is_kdump(root))
                return diag_fail(d, -EALREADY, "a crash dump is being saved: nothing is kept from it");
        if (o->task == TASK_EARLY && o->background) {
                r = early_go_background(ret_foreground);
                return r < 0 ? diag_errno(d, r, "cannot go to the background") : 0;
        }
        if (o->task != TASK_HANDOVER)
                return 0;
        r = early_end(o->state, d);
        if (r >= 0)
                r = sysroot_new(o->new_root, &new_root, d);
        if (r < 0)
                return r;
        if (early_has_successor(new_root))
                return diag_fail(d, -EALREADY, "left to cvmd.service of the system in %s", o->new_root);
        log_info("no cvmd.service is enabled in %s: everything is given back", o->new_root);
        return 0;
}

/* After the start of the manager, which has the policy. */
static int prepare_task(struct context *c, enum options_task task, struct diag *d) {
        int r = 0;

        if (task == TASK_EARLY && !manager_wants_gate(c->manager))
                return diag_fail(d, -EALREADY, "no gate is wanted: left to the system");
        if (c->release)
                r = sd_event_add_time_relative(c->event, NULL, CLOCK_MONOTONIC, RELEASE_USEC, 0,
                        on_release_time, NULL);
        return r < 0 ? diag_errno(d, r, "event loop") : 0;
}

/* It is the running system's: neither the initrd's, nor that of a guest which is not this machine. */
static bool has_target(const struct options *o, const struct context *c) {
        return o->task == TASK_SERVE && (o->systemd || (!c->simulated && sd_booted() > 0));
}

/* What this is run for once /var is there, and at the end of a boot. */
static int keep_boot(const struct options *o, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        int r = open_root(o, &root, d);

        if (r < 0)
                return r;
        return o->task == TASK_FLUSH ? flush_log(root, o->state, d)
                                     : trial_mark_clean_end(root, o->state, d);
}

/* What this is run for when it is removed: devices that come get their drivers from the kernel, who is
 * blocked stays so. */
static int open_gate(const struct options *o, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(state_done) struct state state = STATE_NONE;
        struct apply_result result;
        int r = open_root(o, &root, d);

        if (r >= 0)
                r = state_open(o->state, &state, d);
        if (r >= 0)
                r = gate_open(root, state.folder, &result, d);
        if (r < 0)
                return r;
        return result.effective ? 0 : diag_fail(d, result.error ?: -EIO, "%s", result.what);
}

/* What is given on the command line and by the unit, in whose sandbox nobody can open the kernel's log. */
static int take_inputs(const struct options *o, const struct context *c, struct cpuid_table *cpuid,
        struct kernel_log *log, struct diag *d) {
        int r = o->cpuid ? read_cpuid(o->cpuid, cpuid, d) : 0;

        if (r < 0 || c->simulated || !file_is_kernel_log(STDIN_FILENO))
                return r;
        r = kernel_log_init(log, STDIN_FILENO);
        return r < 0 ? diag_errno(d, r, "the kernel's log on standard input") : 0;
}

static int make_loop(struct context *c, sd_event **ret, struct diag *d) {
        int r = sd_event_new(ret);

        if (r >= 0)
                r = watch_signals(*ret, c);
        if (r >= 0)
                r = sd_event_set_watchdog(*ret, 1);
        return r < 0 ? diag_errno(d, r, "event loop") : 0;
}

static int serve(const struct options *o, sd_event *event, struct manager *m, struct sysroot *root,
        struct bus **ret, struct diag *d) {
        const struct bus_options options = {
                .address = o->bus,
                .event = event,
                .manager = m,
                .root = root,
                .report_window_usec = o->report_window_usec,
                .polkit_patience_usec = o->polkit_patience_usec,
        };

        return bus_new(&options, ret, d);
}

static int run(struct options *o, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(closep) int foreground = -1;
        _cleanup_(state_done) struct state state = STATE_NONE;
        _cleanup_(cpuid_table_done) struct cpuid_table cpuid = {};
        _cleanup_(kernel_log_done) struct kernel_log log = KERNEL_LOG_NONE;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(manager_freep) struct manager *manager = NULL;
        _cleanup_(target_freep) struct target *target = NULL;
        _cleanup_(metrics_freep) struct metrics *metrics = NULL;
        _cleanup_(bus_freep) struct bus *bus = NULL;
        struct context context = {
                .simulated = o->simulator || strcmp(o->root, "/") != 0,
                .release = o->task == TASK_RELEASE || o->task == TASK_HANDOVER,
        };
        struct manager_observer observer = {
                .ready = notify_ready,
                .reloading = notify_reloading,
                .replaced = show_picture,
                .halt = halt_machine,
                .data = &context,
        };
        int r = open_root(o, &root, d);

        if (r >= 0)
                r = prepare(o, root, &foreground, d);
        if (r >= 0)
                r = state_open(o->state, &state, d);
        if (r < 0)
                return r;
        context.foreground = foreground;
        if (o->task == TASK_EARLY && early_is_over(&state))
                return diag_fail(d, -EALREADY, "the initrd is over");
        r = take_inputs(o, &context, &cpuid, &log, d);
        if (r >= 0)
                r = make_loop(&context, &event, d);
        if (r < 0)
                return r;
        const struct manager_options options = {
                .root = root,
                .state = &state,
                .event = event,
                .cpuid = o->cpuid ? &cpuid : NULL,
                .log = log.fd >= 0 ? &log : NULL,
                .probe = o->probe,
                .mode = mode_override(root, o),
                .event_buffer = o->event_buffer,
                .foreign = context.simulated,
                .no_gate = early_is_kdump(root),
                .early = o->task == TASK_EARLY,
                .release = context.release,
                .trial_patience_usec = o->trial_patience_usec,
        };
        r = manager_new(&options, &manager, d);
        if (r < 0)
                return r;
        context.manager = manager;
        context.event = event;
        r = prepare_task(&context, o->task, d);
        if (r < 0)
                return r;
        manager_observe(manager, &observer);
        if (has_target(o, &context))
                r = target_new(o->systemd, &state, event, manager, &target, d);
        if (r >= 0 && o->metrics)
                r = metrics_new(&state, event, manager, &metrics, d);
        if (r >= 0)
                r = manager_start(manager, d);
        if (r < 0)
                return r;
        r = o->task == TASK_SERVE ? serve(o, event, manager, root, &bus, d) : 0;
        if (r < 0)
                return r;
        r = sd_event_loop(event);
        if (r < 0)
                return diag_errno(d, r, "event loop");
        manager_end(manager);
        return 0;
}

int main(int argc, char *argv[]) {
        enum options_outcome outcome;
        struct options o;
        struct diag d = {};
        int r;

        if (file_fill_standard() < 0)
                return EXIT_FAILURE;
        r = options_parse(argc, argv, &o, &outcome, &d);
        if (r < 0) {
                fprintf(stderr, "cvmd: %s\n", d.text);
                return EXIT_USAGE;
        }
        if (outcome == OPTIONS_SAID)
                return EXIT_SUCCESS;
        if (o.task == TASK_CLEAN_END || o.task == TASK_FLUSH)
                r = keep_boot(&o, &d);
        else
                r = o.task == TASK_OPEN_GATE ? open_gate(&o, &d) : run(&o, &d);
        if (r == -EALREADY) { /* who started us is not to wait, nor to try again */
                log_info("%s", d.text);
                (void)sd_notify(0, "READY=1");
                r = 0;
        }
        if (r < 0)
                log_error("%s", d.text[0] ? d.text : errno_text(r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
