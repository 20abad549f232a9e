/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lib/evidence/endorsements, endorsement-cache: what THIM answers, what of it is believed, and what is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/evidence/endorsement-cache.h"
#include "tests/forge/forge.h"
#include "tests/unit/format-harness.h"
#include "tests/unit/scratch.h"

#define NOW ((uint64_t)FORGE_NOW)

static struct forge_pki pki;

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        return 0;
}

static int unload(void **state) {
        forge_pki_done(&pki);
        return 0;
}

/* A chip, its endorsements as they should be, and an answer that may say otherwise. */
struct scene {
        enum snp_product product;
        struct forge_snp snp;
        struct forge_vek vek;
        struct endorsed wanted;
        uint64_t tcbm;
        const struct forge_bytes *chain;
        const char *cache_control;
};

static void scene_init(struct scene *s, enum snp_product product) {
        *s = (struct scene){ .product = product, .cache_control = "\"86400\"" };
        forge_snp_init(&s->snp, product);
        s->vek = forge_snp_vek(&s->snp);
        s->tcbm = forge_snp_tcb(&s->snp.reported, product);
        s->wanted = (struct endorsed){ .tcb = s->tcbm, .product = product };
        memcpy(s->wanted.chip_id, s->snp.chip_id, sizeof(s->wanted.chip_id));
}

static struct forge_bytes scene_answer(const struct scene *s) {
        EVP_PKEY *key = forge_ec_key("P-384");
        X509 *vek = forge_vek_certificate(&pki, &s->vek, key);
        struct forge_bytes answer = forge_thim(&pki, s->product, vek, s->tcbm, s->chain, s->cache_control);

        X509_free(vek);
        EVP_PKEY_free(key);
        return answer;
}

static int parse(const void *text, size_t n, struct endorsements *ret, struct diag *d) {
        _cleanup_(freep) uint8_t *exact = copy_exact(text, n);

        return endorsements_parse((const char *)exact, n, ret, d);
}

/* What becomes of the answer, with the whole text of the diag. */
static int outcome(const struct scene *s, struct diag *d) {
        _cleanup_(endorsements_done) struct endorsements e = {};
        _cleanup_(forge_bytes_done) struct forge_bytes answer = scene_answer(s);
        int r = parse(answer.bytes, answer.n, &e, d);

        return r < 0 ? r : endorsements_check(&e, &s->wanted, NOW, d);
}

static void good_ones(void **state) {
        for (enum snp_product p = SNP_MILAN; p < _SNP_PRODUCT_MAX; p++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
                struct diag d = {};
                struct scene s;

                scene_init(&s, p);
                answer = scene_answer(&s);
                assert_int_equal(parse(answer.bytes, answer.n, &e, &d), 0);
                assert_int_equal(e.chain.n, 3);
                assert_int_equal(e.vek.product, p);
                assert_int_equal(e.tcb, s.tcbm);
                assert_int_equal(e.lifetime, 86400);
                assert_int_equal(e.not_after, FORGE_NOT_AFTER);
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
                s.wanted.product = 0; /* a report of version 2 */
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
                memset(s.wanted.chip_id, 0, sizeof(s.wanted.chip_id)); /* masked */
                assert_int_equal(endorsements_check(&e, &s.wanted, NOW, &d), 0);
        }
}

static void assert_refused(const struct scene *s, int r, const char *why) {
        struct diag d = {};

        assert_int_equal(outcome(s, &d), r);
        if (!strstr(d.text, why))
                fail_msg("\"%s\" does not say \"%s\"", d.text, why);
}

static void of_another_chip(void **state) {
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.wanted.chip_id[63] ^= 1;
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_TURIN);
        s.wanted.chip_id[7] ^= 1;
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_TURIN);
        s.wanted.chip_id[8] = 1; /* no id of a Turin */
        assert_refused(&s, -EXDEV, "another chip's");
        scene_init(&s, SNP_MILAN);
        s.wanted.product = SNP_GENOA;
        assert_refused(&s, -EXDEV, "for Milan, the report from Genoa");
        scene_init(&s, SNP_MILAN);
        s.vek.csp_id = "cloud"; /* a VLEK, whose issuer is not in the chain besides */
        assert_refused(&s, -EXDEV, "names no chip");
}

static void for_another_tcb(void **state) {
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.wanted.tcb++;
        assert_refused(&s, -ESTALE, "the report has");
        scene_init(&s, SNP_MILAN);
        s.tcbm = s.wanted.tcb = s.tcbm ^ UINT64_C(1) << 56; /* both agree, the certificate does not */
        assert_refused(&s, -ESTALE, "is not the TCB that the VEK is for");
        scene_init(&s, SNP_TURIN);
        s.vek.tcb.fmc++;
        assert_refused(&s, -ESTALE, "is not the TCB that the VEK is for");
}

static void chains_that_do_not_hold(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes genoa = forge_vek_chain(&pki, SNP_GENOA, false, NULL);
        _cleanup_(forge_bytes_done) struct forge_bytes swapped = {};
        struct forge_ca imitation = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.chain = &genoa;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");

        forge_put_pem(&swapped, pki.ca[FORGE_ARK_MILAN].certificate);
        forge_put_pem(&swapped, pki.ca[FORGE_ASK_MILAN].certificate);
        s.chain = &swapped;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");

        scene_init(&s, SNP_MILAN);
        forge_ca_imitate(&pki, FORGE_ASK_MILAN, &imitation); /* the same name, another key */
        s.vek.ca = &imitation;
        assert_refused(&s, -EKEYREJECTED, "the VEK is not signed by the ASK");
        forge_ca_done(&imitation);
}

/* An ARK that signs itself, and not the ASK; an ASK in its place, which does not sign itself. */
static void roots_that_are_none(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes other = {}, same = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        forge_put_pem(&other, pki.ca[FORGE_ASK_MILAN].certificate);
        forge_put_pem(&other, pki.ca[FORGE_ARK_GENOA].certificate);
        s.chain = &other;
        assert_refused(&s, -EKEYREJECTED, "the ASK is not signed by the ARK");
        forge_put_pem(&same, pki.ca[FORGE_ASK_MILAN].certificate);
        forge_put_pem(&same, pki.ca[FORGE_ASK_MILAN].certificate);
        s.chain = &same;
        assert_refused(&s, -EKEYREJECTED, "the ASK is not signed by the ARK");
}

static void expired(void **state) {
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        s.vek.not_after = FORGE_NOW; /* good for this second */
        assert_int_equal(outcome(&s, &d), 0);
        s.vek.not_after = FORGE_NOW - 1;
        assert_refused(&s, -EKEYREJECTED, "expired on 2026-05-31");
}

static void cache_control(void **state) {
        static const struct {
                const char *text;
                int64_t lifetime; /* -1: refused */
        } rows[] = {
                { "\"0\"", 0 },
                { "60", 60 },
                { "\"2592000\"", ENDORSEMENTS_LIFETIME_MAX },
                { "\"2592001\"", ENDORSEMENTS_LIFETIME_MAX },
                { "\"4294967295\"", ENDORSEMENTS_LIFETIME_MAX },
                { "9007199254740991", ENDORSEMENTS_LIFETIME_MAX },
                { "\"4294967296\"", -1 },
                { "-1", -1 },
                { "\"-1\"", -1 },
                { "\"max-age=60\"", -1 },
                { "\"\"", -1 },
                { "null", -1 },
                { "[60]", -1 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
                struct diag d = {};
                struct scene s;

                scene_init(&s, SNP_MILAN);
                s.cache_control = rows[i].text;
                answer = scene_answer(&s);
                assert_int_equal(parse(answer.bytes, answer.n, &e, &d), rows[i].lifetime < 0 ? -EBADMSG : 0);
                if (rows[i].lifetime >= 0)
                        assert_int_equal(e.lifetime, rows[i].lifetime);
        }
}

/* The answer with the first `what` in it replaced. */
static struct forge_bytes replaced(const struct forge_bytes *answer, const char *what, const char *by) {
        const char *at = strstr((const char *)answer->bytes, what);
        struct forge_bytes b = {};

        assert_non_null(at);
        forge_put(&b, answer->bytes, (size_t)(at - (const char *)answer->bytes));
        forge_text(&b, "%s%s", by, at + strlen(what));
        return b;
}

static void no_such_answer(void **state) {
        static const struct {
                const char *what, *by, *why;
        } rows[] = {
                { "\"vcekCert\"", "\"vcekcert\"", "vcekCert" },
                { "\"certificateChain\"", "\"x\"", "certificateChain" },
                { "\"tcbm\"", "\"x\"", "tcbm" },
                { "\"tcbm\":\"", "\"tcbm\":\"x", "tcbm is no hexadecimal number" },
                { "\"tcbm\":\"", "\"tcbm\":\"1", "tcbm is no hexadecimal number" }, /* 17 digits */
                { "\"tcbm\"", "\"vcekCert\"", "" },                                 /* twice */
                { "MII", "MIJ", "vcekCert" },
                { "-----BEGIN CERTIFICATE-----", "-----BEGIN GARBAGE-----", "vcekCert" },
                { "{", "[", "" },
        };
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _cleanup_(forge_bytes_done) struct forge_bytes b =
                        replaced(&answer, rows[i].what, rows[i].by);
                _cleanup_(endorsements_done) struct endorsements e = {};
                struct diag d = {};

                assert_int_equal(parse(b.bytes, b.n, &e, &d), -EBADMSG);
                assert_non_null(strstr(d.text, rows[i].why));
        }
}

static void not_even_json(void **state) {
        static const char *const texts[] = {
                "",
                "<!DOCTYPE html><html><body>Sign in</body></html>",
                "404 page not found",
                "null",
                "[]",
                "{}",
                "\"x\"",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_(endorsements_done) struct endorsements e = {};
                struct diag d = {};

                assert_int_equal(parse(texts[i], strlen(texts[i]), &e, &d), -EBADMSG);
                assert_int_not_equal(d.text[0], '\0');
        }
}

static void members_that_are_not_known_are_left_alone(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {}, more = {};
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct diag d = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        more = replaced(&answer, "{", "{\"region\":[\"north\",{}],");
        assert_int_equal(parse(more.bytes, more.n, &e, &d), 0);
}

static void cut_off(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        for (size_t n = 0; n < answer.n; n++) {
                _cleanup_(endorsements_done) struct endorsements e = {};

                assert_int_equal(parse(answer.bytes, n, &e, NULL), -EBADMSG);
        }
}

static void one_that_is_too_large(void **state) {
        _cleanup_(forge_bytes_done) struct forge_bytes answer = {};
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct scene s;

        scene_init(&s, SNP_MILAN);
        answer = scene_answer(&s);
        while (answer.n < ENDORSEMENTS_ANSWER_MAX)
                forge_text(&answer, " ");
        assert_int_equal(parse(answer.bytes, answer.n, &e, NULL), 0);
        endorsements_done(&e);
        forge_text(&answer, " ");
        assert_int_equal(parse(answer.bytes, answer.n, &e, NULL), -EBADMSG);
}

/* -- the cache -- */

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

/* -- what Azure's hosts answer -- */

static void genuine_answer(void **state) {
        _cleanup_(freep) uint8_t *answer = NULL, *report = NULL;
        _cleanup_(endorsements_done) struct endorsements e = {};
        struct snp_report snp;
        struct endorsed wanted;
        struct diag d = {};
        size_t n, n_report;

        answer = read_vector("confidential-sidecar-containers/uvm_host_amd_certificate.json", &n);
        report = read_vector("confidential-sidecar-containers/snp_report.bin", &n_report);
        assert_int_equal(snp_report_parse(report, n_report, &snp, &d), 0);
        assert_int_equal(parse(answer, n, &e, &d), 0);
        assert_int_equal(e.tcb, UINT64_C(0x7308000000000003));
        assert_int_equal(e.vek.product, SNP_MILAN);
        assert_int_equal(e.vek.tcb.boot_loader, 3);
        assert_int_equal(e.vek.tcb.snp, 8);
        assert_int_equal(e.vek.tcb.microcode, 0x73);
        assert_int_equal(e.lifetime, 86400);
        assert_int_equal(e.not_after, 1890611756); /* 2029-11-29 01:55:56 */
        wanted = (struct endorsed){ .tcb = snp.reported_tcb, .product = snp.product };
        memcpy(wanted.chip_id, snp.chip_id, sizeof(wanted.chip_id));
        assert_int_equal(endorsements_check(&e, &wanted, NOW, &d), 0);
        wanted.chip_id[0] ^= 1;
        assert_int_equal(endorsements_check(&e, &wanted, NOW, &d), -EXDEV);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(of_another_chip),
        cmocka_unit_test(for_another_tcb),
        cmocka_unit_test(chains_that_do_not_hold),
        cmocka_unit_test(roots_that_are_none),
        cmocka_unit_test(expired),
        cmocka_unit_test(cache_control),
        cmocka_unit_test(no_such_answer),
        cmocka_unit_test(not_even_json),
        cmocka_unit_test(members_that_are_not_known_are_left_alone),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(one_that_is_too_large),
        cmocka_unit_test(kept_for_its_lifetime),
        cmocka_unit_test(never_for_longer_than_the_certificates),
        cmocka_unit_test(found_by_chip_and_tcb_alone),
        cmocka_unit_test(a_file_is_checked_like_an_answer),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(files_are_few),
        cmocka_unit_test(a_folder_that_cannot_be_written),
        cmocka_unit_test(genuine_answer),
};

RUN_WITH(tests, load, unload)
