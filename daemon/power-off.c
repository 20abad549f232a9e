/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By signal, which needs no bus and works from early boot on. systemd(1): SIGRTMIN+4 starts poweroff.target
 * with job mode replace-irreversibly, so that nothing that is started later can stop it. An init that does
 * not handle the signal never sees it.
 */
#include "daemon/power-off.h"

#include <errno.h>
#include <signal.h>

int power_off(pid_t service_manager) {
        return kill(service_manager, SIGRTMIN + 4) < 0 ? -errno : 0;
}
