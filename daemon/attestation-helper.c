/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One way to ask the helpers, with timeouts of our own, and one strict way to read what they say. */
#include "daemon/attestation-helper.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/errors.h"
#include "daemon/manager-private.h"
#include "lib/base/sealed.h"

#define TRIES_MAX 2

int ask_new(struct bus *b, const char *name, const char *path, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(b->bus, ret, name, path, name, method);
}

int ask_send(struct bus *b, struct ask *ask, sd_bus_message *call, uint64_t timeout_usec,
        sd_bus_message_handler_t done, void *data) {
        ask->until = now_usec(CLOCK_MONOTONIC) + timeout_usec;
        ask->tries++;
        return sd_bus_call_async(b->bus, &ask->slot, call, done, data, timeout_usec);
}

void ask_done(struct ask *ask) {
        sd_bus_slot_unref(ask->slot);
        *ask = (struct ask){};
}

static void fail_with(struct ask_failure *f, const char *name, const char *service, const char *text) {
        snprintf(f->name, sizeof(f->name), "%s", name);
        (void)diag_fail(&f->why, 0, "%s%s", service, text);
}

/* Errors of ours say it all; those of the bus are told in our words. */
static void translate(const sd_bus_error *e, bool late, const char *service, struct ask_failure *ret) {
        if (strncmp(e->name, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
                fail_with(ret, e->name, "", e->message ?: "");
        else if (late)
                fail_with(ret, ERROR_PREFIX "TimedOut", service, " has not answered in time");
        else if (sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                fail_with(ret, ERROR_PREFIX "NotSupported", service, " is not installed");
        else if (sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
                sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED))
                fail_with(ret, ERROR_PREFIX "Failed", service, " has ended while it was asked");
        else {
                fail_with(ret, ERROR_PREFIX "Failed", service, ": ");
                (void)diag_fail(&ret->why, 0, "%s: %s", service, e->message ?: e->name);
        }
}

enum ask_outcome ask_outcome(struct ask *ask, sd_bus_message *reply, const char *service,
        struct ask_failure *ret) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        bool late = now_usec(CLOCK_MONOTONIC) >= ask->until;

        ask->slot = sd_bus_slot_unref(ask->slot);
        if (!e) {
                ask->tries = 0;
                return ASK_ANSWERED;
        }
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) && !late && ask->tries < TRIES_MAX)
                return ASK_ENDED;
        ask->tries = 0;
        translate(e, late, service, ret);
        return ASK_FAILED;
}

static int take_bytes(struct evidence_bytes *into, const void *bytes, size_t n) {
        uint8_t *copy = malloc(n ?: 1);

        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, bytes, n);
        evidence_bytes_done(into);
        *into = (struct evidence_bytes){ copy, n };
        return 0;
}

static int read_memory(sd_bus_message *m, const struct answer_field *f, struct evidence_bytes *into,
        struct diag *d) {
        struct evidence_bytes found = {};
        int fd, r = sd_bus_message_read(m, "h", &fd); /* the message's */

        if (r >= 0)
                r = sealed_read(fd, f->name, f->max, &found.bytes, &found.n, d);
        if (r < 0)
                return r;
        evidence_bytes_done(into);
        *into = found;
        return 0;
}

static int read_array(sd_bus_message *m, const struct answer_field *f, struct evidence_bytes *into,
        struct diag *d) {
        const void *bytes;
        size_t n;
        int r = sd_bus_message_read_array(m, 'y', &bytes, &n);

        if (r < 0)
                return r;
        if (n > f->max)
                return diag_fail(d, -EBADMSG, "%s has %zu bytes, at most %zu are possible", f->name, n,
                        f->max);
        return take_bytes(into, bytes, n);
}

static int read_string(sd_bus_message *m, const struct answer_field *f, char **into, struct diag *d) {
        const char *text;
        char *copy;
        int r = sd_bus_message_read(m, "s", &text);

        if (r < 0)
                return r;
        if (strlen(text) > f->max)
                return diag_fail(d, -EBADMSG, "%s is too long", f->name);
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        free(*into);
        *into = copy;
        return 0;
}

/* Which registers they are of is for those who know which were asked for. */
static int read_pcrs(sd_bus_message *m, const struct answer_field *f, struct pcr_bank *into,
        struct diag *d) {
        int r = sd_bus_message_enter_container(m, 'a', "ay");
        unsigned i = 0;

        while (r >= 0) {
                const void *bytes;
                size_t n;

                r = sd_bus_message_read_array(m, 'y', &bytes, &n);
                if (r <= 0)
                        break;
                if (i >= PCR_COUNT || n > PCR_SIZE_MAX)
                        return diag_fail(d, -EBADMSG, "%s are more than registers can be", f->name);
                memcpy(into->values[i], bytes, n);
                into->selected |= UINT32_C(1) << i++;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, const struct answer_field *f, void *at, struct diag *d) {
        if (strcmp(f->type, "h") == 0)
                return read_memory(m, f, at, d);
        if (strcmp(f->type, "ay") == 0)
                return read_array(m, f, at, d);
        if (strcmp(f->type, "s") == 0)
                return read_string(m, f, at, d);
        if (strcmp(f->type, "aay") == 0)
                return read_pcrs(m, f, at, d);
        return sd_bus_message_read(m, f->type, at);
}

static int read_member(sd_bus_message *m, const struct answer_field *fields, size_t n, void *into,
        struct diag *d) {
        const char *name, *type;
        size_t i = 0;
        int r = sd_bus_message_read(m, "s", &name);

        if (r >= 0)
                r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;
        while (i < n && strcmp(fields[i].name, name) != 0)
                i++;
        if (i == n)
                return sd_bus_message_skip(m, "v");
        if (strcmp(type, fields[i].type) != 0)
                return diag_fail(d, -EBADMSG, "%s is of type %s", name, type);
        r = sd_bus_message_enter_container(m, 'v', type);
        if (r >= 0)
                r = read_value(m, &fields[i], (char *)into + fields[i].offset, d);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int answer_read(sd_bus_message *reply, const struct answer_field *fields, size_t n, void *into,
        struct diag *d) {
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_member(reply, fields, n, into, d);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0 && (!d->text[0] || r == -ENXIO))
                return diag_fail(d, -EBADMSG, "the answer is not what the interface promises");
        return r < 0 ? r : 0;
}
