# SPDX-License-Identifier: LGPL-2.1-or-later
# The packages are installed into a running guest, which changes nothing for its devices.
. ./lib.sh
. ./daemon.sh

initrd_has() { # PATH
        lsinitramfs "/boot/initrd.img-$(uname -r)" >/tmp/initrd-list && grep -x "$1" /tmp/initrd-list
}

find / -xdev | sort >/var/tmp/before
check "there is no cvmd" sh -c '! command -v cvmd'
started=$(cut -d. -f1 /proc/uptime)
check "the packages are installed" dpkg -i /tests/packages/0/*.deb
echo "# dpkg -i took $(($(cut -d. -f1 /proc/uptime) - started)) s of the guest's time"
check "wholly" equal "" "$(dpkg --audit)"
check "cvmd is active" cvmd_active
check "on the bus" wait_until 60 on_bus
check "it reports only" equal audit "$(cvmctl status --json | jq -r .mode)"
check "the balloon violates" judged "$(balloon)" violating
check "and has its driver" bound "$(balloon)" hv_balloon
check "what the package promises holds" sh ./installed
check "the initrd has cvmd" initrd_has usr/sbin/cvmd
check "and what closes the gate" initrd_has scripts/init-top/cvmd
check "nothing failed" equal "" "$(systemctl --failed --no-legend --plain)"
finish
