/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to an entry of configfs-tsm; the record is in tsm-record.c. */
#include "lib/evidence/tsm.h"

#include <errno.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/number.h"

#define LOOK_USEC (5 * UINT64_C(1000))
#define LOOKS_MAX 400 /* two seconds: what passes a descriptor on has had it in its hands for a moment */
#define TEXT_MAX 256

/* One line. Its descriptor is of no further use: it would say the same again. */
static int read_text(int fd, const char *what, char ret[static TEXT_MAX + 1], struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_fd(fd, TEXT_MAX, &text, &n);

        if (r < 0)
                return diag_errno(d, r, "configfs-tsm: %s", what);
        while (n > 0 && text[n - 1] == '\n')
                n--;
        if (n == 0 || memchr(text, 0, n) || memchr(text, '\n', n))
                return diag_fail(d, -EBADMSG, "configfs-tsm: %s is not one line", what);
        memcpy(ret, text, n);
        ret[n] = 0;
        return 0;
}

static int read_generation(int fd, uint64_t *ret, struct diag *d) {
        char text[TEXT_MAX + 1];
        int r = read_text(fd, "generation", text, d);

        if (r < 0)
                return r;
        r = number_parse(text, 10, UINT64_MAX, ret);
        return r < 0 ? diag_fail(d, -EBADMSG, "configfs-tsm: generation is no number") : 0;
}

static int read_provider(int fd, char ret[static TSM_PROVIDER_MAX + 1], struct diag *d) {
        char text[TEXT_MAX + 1];
        int r = read_text(fd, "provider", text, d);

        if (r < 0)
                return r;
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c > '~' || c - text >= TSM_PROVIDER_MAX)
                        return diag_fail(d, -EBADMSG, "configfs-tsm: provider is no name");
        memcpy(ret, text, strlen(text) + 1);
        return 0;
}

/* -EAGAIN: not there yet. */
static int read_outblob(int fd, uint8_t **ret, size_t *ret_n) {
        _cleanup_(freep) char *bytes = NULL;
        size_t n;
        int r = file_read_fd(fd, TSM_BLOB_MAX, &bytes, &n);

        if (r == -EINVAL || (r >= 0 && n == 0))
                return -EAGAIN;
        if (r < 0)
                return r;
        *ret = (uint8_t *)TAKE(bytes);
        *ret_n = n;
        return 0;
}

static int await_outblob(int fd, const struct tsm_patience *p, struct tsm_report *t, struct diag *d) {
        for (unsigned i = 0; i < LOOKS_MAX; i++) {
                int r = read_outblob(fd, &t->outblob, &t->n_outblob);

                if (r != -EAGAIN)
                        return r < 0 ? diag_errno(d, r, "configfs-tsm: outblob") : 0;
                r = p->wait(LOOK_USEC, p->data);
                if (r < 0)
                        return r;
        }
        return diag_fail(d, -ETIMEDOUT,
                "configfs-tsm: there is no report: the hardware refuses, or somebody keeps inblob open");
}

/* What some kernels and some hardware do not have. */
static int read_optional(int fd, const char *what, uint8_t **ret, size_t *ret_n, struct diag *d) {
        _cleanup_(freep) char *bytes = NULL;
        size_t n;
        int r = fd < 0 ? -ENXIO : file_read_fd(fd, TSM_BLOB_MAX, &bytes, &n);

        if (r == -ENXIO || r == -ENOENT || r == -EOPNOTSUPP || (r >= 0 && n == 0))
                return 0;
        if (r < 0)
                return diag_errno(d, r, "configfs-tsm: %s", what);
        *ret = (uint8_t *)TAKE(bytes);
        *ret_n = n;
        return 0;
}

/* And closes it. */
static int write_inblob(int *fd, const void *inblob, size_t n, struct diag *d) {
        _cleanup_(closep) int taken = take_fd(fd);
        int r = file_write_fd(taken, inblob, n);

        return r < 0 ? diag_errno(d, r, "configfs-tsm: inblob") : 0;
}

static int check_generation(const struct tsm_entry_files *f, uint64_t before, struct tsm_report *t,
        struct diag *d) {
        int r = read_generation(f->generation_after, &t->generation, d);

        if (r < 0)
                return r;
        if (t->generation != before + 1)
                return diag_fail(d, -EBUSY,
                        "configfs-tsm: generation %llu after %llu: somebody else wrote to the entry",
                        (unsigned long long)t->generation, (unsigned long long)before);
        return 0;
}

int tsm_collect(struct tsm_entry_files *f, const void *inblob, size_t n, const struct tsm_patience *patience,
        struct tsm_report *ret, struct diag *d) {
        _cleanup_(closep) int inblob_fd = take_fd(&f->inblob);
        _cleanup_(tsm_report_done) struct tsm_report t = { .n_inblob = n };
        uint64_t before;
        int r;

        if (n == 0 || n > sizeof(t.inblob))
                return diag_fail(d, -EINVAL, "inblob of %zu bytes: 1 to %zu are possible", n,
                        sizeof(t.inblob));
        memcpy(t.inblob, inblob, n);
        r = read_generation(f->generation, &before, d);
        if (r >= 0)
                r = write_inblob(&inblob_fd, inblob, n, d);
        if (r >= 0)
                r = await_outblob(f->outblob, patience, &t, d);
        if (r >= 0)
                r = read_optional(f->auxblob, "auxblob", &t.auxblob, &t.n_auxblob, d);
        if (r >= 0)
                r = read_optional(f->manifestblob, "manifestblob", &t.manifestblob, &t.n_manifestblob, d);
        if (r >= 0)
                r = read_provider(f->provider, t.provider, d);
        if (r >= 0)
                r = check_generation(f, before, &t, d); /* last: it speaks for all that was read */
        if (r < 0)
                return r;
        *ret = t;
        t = (struct tsm_report){};
        return 0;
}
