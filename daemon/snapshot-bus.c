/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GetSnapshot of org.cvmd1.Manager. Some of what a snapshot holds can hang its reader on the lock of a
 * device, so a helper records it, one at a time. When it hangs, the caller gets what the verdicts of the
 * moment rest on, and the helper is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "daemon/bus-private.h"
#include "daemon/errors.h"
#include "daemon/process.h"
#include "lib/base/file.h"
#include "lib/facts/snapshot-text.h"

#define PATIENCE_USEC (5 * 1000 * (uint64_t)1000)

struct snapshot_call {
        struct bus *bus;
        sd_bus_message *call; /* NULL: answered, or gone */
        int pidfd, memory;
        sd_event_source *end, *patience;
};

static void snapshot_call_free(struct snapshot_call *c) {
        if (!c)
                return;
        sd_bus_message_unref(c->call);
        sd_event_source_unref(c->end);
        sd_event_source_unref(c->patience);
        closep(&c->pidfd);
        closep(&c->memory);
        free(c);
}
DEFINE_FREEP(struct snapshot_call, snapshot_call_free)

void snapshot_bus_forget(struct bus *b) {
        if (b->recording)
                b->recording->call = sd_bus_message_unref(b->recording->call);
}

void snapshot_bus_done(struct bus *b) {
        snapshot_call_free(b->recording);
        b->recording = NULL;
}

static int memory_new(void) {
        int fd = memfd_create("cvmd-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        return fd < 0 ? -errno : fd;
}

/* Answers with what nobody can change any more. */
static int answer(sd_bus_message *call, int memory) {
        if (fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        if (lseek(memory, 0, SEEK_SET) < 0)
                return -errno;
        return sd_bus_reply_method_return(call, "h", memory);
}

static int answer_with_picture(sd_bus_message *call, const struct picture *p) {
        _cleanup_(closep) int memory = memory_new();
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = memory < 0 ? memory : snapshot_format(p->snapshot, &text, &n);

        if (r >= 0)
                r = file_write_fd(memory, text, n);
        return r < 0 ? r : answer(call, memory);
}

/* good: the helper wrote all of it. */
static void answer_waiting(struct snapshot_call *c, bool good) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!c->call)
                return;
        r = good ? answer(c->call, c->memory)
                 : answer_with_picture(c->call, manager_picture(c->bus->manager));
        if (r < 0) {
                (void)error_set(&error, r, &(struct diag){});
                (void)sd_bus_reply_method_error(c->call, &error);
        }
        c->call = sd_bus_message_unref(c->call);
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct snapshot_call *c = userdata;
        siginfo_t info = {};
        bool good = waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED) == 0 && info.si_code == CLD_EXITED &&
                info.si_status == EXIT_SUCCESS;

        answer_waiting(c, good);
        snapshot_bus_done(c->bus);
        return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        answer_waiting(userdata, false);
        return 0;
}

static int watch(struct snapshot_call *c) {
        int r;

        r = sd_event_add_io(c->bus->event, &c->end, c->pidfd, EPOLLIN, on_end, c);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(c->bus->event, &c->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
                on_patience, c);
}

int snapshot_bus_call(sd_bus_message *call, struct bus *b, sd_bus_error *error) {
        _cleanup_(snapshot_call_freep) struct snapshot_call *c = NULL;
        struct process_child child = PROCESS_CHILD_NONE;
        int r;

        if (b->recording && b->recording->call)
                return error_set(error, -EBUSY, &(struct diag){ "a snapshot is being recorded already" });
        if (b->recording) /* hangs: another one would, too */
                return answer_with_picture(call, manager_picture(b->manager));
        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (struct snapshot_call){ .bus = b, .pidfd = -1, .memory = memory_new() };
        if (c->memory < 0)
                return c->memory;
        r = process_fork(&child);
        if (r < 0)
                return r;
        if (r == 0)
                manager_record_everything(b->manager, c->memory);
        c->pidfd = take_fd(&child.pidfd);
        r = watch(c);
        if (r < 0) {
                process_abandon(&child);
                return r;
        }
        process_let_go(child.channel);
        close(child.channel);
        c->call = sd_bus_message_ref(call);
        b->recording = TAKE(c);
        return 1;
}
