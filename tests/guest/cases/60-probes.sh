# SPDX-License-Identifier: LGPL-2.1-or-later
# Every method of learning the flags that this kernel has finds what was offered, and they agree.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000060
disk=00000000-0000-4000-8000-000000000061

raw() { # METHOD: relid and flags of each channel that was offered here, as the method reports them
        /tests/probe-methods "$1" rig_probe >/tmp/probe.out || return 1
        sed -n 's/^channel \([1-9][0-9][0-9]\) flags=\([^ ]*\) .*/\1 \2/p' /tmp/probe.out | sort
}

finds() { # METHOD: exactly what was offered
        equal "$offered" "$(raw "$1")"
}

believed() { # METHOD SOURCE: cvmd, with this method, believes of all channels what is expected, and names the source
        cvmd_start "--probe=$1" || return 1
        _got=$(cvmctl devices --json | jq -r '.[].channels[] | "\(.relid) \(.ring) \(.dma) \(.source)"' | sort)
        systemctl stop cvmd
        equal "$(echo "$expected" | sed "s/\$/ $2/")" "$_got"
}

believed_unknown() {
        cvmd_start --probe=none || return 1
        _got=$(cvmctl devices --json | jq -r '.[].channels[] | "\(.ring) \(.dma)"' | sort -u)
        systemctl stop cvmd
        equal "unknown unknown" "$_got"
}

if ! confidential_possible; then
        skip "methods of the probe" "this kernel knows no confidential connection"
        finish
fi

simulator confidential=1
offer 100 $NETWORK $network 2
offer 101 $NETWORK $network 0 1
offer 102 $SCSI $disk 6
offered='100 0x2
101 0x0
102 0x6'
# with the balloon's, which QEMU offered
expected='1 plain plain
100 confidential plain
101 plain plain
102 confidential confidential'

for method in fprobe kprobe kprobe-offsets; do
        check "$method finds what was offered" finds $method
        check "cvmd believes it" believed $method kernel-probe
done
check "boot-trace finds what was offered" finds boot-trace
check "cvmd believes it" believed boot-trace boot-trace
check "without any method nothing is known of any channel" believed_unknown
check "nothing of it is left in tracefs" not grep -q rig_probe $TRACING/dynamic_events
clean_slate
finish
