/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What completes cvmctl in a shell: a script that knows what the tables know. */
#include <stdio.h>

void completion_print_bash(FILE *f);
void completion_print_zsh(FILE *f);
