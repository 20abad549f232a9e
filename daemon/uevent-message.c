/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pure parser of uevents; who sent them is uevents.c's question. */
#include "daemon/uevent-message.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/name-table.h"
#include "lib/base/number.h"
#include "lib/facts/vmbus-class.h"

static const char *const actions[] = {
        [0] = "none",
        [UEVENT_ADD] = "add",
        [UEVENT_REMOVE] = "remove",
        [UEVENT_CHANGE] = "change",
        [UEVENT_MOVE] = "move",
        [UEVENT_ONLINE] = "online",
        [UEVENT_OFFLINE] = "offline",
        [UEVENT_BIND] = "bind",
        [UEVENT_UNBIND] = "unbind",
};
_Static_assert(N_NAMES(actions) == _UEVENT_ACTION_MAX, "every action has a name");

/* The keys that we look at; those up to SEQNUM are kobject_uevent_env()'s own, which writes each of them
 * once. */
enum key { KEY_ACTION, KEY_DEVPATH, KEY_SUBSYSTEM, KEY_SEQNUM, KEY_MODALIAS, KEY_DRIVER, _KEY_MAX };

static const char *const keys[] = {
        [KEY_ACTION] = "ACTION",
        [KEY_DEVPATH] = "DEVPATH",
        [KEY_SUBSYSTEM] = "SUBSYSTEM",
        [KEY_SEQNUM] = "SEQNUM",
        [KEY_MODALIAS] = "MODALIAS",
        [KEY_DRIVER] = "DRIVER",
};
_Static_assert(N_NAMES(keys) == _KEY_MAX, "every key has a name");

const char *uevent_action_to_string(enum uevent_action a) {
        return name_of(actions, N_NAMES(actions), a);
}

/* Collects the values of the keys that we know. */
static int pairs_parse(struct cursor *c, const char *ret[_KEY_MAX], struct diag *d) {
        const char *values[_KEY_MAX] = {};

        while (c->left > 0) {
                const char *pair = cursor_string(c);
                const char *equals = pair ? strchr(pair, '=') : NULL;

                if (!pair)
                        return diag_fail(d, -EBADMSG, "uevent: its last string is cut");
                if (!equals || equals == pair)
                        return diag_fail(d, -EBADMSG, "uevent: a string that is no KEY=VALUE");
                for (size_t i = 0; i < _KEY_MAX; i++) {
                        size_t length = strlen(keys[i]);

                        if ((size_t)(equals - pair) != length || memcmp(pair, keys[i], length) != 0)
                                continue;
                        if (values[i] && i <= KEY_SEQNUM)
                                return diag_fail(d, -EBADMSG, "uevent: %s twice", keys[i]);
                        values[i] = equals + 1;
                }
        }
        memcpy(ret, values, sizeof(values));
        return 0;
}

/* The GUID that is the last component of path. */
static int instance_parse(const char *path, struct guid *ret) {
        const char *last = strrchr(path, '/');

        return last && strlen(last + 1) == GUID_TEXT_SIZE - 1 ? guid_parse(last + 1, ret) : -EBADMSG;
}

/* Whether path ends in /channels/<relid>; the device before that, where there is one. */
static bool is_channel(const char *path, struct guid *ret_instance) {
        static const char folder[] = "/channels";
        const char *last = strrchr(path, '/'), *device_end = last ? last - strlen(folder) : NULL;
        char device[1 + GUID_TEXT_SIZE] = {};
        uint32_t relid;

        if (!last || (size_t)(last - path) < strlen(folder) ||
                strncmp(device_end, folder, strlen(folder)) != 0 ||
                number_parse_u32(last + 1, 10, &relid) < 0)
                return false;
        if ((size_t)(device_end - path) >= sizeof(device) - 1) {
                memcpy(device, device_end - (sizeof(device) - 1), sizeof(device) - 1);
                if (instance_parse(device, ret_instance) < 0)
                        *ret_instance = (struct guid){};
        }
        return true;
}

/* Zero where there is none. */
static struct guid class_parse(const char *modalias) {
        struct guid class;

        return modalias && vmbus_class_of_modalias(modalias, &class) ? class : (struct guid) {};
}

/*
 * Devices lie at .../<instance>, channels at .../<instance>/channels/<relid>, drivers at
 * /bus/vmbus/drivers/<name>: "drivers" is also the subsystem of every other bus's drivers, and these do not
 * concern us. A channel that goes after its device has lost the way to it: /channels/<relid>.
 */
static int subject_eval(struct uevent *e) {
        static const char drivers[] = "/bus/vmbus/drivers/";

        if (!e->subsystem)
                return 0;
        if (strcmp(e->subsystem, "vmbus") == 0) {
                e->subject = UEVENT_DEVICE;
                return instance_parse(e->devpath, &e->instance);
        }
        if (strcmp(e->subsystem, "channels") == 0) {
                e->subject = UEVENT_CHANNEL;
                return is_channel(e->devpath, &e->instance) ? 0 : -EBADMSG;
        }
        if (strcmp(e->subsystem, "drivers") == 0 && strncmp(e->devpath, drivers, strlen(drivers)) == 0)
                e->subject = UEVENT_DRIVER;
        return 0;
}

int uevent_message_parse(const void *bytes, size_t n, struct uevent *ret, struct diag *d) {
        struct cursor c = cursor_over(bytes, n);
        const char *header = cursor_string(&c), *at = header ? strchr(header, '@') : NULL;
        const char *values[_KEY_MAX] = {};
        struct uevent e = {};
        int action, r;

        if (!at)
                return diag_fail(d, -EBADMSG, "uevent: no ACTION@DEVPATH at its start");
        r = pairs_parse(&c, values, d);
        if (r < 0)
                return r;
        if (!values[KEY_ACTION] || !values[KEY_DEVPATH] || !values[KEY_SEQNUM])
                return diag_fail(d, -EBADMSG, "uevent: ACTION, DEVPATH or SEQNUM is missing");
        if (strlen(values[KEY_ACTION]) != (size_t)(at - header) ||
                strncmp(header, values[KEY_ACTION], (size_t)(at - header)) != 0 ||
                strcmp(at + 1, values[KEY_DEVPATH]) != 0)
                return diag_fail(d, -EBADMSG, "uevent: its header and its keys contradict each other");
        action = name_find(actions, N_NAMES(actions), values[KEY_ACTION]);
        if (action <= 0)
                return diag_fail(d, -EBADMSG, "uevent: an action that no kernel knows");
        e.action = (enum uevent_action)action;
        e.devpath = values[KEY_DEVPATH];
        e.subsystem = values[KEY_SUBSYSTEM];
        e.driver = values[KEY_DRIVER];
        if (e.devpath[0] != '/')
                return diag_fail(d, -EBADMSG, "uevent: a path that does not start with /");
        r = number_parse(values[KEY_SEQNUM], 10, UINT64_MAX, &e.seqnum);
        if (r < 0)
                return diag_fail(d, -EBADMSG, "uevent: SEQNUM is no number");
        r = subject_eval(&e);
        if (r < 0)
                return diag_fail(d, r, "uevent: a path that is none of a device or channel");
        if (e.subject == UEVENT_DEVICE)
                e.class = class_parse(values[KEY_MODALIAS]);
        *ret = e;
        return 0;
}
