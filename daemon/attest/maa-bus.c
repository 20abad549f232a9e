/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MaaKey: a key that Azure's attestation service can encrypt its answer with. */
#include <errno.h>

#include "daemon/attest/attest-bus.h"
#include "lib/evidence/maa-key.h"

struct maa_job {
        struct collector *collector;
        uint32_t selected;
};

static int append_key(sd_bus_message *m, const struct maa_key *k, const struct tpm_key *ak) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0)
                r = helper_append_bytes(m, "public", k->public, k->n_public);
        if (r >= 0)
                r = helper_append_bytes(m, "certify-info", k->certify_info, k->n_certify_info);
        if (r >= 0)
                r = helper_append_bytes(m, "certify-signature", k->certify_signature,
                        k->n_certify_signature);
        if (r >= 0)
                r = helper_append_bytes(m, "ak-public", ak->public, ak->n_public);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int run(void *data, sd_bus_message *reply, struct diag *d) {
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        _cleanup_(maa_key_done) struct maa_key key = {};
        const struct maa_job *j = data;
        int r = collector_open(j->collector, d);

        if (r >= 0)
                r = collector_open_ak(j->collector, &ak, d);
        if (r >= 0)
                r = maa_key_make(j->collector->tpm, &ak, j->selected, &key, d);
        return r < 0 ? r : append_key(reply, &key, &ak);
}

static int read_arguments(sd_bus_message *call, void *data, struct diag *d) {
        struct maa_job *j = data;
        const char *pcrs;
        int r = sd_bus_message_read(call, "s", &pcrs);

        return r < 0 ? r : attest_read_pcrs(pcrs, &j->selected, d);
}

static const struct attest_method method = {
        .kind = { .run = run, .errors = ERRORS_ATTEST, .free_data = free },
        .size = sizeof(struct maa_job),
        .read = read_arguments,
};

int maa_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return attest_bus_call(call, userdata, &method, error);
}
