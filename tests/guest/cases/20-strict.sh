# SPDX-License-Identifier: LGPL-2.1-or-later
# A confidential connection and the strict policy: who is allowed, who is blocked, and that it stays so.
. ./lib.sh
. ./daemon.sh

private=00000000-0000-4000-8000-000000000020
plain=00000000-0000-4000-8000-000000000021
disk=00000000-0000-4000-8000-000000000022
heartbeat=00000000-0000-4000-8000-000000000023
other=00000000-0000-4000-8000-000000000024

if ! confidential_possible; then
        skip "strict policy on a confidential connection" "this kernel knows no confidential connection"
        finish
fi

offers() {
        simulator confidential=1 && offer 100 $NETWORK $private 2 && offer 101 $NETWORK $plain 0 &&
                offer 102 $SCSI $disk 6 && offer 103 $HEARTBEAT $heartbeat 0
}

all_sources() { # SOURCE: of every device and channel
        equal "$1" "$(cvmctl devices --json | jq -r '.[] | .source, .channels[].source' | sort -u)"
}

event_removed() { # although it is enabled, so that a mere removal would be refused
        echo 0 >"$instance/events/${event#*:}/enable" && echo "-:${event#*:}" >>$TRACING/dynamic_events
}

check "devices are offered" offers
check "the balloon is bound" wait_until 60 bound "$(balloon)" hv_balloon
check "its ring is open" test -n "$(ring_of "$(balloon)" 1)"
check "the policy is in place" enforce_strictly
check "cvmd starts" cvmd_start

check "a confidential network is allowed" is $private '.verdict, .ring, .dma' allowed confidential plain
check "and stays bound" bound $private hv_netvsc
check "a plain network is blocked" is $plain '.verdict, .rule, .ring, .dma' blocked payload-private plain plain
check "and held" held $plain 101
check "a confidential disk is allowed" is $disk '.verdict, .ring, .dma' allowed confidential confidential
check "the heartbeat is allowed" is $heartbeat '.verdict, .rule' allowed control
check "the balloon is blocked by default" is "$(balloon)" '.verdict, .rule' blocked '(default)'
check "and held, its ring closed" held "$(balloon)" 1
check "all was learned from the kernel" all_sources kernel-probe
check "as all that violates is blocked, the guest is compliant" state_is compliant 0

check "a plain sub-channel is offered" offer 110 $NETWORK $private 0 1
check "its device is blocked" judged $private blocked
check "for the sub-channel" is $private '.ring, (.channels[] | select(.relid == 110) | .ring)' plain plain
check "and held" held $private 100

check "the plain network goes" rescind 101
check "it comes back, plain" offer 120 $NETWORK $plain 0
check "it is blocked again" judged $plain blocked
check "and held again" held $plain 120
check "it goes again" rescind 120
check "it comes back, confidential" offer 121 $NETWORK $plain 2
check "it is allowed" judged $plain allowed
check "and bound" wait_until 30 bound $plain hv_netvsc

event=$(cut -d' ' -f1 $TRACING/dynamic_events | grep cvmd)
instance=$TRACING/instances/cvmd
check "somebody removes our event" event_removed
check "another network is offered" offer 130 $NETWORK $other 2
check "the event is armed again: it is allowed" judged $other allowed
check "as the kernel said" is $other .source kernel-probe

before=$(verdicts)
check "cvmd is killed, and is back" killed_and_back
check "every verdict is the same" wait_until 60 sh -c '. ./lib.sh; . ./daemon.sh; equal "$0" "$(verdicts)"' "$before"
check "the network is still held" held $private 100
check "the balloon is still held" held "$(balloon)" 1
check "the disk is still bound" bound $disk hv_storvsc

check "an administrator allows the network" cvmctl allow --runtime $private
check "it is bound" wait_until 30 bound $private hv_netvsc
check "its verdict says so" judged $private allowed
check "a stop succeeds" systemctl stop cvmd
check "nothing of ours is left in tracefs" nothing_in_tracefs
check "the balloon is still held" held "$(balloon)" 1
clean_slate
finish
