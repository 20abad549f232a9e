/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Report: the paravisor's report with the caller's user-data, and what is needed to have it endorsed. */
#include <errno.h>
#include <string.h>

#include "daemon/attest/attest-bus.h"
#include "daemon/log.h"
#include "lib/evidence/hcl-collect.h"
#include "lib/format/snp-report.h"
#include "lib/format/tdx-report.h"

struct report_job {
        struct collector *collector;
        struct hcl_request request;
};

/* Keys that disagree are refused; a key that is missing shows when it is to sign. */
static int check_ak(struct collector *c, const struct rsa_key *named, struct diag *d) {
        _cleanup_(tpm_key_done) struct tpm_key ak = {};
        int r = tpm_key_open(c->tpm, AK_HANDLE, &ak, d);

        if (r >= 0)
                r = ak_check(&ak, named, d);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                c->named = *named;
        return r;
}

/* What names the chip; a version that is not known here goes without. */
static int append_snp(sd_bus_message *m, const struct hcl_report *report) {
        struct snp_report snp;
        struct diag d = {};
        int r = snp_report_parse(report->hardware.bytes, report->hardware.n, &snp, &d);

        if (r < 0) {
                log_warning("%s", d.text);
                return 0;
        }
        r = helper_append_bytes(m, "chip-id", snp.chip_id, sizeof(snp.chip_id));
        return r < 0 ? r
                     : sd_bus_message_append(m, "{sv}{sv}", "reported-tcb", "t", snp.reported_tcb, "product",
                               "s", snp.product ? snp_product_to_string(snp.product) : "");
}

static int append_hardware(sd_bus_message *m, const struct hcl_report *report) {
        if (report->type == HCL_REPORT_SNP)
                return append_snp(m, report);
        if (report->type == HCL_REPORT_TDX)
                return helper_append_sealed(m, "td-report", report->hardware.bytes, report->hardware.n);
        return 0;
}

static int append_certificate(sd_bus_message *m, struct collector *c, struct diag *d) {
        _cleanup_(freep) uint8_t *certificate = NULL;
        size_t n;
        int r = ak_certificate_read(c->tpm, &certificate, &n, d);

        if (r == -ENODATA)
                return 0;
        if (r == -EBADMSG)
                return -EPROTO; /* not the report, by its name on the bus */
        return r < 0 ? r : helper_append_sealed(m, "ak-certificate", certificate, n);
}

static int append_report(sd_bus_message *m, struct collector *c, const struct hcl_collected *found,
        struct diag *d) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0)
                r = helper_append_sealed(m, "hcl-report", found->bytes, found->report.size);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "isolation", "s",
                        hcl_report_type_to_string(found->report.type), "fresh", "b", found->fresh);
        if (r >= 0)
                r = append_hardware(m, &found->report);
        if (r >= 0)
                r = append_certificate(m, c, d);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int run(void *data, sd_bus_message *reply, struct diag *d) {
        _cleanup_(hcl_collected_done) struct hcl_collected found = {};
        struct report_job *j = data;
        struct collector *c = j->collector;
        int r = collector_open(c, d);

        if (r >= 0)
                r = hcl_collect(c->tpm, &c->input, &j->request, &found, d);
        if (r >= 0)
                r = check_ak(c, &found.claims.ak, d);
        return r < 0 ? r : append_report(reply, c, &found, d);
}

static int read_option(sd_bus_message *call, struct hcl_request *q, struct diag *d) {
        const char *name, *word;
        int freshness, r = sd_bus_message_read(call, "s", &name);

        if (r < 0)
                return r;
        if (strcmp(name, "freshness") != 0)
                return diag_fail(d, -EINVAL, "%s: no such option", name);
        r = sd_bus_message_read(call, "v", "s", &word);
        if (r < 0)
                return r;
        freshness = freshness_from_string(word);
        if (freshness < 0)
                return diag_fail(d, -EINVAL, "freshness %s: report or quote", word);
        q->freshness = (enum freshness)freshness;
        return 0;
}

static int read_options(sd_bus_message *call, struct hcl_request *q, struct diag *d) {
        int r = sd_bus_message_enter_container(call, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
                r = read_option(call, q, d);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call);
        }
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

static int read_arguments(sd_bus_message *call, void *data, struct diag *d) {
        struct report_job *j = data;
        struct hcl_request *q = &j->request;
        const void *user_data;
        size_t n;
        int r = sd_bus_message_read_array(call, 'y', &user_data, &n);

        if (r < 0)
                return r;
        if (n != sizeof(q->user_data))
                return diag_fail(d, -EINVAL, "user-data of %zu bytes: it has %zu", n, sizeof(q->user_data));
        memcpy(q->user_data, user_data, n);
        q->freshness = FRESHNESS_REPORT;
        q->window_usec = j->collector->options.window_usec;
        if (user_data_tag(q->user_data) == USER_DATA_FOREIGN)
                return diag_fail(d, -EINVAL, "user-data without a tag of ours");
        return read_options(call, q, d);
}

static const struct attest_method method = {
        .kind = { .run = run, .errors = ERRORS_ATTEST, .free_data = free },
        .size = sizeof(struct report_job),
        .read = read_arguments,
};

int report_bus_call(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return attest_bus_call(call, userdata, &method, error);
}
