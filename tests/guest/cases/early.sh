# SPDX-License-Identifier: LGPL-2.1-or-later
# What the cases share that are about a boot with a real initrd: whom hvsim offered there, and who was probed.

plain=00000000-0000-4000-8000-000000000070     # these were offered before the drivers were there,
private=00000000-0000-4000-8000-000000000071
heartbeat=00000000-0000-4000-8000-000000000072
disk=00000000-0000-4000-8000-000000000073
plain_late=00000000-0000-4000-8000-000000000074 # and these after that
private_late=00000000-0000-4000-8000-000000000075

probed() { # INSTANCE DRIVER: the driver core offered the one to the other, at any time since boot
        dmesg | grep -F "$1" | grep -F "probing driver $2 "
}

decided() { # INSTANCE: its verdicts, in order; not that it was pending for a while on a slow kernel, nor that another policy
        # said the same
        jq -r "select(.event == \"decision\" and .instance == \"$1\") | .verdict" /run/cvmd/decisions.log |
                awk '$0 == "pending" { waited = 1; next } !(waited && $0 == last) { print } { waited = 0; last = $0 }' |
                if [ -e /tests/older ]; then uniq; else cat; fi
}

gate_is() {
        equal "$1" "$(busctl --json=short get-property org.cvmd1 $OBJECT org.cvmd1.Manager Gate | jq -r .data)"
}

autoprobe_is() {
        equal "$1" "$(cat /sys/bus/vmbus/drivers_autoprobe)"
}
