/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attest get, providers: asking the daemon for evidence, and what it can make it with. */
#include <errno.h>
#include <string.h>

#include "cli/bus-client.h"
#include "cli/evidence-folder.h"
#include "cli/input.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view-bus.h"
#include "cli/view-json.h"
#include "lib/base/hex.h"
#include "lib/base/json-build.h"
#include "lib/base/sealed.h"
#include "lib/claims/binding.h"
#include "lib/format/cmw.h"

#define PATIENCE_USEC (330 * 1000 * (uint64_t)1000) /* a little more than the daemon's own */

/* Bytes from one of two options: in hexadecimal digits, or a file's. 0 of them where neither was given. */
static int read_bytes(struct context *x, enum option_id id, enum option_id file, size_t min, size_t max,
        uint8_t *ret, size_t *ret_n) {
        const char *text = x->options->values[id], *name = x->options->values[file];
        _cleanup_(freep) char *bytes = NULL;
        int r = 0;

        *ret_n = 0;
        if (text && name)
                return context_usage(x, "--%s and --%s exclude each other: give one of them",
                        option_row(id)->name, option_row(file)->name);
        if (!text && !name)
                return 0;
        if (name) {
                r = input_read(name, 4096, &bytes, ret_n, &x->diag);
                if (r < 0)
                        return r;
                if (*ret_n <= max)
                        memcpy(ret, bytes, *ret_n);
        } else {
                r = hex_parse(text, strlen(text), ret, max, ret_n);
                if (r == -EMSGSIZE)
                        *ret_n = strlen(text) / 2;
        }
        if (r == -EBADMSG)
                return context_usage(x, "--%s is pairs of hexadecimal digits, not '%s'",
                        option_row(id)->name, text);
        if (*ret_n < min || *ret_n > max)
                return context_usage(x, "%s of %zu bytes: %zu to %zu are possible", option_row(id)->name,
                        *ret_n, min, max);
        return 0;
}

static int append_bytes_option(sd_bus_message *m, const char *name, const uint8_t *bytes, size_t n) {
        int r = sd_bus_message_open_container(m, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', bytes, n);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Those that mean the same to the daemon as they are written. */
static int append_words(struct context *x, sd_bus_message *m) {
        static const enum option_id words[] = { OPTION_PROVIDER, OPTION_PCRS, OPTION_EVENT_LOG,
                OPTION_FRESHNESS };
        int r = 0;

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && r >= 0; i++)
                if (x->options->given[words[i]])
                        r = sd_bus_message_append(m, "{sv}", option_row(words[i])->name, "s",
                                x->options->values[words[i]]);
        return r;
}

const char *attest_get_format(size_t i) {
        static const char *const formats[] = { "cmw", "trustee", "maa", "raw" };

        return i < sizeof(formats) / sizeof(formats[0]) ? formats[i] : NULL;
}

static bool is_raw(const struct context *x) {
        return x->options->given[OPTION_FORMAT] && strcmp(x->options->values[OPTION_FORMAT], "raw") == 0;
}

/* A folder of records is a bundle that is taken apart here. */
static const char *format_to_ask(const struct context *x) {
        return is_raw(x) || !x->options->given[OPTION_FORMAT] ? "cmw" : x->options->values[OPTION_FORMAT];
}

static int prepare(struct context *x, sd_bus *bus, sd_bus_message **ret) {
        size_t n_nonce, n_bind, max = strcmp(format_to_ask(x), "cmw") == 0 ? NONCE_MAX : RAW_NONCE_MAX;
        uint8_t nonce[NONCE_MAX], bind[BIND_MAX];
        int r = read_bytes(x, OPTION_NONCE, OPTION_NONCE_FILE, NONCE_MIN, max, nonce, &n_nonce);

        if (r >= 0)
                r = read_bytes(x, OPTION_BIND, OPTION_BIND_FILE, 1, BIND_MAX, bind, &n_bind);
        if (r >= 0 && n_nonce == 0)
                return context_usage(x,
                        "evidence is for a nonce of whoever wants it: give --nonce or --nonce-file");
        if (r >= 0)
                r = client_prepare(bus, CVMD_ATTESTATION, "GetEvidence", ret);
        if (r >= 0)
                r = sd_bus_message_append_array(*ret, 'y', nonce, n_nonce);
        if (r >= 0)
                r = sd_bus_message_open_container(*ret, 'a', "{sv}");
        if (r >= 0 && n_bind > 0)
                r = append_bytes_option(*ret, "bind", bind, n_bind);
        if (r >= 0)
                r = sd_bus_message_append(*ret, "{sv}", "format", "s", format_to_ask(x));
        if (r >= 0)
                r = append_words(x, *ret);
        return r < 0 ? r : sd_bus_message_close_container(*ret);
}

static int print_evidence(struct context *x, const uint8_t *bytes, size_t n) {
        if (is_raw(x)) {
                x->written = true;
                return evidence_folder_write(x->options->values[OPTION_OUTPUT], (const char *)bytes, n,
                        &x->diag);
        }
        if (fwrite(bytes, 1, n, x->out.f) != n)
                x->out.bad = true;
        if (n > 0 && bytes[n - 1] != '\n')
                fputc('\n', x->out.f);
        return 0;
}

static int receive(struct context *x, sd_bus *bus, sd_bus_message *call) {
        _cleanup_(messagep) sd_bus_message *reply = NULL;
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t n;
        int fd, r = client_send_patiently(x, bus, call, PATIENCE_USEC, &reply);

        if (r == -EACCES)
                x->hint = "root may, and who is in group cvm-attest";
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "h", &fd); /* the reply's */
        if (r < 0)
                return client_bad_reply(x, r, "GetEvidence");
        r = sealed_read(fd, "the evidence that cvmd sent", CMW_MAX, &bytes, &n, &x->diag);
        return r < 0 ? r : print_evidence(x, bytes, n);
}

int verb_attest_get(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *call = NULL;
        int r;

        if (is_raw(x) && !x->options->given[OPTION_OUTPUT])
                return context_usage(x, "--format=raw makes a folder: name it with --output");
        r = client_open(x, &bus);
        if (r >= 0)
                r = prepare(x, bus, &call);
        return r < 0 ? r : receive(x, bus, call);
}

/* -- providers -- */

static int print_providers(struct context *x, const struct view *v) {
        static const char *const headings[] = { "PROVIDER", "AVAILABLE", "WHY" };
        _cleanup_(table_done) struct table t = {};
        _cleanup_(json_putp) struct json_object *list = NULL;

        if (x->out.json != JSON_OFF) {
                list = view_providers_json(v);
                if (!list)
                        return -ENOMEM;
                output_json(&x->out, list);
                return 0;
        }
        table_init(&t, headings, sizeof(headings) / sizeof(headings[0]));
        for (size_t i = 0; i < v->n_providers; i++) {
                const struct provider_view *p = &v->providers[i];

                table_add(&t, COLOUR_NONE, p->name);
                table_add(&t, p->there ? COLOUR_GOOD : COLOUR_DIM, p->there ? "yes" : "no");
                table_add(&t, COLOUR_NONE, p->why);
        }
        return table_print(&t, &x->out);
}

int verb_attest_providers(struct context *x, char **args, size_t n) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(messagep) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(view_done) struct view v = {};
        int r = client_open(x, &bus);

        if (r >= 0)
                r = client_prepare(bus, CVMD_ATTESTATION, "DescribeProviders", &call);
        if (r >= 0)
                r = client_send_patiently(x, bus, call, PATIENCE_USEC, &reply);
        if (r < 0)
                return r;
        r = view_read_providers(reply, &v);
        return r < 0 ? client_bad_reply(x, r, "DescribeProviders") : print_providers(x, &v);
}
