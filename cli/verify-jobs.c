/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One process reads lines and deals them out, as many as there are jobs judge, and this one collects their
 * results. They are processes, for what OpenSSL shares between threads costs more than it saves.
 *
 * Each line goes to one that has room for it, so that nobody has to wait for a slower one. Who judges gets
 * its lines in order and hands out its results in order: this process writes the next one as soon as it is
 * the first that one of them has, and holds nothing but what pipes hold. Nobody waits in a circle: whoever
 * has the line that is next has got it, and all before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/boxes.h"
#include "cli/line-ring.h"
#include "cli/verify-batch-private.h"
#include "lib/base/file.h"

#define PIPE_SIZE (1024 * 1024)
#define JOBS_MAX 256

/* In front of each line that is dealt out. */
struct dealt {
        struct batch_line line;
        size_t at;    /* in the ring */
        bool in_ring; /* else it follows */
};

/* In front of each result. */
struct result {
        enum outcome outcome; /* 0: there are no more */
        uint64_t number;      /* of its line */
        size_t size;
};

struct job {
        pid_t judge;
        int to; /* what is dealt; the dealer's end */
        struct line_ring ring;
        struct inbox from;  /* results */
        struct result head; /* of the first that was not written yet */
        bool has_head;
};

struct crew {
        struct batch_run *run;
        struct job jobs[JOBS_MAX];
        unsigned n;
        pid_t dealer;
};

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
static const char *take_line(const struct dealt *dealt, struct inbox *from, const struct line_ring *ring,
        char **buffer, size_t *room) {
        size_t n = dealt->line.size;

        if (dealt->in_ring)
                return line_ring_at(ring, dealt->at);
        return make_room(buffer, room, n) && inbox_take(from, *buffer, n) >= 0 ? *buffer : NULL;
}

static bool put_result(struct outbox *to, const struct result *result, const char *text) {
        return outbox_put(to, result, sizeof(*result)) >= 0 &&
                (result->size == 0 || outbox_put(to, text, result->size) >= 0);
}

/* Judges a line that was dealt and keeps its result; whether that went well. */
static bool judge(struct batch_run *run, const struct dealt *dealt, const char *bytes, struct outbox *to) {
        struct result result = {
                .outcome = batch_judge(run, &dealt->line, bytes),
                .number = dealt->line.number,
                .size = run->text.n,
        };

        return !run->text.no_memory && put_result(to, &result, run->text.text);
}

/*
 * The whole life of one that judges; what it has is freed with it. Results are written together as long as
 * there are more lines already: each wakes the one that collects.
 */
static void judge_lines(struct batch_run *run, struct line_ring *ring, struct inbox *from,
        struct outbox *to) {
        char *buffer = NULL;
        struct dealt dealt;
        size_t room = 0;

        while (inbox_take(from, &dealt, sizeof(dealt)) >= 0) {
                const char *bytes = take_line(&dealt, from, ring, &buffer, &room);
                bool waits;

                if (!bytes || !judge(run, &dealt, bytes, to))
                        _exit(1);
                if (dealt.in_ring && line_ring_release(ring, dealt.line.size) < 0)
                        _exit(1);
                waits = inbox_waits(from);
                if (waits && line_ring_give_back(ring) < 0)
                        _exit(1);
                if ((to->n >= OUTBOX_ENOUGH || waits) && outbox_write(to) < 0)
                        _exit(1);
        }
        _exit(!put_result(to, &(struct result){}, NULL) || outbox_write(to) < 0);
}

static void close_end(int *fd) {
        closep(fd);
        *fd = -1;
}

static void close_ends(struct crew *c, bool results, bool lines) {
        for (unsigned i = 0; i < c->n; i++) {
                if (results)
                        close_end(&c->jobs[i].from.fd);
                if (!lines)
                        continue;
                close_end(&c->jobs[i].to);
                line_ring_done(&c->jobs[i].ring);
        }
}

/* Until somebody has given lines back. */
static int wait_for_room(struct crew *c) {
        struct pollfd p[JOBS_MAX];
        int r = 0;

        for (unsigned i = 0; i < c->n; i++)
                p[i] = (struct pollfd){ .fd = c->jobs[i].ring.from, .events = POLLIN };
        if (poll(p, c->n, -1) < 0)
                return errno == EINTR ? 0 : -errno;
        for (unsigned i = 0; i < c->n && r >= 0; i++)
                if (p[i].revents)
                        r = line_ring_take_back(&c->jobs[i].ring);
        return r;
}

/* Who has the fewest lines, as far as is known, among those with room for n bytes more. */
static struct job *find_room(struct crew *c, size_t n) {
        struct job *best = NULL;

        for (unsigned i = 0; i < c->n; i++) {
                struct job *job = &c->jobs[i];

                if ((n > LINE_RING_MAX || line_ring_fits(&job->ring, n)) &&
                        (!best || job->ring.n < best->ring.n))
                        best = job;
        }
        return best;
}

static int deal_line(struct crew *c, const struct batch_line *line, const char *bytes) {
        struct dealt dealt = { .line = *line, .in_ring = line->size <= LINE_RING_MAX };
        struct job *job;
        int r = 0;

        while (!(job = find_room(c, line->size))) {
                r = wait_for_room(c);
                if (r < 0)
                        return r;
        }
        if (dealt.in_ring)
                r = line_ring_put(&job->ring, bytes, line->size, &dealt.at);
        if (r >= 0)
                r = file_write_fd(job->to, &dealt, sizeof(dealt));
        return r < 0 || dealt.in_ring ? r : file_write_fd(job->to, bytes, line->size);
}

/* The whole life of the one that reads. */
static void deal(struct crew *c, int fd) {
        struct lines lines;
        struct batch_line line = {};
        const char *bytes;
        int r;

        close_ends(c, true, false); /* so that those that judge see when nobody collects any more */
        for (unsigned i = 0; i < c->n; i++)
                line_ring_write(&c->jobs[i].ring);
        lines_init(&lines, fd, EVIDENCE_MAX);
        while ((r = batch_next(&lines, &line, &bytes)) > 0)
                if (deal_line(c, &line, bytes) < 0)
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

static int start_judge(struct crew *c) {
        _cleanup_(ends_done) struct ends e;
        int r = ends_init(&e);
        struct job *job;
        pid_t pid;

        if (r < 0)
                return r;
        pid = fork();
        if (pid < 0)
                return -EAGAIN;
        if (pid == 0) {
                close_end(&e.lines[1]);
                close_end(&e.results[0]);
                close_ends(c, true, true); /* those of the others, which would else never see an end */
                judge_lines(c->run, &e.ring, &(struct inbox){ .fd = e.lines[0] },
                        &(struct outbox){ .fd = e.results[1] });
        }
        job = &c->jobs[c->n++];
        job->judge = pid;
        job->to = take_fd(&e.lines[1]);
        job->from.fd = take_fd(&e.results[0]);
        job->ring = e.ring;
        e.ring = (struct line_ring){ .from = -1, .to = -1 };
        return 0;
}

static int ended_early(struct crew *c) {
        return diag_fail(&c->run->x->diag, -EIO, "a process that judges ended before its time");
}

/*
 * Reads the head of the first result of each that has none and would not have to wait. Whether any was read:
 * what the others have judged is told before it is given up for one that is gone.
 */
static int read_heads(struct crew *c) {
        bool any = false, gone = false;

        for (unsigned i = 0; i < c->n; i++) {
                struct job *job = &c->jobs[i];

                if (job->has_head || inbox_waits(&job->from))
                        continue;
                job->has_head = inbox_take(&job->from, &job->head, sizeof(job->head)) >= 0;
                any = any || job->has_head;
                gone = gone || !job->has_head;
        }
        return gone && !any ? ended_early(c) : any;
}

/* Until one that has no head may have one. */
static int wait_for_heads(struct crew *c) {
        struct pollfd p[JOBS_MAX];
        unsigned n = 0;

        for (unsigned i = 0; i < c->n; i++)
                if (!c->jobs[i].has_head)
                        p[n++] = (struct pollfd){ .fd = c->jobs[i].from.fd, .events = POLLIN };
        if (n == 0)
                return ended_early(c); /* all have something, and nobody what is next */
        return poll(p, n, -1) < 0 && errno != EINTR ? -errno : 0;
}

/* The one whose first result is that of a line; NULL. */
static struct job *find_result(struct crew *c, uint64_t number) {
        for (unsigned i = 0; i < c->n; i++)
                if (c->jobs[i].has_head && c->jobs[i].head.outcome && c->jobs[i].head.number == number)
                        return &c->jobs[i];
        return NULL;
}

static bool all_ended(const struct crew *c) {
        for (unsigned i = 0; i < c->n; i++)
                if (!c->jobs[i].has_head || c->jobs[i].head.outcome)
                        return false;
        return true;
}

static int write_results(struct crew *c, struct outbox *out) {
        int r;

        if (c->run->x->out.quiet)
                out->n = 0;
        r = outbox_write(out);
        return r < 0 ? diag_errno(&c->run->x->diag, r, "cannot write the output") : 0;
}

/* Keeps the result of the next line to be written; 1, or 0 when it is not there yet. */
static int collect_next(struct crew *c, struct outbox *out) {
        struct job *job = find_result(c, c->run->n_lines + 1);
        int r;

        if (!job)
                return read_heads(c);
        r = outbox_put_from(out, &job->from, job->head.size);
        if (r < 0)
                return r == -ENOMEM ? r : ended_early(c);
        batch_count(c->run, job->head.outcome);
        job->has_head = false;
        return 1;
}

/* Results in the order of their lines. None is kept while the next one is waited for, or given up. */
static int collect(struct crew *c) {
        _cleanup_(outbox_done) struct outbox out = { .fd = STDOUT_FILENO };
        int r = 0;

        while (r >= 0 && !all_ended(c)) {
                r = collect_next(c, &out);
                if (r <= 0 || out.n >= OUTBOX_ENOUGH) {
                        int written = write_results(c, &out);

                        r = written < 0 ? written : r == 0 ? wait_for_heads(c) : r;
                }
        }
        return r < 0 ? r : write_results(c, &out);
}

static bool ended_well(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return false;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* With the descriptors closed, who judges finds an end. Who reads may wait for a line that is long in
 * coming. */
static int finish(struct crew *c, int r) {
        bool well = true;

        close_ends(c, true, true);
        if (r < 0 && c->dealer > 0)
                kill(c->dealer, SIGKILL);
        for (unsigned i = 0; i < c->n; i++)
                well = ended_well(c->jobs[i].judge) && well;
        if (c->dealer > 0)
                well = ended_well(c->dealer) && well;
        return r < 0 || well ? r
                             : diag_fail(&c->run->x->diag, -EIO, "the lines could not be read to their end");
}

int batch_run_jobs(struct batch_run *run, int fd, unsigned jobs) {
        _cleanup_(freep) struct crew *c = calloc(1, sizeof(*c));
        int r = 0;

        if (!c)
                return -ENOMEM;
        c->run = run;
        while (r >= 0 && c->n < jobs && c->n < JOBS_MAX)
                r = start_judge(c);
        if (r >= 0) {
                c->dealer = fork();
                if (c->dealer == 0)
                        deal(c, fd);
                if (c->dealer < 0)
                        r = -errno;
        }
        if (r < 0)
                diag_errno(&run->x->diag, r, "cannot start a process");
        close_ends(c, false, true);
        return finish(c, r < 0 ? r : collect(c));
}
