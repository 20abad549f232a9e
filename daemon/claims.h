/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the manager knows, as claims (lib/claims/claims.h). */
#include "daemon/manager.h"

struct claims_caller {
        uint32_t uid;
        const char *unit; /* of systemd's; NULL: none */
};

/* The caller frees *ret. *ret_sequence: see manager_log_sequence(). -ENOMEM, -EILSEQ. */
int manager_claims(const struct manager *m, const struct claims_caller *caller, char **ret,
        uint64_t *ret_sequence, struct diag *d);

/* Of the decision log's last line: when it has moved on, claims that were made before say too little. */
uint64_t manager_log_sequence(const struct manager *m);
