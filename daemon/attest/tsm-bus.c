/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tsm: a report by way of an entry of configfs-tsm, which cvmd has made and opened. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/attest/attest-bus.h"
#include "lib/evidence/tsm.h"

struct tsm_job {
        struct collector *collector;
        uint8_t inblob[TSM_INBLOB_MAX];
        size_t n_inblob;
        struct tsm_entry_files files;
};

static void files_done(struct tsm_entry_files *f) {
        const int all[] = { f->inblob, f->outblob, f->auxblob, f->manifestblob, f->provider, f->generation,
                f->generation_after };

        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                if (all[i] >= 0)
                        close(all[i]);
}

static void tsm_job_free(void *data) {
        struct tsm_job *j = data;

        files_done(&j->files);
        free(j);
}

static int append_report(sd_bus_message *m, const struct tsm_report *t) {
        _cleanup_(freep) char *record = NULL;
        int r = tsm_report_format(t, &record);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = helper_append_sealed(m, "tsm-report", record, strlen(record));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int run(void *data, sd_bus_message *reply, struct diag *d) {
        _cleanup_(tsm_report_done) struct tsm_report report = {};
        struct tsm_job *j = data;
        const struct tpm_pacing pacing = jobs_pacing(j->collector->jobs);
        int r = tsm_collect(&j->files, j->inblob, j->n_inblob,
                &(struct tsm_patience){ .wait = pacing.wait, .data = pacing.data }, &report, d);

        return r < 0 ? r : append_report(reply, &report);
}

/*
 * The message keeps its descriptors until the call was answered, and what is written to inblob counts when
 * the last one is closed: so it is left with another file in its place.
 */
static int take_over(int fd, int *ret) {
        _cleanup_(closep) int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int taken;

        if (nothing < 0)
                return -errno;
        taken = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (taken < 0)
                return -errno;
        if (dup3(nothing, fd, O_CLOEXEC) < 0) {
                int r = -errno;

                close(taken);
                return r;
        }
        *ret = taken;
        return 0;
}

static int *place_of(struct tsm_entry_files *f, const char *name) {
        const struct {
                const char *name;
                int *place;
        } places[] = {
                { "inblob", &f->inblob },
                { "outblob", &f->outblob },
                { "auxblob", &f->auxblob },
                { "manifestblob", &f->manifestblob },
                { "provider", &f->provider },
                { "generation", &f->generation },
                { "generation-after", &f->generation_after },
        };

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                if (strcmp(places[i].name, name) == 0)
                        return places[i].place;
        return NULL;
}

static int read_file(sd_bus_message *call, struct tsm_entry_files *f, struct diag *d) {
        const char *name;
        int fd, *place, r = sd_bus_message_read(call, "s", &name);

        if (r < 0)
                return r;
        place = place_of(f, name);
        if (!place)
                return diag_fail(d, -EINVAL, "%s: no such file", name);
        if (*place >= 0)
                return diag_fail(d, -EINVAL, "%s was given twice", name);
        r = sd_bus_message_read(call, "v", "h", &fd);
        return r < 0 ? r : take_over(fd, place);
}

static int read_files(sd_bus_message *call, struct tsm_entry_files *f, struct diag *d) {
        int r = sd_bus_message_enter_container(call, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
                r = read_file(call, f, d);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call);
        }
        if (r < 0)
                return r;
        if (f->inblob < 0 || f->outblob < 0 || f->provider < 0 || f->generation < 0 ||
                f->generation_after < 0)
                return diag_fail(d, -EINVAL,
                        "inblob, outblob, provider, generation and generation-after are needed");
        return 0;
}

static int read_arguments(sd_bus_message *call, void *data, struct diag *d) {
        struct tsm_job *j = data;
        const void *inblob;
        size_t n;
        int r;

        j->files = TSM_ENTRY_FILES_NONE;
        r = sd_bus_message_read_array(call, 'y', &inblob, &n);
        if (r < 0)
                return r;
        if (n == 0 || n > sizeof(j->inblob))
                return diag_fail(d, -EINVAL, "inblob of %zu bytes: 1 to %zu are possible", n,
                        sizeof(j->inblob));
        memcpy(j->inblob, inblob, n);
        j->n_inblob = n;
        return read_files(call, &j->files, d);
}

static const struct attest_method method = {
        .kind = { .run = run, .errors = ERRORS_ATTEST_TSM, .free_data = tsm_job_free },
        .size = sizeof(struct tsm_job),
        .read = read_arguments,
};

int tsm_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return attest_bus_call(call, userdata, &method, error);
}
