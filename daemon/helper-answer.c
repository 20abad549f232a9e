/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/helper-answer.h"

#include "lib/base/sealed.h"

void helper_answer_error(sd_bus_message *call, enum error_scope scope, int r, const struct diag *d) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void)error_set_in(&error, scope, r, d);
        (void)sd_bus_reply_method_error(call, &error);
}

int helper_append_sealed(sd_bus_message *m, const char *name, const void *bytes, size_t n) {
        _cleanup_(closep) int memory = -1;
        int r = sealed_new(name, bytes, n, &memory);

        return r < 0 ? r : sd_bus_message_append(m, "{sv}", name, "h", memory); /* it is duplicated */
}

int helper_append_bytes(sd_bus_message *m, const char *name, const void *bytes, size_t n) {
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
