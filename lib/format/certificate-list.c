/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/format/certificate-list.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"

static int parse_one(struct span body, const char *what, X509 **ret, struct diag *d) {
        _cleanup_(freep) uint8_t *der = NULL;
        size_t n;
        int r = pem_decode(body, what, CERTIFICATE_MAX, &der, &n, d);

        return r < 0 ? r : certificate_parse(der, n, what, ret, d);
}

int certificate_list_parse(const char *text, size_t n, const char *what, struct certificate_list *ret,
        struct diag *d) {
        _cleanup_(certificate_list_done) struct certificate_list list = {};
        struct span rest = { .bytes = (const uint8_t *)text, .n = n }, body;
        int r;

        while ((r = pem_next(&rest, "CERTIFICATE", what, &body, d)) >= 0) {
                if (list.n == CERTIFICATE_LIST_MAX)
                        return diag_fail(d, -E2BIG, "%s: more than %d certificates", what,
                                CERTIFICATE_LIST_MAX);
                r = parse_one(body, what, &list.list[list.n], d);
                if (r < 0)
                        return r;
                list.n++;
        }
        if (r != -ENODATA)
                return r;
        if (list.n == 0)
                return diag_fail(d, -EBADMSG, "%s: no certificate", what);
        *ret = list;
        list.n = 0; /* handed over */
        return 0;
}

void certificate_list_done(struct certificate_list *c) {
        while (c->n > 0)
                X509_free(c->list[--c->n]);
}

int certificate_list_move(struct certificate_list *c, struct certificate_list *from) {
        if (from->n > CERTIFICATE_LIST_MAX - c->n)
                return -E2BIG;
        for (size_t i = 0; i < from->n; i++)
                c->list[c->n++] = from->list[i];
        from->n = 0;
        return 0;
}

static int append(char **text, const X509 *certificate) {
        _cleanup_(freep) uint8_t *der = NULL;
        _cleanup_(freep) char *one = NULL;
        char *longer;
        size_t n;
        int r = certificate_format(certificate, &der, &n);

        if (r >= 0)
                r = pem_format("CERTIFICATE", der, n, &one);
        if (r < 0)
                return r;
        n = *text ? strlen(*text) : 0;
        longer = realloc(*text, n + strlen(one) + 1);
        if (!longer)
                return -ENOMEM;
        memcpy(longer + n, one, strlen(one) + 1);
        *text = longer;
        return 0;
}

int certificate_list_format(const struct certificate_list *c, char **ret) {
        _cleanup_(freep) char *text = calloc(1, 1);

        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                int r = append(&text, c->list[i]);

                if (r < 0)
                        return r;
        }
        *ret = TAKE(text);
        return 0;
}
