/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on the bus. cvmctl maps the names back to exit codes; a test holds both lists against each other.
 */
#include "daemon/errors.h"

#include <errno.h>
#include <string.h>

static const struct {
        enum error_scope scope;
        int error;
        const char *name;
} names[] = {
        { ERRORS_MANAGER, EBADMSG, ERROR_PREFIX "PolicyInvalid" },
        { ERRORS_MANAGER, ENODEV, ERROR_PREFIX "NoSuchDevice" },
        { ERRORS_MANAGER, ENOTUNIQ, ERROR_PREFIX "AmbiguousDevice" },
        { ERRORS_MANAGER, ETIMEDOUT, ERROR_PREFIX "ActionHangs" },
        { ERRORS_MANAGER, EIO, ERROR_PREFIX "ActionFailed" },
        { ERRORS_MANAGER, ESRCH, ERROR_PREFIX "NothingToConfirm" },
        { ERRORS_MANAGER, ESTALE, ERROR_PREFIX "RolledBack" },
        { ERRORS_MANAGER, EPERM, ERROR_PREFIX "Refused" },
        { ERRORS_MANAGER, EACCES, SD_BUS_ERROR_ACCESS_DENIED },
        { ERRORS_MANAGER, EINVAL, SD_BUS_ERROR_INVALID_ARGS },
        { ERRORS_ATTEST, ENODEV, ERROR_PREFIX "NoTpm" },
        { ERRORS_ATTEST, ENODATA, ERROR_PREFIX "NoReport" },
        { ERRORS_ATTEST, ENOENT, ERROR_PREFIX "NoAk" },
        { ERRORS_ATTEST, EACCES, ERROR_PREFIX "AuthRefused" },
        { ERRORS_ATTEST, EPERM, ERROR_PREFIX "OwnerAuthSet" },
        { ERRORS_ATTEST, EUSERS, ERROR_PREFIX "Lockout" },
        { ERRORS_ATTEST, ESTALE, ERROR_PREFIX "Stale" },
        { ERRORS_ATTEST, EILSEQ, ERROR_PREFIX "TornReport" },
        { ERRORS_ATTEST, EBADMSG, ERROR_PREFIX "ReportInvalid" },
        { ERRORS_ATTEST, EPROTO, ERROR_PREFIX "CertificateInvalid" },
        { ERRORS_ATTEST, EKEYREJECTED, ERROR_PREFIX "AkMismatch" },
        { ERRORS_ATTEST, EBUSY, ERROR_PREFIX "GuestInputBusy" },
        { ERRORS_ATTEST, ENOBUFS, ERROR_PREFIX "Busy" },
        { ERRORS_ATTEST, EAGAIN, ERROR_PREFIX "PcrsChanging" },
        { ERRORS_ATTEST, ECANCELED, ERROR_PREFIX "Cancelled" },
        { ERRORS_ATTEST, EIO, ERROR_PREFIX "TpmFailed" },
        { ERRORS_ATTEST_TSM, EBADMSG, ERROR_PREFIX "ReportInvalid" },
        { ERRORS_ATTEST_TSM, EFBIG, ERROR_PREFIX "ReportInvalid" },
        { ERRORS_ATTEST_TSM, ENOBUFS, ERROR_PREFIX "Busy" },
        { ERRORS_ATTEST_TSM, ECANCELED, ERROR_PREFIX "Cancelled" },
        { ERRORS_FETCH, EBADMSG, ERROR_PREFIX "EndorsementInvalid" },
        { ERRORS_FETCH, EKEYREJECTED, ERROR_PREFIX "EndorsementInvalid" },
        { ERRORS_FETCH, ESTALE, ERROR_PREFIX "EndorsementMismatch" },
        { ERRORS_FETCH, EXDEV, ERROR_PREFIX "EndorsementMismatch" },
        { ERRORS_FETCH, EREMOTEIO, ERROR_PREFIX "FetchFailed" },
        { ERRORS_FETCH_QUOTE, EBADMSG, ERROR_PREFIX "QuoteInvalid" },
        { ERRORS_FETCH_QUOTE, ESTALE, ERROR_PREFIX "QuoteMismatch" },
        { ERRORS_FETCH_QUOTE, EREMOTEIO, ERROR_PREFIX "FetchFailed" },
        { ERRORS_ATTESTATION, EDQUOT, ERROR_PREFIX "RateLimited" },
        { ERRORS_ATTESTATION, ESTALE, ERROR_PREFIX "Stale" },
        { ERRORS_AUTHZ, EDQUOT, ERROR_PREFIX "RateLimited" },
        { ERRORS_AUTHZ, ENODEV, ERROR_PREFIX "NoSuchDevice" },
        { ERRORS_AUTHZ, ENOKEY, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED },
        { ERRORS_ANY, EOPNOTSUPP, ERROR_PREFIX "NotSupported" },
        { ERRORS_ANY, ENODATA, ERROR_PREFIX "NoData" },
        { ERRORS_ANY, EBUSY, ERROR_PREFIX "Busy" },
        { ERRORS_ANY, ETIMEDOUT, ERROR_PREFIX "TimedOut" },
        { ERRORS_ANY, EINVAL, ERROR_PREFIX "InvalidArgument" },
        { ERRORS_ANY, EACCES, ERROR_PREFIX "NotAuthorized" },
        { ERRORS_ANY, ENOMEM, SD_BUS_ERROR_NO_MEMORY },
};

const char *error_name_in(enum error_scope scope, int r) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if ((names[i].scope == scope || names[i].scope == ERRORS_ANY) && names[i].error == -r)
                        return names[i].name;
        return ERROR_PREFIX "Failed";
}

int error_set_in(sd_bus_error *error, enum error_scope scope, int r, const struct diag *d) {
        return sd_bus_error_setf(error, error_name_in(scope, r), "%s", d->text[0] ? d->text : errno_text(r));
}

const char *error_name(int r) {
        return error_name_in(ERRORS_MANAGER, r);
}

int error_set(sd_bus_error *error, int r, const struct diag *d) {
        return error_set_in(error, ERRORS_MANAGER, r, d);
}
