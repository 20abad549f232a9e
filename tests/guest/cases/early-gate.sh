# SPDX-License-Identifier: LGPL-2.1-or-later
# A boot with cvmd in the initrd and the gate on: who violates is never bound, from boot on.
. ./lib.sh
. ./daemon.sh
. ./early.sh

new=00000000-0000-4000-8000-000000000076

without_gate() {
        sed -i 's/"gate": "on"/"gate": "off"/' $POLICY && cvmctl reload
}

decided_once() { # INSTANCE
        equal blocked "$(decided "$1")" || { grep "$1" /run/cvmd/decisions.log; return 1; }
}

if [ -e /sys/module/hv_vmbus/initstate ]; then echo "# hv_vmbus is a module"; else echo "# hv_vmbus is built in"; fi
check "cvmd was at work in the initrd" test -s /run/cvmd/early-policy
check "and is in the system" wait_until 60 cvmd_active
check "on the bus" wait_until 60 on_bus
check "the driver core tells whom it probes" probed $heartbeat hv_utils
check "the gate is closed" autoprobe_is 0
check "and said to be" gate_is on
check "the heartbeat is allowed" judged $heartbeat allowed
check "and bound" bound $heartbeat hv_utils
for network in $plain $plain_late; do
        check "a plain network is blocked" judged $network blocked
        check "and held" equal cvmd-blocked "$(cat "$(device $network)/driver_override")"
        check_not "and was never bound" probed $network hv_netvsc
        check "it was decided once, in the initrd" decided_once $network
        check "it was exposed for no time" is $network '.exposure["at-least-usec"]' 0
done
if confidential_possible; then
        for network in $private $private_late; do
                check "a confidential network is allowed" judged $network allowed
                check "and bound" bound $network hv_netvsc
                check "by an admission" probed $network hv_netvsc
        done
else
        check_not "what this kernel cannot know to be confidential is not bound" probed $private hv_netvsc
fi
check "a disk that could have carried the root was let pass" probed $disk hv_storvsc
check "and is blocked by the system, which has its root elsewhere" judged $disk blocked
check "which it told" equal "protected blocked" "$(decided $disk | tr '\n' ' ' | sed 's/ $//')"
check_not "the balloon was never bound" probed "$(balloon)" hv_balloon
check "the guest is compliant" wait_until 60 state_is compliant 0
if [ -e /tests/older ]; then
        check "the policy of the initrd is older, which is told" warned "the initrd enforced another policy"
else
        check_not "the initrd has the policy of the system" warned "the initrd enforced another policy"
fi

check "a heartbeat goes" rescind 102
check "and comes again, behind the gate" offer 112 $HEARTBEAT $heartbeat 0
check "it is bound" wait_until 60 bound $heartbeat hv_utils
check "a plain network comes" offer 110 $NETWORK $new 0
check "it is blocked" judged $new blocked
check_not "and was never bound" probed $new hv_netvsc
check "its driver comes again" sh -c "echo unregister hv_netvsc >$SIMULATOR && echo register hv_netvsc >$SIMULATOR"
if confidential_possible; then
        check "and finds who may have it" wait_until 60 bound $private hv_netvsc
fi
check_not "and nobody else" probed $new hv_netvsc
check "cvmd ends" systemctl stop cvmd
check "the gate stays closed" autoprobe_is 0
check "cvmd is back" cvmd_start
check "a policy without a gate is loaded" without_gate
check "the gate opens" wait_until 60 autoprobe_is 1
check "and said to be" wait_until 60 gate_is off
check_not "who is blocked stays so" probed $new hv_netvsc
finish
