# SPDX-License-Identifier: LGPL-2.1-or-later
# A driver that takes long to let go of its device: nobody else waits for it, and a restart finds its helper. While it does,
# the decision log is read and not the bus: a call costs seconds in emulation, and there is to be time for all of this.
. ./lib.sh
. ./daemon.sh

slow=00000000-0000-4000-8000-000000000070
heartbeat=00000000-0000-4000-8000-000000000071
other=00000000-0000-4000-8000-000000000072
REMOVE_MS=/sys/module/hvsim/parameters/remove_ms
LONG=45000

at_work() { # the helper is noted, and the driver asleep: what comes after it is let go at once
        cat /run/cvmd/helpers/$slow && grep -q msleep "/proc/$(helper)/stack"
}

helper() { # its process
        cut -d' ' -f2 /run/cvmd/helpers/$slow
}

restarted_meanwhile() {
        _helper=$(helper)
        systemctl restart cvmd && equal "$_helper" "$(helper)"
}

logged() { # INSTANCE VERDICT: the last that was decided of it
        _line=$(grep '"event":"decision"' /run/cvmd/decisions.log | grep "\"instance\":\"$1\"" | tail -n 1)
        echo "$_line"
        case $_line in
        *"\"verdict\":\"$2\""*) ;;
        *) return 1 ;;
        esac
}

bus_answers() {
        busctl get-property org.cvmd1 $OBJECT org.cvmd1.Manager State
}

has_one_helper() {
        equal 1 "$(cat /proc/[0-9]*/comm | grep -c '^cvmd-block$')"
}

course() { # the verdicts of the slow one, in the order of the decision log
        cvmctl log --json | jq -r '.[] | select(.event == "decision" and .instance == "'$slow'") | .verdict' | uniq | tr '\n' ' '
}

in_order() {
        _course=$(course)
        echo "$_course"
        case $_course in
        "pending failed blocked " | "pending failed pending failed blocked ") ;;
        *) return 1 ;;
        esac
}

simulator
enforce_strictly
check "cvmd starts" cvmd_start
echo $LONG >$REMOVE_MS
check "a plain network is offered" offer 100 $NETWORK $slow 0
check "its driver is asked to let go" wait_until 60 at_work
echo 0 >$REMOVE_MS
check "a heartbeat is offered meanwhile" offer 101 $HEARTBEAT $heartbeat 0
check "another plain network is offered" offer 102 $NETWORK $other 0
check "the heartbeat is allowed" wait_until 30 logged $heartbeat allowed
check "the network is blocked" wait_until 30 logged $other blocked
check "the first one fails meanwhile" wait_until 30 logged $slow failed
check "the bus answers" bus_answers
check "a restart succeeds, and its helper works on" restarted_meanwhile
check "one helper is enough" has_one_helper
check "all of that was before it let go" bound $slow hv_netvsc
check "it is blocked in the end" judged $slow blocked
check "and held" held $slow 100
check "it was pending, then failed, then blocked" in_order
check "the other one is held as well" held $other 102
check "the guest is compliant" state_is compliant 0
clean_slate
finish
