/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Long output on a terminal. */
#include <stddef.h>

#include "lib/base/diag.h"

/* Feeds the text to a shell command and waits for it to end. A reader who leaves early is no failure. */
int pager_show(const char *command, const char *text, size_t n, struct diag *d);
