/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry is a folder of plain files with a thread that does what the kernel does: once the last
 * descriptor is closed through which inblob was written, it counts the write and makes a report of it.
 */
#include "tests/unit/scratch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/inotify.h>

#include "lib/evidence/tsm.h"

static const uint8_t inblob[TSM_INBLOB_MAX] = "what is to be in the report";

struct kernel {
        struct scratch folder;
        pthread_t thread;
        int watch, stop[2];
        bool auxblob;
        uint64_t generation, writes; /* writes: how many it counts a single one as */
};

/* outblob is inblob behind "report:"; written before the count, as nobody has opened it anew. */
static void commit(struct kernel *k) {
        _cleanup_(freep) char *in = NULL;
        char out[256], number[32];
        size_t n;

        assert_int_equal(file_read_at(k->folder.fd, "inblob", sizeof(out) - 8, &in, &n), 0);
        snprintf(number, sizeof(number), "%llu\n", (unsigned long long)(k->generation + k->writes));
        memcpy(out, "report:", 7);
        memcpy(out + 7, in, n);
        _cleanup_(closep) int generation = openat(k->folder.fd, "generation", O_WRONLY | O_TRUNC),
                              outblob = openat(k->folder.fd, "outblob", O_WRONLY);
        assert_int_equal(file_write_fd(generation, number, strlen(number)), 0);
        assert_int_equal(file_write_fd(outblob, out, 7 + n), 0);
}

static void *run_kernel(void *data) {
        struct kernel *k = data;
        struct pollfd fds[] = { { k->watch, POLLIN, 0 }, { k->stop[0], POLLIN, 0 } };
        char event[sizeof(struct inotify_event) + 64];

        while (poll(fds, 2, -1) > 0 && !(fds[1].revents & (POLLIN | POLLHUP)))
                if (read(k->watch, event, sizeof(event)) > 0)
                        commit(k);
        return NULL;
}

static void put(const struct kernel *k, const char *name, const char *text) {
        assert_int_equal(file_put_at(k->folder.fd, name, 0600, text, strlen(text)), 0);
}

static void kernel_start(struct kernel *k) {
        char path[64];

        k->folder = scratch_new();
        k->generation = 7;
        k->writes = 1;
        put(k, "inblob", "");
        put(k, "outblob", "");
        put(k, "provider", "sev_guest\n");
        put(k, "generation", "7\n");
        put(k, "manifestblob", "");
        put(k, "auxblob", "certificates");
        snprintf(path, sizeof(path), "%s/inblob", k->folder.path);
        k->watch = inotify_init1(IN_CLOEXEC);
        assert_true(inotify_add_watch(k->watch, path, IN_CLOSE_WRITE) >= 0);
        assert_int_equal(pipe(k->stop), 0);
        assert_int_equal(pthread_create(&k->thread, NULL, run_kernel, k), 0);
}

static void kernel_done(struct kernel *k) {
        close(k->stop[1]);
        pthread_join(k->thread, NULL);
        close(k->stop[0]);
        close(k->watch);
        scratch_done(&k->folder);
}

static struct tsm_entry_files open_all(const struct kernel *k) {
        int folder = k->folder.fd;

        return (struct tsm_entry_files){
                .inblob = openat(folder, "inblob", O_WRONLY),
                .outblob = openat(folder, "outblob", O_RDONLY),
                .auxblob = k->auxblob ? openat(folder, "auxblob", O_RDONLY) : -1,
                .manifestblob = openat(folder, "manifestblob", O_RDONLY),
                .provider = openat(folder, "provider", O_RDONLY),
                .generation = openat(folder, "generation", O_RDONLY),
                .generation_after = openat(folder, "generation", O_RDONLY),
        };
}

static void close_all(struct tsm_entry_files *f) {
        closep(&f->inblob);
        closep(&f->outblob);
        closep(&f->auxblob);
        closep(&f->manifestblob);
        closep(&f->provider);
        closep(&f->generation);
        closep(&f->generation_after);
}

/* What a test does while others are waited for; the file may not have been looked at again yet. */
struct waiting {
        unsigned times, close_at;
        int fd;
};

static int wait_a_moment(uint64_t usec, void *data) {
        const struct timespec moment = { .tv_nsec = (long)usec * 1000 };
        struct waiting *w = data;

        if (w->times++ == w->close_at)
                closep(&w->fd);
        nanosleep(&moment, NULL);
        return 0;
}

static int give_up(uint64_t usec, void *data) {
        return -ECANCELED;
}

static int dont_wait(uint64_t usec, void *data) {
        return 0;
}

static void test_report(void **state) {
        for (unsigned auxblob = 0; auxblob < 2; auxblob++) {
                _cleanup_(kernel_done) struct kernel k = { .auxblob = auxblob };
                _cleanup_(tsm_report_done) struct tsm_report t = {};
                struct waiting w = { .fd = -1 };
                struct diag d = {};

                kernel_start(&k);
                _cleanup_(close_all) struct tsm_entry_files f = open_all(&k);
                assert_int_equal(tsm_collect(&f, inblob, sizeof(inblob),
                                         &(struct tsm_patience){ wait_a_moment, &w }, &t, &d),
                        0);
                assert_int_equal(f.inblob, -1);
                assert_string_equal(t.provider, "sev_guest");
                assert_int_equal(t.generation, 8);
                assert_int_equal(t.n_outblob, 7 + sizeof(inblob));
                assert_memory_equal(t.outblob + 7, inblob, sizeof(inblob));
                assert_int_equal(t.n_auxblob, auxblob ? strlen("certificates") : 0);
                assert_null(t.manifestblob);
        }
}

/* Whoever passed the descriptor on lets go of it later. */
static void test_inblob_counts_when_the_last_is_closed(void **state) {
        _cleanup_(kernel_done) struct kernel k = {};
        _cleanup_(tsm_report_done) struct tsm_report t = {};
        struct waiting w = { .close_at = 3 };
        struct diag d = {};

        kernel_start(&k);
        _cleanup_(close_all) struct tsm_entry_files f = open_all(&k);
        w.fd = dup(f.inblob);
        assert_int_equal(
                tsm_collect(&f, inblob, sizeof(inblob), &(struct tsm_patience){ wait_a_moment, &w }, &t, &d),
                0);
        assert_true(w.times > 3);
        assert_int_equal(t.generation, 8);
}

static void test_what_goes_wrong(void **state) {
        static const struct {
                const char *name, *text; /* a file of the entry that is different */
                uint64_t writes;
                size_t n;
                int (*wait)(uint64_t usec, void *data);
                bool keep; /* inblob stays open */
                int error;
                const char *says;
        } rows[] = {
                { "auxblob", "", 2, 64, wait_a_moment, false, -EBUSY, "somebody else" },
                { "auxblob", "", 0, 64, wait_a_moment, false, -EBUSY, "somebody else" },
                { "generation", "x\n", 1, 64, wait_a_moment, false, -EBADMSG, "generation" },
                { "generation", "", 1, 64, wait_a_moment, false, -EBADMSG, "generation" },
                { "provider", "\n", 1, 64, wait_a_moment, false, -EBADMSG, "provider" },
                { "provider", "a b\n", 1, 64, wait_a_moment, false, -EBADMSG, "provider" },
                { "provider", "a\nb\n", 1, 64, wait_a_moment, false, -EBADMSG, "provider" },
                { "auxblob", "", 1, 0, wait_a_moment, false, -EINVAL, "0 bytes" },
                { "auxblob", "", 1, 65, wait_a_moment, false, -EINVAL, "65 bytes" },
                { "auxblob", "", 1, 64, give_up, true, -ECANCELED, "" },
                { "auxblob", "", 1, 64, dont_wait, true, -ETIMEDOUT, "keeps inblob open" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(kernel_done) struct kernel k = { .auxblob = true };
                const uint8_t longer[TSM_INBLOB_MAX + 1] = {};
                _cleanup_(closep) int kept = -1;
                struct waiting w = { .fd = -1 };
                struct tsm_report t = {};
                struct diag d = {};

                kernel_start(&k);
                k.writes = rows[i].writes;
                put(&k, rows[i].name, rows[i].text);
                _cleanup_(close_all) struct tsm_entry_files f = open_all(&k);
                if (rows[i].keep)
                        kept = dup(f.inblob);
                assert_int_equal(tsm_collect(&f, longer, rows[i].n,
                                         &(struct tsm_patience){ rows[i].wait, &w }, &t, &d),
                        rows[i].error);
                assert_non_null(strstr(d.text, rows[i].says));
                assert_int_equal(f.inblob, -1);
                assert_null(t.outblob);
        }
}

static void test_too_much(void **state) {
        _cleanup_(kernel_done) struct kernel k = { .auxblob = true };
        _cleanup_(freep) char *much = malloc(TSM_BLOB_MAX + 2);
        struct waiting w = { .fd = -1 };
        struct tsm_report t = {};
        struct diag d = {};

        memset(much, 'x', TSM_BLOB_MAX + 1);
        much[TSM_BLOB_MAX + 1] = 0;
        kernel_start(&k);
        put(&k, "auxblob", much);
        _cleanup_(close_all) struct tsm_entry_files f = open_all(&k);
        assert_int_equal(
                tsm_collect(&f, inblob, sizeof(inblob), &(struct tsm_patience){ wait_a_moment, &w }, &t, &d),
                -EFBIG);
}

static void test_record(void **state) {
        static const char good[] = "{\"version\":1,\"provider\":\"tdx_guest\",\"generation\":3,"
                                   "\"inblob\":\"AAE\",\"outblob\":\"_w\",\"auxblob\":\"eHl6\"}";
        static const char *const bad[] = {
                "{}",
                "{\"version\":2,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAE\",\"outblob\":\"_w\"}",
                "{\"version\":1,\"provider\":\"\",\"generation\":3,\"inblob\":\"AAE\",\"outblob\":\"_w\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":-3,\"inblob\":\"AAE\",\"outblob\":\"_w\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"outblob\":\"_w\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAE\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAE\",\"outblob\":\"\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAF\",\"outblob\":\"_w\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAE\",\"outblob\":\"/"
                "w==\"}",
                "{\"version\":1,\"provider\":\"x\",\"generation\":3,\"inblob\":\"AAE\",\"outblob\":\"_w\","
                "\"x\":1}",
        };
        _cleanup_(tsm_report_done) struct tsm_report t = {};
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};

        assert_int_equal(tsm_report_parse(good, strlen(good), &t, &d), 0);
        assert_string_equal(t.provider, "tdx_guest");
        assert_int_equal(t.generation, 3);
        assert_int_equal(t.n_inblob, 2);
        assert_int_equal(t.n_outblob, 1);
        assert_int_equal(t.outblob[0], 0xff);
        assert_int_equal(t.n_auxblob, 3);
        assert_null(t.manifestblob);
        assert_int_equal(tsm_report_format(&t, &text), 0);
        assert_string_equal(text, good);
        for (size_t n = 0; n < strlen(good); n++) {
                _cleanup_(freep) uint8_t *cut = copy_exact(good, n);
                struct tsm_report none = {};

                assert_int_equal(tsm_report_parse(cut, n, &none, &d), -EBADMSG);
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct tsm_report none = {};

                assert_int_equal(tsm_report_parse(bad[i], strlen(bad[i]), &none, &d), -EBADMSG);
        }
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_inblob_counts_when_the_last_is_closed),
        cmocka_unit_test(test_what_goes_wrong),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_record),
};

RUN(tests)
