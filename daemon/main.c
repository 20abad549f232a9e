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
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "daemon/power-off.h"
#include "lib/base/file.h"

#define EXIT_USAGE 2
#define CPUID_FILE_MAX (64 * 1024 * 1024) /* a whole snapshot will do */

/* What the handlers of signals and the observer need. */
struct context {
        struct manager *manager;
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

static int run(const struct options *o, struct diag *d) {
        _cleanup_(sysroot_freep) struct sysroot *root = NULL;
        _cleanup_(state_done) struct state state = STATE_NONE;
        _cleanup_(cpuid_table_done) struct cpuid_table cpuid = {};
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(manager_freep) struct manager *manager = NULL;
        _cleanup_(bus_freep) struct bus *bus = NULL;
        struct context context = { .simulated = o->simulator || strcmp(o->root, "/") != 0 };
        struct manager_observer observer = {
                .ready = notify_ready,
                .reloading = notify_reloading,
                .replaced = notify_status,
                .halt = halt_machine,
                .data = &context,
        };
        int r = open_root(o, &root, d);

        if (r < 0)
                return r;
        r = state_open(o->state, &state, d);
        if (r < 0)
                return r;
        r = o->cpuid ? read_cpuid(o->cpuid, &cpuid, d) : 0;
        if (r < 0)
                return r;
        r = sd_event_new(&event);
        if (r >= 0)
                r = watch_signals(event, &context);
        if (r >= 0)
                r = sd_event_set_watchdog(event, 1);
        if (r < 0)
                return diag_errno(d, r, "event loop");
        const struct manager_options options = {
                .root = root,
                .state = &state,
                .event = event,
                .cpuid = o->cpuid ? &cpuid : NULL,
                .probe = o->probe,
                .mode = mode_override(root, o),
                .foreign = context.simulated,
        };
        r = manager_new(&options, &manager, d);
        if (r < 0)
                return r;
        context.manager = manager;
        manager_observe(manager, &observer);
        r = manager_start(manager, d);
        if (r < 0)
                return r;
        r = bus_new(o->bus, event, manager, &bus, d);
        if (r < 0)
                return r;
        r = sd_event_loop(event);
        return r < 0 ? diag_errno(d, r, "event loop") : 0;
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
        r = run(&o, &d);
        if (r < 0)
                log_error("%s", d.text[0] ? d.text : errno_text(r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
