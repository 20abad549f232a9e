# SPDX-License-Identifier: LGPL-2.1-or-later
# Every method of learning the flags that this kernel has finds what was offered, and they agree.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000060
disk=00000000-0000-4000-8000-000000000061

channels() { # METHOD: relid and flags of each channel
        /tests/probe-methods "$1" rig_probe >/tmp/probe.out || return 1
        sed -n 's/^channel \([0-9]*\) flags=\([^ ]*\) ring=\([^ ]*\) dma=\([^ ]*\) .*/\1 \2 \3 \4/p' /tmp/probe.out | sort
}

finds() { # METHOD: exactly what was offered
        _found=$(channels "$1") || return 1
        equal "$offered" "$(echo "$_found" | grep '^[1-9][0-9][0-9] ')"
}

if ! confidential_possible; then
        skip "methods of the probe" "this kernel knows no confidential connection"
        finish
fi

simulator confidential=1
offer 100 $NETWORK $network 2
offer 101 $NETWORK $network 0 1
offer 102 $SCSI $disk 6
offered='100 0x2 yes no
101 0x0 no no
102 0x6 yes yes'

for method in fprobe kprobe kprobe-offsets boot-trace; do
        check "$method finds what was offered" finds $method
done
channels fprobe >/tmp/fprobe
for method in kprobe kprobe-offsets; do
        check "$method agrees with fprobe on all channels" equal "$(cat /tmp/fprobe)" "$(channels $method)"
done
check "nothing of it is left in tracefs" not grep -q rig_probe $TRACING/dynamic_events
clean_slate
finish
