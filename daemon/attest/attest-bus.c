/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/attest/attest-bus.h"

#include <errno.h>

#include "lib/format/pcr.h"

int attest_bus_call(sd_bus_message *call, struct collector *c, const struct attest_method *m,
        sd_bus_error *error) {
        struct diag d = {};
        int r = helper_server_admit(call, error);
        void *data;

        if (r < 0)
                return r;
        data = calloc(1, m->size);
        if (!data)
                return -ENOMEM;
        *(struct collector **)data = c;
        r = m->read(call, data, &d);
        if (r >= 0)
                r = jobs_add(c->jobs, call, &m->kind, data, &d);
        else if (m->kind.free_data)
                m->kind.free_data(data);
        return r < 0 ? error_set_in(error, m->kind.errors, r, &d) : 1;
}

int attest_read_pcrs(const char *text, uint32_t *ret, struct diag *d) {
        return pcr_selection_parse(text, ret) < 0
                ? diag_fail(d, -EINVAL, "PCRs \"%s\": a list like 0-7,10, or all", text)
                : 0;
}

const sd_bus_vtable attest_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", description),
                describe_bus_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Report", SD_BUS_ARGS("ay", user_data, "a{sv}", options),
                SD_BUS_RESULT("a{sv}", report), report_bus_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Quote",
                SD_BUS_ARGS("ay", qualifying_data, "s", pcrs, "s", bank, "a{sv}", options),
                SD_BUS_RESULT("a{sv}", quote), quote_bus_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MaaKey", SD_BUS_ARGS("s", pcrs), SD_BUS_RESULT("a{sv}", key), maa_bus_call,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Tsm", SD_BUS_ARGS("ay", inblob, "a{sv}", files),
                SD_BUS_RESULT("a{sv}", report), tsm_bus_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
