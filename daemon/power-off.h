/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* Asks the service manager, process 1 unless in a test, to stop everything and power off. Does not wait. */
int power_off(pid_t service_manager);
