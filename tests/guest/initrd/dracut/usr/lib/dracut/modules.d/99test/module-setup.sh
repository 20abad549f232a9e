#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest has no CPUID leaf for isolation: cvmd is given recorded ones. hvsim plays the host before udev is started.

check() {
        return 255
}

depends() {
        echo cvmd
}

installkernel() {
        hostonly='' instmods hvsim
}

install() {
        inst_multiple tar
        inst_simple /etc/modprobe.d/hvsim.conf
        inst_simple /etc/cvmd/test-cpuid
        mv "${initdir:?}/usr/sbin/cvmd" "$initdir/usr/sbin/cvmd.real"
        printf '#!/bin/sh\nexec /usr/sbin/cvmd.real --cpuid=/etc/cvmd/test-cpuid "$@"\n' >"$initdir/usr/sbin/cvmd"
        chmod 0755 "$initdir/usr/sbin/cvmd"
        inst_hook pre-pivot 50 "${moddir:?}/lay-tree.sh"
}
