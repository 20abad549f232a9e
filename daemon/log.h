/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What cvmd tells its administrator: once for each event, where the decision is known. Where standard error
 * leads to the journal, as under systemd, entries go there with their fields; else a readable line goes to
 * standard error.
 */
#include <stdarg.h>
#include <stddef.h>
#include <syslog.h>

#include "daemon/messages.h"
#include "lib/base/cleanup.h"

struct log_field {
        const char *name;  /* upper case, as the journal wants it */
        const char *value; /* NULL: left out */
};

#define LOG_FIELDS_MAX 8

/* message_id: one of messages.h, or NULL. Logging never fails for its caller. */
void log_entry(int priority, const char *message_id, const struct log_field *fields, size_t n_fields,
        const char *format, ...) _printf_(5, 6);

/* log_entry(LOG_NOTICE, MESSAGE_STATE, LOG_FIELDS({ "STATE", word }), "the state is %s", word) */
#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__ }), N_LOG_FIELDS(__VA_ARGS__)
#define N_LOG_FIELDS(...) (sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

#define log_info(...) log_entry(LOG_INFO, NULL, NULL, 0, __VA_ARGS__)
#define log_warning(...) log_entry(LOG_WARNING, NULL, NULL, 0, __VA_ARGS__)
#define log_error(...) log_entry(LOG_ERR, NULL, NULL, 0, __VA_ARGS__)
