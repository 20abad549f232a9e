/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The bytes of one uevent as the kernel sends it (lib/kobject_uevent.c): "ACTION@DEVPATH", then KEY=VALUE
 * strings, each ended by NUL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/guid.h"

#define UEVENT_MESSAGE_MAX 8192 /* the kernel's own bound is 2048 for the strings, and the path before */

enum uevent_action {
        UEVENT_ADD = 1,
        UEVENT_REMOVE,
        UEVENT_CHANGE,
        UEVENT_MOVE,
        UEVENT_ONLINE,
        UEVENT_OFFLINE,
        UEVENT_BIND,
        UEVENT_UNBIND,
        _UEVENT_ACTION_MAX,
};

/* What it is about, as far as it matters to us; zero: nothing of ours. */
enum uevent_subject {
        UEVENT_OTHER,
        UEVENT_DEVICE,  /* a VMBus device */
        UEVENT_CHANNEL, /* a channel of one: sub-channels announce themselves only so */
        UEVENT_DRIVER,  /* a VMBus driver came or went: it binds devices */
        _UEVENT_SUBJECT_MAX,
};

struct uevent {
        enum uevent_action action;
        enum uevent_subject subject;
        struct guid instance; /* of UEVENT_DEVICE; of UEVENT_CHANNEL, zero when its device is gone */
        struct guid class;    /* of UEVENT_DEVICE; zero when it is not given */
        const char *devpath, *subsystem,
                *driver; /* borrowed from the message; these two are NULL when they are not given */
        uint64_t seqnum;
};

/*
 * -EBADMSG for whatever the kernel would not have sent: an unknown action, a header that its own keys
 * contradict, a key twice, a string without its NUL, no sequence number. A VMBus event whose path names no
 * instance is malformed too.
 */
int uevent_message_parse(const void *bytes, size_t n, struct uevent *ret, struct diag *d);

const char *uevent_action_to_string(
        enum uevent_action a); /* add remove change move online offline bind unbind */
