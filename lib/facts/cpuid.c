/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Executing CPUID, or taking its answers from a recording: what follows cannot tell the two apart. */
#include "lib/facts/cpuid.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "lib/base/number.h"

#define CPUID_LINE_MAX 256

void cpuid_table_done(struct cpuid_table *t) {
        free(t->leaves);
        *t = (struct cpuid_table){};
}

/* Where the pair is, or would have to stand. */
static size_t lower_bound(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf) {
        size_t i = 0;

        while (i < t->n &&
                (t->leaves[i].leaf < leaf || (t->leaves[i].leaf == leaf && t->leaves[i].subleaf < subleaf)))
                i++;
        return i;
}

const struct cpuid_leaf *cpuid_find(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf) {
        size_t i = lower_bound(t, leaf, subleaf);

        return i < t->n && t->leaves[i].leaf == leaf && t->leaves[i].subleaf == subleaf ? &t->leaves[i]
                                                                                        : NULL;
}

int cpuid_table_add(struct cpuid_table *t, const struct cpuid_leaf *leaf) {
        size_t i = lower_bound(t, leaf->leaf, leaf->subleaf);
        struct cpuid_leaf *bigger;

        if (cpuid_find(t, leaf->leaf, leaf->subleaf))
                return -EEXIST;
        bigger = reallocarray(t->leaves, t->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        t->leaves = bigger;
        memmove(&bigger[i + 1], &bigger[i], (t->n - i) * sizeof(*bigger));
        bigger[i] = *leaf;
        t->n++;
        return 0;
}

#if defined(__x86_64__) || defined(__i386__)

#define HYPERVISOR_BIT (1u << 31) /* leaf 1, ECX */
#define HYPERVISOR_FIRST 0x40000000
#define HYPERVISOR_LAST 0x4000003f /* of what we take, whatever the hypervisor says its highest leaf is */
#define STACK_FIRST 0x40000080     /* what the virtualisation stack, a paravisor say, answers itself */
#define STACK_LAST 0x40000082

static int execute(struct cpuid_table *t, uint32_t leaf) {
        struct cpuid_leaf l = { .leaf = leaf };

        __cpuid_count(leaf, 0, l.eax, l.ebx, l.ecx, l.edx);
        return cpuid_table_add(t, &l);
}

static int execute_range(struct cpuid_table *t, uint32_t first, uint32_t last) {
        int r = 0;

        for (uint32_t leaf = first; leaf <= last && r == 0; leaf++)
                r = execute(t, leaf);
        return r;
}

int cpuid_read(struct cpuid_table *ret, struct diag *d) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};
        uint32_t highest;
        int r = execute_range(&t, 0, 1);

        if (r == 0 && (cpuid_find(&t, 1, 0)->ecx & HYPERVISOR_BIT)) {
                r = execute(&t, HYPERVISOR_FIRST);
                if (r < 0)
                        return diag_errno(d, r, "CPUID");
                highest = cpuid_find(&t, HYPERVISOR_FIRST, 0)->eax;
                r = execute_range(&t, HYPERVISOR_FIRST + 1,
                        highest < HYPERVISOR_LAST ? highest : HYPERVISOR_LAST);
                /* without asking for its highest leaf, as the kernel does: what the kernel saw counts */
                if (r == 0)
                        r = execute_range(&t, STACK_FIRST, STACK_LAST);
        }
        if (r < 0)
                return diag_errno(d, r, "CPUID");
        *ret = t;
        t = (struct cpuid_table){};
        return 0;
}

#else

int cpuid_read(struct cpuid_table *ret, struct diag *d) {
        return diag_fail(d, -EOPNOTSUPP, "this processor has no CPUID");
}

#endif

int cpuid_leaf_parse(const char *line, struct cpuid_leaf *ret) {
        static const unsigned bases[] = { 16, 10, 16, 16, 16, 16 };
        enum { N = sizeof(bases) / sizeof(bases[0]) };
        char copy[CPUID_LINE_MAX], *rest = copy, *word;
        uint32_t v[N];
        size_t n = 0;

        if (strlen(line) >= sizeof(copy))
                return -EBADMSG;
        memcpy(copy, line, strlen(line) + 1);
        while ((word = strsep(&rest, " "))) {
                if (n == N || number_parse_u32(word, bases[n], &v[n]) < 0)
                        return -EBADMSG;
                n++;
        }
        if (n < N)
                return -EBADMSG;
        *ret = (struct cpuid_leaf){
                .leaf = v[0],
                .subleaf = v[1],
                .eax = v[2],
                .ebx = v[3],
                .ecx = v[4],
                .edx = v[5],
        };
        return 0;
}

/* One line of a recording; lines that are not about CPUID are none of our business. */
static int parse_line(struct cpuid_table *t, const char *line, size_t n) {
        static const char prefix[] = "cpuid ";
        char copy[CPUID_LINE_MAX];
        struct cpuid_leaf leaf;

        if (n < strlen(prefix) || memcmp(line, prefix, strlen(prefix)) != 0)
                return 0;
        line += strlen(prefix);
        n -= strlen(prefix);
        if (n >= sizeof(copy) || memchr(line, 0, n))
                return -EBADMSG;
        memcpy(copy, line, n);
        copy[n] = 0;
        return cpuid_leaf_parse(copy, &leaf) < 0 ? -EBADMSG : cpuid_table_add(t, &leaf);
}

int cpuid_parse(const char *name, const char *text, size_t n, struct cpuid_table *ret, struct diag *d) {
        _cleanup_(cpuid_table_done) struct cpuid_table t = {};
        const char *end = text + n;

        for (unsigned number = 1; text < end; number++) {
                const char *newline = memchr(text, '\n', (size_t)(end - text)),
                           *stop = newline ? newline : end;
                int r = parse_line(&t, text, (size_t)(stop - text));

                if (r == -EEXIST)
                        return diag_fail(d, -EBADMSG, "%s:%u: this leaf and subleaf are there twice", name,
                                number);
                if (r == -EBADMSG)
                        return diag_fail(d, r, "%s:%u: not \"cpuid LEAF SUBLEAF EAX EBX ECX EDX\"", name,
                                number);
                if (r < 0)
                        return diag_errno(d, r, "%s", name);
                text = newline ? newline + 1 : end;
        }
        if (t.n == 0)
                return diag_fail(d, -ENODATA, "%s: no cpuid line", name);
        *ret = t;
        t = (struct cpuid_table){};
        return 0;
}
