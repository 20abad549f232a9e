/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quote: by the AK over registers, with their values, as a record and in the pieces that exports want. */
#include <errno.h>
#include <string.h>

#include "daemon/attest/attest-bus.h"
#include "lib/evidence/quote.h"

struct quote_job {
        struct collector *collector;
        uint8_t qualifying[QUALIFYING_DATA_MAX];
        size_t n_qualifying;
        enum pcr_hash bank;
        uint32_t selected;
};

static int append_values(sd_bus_message *m, const struct pcr_bank *bank) {
        int r = sd_bus_message_open_container(m, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", "pcr-values");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "aay");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "ay");
        for (unsigned i = 0; i < PCR_COUNT && r >= 0; i++)
                if (bank->selected & UINT32_C(1) << i)
                        r = sd_bus_message_append_array(m, 'y', bank->values[i], pcr_hash_size(bank->hash));
        for (unsigned i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_quote(sd_bus_message *m, const struct tpm_quote *q, struct diag *d) {
        _cleanup_(freep) char *record = NULL;
        struct span signature;
        int r = tpm_quote_format(q, &record);

        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = helper_append_sealed(m, "tpm-quote", record, strlen(record));
        if (r >= 0)
                r = helper_append_bytes(m, "message", q->attest, q->n_attest);
        if (r >= 0)
                r = quote_rsa_signature(q, &signature, d);
        if (r >= 0)
                r = helper_append_bytes(m, "signature", signature.bytes, signature.n);
        if (r >= 0)
                r = append_values(m, &q->pcrs);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int run(void *data, sd_bus_message *reply, struct diag *d) {
        _cleanup_(tpm_quote_done) struct tpm_quote q = {};
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        const struct quote_job *j = data;
        int r = collector_open(j->collector, d);

        if (r >= 0)
                r = collector_open_ak(j->collector, &ak, d);
        if (r >= 0)
                r = quote_take(j->collector->tpm, &ak, j->qualifying, j->n_qualifying, j->bank, j->selected,
                        &q, d);
        return r < 0 ? r : append_quote(reply, &q, d);
}

/* There are none yet. */
static int refuse_options(sd_bus_message *call, struct diag *d) {
        const char *name;
        int r = sd_bus_message_enter_container(call, 'a', "{sv}");

        if (r >= 0)
                r = sd_bus_message_enter_container(call, 'e', "sv");
        if (r > 0 && sd_bus_message_read(call, "s", &name) > 0)
                return diag_fail(d, -EINVAL, "%s: no such option", name);
        return r;
}

static int read_arguments(sd_bus_message *call, void *data, struct diag *d) {
        struct quote_job *j = data;
        const char *pcrs, *bank;
        const void *qualifying;
        size_t n;
        int r = sd_bus_message_read_array(call, 'y', &qualifying, &n);

        if (r >= 0)
                r = sd_bus_message_read(call, "ss", &pcrs, &bank);
        if (r < 0)
                return r;
        if (n > sizeof(j->qualifying))
                return diag_fail(d, -EINVAL, "qualifying data of %zu bytes: at most %zu are possible", n,
                        sizeof(j->qualifying));
        memcpy(j->qualifying, qualifying, n);
        j->n_qualifying = n;
        r = attest_read_pcrs(pcrs, &j->selected, d);
        if (r < 0)
                return r;
        r = pcr_hash_from_string(bank);
        if (r < 0)
                return diag_fail(d, -EINVAL, "PCR bank \"%s\": sha1, sha256, sha384 or sha512", bank);
        j->bank = (enum pcr_hash)r;
        return refuse_options(call, d);
}

static const struct attest_method method = {
        .kind = { .run = run, .errors = ERRORS_ATTEST, .free_data = free },
        .size = sizeof(struct quote_job),
        .read = read_arguments,
};

int quote_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return attest_bus_call(call, userdata, &method, error);
}
