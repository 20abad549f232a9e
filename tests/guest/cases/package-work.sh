# SPDX-License-Identifier: LGPL-2.1-or-later
# A boot with the packages installed, by the initrd that they had made: what a user does with cvmd, an upgrade, a removal.
. ./lib.sh
. ./daemon.sh
. ./early.sh

SITE=/etc/cvmd/policy.d/50-site.json
nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
late=00000000-0000-4000-8000-000000000077

entered() { # UNIT: when it became active, in microseconds since boot
        systemctl show -P ActiveEnterTimestampMonotonic "$1"
}

used_msec() { # UNIT: processor time
        echo $(($(systemctl show -P CPUUsageNSec "$1") / 1000000))
}

ready_before_basic() {
        echo "cvmd.service $(entered cvmd.service), basic.target $(entered basic.target)"
        [ "$(entered cvmd.service)" -gt 0 ] && [ "$(entered cvmd.service)" -lt "$(entered basic.target)" ]
}

planned() { # INSTANCE POLICY: it would be blocked
        cvmctl plan --policy "$2" --json >/tmp/plan.json
        jq -e ".. | objects | select(.instance? == \"$1\" and .verdict? == \"blocked\")" /tmp/plan.json
}

mode_is() {
        equal "$1" "$(cvmctl status --json | jq -r .mode)"
}

strict() {
        cp /usr/share/doc/cvmd/examples/strict.json $SITE && cvmctl reload && mode_is enforce
}

member() {
        useradd -G cvm-attest member && install -d -o member /tmp/member
}

get() { # evidence, as an ordinary user of the group
        setpriv --reuid=member --regid=member --init-groups cvmctl attest get --nonce "$nonce" -o /tmp/member/b.cmw
}

stranger() {
        useradd stranger
        setpriv --reuid=stranger --regid=stranger --init-groups cvmctl attest get --nonce "$nonce" -o /tmp/stranger.cmw
        equal 5 $?
}

ssh_to_itself() {
        mkdir -p /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 &&
                cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys &&
                echo "StrictHostKeyChecking accept-new" >/root/.ssh/config &&
                systemctl unmask ssh && systemctl start ssh
}

same_over_ssh() {
        cvmctl device $plain --json | jq -S 'del(.exposure)' >/tmp/here &&
                cvmctl -H root@127.0.0.1 device $plain --json | jq -S 'del(.exposure)' >/tmp/there && cmp /tmp/here /tmp/there
}

probes() { # INSTANCE: how often it was offered to its driver
        dmesg | grep -F "$1" | grep -cF "probing driver hv_netvsc "
}

upgrade() { # without an initrd: to make one takes minutes here, and the removal has to
        before=$(cvmd_pid)
        echo "update_initramfs=no" >/etc/initramfs-tools/update-initramfs.conf
        dpkg -i /tests/packages/1/*.deb && cvmd_active && not equal "$before" "$(cvmd_pid)"
}

version_is() { # PATTERN
        dpkg-query -W -f '${Version}\n' cvmd | grep "$1"
}

remove() {
        echo "update_initramfs=yes" >/etc/initramfs-tools/update-initramfs.conf
        dpkg -r cvmd >/tmp/removal 2>&1
}

check "the system is running" equal running "$(timeout 120 systemctl is-system-running --wait)"
echo "# processor time since boot: cvmd $(used_msec cvmd) ms, systemd-udevd $(used_msec systemd-udevd) ms, all of the system" \
        "$(awk '/^cpu /{ print ($2 + $3 + $4 + $7 + $8) * 10 }' /proc/stat) ms"
echo "# $(systemd-analyze time | head -n 1)"
check "cvmd is active" cvmd_active
check "it was ready before basic.target" ready_before_basic
check "it reports only" mode_is audit
check "a plain network violates" judged $plain violating
check "and has its driver" bound $plain hv_netvsc
check "what the package promises holds" sh ./installed

check "a strict policy is sound" cvmctl policy check /usr/share/doc/cvmd/examples/strict.json
check "it would block the plain network, says the plan" planned $plain /usr/share/doc/cvmd/examples/strict.json
check "and has not" bound $plain hv_netvsc
check "a reload puts it in force" strict
check "the plain network is blocked" judged $plain blocked
check "and held" held $plain 100
check "a private one goes on" bound $private hv_netvsc
check "the gate is closed" wait_until 60 autoprobe_is 0

check "a user joins the group" member
check "and gets evidence" get
check "who is not in it is refused" stranger
[ ! -s /tmp/member/b.cmw ] || keep "evidence-$nonce.cmw" /tmp/member/b.cmw

check "there is ssh" ssh_to_itself
check "cvmctl -H says what cvmctl says here" same_over_ssh

probed_before=$(probes $plain)
check "an upgrade starts another cvmd" upgrade
check "of the new version" version_is '+1$'
check "the block is held" held $plain 100
check "and nothing was probed meanwhile" equal "$probed_before" "$(probes $plain)"
check "the policy is in force" mode_is enforce
check "nothing failed" equal "" "$(systemctl --failed --no-legend --plain)"

check "cvmd is removed" remove
sed 's/^/# /' /tmp/removal
check "it runs no more" equal inactive "$(systemctl is-active cvmd)"
check "it says what stays blocked" grep "blocked until the next boot.*$plain" /tmp/removal
check "which does" held $plain 100
check "the gate is open" autoprobe_is 1
check "a device comes" offer 120 $NETWORK $late 0
check "and has its driver" wait_until 60 bound $late hv_netvsc
check "what was said gives the driver back" sh -c "echo >$(device $plain)/driver_override; echo $plain >/sys/bus/vmbus/drivers_probe"
check "at once" wait_until 60 bound $plain hv_netvsc
check_not "the initrd has cvmd no more" sh -c "lsinitramfs /boot/initrd.img-$(uname -r) | grep cvmd"
check "the site's policy is left" test -e $SITE
finish
