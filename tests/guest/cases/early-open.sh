# SPDX-License-Identifier: LGPL-2.1-or-later
# A boot with cvmd in the initrd and the gate off: who violates is bound until the system's cvmd runs, and that is measured.
. ./lib.sh
. ./daemon.sh
. ./early.sh

exposed() { # INSTANCE: for some time, which is over
        cvmctl devices --json | jq -e ".[] | select(.instance == \"$1\") | .exposure | .[\"at-least-usec\"] > 0 and (.ongoing | not)"
}

check "cvmd looked at its policy in the initrd" test -s /run/cvmd/early-policy
check "and is in the system" wait_until 60 cvmd_active
check "on the bus" wait_until 60 on_bus
check "the gate is open" autoprobe_is 1
check "and said to be" gate_is off
for network in $plain $plain_late; do
        check "a plain network was bound" probed $network hv_netvsc
        check "and is blocked" judged $network blocked
        check "its exposure is measured" exposed $network
        echo "# $network: $(of_device $network '"exposed for at least \(.exposure["at-least-usec"]) us, at most \(.exposure["at-most-usec"]) us"')"
done
check "an exposure is explained" sh -c "cvmctl explain $plain | grep -i expos"
check "the guest is compliant" wait_until 60 state_is compliant 0
finish
