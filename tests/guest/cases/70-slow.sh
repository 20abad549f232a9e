# SPDX-License-Identifier: LGPL-2.1-or-later
# A driver that takes half a minute to let go of its device, and as much longer as all of this takes: nobody else waits for
# it, and a restart finds its helper.
. ./lib.sh
. ./daemon.sh

slow=00000000-0000-4000-8000-000000000070
heartbeat=00000000-0000-4000-8000-000000000071
other=00000000-0000-4000-8000-000000000072
PARAMETERS=/sys/module/hvsim/parameters
LONG=30000

at_work() { # its helper is there, and the driver has not let go; what comes after it does at once
        helper && grep -q msleep "/proc/$(helper)/stack"
}

helper() { # its process
        readlink /run/cvmd/helpers/$slow | cut -d' ' -f2
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
echo 100 >$PARAMETERS/held
echo $LONG >$PARAMETERS/remove_ms
check "a plain network is offered" offer 100 $NETWORK $slow 0
check "its driver is asked to let go" wait_until 60 at_work
echo 0 >$PARAMETERS/remove_ms # for those that come now
check "a heartbeat is offered meanwhile" offer 101 $HEARTBEAT $heartbeat 0
check "another plain network is offered" offer 102 $NETWORK $other 0
check "the heartbeat is allowed" wait_until 30 logged $heartbeat allowed
check "the network is blocked" wait_until 30 logged $other blocked
check "the first one fails meanwhile" wait_until 30 logged $slow failed
check "the bus answers" bus_answers
check "a restart succeeds, and its helper works on" restarted_meanwhile
check "the helper is adopted" test -d "/proc/$(helper)"
check "all of that was before it let go" at_work
echo 0 >$PARAMETERS/held
check "it is blocked in the end" judged $slow blocked
check "and held" held $slow 100
check "it was pending, then failed, then blocked" in_order
check "the other one is held as well" held $other 102
check "the guest is compliant" state_is compliant 0
clean_slate
finish
