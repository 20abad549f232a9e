# SPDX-License-Identifier: LGPL-2.1-or-later
# Bursts of offers and rescinds, with too little room for their events; and connections that come and go by the hundred.
. ./lib.sh
. ./daemon.sh

SERVICE=00000400-facb-11e6-bd58-64006a7986d3
BURST=300   # offers and rescinds: 160 and 140
OFFERS=160
STAYS=8     # of so many offers the last one
DEAF=40     # so many of the offers come while cvmd does not read: however fast it is, their events find no room

burst() { # offers and rescinds, one after the other as fast as they can be written
        _n=0 _deaf=$(cvmd_pid)
        kill -STOP "$_deaf" || return 1
        while [ $_n -lt $OFFERS ]; do
                [ $_n != $DEAF ] || kill -CONT "$_deaf" || return 1
                _class=$NETWORK
                [ $((_n / STAYS % 2)) = 0 ] || _class=$HEARTBEAT
                echo "offer $((200 + _n)) $_class $(numbered $_n) 0" >$SIMULATOR || return 1
                _n=$((_n + 1))
                [ $((_n % STAYS)) = 0 ] || echo "rescind $((199 + _n))" >$SIMULATOR || return 1
        done
}

of_burst() { # PRINTF-FORMAT: what stays of it, with what is to become of it
        _n=$((STAYS - 1))
        while [ $_n -lt $OFFERS ]; do
                _verdict=blocked
                [ $((_n / STAYS % 2)) = 0 ] || _verdict=allowed
                # shellcheck disable=SC2059
                printf "$1" $((200 + _n)) "$(numbered $_n)" $_verdict
                _n=$((_n + STAYS))
        done
}

resident() { # kB
        sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$(cvmd_pid)/status"
}

looked_after() { # COMMAND...: it is a reason to look
        _looks=$(counter looks)
        "$@" && wait_until 60 looked_since "$_looks"
}

looked_since() { # LOOKS
        [ "$(counter looks)" -gt "$1" ]
}

loopback() { # UP-OR-DOWN
        case $1 in up) echo 0x9 ;; down) echo 0x8 ;; esac >/sys/class/net/lo/flags
}

lost_and_looked_again() {
        _errors=$(counter receive-errors)
        [ "$_errors" -gt 0 ] && equal "$_errors" "$(counter rescans)"
}

all_rescinded() {
        of_burst 'rescind %d %.0s%.0s\n' | while read -r _verb _relid; do
                echo "$_verb $_relid" >$SIMULATOR || return 1
        done
}

connections() { # N: so many of hv_sock come and go
        _n=0
        while [ $_n -lt "$1" ]; do
                echo "offer $((1500 + _n)) $SERVICE $(numbered $((2000 + _n))) 2000" >$SIMULATOR || return 1
                echo "rescind $((1500 + _n))" >$SIMULATOR || return 1
                _n=$((_n + 1))
        done
}

connections_cost_little() {
        _looks=$(counter looks) _lines=$(wc -l </run/cvmd/decisions.log)
        connections 200 || return 1
        offer 1800 $NETWORK "$(numbered 1800)" 0 && judged "$(numbered 1800)" blocked || return 1
        _looks=$(($(counter looks) - _looks))
        echo "200 connections, $_looks looks"
        [ $_looks -lt 50 ] && equal $((_lines + 1)) "$(wc -l </run/cvmd/decisions.log)"
}

simulator
enforce_strictly
check "cvmd starts, with little room for events" cvmd_start --event-buffer=4096
check "it is on the bus" wait_until 30 on_bus
check "a mount is a reason to look" looked_after mount -t tmpfs none /mnt
check "so is its end" looked_after umount /mnt
check "so is an interface that goes down" looked_after loopback down
check "and comes up" looked_after loopback up
before=$(resident)
of_burst '%.0s%s %s\n' | sort >/tmp/burst
check "a burst of $BURST offers and rescinds" burst
check "what stays is judged as it should be" wait_until 120 comes_to /tmp/burst
check "and held" all_held /tmp/burst
check "events were lost, and each loss was a reason to look again" lost_and_looked_again
fresh=$(cvmctl --root / devices --json | jq -r '.[] | "\(.instance) \(.rule) \(.ring)"' | sort)
check "an evaluation from nothing comes to the same" equal "$fresh" \
        "$(cvmctl devices --json | jq -r '.[] | "\(.instance) \(.rule) \(.ring)"' | sort)"
check "all of it goes" all_rescinded
check "and is forgotten" wait_until 60 comes_to /dev/null
after=$(resident)
echo "# resident: $before kB, then $after kB"
check "memory is given back" test "$after" -le $((before * 6 / 5))

check "an hv_sock connection" offer 1499 $SERVICE "$(numbered 1999)" 2000
check "is allowed" judged "$(numbered 1999)" allowed
check "hundreds of them cost little" connections_cost_little
clean_slate
finish
