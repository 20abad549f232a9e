# SPDX-License-Identifier: LGPL-2.1-or-later
# What the cases share: TAP, waiting for a condition, and the host's part, played by hvsim.

NETWORK=f8615163-df3e-46c5-913f-f2d2f965ed0e
SCSI=ba6163d9-04a1-4d29-b605-72e2ffb1dc7f
HEARTBEAT=57164f39-9115-4e78-ab55-382f3bd5422d

SIMULATOR=/sys/kernel/debug/hvsim
TRACING=/sys/kernel/tracing

count=0

result() { # OK NAME
        count=$((count + 1))
        echo "$1 $count - $2"
}

check() { # NAME COMMAND...: ok if the command succeeds; what it said otherwise
        _name=$1
        shift
        if "$@" >/tmp/check.out 2>&1; then
                result ok "$_name"
        else
                result "not ok" "$_name"
                sed 's/^/#   /' /tmp/check.out
        fi
}

check_not() { # NAME COMMAND...: ok if the command fails
        _name=$1
        shift
        check "$_name" not "$@"
}

not() {
        ! "$@"
}

skip() { # NAME REASON
        result ok "$1 # SKIP $2"
}

keep() { # NAME FILE: hands it out of the guest; the suite saves it
        echo "# keep $1 $(base64 -w0 "$2")"
}

finish() { # the last line of each case: without it the case has died
        echo "1..$count"
        exit 0
}

equal() { # EXPECTED GOT
        [ "$1" = "$2" ] || { echo "expected: $1"; echo "got:      $2"; return 1; }
}

wait_until() { # SECONDS COMMAND...: polls until the command succeeds
        _end=$(($(cut -d. -f1 /proc/uptime) + $1))
        shift
        until "$@" >/tmp/wait.out 2>&1; do
                [ "$(cut -d. -f1 /proc/uptime)" -lt $_end ] || { cat /tmp/wait.out; echo "waited in vain for: $*"; return 1; }
                sleep 0.1
        done
}

device() { # INSTANCE: its folder
        echo "/sys/bus/vmbus/devices/$1"
}

driver_of() { # INSTANCE: the driver that it is bound to, or nothing
        basename "$(readlink "$(device "$1")/driver")" 2>/dev/null
}

bound() { # INSTANCE [DRIVER]
        _driver=$(driver_of "$1")
        echo "driver: '$_driver'"
        [ -n "$_driver" ] && [ "$_driver" = "${2:-$_driver}" ]
}

ring_of() { # INSTANCE RELID: what a read of the ring's mask says, or nothing where the ring is closed
        cat "$(device "$1")/channels/$2/out_mask" 2>/dev/null
}

balloon() { # the instance of the one device that QEMU offers
        for _d in /sys/bus/vmbus/devices/*; do
                case $(cat "$_d/class_id" 2>/dev/null) in
                *525074dc-8985-46e2-8057-a307dc18a502*) basename "$_d" ;;
                esac
        done
}

simulator() { # PARAMETER...: a new simulator, that has offered nothing
        simulator_gone && modprobe hvsim "$@"
}

simulator_gone() {
        [ ! -e /sys/module/hvsim ] || rmmod hvsim
}

confidential_possible() { # does this kernel know a confidential connection?
        grep -qw is_confidential /proc/kallsyms
}

offer() { # RELID CLASS INSTANCE FLAGS [SUBINDEX]: ends when the channel can be seen
        echo "offer $*" >$SIMULATOR && wait_until 30 test -e "$(device "$3")/channels/$1/subchannel_id"
}

rescind() { # RELID: ends when no device has the channel
        echo "rescind $1" >$SIMULATOR && wait_until 30 gone "$1"
}

gone() { # RELID
        ! ls -d /sys/bus/vmbus/devices/*/channels/"$1" 2>/dev/null
}
