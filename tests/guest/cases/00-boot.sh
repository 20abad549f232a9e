# SPDX-License-Identifier: LGPL-2.1-or-later
# What a boot with cvmd enabled and the shipped policy comes to: it runs early, looks, and blocks nothing.
. ./lib.sh
. ./daemon.sh

started() { # UNIT: when, in microseconds since boot
        systemctl show -P ActiveEnterTimestampMonotonic "$1"
}

before_the_bus() {
        equal 1 $(($(started cvmd.service) < $(started dbus.service)))
}

balloon_bound() {
        bound "$(balloon)" hv_balloon
}

check "cvmd is active" cvmd_active
check "it was before the bus" before_the_bus
check "it joined the bus that came later" wait_until 30 on_bus
check "the balloon is bound by the real driver" wait_until 60 balloon_bound
check "cvmd knows it" judged "$(balloon)" violating
check "a guest that is only watched is unprotected" state_is unprotected 3
check "the installed policy was found" sh -c "cvmctl status --json | jq -e '.policy.files[0] | endswith(\"90-default.json\")'"
check "recorded CPUID leaves are warned of" warned "recorded CPUID leaves"
check "a stop succeeds" systemctl stop cvmd
check "nothing of ours is left in tracefs" nothing_in_tracefs
clean_slate
finish
