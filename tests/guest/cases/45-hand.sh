# SPDX-License-Identifier: LGPL-2.1-or-later
# Decisions by hand: one that nobody confirms is taken back, also when cvmd was killed meanwhile; one that lasts is a file.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000045
file=/etc/cvmd/policy.d/10-by-hand.json

blocked_by() { # RULE
        is $network '.verdict, .rule' blocked "$1" && held $network 100
}

story() { # what the decision log says of the network since line $since, in its order
        cvmctl log --json | jq -r ".[$since:][] | select(.instance == \"$network\") |
                if .event == \"by-hand\" then \"by hand \" + (.reason | split(\",\")[1]) else .verdict end" | uniq
}

told() { # LINE...: that
        equal "$(printf '%s\n' "$@")" "$(story)"
}

killed_and_back() {
        _pid=$(cvmd_pid)
        kill -KILL "$_pid" && wait_until 120 restarted "$_pid"
}

restarted() { # PID: another one runs, and is ready
        cvmd_active && [ "$(cvmd_pid)" != "$1" ]
}

from_here() {
        since=$(cvmctl log --json | jq length)
}

simulator
offer 100 $NETWORK $network 0
enforce_strictly
check "cvmd starts" cvmd_start
check "a plain network is blocked" blocked_by payload-private

from_here
check "it is allowed for five seconds" cvmctl allow --confirm-within=5 $network
check "and blocked again" wait_until 60 blocked_by payload-private
check "in this order" told "by hand  to be confirmed within 5 s" allowed "by hand  rolled back: not confirmed in time; left to the policy again" blocked
check "confirming it now is too late" sh -c "! cvmctl confirm $network"

from_here
check "it is allowed once more" cvmctl allow --confirm-within=5 $network
check "cvmd is killed, and comes back" killed_and_back
check "the network is blocked again" wait_until 60 blocked_by payload-private
check "after it was rolled back" sh -c "cvmctl log --json | jq -e '.[$since:] | map(.reason // \"\" | contains(\"rolled back\")) | any'"

check "a block that lasts" cvmctl block --permanent $network
check "is a file" grep -q "$network.*block" $file
check "and the rule that decides" blocked_by "(by-hand-permanent)"
systemctl stop cvmd
rm -rf /run/cvmd
check "after a start from nothing" cvmd_start
check "it still is" blocked_by "(by-hand-permanent)"
check "it is forgotten" cvmctl forget --permanent $network
check "with its file" test ! -e $file
clean_slate
finish
