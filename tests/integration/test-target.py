#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd-compliant.target: reached while the guest is compliant, left when it is not, whatever systemd does."""

import os
import subprocess

from harness import PLAIN, PLAIN_NETWORK, STRICT, Guest, Programs, need, read_line, stop, wait_for
from tap import main

PATH = "/org/freedesktop/systemd1"
AUDIT = {"version": 1, "mode": "audit", "default": {"action": "block"}}
OTHER = "11111111-2222-4333-8444-555555555555"


class Systemd:
    """One unit's worth of it, on the guest's bus; the unit is in `state` when it comes."""

    def __init__(self, guest, state="inactive"):
        self.bus = guest.bus
        need("busctl")
        program = os.path.join(os.path.dirname(Programs.cvmd), "../tests/integration/fake-systemd")
        self.process = subprocess.Popen([program, guest.bus.address, state], stdout=subprocess.PIPE)
        guest.ends.callback(self.stop)
        assert read_line(self.process.stdout, "the fake systemd") == b"ready\n"

    def stop(self):
        stop(self.process)

    def _test(self, method, *arguments):
        return self.bus.busctl("call", "org.freedesktop.systemd1", PATH, "org.cvmd1.Test", method, *arguments)

    def behave(self, how):
        self._test("Behave", "s", how)

    def somebody(self, state):
        """Somebody else starts or stops it."""
        self._test("Somebody", "s", state)

    def requests(self):
        return self._test("Requests")[0]

    def state(self):
        return self.bus.busctl("get-property", "org.freedesktop.systemd1", PATH + "/unit/cvmd_2dcompliant_2etarget",
                               "org.freedesktop.systemd1.Unit", "ActiveState")

    def wait(self, state):
        wait_for(f"the target being {state}", lambda: self.state() == state)


def start(guest, *more):
    guest.cvmd.start("--systemd", guest.bus.address, *more)


def says_compliant(guest):
    return os.path.exists(os.path.join(guest.cvmd.state, "compliant"))


def leave(guest):
    """The policy is such that what is bound violates, and stays bound."""
    guest.write_policy(AUDIT)
    assert guest.bus.manager("Reload") is not None


def come_back(guest):
    guest.write_policy(STRICT)
    assert guest.bus.manager("Reload") is not None


def warnings(guest):
    return [w for w in guest.property("Warnings") if "cvmd-compliant.target" in w]


def test_it_follows_the_state():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        assert says_compliant(guest)
        leave(guest)
        systemd.wait("inactive")
        assert not says_compliant(guest)
        come_back(guest)
        systemd.wait("active")
        assert systemd.requests() == ["start fail", "stop replace", "start fail"], systemd.requests()
        assert not warnings(guest)


def test_what_is_not_applicable_is_not_compliant():
    with Guest("hyperv-plain", policy=AUDIT) as guest:
        systemd = Systemd(guest, "active")
        start(guest)
        systemd.wait("inactive")
        assert guest.property("State") == "not-applicable" and not says_compliant(guest)


def test_a_device_that_is_blocked_does_not_bounce_it():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        for relid in range(90, 95):
            guest.simulator.offer_class("network", instance=OTHER, relid=relid, flags=PLAIN)
            guest.wait_verdict(OTHER, "blocked")
            guest.simulator.rescind(instance=OTHER)
            wait_for("it being gone", lambda: OTHER not in guest.verdicts())
        assert systemd.requests() == ["start fail"], systemd.requests()


def test_a_device_that_cannot_be_blocked_ends_it():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        guest.simulator.misbehave(how="hang", path="*/unbind")
        guest.simulator.offer_class("network", instance=OTHER, relid=90, flags=PLAIN)
        systemd.wait("inactive")
        guest.simulator.behave()
        guest.wait_verdict(OTHER, "blocked")
        systemd.wait("active")


def test_a_protected_device_ends_it_while_it_is_there():
    policy = {"version": 1, "mode": "enforce", "rules": [
        {"id": "kept", "match": {"instance": OTHER}, "action": "audit"},
        {"id": "network", "match": {"class": "network"}, "require": {"ring": "confidential"}, "on-violation": "block"}],
        "default": {"action": "allow"}}
    with Guest("snp-openhcl", policy=policy) as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        guest.simulator.offer_class("network", instance=OTHER, relid=90, flags=PLAIN)
        systemd.wait("inactive")
        guest.simulator.rescind(instance=OTHER)
        systemd.wait("active")


def test_a_restart_asks_for_nothing():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        for end in guest.cvmd.stop, guest.cvmd.kill, guest.cvmd.stop:
            end()
            assert end == guest.cvmd.kill or not says_compliant(guest)
            start(guest)
            wait_for("the file", lambda: says_compliant(guest))
        assert systemd.requests() == ["start fail"], systemd.requests()


def test_what_was_left_reached_is_left():
    with Guest("snp-openhcl", policy=AUDIT) as guest:
        systemd = Systemd(guest, "active")
        guest.cvmd.launch("--systemd", guest.bus.address)
        systemd.wait("inactive")


def test_a_refusal_is_told_and_tried_again():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        systemd.behave("refuse")
        start(guest)
        wait_for("the warning", lambda: warnings(guest))
        assert "could not be started: Transaction is destructive." in warnings(guest)[0], warnings(guest)
        wait_for("another try", lambda: len(systemd.requests()) > 1)
        systemd.behave("well")
        systemd.wait("active")
        wait_for("no warning", lambda: not warnings(guest))


def test_a_lie_is_told_and_tried_again():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        systemd.behave("lie")
        leave(guest)
        wait_for("the warning", lambda: warnings(guest))
        assert "could not be stopped" in warnings(guest)[0], warnings(guest)
        assert not says_compliant(guest)
        wait_for("another try", lambda: systemd.requests().count("stop replace") > 1)
        systemd.behave("well")
        systemd.wait("inactive")
        wait_for("no warning", lambda: not warnings(guest))


def test_systemd_comes_late_and_again():
    with Guest("snp-openhcl") as guest:
        start(guest)
        systemd = Systemd(guest)
        systemd.wait("active")
        systemd.stop()
        leave(guest)
        systemd = Systemd(guest, "active")
        systemd.wait("inactive")
        come_back(guest)
        systemd.wait("active")


def test_the_bus_goes_and_comes_again():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        systemd.stop()
        guest.bus.stop()
        guest.bus.start()
        systemd = Systemd(guest, "inactive")
        wait_for("cvmd on the bus", guest.bus.has_cvmd)
        leave(guest)
        come_back(guest)
        systemd.wait("active")


def test_who_stops_it_is_left_alone_who_starts_it_is_not():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        start(guest)
        systemd.wait("active")
        systemd.somebody("inactive")
        wait_for("that being told", lambda: "stopped by somebody" in guest.cvmd.log())
        assert systemd.requests() == ["start fail"]
        leave(guest)
        systemd.somebody("active")
        wait_for("a stop", lambda: "stop replace" in systemd.requests())
        systemd.wait("inactive")
        come_back(guest)
        systemd.wait("active")


def test_a_simulated_guest_leaves_this_machine_alone():
    with Guest("snp-openhcl") as guest:
        systemd = Systemd(guest)
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert not systemd.requests() and not says_compliant(guest)


main(globals())
