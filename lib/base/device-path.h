/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a device is on the bus: /org/cvmd1/device/<guid with underscores>. */
#include "lib/base/guid.h"

#define DEVICE_PATH "/org/cvmd1/device"
#define DEVICE_PATH_SIZE (sizeof(DEVICE_PATH) + GUID_TEXT_SIZE)

void device_path_format(const struct guid *instance, char ret[DEVICE_PATH_SIZE]);

/* -EBADMSG for any other form than that of device_path_format(): each device has one path. */
int device_path_parse(const char *path, struct guid *ret);
