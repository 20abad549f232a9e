# SPDX-License-Identifier: LGPL-2.1-or-later
# Ordinary users on the system bus: what polkit says of them, with a rule, while it is masked, and where it is not installed.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000090
rules=/etc/polkit-1/rules.d/10-test.rules
activation=/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service

as() { # USER COMMAND...
        _user=$1
        shift
        setpriv --reuid="$_user" --regid="$_user" --init-groups "$@" </dev/null
}

may() { # USER VERB...: cvmctl does it
        _who=$1
        shift
        as "$_who" cvmctl "$@"
}

may_not() { # WHY USER VERB...: it does not, for a reason like WHY
        _why=$1
        shift
        may "$@" >/tmp/may.out 2>&1
        equal 5 $? && grep "$_why" /tmp/may.out
}

reads_status() { # USER: whatever the status is
        as "$1" cvmctl status --json | jq -e .state
}

bus_knows_polkit() {
        busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig &&
                busctl --json=short call org.freedesktop.DBus / org.freedesktop.DBus ListActivatableNames | grep -q PolicyKit1
}

bus_forgot_polkit() {
        bus_knows_polkit
        [ $? = 1 ] && ! busctl --quiet status org.freedesktop.PolicyKit1
}

check "polkit has the actions" equal "org.cvmd1.attest org.cvmd1.manage-device org.cvmd1.manage-policy" "$(pkaction | grep '^org\.cvmd1\.' | sort | xargs)"
check "there are users" sh -c 'useradd polkit-operator && useradd -G cvm-attest polkit-member && useradd polkit-stranger'
simulator
offer 100 $NETWORK $network 0
enforce_strictly
check "cvmd starts" cvmd_start
check "a plain network is blocked" judged $network blocked
check "strangers can read the status" reads_status polkit-stranger

check "a stranger needs a password for a device" may_not "manage-device takes a password" polkit-stranger allow $network
check "and for the policy" may_not "manage-policy takes a password" polkit-stranger reload
check "and for evidence" may_not "attest takes a password" polkit-stranger attest get --nonce=0011223344556677
check "a member of the group gets evidence" may polkit-member attest get --nonce=0011223344556677 -o /dev/null
check "and needs one for all else" may_not "takes a password" polkit-member allow $network

cat >$rules <<'RULES'
polkit.addRule(function(action, subject) {
    if (action.id == "org.cvmd1.manage-device" && subject.user == "polkit-operator" && action.lookup("class") == "network")
        return polkit.Result.YES;
});
RULES
chmod 644 $rules
check "an operator may allow the network once a rule says so" wait_until 30 may polkit-operator allow $network
check "it has its driver" wait_until 30 bound $network
check "that is in the journal" sh -c "journalctl -b -u cvmd -o cat | grep -q 'polkit allows user $(id -u polkit-operator) org.cvmd1.manage-device (allow)'"
check "the operator may not make that last" may_not "manage-policy takes a password" polkit-operator allow --permanent $network
check "nor may a stranger do the same" may_not "manage-device takes a password" polkit-stranger forget $network
check "the operator may forget it" may polkit-operator forget $network
check "it is blocked again" judged $network blocked

check "polkit is masked" systemctl mask --quiet --runtime --now polkit
check "the operator may not" may_not "polkit does not say" polkit-operator allow $network
check "nor may the member" may_not "polkit does not say" polkit-member attest get --nonce=0011223344556677
check "root may" cvmctl allow $network
check "and takes it back" cvmctl forget $network
check "polkit is there again" systemctl unmask --quiet --runtime polkit
check "the operator may" wait_until 30 may polkit-operator allow $network
check "and takes it back, too" may polkit-operator forget $network

mv $activation /tmp/activation
systemctl stop polkit
check "polkit is not installed any more" wait_until 30 bus_forgot_polkit
check "all is root's" may_not "only root may do this" polkit-operator allow $network
check "but evidence, which is the group's" may polkit-member attest get --nonce=0011223344556677 -o /dev/null
check "and nobody else's" may_not "members of group cvm-attest" polkit-stranger attest get --nonce=0011223344556677
mv /tmp/activation $activation
check "polkit is installed again" wait_until 30 bus_knows_polkit

rm $rules
clean_slate
finish
