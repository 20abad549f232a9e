/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificates one behind the other in PEM, as chains travel. */
#include "lib/format/pem.h"

#define CERTIFICATE_LIST_MAX 8

struct certificate_list {
        X509 *list[CERTIFICATE_LIST_MAX]; /* owned */
        size_t n;
};

/* what names the text in d. -EBADMSG, also for none; -E2BIG for more than fit. */
int certificate_list_parse(const char *text, size_t n, const char *what, struct certificate_list *ret,
        struct diag *d);
void certificate_list_done(struct certificate_list *c);

/* Appends what `from` has and leaves it empty; -E2BIG, and nothing is changed. */
int certificate_list_move(struct certificate_list *c, struct certificate_list *from);

/* The caller frees *ret, which ends with a NUL. -ENOMEM. */
int certificate_list_format(const struct certificate_list *c, char **ret);
