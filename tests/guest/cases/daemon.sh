# SPDX-License-Identifier: LGPL-2.1-or-later
# What the cases share that have cvmd at work: starting it with a policy, asking it, and leaving nothing behind.

POLICY=/etc/cvmd/policy.d/50-test.json
OBJECT=/org/cvmd1

enforce_strictly() { # the example policy; without the gate, so that there is something to unbind
        mkdir -p ${POLICY%/*} && sed 's/"gate": "on"/"gate": "off"/' /usr/share/doc/cvmd/examples/strict.json >$POLICY
}

cvmd_start() { # OPTION...: ends when cvmd is ready
        echo "OPTIONS=$*" >/run/cvmd-options
        systemctl restart cvmd || complain
}

cvmd_pid() {
        systemctl show -P MainPID cvmd
}

cvmd_active() {
        [ "$(systemctl is-active cvmd)" = active ] || complain
}

complain() { # what cvmd said last
        journalctl -b -u cvmd -n 15 -o cat --no-pager
        return 1
}

on_bus() {
        busctl --quiet status org.cvmd1 2>/dev/null
}

of_device() { # INSTANCE FILTER: what jq finds in a device
        cvmctl devices --json | jq -r ".[] | select(.instance == \"$1\") | $2"
}

verdicts() {
        cvmctl devices --json | jq -r '.[] | "\(.instance) \(.verdict) \(.rule) \(.ring) \(.dma)"' | sort
}

is() { # INSTANCE FILTER VALUE...: what jq finds in the device are these values, one a line
        _instance=$1 _filter=$2
        shift 2
        equal "$(printf '%s\n' "$@")" "$(of_device "$_instance" "$_filter")"
}

judged() { # INSTANCE VERDICT: it comes to that
        wait_until 60 is "$1" .verdict "$2"
}

state_is() { # STATE STATUS: of the guest, and the exit status of cvmctl
        cvmctl status --json >/tmp/status.json
        equal "$2 $1" "$? $(jq -r .state /tmp/status.json)"
}

warned() { # TEXT: a warning with this text is shown
        cvmctl status --json | jq -r '.warnings[]' | tee /tmp/warnings
        grep -qF "$1" /tmp/warnings
}

held() { # INSTANCE RELID: blocked in the kernel: no driver, the override, a closed ring
        equal cvmd-blocked "$(cat "$(device "$1")/driver_override")" && not bound "$1" && not cat "$(device "$1")/channels/$2/out_mask"
}

counter() { # NAME
        busctl --json=short get-property org.cvmd1 $OBJECT org.cvmd1.Manager Counters | jq ".data[\"$1\"]"
}

numbered() { # N: an instance
        printf '00000000-0000-4000-8000-%012x' $((0x100000 + $1))
}

judgements() { # of devices whose instances are numbered
        cvmctl devices --json | jq -r '.[] | "\(.instance) \(.verdict)"' | grep '^00000000-0000-4000-8000-' | sort
}

comes_to() { # FILE: what the judgements are to be
        judgements >/tmp/judgements
        diff "$1" /tmp/judgements
}

all_held() { # FILE: every device that is to be blocked is
        while read -r _instance _verdict; do
                if [ "$_verdict" = blocked ]; then
                        equal cvmd-blocked "$(cat "$(device "$_instance")/driver_override")" && not bound "$_instance" || return 1
                else
                        bound "$_instance" || return 1
                fi
        done <"$1"
}

killed_and_back() {
        _pid=$(cvmd_pid)
        kill -KILL "$_pid" && wait_until 120 restarted "$_pid"
}

restarted() { # PID: another one runs, and is ready
        cvmd_active && [ "$(cvmd_pid)" != "$1" ]
}

nothing_in_tracefs() { # "timeout": systemd has ended cvmd before it was done
        systemctl show -P Result cvmd
        cat $TRACING/dynamic_events
        ls $TRACING/instances
        not grep -q cvmd $TRACING/dynamic_events && not sh -c "ls $TRACING/instances | grep cvmd"
}

clean_slate() { # no cvmd, no block, no simulator, as if never started
        systemctl stop cvmd
        rm -rf /run/cvmd /run/cvmd-options $POLICY
        simulator_gone
        _balloon=$(balloon)
        echo >"$(device "$_balloon")/driver_override"
        echo "$_balloon" >/sys/bus/vmbus/drivers_probe
        wait_until 30 bound "$_balloon"
}
