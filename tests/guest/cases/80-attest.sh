# SPDX-License-Identifier: LGPL-2.1-or-later
# Evidence from a paravisor's vTPM, over the system bus, for ordinary users. The suite has the bundle checked outside.
. ./lib.sh
. ./daemon.sh

nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
HCL_REPORT=0x01400001
GUEST_INPUT=0x01400002

has_report() {
        tpm2_nvread -C o $HCL_REPORT -o /tmp/hcl-report && equal HCLA "$(head -c 4 /tmp/hcl-report)"
}

other_agent() { # one that wrote the guest input, had its report, and left it there
        printf 'somebody else wrote these sixty-four bytes before cvmd ever came' >/tmp/input
        equal 64 "$(stat -c %s /tmp/input)" &&
                tpm2_nvdefine -Q -C o -s 64 -a 'ownerread|ownerwrite|authread|authwrite' $GUEST_INPUT &&
                tpm2_nvwrite -C o -i /tmp/input $GUEST_INPUT &&
                wait_until 30 report_is "$(od -An -v -tx1 /tmp/input | tr -d ' \n')"
}

report_is() { # USER-DATA: of the report as it is read now
        has_report && grep -qi "\"user-data\":\"$1\"" /tmp/hcl-report
}

restored() { # the guest input is what the other agent wrote
        tpm2_nvread -C o $GUEST_INPUT -o /tmp/input-now && cmp /tmp/input /tmp/input-now
}

user() { # NAME OPTION...: one with a folder of its own
        _user=$1
        shift
        useradd "$@" "$_user" && install -d -o "$_user" "/tmp/$_user"
}

get() { # USER: asks for evidence as that user, into a file in its folder
        setpriv --reuid="$1" --regid="$1" --init-groups cvmctl attest get --nonce "$nonce" -o "/tmp/$1/b.cmw"
}

monitor_start() { # ends when the bus has made it a monitor
        busctl monitor org.cvmd1 >/tmp/messages 2>/tmp/monitor.log &
        monitor=$!
        wait_until 30 grep -q Monitoring /tmp/monitor.log
}

refused() { # USER: it gets nothing, and its exit status says why
        get "$1"
        equal 5 $? && not test -e "/tmp/$1/b.cmw"
}

helper_is() { # USER: whoever owns the helper's name
        equal "$(id -u "$1")" "$(busctl --json=short call org.freedesktop.DBus / org.freedesktop.DBus GetConnectionUnixUser s org.cvmd1.Attest | jq '.data[0]')"
}

bundled() { # RECORD...: they are in the bundle
        for _record; do
                jq -e ".\"$_record\"" /tmp/member/b.cmw >/dev/null || { echo "no $_record"; return 1; }
        done
}

check "the TPM has a paravisor's report" has_report
check "another agent has had its report" other_agent
check "the helper has a user of its own, and callers have a group" sh -c 'id cvmd-attest && getent group cvm-attest'
check "a user is a member of the group" user member -G cvm-attest
check "another is not" user stranger
check "cvmd starts" cvmd_start
check "the member gets evidence" get member
check "the bus started the helper, as its own user" helper_is cvmd-attest
check "there is a report, a quote, claims and what ties them together" bundled hcl-report tpm-quote claims batch ak-certificate
check "a monitor listens" monitor_start
check "the other one is refused" refused stranger
check "for want of a password" wait_until 30 grep -q 'ErrorName=org.freedesktop.DBus.Error.InteractiveAuthorizationRequired' /tmp/messages
kill $monitor
check "the guest input is as the other agent left it" restored
if [ -s /tmp/member/b.cmw ]; then
        keep "evidence-$nonce.cmw" /tmp/member/b.cmw
fi
journalctl -b -u cvmd-attest -n 15 -o cat --no-pager | sed 's/^/# cvmd-attest: /'
clean_slate
finish
