# SPDX-License-Identifier: LGPL-2.1-or-later
# cvmd is killed, again and again, and restarted: in the end it is as if it had lived.
. ./lib.sh
. ./daemon.sh

KILLS=5
RESTARTS=10

decided() { # N: the decision log has come to so many lines
        [ "$(wc -l </run/cvmd/decisions.log)" -ge "$1" ]
}

some_offers() { # ROUND: six devices, whose kinds the seed chooses; and what is to become of them in /tmp/some
        : >/tmp/some
        for _n in 0 1 2 3 4 5; do
                _id=$((1000 + $1 * 6 + _n))
                case $(awk -v "seed=$1$_n" 'BEGIN { srand(seed); print int(rand() * 2) }') in
                0) _class=$NETWORK _verdict=blocked ;;
                *) _class=$HEARTBEAT _verdict=allowed ;;
                esac
                echo "offer $_id $_class $(numbered $_id) 0" >$SIMULATOR
                echo "$(numbered $_id) $_verdict" >>/tmp/some
        done
}

killed_within() { # ROUND: after a number of decisions that the seed chooses
        _lines=$(wc -l </run/cvmd/decisions.log)
        _pid=$(cvmd_pid)
        some_offers "$1"
        cat /tmp/some >>/tmp/all
        _more=$(awk -v "seed=$1" 'BEGIN { srand(seed); print int(rand() * 6) + 1 }')
        wait_until 60 decided $((_lines + _more)) && kill -KILL "$_pid" && wait_until 120 restarted "$_pid" &&
                wait_until 60 comes_to /tmp/all && all_held /tmp/all
}

heard() { # N WHAT: the listener has heard of so many events of that kind
        [ "$(grep -cE "^KERNEL\\[.* ($2) " /tmp/events)" -ge "$1" ]
}

mark() { # N: an event of ours, the Nth, has come to the listener, and so has all that was before
        echo change >"$(device "$(balloon)")/uevent" && wait_until 60 heard "$1" change
}

listen() { # for what the kernel says of the devices of the bus
        udevadm monitor --kernel --subsystem-match=vmbus >/tmp/events &
        _listener=$!
        wait_until 60 grep -q '^KERNEL - ' /tmp/events && mark 1
}

restarts_change_nothing() {
        cp /run/cvmd/decisions.log /tmp/decisions.log
        listen || return 1
        for _n in $(seq $RESTARTS); do
                systemctl restart cvmd || return 1
        done
        wait_until 60 comes_to /tmp/all && diff /tmp/decisions.log /run/cvmd/decisions.log &&
                mark 2 && kill "$_listener" && cat /tmp/events && not heard 1 'add|remove|bind|unbind'
}

simulator
enforce_strictly
check "cvmd starts" cvmd_start
: >/tmp/all
round=1
while [ $round -le $KILLS ]; do
        check "kill $round in a run of decisions changes nothing" killed_within $round
        round=$((round + 1))
done
check "$RESTARTS restarts change nothing" restarts_change_nothing
clean_slate
finish
