/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cvmd-attest and cvmd-fetch on a bus given by its address, as they must never be: what they hand over has
 * the right form and no meaning, and they misbehave as told through org.cvmd1.Test at /test: Behave(s
 * method, s how)   well; hold (answers when released); error NAME; end (ends instead of answering);
 *                             unsealed, huge, mistyped, empty
 *   Release()                 answers what is held
 *   Counts() -> a{su}         how often each method was called
 * A report is "report:" and the user-data, a quote "quote:" and the qualifying data.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/sealed.h"
#include "tests/integration/fake-bus.h"

#define HELD_MAX 64
#define RAW_SIZE 1300 /* of a report for formats that take it apart */
#define HUGE ((size_t)4 * 1024 * 1024)

enum method { DESCRIBE, REPORT, QUOTE, MAA_KEY, ENDORSEMENTS, TD_QUOTE, TSM, N_METHODS };

static const char *const names[N_METHODS] = { "Describe", "Report", "Quote", "MaaKey", "Endorsements",
        "TdQuote", "Tsm" };

struct held {
        sd_bus_message *call;
        enum method method;
};

struct fake {
        sd_bus *bus;
        char how[N_METHODS][128];
        unsigned counts[N_METHODS];
        struct held held[HELD_MAX];
        size_t n_held;
};

static const char *how(const struct fake *f, enum method m) {
        return f->how[m][0] ? f->how[m] : "well";
}

static int memory_of(const struct fake *f, enum method m, const void *bytes, size_t n) {
        _cleanup_(closep) int fd = -1;

        if (strcmp(how(f, m), "unsealed") == 0 || strcmp(how(f, m), "huge") == 0) {
                fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                if (strcmp(how(f, m), "huge") == 0 && (ftruncate(fd, HUGE) < 0 || sealed_seal(fd) < 0))
                        return -errno;
                if (strcmp(how(f, m), "unsealed") == 0 && write(fd, bytes, n) < 0)
                        return -errno;
        } else if (sealed_new("fake", bytes, n, &fd) < 0)
                return -EIO;
        return take_fd(&fd);
}

static int append_memory(const struct fake *f, enum method m, sd_bus_message *reply, const char *name,
        const char *prefix, const void *bytes, size_t n) {
        _cleanup_(closep) int fd = -1;
        char all[2048] = {};
        size_t size = strlen(prefix);

        memcpy(all, prefix, size);
        if (n > 0)
                memcpy(all + size, bytes, n);
        if (strcmp(how(f, m), "empty") == 0)
                return 0;
        if (strcmp(how(f, m), "mistyped") == 0)
                return sd_bus_message_append(reply, "{sv}", name, "u", 7u);
        fd = memory_of(f, m, all, size + n);
        return fd < 0 ? fd : sd_bus_message_append(reply, "{sv}", name, "h", fd);
}

static int append_bytes(sd_bus_message *reply, const char *name, const void *bytes, size_t n) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', bytes, n);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_pcrs(sd_bus_message *reply, unsigned count) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "pcr-values");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "aay");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "ay");
        for (unsigned i = 0; i < count && r >= 0; i++) {
                uint8_t value[32];

                memset(value, (int)i, sizeof(value));
                r = sd_bus_message_append_array(reply, 'y', value, sizeof(value));
        }
        for (unsigned i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int append_report(struct fake *f, sd_bus_message *call, sd_bus_message *reply) {
        const void *user_data;
        size_t n;
        int r = sd_bus_message_read_array(call, 'y', &user_data, &n);
        bool stale = strcmp(how(f, REPORT), "stale") == 0;
        char said[RAW_SIZE] = {};

        if (r < 0 || n != 64)
                return -EINVAL;
        memcpy(said, user_data, n);
        r = append_memory(f, REPORT, reply, "hcl-report", "report:", said,
                memcmp(said + 48, "cvmd-raw-1", 10) == 0 ? RAW_SIZE : n);
        if (r >= 0)
                r = append_memory(f, REPORT, reply, "ak-certificate", "certificate", NULL, 0);
        if (r >= 0)
                r = append_bytes(reply, "chip-id", "chip", 4);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "isolation", "s", "snp", "fresh",
                               "b", !stale, "reported-tcb", "t", (uint64_t)7, "product", "s", "Milan",
                               "something-new", "s", "from a later version");
}

static int append_quote(struct fake *f, sd_bus_message *call, sd_bus_message *reply) {
        const char *pcrs;
        const void *data;
        size_t n;
        int r = sd_bus_message_read_array(call, 'y', &data, &n);

        if (r >= 0)
                r = append_memory(f, QUOTE, reply, "tpm-quote", "quote:", data, n);
        if (r >= 0)
                r = append_bytes(reply, "message", data, n);
        if (r >= 0)
                r = append_bytes(reply, "signature", "signature", 9);
        if (r >= 0)
                r = sd_bus_message_read(call, "s", &pcrs);
        return r < 0 ? r : append_pcrs(reply, strcmp(pcrs, "0-23") == 0 ? 24 : 2);
}

/* As the driver behind the entry would: what is written to it comes out of it. */
static int append_tsm(struct fake *f, sd_bus_message *call, sd_bus_message *reply) {
        const void *inblob;
        const char *name;
        char report[256] = {};
        size_t n, given = 0;
        int fd, r = sd_bus_message_read_array(call, 'y', &inblob, &n);

        if (r >= 0)
                r = sd_bus_message_enter_container(call, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_read(call, "{sv}", &name, "h", &fd)) > 0) {
                given++;
                if (strcmp(name, "inblob") == 0 && write(fd, inblob, n) != (ssize_t)n)
                        return -EIO;
                if (strcmp(name, "provider") == 0 && read(fd, report, 64) <= 0)
                        return -EIO;
        }
        if (r < 0 || given < 5 || n != 64)
                return -EINVAL;
        n = strcspn(report, "\n");
        memcpy(report + n, inblob, 64);
        return append_memory(f, TSM, reply, "tsm-report", "tsm:", report, n + 64);
}

static int append_answer(struct fake *f, enum method m, sd_bus_message *call, sd_bus_message *reply) {
        int r = 0;

        switch (m) {
        case DESCRIBE:
                return sd_bus_message_append(reply, "{sv}{sv}", "provider", "s",
                        strcmp(how(f, m), "none") == 0 ? "none" : "vtpm", "why", "s", "it is a fake");
        case REPORT:
                return append_report(f, call, reply);
        case QUOTE:
                return append_quote(f, call, reply);
        case MAA_KEY:
                r = append_bytes(reply, "public", "public", 6);
                if (r >= 0)
                        r = append_bytes(reply, "certify-info", "info", 4);
                if (r >= 0)
                        r = append_bytes(reply, "certify-signature", "signed", 6);
                return r < 0 ? r : append_bytes(reply, "ak-public", "ak", 2);
        case ENDORSEMENTS:
                r = append_memory(f, m, reply, "snp-vek-chain", "chain", NULL, 0);
                if (r >= 0)
                        r = append_memory(f, m, reply, "vek", "vek", NULL, 0);
                return r < 0 ? r
                             : sd_bus_message_append(reply, "{sv}", "expires", "t", (uint64_t)4000000000);
        case TD_QUOTE:
                return append_memory(f, m, reply, "td-quote", "td-quote", NULL, 0);
        case TSM:
                return append_tsm(f, call, reply);
        case N_METHODS:
                break;
        }
        return -EINVAL;
}

static int answer(struct fake *f, enum method m, sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_answer(f, m, call, reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(f->bus, reply, NULL);
}

static int on_call(sd_bus_message *call, void *data, sd_bus_error *error) {
        struct fake *f = data;
        unsigned m = 0;

        while (m < N_METHODS && strcmp(names[m], sd_bus_message_get_member(call)) != 0)
                m++;
        if (m == N_METHODS)
                return -EINVAL;
        f->counts[m]++;
        if (strncmp(how(f, m), "error ", 6) == 0)
                return sd_bus_error_setf(error, how(f, m) + 6, "as it was told");
        if (strcmp(how(f, m), "end") == 0)
                _exit(0);
        if (strcmp(how(f, m), "hold") == 0 && f->n_held < HELD_MAX) {
                f->held[f->n_held++] = (struct held){ sd_bus_message_ref(call), (enum method)m };
                return 1;
        }
        return answer(f, (enum method)m, call);
}

static int on_behave(sd_bus_message *call, void *data, sd_bus_error *error) {
        struct fake *f = data;
        const char *method, *as;
        int r = sd_bus_message_read(call, "ss", &method, &as);

        for (unsigned m = 0; m < N_METHODS && r >= 0; m++)
                if (strcmp(names[m], method) == 0)
                        snprintf(f->how[m], sizeof(f->how[m]), "%s", as);
        return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

static int on_release(sd_bus_message *call, void *data, sd_bus_error *error) {
        struct fake *f = data;

        for (size_t i = 0; i < f->n_held; i++) {
                (void)answer(f, f->held[i].method, f->held[i].call);
                sd_bus_message_unref(f->held[i].call);
        }
        f->n_held = 0;
        return sd_bus_reply_method_return(call, NULL);
}

static int on_counts(sd_bus_message *call, void *data, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct fake *f = data;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{su}");
        for (unsigned m = 0; m < N_METHODS && r >= 0; m++)
                r = sd_bus_message_append(reply, "{su}", names[m], f->counts[m]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(f->bus, reply, NULL);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable attest[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Describe", "", "a{sv}", on_call, OPEN),
        SD_BUS_METHOD("Report", "aya{sv}", "a{sv}", on_call, OPEN),
        SD_BUS_METHOD("Quote", "ayssa{sv}", "a{sv}", on_call, OPEN),
        SD_BUS_METHOD("MaaKey", "s", "a{sv}", on_call, OPEN),
        SD_BUS_METHOD("Tsm", "aya{sv}", "a{sv}", on_call, OPEN),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable fetch[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Endorsements", "ayts", "a{sv}", on_call, OPEN),
        SD_BUS_METHOD("TdQuote", "h", "a{sv}", on_call, OPEN),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable test[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Behave", "ss", "", on_behave, OPEN),
        SD_BUS_METHOD("Release", "", "", on_release, OPEN),
        SD_BUS_METHOD("Counts", "", "a{su}", on_counts, OPEN),
        SD_BUS_VTABLE_END,
};

int main(int argc, char *argv[]) {
        struct fake f = {};
        int r = fake_bus_open(argc > 1 ? argv[1] : "", &f.bus);

        if (r >= 0)
                r = sd_bus_add_object_vtable(f.bus, NULL, "/org/cvmd1/attest", "org.cvmd1.Attest", attest,
                        &f);
        if (r >= 0)
                r = sd_bus_add_object_vtable(f.bus, NULL, "/org/cvmd1/fetch", "org.cvmd1.Fetch", fetch, &f);
        if (r >= 0)
                r = sd_bus_add_object_vtable(f.bus, NULL, "/test", "org.cvmd1.Test", test, &f);
        if (r >= 0)
                r = sd_bus_request_name(f.bus, "org.cvmd1.Attest", 0);
        if (r >= 0 && argc < 3) /* a third argument: without a network */
                r = sd_bus_request_name(f.bus, "org.cvmd1.Fetch", 0);
        if (r < 0) {
                fprintf(stderr, "fake-helpers: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }
        (void)fake_bus_serve(f.bus, NULL); /* until the bus is gone */
        for (size_t i = 0; i < f.n_held; i++)
                sd_bus_message_unref(f.held[i].call);
        sd_bus_close_unref(f.bus);
        return EXIT_SUCCESS;
}
