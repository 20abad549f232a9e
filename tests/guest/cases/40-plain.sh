# SPDX-License-Identifier: LGPL-2.1-or-later
# A connection that is not confidential, on any kernel: nothing is, and the connection proves it.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000040
heartbeat=00000000-0000-4000-8000-000000000041

all_proved() { # every device and channel is plain, by the connection
        equal "connection plain plain" "$(cvmctl devices --json | jq -r '.[] | ., .channels[] | "\(.source) \(.ring) \(.dma)"' | sort -u)"
}

simulator
offer 100 $NETWORK $network 0
offer 101 $HEARTBEAT $heartbeat 0
enforce_strictly
check "cvmd starts" cvmd_start
check "the connection proves that nothing is confidential" all_proved
check "a network is blocked" is $network '.verdict, .rule' blocked payload-private
check "and held" held $network 100
check "the heartbeat is allowed" is $heartbeat .verdict allowed
check "the balloon is blocked" is "$(balloon)" .verdict blocked
check "and held, its ring closed" held "$(balloon)" 1
check "status says what the connection is" sh -c "cvmctl status --json | jq -e '.vmbus.confidential == \"no\"'"
confidential_possible || check "an old kernel is warned of" warned "this kernel knows no confidential channels"
check "the guest is compliant" state_is compliant 0
check "status and devices are shown as text" sh -c 'cvmctl status && cvmctl devices'
cvmctl status | sed 's/^/# /'

check "it is told to forget" sh -c "cvmctl block $heartbeat && cvmctl forget $heartbeat"
check "and the heartbeat is back" judged $heartbeat allowed
check "bound" wait_until 30 bound $heartbeat hv_utils
check "a second cvmd refuses to start" not /usr/sbin/cvmd --cpuid=/etc/cvmd/test-cpuid
check "the first one goes on" cvmd_active
check "a stop succeeds" systemctl stop cvmd
check "nothing of ours is left in tracefs" nothing_in_tracefs
clean_slate
finish
