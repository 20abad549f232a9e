/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cvmd-attest: the only part of cvmd that talks to the TPM and parses what the paravisor wrote; it can
 * neither act on devices nor reach a network, and holds no privilege but the TPM's device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/attest/attest-bus.h"
#include "daemon/attest/options.h"
#include "daemon/log.h"
#include "lib/base/file.h"

#define EXIT_USAGE 2

/*
 * tpm2-tss looks for settings of its logging there, and would write whatever fails to standard error; and it
 * is all that is left to it.
 */
static int forget_environment(void) {
        return clearenv() == 0 && setenv("TSS2_LOG", "all+none", 1) == 0 ? 0 : -ENOMEM;
}

/* As root it could do all that it is kept from. With another TPM than the guest's own it is a test. */
static int refuse_root(const struct attest_options *o, struct diag *d) {
        if (geteuid() != 0 || strcmp(o->tcti, TPM_TCTI_DEFAULT) != 0)
                return 0;
        return diag_fail(d, -EPERM, "not as root: a user in group tss can do all that is needed");
}

/* Without it all goes on, and says so. */
static int open_state(const char *folder) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                log_warning("%s: %s: when we are killed, what was in the guest input is lost", folder,
                        errno_text(-errno));
        return fd;
}

static int run(const struct attest_options *o, struct diag *d) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(closep) int state = -1;
        _cleanup_(jobs_freep) struct jobs *jobs = NULL;
        _cleanup_(collector_done) struct collector collector = {};
        _cleanup_(helper_server_freep) struct helper_server *server = NULL;
        int r = refuse_root(o, d);

        if (r < 0)
                return r;
        r = sd_event_new(&event);
        if (r < 0)
                return diag_errno(d, r, "event loop");
        r = jobs_new(event, &jobs, d);
        if (r < 0)
                return r;
        state = open_state(o->state);
        collector_init(&collector,
                &(struct collector_options){ .tcti = o->tcti,
                        .state = state,
                        .window_usec = o->window_usec },
                jobs);
        r = helper_server_new(event,
                &(struct helper_server_options){ .bus = o->bus,
                        .name = ATTEST_NAME,
                        .path = ATTEST_PATH,
                        .interface = ATTEST_NAME,
                        .vtable = attest_vtable,
                        .data = &collector,
                        .idle_usec = o->idle_usec },
                &server, d);
        if (r < 0)
                return r;
        jobs_serve(jobs, server);
        r = jobs_loop(jobs);
        return r < 0 ? diag_errno(d, r, "event loop") : 0;
}

int main(int argc, char *argv[]) {
        struct attest_options o;
        struct diag d = {};
        bool said;
        int r;

        if (file_fill_standard() < 0 || forget_environment() < 0)
                return EXIT_FAILURE;
        r = attest_options_parse(argc, argv, &o, &said, &d);
        if (r < 0) {
                fprintf(stderr, "cvmd-attest: %s\n", d.text);
                return EXIT_USAGE;
        }
        if (said)
                return EXIT_SUCCESS;
        umask(0077);
        r = run(&o, &d);
        if (r < 0)
                log_error("%s", d.text[0] ? d.text : errno_text(r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
