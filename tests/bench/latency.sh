#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# latency.sh run ROUNDS: runs in the guest and prints what bench_latency.py makes a table of, all times in microseconds
# since boot, by one clock:
#   uevent INSTANCE USEC                    the kernel sends the event of the device's channel
#   cvmd INSTANCE SEEN DECIDED BLOCKED      what cvmd says
#   floor INSTANCE USEC                     the shell has read again what it wrote
# latency.sh floor: that shell, which reads the paths of channels.
cd /tests/cases || exit 1
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
. ./lib.sh
. ./daemon.sh

BATCH=10 # devices at once: no more than a machine has
WARM_UP=5
TRACE=$TRACING/instances/latency
number=100
unbinds=/run/latency-unbinds
state=/run/latency-state ready=/run/latency-ready

instance() { # NUMBER
        echo "00000000-0000-4000-8000-$(printf %012d "$1")"
}

trace_uevents() { # what is sent is the skb's data, which begins with ACTION@PATH
        mkdir $TRACE && echo boot >$TRACE/trace_clock &&
                echo 'p:latency/uevent netlink_broadcast_filtered text=+0(skb->data):string' >>$TRACING/dynamic_events &&
                echo 1 >$TRACE/events/latency/uevent/enable
}

# Memory that was never used is given to the machine by its host at the first touch, which takes long here and falls on
# whoever happens to be the first.
touch_memory() {
        mkdir -p /run/memory && mount -t tmpfs -o size=100% tmpfs /run/memory || return
        head -c "$(awk '/^MemAvailable:/ { print ($2 - 100 * 1024) * 1024 }' /proc/meminfo)" /dev/zero >/run/memory/all
        umount /run/memory
}

# What the floor learns of a channel from: an instance and event of its own, like the probe's.
floor_probe() {
        probe=$TRACING/instances/floor
        fields='relid=channel->offermsg.child_relid:u32 flags=channel->offermsg.offer.chn_flags:x16
                ring=channel->co_ring_buffer:u8 ext=channel->co_external_memory:u8'
        mkdir $probe && echo $$ >$probe/set_event_pid &&
                echo "f:floor/chan subchannel_id_show" $fields >>$TRACING/dynamic_events &&
                echo 1 >$probe/events/floor/chan/enable
}

# What has to be read to decide and before anything is done: what the device is and whether its channel is confidential,
# which object it is, whether its ring is open, what override it has, and the driver to unbind it from.
# shellcheck disable=SC2034 # not all of what is read is used
floor_look() {
        echo "round $round" >$probe/trace_marker
        read -r class <"$device/class_id"
        read -r before <"$device/id"
        read -r sub <"$device/channels/$relid/subchannel_id"
        read -r line <&4
        read -r line <&4
        case $class$line in
        "{$NETWORK}"*" relid=$relid "*" ring=0 "*) ;;
        *) echo "not seen: $instance: $class$line" >&3 ;;
        esac
        read -r mask <"$device/channels/$relid/out_mask"
        read -r override <"$device/driver_override"
        cd -P "$device/driver" || echo "not seen: $instance: no driver" >&3
        driver=${PWD##*/}
}

# The floor: the files that cvmd writes, and what has to be read: what floor_look() says, links that would have to go
# down first, and at the end what was written. Builtins alone, and notes without the rename that keeps them whole.
# shellcheck disable=SC2034
floor_loop() {
        mkdir -p $state/helpers $state/overrides && floor_probe || exit 1
        exec 3>$TRACE/trace_marker 4<$probe/trace_pipe 2>/dev/null
        round=0
        while read -r path; do
                [ "$path" != ready ] || { : >$ready; continue; }
                relid=${path##*/}
                path=${path%/channels/*}
                instance=${path##*/}
                device=/sys/bus/vmbus/devices/$instance
                round=$((round + 1))
                floor_look
                echo "block $$" >$state/helpers/$instance
                for link in "$device"/net/*; do
                        [ ! -e "$link" ] || echo "not seen: $link" >&3
                done
                echo "$override" >$state/overrides/$instance
                echo cvmd-blocked >"$device/driver_override"
                echo "$instance" >"/sys/bus/vmbus/drivers/$driver/unbind"
                [ ! -e "$device/driver" ] || echo "still bound: $instance" >&3
                read -r mask <"$device/channels/$relid/out_mask"
                read -r override <"$device/driver_override"
                read -r id <"$device/id"
                [ "$id" = "$before" ] || echo "not seen: $instance: another one" >&3
                echo "floor $instance" >&3
        done
}

floor_start() { # as a service with what cvmd's has: what a task may take of the processor hangs on that as well
        rm -f $ready
        systemd-run --quiet --unit=floor -p Nice="$(systemctl show -P Nice cvmd)" \
                -p CPUWeight="$(systemctl show -P CPUWeight cvmd)" \
                sh -c '/tests/uevent-lines add channels | exec sh /tests/latency.sh floor'
        wait_until 60 test -e $ready
}

floor_stop() {
        systemctl stop floor
        echo 0 >$TRACING/instances/floor/events/floor/chan/enable
        rmdir $TRACING/instances/floor
        echo '-:floor/chan' >>$TRACING/dynamic_events
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

batch() { # WHO N: one device after the other
        _first=$number
        while [ $number -lt $((_first + $2)) ]; do
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
                -e 's/^.*tracing_mark_write: ((still bound|not seen).*)/error \1/p' $TRACE/trace
        echo >$TRACE/trace
}

[ "$1" != floor ] || { floor_loop; exit; }
echo begun # not to be taken for a guest that does not boot
trace_uevents || exit 1
touch_memory || exit 1
simulator confidential=1 || simulator
enforce_strictly
mkfifo $unbinds
systemctl set-property --runtime rig.service CPUWeight=idle # who measures is not to compete with who is measured
/tests/uevent-lines unbind vmbus >$unbinds &
exec 4<$unbinds
read -r _ready <&4
left=$2
while [ "$left" -gt 0 ]; do
        cvmd_start && batch warm-up $WARM_UP >/dev/null
        batch cvmd $BATCH
        batch cvmd $BATCH
        systemctl stop cvmd
        floor_start
        batch warm-up $WARM_UP >/dev/null
        batch floor $BATCH
        batch floor $BATCH
        floor_stop
        left=$((left - 1))
done
