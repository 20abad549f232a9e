/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Settings that stand in the way of what the rules say: told as warnings. */
#include "lib/policy/policy-file.h"

/*
 * Of all files as one, before what no file says is filled in; with errors or without. What the shipped
 * policies do on purpose is no warning. -ENOMEM.
 */
int policy_warn_settings(const struct policy *p, struct policy_problems *problems);

/* Whether it was read from the folder of the distribution, which an administrator's files override. */
bool policy_origin_shipped(const struct policy_origin *o);
