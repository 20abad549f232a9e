/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Describe: what there is to attest with. It never fails for what is missing, and makes the paravisor write
 * no report. What was found is kept; what was not is looked for again.
 */
#include <errno.h>

#include "daemon/attest/attest-bus.h"
#include "lib/evidence/hcl-collect.h"

static int look_for_certificate(struct collector *c, bool *ret) {
        _cleanup_(freep) uint8_t *certificate = NULL;
        size_t n;
        int r = ak_certificate_read(c->tpm, &certificate, &n, NULL);

        if (r == -ECANCELED)
                return r;
        *ret = r >= 0;
        return 0;
}

static int look_for_keys(struct collector *c, struct description *ret) {
        _cleanup_(tpm_key_done) struct tpm_key ak = {}, ek = {};
        int r = tpm_key_open(c->tpm, AK_HANDLE, &ak, NULL);

        if (r == -ECANCELED)
                return r;
        ret->ak = r >= 0;
        r = tpm_key_open(c->tpm, EK_HANDLE, &ek, NULL);
        if (r == -ECANCELED)
                return r;
        if (r >= 0) {
                ret->ek_public = TAKE(ek.public);
                ret->n_ek_public = ek.n_public;
        }
        return 0;
}

static int look(struct collector *c, struct diag *d) {
        struct description found = { .known = true };
        enum hcl_report_type type;
        int r = collector_open(c, d);

        if (r >= 0)
                r = hcl_report_look(c->tpm, &type, d);
        if (r < 0)
                return r;
        found.isolation = hcl_report_type_to_string(type);
        r = look_for_certificate(c, &found.ak_certificate);
        if (r >= 0)
                r = look_for_keys(c, &found);
        if (r < 0) {
                free(found.ek_public);
                return r;
        }
        free(c->description.ek_public);
        c->description = found;
        return 0;
}

static int append_found(sd_bus_message *m, const struct description *found) {
        int r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "provider", "s", "vtpm", "why", "s",
                "the TPM has a paravisor's report", "isolation", "s", found->isolation, "ak", "b", found->ak,
                "ak-certificate", "b", found->ak_certificate);

        return r < 0 || !found->ek_public
                ? r
                : helper_append_bytes(m, "ek-public", found->ek_public, found->n_ek_public);
}

static int append_description(sd_bus_message *m, const struct collector *c, const struct diag *why) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0)
                r = c->description.known ? append_found(m, &c->description)
                                         : sd_bus_message_append(m, "{sv}{sv}", "provider", "s", "none",
                                                   "why", "s", why->text);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int run(void *data, sd_bus_message *reply, struct diag *d) {
        struct collector *c = data;
        int r = c->description.known ? 0 : look(c, d);

        return r == -ECANCELED || r == -ENOMEM ? r : append_description(reply, c, d);
}

static const struct job_kind kind = { .run = run, .errors = ERRORS_ATTEST };

static int answer_at_once(sd_bus_message *call, const struct collector *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(call, &reply);

        if (r >= 0)
                r = append_description(reply, c, NULL);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        return r < 0 ? r : 1;
}

int describe_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        struct collector *c = userdata;
        struct diag d = {};
        int r = helper_server_admit(call, error);

        if (r < 0)
                return r;
        if (c->description.known) /* also while a job is under way */
                return answer_at_once(call, c);
        r = jobs_add(c->jobs, call, &kind, c, &d);
        return r < 0 ? error_set_in(error, ERRORS_ATTEST, r, &d) : 1;
}
