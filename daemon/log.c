/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place that writes to the journal or to standard error, but for usage and what ends the process
 * early. */
#include "daemon/log.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "lib/base/file.h"

#define JOURNAL_STREAM_SOCKET "/run/systemd/journal/stdout"
#define TEXT_MAX 2048

/* Asked of the descriptor itself: what the environment says about it may be about another. */
static bool stderr_is_journal(void) {
        struct sockaddr_un peer = {};
        socklen_t size = sizeof(peer) - 1;

        return getpeername(STDERR_FILENO, (struct sockaddr *)&peer, &size) == 0 &&
                peer.sun_family == AF_UNIX && strcmp(peer.sun_path, JOURNAL_STREAM_SOCKET) == 0;
}

static void log_to_journal(int priority, const char *message_id, const struct log_field *fields,
        size_t n_fields, const char *message) {
        struct iovec iov[LOG_FIELDS_MAX + 4];
        char *owned[LOG_FIELDS_MAX + 4] = {};
        int n = 0;

        if (asprintf(&owned[n], "MESSAGE=%s", message) >= 0)
                n++;
        if (asprintf(&owned[n], "PRIORITY=%d", priority) >= 0)
                n++;
        if (asprintf(&owned[n], "SYSLOG_IDENTIFIER=%s", program_invocation_short_name) >= 0)
                n++;
        if (message_id && asprintf(&owned[n], "MESSAGE_ID=%s", message_id) >= 0)
                n++;
        for (size_t i = 0; i < n_fields && i < LOG_FIELDS_MAX; i++)
                if (fields[i].value && asprintf(&owned[n], "%s=%s", fields[i].name, fields[i].value) >= 0)
                        n++;
        for (int i = 0; i < n; i++)
                iov[i] = (struct iovec){ .iov_base = owned[i], .iov_len = strlen(owned[i]) };
        (void)sd_journal_sendv(iov, n);
        for (int i = 0; i < n; i++)
                free(owned[i]);
}

void log_entry(int priority, const char *message_id, const struct log_field *fields, size_t n_fields,
        const char *format, ...) {
        char message[TEXT_MAX];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        if (stderr_is_journal())
                log_to_journal(priority, message_id, fields, n_fields, message);
        else if (file_is_kernel_log(STDERR_FILENO)) /* an initrd without a journal: one write, one line */
                dprintf(STDERR_FILENO, "<%d>%s: %s\n", LOG_DAEMON | priority, program_invocation_short_name,
                        message);
        else
                fprintf(stderr, "%s: %s\n", program_invocation_short_name, message);
}
