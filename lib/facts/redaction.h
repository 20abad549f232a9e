/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Stand-ins for what names a machine: GUIDs, MAC and IP addresses, and the host name. The same one always
 * has the same stand-in, and GUIDs keep their order. GUIDs of device classes name no machine and stay, as do
 * addresses that are every machine's: loopback and none.
 */
#include <stddef.h>

#include "lib/base/cleanup.h"
#include "lib/base/guid.h"

struct redaction;

int redaction_new(struct redaction **ret);
void redaction_free(struct redaction *r);
DEFINE_FREEP(struct redaction, redaction_free)

/* First what is to be kept, then every text that is to be replaced in. -ENOMEM. */
int redaction_keep(struct redaction *r, const struct guid *g);
int redaction_set_host_name(struct redaction *r, const char *name, size_t n);
int redaction_learn(struct redaction *r, const void *bytes, size_t n);

/* Once all is learned: gives out the stand-ins. */
void redaction_settle(struct redaction *r);

/*
 * bytes with every known name replaced, in a new string with a NUL behind, which the caller frees. Path: the
 * host name is left alone, because a host may well be called "sys".
 */
enum redaction_place { REDACTION_TEXT, REDACTION_PATH };
int redaction_apply(const struct redaction *r, enum redaction_place place, const void *bytes, size_t n,
        char **ret, size_t *ret_size);
