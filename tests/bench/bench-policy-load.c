/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a policy keeps whoever loads it: far too much of it is refused before it costs anything, and a
 * large one is checked whole, warnings included, in time. Promised are 100 ms for 100 MB, however they are
 * divided, and 1 s for 10,000 rules, right or wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/policy/policy-file.h"
#include "tests/bench/measure.h"

#define ROUNDS 5
#define MUCH (100 * 1000 * 1000)
#define REFUSED_MS 100.0
#define RULES 10000
#define CHECKED_MS 1000.0

static bool tell(const char *what, double ms, double promised) {
        bool kept = ms <= promised;

        printf("%-44s %9.2f ms, promised %.0f: %s\n", what, ms, promised, kept ? "kept" : "BROKEN");
        return kept;
}

/* A policy of this many bytes that is nothing but valid. */
static void write_file(const char *folder, size_t number, size_t size) {
        static const char start[] = "{ \"version\": 1 }\n";
        _cleanup_(freep) char *text = malloc(size), *path = NULL;
        _cleanup_(closep) int fd = -1;

        if (!text || asprintf(&path, "%s/%04zu.json", folder, number) < 0)
                abort();
        memset(text, ' ', size);
        memcpy(text, start, sizeof(start) - 1);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || file_write_fd(fd, text, size) < 0)
                abort();
}

static void remove_files(const char *folder, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, "%s/%04zu.json", folder, i) < 0 || unlink(path) < 0)
                        abort();
        }
}

/* MUCH in n files of one folder: refused, and never by what is in them. */
static bool measure_much(const char *folder, size_t n) {
        double times[ROUNDS];
        char what[64];

        for (size_t i = 0; i < n; i++)
                write_file(folder, i, MUCH / n);
        for (size_t i = 0; i < ROUNDS; i++) {
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(policy_freep) struct policy *p = NULL;
                struct diag d = {};
                double start = now_ms();

                if (policy_load_files((char *[]){ (char *)folder }, 1, &p, &problems, &d) != -EBADMSG)
                        abort();
                times[i] = now_ms() - start;
        }
        remove_files(folder, n);
        snprintf(what, sizeof(what), "100 MB in %zu %s refused after", n, n == 1 ? "file" : "files");
        return tell(what, median(times, ROUNDS), REFUSED_MS);
}

/* As sites of many machines have them: most rules name one device, some a class and what it needs. */
static char *text_of_rules(size_t n, bool wrong) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                abort();
        fputs("{ \"version\": 1, \"mode\": \"enforce\", \"expect\": { \"isolation\": \"snp\" }, \"rules\": "
              "[\n",
                f);
        for (size_t i = 0; i < n; i++) {
                fprintf(f, "%s{ \"id\": \"r%zu\", \"match\": { ", i > 0 ? ",\n" : "", i);
                if (wrong)
                        fprintf(f, "\"clas\": \"netwrok\"");
                else if (i % 4 == 0)
                        fprintf(f,
                                "\"class\": [\"network\", \"scsi\"], \"driver\": \"hv_*\", \"instance\": "
                                "\"%08zx-*\"",
                                i);
                else
                        fprintf(f, "\"instance\": \"%08zx-9d3b-000d-3af4-9d3b000d3af4\"", i);
                fputs(" }, \"require\": { \"ring\": \"confidential\" }, \"on-violation\": \"block\" }", f);
        }
        fputs("\n] }\n", f);
        if (fclose(f) != 0)
                abort();
        return text;
}

static double measure_rules(size_t n, bool wrong) {
        _cleanup_(freep) char *text = text_of_rules(n, wrong);
        double times[ROUNDS];

        for (size_t i = 0; i < ROUNDS; i++) {
                _cleanup_(policy_problems_done) struct policy_problems problems = {};
                _cleanup_(policy_freep) struct policy *p = NULL;
                struct diag d = {};
                double start = now_ms();
                int r = policy_parse("bench", text, strlen(text), &p, &problems, &d);

                times[i] = now_ms() - start;
                if (wrong ? r != -EBADMSG || problems.n_errors != n : r != 0 || problems.n != 0) {
                        fprintf(stderr, "%s\n", problems.n ? problems.problems[0].message : d.text);
                        abort();
                }
        }
        return median(times, ROUNDS);
}

int main(void) {
        char folder[] = "/tmp/bench-policy-load.XXXXXX";
        bool kept = true;

        if (!mkdtemp(folder) || setvbuf(stdout, NULL, _IOLBF, BUFSIZ) != 0)
                return 1;
        printf("milliseconds of processor time, median of %d\n", ROUNDS);
        for (size_t n = 1; n <= 1000; n *= 10)
                kept = measure_much(folder, n) && kept;
        kept = measure_much(folder, 25) && kept; /* as large as each may be */
        for (size_t n = RULES / 4; n <= RULES; n *= 2)
                printf("%-36s %7zu %9.2f ms\n", "rules checked:", n, measure_rules(n, false));
        kept = tell("10,000 rules checked after", measure_rules(RULES, false), CHECKED_MS) && kept;
        kept = tell("10,000 wrong rules checked after", measure_rules(RULES, true), CHECKED_MS) && kept;
        rmdir(folder);
        return kept ? 0 : 1;
}
