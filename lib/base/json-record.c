/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Used for evidence and answers of other programs, where nothing may be taken on trust. */
#include "lib/base/json-record.h"

#include <errno.h>
#include <string.h>

static int fail_at(struct diag *d, struct json_position at, const char *message) {
        return diag_fail(d, -EBADMSG, "%u:%u: %s", at.line, at.column, message);
}

int json_record_parse(const void *text, size_t n, const char *what, struct json_document **ret,
        struct diag *d) {
        _cleanup_(json_document_freep) struct json_document *document = NULL;
        int r = json_scan_plain(text, n, JSON_RECORD_NODES_MAX, &document);

        if (r < 0)
                return diag_errno(d, r, "%s", what);
        if (document->problems)
                r = fail_at(d, document->problems->at, document->problems->message);
        else if (document->root->kind != JSON_OBJECT)
                r = diag_fail(d, -EBADMSG, "%s where an object belongs",
                        json_kind_to_string(document->root->kind));
        if (r < 0)
                return diag_wrap(d, r, "%s", what);
        *ret = TAKE(document);
        return 0;
}

int json_record_optional(const struct json_node *object, const char *key, enum json_kind kind,
        const struct json_node **ret, struct diag *d) {
        const struct json_node *member = json_member(object, key);

        if (member && member->kind != kind)
                return diag_fail(d, -EBADMSG, "%u:%u: \"%s\" is %s, not %s", member->at.line,
                        member->at.column, key, json_kind_to_string(member->kind),
                        json_kind_to_string(kind));
        *ret = member;
        return 0;
}

int json_record_member(const struct json_node *object, const char *key, enum json_kind kind,
        const struct json_node **ret, struct diag *d) {
        const struct json_node *member = NULL;
        int r = json_record_optional(object, key, kind, &member, d);

        if (r < 0)
                return r;
        if (!member)
                return diag_fail(d, -EBADMSG, "%u:%u: \"%s\" is missing", object->at.line, object->at.column,
                        key);
        *ret = member;
        return 0;
}

int json_record_only(const struct json_node *object, const char *const *keys, size_t n, struct diag *d) {
        for (const struct json_node *m = object->children; m; m = m->next) {
                bool known = false;

                for (size_t i = 0; i < n && !known; i++)
                        known = strcmp(m->key, keys[i]) == 0;
                if (!known)
                        return diag_fail(d, -EBADMSG, "%u:%u: \"%s\" does not belong here", m->key_at.line,
                                m->key_at.column, m->key);
        }
        return 0;
}
