/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of certificates come with evidence and from the network. What is read comes out as it went in. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/format/certificate-list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(certificate_list_done) struct certificate_list list = {}, again = {};
        _cleanup_(freep) char *text = NULL;

        if (certificate_list_parse((const char *)data, size, "fuzz", &list, NULL) < 0)
                return 0;
        if (certificate_list_format(&list, &text) < 0)
                return 0;
        if (certificate_list_parse(text, strlen(text), "fuzz", &again, NULL) < 0 || again.n != list.n)
                abort();
        for (size_t i = 0; i < list.n; i++)
                if (X509_cmp(list.list[i], again.list[i]) != 0)
                        abort();
        return 0;
}
