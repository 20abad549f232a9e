# SPDX-License-Identifier: LGPL-2.1-or-later
# The rig itself: what the other cases stand on is there, and works.
. ./lib.sh

network=00000000-0000-4000-8000-000000000001
EVENT='subchannel_id_show relid=channel->offermsg.child_relid flags=channel->offermsg.offer.chn_flags:x16'

balloon_bound() {
        bound "$(balloon)" hv_balloon
}

event_logged() { # arms an event on the attribute, reads the attribute, looks for the flags in the trace
        echo "f:rig/chan $EVENT" >>$TRACING/dynamic_events || return 1
        mkdir $TRACING/instances/rig
        echo 1 >$TRACING/instances/rig/events/rig/chan/enable
        cat "$(device $network)/channels/100/subchannel_id"
        cat $TRACING/instances/rig/trace
        grep -q 'relid=100 flags=0x2' $TRACING/instances/rig/trace
}

event_removed() {
        echo 0 >$TRACING/instances/rig/events/rig/chan/enable
        rmdir $TRACING/instances/rig
        echo '-:rig/chan' >>$TRACING/dynamic_events
}

check "QEMU's balloon is on the VMBus, bound by the real driver" wait_until 60 balloon_bound
check "its ring is open" test -n "$(ring_of "$(balloon)" 1)"
check "there is a TPM" test -c /dev/tpmrm0
check "there is a system bus" busctl --quiet status org.freedesktop.DBus

if confidential_possible; then
        check "the simulator loads, confidential" simulator confidential=1
else
        check_not "the simulator refuses what this kernel does not know" simulator confidential=1
        check "the simulator loads" simulator
fi
check "an offer becomes a device" offer 100 $NETWORK $network 2
check "the stub driver binds it" wait_until 30 bound $network hv_netvsc
check "a sub-channel becomes a channel of it" offer 101 $NETWORK $network 0 1
check "the sub-channel says which it is" equal 1 "$(cat "$(device $network)/channels/101/subchannel_id")"
if grep -q 'f\[:' $TRACING/README; then
        check "a function event tells the flags of the offer" event_logged
        event_removed
else
        skip "a function event tells the flags of the offer" "this kernel has no fprobe events"
fi
check "a rescind of the sub-channel leaves the device" rescind 101
check "the device is still there" bound $network
check "a rescind of the primary channel removes the device" rescind 100
check_not "the device is gone" test -e "$(device $network)"
check "a driver can come late: first it goes" sh -c "echo unregister hv_netvsc >$SIMULATOR"
check "an offer without a driver is a device" offer 102 $NETWORK $network 0
check_not "it is unbound" bound $network
check "the driver comes" sh -c "echo register hv_netvsc >$SIMULATOR"
check "and binds" wait_until 30 bound $network
check_not "a relid is not offered twice" sh -c "echo offer 102 $NETWORK $network 0 >$SIMULATOR"
check "the simulator takes away what it offered" simulator_gone
check_not "nothing of it is left" test -e "$(device $network)"
finish
