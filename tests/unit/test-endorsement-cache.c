/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/evidence/endorsement-cache: what is kept of endorsements, for how long, and that it is not trusted. */
#include "tests/unit/endorsement-scene.h"
#include "tests/unit/scratch.h"

/* Keeps the answer of a scene, as it is fetched at that time. */
static void keep(const struct scratch *folder, const struct scene *s, uint64_t fetched) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = { .fetched = fetched };
        _cleanup_(forge_bytes_done) struct forge_bytes answer = scene_answer(s);
        struct diag d = {};

        assert_int_equal(parse(answer.bytes, answer.n, &c.endorsements, &d), 0);
        c.expires = endorsement_cache_expiry(&c.endorsements, fetched);
        assert_int_equal(endorsement_cache_store(folder->fd, &s->wanted, (const char *)answer.bytes,
                                 answer.n, &c, &d),
                0);
}

static int load_kept(const struct scratch *folder, const struct endorsed *wanted, uint64_t now,
        enum endorsement_age *ret_age) {
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
        struct diag d = {};
        int r = endorsement_cache_load(folder->fd, wanted, now, &c, &d);

        assert_int_equal(r < 0, d.text[0] != '\0');
        if (r >= 0)
                *ret_age = endorsement_cache_age(&c, now);
        return r;
}

static size_t count_files(const struct scratch *folder, char *ret_name, size_t size) {
        _cleanup_(closedirp) DIR *dir = opendir(folder->path);
        const struct dirent *e;
        size_t n = 0;

        while ((e = readdir(dir)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
                        n++;
                        if (ret_name)
                                snprintf(ret_name, size, "%s", e->d_name);
                }
        return n;
}

static void kept_for_its_lifetime(void **state) {
        static const struct {
                int64_t after;
                enum endorsement_age age;
        } rows[] = {
                { 0, ENDORSEMENTS_FRESH }, { 64799, ENDORSEMENTS_FRESH },
                { 64800, ENDORSEMENTS_AGEING }, /* three quarters of a day */
                { 86399, ENDORSEMENTS_AGEING }, { 86400, ENDORSEMENTS_OVER }, { 864000, ENDORSEMENTS_OVER },
                { -1, ENDORSEMENTS_OVER }, /* the clock was set back */
        };
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        enum endorsement_age age;
        struct scene s;

        scene_init(&s, SNP_MILAN);
        assert_int_equal(load_kept(&folder, &s.wanted, NOW, &age), -ENODATA);
        keep(&folder, &s, NOW);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_int_equal(load_kept(&folder, &s.wanted, NOW + (uint64_t)rows[i].after, &age), 0);
                assert_int_equal(age, rows[i].age);
        }
}

static void never_for_longer_than_the_certificates(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        enum endorsement_age age;
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.vek.not_after = FORGE_NOW + 3600;
        keep(&folder, &s, NOW);
        assert_int_equal(load_kept(&folder, &s.wanted, NOW + 3599, &age), 0);
        assert_int_equal(age, ENDORSEMENTS_AGEING);
        assert_int_equal(load_kept(&folder, &s.wanted, NOW + 3600, &age), 0);
        assert_int_equal(age, ENDORSEMENTS_OVER);
        assert_int_equal(load_kept(&folder, &s.wanted, NOW + 3601, &age), -EKEYREJECTED);
}

static void found_by_chip_and_tcb_alone(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        enum endorsement_age age;
        struct scene s, other;

        scene_init(&s, SNP_MILAN);
        keep(&folder, &s, NOW);
        other = s;
        other.wanted.tcb++;
        assert_int_equal(load_kept(&folder, &other.wanted, NOW, &age), -ENODATA);
        other = s;
        other.wanted.chip_id[0]++;
        assert_int_equal(load_kept(&folder, &other.wanted, NOW, &age), -ENODATA);
        other = s;
        other.wanted.product = SNP_GENOA;
        assert_int_equal(load_kept(&folder, &other.wanted, NOW, &age), -EXDEV);
}

/* Whoever can write to the folder can withhold endorsements, and not give out others. */
static void a_file_is_checked_like_an_answer(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new(), elsewhere = scratch_new();
        char name[256], path[512];
        enum endorsement_age age;
        struct scene s, other;

        scene_init(&s, SNP_MILAN);
        keep(&folder, &s, NOW);
        assert_int_equal(count_files(&folder, name, sizeof(name)), 1);
        other = s;
        other.snp.chip_id[5] ^= 1;
        other.vek = forge_snp_vek(&other.snp);
        memcpy(other.wanted.chip_id, other.snp.chip_id, sizeof(other.snp.chip_id));
        keep(&elsewhere, &other, NOW);
        snprintf(path, sizeof(path), "%s/%s", folder.path, name);
        assert_int_equal(count_files(&elsewhere, name, sizeof(name)), 1);
        assert_int_equal(renameat(elsewhere.fd, name, AT_FDCWD, path), 0);
        assert_int_equal(load_kept(&folder, &s.wanted, NOW, &age), -EXDEV);
}

static void damaged_files(void **state) {
        static const char *const heads[] = {
                "",
                "\n",
                "cvmd-endorsements 1\n",
                "cvmd-endorsements 1 5\n",
                "cvmd-endorsements 1 5 4\n",
                "cvmd-endorsements 1 5 6 7\n",
                "cvmd-endorsements 1 5 6 \n",
                "cvmd-endorsements 2 5 6\n",
                "cvmd-endorsements 1 -5 6\n",
                "cvmd-endorsements 1 5 99999999999999999999\n",
                "cvmd-endorsements 1 5 9223372036854775807\n", /* after the certificates */
                "cvmd-endorsements 1 5 6",
        };
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        _cleanup_(cached_endorsements_done) struct cached_endorsements good = {};
        _cleanup_(freep) char *text = NULL;
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
                _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
                _cleanup_(freep) char *bad = NULL;

                assert_true(asprintf(&bad, "%s%s", heads[i], answer.bytes) > 0);
                assert_int_equal(endorsement_cache_parse(bad, strlen(bad), &c, &d), -EBADMSG);
        }
        assert_true(asprintf(&text, "cvmd-endorsements 1 5 6\n%s", answer.bytes) > 0);
        assert_int_equal(endorsement_cache_parse(text, strlen(text), &good, &d), 0);
        assert_int_equal(good.fetched, 5);
        assert_int_equal(good.expires, 6);
        for (size_t n = 0; n < strlen(text); n++) {
                _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
                _cleanup_(freep) uint8_t *exact = copy_exact(text, n);

                assert_int_equal(endorsement_cache_parse((const char *)exact, n, &c, NULL), -EBADMSG);
        }
}

static void files_are_few(void **state) {
        _cleanup_(scratch_done) struct scratch folder = scratch_new();
        enum endorsement_age age;
        struct scene s;

        scene_init(&s, SNP_MILAN);
        scratch_write(&folder, ".chip-cut-off.new", "left over");
        scratch_write(&folder, "of-somebody-else", "stays");
        for (unsigned i = 0; i < ENDORSEMENT_CACHE_FILES_MAX + 3; i++) {
                char name[256];
                struct timespec times[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };
                int r;

                s.wanted.tcb = i; /* which the store does not look at */
                keep(&folder, &s, NOW);
                /* the one just made is the newest: told apart by more than the resolution of a clock */
                for (size_t n = count_files(&folder, name, sizeof(name)); n > 0; n = 0) {
                        _cleanup_(closedirp) DIR *dir = opendir(folder.path);
                        const struct dirent *e;

                        while ((e = readdir(dir))) {
                                struct stat st;

                                r = fstatat(folder.fd, e->d_name, &st, 0);
                                assert_int_equal(r, 0);
                                if (st.st_mtim.tv_sec > 100000 && strncmp(e->d_name, "chip-", 5) == 0)
                                        assert_int_equal(utimensat(folder.fd, e->d_name, times, 0), 0);
                        }
                }
        }
        assert_int_equal(count_files(&folder, NULL, 0), ENDORSEMENT_CACHE_FILES_MAX + 1);
        for (unsigned i = 0; i < ENDORSEMENT_CACHE_FILES_MAX + 3; i++) {
                s.wanted.tcb = i;
                assert_int_equal(load_kept(&folder, &s.wanted, NOW, &age) == -ENODATA, i < 3);
        }
}

static void a_folder_that_cannot_be_written(void **state) {
        _cleanup_(closep) int null = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(cached_endorsements_done) struct cached_endorsements c = {};
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        assert_true(
                endorsement_cache_store(null, &s.wanted, (const char *)answer.bytes, answer.n, &c, &d) < 0);
        assert_non_null(strstr(d.text, "cannot keep endorsements"));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_for_its_lifetime),
        cmocka_unit_test(never_for_longer_than_the_certificates),
        cmocka_unit_test(found_by_chip_and_tcb_alone),
        cmocka_unit_test(a_file_is_checked_like_an_answer),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(files_are_few),
        cmocka_unit_test(a_folder_that_cannot_be_written),
};

RUN_WITH(tests, load, unload)
