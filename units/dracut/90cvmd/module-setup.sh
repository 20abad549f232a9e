#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Puts cvmd into the initrd, with the policy as it is now.

check() {
	require_binaries /usr/sbin/cvmd
}

depends() {
	return 0
}

installkernel() {
	hostonly='' instmods hv_vmbus
}

install() {
	local folder file

	inst_multiple /usr/sbin/cvmd /usr/lib/cvmd/early-prepare modprobe mount
	# as they are: a link to /dev/null takes a file away, and cvmd looks at who may write them
	for folder in /etc/cvmd/policy.d /usr/lib/cvmd/policy.d; do
		for file in "${dracutsysrootdir-}$folder"/*.json; do
			[[ -e $file || -h $file ]] || continue
			mkdir -p "${initdir:?}$folder"
			cp -a "$file" "$initdir$folder/"
		done
	done
	if dracut_module_included systemd; then
		inst_simple "${moddir:?}/cvmd-early.service" "${systemdsystemunitdir:?}/cvmd-early.service"
		$SYSTEMCTL -q --root "$initdir" enable cvmd-early.service
	else
		inst_hook pre-udev 00 "${moddir:?}/cvmd-early.sh"
	fi
	inst_hook cleanup 00 "$moddir/cvmd-handover.sh"
}
