/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How this guest is isolated, from CPUID where there is CPUID, else from hints (kernel log, device tree).
 * Layouts: Hyper-V TLFS; arch/x86/include/asm/hyperv-tlfs.h and include/hyperv/hvgdk_mini.h of Linux; leaf
 * 0x40000080 and up as in openvmm.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/facts/cpuid.h"
#include "lib/facts/fact.h"

enum isolation_type {
        ISOLATION_UNKNOWN, /* the sources contradict each other, or there is none */
        ISOLATION_NONE,
        ISOLATION_VBS,
        ISOLATION_SNP,
        ISOLATION_TDX,
        ISOLATION_CCA,
        _ISOLATION_TYPE_MAX,
};

enum isolation_mode {
        ISOLATION_MODE_UNKNOWN,
        ISOLATION_MODE_PARAVISOR,
        ISOLATION_MODE_ENLIGHTENED,
        _ISOLATION_MODE_MAX,
};

/* How an address says whether its page is encrypted. */
enum encryption_scheme {
        ENCRYPTION_UNKNOWN,
        ENCRYPTION_NONE,
        ENCRYPTION_VTOM,       /* the shared GPA boundary */
        ENCRYPTION_C_BIT,      /* SNP, enlightened */
        ENCRYPTION_SHARED_BIT, /* TDX, enlightened */
        _ENCRYPTION_SCHEME_MAX,
};

enum isolation_source {
        ISOLATION_SOURCE_NONE,
        ISOLATION_SOURCE_CPUID,
        ISOLATION_SOURCE_RECORDED, /* CPUID leaves from a file: never trust a live guest so */
        ISOLATION_SOURCE_DMESG,
        ISOLATION_SOURCE_DEVICE_TREE,
        _ISOLATION_SOURCE_MAX,
};

/* What contradicts what; bits of isolation.problems. */
enum isolation_problem {
        ISOLATION_PROBLEM_VENDOR = 1 << 0, /* Intel with SNP, AMD with TDX, ... */
        ISOLATION_PROBLEM_TYPE = 1 << 1,   /* a type that no specification knows */
        ISOLATION_PROBLEM_LEAF = 1 << 2,   /* isolation bit set, leaf 0x4000000c not there */
        ISOLATION_PROBLEM_ROOT = 1 << 3,   /* says that it is a root partition and isolated at once */
        ISOLATION_PROBLEM_VS = 1 << 4,     /* 0x40000082 answers without the VS#1 signature in 0x40000081 */
        ISOLATION_PROBLEM_DMESG = 1 << 5,  /* the kernel logged another isolation configuration */
        ISOLATION_PROBLEM_CONNECTION = 1 << 6, /* confidential, where CPUID says that there is none */
        ISOLATION_PROBLEM_SIGNATURE = 1 << 7,  /* "Microsoft Hv" without Hv#1, or the other way round */
};

struct isolation {
        bool hyperv; /* on Hyper-V at all */
        bool root_partition;
        enum isolation_type type;
        enum isolation_mode mode;
        enum encryption_scheme scheme;
        bool boundary_active;
        unsigned boundary_bits;           /* of the shared GPA boundary; 0 where there is none */
        enum tristate confidential_vmbus; /* available, as the paravisor says */
        enum isolation_source source;
        unsigned problems; /* bits of enum isolation_problem; 0: the sources agree */
};

struct snapshot;

/* Pure: from the cpuid, kmsg and file lines of a snapshot. Never fails: what cannot be known is unknown. */
struct isolation isolation_eval(const struct snapshot *s);

/* Whether there is a paravisor. */
enum tristate isolation_paravisor(const struct isolation *i);

const char *isolation_type_to_string(enum isolation_type t);       /* unknown none vbs snp tdx cca */
int isolation_type_from_string(const char *word);                  /* -EBADMSG */
const char *isolation_mode_to_string(enum isolation_mode m);       /* unknown paravisor enlightened */
const char *encryption_scheme_to_string(enum encryption_scheme s); /* unknown none vtom c-bit shared-bit */
const char *isolation_source_to_string(enum isolation_source s); /* none cpuid recorded dmesg device-tree */

/* One sentence for a person for one bit; NULL for a value that is not exactly one known bit. */
const char *isolation_problem_text(unsigned problem);
