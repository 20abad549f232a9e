/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker-process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/process.h"
#include "lib/enforce/device-note.h"
#include "lib/enforce/gate.h"

static void note_helper(int state, const struct worker_order *o, uint64_t started) {
        char text[128];

        snprintf(text, sizeof(text), "%s %d %llu", plan_verb_to_string(o->verb), (int)getpid(),
                (unsigned long long)started);
        (void)note_write(state, NOTE_HELPER, &o->device.instance, text, NULL);
}

static int act(struct sysroot *root, int state, const struct worker_order *o, struct worker_answer *a) {
        switch (o->verb) {
        case PLAN_BLOCK:
                return apply_block(root, state, &o->device, &a->result, &a->why);
        case PLAN_RELEASE:
                return apply_release(root, state, &o->device, &a->result, &a->why);
        case PLAN_HALT:
                return apply_isolate(root, &o->device.instance, &a->result, &a->why);
        case PLAN_ADMIT:
                return gate_admit(root, &o->device, &a->result, &a->why);
        case PLAN_CLOSE_GATE:
                return gate_close(root, state, &a->result, &a->why);
        case PLAN_OPEN_GATE:
                return gate_open(root, state, &a->result, &a->why);
        case PLAN_NOTHING:
        case _PLAN_VERB_MAX:
                break;
        }
        return -EINVAL;
}

void worker_run(struct sysroot *root, int state, int socket) {
        const int keep[] = { root->fd, state, socket };
        uint64_t started = 0;
        struct worker_order o;

        process_become_helper("cvmd-helper", keep, sizeof(keep) / sizeof(keep[0]));
        (void)signal(SIGHUP, SIG_IGN); /* `systemctl kill` means us, and reaches everybody */
        (void)process_start_time(getpid(), &started);
        while (recv(socket, &o, sizeof(o), 0) == sizeof(o)) {
                struct worker_answer a = {};
                char name[32];

                snprintf(name, sizeof(name), "cvmd-%s", plan_verb_to_string(o.verb));
                (void)prctl(PR_SET_NAME, name);
                if (started)
                        note_helper(state, &o, started);
                a.r = act(root, state, &o, &a);
                if (send(socket, &a, sizeof(a), MSG_NOSIGNAL) != sizeof(a))
                        _exit(EXIT_FAILURE);
        }
        _exit(EXIT_SUCCESS);
}
