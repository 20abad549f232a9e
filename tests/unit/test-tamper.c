/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every sample, genuine or our own, is refused after any bit of it that is signed or hashed was turned, and
 * when it is cut anywhere before its end. What may be turned is listed with the reason; nothing else may.
 *
 *   test-tamper       one bit of some bytes, so that it takes seconds
 *   test-tamper all   every bit, but for long texts, whose content another sample has in fewer bytes
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/json-scan.h"
#include "tests/unit/forged-harness.h"
#include "tests/unit/format-harness.h"

#define N_FREE 5

static struct forge_pki pki;
static struct forge_guest turin;
static bool all_bits;

/* Bytes that neither a signature nor a hash covers: of the sample, or of what a member of its JSON encodes.
 */
struct free_bytes {
        const char *member; /* NULL: of the sample */
        size_t at, n;
        const char *why;
};

struct sample {
        const char *name;
        const char *file;            /* of the vectors; NULL: made */
        const char *certificates[3]; /* likewise; they come beside the evidence, leaf first */
        struct forge_bytes (*make)(void);
        bool json;      /* text, which ends with a brace */
        bool lengthy;   /* one bit of each byte, even then */
        bool hex;       /* hexadecimal digits in it mean the same in either case */
        size_t end;     /* what follows it is no part of the evidence; 0: all of it is */
        unsigned every; /* unless all bits are turned: one bit of every so many bytes; 0: of each */
        struct free_bytes free[N_FREE];
};

static struct forge_bytes vector(const char *file) {
        size_t n;
        uint8_t *content = read_vector(file, &n);

        return (struct forge_bytes){ content, n };
}

/* The report of virtee comes as hexadecimal digits. */
static struct forge_bytes virtee_report(void) {
        struct forge_bytes text = vector("virtee-sev/report_milan.hex"), report = {};

        forge_zeros(&report, text.n / 2);
        assert_int_equal(hex_parse((char *)text.bytes, text.n, report.bytes, report.n, &report.n), 0);
        forge_bytes_done(&text);
        return report;
}

/* Our own: a guest on Turin, for its layouts are in none of the genuine samples. */

static struct forge_bytes own_hcl_report(void) {
        uint8_t user_data[USER_DATA_SIZE];

        assert_int_equal(raw_user_data(NONCE, strlen(NONCE), user_data, NULL), 0);
        turin.hcl.padded = 0;
        return forge_guest_hcl(&turin, user_data, NULL);
}

static struct forge_bytes own_td_quote(void) {
        struct forge_bytes quote, chain;
        struct forge_guest g;

        forge_guest_init_tdx(&g, &pki, 5);
        chain = forge_pck_chain(&pki, g.quote.pck_certificate); /* without the NUL behind it */
        g.quote.chain = &chain;
        quote = forge_quote_make(&pki, &g.quote, &g.td);
        forge_bytes_done(&chain);
        forge_guest_done(&g);
        return quote;
}

/* What Azure's THIM endpoint answers: JSON with two texts of PEM. */
static struct forge_bytes thim_certificates(void) {
        struct forge_bytes text = vector("confidential-sidecar-containers/uvm_host_amd_certificate.json"),
                           pem = {};
        _cleanup_(json_document_freep) struct json_document *d = NULL;

        assert_int_equal(json_scan((char *)text.bytes, text.n, &d), 0);
        assert_non_null(d->root);
        forge_text(&pem, "%s", json_member(d->root, "vcekCert")->string);
        forge_text(&pem, "%s", json_member(d->root, "certificateChain")->string);
        forge_bytes_done(&text);
        return pem;
}

#define MILAN "virtee-sev/cert_chain_milan"
#define THIM "THIM"
#define OWN_CHAIN "OWN"
#define PEM_END "the NUL behind the certificates: a blank would end them as well"
/* A TDREPORT's head and its MAC mean something on its platform alone; the quote says the same, signed. */
#define TDX_IN_TRUSTEE                                                                                     \
        {                                                                                                  \
                { "hcl_report", 32 + 1, 31, "head and CPUSVN of the TDREPORT, covered by its MAC alone" }, \
                        { "hcl_report", 32 + 192, 64, "reserved, and the MAC itself" },                    \
                        { "hcl_report", 32 + 495, 17, "reserved between the parts that are hashed" },      \
                        { "td_quote", 3986, 1,                                                             \
                                "a line that ends between two certificates: a blank is as good" },         \
                        { "td_quote", 4934, 75, PEM_END ", and what follows the quote" },                  \
        }

static const struct sample samples[] = {
        { .name = "Azure, SNP, HCL report",
                .file = "trustee/az-snp-vtpm/hcl-report.bin",
                .certificates = { "trustee/az-snp-vtpm/vcek.pem" },
                .end = 1236 + 1110 },
        { .name = "Azure, SNP, Trustee 0",
                .file = "trustee/az-snp-vtpm/evidence-v0.json",
                .certificates = { MILAN },
                .json = true,
                .hex = true,
                .lengthy = true,
                .every = 97 },
        { .name = "Azure, SNP, Trustee 1",
                .file = "trustee/az-snp-vtpm/evidence-v1.json",
                .certificates = { MILAN },
                .json = true,
                .hex = true,
                .every = 41 },
        { .name = "Azure, SNP, Trustee 2",
                .file = "trustee/az-snp-vtpm/evidence-v2.json",
                .certificates = { MILAN },
                .json = true,
                .hex = true,
                .every = 41 },
        { .name = "Trustee, SNP report",
                .every = 3,
                .file = "trustee/snp/test-report.bin",
                .certificates = { "trustee/snp/test-vcek.der", MILAN } },
        { .name = "go-sev-guest, SNP report",
                .every = 3,
                .file = "go-sev-guest/attestation.bin",
                .certificates = { "go-sev-guest/vcek.testcer", "go-sev-guest/milan.testcer" } },
        { .name = "virtee, SNP report",
                .every = 3,
                .make = virtee_report,
                .certificates = { "virtee-sev/vcek_milan.der", MILAN } },
        { .name = "sidecar, SNP report",
                .every = 3,
                .file = "confidential-sidecar-containers/snp_report.bin",
                .certificates = { THIM } },
        { .name = "Azure, TDX, TD quote",
                .every = 7,
                .file = "trustee/az-tdx-vtpm/td-quote.bin",
                .end = 4936,
                .free = { { NULL, 4935, 1, PEM_END } } },
        { .name = "Azure, TDX, Trustee 0",
                .file = "trustee/az-tdx-vtpm/evidence-v0.json",
                .json = true,
                .hex = true,
                .lengthy = true,
                .every = 97,
                .free = TDX_IN_TRUSTEE },
        { .name = "Azure, TDX, Trustee 1",
                .file = "trustee/az-tdx-vtpm/evidence-v1.json",
                .json = true,
                .hex = true,
                .every = 41,
                .free = TDX_IN_TRUSTEE },
        { .name = "go-tdx-guest, TD quote",
                .every = 7,
                .file = "go-tdx-guest/quote_v5_sample.dat",
                .free = { { NULL, 5005, 1, PEM_END } } },
        { .name = "own HCL report", .make = own_hcl_report, .certificates = { OWN_CHAIN }, .every = 3 },
        { .name = "own TD quote", .make = own_td_quote, .every = 7 },
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static struct forge_bytes read_certificates(const char *name) {
        if (strcmp(name, OWN_CHAIN) == 0)
                return forge_vek_chain(&pki, SNP_TURIN, false, turin.vek_certificate);
        return strcmp(name, THIM) == 0 ? thim_certificates() : vector(name);
}

static struct verifier *verifier_of(const struct sample *s) {
        struct verifier_settings settings = forged_settings();
        struct verifier *v = NULL;
        struct diag d = {};

        settings.waived = WAIVE_MEASUREMENT;
        settings.waived |= WAIVE_NONCE | WAIVE_BIND | WAIVE_AK;
        settings.nonce = settings.bind = NULL;
        v = forged_verifier(&settings, &pki);
        for (size_t i = 0; i < 3 && s->certificates[i]; i++) {
                struct forge_bytes b = read_certificates(s->certificates[i]);

                if (verifier_add_certificates(v, s->certificates[i], b.bytes, b.n, &d) < 0)
                        fail_msg("%s", d.text);
                forge_bytes_done(&b);
        }
        return v;
}

/* What counts against it, or why it cannot be parsed, goes into *ret. */
static bool is_authentic(struct verifier *v, const uint8_t *bytes, size_t n, struct diag *ret) {
        _cleanup_(freep) uint8_t *exact = copy_exact(bytes, n);
        struct verification found;
        bool authentic;
        int r;

        *ret = (struct diag){};
        r = verifier_run(v, exact, n, &found, ret);
        if (r < 0) {
                assert_true(r == -EBADMSG || r == -EOPNOTSUPP);
                assert_true(ret->text[0]);
                return false;
        }
        authentic = checks_authentic(&found.checks);
        list_against(&found.checks, ret->text, sizeof(ret->text));
        verification_done(&found);
        return authentic;
}

/* Where in the text the bytes [at, at + n) of what a member encodes stand: integers in a list, or base64. */
static void find_encoded(const struct forge_bytes *b, const struct free_bytes *f, size_t *ret,
        size_t *ret_end) {
        _cleanup_(freep) char *key = NULL;
        char *text = (char *)b->bytes, *at, *end;

        assert_true(asprintf(&key, "\"%s\"", f->member) > 0);
        at = strstr(text, key);
        assert_non_null(at);
        at = strpbrk(at + strlen(key) + 1, "[\"") + 1;
        end = at;
        if (at[-1] == '[') {
                for (size_t i = 0; i < f->at; i++)
                        at = strchr(at, ',') + 1;
                end = at;
                for (size_t i = 0; i < f->n; i++)
                        end += strcspn(end, ",]") + 1;
        } else {
                end = at + (4 * (f->at + f->n) + 2) / 3;
                at += 4 * f->at / 3;
        }
        *ret = (size_t)(at - text);
        *ret_end = (size_t)(end - text);
}

/* Whether this bit may be turned. */
static bool is_free(const struct sample *s, const struct forge_bytes *b, size_t at, unsigned bit) {
        if (s->hex && bit == 5 && isalpha(b->bytes[at]) && isxdigit(b->bytes[at]))
                return true;
        for (size_t i = 0; i < N_FREE && s->free[i].n; i++) {
                size_t from = s->free[i].at, end = from + s->free[i].n;

                if (s->free[i].member)
                        find_encoded(b, &s->free[i], &from, &end);
                if (at >= from && at < end)
                        return true;
        }
        return false;
}

/* Returns how many turned bits were not noticed. */
static size_t turn_bits(const struct sample *s, struct verifier *v, struct forge_bytes *b, size_t end) {
        size_t step = all_bits || !s->every ? 1 : s->every, unnoticed = 0;

        for (size_t i = 0; i < end; i += step)
                for (unsigned bit = all_bits ? 0 : i * 3 % 8, last = all_bits ? 7 : bit; bit <= last;
                        bit++) {
                        struct diag why;

                        b->bytes[i] ^= (uint8_t)(1U << bit);
                        if (is_authentic(v, b->bytes, b->n, &why) && !is_free(s, b, i, bit)) {
                                unnoticed++;
                                print_message("# %s: bit %u of byte %zu is not noticed\n", s->name, bit, i);
                        }
                        b->bytes[i] ^= (uint8_t)(1U << bit);
                }
        return unnoticed;
}

static size_t cut_off(const struct sample *s, struct verifier *v, const struct forge_bytes *b, size_t end) {
        size_t step = all_bits || !s->every ? 1 : s->every, unnoticed = 0;
        struct diag why;

        for (size_t n = 0; n < end; n += step)
                if (is_authentic(v, b->bytes, n, &why)) {
                        unnoticed++;
                        print_message("# %s: cut after %zu bytes is not noticed\n", s->name, n);
                }
        return unnoticed;
}

static void tamper_with(void **state) {
        const struct sample *s = *state;
        struct forge_bytes b = s->make ? s->make() : vector(s->file);
        _cleanup_(verifier_freep) struct verifier *v = NULL;
        size_t end, unnoticed;
        struct diag why;

        v = verifier_of(s);
        end = s->end      ? s->end
                : s->json ? (size_t)((uint8_t *)memrchr(b.bytes, '}', b.n) - b.bytes) + 1
                          : b.n;
        if (!is_authentic(v, b.bytes, b.n, &why))
                fail_msg("%s: %s", s->name, why.text);
        unnoticed = turn_bits(s, v, &b, end);
        unnoticed += cut_off(s, v, &b, end);
        assert_int_equal(unnoticed, 0);
        forge_bytes_done(&b);
}

static int load(void **state) {
        forge_pki_load(FORGE_PKI, &pki);
        forge_guest_init(&turin, &pki, SNP_TURIN);
        return 0;
}

static int unload(void **state) {
        forge_guest_done(&turin);
        forge_pki_done(&pki);
        return 0;
}

int main(int argc, char **argv) {
        struct CMUnitTest tests[N_SAMPLES];

        all_bits = argc > 1 && strcmp(argv[1], "all") == 0;
        for (size_t i = 0; i < N_SAMPLES; i++)
                tests[i] = (struct CMUnitTest){
                        .name = samples[i].name,
                        .test_func = tamper_with,
                        .initial_state = (void *)&samples[i],
                };
        return run_as_tap(tests, N_SAMPLES, load, unload);
}
