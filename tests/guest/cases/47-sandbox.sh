# SPDX-License-Identifier: LGPL-2.1-or-later
# The units as they are installed: what cvmd can reach in its sandbox and what not, with a root that is read-only, too; and
# what becomes of a cvmd that cannot start.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000047
metrics=/run/cvmd/metrics/cvmd.prom
broken=/run/systemd/system/cvmd.service.d/90-broken.conf

own_namespace() {
        [ "$(readlink /proc/1/ns/mnt)" != "$(readlink "/proc/$(cvmd_pid)/ns/mnt")" ]
}

inside() { # COMMAND...: with the mounts that cvmd has
        nsenter -m -t "$(cvmd_pid)" "$@"
}

status_of() { # FIELD VALUE
        equal "$2" "$(sed -n "s/^$1:[[:space:]]*//p" "/proc/$(cvmd_pid)/status")"
}

drop_ins() { # none but the one that gives recorded CPUID leaves, and it changes nothing else
        equal "/etc/systemd/system/cvmd.service.d/50-test.conf" "$(systemctl show -P DropInPaths cvmd)" &&
                equal "[Service] EnvironmentFile ExecStart ExecStart" \
                        "$(grep -v '^#' /etc/systemd/system/cvmd.service.d/50-test.conf | cut -d= -f1 | xargs)"
}

same_disks() { # what cvmd knows of mounts is what PID 1 has
        cvmctl snapshot | sed -n 's/^mount \([0-9:]*\) .*/\1/p' | sort >/tmp/known
        awk '$3 !~ /^0:/ { print $3 }' /proc/1/mountinfo | sort >/tmp/mounted
        diff /tmp/mounted /tmp/known
}

knows_vmbus() { # which only the kernel's log tells
        cvmctl status --json | jq -e '.vmbus.version | test("^[0-9]+[.][0-9]+$")'
}

trial_is_noted() { # FILE
        cvmctl trial start --boots=2 && wait_until 30 test -s "$1"
}

lines_of() { # TEXT: of this cvmd alone
        journalctl -b -o cat --no-pager "_SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID cvmd)" | grep -cF "$1"
}

read_only_disk() {
        for _folder in /etc /var; do
                mount --bind $_folder $_folder && mount -o remount,bind,ro $_folder || return 1
        done
}

restarts() {
        systemctl show -P NRestarts cvmd
}

tried() { # TIMES at least
        [ "$(restarts)" -ge "$1" ]
}

simulator
offer 100 $NETWORK $network 0
enforce_strictly
check "cvmd starts" cvmd_start
check "in the unit as it is installed" drop_ins
check "it has mounts of its own" own_namespace
check "one capability" status_of CapEff 0000000000001000
check "and a filter of system calls" status_of Seccomp 2
for path in /usr/x /etc/x /var/lib/x /root/x /sys/fs/cgroup/x; do
        check_not "it cannot write to $path" inside touch $path
done
check "it sees /dev/null" inside test -e /dev/null
for path in /dev/vda /dev/kmsg; do
        check "there is $path" test -e $path
        check_not "which it does not see" inside test -e $path
done
check "what it knows of disks is what there is" same_disks
check "it knows what the kernel's log says" knows_vmbus
check "it blocks, in there" is $network '.verdict, .rule' blocked payload-private
check "the kernel agrees" held $network 100

mkdir -p /mnt/late
check "a file system is mounted" mount -t tmpfs tmpfs /mnt/late
check "which it sees" wait_until 10 inside mountpoint -q /mnt/late
check "and does not hold on to" umount /mnt/late
check "a late /var" mount -t tmpfs tmpfs /var/lib/cvmd
check "is written to" trial_is_noted /var/lib/cvmd/trial
check "the trial is confirmed" cvmctl confirm --trial
check "and /var goes again" wait_until 10 umount /var/lib/cvmd
rm -f /etc/cvmd/trial

check "/etc and /var become read-only" read_only_disk
check "cvmd starts all the same" cvmd_start
check "it blocks" judged $network blocked
check_not "a decision that is to last is refused" cvmctl allow --permanent $network
check "in words that tell why" sh -c "cvmctl allow --permanent $network 2>&1 | tee /dev/stderr | grep -q 'Read-only file system'"
check "the device stays blocked" judged $network blocked
check "it was not started again and again" equal 0 "$(restarts)"
check "they become writable" umount /etc /var
check "cvmd starts again" cvmd_start
check "and decides for good" cvmctl block --permanent $network
check "as a file says" test -s /etc/cvmd/policy.d/10-by-hand.json
check "until it forgets" cvmctl forget --permanent $network

check "the decision log is kept" systemctl start cvmd-flush.service
check "as one that verifies" cvmctl log verify "/var/lib/cvmd/boots/$(cat /proc/sys/kernel/random/boot_id).log"
check "once more when that ends" systemctl stop cvmd-flush.service

mkdir -p ${broken%/*} && cp /usr/share/doc/cvmd/examples/metrics.conf ${broken%/*}/60-metrics.conf && systemctl daemon-reload
check "cvmd starts with metrics" systemctl restart cvmd
check "anybody may read them" wait_until 30 setpriv --reuid=65534 --clear-groups grep -q '^cvmd_build_info' $metrics
check "and nothing else there" sh -c '! setpriv --reuid=65534 --clear-groups ls /run/cvmd'
check "cvmd is killed, and is back" killed_and_back
check "with its metrics" wait_until 30 test -s $metrics
rm ${broken%/*}/60-metrics.conf && systemctl daemon-reload
check "cvmd starts without them" systemctl restart cvmd
check_not "and there are none" test -e $metrics

printf '[Service]\nExecStart=\nExecStart=/bin/false\n' >$broken && systemctl daemon-reload
systemctl restart cvmd
check "a cvmd that cannot start is tried again" wait_until 60 tried 5
rm $broken && systemctl daemon-reload
check "until it can" wait_until 60 cvmd_active
clean_slate
finish
