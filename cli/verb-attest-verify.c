/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attest verify and attest roots: without a daemon, without root, without a network. */
#include <errno.h>
#include <json-c/json_tokener.h>
#include <string.h>

#include "cli/input.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/verify-batch.h"
#include "cli/verify-setup.h"
#include "cli/verify-text.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/verify/ear.h"
#include "lib/verify/jws.h"
#include "lib/verify/verification-json.h"
#include "version.h"

#define KEY_FILE_MAX ((size_t)64 * 1024)

static int print_json(struct context *x, const struct verification *v) {
        _cleanup_(json_text_done) struct json_text text = {};
        _cleanup_(json_putp) struct json_object *o = NULL;

        verification_json(v, 0, &text);
        json_text_raw(&text, "\n");
        if (text.no_memory)
                return -ENOMEM;
        text.text[text.n - 1] = 0;
        o = json_tokener_parse(text.text);
        if (!o)
                return -ENOMEM;
        output_json(&x->out, o);
        return 0;
}

/* As an attestation result for others, signed if there is a key. */
static int print_ear(struct context *x, const struct verify_setup *setup, const struct verification *v) {
        const char *key_file = x->options->values[OPTION_SIGN_KEY];
        _cleanup_(json_text_done) struct json_text text = {};
        _cleanup_(freep) char *pem = NULL, *token = NULL;
        struct ear ear = {
                .at = setup->settings.at,
                .nonce = setup->settings.nonce,
                .n_nonce = setup->settings.n_nonce,
                .build = "cvmd " CVMD_VERSION,
                .is_signed = key_file,
        };
        EVP_PKEY *key = NULL;
        size_t n;
        int r = ear_format(v, &ear, &text);

        if (r >= 0 && key_file) {
                r = input_read(key_file, KEY_FILE_MAX, &pem, &n, &x->diag);
                if (r >= 0)
                        r = jws_key_parse(key_file, pem, n, &key, &x->diag);
                if (r >= 0)
                        r = jws_sign(key, text.text, text.n, &token, &x->diag);
                EVP_PKEY_free(key);
        }
        if (r < 0)
                return r;
        if (token)
                fputs(token, x->out.f);
        else
                fwrite(text.text, 1, text.n, x->out.f);
        fputc('\n', x->out.f);
        return 0;
}

static int print(struct context *x, const struct verify_setup *setup, const struct verification *v) {
        if (x->options->given[OPTION_FORMAT])
                return print_ear(x, setup, v);
        return x->out.json == JSON_OFF ? verify_text_print(v, &x->out) : print_json(x, v);
}

const char *attest_verify_format(size_t i) {
        return i == 0 ? "ear" : NULL;
}

/* Many pieces, one a line. */
static int run_batch(struct context *x, const char *name) {
        _cleanup_(verify_setup_done) struct verify_setup setup = {};
        _cleanup_(closep) int fd = -1;
        int r = verify_setup(x, true, &setup);

        if (r >= 0)
                r = input_open(name, &fd, &x->diag);
        return r < 0 ? r : verify_batch(x, setup.verifier, fd, x->options->jobs);
}

int verb_attest_verify(struct context *x, char **args, size_t n) {
        _cleanup_(verify_setup_done) struct verify_setup setup = {};
        _cleanup_(freep) struct verification *v = calloc(1, sizeof(*v));
        _cleanup_(freep) char *bytes = NULL;
        size_t size;
        int r;

        if (x->options->given[OPTION_FORMAT] &&
                strcmp(x->options->values[OPTION_FORMAT], attest_verify_format(0)) != 0)
                return context_usage(x, "--format is %s, not '%s'", attest_verify_format(0),
                        x->options->values[OPTION_FORMAT]);
        if (x->options->given[OPTION_BATCH])
                return run_batch(x, args[0]);
        if (!v)
                return -ENOMEM;
        r = verify_setup(x, false, &setup);
        if (r >= 0)
                r = input_read(args[0], EVIDENCE_MAX, &bytes, &size, &x->diag);
        if (r < 0)
                return r;
        r = verifier_run(setup.verifier, bytes, size, v, &x->diag);
        if (r < 0)
                return diag_wrap(&x->diag, r, "%s", args[0]);
        r = print(x, &setup, v);
        if (r >= 0 && !checks_acceptable(&v->checks))
                x->exit = EXIT_CODE_NOT_COMPLIANT;
        verification_done(v);
        return r;
}

static int print_roots_json(struct context *x, const struct roots *roots) {
        _cleanup_(json_putp) struct json_object *a = json_object_new_array();

        for (size_t i = 0; a && i < roots->n; i++) {
                const struct root *root = &roots->of[i];
                struct json_object *o = json_object_new_object();
                char digest[DIGEST_TEXT_SIZE];

                digest_format(&root->fingerprint, digest);
                if (!json_append(a, o) || !json_add_text(o, "vendor", root_vendor_to_string(root->vendor)) ||
                        !json_add_text(o, "name", root->name) || !json_add_text(o, "fingerprint", digest) ||
                        !json_add_text(o, "expires", root->expires) ||
                        !json_add_text(o, "source", root->source ?: "built in"))
                        return -ENOMEM;
        }
        if (!a)
                return -ENOMEM;
        output_json(&x->out, a);
        return 0;
}

int verb_attest_roots(struct context *x, char **args, size_t n) {
        static const char *const headings[] = { "VENDOR", "NAME", "EXPIRES", "SOURCE", "SHA-256" };
        _cleanup_(verify_setup_done) struct verify_setup setup = {};
        _cleanup_(table_done) struct table t;
        const struct roots *roots;
        int r;

        table_init(&t, headings, sizeof(headings) / sizeof(headings[0]));
        r = verify_setup(x, false, &setup);
        if (r < 0)
                return r;
        roots = verifier_roots(setup.verifier);
        if (x->out.json != JSON_OFF)
                return print_roots_json(x, roots);
        for (size_t i = 0; i < roots->n; i++) {
                const struct root *root = &roots->of[i];
                char digest[2 * SHA256_SIZE + 1];

                hex_format(root->fingerprint.bytes, SHA256_SIZE, digest);
                table_add(&t, COLOUR_NONE, root_vendor_to_string(root->vendor));
                table_add(&t, COLOUR_NONE, root->name);
                table_add(&t, COLOUR_NONE, root->expires);
                table_add(&t, COLOUR_NONE, root->source ?: "built in");
                table_add(&t, COLOUR_NONE, digest);
        }
        return table_print(&t, &x->out);
}
