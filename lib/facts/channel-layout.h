/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the running kernel keeps in struct vmbus_channel what the probe wants. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/sysroot.h"
#include "lib/facts/btf.h"

struct channel_layout {
        struct btf_field relid, flags; /* offermsg.child_relid, offermsg.offer.chn_flags */
        bool has_members;              /* false: a proof that this kernel has no confidential channels */
        struct btf_field ring, dma;    /* co_ring_buffer, co_external_memory */
};

/* Pure. -ENODATA when there is no struct vmbus_channel, -EBADMSG when it is not as we know it. */
int channel_layout_eval(const struct btf *btf, struct channel_layout *ret, struct diag *d);

/* From the BTF of the kernel, or of hv_vmbus where that is a module. Reads megabytes: ask once. */
int channel_layout_read(struct sysroot *root, struct channel_layout *ret, struct diag *d);
