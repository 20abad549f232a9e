/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How a failure is called on the bus: one table from errno to org.cvmd1.Error.*. What an errno stands for
 * depends on whose interface it is.
 */
#include <systemd/sd-bus.h>

#include "lib/base/diag.h"

#define ERROR_PREFIX "org.cvmd1.Error."

enum error_scope {
        ERRORS_ANY,         /* what has no row of its own for an errno */
        ERRORS_MANAGER,     /* org.cvmd1.Manager and Device */
        ERRORS_ATTEST,      /* org.cvmd1.Attest */
        ERRORS_ATTEST_TSM,  /* its Tsm */
        ERRORS_FETCH,       /* org.cvmd1.Fetch */
        ERRORS_FETCH_QUOTE, /* its TdQuote */
        ERRORS_ATTESTATION, /* org.cvmd1.Attestation */
        ERRORS_AUTHZ,       /* who may not, of any of cvmd's */
        _ERROR_SCOPE_MAX,
};

/* Never NULL: "org.cvmd1.Error.Failed" for an errno that has no name of its own. */
const char *error_name_in(enum error_scope scope, int r);

/* Fills error from r and what d says, and returns -errno as method handlers have to. */
int error_set_in(sd_bus_error *error, enum error_scope scope, int r, const struct diag *d);

/* The same for ERRORS_MANAGER. */
const char *error_name(int r);
int error_set(sd_bus_error *error, int r, const struct diag *d);
