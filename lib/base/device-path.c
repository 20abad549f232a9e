/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/base/device-path.h"

#include <errno.h>
#include <stdio.h>

static void replace(char *text, char from, char to) {
        for (char *c = text; *c; c++)
                if (*c == from)
                        *c = to;
}

void device_path_format(const struct guid *instance, char ret[DEVICE_PATH_SIZE]) {
        char text[GUID_TEXT_SIZE];

        guid_format(instance, text);
        replace(text, '-', '_');
        snprintf(ret, DEVICE_PATH_SIZE, DEVICE_PATH "/%s", text);
}

int device_path_parse(const char *path, struct guid *ret) {
        char text[GUID_TEXT_SIZE], back[DEVICE_PATH_SIZE];
        struct guid instance;

        if (strnlen(path, DEVICE_PATH_SIZE) != DEVICE_PATH_SIZE - 1)
                return -EBADMSG;
        memcpy(text, path + sizeof(DEVICE_PATH), sizeof(text));
        replace(text, '_', '-');
        if (guid_parse(text, &instance) < 0)
                return -EBADMSG;
        device_path_format(&instance, back);
        if (strcmp(path, back) != 0)
                return -EBADMSG;
        *ret = instance;
        return 0;
}
