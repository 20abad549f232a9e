/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* cvmctl as a process: how fast two of its jobs are, what memory it takes, how long one file takes. */
#include <stdbool.h>

#include "tests/forge/forge.h"

/* Prints its rows; returns whether what is promised held. folder: for files, with the roots below it. */
bool measure_processes(const struct forge_pki *pki, const char *folder);
