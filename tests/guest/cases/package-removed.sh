# SPDX-License-Identifier: LGPL-2.1-or-later
# A boot after the removal, by the initrd that was made by it; then a purge, which leaves no file.
. ./lib.sh
. ./early.sh

# What belongs to others: logs and caches of the system, users that stay, and what the cases themselves wrote.
others() {
        grep -vE '^/(var/(log|cache|tmp|lib/(dpkg|systemd|initramfs-tools|dbus))|tests|tmp|run|root|boot|home)(/|$)|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/ssh/'
}

left_behind() { # by name: what was not there before, and is not of others; anything that sounds like ours
        find / -xdev | sort >/tmp/after
        comm -13 /var/tmp/before /tmp/after >/tmp/new
        others </tmp/new
        grep -vE '^/(tests|tmp)/' /tmp/new | grep cvm
}

check "the system is running" equal running "$(timeout 120 systemctl is-system-running --wait)"
check "the gate is open" autoprobe_is 1
check "a plain network has its driver" bound $plain hv_netvsc
check "a heartbeat has" bound $heartbeat hv_utils
check "cvmd and cvmctl are purged" dpkg --purge cvmd cvmctl
left_behind | sort -u >/tmp/left-behind
check "and leave no file" equal "" "$(cat /tmp/left-behind)"
check "but the users, whose numbers nobody else shall have" getent passwd cvmd-attest cvmd-fetch
finish
