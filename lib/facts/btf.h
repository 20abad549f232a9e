/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's BTF (Documentation/bpf/btf.rst), as far as finding a member of a structure needs it. The
 * bytes are foreign: types may be missing, point anywhere and form cycles.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct btf;

/* A member found, relative to the structure that was asked for. */
struct btf_field {
        uint32_t bit_offset;
        uint32_t bits; /* width of a bit-field; 0: none, size holds */
        uint32_t size; /* bytes of its type */
};

/*
 * Indexes the types. Borrows bytes, and base: the BTF of vmlinux for that of a module, whose type ids and
 * strings go on where those of base end; else NULL. -EBADMSG, -ENOMEM.
 */
int btf_parse(const void *bytes, size_t n, const struct btf *base, struct btf **ret, struct diag *d);

void btf_free(struct btf *btf);
DEFINE_FREEP(struct btf, btf_free)

/* The id of the structure with that name (not a union, not a declaration): of a module's own first.
 * -ENODATA. */
int btf_find_struct(const struct btf *btf, const char *name, uint32_t *ret_id);

/*
 * Follows a path of names, "offermsg.offer.chn_flags", from structure id on, through anonymous structures
 * and unions, typedefs and qualifiers. -ENODATA when there is no such member, -EBADMSG when the types make
 * no sense.
 */
int btf_find_field(const struct btf *btf, uint32_t id, const char *path, struct btf_field *ret);
