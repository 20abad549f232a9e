/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one carrier of explanations: a fixed buffer that the caller owns, so that failing never allocates. */
#include "lib/base/diag.h"

#include <string.h>

int diag_fail(struct diag *d, int r, const char *format, ...) {
        va_list ap;

        if (!d)
                return r;
        va_start(ap, format);
        vsnprintf(d->text, sizeof(d->text), format, ap);
        va_end(ap);
        return r;
}

int diag_wrap(struct diag *d, int r, const char *format, ...) {
        char before[sizeof(d->text)];
        size_t n;
        va_list ap;

        if (!d)
                return r;
        memcpy(before, d->text, sizeof(before));
        va_start(ap, format);
        vsnprintf(d->text, sizeof(d->text), format, ap);
        va_end(ap);
        n = strlen(d->text);
        snprintf(d->text + n, sizeof(d->text) - n, "%s%s", before[0] ? ": " : "", before);
        return r;
}

const char *errno_text(int r) {
        return strerrordesc_np(-r) ?: "unknown error";
}

int diag_errno(struct diag *d, int r, const char *format, ...) {
        size_t n;
        va_list ap;

        if (!d)
                return r;
        va_start(ap, format);
        vsnprintf(d->text, sizeof(d->text), format, ap);
        va_end(ap);
        n = strlen(d->text);
        snprintf(d->text + n, sizeof(d->text) - n, ": %s", errno_text(r));
        return r;
}
