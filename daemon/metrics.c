/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state folder is in memory: writing there keeps nobody waiting. */
#include "daemon/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/log.h"
#include "daemon/metrics-text.h"
#include "lib/base/file.h"

#define CALM_USEC (1000 * (uint64_t)1000)
#define TICK_USEC (15 * 1000 * (uint64_t)1000)

struct metrics {
        struct manager *manager;
        struct manager_observer observer;
        int folder;
        sd_event_source *next;
        uint64_t written_at; /* CLOCK_MONOTONIC; 0: not yet */
        bool trouble;        /* it could not be written, and that was told */
        struct metrics_exposures exposures;
};

static int write_file(struct metrics *m) {
        const struct manager_counters counters = manager_counters(m->manager);
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = metrics_format(manager_picture(m->manager), &counters, &m->exposures, &text, &n);

        return r < 0 ? r : file_put_at(m->folder, METRICS_FILE, 0644, text, n);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        struct metrics *m = userdata;
        int r = write_file(m);

        if (r < 0 && !m->trouble)
                log_warning("metrics cannot be written: %s", errno_text(r));
        m->trouble = r < 0;
        (void)sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &m->written_at);
        r = sd_event_source_set_time(source, m->written_at + TICK_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A storm of pictures becomes one file a second. */
static void on_replaced(const struct picture *before, const struct picture *after, void *data) {
        struct metrics *m = data;

        metrics_compare(&m->exposures, before, after);
        (void)sd_event_source_set_time(m->next, m->written_at > 0 ? m->written_at + CALM_USEC : 0);
        (void)sd_event_source_set_enabled(m->next, SD_EVENT_ONESHOT);
}

/* Whatever the umask is; 0711 would hide nothing from who knows the one name. */
static int open_folder(const struct state *state, int *ret) {
        _cleanup_(closep) int fd = -1;

        if (mkdirat(state->folder, METRICS_FOLDER, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(state->folder, METRICS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fchmod(fd, 0755) < 0)
                return -errno;
        *ret = take_fd(&fd);
        return 0;
}

int metrics_new(const struct state *state, sd_event *event, struct manager *m, struct metrics **ret,
        struct diag *d) {
        _cleanup_(metrics_freep) struct metrics *new = calloc(1, sizeof(*new));
        int r;

        if (!new)
                return diag_errno(d, -ENOMEM, "metrics");
        new->manager = m;
        new->folder = -1;
        r = open_folder(state, &new->folder);
        if (r < 0) {
                log_warning("metrics cannot be written: %s", errno_text(r));
                return 0;
        }
        r = sd_event_add_time(event, &new->next, CLOCK_MONOTONIC, UINT64_MAX, 0, on_time, new);
        if (r >= 0)
                r = sd_event_source_set_enabled(new->next, SD_EVENT_OFF);
        if (r < 0)
                return diag_errno(d, r, "metrics");
        new->observer = (struct manager_observer){ .replaced = on_replaced, .data = new };
        manager_observe(m, &new->observer);
        *ret = TAKE(new);
        return 0;
}

void metrics_free(struct metrics *m) {
        if (!m)
                return;
        sd_event_source_unref(m->next);
        if (m->folder >= 0)
                (void)unlinkat(m->folder, METRICS_FILE, 0);
        closep(&m->folder);
        free(m);
}
