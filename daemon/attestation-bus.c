/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.cvmd1.Attestation: anyone may ask; who gets evidence, authz.c finds out. */
#include <errno.h>

#include "daemon/attestation-detect.h"
#include "daemon/attestation-private.h"
#include "daemon/authz.h"

static int get_providers(sd_bus *connection, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return detect_append_names(userdata, reply);
}

static int get_details(sd_bus *connection, const char *path, const char *interface, const char *property,
        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct attestation *a = userdata;

        detect_unless_there(a); /* for whoever asks next */
        return detect_append_details(a, reply);
}

/* Before it was taken: the error is the answer. */
static int refuse(struct attestation *a, int r, const struct diag *d, sd_bus_error *error) {
        a->bus->manager->counters.evidence_refused++;
        return sd_bus_error_is_set(error) ? r : error_set_in(error, ERRORS_ATTESTATION, r, d);
}

static int method_get_evidence(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const struct authz_query query = { AUTHZ_ATTEST, "evidence", .method = method_get_evidence,
                .userdata = userdata };
        _cleanup_(request_freep) struct request *q = NULL;
        const struct authz_caller *caller;
        struct attestation *a = userdata;
        struct diag d = {};
        int r = request_new(a, call, &q, &d);

        if (r < 0)
                return refuse(a, r, &d, error);
        r = authz_check(a->bus->authz, call, &query, &caller, error);
        if (r <= 0)
                return r < 0 ? refuse(a, r, &d, error) : 1;
        r = request_set_caller(q, caller);
        if (r >= 0)
                r = attestation_take(a, &q, &d);
        return r < 0 ? refuse(a, r, &d, error) : 1; /* answered later */
}

static int method_describe_providers(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        int r = detect_describe(userdata, call);

        return r < 0 ? error_set_in(error, ERRORS_ATTESTATION, r,
                               &(struct diag){ "too many ask at once: try again in a second" })
                     : 1;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Providers", "as", get_providers, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ProviderDetails", "a(sbs)", get_details, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("GetEvidence", SD_BUS_ARGS("ay", nonce, "a{sv}", options),
                SD_BUS_RESULT("h", evidence), method_get_evidence, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeProviders", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sbs)", providers),
                method_describe_providers, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int attestation_register(struct attestation *a) {
        int r = sd_bus_add_object_vtable(a->bus->bus, NULL, MANAGER_PATH, ATTESTATION_INTERFACE, vtable, a);

        if (r < 0)
                return r;
        a->detected_at = 0;
        detect_soon(a);
        return 0;
}
