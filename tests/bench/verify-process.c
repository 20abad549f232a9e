/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates are those of a file; memory is that of a pipe, so that no file of two gigabytes has to be written.
 */
#include "tests/bench/verify-process.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "tests/bench/measure.h"
#include "tests/bench/verify-floor.h"

#define PIECES 100
#define JOBS 2
#define LINES 8000 /* so many that starting counts for little: it is a rate that is promised */
#define JOB_ROUNDS 3
#define FEW_LINES 1000
#define MANY_LINES 100000
#define SINGLE_ROUNDS 15
#define PROMISED_JOBS 0.9    /* of the rate of two loops of the primitives */
#define PROMISED_MEMORY 1.05 /* of what few lines take */
#define PROMISED_SINGLE 1.5  /* of the time of OpenSSL's two commands */
#define NONCE "nonce of 16 byte"
#define BIND "tls-key"
#define AT FORGE_NOW_TEXT

struct ran {
        double wall_ms, processor_ms;
        long memory_kib; /* at most resident, itself or a process of its own */
};

static double wall_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double milliseconds(struct timeval t) {
        return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* Runs a program, its input from a descriptor (-1: none), its output thrown away. */
static pid_t start(const char *const *arguments, int input) {
        pid_t pid = fork();

        forge_check(pid >= 0, "fork");
        if (pid == 0) {
                int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

                dup2(input >= 0 ? input : nothing, STDIN_FILENO);
                dup2(nothing, STDOUT_FILENO);
                execvp(arguments[0], (char *const *)arguments);
                _exit(127);
        }
        return pid;
}

static struct ran finish(pid_t pid, double started) {
        struct ran ran = {};
        struct rusage usage;
        int status = 0;

        forge_check(wait4(pid, &status, 0, &usage) == pid, "wait4");
        ran.wall_ms = wall_ms() - started;
        forge_check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the program that is measured");
        ran.processor_ms = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
        ran.memory_kib = usage.ru_maxrss;
        return ran;
}

static struct ran run(const char *const *arguments) {
        double started = wall_ms();

        return finish(start(arguments, -1), started);
}

/* What every call of cvmctl has in common. */
struct setting {
        char roots[128], issuers[128], nonce[64], bind[64];
        struct forge_bytes lines[PIECES];
        struct floor *floor;
};

static void write_file(const char *folder, const char *name, const void *bytes, size_t n) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        forge_check(fd >= 0 && file_replace_at(fd, name, 0644, bytes, n) == 0, name);
        close(fd);
}

static void prepare(struct setting *s, const struct forge_pki *pki, const char *folder) {
        struct forge_bytes issuers = {};
        struct forge_guest g;

        snprintf(s->roots, sizeof(s->roots), "--roots=%s/roots", folder);
        snprintf(s->issuers, sizeof(s->issuers), "--certs=%s/issuers.pem", folder);
        memcpy(s->nonce, "--nonce=", 8);
        hex_format(NONCE, strlen(NONCE), s->nonce + 8);
        memcpy(s->bind, "--bind=", 7);
        hex_format(BIND, strlen(BIND), s->bind + 7);
        forge_put_pem(&issuers, pki->ca[FORGE_AZURE_CA].certificate);
        write_file(folder, "issuers.pem", issuers.bytes, issuers.n);
        forge_bytes_done(&issuers);
        forge_guest_init(&g, pki, SNP_MILAN);
        for (size_t i = 0; i < PIECES; i++) {
                g.clock++;
                s->lines[i] = forge_guest_bundle(&g, NONCE, BIND);
                forge_put(&s->lines[i], "\n", 1);
        }
        s->floor = floor_new(&g);
        forge_guest_done(&g);
}

static void setting_done(struct setting *s) {
        for (size_t i = 0; i < PIECES; i++)
                forge_bytes_done(&s->lines[i]);
        floor_free(s->floor);
}

static pid_t start_batch(const struct setting *s, unsigned jobs, int input) {
        char jobs_text[16];
        const char *arguments[] = { CVMCTL, "attest", "verify", "--batch", jobs_text, "--at=" AT,
                "--any-measurement", s->roots, s->issuers, s->nonce, s->bind, "-", NULL };

        snprintf(jobs_text, sizeof(jobs_text), "--jobs=%u", jobs);
        return start(arguments, input);
}

static void write_lines(const struct setting *s, size_t n, int to) {
        for (size_t i = 0; i < n; i++)
                forge_check(file_write_fd(to, s->lines[i % PIECES].bytes, s->lines[i % PIECES].n) == 0,
                        "writing lines");
}

/* The batch reads so many lines, which are written while it does. */
static struct ran run_piped(const struct setting *s, size_t n) {
        double started = wall_ms();
        int ends[2];
        pid_t pid;

        forge_check(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
        pid = start_batch(s, 1, ends[0]);
        close(ends[0]);
        write_lines(s, n, ends[1]);
        close(ends[1]);
        return finish(pid, started);
}

/* The batch reads a file from its beginning: whoever writes would take its part of the processors. */
static struct ran run_file(const struct setting *s, unsigned jobs, int file) {
        double started = wall_ms();

        forge_check(lseek(file, 0, SEEK_SET) == 0, "lseek");
        return finish(start_batch(s, jobs, file), started);
}

/* As many processes, each with its share of the primitives. */
static double run_floors(const struct setting *s, unsigned jobs, size_t n) {
        double started = wall_ms();

        for (unsigned i = 0; i < jobs; i++) {
                pid_t pid = fork();

                forge_check(pid >= 0, "fork");
                if (pid == 0) {
                        for (size_t k = 0; k < n / jobs; k++)
                                floor_each(s->floor);
                        _exit(0);
                }
        }
        while (wait(NULL) > 0)
                ;
        return wall_ms() - started;
}

/* Both take turns, so that whatever else runs on the machine slows both. */
static bool measure_jobs(const struct setting *s) {
        double floors[JOB_ROUNDS], batches[JOB_ROUNDS], ratios[JOB_ROUNDS], ratio;
        _cleanup_(closep) int file = memfd_create("lines", MFD_CLOEXEC);

        forge_check(file >= 0, "memfd_create");
        write_lines(s, LINES, file);
        for (size_t i = 0; i < JOB_ROUNDS; i++) {
                floors[i] = run_floors(s, JOBS, LINES);
                batches[i] = run_file(s, JOBS, file).wall_ms;
                ratios[i] = floors[i] / batches[i];
        }
        ratio = median(ratios, JOB_ROUNDS);
        printf("%-28s  %10.0f  %10.0f  %6.2f\n", "--jobs 2, a second",
                LINES * 1e3 / median(floors, JOB_ROUNDS), LINES * 1e3 / median(batches, JOB_ROUNDS), ratio);
        return ratio >= PROMISED_JOBS;
}

static bool measure_memory(const struct setting *s) {
        long few = run_piped(s, FEW_LINES).memory_kib, many = run_piped(s, MANY_LINES).memory_kib;

        printf("%-28s  %10ld  %10ld  %6.2f\n", "KiB for 1,000, 100,000 lines", few, many,
                (double)many / (double)few);
        return (double)many <= PROMISED_MEMORY * (double)few;
}

/* What OpenSSL's commands need: the chain as files, the key, what is signed, the signature in DER. */
static void write_for_openssl(const struct forge_pki *pki, struct forge_guest *g, const char *folder,
        const struct forge_bytes *hcl) {
        struct forge_bytes leaf = {}, ask = {}, ark = {}, signature = snp_der(hcl->bytes + 32);
        _cleanup_(freep) char *path = NULL;
        _cleanup_(fclosep) FILE *key = NULL;

        forge_put_pem(&leaf, g->vek_certificate);
        forge_put_pem(&ask, pki->ca[FORGE_ASK_MILAN].certificate);
        forge_put_pem(&ark, pki->ca[FORGE_ARK_MILAN].certificate);
        write_file(folder, "leaf.pem", leaf.bytes, leaf.n);
        write_file(folder, "ask.pem", ask.bytes, ask.n);
        write_file(folder, "ark.pem", ark.bytes, ark.n);
        forge_check(asprintf(&path, "%s/key.pem", folder) > 0, "asprintf");
        key = fopen(path, "we");
        forge_check(key && PEM_write_PUBKEY(key, g->vek), path);
        write_file(folder, "signature.der", signature.bytes, signature.n);
        write_file(folder, "signed.bin", hcl->bytes + 32, 0x2a0);
        forge_bytes_done(&leaf);
        forge_bytes_done(&ask);
        forge_bytes_done(&ark);
        forge_bytes_done(&signature);
}

static void write_single(const struct forge_pki *pki, const char *folder) {
        static const uint8_t user_data[64];
        struct forge_bytes hcl, chain;
        struct forge_guest g;

        forge_guest_init(&g, pki, SNP_MILAN);
        hcl = forge_guest_hcl(&g, user_data, NULL);
        chain = forge_vek_chain(pki, SNP_MILAN, false, g.vek_certificate);
        write_file(folder, "hcl-report.bin", hcl.bytes, hcl.n);
        write_file(folder, "chain.pem", chain.bytes, chain.n);
        write_for_openssl(pki, &g, folder, &hcl);
        forge_bytes_done(&hcl);
        forge_bytes_done(&chain);
        forge_guest_done(&g);
}

/* One file by a whole process, beside the two commands that check the same chain and the same signature. */
static bool measure_single(const struct forge_pki *pki, const char *folder) {
        static const char *const verify[] = { "openssl", "verify", "-attime", "1780272000", "-CAfile",
                "ark.pem", "-untrusted", "ask.pem", "leaf.pem", NULL };
        static const char *const digest[] = { "openssl", "dgst", "-sha384", "-verify", "key.pem",
                "-signature", "signature.der", "signed.bin", NULL };
        static const char *const ours[] = { CVMCTL, "attest", "verify", "--at=" AT, "--any-measurement",
                "--any-nonce", "--any-bind", "--any-ak", "--roots=roots", "--certs=chain.pem",
                "hcl-report.bin", NULL };
        double theirs_ms[SINGLE_ROUNDS], ours_ms[SINGLE_ROUNDS], ratio;

        write_single(pki, folder);
        forge_check(chdir(folder) == 0, folder);
        for (size_t i = 0; i < SINGLE_ROUNDS; i++) {
                theirs_ms[i] = run(verify).processor_ms + run(digest).processor_ms;
                ours_ms[i] = run(ours).processor_ms;
        }
        ratio = median(ours_ms, SINGLE_ROUNDS) / median(theirs_ms, SINGLE_ROUNDS);
        printf("%-28s  %10.1f  %10.1f  %6.2f\n", "a file, whole process, ms", theirs_ms[SINGLE_ROUNDS / 2],
                ours_ms[SINGLE_ROUNDS / 2], ratio);
        return ratio <= PROMISED_SINGLE;
}

bool measure_processes(const struct forge_pki *pki, const char *folder) {
        struct setting s = {};
        bool kept;

        prepare(&s, pki, folder);
        kept = measure_jobs(&s);
        kept = measure_memory(&s) && kept;
        kept = measure_single(pki, folder) && kept;
        setting_done(&s);
        return kept;
}
