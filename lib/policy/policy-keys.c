/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* So that every file of ours refuses an unknown key in the same way, with a hint at the one that was meant.
 */
#include "lib/policy/policy-keys.h"

#include <string.h>

#include "lib/base/suggest.h"
#include "lib/policy/policy-problem.h"

static void refuse_key(struct reader *r, const struct json_node *member, const struct object_key *keys,
        size_t n) {
        struct suggestion s = {};

        for (size_t i = 0; i < n; i++)
                suggest_consider(&s, member->key, keys[i].name);
        if (s.nearest)
                reader_complain(r, member->key_at, "unknown key %s; did you mean \"%s\"?",
                        quote(member->key).text, s.nearest);
        else
                reader_complain(r, member->key_at, "unknown key %s; remove it", quote(member->key).text);
}

static const struct object_key *find_key(const struct object_key *keys, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(keys[i].name, name) == 0)
                        return &keys[i];
        return NULL;
}

void read_object(struct reader *r, const struct json_node *value, const struct object_key *keys, size_t n,
        void *into) {
        if (!reader_is(r, value, JSON_OBJECT))
                return;
        for (const struct json_node *m = value->children; m; m = m->next) {
                const struct object_key *key = find_key(keys, n, m->key);

                if (key)
                        key->read(r, m, (char *)into + key->offset);
                else
                        refuse_key(r, m, keys, n);
        }
}
