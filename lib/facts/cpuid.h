/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* CPUID leaves as data, so that what is read from them can be tested with any recorded guest. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"

struct cpuid_leaf {
        uint32_t leaf, subleaf;
        uint32_t eax, ebx, ecx, edx;
};

/* At most a few dozen leaves: those that isolation_eval() looks at. Zero-initialised is empty. */
struct cpuid_table {
        struct cpuid_leaf *leaves; /* sorted by leaf, then subleaf; no pair twice */
        size_t n;
};

void cpuid_table_done(struct cpuid_table *t);

/*
 * Executes CPUID: leaves 0, 1 and, where the hypervisor bit of leaf 1 is set, what the hypervisor range up
 * to its highest leaf and the isolation range (0x40000080..) answer. -EOPNOTSUPP where the processor has no
 * CPUID.
 */
int cpuid_read(struct cpuid_table *ret, struct diag *d);

/*
 * Takes the `cpuid` lines of a text: "cpuid 0x4000000c 0 00000001 00000ba2 00000000 00000000". Blank lines,
 * lines that start with # and the other lines of a snapshot are passed over, so that a snapshot serves as a
 * recording. name is for the diag. -EBADMSG with name:line for a malformed line or a pair given twice,
 * -ENODATA when there is no cpuid line.
 */
int cpuid_parse(const char *name, const char *text, size_t n, struct cpuid_table *ret, struct diag *d);

/* One line of the above, without "cpuid "; for snapshots. -EBADMSG. */
int cpuid_leaf_parse(const char *line, struct cpuid_leaf *ret);

/* Appends, keeping the order. -EEXIST when the pair is there, -ENOMEM. */
int cpuid_table_add(struct cpuid_table *t, const struct cpuid_leaf *leaf);

/* NULL when the leaf is not there. Borrowed. */
const struct cpuid_leaf *cpuid_find(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf);
