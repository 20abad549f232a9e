# SPDX-License-Identifier: LGPL-2.1-or-later
# cvmd-compliant.target and a service that holds secrets behind it; and for how long a device was exposed.
. ./lib.sh
. ./daemon.sh

plain=00000000-0000-4000-8000-000000000041
last=00000000-0000-4000-8000-000000000042
target=cvmd-compliant.target
service=secrets.service
unit=/etc/systemd/system/$service

protect_last_network() {
        mkdir -p ${POLICY%/*} && cat >$POLICY <<-END
		{ "version": 1, "mode": "enforce", "protect": ["last-network"],
		  "rules": [ { "id": "bare", "match": { "instance": "$plain" }, "protect": [],
		               "require": { "ring": "confidential" }, "on-violation": "block" },
		             { "id": "payload-private", "match": { "class": "network" },
		               "require": { "ring": "confidential" }, "on-violation": "block" } ],
		  "default": { "action": "allow" } }
		END
}

install_service() {
        cp /usr/share/doc/cvmd/examples/$service $unit && systemctl daemon-reload && systemctl -q enable $service
}

active() { # UNIT STATE
        equal "$2" "$(systemctl is-active "$1")"
}

pid_of_service() {
        systemctl show -P MainPID $service
}

stamps() { # INSTANCE: all known, and in order
        cvmctl device "$1" --json | tee /tmp/device | jq -e '[.times | .offered, .bound, .decided, .blocked | .usec] |
                all(. != null) and . == sort' || { cat /tmp/device; return 1; }
}

exposed() { # INSTANCE: for some time, and it is over
        cvmctl device "$1" --json | tee /tmp/device | jq -e '.exposure | .["at-least-usec"] > 0 and
                .["at-least-usec"] <= .["at-most-usec"] and (.ongoing | not)' || { cat /tmp/device; return 1; }
}

explained() { # INSTANCE
        cvmctl explain "$1" | tee /tmp/explained
        grep -q "Offered: .* s after boot (offer-trace)" /tmp/explained && grep -q "Exposed: at least .* ms, at most .* ms$" /tmp/explained
}

check "the policy is in place" protect_last_network
check "a service that holds secrets is installed" install_service
check "a host is there" simulator
check "cvmd starts" cvmd_start
check "the guest is compliant" state_is compliant 0
check "the target is reached" wait_until 30 active $target active
check "the service runs" wait_until 30 active $service active
before=$(pid_of_service)

check "a plain network is offered" offer 401 $NETWORK $plain 0
check "it is blocked" judged $plain blocked
check "it is known when it was offered, bound, decided and blocked" stamps $plain
check "and for how long it was exposed" exposed $plain
check "explain tells so" explained $plain
check "the service has not noticed" equal "$before" "$(pid_of_service)"

check "another is offered, which may be the last way out" offer 402 $NETWORK $last 0
check "it is protected" judged $last protected
check "the guest is violating" state_is violating 3
check "the target is left" wait_until 30 active $target inactive
check "and the service with it" wait_until 30 active $service inactive
check_not "a start by hand is refused" systemctl start $target
check_not "as is that of the service" systemctl start $service
check "so that nothing runs" active $service inactive
check "the device is exposed as long as it stays" sh -c "cvmctl device $last --json | jq -e .exposure.ongoing"
check "it goes" rescind 402
check "the guest is compliant again" wait_until 30 state_is compliant 0
check "the target is reached again" wait_until 30 active $target active
check "the service runs again" wait_until 30 active $service active

before=$(pid_of_service)
times=$(cvmctl device $plain --json | jq -c '.times, .exposure')
check "cvmd is restarted" systemctl restart cvmd
check "and is compliant" wait_until 60 state_is compliant 0
check "the target is reached, or again" wait_until 60 active $target active
check "the service runs, or again" wait_until 60 active $service active
echo "# the service before and after the restart: $before $(pid_of_service)"
before=$(pid_of_service)
check "no time is forgotten" equal "$times" "$(cvmctl device $plain --json | jq -c '.times, .exposure')"
check "cvmd is killed" systemctl kill -s KILL cvmd
check "the service goes with its guard" wait_until 30 sh -c "[ \$(systemctl show -P MainPID $service) != $before ]"
check "and is back with it" wait_until 60 active $service active
check "a stop of cvmd" systemctl stop cvmd
check "stops the target" wait_until 30 active $target inactive
check "and the service" wait_until 30 active $service inactive
check_not "which nobody can start then" systemctl start $service

systemctl -q disable --now $service
rm $unit
systemctl daemon-reload
clean_slate
finish
