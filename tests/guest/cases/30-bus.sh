# SPDX-License-Identifier: LGPL-2.1-or-later
# The system bus: it may come late, go and come back; what cvmd shows and signals there.
. ./lib.sh
. ./daemon.sh

network=00000000-0000-4000-8000-000000000030
object=$OBJECT/device/$(echo $network | tr - _)

bus_stop() {
        systemctl stop dbus.socket dbus.service && not systemctl is-active dbus.service
}

bus_start() {
        systemctl start dbus.socket dbus.service
}

introspects() { # OBJECT INTERFACE MEMBER...
        _object=$1 _interface=$2
        shift 2
        busctl --xml-interface introspect org.cvmd1 "$_object" >/tmp/introspection || return 1
        for _member; do
                grep -q "name=\"$_member\"" /tmp/introspection || { echo "no $_member in $_interface"; return 1; }
        done
        grep -q "name=\"$_interface\"" /tmp/introspection && busctl introspect org.cvmd1 "$_object"
}

monitor_start() { # ends when the bus has made it a monitor
        busctl --json=short monitor org.cvmd1 >/tmp/signals 2>/tmp/monitor.log &
        monitor=$!
        wait_until 30 grep -q Monitoring /tmp/monitor.log
}

signalled() { # FILTER: a signal like that was seen; the last line of the file may be half there
        jq -c "select(.type == \"signal\") | select($1)" /tmp/signals 2>/dev/null | grep -q .
}

simulator
offer 100 $NETWORK $network 0
enforce_strictly

check "the bus goes" bus_stop
check "cvmd starts without it" cvmd_start
check "and enforces without it" held $network 100
check "the bus comes" bus_start
check "cvmd joins it" wait_until 60 on_bus
check "the bus restarts" systemctl restart dbus.service
check "cvmd joins it again" wait_until 60 on_bus
check "and answers" judged $network blocked

check "the manager can be introspected" introspects $OBJECT org.cvmd1.Manager State Reload DecisionMade
check "a device can be introspected" introspects "$object" org.cvmd1.Device Verdict Ring Channels

check "a monitor listens" monitor_start
check "a network is offered anew" sh -c ". ./lib.sh; rescind 100 && offer 101 $NETWORK $network 0"
check "it is blocked" judged $network blocked
check "DecisionMade was signalled" wait_until 30 signalled ".member == \"DecisionMade\" and .payload.data[1] == \"$network\" and .payload.data[2] == \"blocked\""
check "an administrator allows it" cvmctl allow --runtime $network
check "PropertiesChanged was signalled" wait_until 30 signalled ".member == \"PropertiesChanged\" and .path == \"$object\" and .payload.data[1].Verdict.data == \"allowed\""
kill $monitor

check "a request for an unknown device is an error" sh -c 'cvmctl device 7777; [ $? -eq 4 ]'
clean_slate
finish
