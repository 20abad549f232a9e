#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-Bus: buses that come and go, the interfaces as installed, signals, and requests of every kind."""

import subprocess

from harness import NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from introspection import interfaces, promised_by
from tap import main

MANAGER = "org.cvmd1.Manager"
DEVICE_PATH = "/org/cvmd1/device/" + PLAIN_NETWORK.replace("-", "_")
NO_SUCH = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def test_without_a_bus_cvmd_enforces_and_joins_one_that_comes():
    with Guest("snp-openhcl", bus=False) as guest:
        guest.cvmd.start()
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.bus.start()
        wait_for("cvmd on the bus", guest.bus.has_cvmd)
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"


def test_a_bus_that_comes_again_is_joined_again():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for relid in 40, 41:
            guest.bus.stop()
            guest.simulator.reoffer(instance=NETWORK, relid=relid, flags=PLAIN)
            wait_for("enforced without a bus", lambda: guest.simulator.is_blocked(NETWORK))
            guest.bus.start()
            wait_for("cvmd on the bus", guest.bus.has_cvmd)
            guest.wait_verdict(NETWORK, "blocked")


def test_a_name_that_is_taken_is_waited_for():
    with Guest("snp-openhcl") as guest:
        with Guest("snp-openhcl") as first:
            first.bus.address = guest.bus.address
            first.cvmd.start()
            guest.cvmd.launch()
            guest.cvmd.wait_notified("READY=1")
            wait_for("that it waits", lambda: "waiting for the name" in guest.cvmd.log())
            assert "serving" not in guest.cvmd.log()
        wait_for("that it serves", lambda: "serving as org.cvmd1" in guest.cvmd.log())
        assert guest.property("State") == "compliant"


def test_introspection_is_what_is_installed():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for path, name in (("/org/cvmd1", "org.cvmd1.Manager"), ("/org/cvmd1", "org.cvmd1.Attestation"),
                           (DEVICE_PATH, "org.cvmd1.Device")):
            reply = guest.bus.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            promised = promised_by(name)
            given = interfaces(reply[0])[name]
            assert given == promised, f"{name}: only given: {given - promised}; only promised: {promised - given}"


def test_busctl_shows_manager_and_device():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for path, wanted in ("/org/cvmd1", ".PolicyDigest"), (DEVICE_PATH, ".Verdict"):
            done = subprocess.run(["busctl", f"--address={guest.bus.address}", "--no-pager", "introspect", "org.cvmd1",
                                   path], stdout=subprocess.PIPE, check=True, encoding="utf-8")
            assert wanted in done.stdout, done.stdout


def test_changes_are_signalled():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        signals = guest.signals()
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        decided = signals.wait("DecisionMade", lambda m: m["member"] == "DecisionMade" and
                               m["payload"]["data"][1:3] == [NETWORK, "blocked"])
        path, _, _, rule, reason = decided["payload"]["data"]
        assert path == "/org/cvmd1/device/" + NETWORK.replace("-", "_")
        assert rule == "payload-private" and "channel 40" in reason, decided
        signals.wait("PropertiesChanged of the device", lambda m: m["member"] == "PropertiesChanged" and
                     m["path"] == path and "Verdict" in m["payload"]["data"][1])
        signals.wait("PropertiesChanged of the manager", lambda m: m["member"] == "PropertiesChanged" and
                     m["path"] == "/org/cvmd1" and "LogSequence" in m["payload"]["data"][1])


def test_objects_come_and_go_with_their_devices():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        signals = guest.signals()
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        signals.wait("InterfacesRemoved", lambda m: m["member"] == "InterfacesRemoved" and
                     m["payload"]["data"][0] == DEVICE_PATH and "org.cvmd1.Device" in m["payload"]["data"][1])
        assert guest.bus.busctl("get-property", "org.cvmd1", DEVICE_PATH, "org.cvmd1.Device", "Verdict") is None
        guest.simulator.offer_class("network", instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
        signals.wait("InterfacesAdded", lambda m: m["member"] == "InterfacesAdded" and
                     m["payload"]["data"][0] == DEVICE_PATH)


def test_an_unknown_device_is_an_error_that_says_so():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        before = guest.cvmd.decisions()
        for method in "Block", "Allow", "Forget":
            for word in NO_SUCH, "", "999", "not-a-class", "../../etc", "%s%n", "{", "\x07":
                assert guest.bus.decide(method, word) is None, (method, word)
        assert guest.bus.decide("Block", NO_SUCH) is None
        assert NO_SUCH in guest.bus.error, guest.bus.error
        assert guest.cvmd.decisions() == before


def test_an_ambiguous_device_is_refused():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.bus.decide("Block", "network") is None
        assert NETWORK in guest.bus.error and PLAIN_NETWORK in guest.bus.error, guest.bus.error
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_devices_are_named_as_people_name_them():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for word in NETWORK, "{" + NETWORK.upper() + "}", NETWORK[:8], "7":
            assert guest.bus.decide("Block", word) == [NETWORK], word
            guest.wait_verdict(NETWORK, "blocked")
            assert guest.bus.decide("Forget", word) == [NETWORK], word
            guest.wait_verdict(NETWORK, "allowed")


def test_explain_and_plan_are_json():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        explanation = guest.bus.call(DEVICE_PATH, "org.cvmd1.Device", "Explain")[0]
        assert '"payload-private"' in explanation
        assert guest.bus.manager("Plan")[0].startswith("{")
        dependents = guest.bus.call("/org/cvmd1/device/" + NETWORK.replace("-", "_"), "org.cvmd1.Device",
                                    "GetDependents")
        assert ["network", "eth0", ""] in dependents[0], dependents


def test_properties_cannot_be_written():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.bus.busctl("set-property", "org.cvmd1", "/org/cvmd1", MANAGER, "Mode", "s", "off") is None
        assert guest.property("Mode") == "enforce"


main(globals())
