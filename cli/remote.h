/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* -H: the same command line on another host. */
#include "cli/options.h"
#include "lib/base/diag.h"

/* Becomes ssh; returns only when that fails. json: how to print there, now that it is known. */
int remote_become(const struct options *o, enum json_mode json, struct diag *d);

/* What the shell of the other host is given. The caller frees *ret. -ENOMEM. */
int remote_command(const struct options *o, enum json_mode json, char **ret);
