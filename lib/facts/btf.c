/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pass records where each type starts; everything else is looked up. References are followed a bounded
 * number of times, so that cycles end, and a search visits a bounded number of members, so that nesting
 * cannot multiply.
 */
#include "lib/facts/btf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/cursor.h"

#define BTF_MAGIC 0xeb9f
#define BTF_VERSION 1
#define HEADER_SIZE 24
#define TYPE_SIZE 12
#define REFERENCES_MAX 32 /* typedefs and qualifiers in a row; anonymous structures in each other */
#define VISITS_MAX 100000 /* members looked at for one name; struct vmbus_channel has some 150 */

/* include/uapi/linux/btf.h */
enum kind {
        KIND_INT = 1,
        KIND_PTR,
        KIND_ARRAY,
        KIND_STRUCT,
        KIND_UNION,
        KIND_ENUM,
        KIND_FWD,
        KIND_TYPEDEF,
        KIND_VOLATILE,
        KIND_CONST,
        KIND_RESTRICT,
        KIND_FUNC,
        KIND_FUNC_PROTO,
        KIND_VAR,
        KIND_DATASEC,
        KIND_FLOAT,
        KIND_DECL_TAG,
        KIND_TYPE_TAG,
        KIND_ENUM64,
        _KIND_MAX,
};

/* What follows struct btf_type: so many bytes, and so many for each of its vlen elements. */
static const struct {
        uint8_t fixed, each;
} tails[_KIND_MAX] = {
        [KIND_INT] = { 4, 0 },
        [KIND_ARRAY] = { 12, 0 },
        [KIND_STRUCT] = { 0, 12 },
        [KIND_UNION] = { 0, 12 },
        [KIND_ENUM] = { 0, 8 },
        [KIND_FUNC_PROTO] = { 0, 8 },
        [KIND_VAR] = { 4, 0 },
        [KIND_DATASEC] = { 0, 12 },
        [KIND_DECL_TAG] = { 4, 0 },
        [KIND_ENUM64] = { 0, 12 },
};

/* struct btf_type, and a cursor over what follows it. */
struct type {
        uint32_t name, kind, vlen;
        bool bit_fields;       /* kind_flag of a structure: offsets of members carry a width */
        uint32_t size_or_type; /* by kind */
        struct cursor tail;
};

struct member {
        uint32_t name, type, bit_offset, bits;
};

struct btf {
        const struct btf *base;
        const uint8_t *types;
        size_t types_size;
        const char *strings;
        size_t strings_size;
        uint32_t first_id, first_string; /* where base ends */
        uint32_t n;                      /* types of its own */
        uint32_t *at;                    /* offset of each */
};

void btf_free(struct btf *btf) {
        if (!btf)
                return;
        free(btf->at);
        free(btf);
}

static int read_type(struct cursor *c, struct type *ret) {
        struct type t = {};
        uint32_t info;

        t.name = cursor_le32(c);
        info = cursor_le32(c);
        t.size_or_type = cursor_le32(c);
        /* so far vlen uses 16 bits of these 24 and kind 5 of these 7; the others are zero */
        t.vlen = info & 0xffffff;
        t.kind = info >> 24 & 0x7f;
        t.bit_fields = info >> 31;
        if (c->bad || t.kind == 0 || t.kind >= _KIND_MAX)
                return -EBADMSG;
        t.tail = cursor_sub(c, tails[t.kind].fixed + (size_t)tails[t.kind].each * t.vlen);
        if (c->bad)
                return -EBADMSG;
        *ret = t;
        return 0;
}

/* Counts the types, or with at records where they start. */
static int walk(const struct btf *btf, uint32_t *at, uint32_t *ret_n) {
        struct cursor c = cursor_over(btf->types, btf->types_size);
        uint32_t n = 0;

        while (c.left > 0) {
                struct type t;
                uint32_t offset = (uint32_t)(btf->types_size - c.left);

                if (read_type(&c, &t) < 0)
                        return -EBADMSG;
                if (at)
                        at[n] = offset;
                n++;
        }
        *ret_n = n;
        return 0;
}

/* A section of the header: offset and size, within what follows the header. */
static struct cursor section(const struct cursor *body, uint32_t offset, uint32_t size) {
        struct cursor c = *body;

        (void)cursor_bytes(&c, offset);
        return cursor_sub(&c, size);
}

static int parse_header(struct btf *btf, const void *bytes, size_t n, struct diag *d) {
        struct cursor c = cursor_over(bytes, n), types, strings;
        uint32_t header_size, type_offset, type_size, string_offset, string_size;
        uint16_t magic = cursor_le16(&c);
        uint8_t version = cursor_u8(&c);

        (void)cursor_u8(&c); /* flags */
        header_size = cursor_le32(&c);
        type_offset = cursor_le32(&c);
        type_size = cursor_le32(&c);
        string_offset = cursor_le32(&c);
        string_size = cursor_le32(&c);
        if (c.bad)
                return diag_fail(d, -EBADMSG, "BTF: header truncated (%zu bytes)", n);
        if (magic != BTF_MAGIC || version != BTF_VERSION)
                return diag_fail(d, -EBADMSG, "BTF: magic 0x%04x, version %u, not ours", magic, version);
        if (header_size < HEADER_SIZE || !cursor_bytes(&c, header_size - HEADER_SIZE))
                return diag_fail(d, -EBADMSG, "BTF: header of %u bytes", header_size);
        types = section(&c, type_offset, type_size);
        strings = section(&c, string_offset, string_size);
        if (types.bad || strings.bad)
                return diag_fail(d, -EBADMSG, "BTF: a section lies outside of its %zu bytes", n);
        if (strings.left > 0 && strings.at[strings.left - 1])
                return diag_fail(d, -EBADMSG, "BTF: the last string has no end");
        btf->types = types.at;
        btf->types_size = types.left;
        btf->strings = (const char *)strings.at;
        btf->strings_size = strings.left;
        return 0;
}

int btf_parse(const void *bytes, size_t n, const struct btf *base, struct btf **ret, struct diag *d) {
        _cleanup_(btf_freep) struct btf *btf = calloc(1, sizeof(*btf));
        uint64_t ids, strings;
        int r;

        if (!btf)
                return diag_errno(d, -ENOMEM, "BTF");
        r = parse_header(btf, bytes, n, d);
        if (r < 0)
                return r;
        if (walk(btf, NULL, &btf->n) < 0)
                return diag_fail(d, -EBADMSG, "BTF: a type that is cut off or of no known kind");
        ids = base ? (uint64_t)base->first_id + base->n : 1; /* 0 is void */
        strings = base ? (uint64_t)base->first_string + base->strings_size : 0;
        if (ids + btf->n > UINT32_MAX || strings + btf->strings_size > UINT32_MAX)
                return diag_fail(d, -EBADMSG, "BTF: more than 32 bits can count");
        btf->base = base;
        btf->first_id = (uint32_t)ids;
        btf->first_string = (uint32_t)strings;
        btf->at = calloc(btf->n ? btf->n : 1, sizeof(*btf->at));
        if (!btf->at)
                return diag_errno(d, -ENOMEM, "BTF");
        r = walk(btf, btf->at, &btf->n);
        if (r < 0)
                return r;
        *ret = TAKE(btf);
        return 0;
}

/* NULL for an offset outside of the strings. Every string ends: the section does. */
static const char *string_at(const struct btf *btf, uint32_t offset) {
        for (; btf; btf = btf->base)
                if (offset >= btf->first_string)
                        return offset - btf->first_string < btf->strings_size
                                ? btf->strings + (offset - btf->first_string)
                                : NULL;
        return NULL;
}

static int type_at(const struct btf *btf, uint32_t id, struct type *ret) {
        for (; btf; btf = btf->base) {
                struct cursor c;

                if (id < btf->first_id)
                        continue;
                if (id - btf->first_id >= btf->n)
                        return -EBADMSG;
                c = cursor_over(btf->types, btf->types_size);
                (void)cursor_bytes(&c, btf->at[id - btf->first_id]);
                return read_type(&c, ret);
        }
        return -EBADMSG; /* void */
}

/* The type behind typedefs and qualifiers. */
static int resolve(const struct btf *btf, uint32_t id, struct type *ret) {
        for (unsigned i = 0; i < REFERENCES_MAX; i++) {
                struct type t;
                int r = type_at(btf, id, &t);

                if (r < 0)
                        return r;
                switch (t.kind) {
                case KIND_TYPEDEF:
                case KIND_VOLATILE:
                case KIND_CONST:
                case KIND_RESTRICT:
                case KIND_TYPE_TAG:
                        id = t.size_or_type;
                        continue;
                default:
                        *ret = t;
                        return 0;
                }
        }
        return -EBADMSG;
}

int btf_find_struct(const struct btf *btf, const char *name, uint32_t *ret_id) {
        for (const struct btf *part = btf; part; part = part->base)
                for (uint32_t i = 0; i < part->n; i++) {
                        struct type t;
                        const char *s;

                        if (type_at(part, part->first_id + i, &t) < 0 || t.kind != KIND_STRUCT)
                                continue;
                        s = string_at(part, t.name);
                        if (s && strcmp(s, name) == 0) {
                                *ret_id = part->first_id + i;
                                return 0;
                        }
                }
        return -ENODATA;
}

static struct member read_member(const struct type *t, struct cursor *c) {
        struct member m;
        uint32_t offset;

        m.name = cursor_le32(c);
        m.type = cursor_le32(c);
        offset = cursor_le32(c);
        m.bit_offset = t->bit_fields ? offset & 0xffffff : offset;
        m.bits = t->bit_fields ? offset >> 24 : 0;
        return m;
}

/* One search for one name. */
struct search {
        const struct btf *btf;
        const char *name;
        size_t name_size;
        unsigned visits;
};

static bool is_named(const struct search *s, const struct member *m) {
        const char *name = string_at(s->btf, m->name);

        return name && strlen(name) == s->name_size && memcmp(name, s->name, s->name_size) == 0;
}

/* Below structure or union t, which starts at bit_offset: the member, its offset from the outermost start.
 */
static int find_member(struct search *s, const struct type *t, uint32_t bit_offset, unsigned depth,
        struct member *ret) {
        struct cursor c = t->tail;

        if (depth > REFERENCES_MAX)
                return -EBADMSG;
        while (c.left > 0) {
                struct member m = read_member(t, &c);
                const char *name = string_at(s->btf, m.name);
                struct type inner;
                int r;

                if (++s->visits > VISITS_MAX || !name)
                        return -EBADMSG;
                if (__builtin_add_overflow(m.bit_offset, bit_offset, &m.bit_offset))
                        return -EBADMSG;
                if (is_named(s, &m)) {
                        *ret = m;
                        return 0;
                }
                if (*name || resolve(s->btf, m.type, &inner) < 0 ||
                        (inner.kind != KIND_STRUCT && inner.kind != KIND_UNION))
                        continue;
                r = find_member(s, &inner, m.bit_offset, depth + 1, ret);
                if (r != -ENODATA)
                        return r;
        }
        return -ENODATA;
}

/* 0 for what has no size of its own, an array say. */
static uint32_t size_of(const struct type *t) {
        switch (t->kind) {
        case KIND_INT:
        case KIND_STRUCT:
        case KIND_UNION:
        case KIND_ENUM:
        case KIND_ENUM64:
        case KIND_FLOAT:
                return t->size_or_type;
        case KIND_PTR:
                return sizeof(void *);
        default:
                return 0;
        }
}

int btf_find_field(const struct btf *btf, uint32_t id, const char *path, struct btf_field *ret) {
        struct member m = { .type = id };
        struct type t;
        int r;

        for (;;) {
                size_t n = strcspn(path, ".");
                struct search s = { .btf = btf, .name = path, .name_size = n };

                r = resolve(btf, m.type, &t);
                if (r < 0)
                        return r;
                if (t.kind != KIND_STRUCT && t.kind != KIND_UNION)
                        return -ENODATA;
                r = find_member(&s, &t, m.bit_offset, 0, &m);
                if (r < 0)
                        return r;
                if (!path[n])
                        break;
                path += n + 1;
        }
        r = resolve(btf, m.type, &t);
        if (r < 0)
                return r;
        *ret = (struct btf_field){ .bit_offset = m.bit_offset, .bits = m.bits, .size = size_of(&t) };
        return 0;
}
