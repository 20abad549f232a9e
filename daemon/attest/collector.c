/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/attest/collector.h"

#include <errno.h>

#include "daemon/log.h"

void collector_init(struct collector *c, const struct collector_options *options, struct jobs *jobs) {
        *c = (struct collector){ .options = *options, .jobs = jobs };
        c->input = GUEST_INPUT_MEMORY(options->state);
}

void collector_done(struct collector *c) {
        tpm_close(c->tpm);
        free(c->description.ek_public);
}

int collector_open(struct collector *c, struct diag *d) {
        const struct tpm_pacing pacing = jobs_pacing(c->jobs);
        struct diag why = {};
        int r = 0;

        if (c->tpm && tpm_is_broken(c->tpm)) {
                tpm_close(c->tpm);
                c->tpm = NULL;
        }
        if (!c->tpm)
                r = tpm_open(c->options.tcti, &pacing, &c->tpm, d);
        if (r < 0)
                return r;
        r = guest_input_repair(c->tpm, &c->input, &why);
        if (r == -ECANCELED)
                return r;
        if (r < 0) /* what the call itself meets with is said by it */
                log_warning("%s", why.text);
        return 0;
}

int collector_open_ak(struct collector *c, struct tpm_key *ret, struct diag *d) {
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        int r = tpm_key_open(c->tpm, AK_HANDLE, &ak, d);

        if (r >= 0 && c->named.n_modulus > 0)
                r = ak_check(&ak, &c->named, d);
        if (r < 0)
                return r;
        *ret = ak;
        ak = (struct tpm_key){};
        return 0;
}
