/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One process reads lines and deals them out in turn, as many as there are jobs judge, and this one collects
 * in the same turn. So order needs no numbers, nothing is held but what pipes and rings hold, and nobody can
 * wait for each other in a circle: whoever judges line n has got every line before it that is its own. They
 * are processes, for what OpenSSL shares between threads costs more than it saves.
 */
#include "cli/verify-batch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/line-ring.h"
#include "cli/lines.h"
#include "lib/base/file.h"
#include "lib/verify/verification-json.h"

#define PIPE_SIZE (1024 * 1024)
#define JOBS_MAX 256
#define RESULTS_TOGETHER ((size_t)64 * 1024)

enum outcome { OUTCOME_END = 1, OUTCOME_GOOD, OUTCOME_REFUSED, OUTCOME_BROKEN };

/* In front of each line that is dealt out. */
struct dealt {
        uint64_t number;
        size_t size;
        size_t at;    /* in the ring */
        bool in_ring; /* else it follows */
        bool too_long;
};

/* In front of each result. */
struct result {
        enum outcome outcome;
        size_t size;
};

struct job {
        pid_t judge;
        int from; /* results */
        int to;   /* what is dealt; the dealer's end */
        struct line_ring ring;
};

struct batch_run {
        struct context *x;
        struct verifier *verifier;
        struct verification *verification;
        struct json_text text;
        struct job jobs[JOBS_MAX];
        unsigned n_jobs;
        pid_t dealer;
        uint64_t n_lines;
};

/* Judges one line into run->text, with a newline. */
static enum outcome judge(struct batch_run *run, const struct dealt *line, const char *bytes) {
        struct verification *v = run->verification;
        enum outcome outcome;
        struct diag d = {};
        int r;

        run->text.n = 0;
        if (line->too_long)
                r = diag_fail(&d, -EMSGSIZE, "a line of more than %d MiB", EVIDENCE_MAX >> 20);
        else
                r = verifier_run(run->verifier, bytes, line->size, v, &d);
        if (r < 0) {
                verification_error_json(d.text[0] ? d.text : errno_text(r), line->number, &run->text);
                outcome = OUTCOME_BROKEN;
        } else {
                verification_json(v, line->number, &run->text);
                outcome = checks_acceptable(&v->checks) ? OUTCOME_GOOD : OUTCOME_REFUSED;
                verification_done(v);
        }
        json_text_raw(&run->text, "\n");
        return outcome;
}

static void count(struct batch_run *run, enum outcome outcome) {
        struct context *x = run->x;

        run->n_lines++;
        if (outcome == OUTCOME_BROKEN)
                x->exit = EXIT_CODE_FAILED;
        else if (outcome == OUTCOME_REFUSED && x->exit == EXIT_CODE_GOOD)
                x->exit = EXIT_CODE_NOT_COMPLIANT;
}

static int write_result(struct context *x, const void *bytes, size_t n) {
        int r = x->out.quiet ? 0 : file_write_fd(STDOUT_FILENO, bytes, n);

        return r < 0 ? diag_errno(&x->diag, r, "cannot write the output") : 0;
}

/* 1 with a line in *ret and *ret_bytes, 0 at the end. */
static int next_line(struct lines *lines, struct dealt *ret, const char **ret_bytes) {
        int r = lines_next(lines, ret_bytes, &ret->size);

        ret->too_long = r == -EMSGSIZE;
        ret->number = lines->number;
        if (!ret->too_long)
                return r;
        ret->size = 0;
        return 1;
}

static int run_alone(struct batch_run *run, int fd) {
        _cleanup_(lines_done) struct lines lines;
        struct dealt line;
        const char *bytes;
        int r;

        lines_init(&lines, fd, EVIDENCE_MAX);
        while ((r = next_line(&lines, &line, &bytes)) > 0) {
                count(run, judge(run, &line, bytes));
                if (run->text.no_memory)
                        return -ENOMEM;
                r = write_result(run->x, run->text.text, run->text.n);
                if (r < 0)
                        return r;
        }
        return r < 0 ? diag_errno(&run->x->diag, r, "cannot read") : 0;
}

/* Exactly n bytes; false at the end or when it fails. */
static bool read_exactly(int fd, void *ret, size_t n) {
        uint8_t *at = ret;

        while (n > 0) {
                ssize_t got = read(fd, at, n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                at += got;
                n -= (size_t)got;
        }
        return true;
}

/* Room for n bytes in a buffer that is kept. */
static bool make_room(char **buffer, size_t *room, size_t n) {
        char *bigger;

        if (n <= *room)
                return true;
        bigger = realloc(*buffer, n);
        if (!bigger)
                return false;
        *buffer = bigger;
        *room = n;
        return true;
}

/* The bytes of a line that was dealt; NULL when they do not come. */
static const char *take_line(const struct dealt *line, int from, const struct line_ring *ring, char **buffer,
        size_t *room) {
        if (line->in_ring)
                return line_ring_at(ring, line->at);
        return make_room(buffer, room, line->size) && read_exactly(from, *buffer, line->size) ? *buffer
                                                                                              : NULL;
}

/* Results that are still to be written. */
struct outbox {
        char *bytes;
        size_t n, room;
};

static bool put_result(struct outbox *o, enum outcome outcome, const struct json_text *text) {
        struct result result = { .outcome = outcome, .size = text ? text->n : 0 };

        if (!make_room(&o->bytes, &o->room, o->n + sizeof(result) + result.size))
                return false;
        memcpy(o->bytes + o->n, &result, sizeof(result));
        if (text)
                memcpy(o->bytes + o->n + sizeof(result), text->text, text->n);
        o->n += sizeof(result) + result.size;
        return true;
}

static bool write_results(struct outbox *o, int to) {
        bool written = file_write_fd(to, o->bytes, o->n) >= 0;

        o->n = 0;
        return written;
}

/* Whether reading on would wait. */
static bool must_wait(int from) {
        struct pollfd p = { .fd = from, .events = POLLIN };

        return poll(&p, 1, 0) <= 0;
}

/*
 * The whole life of one that judges; what it has is freed with it. Results are written together as long as
 * there are more lines already: each wakes the one that collects.
 */
static void judge_lines(struct batch_run *run, struct line_ring *ring, int from, int to) {
        struct outbox out = {};
        char *buffer = NULL;
        struct dealt line;
        size_t room = 0;
        bool waits;

        while (read_exactly(from, &line, sizeof(line))) {
                const char *bytes = take_line(&line, from, ring, &buffer, &room);
                enum outcome outcome;

                if (!bytes)
                        _exit(1);
                outcome = judge(run, &line, bytes);
                if ((line.in_ring && line_ring_release(ring, line.size) < 0) || run->text.no_memory ||
                        !put_result(&out, outcome, &run->text))
                        _exit(1);
                waits = must_wait(from);
                if (waits && line_ring_give_back(ring) < 0)
                        _exit(1);
                if ((out.n >= RESULTS_TOGETHER || waits) && !write_results(&out, to))
                        _exit(1);
        }
        _exit(!put_result(&out, OUTCOME_END, NULL) || !write_results(&out, to));
}

static void close_end(int *fd) {
        closep(fd);
        *fd = -1;
}

static void close_ends(struct batch_run *run, bool results, bool lines) {
        for (unsigned i = 0; i < run->n_jobs; i++) {
                if (results)
                        close_end(&run->jobs[i].from);
                if (!lines)
                        continue;
                close_end(&run->jobs[i].to);
                line_ring_done(&run->jobs[i].ring);
        }
}

static int deal_line(struct job *job, struct dealt *line, const char *bytes) {
        int r = 0;

        line->in_ring = line->size <= LINE_RING_MAX; /* one that is too long has no bytes */
        if (line->in_ring)
                r = line_ring_put(&job->ring, bytes, line->size, &line->at);
        if (r >= 0)
                r = file_write_fd(job->to, line, sizeof(*line));
        return r < 0 || line->in_ring ? r : file_write_fd(job->to, bytes, line->size);
}

/* The whole life of the one that reads. */
static void deal(struct batch_run *run, int fd) {
        struct lines lines;
        struct dealt line = {};
        const char *bytes;
        int r;

        close_ends(run, true, false); /* so that those that judge see when nobody collects any more */
        for (unsigned i = 0; i < run->n_jobs; i++)
                line_ring_write(&run->jobs[i].ring);
        lines_init(&lines, fd, EVIDENCE_MAX);
        for (unsigned turn = 0; (r = next_line(&lines, &line, &bytes)) > 0; turn = (turn + 1) % run->n_jobs)
                if (deal_line(&run->jobs[turn], &line, bytes) < 0)
                        _exit(1);
        _exit(r < 0);
}

/* What a job has: two pipes, and a ring. */
struct ends {
        int lines[2], results[2];
        struct line_ring ring;
};

static void ends_done(struct ends *e) {
        for (size_t i = 0; i < 2; i++) {
                closep(&e->lines[i]);
                closep(&e->results[i]);
        }
        line_ring_done(&e->ring);
}

static int ends_init(struct ends *e) {
        *e = (struct ends){ { -1, -1 }, { -1, -1 }, { .from = -1, .to = -1 } };
        if (pipe2(e->lines, O_CLOEXEC) < 0 || pipe2(e->results, O_CLOEXEC) < 0)
                return -errno;
        fcntl(e->results[1], F_SETPIPE_SZ, PIPE_SIZE); /* or as large as it is */
        return line_ring_init(&e->ring);
}

static int start_judge(struct batch_run *run) {
        _cleanup_(ends_done) struct ends e;
        int r = ends_init(&e);
        pid_t pid;

        if (r < 0)
                return r;
        pid = fork();
        if (pid < 0)
                return -EAGAIN;
        if (pid == 0) {
                close_end(&e.lines[1]);
                close_end(&e.results[0]);
                close_ends(run, true, true); /* those of the others, which would else never see an end */
                judge_lines(run, &e.ring, e.lines[0], e.results[1]);
        }
        run->jobs[run->n_jobs++] = (struct job){
                .judge = pid,
                .from = take_fd(&e.results[0]),
                .to = take_fd(&e.lines[1]),
                .ring = e.ring,
        };
        e.ring = (struct line_ring){ .from = -1, .to = -1 };
        return 0;
}

/* Results in turn. The first that is at its end has had no line in this turn, and so has nobody behind it.
 */
static int collect(struct batch_run *run) {
        _cleanup_(freep) char *bytes = NULL;
        struct result result;
        unsigned ended = 0;
        size_t room = 0;

        for (unsigned turn = 0; ended < run->n_jobs; turn = (turn + 1) % run->n_jobs) {
                int from = run->jobs[turn].from, r;

                if (!read_exactly(from, &result, sizeof(result)))
                        return diag_fail(&run->x->diag, -EIO, "a process that judges ended before its time");
                if (result.outcome == OUTCOME_END) {
                        ended++;
                        continue;
                }
                if (!make_room(&bytes, &room, result.size))
                        return -ENOMEM;
                if (!read_exactly(from, bytes, result.size))
                        return diag_fail(&run->x->diag, -EIO, "a process that judges ended before its time");
                count(run, result.outcome);
                r = write_result(run->x, bytes, result.size);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool ended_well(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return false;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* With the descriptors closed, whoever still reads or writes finds an end. */
static int finish(struct batch_run *run, int r) {
        bool well = true;

        close_ends(run, true, true);
        for (unsigned i = 0; i < run->n_jobs; i++)
                if (run->jobs[i].judge > 0)
                        well = ended_well(run->jobs[i].judge) && well;
        if (run->dealer > 0)
                well = ended_well(run->dealer) && well;
        return r < 0 || well ? r
                             : diag_fail(&run->x->diag, -EIO, "the lines could not be read to their end");
}

static int run_jobs(struct batch_run *run, int fd, unsigned jobs) {
        int r = 0;

        while (r >= 0 && run->n_jobs < jobs)
                r = start_judge(run);
        if (r >= 0) {
                run->dealer = fork();
                if (run->dealer == 0)
                        deal(run, fd);
                if (run->dealer < 0)
                        r = -errno;
        }
        if (r < 0)
                diag_errno(&run->x->diag, r, "cannot start a process");
        close_ends(run, false, true);
        return finish(run, r < 0 ? r : collect(run));
}

int verify_batch(struct context *x, struct verifier *v, int fd, unsigned jobs) {
        _cleanup_(freep) struct verification *verification = calloc(1, sizeof(*verification));
        _cleanup_(freep) struct batch_run *run = calloc(1, sizeof(*run));
        int r;

        if (!run || !verification)
                return -ENOMEM;
        run->x = x;
        run->verifier = v;
        run->verification = verification;
        r = jobs > 1 ? run_jobs(run, fd, jobs < JOBS_MAX ? jobs : JOBS_MAX) : run_alone(run, fd);
        json_text_done(&run->text);
        if (r >= 0 && run->n_lines == 0)
                return diag_fail(&x->diag, -EBADMSG, "no evidence: not a single line");
        return r;
}
