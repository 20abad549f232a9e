/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on the bus. cvmctl maps the names back to exit codes; a test holds both lists against each other.
 */
#include "daemon/errors.h"

#include <errno.h>
#include <string.h>

static const struct {
        int error;
        const char *name;
} names[] = {
        { EBADMSG, ERROR_PREFIX "PolicyInvalid" },
        { ENODEV, ERROR_PREFIX "NoSuchDevice" },
        { ENOTUNIQ, ERROR_PREFIX "AmbiguousDevice" },
        { EOPNOTSUPP, ERROR_PREFIX "NotSupported" },
        { ENODATA, ERROR_PREFIX "NoData" },
        { EBUSY, ERROR_PREFIX "Busy" },
        { ETIMEDOUT, ERROR_PREFIX "ActionHangs" },
        { EIO, ERROR_PREFIX "ActionFailed" },
        { ESRCH, ERROR_PREFIX "NothingToConfirm" },
        { ESTALE, ERROR_PREFIX "RolledBack" },
        { EPERM, ERROR_PREFIX "Refused" },
        { EACCES, SD_BUS_ERROR_ACCESS_DENIED },
        { ENOMEM, SD_BUS_ERROR_NO_MEMORY },
        { EINVAL, SD_BUS_ERROR_INVALID_ARGS },
};

const char *error_name(int r) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (names[i].error == -r)
                        return names[i].name;
        return ERROR_PREFIX "Failed";
}

int error_set(sd_bus_error *error, int r, const struct diag *d) {
        return sd_bus_error_setf(error, error_name(r), "%s", d->text[0] ? d->text : errno_text(r));
}
