#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# latency.sh run ROUNDS: runs in the guest and prints what bench_latency.py makes a table of, all times in microseconds
# since boot, by one clock:
#   uevent INSTANCE USEC                    the kernel sends the event of the device's channel
#   cvmd INSTANCE SEEN DECIDED BLOCKED      what cvmd says
#   floor INSTANCE USEC                     the shell has read again what it wrote
cd /tests/cases || exit 1
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
. ./lib.sh
. ./daemon.sh

BATCH=10 # devices at once: no more than a machine has
TRACE=$TRACING/instances/latency
number=100
unbinds=/run/latency-unbinds channels=/run/latency-channels

instance() { # NUMBER
        echo "00000000-0000-4000-8000-$(printf %012d "$1")"
}

trace_uevents() { # what is sent is the skb's data, which begins with ACTION@PATH
        mkdir $TRACE && echo boot >$TRACE/trace_clock &&
                echo 'p:latency/uevent netlink_broadcast_filtered text=+0(skb->data):string' >>$TRACING/dynamic_events &&
                echo 1 >$TRACE/events/latency/uevent/enable
}

# The floor: no more than what has to be written, and what has to be read again. Builtins alone.
# shellcheck disable=SC2034 # what is read is not used
floor_loop() {
        exec 3>$TRACE/trace_marker 2>/dev/null
        while read -r path; do
                relid=${path##*/}
                path=${path%/channels/*}
                instance=${path##*/}
                device=/sys/bus/vmbus/devices/$instance
                echo cvmd-blocked >"$device/driver_override"
                echo "$instance" >/sys/bus/vmbus/drivers/hv_netvsc/unbind
                [ ! -e "$device/driver" ] || echo "still bound: $instance" >&3
                read -r mask <"$device/channels/$relid/out_mask"
                read -r override <"$device/driver_override"
                read -r id <"$device/id"
                echo "floor $instance" >&3
        done
}

floor_start() {
        nice -n -10 /tests/uevent-lines add channels >$channels &
        listener=$!
        exec 5<$channels
        read -r _ready <&5
        nice -n -10 sh /tests/latency.sh floor <&5 &
        loop=$!
        exec 5<&-
}

floor_stop() { # without its listener the loop ends
        kill $listener
        wait $listener $loop
}

# Ends when the device has no driver any more and everybody who heard of it is done with it.
offer_and_settle() { # NUMBER
        _instance=$(instance "$1")
        echo "offer $1 $NETWORK $_instance 0" >$SIMULATOR
        while read -r path; do
                [ "${path##*/}" != "$_instance" ] || break
        done <&4
        udevadm settle
        equal cvmd-blocked "$(cat "$(device "$_instance")/driver_override")" && not bound "$_instance"
}

batch() { # WHO: one device after the other
        _first=$number
        while [ $number -lt $((_first + BATCH)) ]; do
                offer_and_settle $number || echo "error $1 $(instance $number) is not blocked"
                number=$((number + 1))
        done
        [ "$1" != cvmd ] || stamps
        tell
        while [ $_first -lt $number ]; do
                rescind $_first
                _first=$((_first + 1))
        done
}

stamps() {
        wait_until 60 state_is compliant 0
        cvmctl devices --json | jq -r '.[] | select(.class == "network") | .times |= map_values(.usec) |
                "cvmd \(.instance) \(.times.seen) \(.times.decided) \(.times.blocked)"'
}

tell() { # from the trace: its stamps are seconds with six digits
        sed -nE -e 's|^.* ([0-9]+)\.([0-9]{6}): uevent: .*text="add@[^"]*/([0-9a-f-]{36})/channels/[0-9]+".*|uevent \3 \1\2|p' \
                -e 's|^.* ([0-9]+)\.([0-9]{6}): tracing_mark_write: (floor [0-9a-f-]{36}).*|\3 \1\2|p' \
                -e 's|^.*tracing_mark_write: (still bound.*)|error \1|p' $TRACE/trace
        echo >$TRACE/trace
}

round() { # WHO BATCHES
        _left=$2
        while [ "$_left" -gt 0 ]; do
                batch "$1"
                _left=$((_left - 1))
        done
}

[ "$1" != floor ] || { floor_loop; exit; }
trace_uevents || exit 1
simulator confidential=1 || simulator
enforce_strictly
mkfifo $unbinds $channels
/tests/uevent-lines unbind vmbus >$unbinds &
exec 4<$unbinds
read -r _ready <&4
left=$2
while [ "$left" -gt 0 ]; do
        cvmd_start && batch warm-up >/dev/null
        round cvmd 5
        systemctl stop cvmd
        floor_start
        batch warm-up >/dev/null
        round floor 5
        floor_stop
        left=$((left - 1))
done
