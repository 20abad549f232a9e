/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of the command line, and the one of the kernel's. Nothing comes from the environment. */
#include "daemon/options.h"

#include <errno.h>
#include <string.h>

#include "daemon/bus.h"
#include "daemon/command-line.h"
#include "daemon/state.h"
#include "lib/base/number.h"

#define TRIAL_PATIENCE_USEC (30 * 1000 * (uint64_t)1000)

static const char help[] =
        "cvmd [OPTION...]\n"
        "\n"
        "Holds the VMBus devices of a confidential VM against a policy.\n"
        "\n"
        "  --root=DIR           Take /sys, /proc and the policy from below DIR\n"
        "  --simulator=SOCKET   Send changes to the simulator that listens there\n"
        "  --state=DIR          Keep state there, instead of /run/cvmd\n"
        "  --bus=ADDRESS        Serve on that bus, instead of the system bus\n"
        "  --systemd=ADDRESS    Reach cvmd-compliant.target on that bus: for tests\n"
        "  --cpuid=FILE         Take CPUID leaves from a file or snapshot: for tests\n"
        "  --probe=METHOD       auto, fprobe, kprobe, kprobe-offsets, boot-trace, none\n"
        "  --mode=MODE          audit, enforce or off, whatever the policy says\n"
        "  --early              In the initrd: no bus, and any storage may carry the root\n"
        "  --background         Go to the background once everything was looked at\n"
        "  --handover=DIR       End the one in the initrd; give everything back if the\n"
        "                       system in DIR has no cvmd that is enabled\n"
        "  --release[=gate]     Give back what an earlier cvmd holds: gate and blocks, or\n"
        "                       the gate alone\n"
        "  --metrics            Keep metrics in the state folder, for Prometheus\n"
        "  --event-buffer=BYTES Let so many bytes of uevents wait: for tests\n"
        "  --flush              Keep the decision log of this boot on the disk, and end\n"
        "  --clean-end          Note that this boot ends cleanly, and end\n"
        "  --trial-patience=SEC Wait for /var in a trial, instead of 30 s: for tests\n"
        "  --report-window=MSEC How long the vTPM shows a report again, instead of\n"
        "                       2000: for tests\n"
        "  --polkit-patience=MSEC  How long polkit may take: for tests\n"
        "  --version            Say which version this is\n"
        "  --help               Say this\n"
        "\n"
        "See cvmd(8).\n";

enum {
        OPTION_ROOT = COMMAND_LINE_OPTIONS,
        OPTION_SIMULATOR,
        OPTION_STATE,
        OPTION_BUS,
        OPTION_SYSTEMD,
        OPTION_CPUID,
        OPTION_PROBE,
        OPTION_MODE,
        OPTION_EARLY,
        OPTION_BACKGROUND,
        OPTION_HANDOVER,
        OPTION_RELEASE,
        OPTION_METRICS,
        OPTION_EVENT_BUFFER,
        OPTION_FLUSH,
        OPTION_CLEAN_END,
        OPTION_TRIAL_PATIENCE,
        OPTION_REPORT_WINDOW,
        OPTION_POLKIT_PATIENCE,
};

static const struct option table[] = {
        { "root", required_argument, NULL, OPTION_ROOT },
        { "simulator", required_argument, NULL, OPTION_SIMULATOR },
        { "state", required_argument, NULL, OPTION_STATE },
        { "bus", required_argument, NULL, OPTION_BUS },
        { "systemd", required_argument, NULL, OPTION_SYSTEMD },
        { "cpuid", required_argument, NULL, OPTION_CPUID },
        { "probe", required_argument, NULL, OPTION_PROBE },
        { "mode", required_argument, NULL, OPTION_MODE },
        { "early", no_argument, NULL, OPTION_EARLY },
        { "background", no_argument, NULL, OPTION_BACKGROUND },
        { "handover", required_argument, NULL, OPTION_HANDOVER },
        { "release", optional_argument, NULL, OPTION_RELEASE },
        { "metrics", no_argument, NULL, OPTION_METRICS },
        { "event-buffer", required_argument, NULL, OPTION_EVENT_BUFFER },
        { "flush", no_argument, NULL, OPTION_FLUSH },
        { "clean-end", no_argument, NULL, OPTION_CLEAN_END },
        { "trial-patience", required_argument, NULL, OPTION_TRIAL_PATIENCE },
        { "report-window", required_argument, NULL, OPTION_REPORT_WINDOW },
        { "polkit-patience", required_argument, NULL, OPTION_POLKIT_PATIENCE },
        { "version", no_argument, NULL, COMMAND_LINE_VERSION },
        { "help", no_argument, NULL, COMMAND_LINE_HELP },
        {},
};

static int take_task(struct options *o, enum options_task task, struct diag *d) {
        if (o->task != TASK_SERVE && o->task != task)
                return diag_fail(d, -EINVAL,
                        "--early, --handover, --release, --flush and --clean-end exclude each other");
        o->task = task;
        return 0;
}

static int take(int option, const char *argument, void *data, struct diag *d) {
        struct options *o = data;
        int value;

        switch (option) {
        case OPTION_ROOT:
                o->root = argument;
                return 0;
        case OPTION_SIMULATOR:
                o->simulator = argument;
                return 0;
        case OPTION_STATE:
                o->state = argument;
                return 0;
        case OPTION_BUS:
                o->bus = argument;
                return 0;
        case OPTION_SYSTEMD:
                o->systemd = argument;
                return 0;
        case OPTION_CPUID:
                o->cpuid = argument;
                return 0;
        case OPTION_PROBE:
                value = probe_method_from_string(argument);
                if (value < 0)
                        return diag_fail(d, -EINVAL, "--probe=%s: there is no such method", argument);
                o->probe = (enum probe_method)value;
                return 0;
        case OPTION_MODE:
                value = policy_mode_from_string(argument);
                if (value < 0)
                        return diag_fail(d, -EINVAL, "--mode=%s: audit, enforce or off", argument);
                o->mode = (enum policy_mode)value;
                return 0;
        case OPTION_METRICS:
                o->metrics = true;
                return 0;
        case OPTION_EARLY:
                return take_task(o, TASK_EARLY, d);
        case OPTION_BACKGROUND:
                o->background = true;
                return 0;
        case OPTION_HANDOVER:
                o->new_root = argument;
                return take_task(o, TASK_HANDOVER, d);
        case OPTION_RELEASE:
                if (argument && strcmp(argument, "gate") != 0)
                        return diag_fail(d, -EINVAL, "--release=%s: gate, or nothing for all", argument);
                return take_task(o, argument ? TASK_OPEN_GATE : TASK_RELEASE, d);
        case OPTION_EVENT_BUFFER:
                if (number_parse_u32(argument, 10, &o->event_buffer) < 0 || o->event_buffer == 0)
                        return diag_fail(d, -EINVAL, "--event-buffer=%s: a number of bytes", argument);
                return 0;
        case OPTION_FLUSH:
                return take_task(o, TASK_FLUSH, d);
        case OPTION_CLEAN_END:
                return take_task(o, TASK_CLEAN_END, d);
        case OPTION_TRIAL_PATIENCE:
                return command_line_number("trial-patience", argument, 0, 3600, 1000000,
                        &o->trial_patience_usec, d);
        case OPTION_REPORT_WINDOW:
                return command_line_number("report-window", argument, 0, 60000, 1000, &o->report_window_usec,
                        d);
        case OPTION_POLKIT_PATIENCE:
                return command_line_number("polkit-patience", argument, 0, 600000, 1000,
                        &o->polkit_patience_usec, d);
        }
        return diag_fail(d, -EINVAL, "options are not understood");
}

int options_parse(int argc, char *argv[], struct options *ret, enum options_outcome *ret_outcome,
        struct diag *d) {
        struct options o = {
                .root = "/",
                .state = STATE_FOLDER,
                .trial_patience_usec = TRIAL_PATIENCE_USEC,
                .report_window_usec = REPORT_WINDOW_USEC,
        };
        const struct command_line c = { .program = "cvmd", .help = help, .table = table, .take = take };
        bool said;
        int r = command_line_read(&c, argc, argv, &o, &said, d);

        if (r < 0)
                return r;
        if (!said && o.background && o.task != TASK_EARLY)
                return diag_fail(d, -EINVAL, "--background goes with --early alone");
        *ret = o;
        *ret_outcome = said ? OPTIONS_SAID : OPTIONS_RUN;
        return 0;
}

int options_kernel_mode(const char *command_line, enum policy_mode *ret, struct diag *d) {
        static const char key[] = "cvmd.mode=";
        enum policy_mode mode = MODE_UNSET;
        _cleanup_(freep) char *copy = strdup(command_line);
        char *rest = NULL;

        if (!copy)
                return diag_errno(d, -ENOMEM, "kernel command line");
        for (char *word = strtok_r(copy, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
                int value;

                if (strncmp(word, key, strlen(key)) != 0)
                        continue;
                value = policy_mode_from_string(word + strlen(key));
                if (value < 0)
                        return diag_fail(d, -EBADMSG, "kernel command line: %s: audit, enforce or off",
                                word);
                mode = (enum policy_mode)value;
        }
        *ret = mode;
        return 0;
}
