/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's own description of itself, so that no version is ever asked for. */
#include "lib/facts/channel-layout.h"

#include <errno.h>

#define KERNEL_BTF "sys/kernel/btf/vmlinux"
#define MODULE_BTF "sys/kernel/btf/hv_vmbus"
#define BTF_MAX (64 * 1024 * 1024)

/* A field of struct vmbus_channel that must have that size, or be a bit-field of up to 8 bits within one
 * byte. */
static int find(const struct btf *btf, uint32_t id, const char *path, uint32_t size, struct btf_field *ret,
        struct diag *d) {
        struct btf_field f;
        int r = btf_find_field(btf, id, path, &f);

        if (r < 0)
                return diag_errno(d, r, "BTF: vmbus_channel.%s", path);
        if (f.bits ? size != 1 || f.bits + f.bit_offset % 8 > 8 : f.size != size || f.bit_offset % 8)
                return diag_fail(d, -EBADMSG,
                        "BTF: vmbus_channel.%s has an unknown form (%u bytes, %u bits)", path, f.size,
                        f.bits);
        *ret = f;
        return 0;
}

int channel_layout_eval(const struct btf *btf, struct channel_layout *ret, struct diag *d) {
        struct channel_layout l = {};
        uint32_t id;
        int r, s;

        r = btf_find_struct(btf, "vmbus_channel", &id);
        if (r < 0)
                return diag_fail(d, r, "BTF: there is no struct vmbus_channel");
        r = find(btf, id, "offermsg.child_relid", 4, &l.relid, d);
        if (r == 0)
                r = find(btf, id, "offermsg.offer.chn_flags", 2, &l.flags, d);
        if (r < 0)
                return r == -ENODATA ? -EBADMSG : r;
        r = find(btf, id, "co_ring_buffer", 1, &l.ring, d);
        s = find(btf, id, "co_external_memory", 1, &l.dma, d);
        /* one without the other proves nothing */
        if (r != s || (r < 0 && r != -ENODATA))
                return diag_fail(d, -EBADMSG,
                        "BTF: the confidential members of vmbus_channel are not as we know them");
        l.has_members = r == 0;
        *ret = l;
        return 0;
}

static int read_btf(struct sysroot *root, const char *path, char **ret, size_t *ret_size, struct diag *d) {
        int r = sysroot_read(root, path, BTF_MAX, ret, ret_size);

        return r < 0 ? diag_errno(d, r, "%s", path) : 0;
}

int channel_layout_read(struct sysroot *root, struct channel_layout *ret, struct diag *d) {
        _cleanup_(freep) char *kernel_bytes = NULL, *module_bytes = NULL;
        _cleanup_(btf_freep) struct btf *kernel = NULL, *module = NULL;
        size_t n;
        int r;

        r = read_btf(root, KERNEL_BTF, &kernel_bytes, &n, d);
        if (r == 0)
                r = btf_parse(kernel_bytes, n, NULL, &kernel, d);
        if (r < 0)
                return r;
        r = read_btf(root, MODULE_BTF, &module_bytes, &n, d);
        if (r == -ENOENT)
                return channel_layout_eval(kernel, ret, d); /* built in */
        if (r == 0)
                r = btf_parse(module_bytes, n, kernel, &module, d);
        return r < 0 ? r : channel_layout_eval(module, ret, d);
}
