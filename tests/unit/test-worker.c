/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/worker: helpers that answer, hang, die, and outlive the cvmd that started them. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "daemon/process.h"
#include "daemon/worker.h"
#include "lib/base/file.h"
#include "lib/enforce/device-note.h"
#include "tests/unit/scratch.h"

#define PIDS "pids" /* of helpers, one a line */
#define HOLD "hold" /* a FIFO: whoever opens it waits for the test to open its other side */

struct bench {
        struct scratch folder;
        struct sysroot root;
        sd_event *event;
        struct workers *workers;
        struct guid instance;
        unsigned ended, hangs, given_up;
        int r;
        char why[128];
};

static int open_answers(struct sysroot *root, const char *path, int flags) {
        return -ENOENT;
}

static int open_hangs(struct sysroot *root, const char *path, int flags) {
        _cleanup_(closep) int fd = -1;

        if (flags & O_PATH &&
                flags & O_DIRECTORY) /* the device's folder: it is there until it is looked into */
                return openat(root->fd, ".", flags | O_CLOEXEC);
        if (flags & O_PATH) /* which asks nothing of the driver core */
                return -ENOENT;
        fd = openat(root->fd, HOLD, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : -ENOENT;
}

static int open_kills(struct sysroot *root, const char *path, int flags) {
        raise(SIGKILL);
        return -EIO;
}

static int write_never(struct sysroot *root, const char *path, enum sysroot_write_mode mode,
        const char *text) {
        return -EROFS;
}

/* Says in a file who it is. */
static int open_tells(struct sysroot *root, const char *path, int flags) {
        int fd = openat(root->fd, PIDS, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        dprintf(fd, "%d\n", (int)getpid());
        close(fd);
        return -ENOENT;
}

static const struct sysroot_ops tells = { .open = open_tells, .write = write_never };
static const struct sysroot_ops answers = { .open = open_answers, .write = write_never };
static const struct sysroot_ops hangs = { .open = open_hangs, .write = write_never };
static const struct sysroot_ops kills = { .open = open_kills, .write = write_never };

static void on_ended(const struct guid *instance, enum plan_verb verb, int r,
        const struct apply_result *result, const char *why, void *data) {
        struct bench *b = data;

        assert_true(guid_equal(instance, &b->instance));
        assert_int_equal(verb, PLAN_BLOCK);
        b->ended++;
        b->r = r;
        snprintf(b->why, sizeof(b->why), "%.127s", why);
}

static void on_hangs(const struct guid *instance, enum plan_verb verb, bool given_up, void *data) {
        struct bench *b = data;

        assert_memory_equal(instance, &b->instance, sizeof(*instance) - 1); /* one of many has another end */
        b->hangs += !given_up;
        b->given_up += given_up;
}

static const struct workers_handler handler = { .ended = on_ended, .hangs = on_hangs };

static void start_pool(struct bench *b, const struct sysroot_ops *ops, uint64_t patience) {
        const struct workers_patience p = { .hangs_usec = patience, .given_up_usec = 2 * patience };

        b->root.ops = ops;
        assert_int_equal(workers_new(&b->root, b->folder.fd, b->event, &p, &handler, b, &b->workers), 0);
}

static struct bench bench_new(void) {
        struct bench b = { .folder = scratch_new() };

        b.root.fd = b.folder.fd;
        assert_int_equal(mkfifoat(b.folder.fd, HOLD, 0600), 0);
        assert_int_equal(sd_event_new(&b.event), 0);
        assert_int_equal(guid_parse("f8615163-0000-1000-2000-000d3a000001", &b.instance), 0);
        return b;
}

static void bench_done(struct bench *b) {
        workers_free(b->workers);
        sd_event_unref(b->event);
        scratch_done(&b->folder);
}

/* Runs the loop until *count is n. A test that would wait for ever is ended by its runner. */
static void run_until(struct bench *b, const unsigned *count, unsigned n) {
        while (*count < n)
                assert_true(sd_event_run(b->event, UINT64_MAX) >= 0);
}

/* Lets whoever hangs go on. */
static void let_go(struct bench *b) {
        int fd = openat(b->folder.fd, HOLD, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        close(fd);
}

static void expect_note(struct bench *b, int r) {
        _cleanup_(freep) char *text = NULL;

        assert_int_equal(note_read(b->folder.fd, NOTE_HELPER, &b->instance, &text, NULL), r);
}

#define FOREVER (3600 * 1000 * 1000ull)
#define SOON (20 * 1000)

/* Allows no more than n descriptors besides those that are open. */
static void leave_descriptors(unsigned n) {
        int next = dup(STDERR_FILENO);
        struct rlimit limit;

        close(next);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = (rlim_t)next + n;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void what_cannot_be_watched_is_not_begun(void **state) {
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        /* a channel takes two, of which the pidfd gets one; the timer for its patience wants another one */
        for (unsigned n = 0; n < 3; n++) {
                _cleanup_(bench_done) struct bench b = bench_new();

                start_pool(&b, &answers, FOREVER);
                leave_descriptors(n);
                assert_int_equal(
                        workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                        -EMFILE);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
                assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
                assert_int_equal(errno, ECHILD);
                expect_note(&b, -ENODATA);
                assert_int_equal(
                        workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL), 0);
                run_until(&b, &b.ended, 1);
        }
}

static void answers_arrive(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &answers, FOREVER);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                0);
        run_until(&b, &b.ended, 1);
        assert_int_equal(b.r, -ENODEV);
        assert_string_not_equal(b.why, "");
        assert_int_equal(b.hangs, 0);
        expect_note(&b, -ENODATA);
}

/* The process that did the last order. */
static pid_t last_helper(struct bench *b) {
        _cleanup_(freep) char *text = NULL;
        const char *line;

        assert_int_equal(file_read_at(b->folder.fd, PIDS, 4096, &text, NULL), 0);
        line = memrchr(text, '\n', strlen(text) - 1);
        return atoi(line ? line + 1 : text);
}

static pid_t block_once(struct bench *b) {
        unsigned n = b->ended;

        assert_int_equal(workers_start(b->workers, PLAN_BLOCK, &(struct apply_device){ b->instance }, NULL),
                0);
        run_until(b, &b->ended, n + 1);
        assert_int_equal(b->r, -ENODEV);
        return last_helper(b);
}

static void one_helper_does_one_order_after_the_other(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        siginfo_t info;
        pid_t first;

        start_pool(&b, &tells, FOREVER);
        (void)block_once(&b); /* this one may have come too early for the helper that is kept ready */
        first = block_once(&b);
        assert_int_equal(block_once(&b), first);
        assert_int_equal(kill(first, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT), 0);
        assert_int_not_equal(block_once(&b), first); /* although nobody told the pool of its end */
        workers_free(b.workers);
        b.workers = NULL;
        assert_int_equal(waitpid(-1, NULL, 0), -1); /* none is left behind, alive or dead */
        assert_int_equal(errno, ECHILD);
}

/* So that no order waits for a fork. */
static void a_helper_is_there_before_it_is_needed(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &answers, FOREVER);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_true(sd_event_run(b.event, 0) >= 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

static void a_dead_helper_is_a_failure(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &kills, FOREVER);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                0);
        run_until(&b, &b.ended, 1);
        assert_int_equal(b.r, -EIO);
}

static void a_hang_is_told_twice_and_the_end_still_counts(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        struct diag d = {};

        start_pool(&b, &hangs, SOON);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, &d), 0);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, &d),
                -EBUSY);
        run_until(&b, &b.hangs, 1);
        assert_int_equal(b.given_up, 0);
        expect_note(&b, 0);
        run_until(&b, &b.given_up, 1);
        assert_int_equal(b.hangs, 1);
        assert_int_equal(b.ended, 0);
        let_go(&b);
        run_until(&b, &b.ended, 1);
        assert_int_equal(b.r, -ENODEV);
        expect_note(&b, -ENODATA);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, &d), 0);
        let_go(&b);
        run_until(&b, &b.ended, 2);
}

static void a_helper_holds_nothing_of_ours(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        int ends[2];
        char c;

        start_pool(&b, &hangs, SOON);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                0);
        close(ends[1]);
        assert_int_equal(read(ends[0], &c, 1), 0); /* the end: nobody else has the other side */
        close(ends[0]);
        let_go(&b);
        run_until(&b, &b.ended, 1);
}

/* Ends the pool, and then the n helpers that hang. */
static void let_all_go(struct bench *b, unsigned n) {
        workers_free(b->workers);
        b->workers = NULL;
        for (unsigned i = 0; i < n;) { /* one open may let several go: until all have ended */
                int fd = openat(b->folder.fd, HOLD, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

                if (fd >= 0)
                        close(fd);
                while (waitpid(-1, NULL, WNOHANG) > 0)
                        i++;
        }
}

/* A device may have the instance by which the bus goes. */
static void the_bus_and_a_device_are_two(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        const struct apply_device zero = {};

        start_pool(&b, &hangs, FOREVER);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &zero, NULL), 0);
        assert_int_equal(workers_start(b.workers, PLAN_CLOSE_GATE, &zero, NULL), 0);
        assert_int_equal(workers_start(b.workers, PLAN_RELEASE, &zero, NULL), -EBUSY);
        assert_int_equal(workers_start(b.workers, PLAN_OPEN_GATE, &zero, NULL), -EBUSY);
        let_all_go(&b, 2);
}

/* As many as may be at work, on other devices than the one of the bench. */
static void start_all(struct bench *b) {
        struct apply_device other = { b->instance };

        for (unsigned i = 0; i < WORKERS_MAX; i++) {
                other.instance.bytes[15] = (uint8_t)(100 + i);
                assert_int_equal(workers_start(b->workers, PLAN_BLOCK, &other, NULL), 0);
        }
}

static void helpers_are_bounded(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &hangs, FOREVER);
        start_all(&b);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                -EAGAIN);
        assert_false(workers_all_hang(b.workers));
        let_all_go(&b, WORKERS_MAX);
}

/* And they may be as many more as do not hang. */
static void who_hangs_makes_room(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &hangs, SOON);
        start_all(&b);
        run_until(&b, &b.hangs, WORKERS_MAX);
        assert_false(workers_all_hang(b.workers));
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                0);
        let_all_go(&b, WORKERS_MAX + 1);
}

static void helpers_of_an_earlier_cvmd_are_adopted(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();

        start_pool(&b, &hangs, SOON);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                0);
        run_until(&b, &b.hangs, 1);
        expect_note(&b, 0);
        workers_free(b.workers); /* and the helper lives on */
        b.workers = NULL;
        start_pool(&b, &hangs, SOON);
        assert_int_equal(workers_adopt(b.workers, NULL), 0);
        assert_int_equal(workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL),
                -EBUSY);
        run_until(&b, &b.hangs, 2);
        let_go(&b);
        run_until(&b, &b.ended, 1);
        assert_int_equal(b.r, -ECHILD);
        expect_note(&b, -ENODATA);
}

static void notes_of_helpers_that_ended_are_swept(void **state) {
        static const char *const texts[] = { "block 1 1", "block 0 0", "nonsense", "block 4194304 1" };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_(bench_done) struct bench b = bench_new();

                start_pool(&b, &answers, FOREVER);
                assert_int_equal(note_write(b.folder.fd, NOTE_HELPER, &b.instance, texts[i], NULL), 0);
                assert_int_equal(workers_adopt(b.workers, NULL), 0);
                expect_note(&b, -ENODATA);
                assert_int_equal(
                        workers_start(b.workers, PLAN_BLOCK, &(struct apply_device){ b.instance }, NULL), 0);
                run_until(&b, &b.ended, 1);
        }
}

/* A process that lives, and a verb that no cvmd has written. */
static void a_note_of_another_verb_is_swept(void **state) {
        _cleanup_(bench_done) struct bench b = bench_new();
        char text[64];
        uint64_t started;

        assert_int_equal(process_start_time(getpid(), &started), 0);
        snprintf(text, sizeof(text), "nothing %d %llu", (int)getpid(), (unsigned long long)started);
        start_pool(&b, &answers, FOREVER);
        assert_int_equal(note_write(b.folder.fd, NOTE_HELPER, &b.instance, text, NULL), 0);
        assert_int_equal(workers_adopt(b.workers, NULL), 0);
        expect_note(&b, -ENODATA);
}

static void processes_have_a_time(void **state) {
        uint64_t a = 0, b = 0;

        assert_int_equal(process_start_time(getpid(), &a), 0);
        assert_int_equal(process_start_time(getpid(), &b), 0);
        assert_true(a > 0 && a == b);
        assert_int_equal(process_start_time(4194304, &b), -ESRCH); /* one more than there can be */
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_watched_is_not_begun),
        cmocka_unit_test(answers_arrive),
        cmocka_unit_test(one_helper_does_one_order_after_the_other),
        cmocka_unit_test(a_helper_is_there_before_it_is_needed),
        cmocka_unit_test(a_dead_helper_is_a_failure),
        cmocka_unit_test(a_hang_is_told_twice_and_the_end_still_counts),
        cmocka_unit_test(a_helper_holds_nothing_of_ours),
        cmocka_unit_test(the_bus_and_a_device_are_two),
        cmocka_unit_test(helpers_are_bounded),
        cmocka_unit_test(who_hangs_makes_room),
        cmocka_unit_test(helpers_of_an_earlier_cvmd_are_adopted),
        cmocka_unit_test(notes_of_helpers_that_ended_are_swept),
        cmocka_unit_test(a_note_of_another_verb_is_swept),
        cmocka_unit_test(processes_have_a_time),
};

RUN(tests)
