/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The inside of a helper process: what it is told and answers, in messages of one process image. */
#include "lib/enforce/apply.h"
#include "lib/enforce/plan.h"

struct worker_order {
        enum plan_verb verb;
        struct apply_device device;
};

struct worker_answer {
        int r;
        struct apply_result result;
        struct diag why;
};

/* From fork to end: order after order, until the other side of the socket is closed. */
_Noreturn void worker_run(struct sysroot *root, int state, int socket);
