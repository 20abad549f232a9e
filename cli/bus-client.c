/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One way to call, one way to fail: every D-Bus error becomes an errno, a sentence and, where there is one,
 * a cure. */
#include "cli/bus-client.h"

#include <errno.h>
#include <string.h>

static const sd_bus_error_map errors[] = {
        SD_BUS_ERROR_MAP("org.cvmd1.Error.NoSuchDevice", ENODEV),
        SD_BUS_ERROR_MAP("org.cvmd1.Error.AmbiguousDevice", ENOTUNIQ),
        SD_BUS_ERROR_MAP("org.cvmd1.Error.NothingToConfirm", ESRCH),
        SD_BUS_ERROR_MAP("org.cvmd1.Error.NotAuthorized", EACCES),
        SD_BUS_ERROR_MAP("org.freedesktop.DBus.Error.ServiceUnknown", ENOTCONN),
        SD_BUS_ERROR_MAP("org.freedesktop.DBus.Error.NameHasNoOwner", ENOTCONN),
        SD_BUS_ERROR_MAP("org.freedesktop.DBus.Error.NoReply", ENOTCONN),
        SD_BUS_ERROR_MAP("org.freedesktop.DBus.Error.Disconnected", ENOTCONN),
        SD_BUS_ERROR_MAP("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES),
        SD_BUS_ERROR_MAP_END,
};

/* Longer than cvmd lets polkit look for somebody with a password. */
#define INTERACTIVE_PATIENCE_USEC (330 * 1000 * (uint64_t)1000)

static int unreachable(struct context *x, const char *why) {
        x->hint = "without the daemon, look at this machine with 'cvmctl --root / status' (as root), "
                  "or at a recorded one with 'cvmctl --snapshot FILE status'";
        return diag_fail(&x->diag, -ENOTCONN, "cvmd is not reachable: %s", why);
}

static int open_address(const char *address, sd_bus **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                *ret = TAKE(bus);
        return r;
}

/* Whoever sits at a terminal may be asked for a password; a script is told no at once. */
static int let_ask(sd_bus *bus) {
        int r;

        if (!isatty(STDIN_FILENO))
                return 0;
        r = sd_bus_set_allow_interactive_authorization(bus, 1);
        return r < 0 ? r : sd_bus_set_method_call_timeout(bus, INTERACTIVE_PATIENCE_USEC);
}

int client_open(struct context *x, sd_bus **ret) {
        const char *address = x->options->values[OPTION_BUS];
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        int r;

        sd_bus_error_add_map(errors);
        r = address ? open_address(address, &bus) : sd_bus_open_system(&bus);
        if (r >= 0)
                r = let_ask(bus);
        if (r < 0) {
                char text[256];

                snprintf(text, sizeof(text), "no connection to %s: %s", address ?: "the system bus",
                        errno_text(r));
                return unreachable(x, text);
        }
        *ret = TAKE(bus);
        return 0;
}

/* What a call came back with instead of a reply. */
static int call_failed(struct context *x, int r, const sd_bus_error *e) {
        const char *text = e->message ?: errno_text(r);

        if (sd_bus_error_is_set(e))
                r = -sd_bus_error_get_errno(e);
        if (sd_bus_error_has_name(e, "org.freedesktop.DBus.Error.ServiceUnknown"))
                return unreachable(x, "it is not on the bus (systemctl status cvmd tells more)");
        if (r == -ENOTCONN || r == -ECONNRESET || r == -ETIMEDOUT)
                return unreachable(x, text);
        if (r == -EACCES || r == -EPERM)
                x->hint = "root may, and whom polkit allows it; to be asked for a password in this "
                          "terminal, run "
                          "'pkttyagent --process $$ &' first: see AUTHORISATION in cvmd(8)";
        return diag_fail(&x->diag, r, "%s", text);
}

int client_call(struct context *x, sd_bus *bus, const char *path, const char *interface, const char *method,
        sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_call_methodv(bus, CVMD_NAME, path, interface, method, &e, ret_reply, types, ap);
        va_end(ap);
        return r < 0 ? call_failed(x, r, &e) : 0;
}

int client_prepare(sd_bus *bus, const char *interface, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(bus, ret, CVMD_NAME, CVMD_PATH, interface, method);
}

int client_send(struct context *x, sd_bus *bus, sd_bus_message *call, sd_bus_message **ret_reply) {
        return client_send_patiently(x, bus, call, 0, ret_reply);
}

int client_send_patiently(struct context *x, sd_bus *bus, sd_bus_message *call, uint64_t timeout_usec,
        sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_call(bus, call, timeout_usec, &e, ret_reply);

        return r < 0 ? call_failed(x, r, &e) : 0;
}

int client_bad_reply(struct context *x, int r, const char *what) {
        if (r == -ENOMEM)
                return r;
        return diag_errno(&x->diag, -EBADMSG, "cvmd answered %s in a form that this cvmctl does not know",
                what);
}

int client_device_path(struct context *x, const char *instance, char ret[DEVICE_PATH_SIZE]) {
        struct guid g;
        int r = guid_parse(instance, &g);

        if (r < 0)
                return client_bad_reply(x, r, "the instance of a device");
        device_path_format(&g, ret);
        return 0;
}
