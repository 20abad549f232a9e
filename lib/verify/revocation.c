/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/verify/revocation.h"

#include <errno.h>

struct revocation {
        size_t n;
};

int revocation_new(struct revocation **ret) {
        struct revocation *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *ret = r;
        return 0;
}

void revocation_free(struct revocation *r) {
        free(r);
}

int revocation_add(struct revocation *r, const char *what, const void *bytes, size_t n, struct diag *d) {
        return diag_fail(d, -EOPNOTSUPP, "%s: revocation lists are not read yet", what);
}

void revocation_check(const struct revocation *r, const struct certificates *chain, const struct root *root,
        int64_t at, struct checks *c) {
        check_note(c, CHECK_REVOCATION, CHECK_UNAVAILABLE,
                "no revocation list was given: --crl FILE names one");
}
