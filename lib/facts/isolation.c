/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the isolation of a guest from its CPUID leaves, and holding every other source against them. Where
 * two sources contradict each other neither is believed: the type is unknown, and `problems` says why.
 */
#include "lib/facts/isolation.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/name-table.h"
#include "lib/facts/snapshot.h"

/* Hyper-V TLFS, chapter 2: feature discovery. Isolation: HV_CPUID_ISOLATION_CONFIG of hvgdk_mini.h. */
#define LEAF_VENDOR 0x0
#define LEAF_PROCESSOR 0x1
#define HYPERVISOR_PRESENT (1u << 31) /* ECX */
#define LEAF_HYPERVISOR 0x40000000
#define LEAF_INTERFACE 0x40000001
#define SIGNATURE_HV1 0x31237648 /* "Hv#1" */
#define LEAF_FEATURES 0x40000003
#define PRIVILEGE_CPU_MANAGEMENT (1u << 12) /* EBX */
#define PRIVILEGE_ISOLATION (1u << 22)      /* EBX */
#define LEAF_ISOLATION 0x4000000c
#define ISOLATION_PARAVISOR (1u << 0)       /* EAX */
#define ISOLATION_TYPE_MASK 0xfu            /* EBX */
#define ISOLATION_BOUNDARY_ACTIVE (1u << 5) /* EBX */
#define ISOLATION_BOUNDARY_SHIFT 6          /* EBX */
#define ISOLATION_BOUNDARY_MASK 0x3fu

/* What the virtualisation stack answers: HYPERV_CPUID_VIRT_STACK_INTERFACE and the two around it. */
#define LEAF_STACK 0x40000080
#define LEAF_STACK_INTERFACE 0x40000081
#define SIGNATURE_VS1 0x31235356 /* "VS#1" */
#define LEAF_STACK_PROPERTIES 0x40000082
#define STACK_CONFIDENTIAL_VMBUS (1u << 3) /* EAX */

static const char *const type_names[] = {
        [ISOLATION_UNKNOWN] = "unknown",
        [ISOLATION_NONE] = "none",
        [ISOLATION_VBS] = "vbs",
        [ISOLATION_SNP] = "snp",
        [ISOLATION_TDX] = "tdx",
        [ISOLATION_CCA] = "cca",
};
_Static_assert(N_NAMES(type_names) == _ISOLATION_TYPE_MAX, "every isolation type has a name");

static const char *const mode_names[] = {
        [ISOLATION_MODE_UNKNOWN] = "unknown",
        [ISOLATION_MODE_PARAVISOR] = "paravisor",
        [ISOLATION_MODE_ENLIGHTENED] = "enlightened",
};
_Static_assert(N_NAMES(mode_names) == _ISOLATION_MODE_MAX, "every isolation mode has a name");

static const char *const scheme_names[] = {
        [ENCRYPTION_UNKNOWN] = "unknown",
        [ENCRYPTION_NONE] = "none",
        [ENCRYPTION_VTOM] = "vtom",
        [ENCRYPTION_C_BIT] = "c-bit",
        [ENCRYPTION_SHARED_BIT] = "shared-bit",
};
_Static_assert(N_NAMES(scheme_names) == _ENCRYPTION_SCHEME_MAX, "every encryption scheme has a name");

static const char *const source_names[] = {
        [ISOLATION_SOURCE_NONE] = "none",
        [ISOLATION_SOURCE_CPUID] = "cpuid",
        [ISOLATION_SOURCE_RECORDED] = "recorded",
        [ISOLATION_SOURCE_DMESG] = "dmesg",
        [ISOLATION_SOURCE_DEVICE_TREE] = "device-tree",
};
_Static_assert(N_NAMES(source_names) == _ISOLATION_SOURCE_MAX, "every isolation source has a name");

/* In the order of the bits. */
static const char *const problem_texts[] = {
        "the isolation type does not fit the processor's vendor",
        "CPUID leaf 0x4000000c names an isolation type that no specification knows",
        "CPUID says that the guest is isolated, but does not answer leaf 0x4000000c",
        "CPUID says that this is an isolated guest and a root partition at once",
        "CPUID leaf 0x40000082 answers, but 0x40000080 and 0x40000081 do not announce it",
        "the kernel log has another isolation configuration than CPUID",
        "the VMBus connection is confidential, but CPUID says that there is no confidential VMBus",
        "CPUID has one of the signatures \"Microsoft Hv\" and \"Hv#1\" without the other",
};

/* A leaf that is not there reads as zeroes, which is what a hypervisor answers beyond its highest. */
static struct cpuid_leaf leaf_of(const struct snapshot *s, uint32_t leaf) {
        const struct cpuid_leaf *l = cpuid_find(&s->cpuid, leaf, 0);

        return l ? *l : (struct cpuid_leaf){ .leaf = leaf };
}

/* Whether b, c, d hold these 12 characters. */
static bool signature_is(uint32_t b, uint32_t c, uint32_t d, const char *text) {
        const uint32_t parts[] = { b, c, d };

        for (size_t i = 0; i < 12; i++)
                if ((parts[i / 4] >> 8 * (i % 4) & 0xff) != (unsigned char)text[i])
                        return false;
        return true;
}

/* "Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2": what the kernel read from leaf 0x4000000c. */
static bool logged_config(const struct snapshot *s, unsigned *ret_a, unsigned *ret_b) {
        for (size_t i = 0; i < s->n_kmsg; i++)
                if (sscanf(s->kmsg[i], "Hyper-V: Isolation Config: Group A 0x%x, Group B 0x%x", ret_a,
                            ret_b) == 2)
                        return true;
        return false;
}

static bool logged_confidential_connection(const struct snapshot *s) {
        for (size_t i = 0; i < s->n_kmsg; i++)
                if (strcmp(s->kmsg[i], "hv_vmbus: Establishing connection to the confidential VMBus") == 0)
                        return true;
        return false;
}

static enum isolation_type type_of(uint32_t config_b, unsigned *problems) {
        static const enum isolation_type types[] = { ISOLATION_NONE, ISOLATION_VBS, ISOLATION_SNP,
                ISOLATION_TDX, ISOLATION_CCA };
        uint32_t n = config_b & ISOLATION_TYPE_MASK;

        if (n < sizeof(types) / sizeof(types[0]))
                return types[n];
        *problems |= ISOLATION_PROBLEM_TYPE;
        return ISOLATION_UNKNOWN;
}

/* Everything that the two registers of the isolation leaf say. */
static void eval_config(struct isolation *ret, uint32_t config_a, uint32_t config_b) {
        ret->type = type_of(config_b, &ret->problems);
        if (ret->type == ISOLATION_UNKNOWN)
                return;
        if (ret->type == ISOLATION_NONE) {
                ret->scheme = ENCRYPTION_NONE;
                return;
        }
        ret->mode = config_a & ISOLATION_PARAVISOR ? ISOLATION_MODE_PARAVISOR : ISOLATION_MODE_ENLIGHTENED;
        ret->boundary_active = config_b & ISOLATION_BOUNDARY_ACTIVE;
        if (ret->boundary_active) {
                ret->boundary_bits = config_b >> ISOLATION_BOUNDARY_SHIFT & ISOLATION_BOUNDARY_MASK;
                ret->scheme = ENCRYPTION_VTOM;
        } else if (ret->type == ISOLATION_SNP)
                ret->scheme = ENCRYPTION_C_BIT;
        else if (ret->type == ISOLATION_TDX)
                ret->scheme = ENCRYPTION_SHARED_BIT;
        else if (ret->type == ISOLATION_VBS)
                ret->scheme = ENCRYPTION_NONE;
}

static bool vendor_fits(const struct snapshot *s, enum isolation_type type) {
        struct cpuid_leaf l = leaf_of(s, LEAF_VENDOR);

        /* EBX, EDX, ECX is the order in which leaf 0 spells its vendor */
        if (type == ISOLATION_SNP)
                return !signature_is(l.ebx, l.edx, l.ecx, "GenuineIntel");
        if (type == ISOLATION_TDX)
                return !signature_is(l.ebx, l.edx, l.ecx, "AuthenticAMD");
        return type != ISOLATION_CCA; /* CPUID is an x86 instruction */
}

/*
 * The kernel takes 0x40000082 for what it says, without asking whether it is announced. So an unannounced
 * leaf with the bit set is no proof that there is a confidential VMBus, but one without it proves that the
 * kernel sees none.
 */
static enum tristate eval_stack(const struct snapshot *s, unsigned *problems) {
        struct cpuid_leaf first = leaf_of(s, LEAF_STACK);
        bool set = leaf_of(s, LEAF_STACK_PROPERTIES).eax & STACK_CONFIDENTIAL_VMBUS;

        if (signature_is(first.ebx, first.ecx, first.edx, "Microsoft VS") &&
                first.eax >= LEAF_STACK_PROPERTIES && leaf_of(s, LEAF_STACK_INTERFACE).eax == SIGNATURE_VS1)
                return set ? TRISTATE_YES : TRISTATE_NO;
        if (set) {
                *problems |= ISOLATION_PROBLEM_VS;
                return TRISTATE_UNKNOWN;
        }
        return cpuid_find(&s->cpuid, LEAF_STACK_PROPERTIES, 0) ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

/* Of a guest on Hyper-V. */
static void eval_hyperv(struct isolation *ret, const struct snapshot *s) {
        uint32_t highest = leaf_of(s, LEAF_HYPERVISOR).eax;
        uint32_t privileges = highest >= LEAF_FEATURES ? leaf_of(s, LEAF_FEATURES).ebx : 0;
        struct cpuid_leaf config = leaf_of(s, LEAF_ISOLATION);
        unsigned a, b;

        ret->root_partition = privileges & PRIVILEGE_CPU_MANAGEMENT;
        ret->confidential_vmbus = eval_stack(s, &ret->problems);
        if (!(privileges & PRIVILEGE_ISOLATION))
                config = (struct cpuid_leaf){};
        else if (highest < LEAF_ISOLATION || !cpuid_find(&s->cpuid, LEAF_ISOLATION, 0))
                ret->problems |= ISOLATION_PROBLEM_LEAF;
        else if (ret->root_partition)
                ret->problems |= ISOLATION_PROBLEM_ROOT;
        eval_config(ret, config.eax, config.ebx);
        if (ret->type != ISOLATION_UNKNOWN && ret->type != ISOLATION_NONE && !vendor_fits(s, ret->type))
                ret->problems |= ISOLATION_PROBLEM_VENDOR;
        if (logged_config(s, &a, &b) && (a != config.eax || b != config.ebx))
                ret->problems |= ISOLATION_PROBLEM_DMESG;
}

static struct isolation eval_cpuid(const struct snapshot *s) {
        struct isolation i = { .source = s->cpuid_recorded ? ISOLATION_SOURCE_RECORDED
                                                           : ISOLATION_SOURCE_CPUID };
        struct cpuid_leaf first = leaf_of(s, LEAF_HYPERVISOR);
        bool microsoft = signature_is(first.ebx, first.ecx, first.edx, "Microsoft Hv");
        bool hv1 = leaf_of(s, LEAF_INTERFACE).eax == SIGNATURE_HV1;
        unsigned a, b;

        if (!(leaf_of(s, LEAF_PROCESSOR).ecx & HYPERVISOR_PRESENT))
                microsoft = hv1 = false;
        i.hyperv = microsoft || hv1;
        if (microsoft != hv1)
                i.problems |= ISOLATION_PROBLEM_SIGNATURE;
        if (i.hyperv)
                eval_hyperv(&i, s);
        else {
                i.type = ISOLATION_NONE;
                i.scheme = ENCRYPTION_NONE;
                i.confidential_vmbus = TRISTATE_NO;
                if (logged_config(s, &a, &b))
                        i.problems |= ISOLATION_PROBLEM_DMESG;
        }
        if (i.confidential_vmbus == TRISTATE_NO &&
                (s->connection.confidential == TRISTATE_YES || logged_confidential_connection(s)))
                i.problems |= ISOLATION_PROBLEM_CONNECTION;
        return i;
}

static int is_vmbus_node(const char *name, const struct snapshot_entry *e, void *data) {
        return strstr(name, "vmbus") ? 1 : 0;
}

static int is_anything(const char *name, const struct snapshot_entry *e, void *data) {
        return 1;
}

/*
 * Where there is no CPUID: the kernel log says more than the device tree, which only says that something is
 * there.
 */
static struct isolation eval_hints(const struct snapshot *s) {
        struct isolation i = {};
        unsigned a, b;
        bool node = snapshot_each_child(s, "sys/bus/platform/devices", is_vmbus_node, NULL) > 0;

        i.hyperv = node || snapshot_each_child(s, "sys/bus/vmbus/devices", is_anything, NULL) > 0;
        if (logged_config(s, &a, &b)) {
                i.hyperv = true;
                i.source = ISOLATION_SOURCE_DMESG;
                eval_config(&i, a, b);
        } else if (snapshot_find(s, "sys/bus/platform/devices/arm-cca-dev")) {
                i.source = ISOLATION_SOURCE_DEVICE_TREE;
                i.type = ISOLATION_CCA;
        } else if (node)
                i.source = ISOLATION_SOURCE_DEVICE_TREE;
        return i;
}

/*
 * Contradictions about what the guest is leave nothing of the answer; those about the connection are its
 * own.
 */
static void distrust(struct isolation *i) {
        if (!(i->problems & ~(unsigned)(ISOLATION_PROBLEM_VS | ISOLATION_PROBLEM_CONNECTION)))
                return;
        i->type = ISOLATION_UNKNOWN;
        i->mode = ISOLATION_MODE_UNKNOWN;
        i->scheme = ENCRYPTION_UNKNOWN;
        i->boundary_active = false;
        i->boundary_bits = 0;
}

struct isolation isolation_eval(const struct snapshot *s) {
        struct isolation i = s->cpuid.n > 0 ? eval_cpuid(s) : eval_hints(s);

        distrust(&i);
        return i;
}

enum tristate isolation_paravisor(const struct isolation *i) {
        switch (i->mode) {
        case ISOLATION_MODE_PARAVISOR:
                return TRISTATE_YES;
        case ISOLATION_MODE_ENLIGHTENED:
                return TRISTATE_NO;
        case ISOLATION_MODE_UNKNOWN:
        case _ISOLATION_MODE_MAX:
                break;
        }
        return i->type == ISOLATION_NONE ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

const char *isolation_type_to_string(enum isolation_type t) {
        return name_of(type_names, N_NAMES(type_names), t);
}

int isolation_type_from_string(const char *word) {
        return name_find(type_names, N_NAMES(type_names), word);
}

const char *isolation_mode_to_string(enum isolation_mode m) {
        return name_of(mode_names, N_NAMES(mode_names), m);
}

const char *encryption_scheme_to_string(enum encryption_scheme s) {
        return name_of(scheme_names, N_NAMES(scheme_names), s);
}

const char *isolation_source_to_string(enum isolation_source s) {
        return name_of(source_names, N_NAMES(source_names), s);
}

const char *isolation_problem_text(unsigned problem) {
        for (size_t i = 0; i < N_NAMES(problem_texts); i++)
                if (problem == 1u << i)
                        return problem_texts[i];
        return NULL;
}
