/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replays a fuzz target's corpus without a fuzzer: every file as it is, cut off at every length, and with
 * single bits turned, all at their exact size on the heap so that a sanitizer sees one byte over. Large
 * files are sampled evenly. What must not happen is a crash or a sanitizer's finding; one line of TAP a
 * file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define FILE_MAX (16 * 1024 * 1024)
#define CUTS_MAX 2048
#define FLIPS_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The first n bytes of text, bit `flip` of them turned unless it lies behind them. */
static int feed(const char *text, size_t n, size_t flip) {
        _cleanup_(freep) uint8_t *copy = malloc(n ? n : 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, text, n);
        if (flip / 8 < n)
                copy[flip / 8] ^= (uint8_t)(1u << flip % 8);
        (void)LLVMFuzzerTestOneInput(copy, n);
        return 0;
}

/* So that at most max of n steps are taken. */
static size_t stride(size_t n, size_t max) {
        return n <= max ? 1 : (n + max - 1) / max;
}

static int replay(int folder, const char *name, size_t *ret_runs) {
        _cleanup_(freep) char *text = NULL;
        size_t n, runs = 1;
        int r;

        r = file_read_at(folder, name, FILE_MAX, &text, &n);
        if (r < 0)
                return r;
        r = feed(text, n, SIZE_MAX);
        for (size_t cut = 0; r == 0 && cut < n; cut += stride(n, CUTS_MAX), runs++)
                r = feed(text, cut, SIZE_MAX);
        for (size_t bit = 0; r == 0 && bit < n * 8; bit += stride(n * 8, FLIPS_MAX), runs++)
                r = feed(text, n, bit);
        *ret_runs = runs;
        return r;
}

static int is_file(const struct dirent *e) {
        return e->d_name[0] != '.';
}

int main(int argc, char **argv) {
        struct dirent **names = NULL;
        int folder, n, failed = 0;

        if (argc != 2) {
                fprintf(stderr, "Usage: %s CORPUS-FOLDER\n", argv[0]);
                return 2;
        }
        folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        n = folder < 0 ? -1 : scandir(argv[1], &names, is_file, alphasort);
        if (n <= 0) {
                fprintf(stderr, "%s: %s\n", argv[1],
                        n < 0 ? strerror(errno) : "an empty corpus tests nothing");
                return 1;
        }
        printf("1..%d\n", n);
        for (int i = 0; i < n; i++) {
                size_t runs = 0;
                int r = replay(folder, names[i]->d_name, &runs);

                failed += r < 0;
                printf("%s %d - %s: %zu inputs%s%s\n", r < 0 ? "not ok" : "ok", i + 1, names[i]->d_name,
                        runs, r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
                fflush(stdout);
                free(names[i]);
        }
        free(names);
        close(folder);
        return failed ? 1 : 0;
}
