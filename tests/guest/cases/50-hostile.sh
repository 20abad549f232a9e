# SPDX-License-Identifier: LGPL-2.1-or-later
# Those who undo, forge and get in the way.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000050

forged() { # KEY=VALUE...: a uevent from user space about our network
        /tests/forge-uevent "remove@/devices/$network" ACTION=remove "DEVPATH=/devices/$network" SUBSYSTEM=vmbus SEQNUM=1 "$@"
}

counted() { # NAME N: the counter has come to at least N
        [ "$(counter "$1")" -ge "$2" ]
}

bind_behind_the_back() {
        echo >"$(device $network)/driver_override" && echo $network >/sys/bus/vmbus/drivers/hv_netvsc/bind
}

broken_policy_refused() { # the caller gets file and line, the old policy stays
        cp $POLICY /tmp/good.json
        printf '{\n  "version": 1,\n  "rulez": []\n}\n' >$POLICY
        cvmctl reload 2>&1 | tee /tmp/reload.out
        cp /tmp/good.json $POLICY
        grep -q '50-test.json:3' /tmp/reload.out && grep -q rules /tmp/reload.out
}

again() { # CLASS FLAGS: the host offers the network once more, and we look
        echo "again 100 $1 $network $2" >$SIMULATOR && busctl --quiet call org.cvmd1 $OBJECT org.cvmd1.Manager Rescan
}

simulator
offer 100 $NETWORK $network 0
enforce_strictly
check "an event is left over, under our name" sh -c "echo 'p:cvmd/chan vmbus_onoffer' >>$TRACING/dynamic_events"
check "cvmd starts" cvmd_start
check "the event is no more" not grep -q 'cvmd/chan vmbus_onoffer' $TRACING/dynamic_events
check "the network is held" held $network 100

check "a forged uevent is sent" forged
check "it is counted" wait_until 30 counted uevents-forged 1
check "and nothing changed" is $network .verdict blocked

check "somebody binds the network behind our back" bind_behind_the_back
check "it is held again" wait_until 60 held $network 100
check "and counted" wait_until 30 counted rebounds 1

check "the driver goes and comes" sh -c "echo unregister hv_netvsc >$SIMULATOR; echo register hv_netvsc >$SIMULATOR"
check "the network is still held" held $network 100

check "the host offers it again, as a heartbeat" again $HEARTBEAT 0
check "which is what the kernel shows" grep -q $HEARTBEAT "$(device $network)/class_id"
check "it is a network, and blocked" is $network '.verdict, .class' blocked network
check "and held" held $network 100
check "and the status warns" warned "offered it again as another class"
check "the host is honest again" again $NETWORK 0
check "the network is as it was" is $network '.verdict, .class' blocked network

check "a broken policy is refused with its line, and a suggestion" broken_policy_refused
check "the old policy stays" is $network '.verdict, .rule' blocked payload-private
check "a good one is loaded" cvmctl reload
check "a stop succeeds" systemctl stop cvmd
check "nothing of ours is left in tracefs" nothing_in_tracefs
clean_slate
finish
