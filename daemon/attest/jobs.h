/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd-attest has to do, one thing after the other. A job's steps are the TPM's commands, which block;
 * between two of them the event loop runs, so that calls are taken in, and callers who leave and the end of
 * the process are noticed. For that, jobs run beside the loop's callbacks and never within one.
 */
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "daemon/errors.h"
#include "daemon/helper-server.h"
#include "lib/evidence/tpm.h"

struct jobs;
struct job;

struct job_kind {
        /* Fills in the reply; or a negative errno, which is answered by its name there. */
        int (*run)(void *data, sd_bus_message *reply, struct diag *d);
        enum error_scope errors;
        void (*free_data)(void *data); /* NULL: it is nobody's to free */
};

/* Borrows event; jobs_serve() comes before any job. */
int jobs_new(sd_event *event, struct jobs **ret, struct diag *d);
void jobs_free(struct jobs *j);
DEFINE_FREEP(struct jobs, jobs_free)

/* The server that is held while there is something to do. */
void jobs_serve(struct jobs *j, struct helper_server *server);

/*
 * Appends one. data is taken over in any case; kind is borrowed. When the caller drops off the bus, it ends
 * before its next step. -ENOBUFS: too many wait.
 */
int jobs_add(struct jobs *j, sd_bus_message *call, const struct job_kind *kind, void *data, struct diag *d);

/* Runs the event loop and the jobs until the loop is told to end. */
int jobs_loop(struct jobs *j);

/* For the TPM that the jobs use. */
struct tpm_pacing jobs_pacing(struct jobs *j);
