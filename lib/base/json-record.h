/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON that a program wrote and another one reads: one object, without comments, whose members have to be
 * of one kind. What is wrong is said with its place.
 */
#include "lib/base/diag.h"
#include "lib/base/json-scan.h"

#define JSON_RECORD_NODES_MAX ((size_t)64 * 1024)

/*
 * The caller frees *ret, whose root is an object. what names the text for the diag. -EBADMSG for anything
 * that json_scan() finds a problem in, for comments, another root, or more values than
 * JSON_RECORD_NODES_MAX; -ENOMEM.
 */
int json_record_parse(const void *text, size_t n, const char *what, struct json_document **ret,
        struct diag *d);

/* *ret is borrowed. -EBADMSG when the member is missing or of another kind. */
int json_record_member(const struct json_node *object, const char *key, enum json_kind kind,
        const struct json_node **ret, struct diag *d);

/* The same, but *ret is NULL when it is missing. */
int json_record_optional(const struct json_node *object, const char *key, enum json_kind kind,
        const struct json_node **ret, struct diag *d);

/* -EBADMSG for a member that is not one of the n keys. */
int json_record_only(const struct json_node *object, const char *const *keys, size_t n, struct diag *d);
