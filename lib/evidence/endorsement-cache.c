/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/endorsement-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/base/number.h"

#define HEAD "cvmd-endorsements 1"
#define HEAD_MAX 80
#define PREFIX "chip-"
#define NAME_SIZE (sizeof(PREFIX) + 2 * (size_t)SHA256_SIZE) /* with its NUL */

/* By digest: a chip's id names a machine, and names of files are seen by more people than their contents. */
static int name_of(const struct endorsed *for_what, char ret[NAME_SIZE]) {
        uint8_t key[SNP_CHIP_ID_SIZE + sizeof(uint64_t)];
        struct digest digest;
        int r;

        memcpy(key, for_what->chip_id, SNP_CHIP_ID_SIZE);
        for (size_t i = 0; i < sizeof(uint64_t); i++)
                key[SNP_CHIP_ID_SIZE + i] = (uint8_t)(for_what->tcb >> 8 * i);
        r = digest_sha256(key, sizeof(key), &digest);
        if (r < 0)
                return r;
        hex_format(digest.bytes, sizeof(digest.bytes), stpcpy(ret, PREFIX));
        return 0;
}

void cached_endorsements_done(struct cached_endorsements *c) {
        endorsements_done(&c->endorsements);
}

static int format_head(const struct cached_endorsements *c, char ret[HEAD_MAX + 1]) {
        return snprintf(ret, HEAD_MAX + 1, HEAD " %" PRIu64 " %" PRIu64 "\n", c->fetched, c->expires);
}

/* The two times of the first line, which ends with its newline. */
static int parse_head(const char *line, struct cached_endorsements *c) {
        _cleanup_(freep) char *words = strdup(line);
        char again[HEAD_MAX + 1], *rest = NULL, *fetched, *expires;

        if (!words)
                return -ENOMEM;
        if (strncmp(line, HEAD " ", strlen(HEAD " ")) != 0)
                return -EBADMSG;
        fetched = strtok_r(words + strlen(HEAD " "), " \n", &rest);
        expires = fetched ? strtok_r(NULL, " \n", &rest) : NULL;
        if (!expires || number_parse(fetched, 10, INT64_MAX, &c->fetched) < 0 ||
                number_parse(expires, 10, INT64_MAX, &c->expires) < 0 || c->expires < c->fetched)
                return -EBADMSG;
        (void)format_head(c, again);
        return strcmp(line, again) == 0 ? 0 : -EBADMSG; /* as it is written, and in no other way */
}

int endorsement_cache_parse(const char *text, size_t n, struct cached_endorsements *ret, struct diag *d) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
        const char *end = memchr(text, '\n', n < HEAD_MAX ? n : HEAD_MAX);
        char line[HEAD_MAX + 1] = "";
        int r = -EBADMSG;

        if (end) {
                memcpy(line, text, (size_t)(++end - text));
                r = parse_head(line, &c);
        }
        if (r < 0)
                return diag_fail(d, r, "the first line is not \"" HEAD " FETCHED EXPIRES\"");
        r = endorsements_parse(end, n - (size_t)(end - text), &c.endorsements, d);
        if (r < 0)
                return r;
        if (c.expires > c.endorsements.not_after)
                return diag_fail(d, -EBADMSG, "kept for longer than its certificates are valid");
        *ret = c;
        c.endorsements.chain.n = 0; /* handed over */
        return 0;
}

int endorsement_cache_load(int folder, const struct endorsed *for_what, uint64_t now,
        struct cached_endorsements *ret, struct diag *d) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
        _cleanup_(freep) char *text = NULL;
        char name[NAME_SIZE];
        size_t n;
        int r = name_of(for_what, name);

        if (r >= 0)
                r = file_read_at(folder, name, HEAD_MAX + ENDORSEMENTS_ANSWER_MAX, &text, &n);
        if (r < 0)
                return diag_errno(d, r == -ENOENT ? -ENODATA : r, "%s", name);
        r = endorsement_cache_parse(text, n, &c, d);
        if (r >= 0)
                r = endorsements_check(&c.endorsements, for_what, now, d);
        if (r < 0)
                return diag_wrap(d, r, "%s", name);
        *ret = c;
        c.endorsements.chain.n = 0;
        return 0;
}

/* Ours, or what a write that was cut off has left. */
static bool is_ours(const struct dirent *e) {
        const char *name = e->d_name[0] == '.' ? e->d_name + 1 : e->d_name;

        return strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* The oldest file of the folder, and how many there are but for `spared`; left-overs go at once. */
static int find_oldest(int folder, const char *spared, char ret[NAME_MAX + 1], size_t *ret_n) {
        _cleanup_(closep) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct timespec oldest = {};
        const struct dirent *e;

        if (!dir)
                return -errno;
        fd = -1; /* the stream's now */
        *ret_n = 0;
        while ((e = readdir(dir))) {
                struct stat st;

                if (!is_ours(e) || strcmp(e->d_name, spared) == 0 ||
                        fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (e->d_name[0] == '.') {
                        (void)unlinkat(folder, e->d_name, 0);
                        continue;
                }
                if ((*ret_n)++ > 0 &&
                        (st.st_mtim.tv_sec > oldest.tv_sec ||
                                (st.st_mtim.tv_sec == oldest.tv_sec &&
                                        st.st_mtim.tv_nsec >= oldest.tv_nsec)))
                        continue;
                oldest = st.st_mtim;
                memcpy(ret, e->d_name, strlen(e->d_name) + 1);
        }
        return 0;
}

static int make_room(int folder, const char *name) {
        for (;;) {
                char oldest[NAME_MAX + 1] = "";
                size_t n = 0;
                int r = find_oldest(folder, name, oldest, &n);

                if (r < 0 || n < ENDORSEMENT_CACHE_FILES_MAX)
                        return r;
                if (unlinkat(folder, oldest, 0) < 0)
                        return -errno;
        }
}

int endorsement_cache_store(int folder, const struct endorsed *for_what, const char *answer, size_t n,
        const struct cached_endorsements *c, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        char name[NAME_SIZE], head[HEAD_MAX + 1];
        int n_head, r;

        n_head = format_head(c, head);
        text = malloc((size_t)n_head + n);
        if (!text)
                return diag_errno(d, -ENOMEM, "cache");
        memcpy(mempcpy(text, head, (size_t)n_head), answer, n);
        r = name_of(for_what, name);
        if (r >= 0)
                r = make_room(folder, name);
        if (r >= 0)
                r = file_replace_at(folder, name, 0600, text, (size_t)n_head + n);
        return r < 0 ? diag_errno(d, r, "cannot keep endorsements") : 0;
}

enum endorsement_age endorsement_cache_age(const struct cached_endorsements *c, uint64_t now) {
        uint64_t lifetime = c->expires - c->fetched;

        if (now < c->fetched || now >= c->expires)
                return ENDORSEMENTS_OVER;
        return now - c->fetched >= lifetime - lifetime / 4 ? ENDORSEMENTS_AGEING : ENDORSEMENTS_FRESH;
}

uint64_t endorsement_cache_expiry(const struct endorsements *e, uint64_t now) {
        return now + e->lifetime < e->not_after ? now + e->lifetime : e->not_after;
}
