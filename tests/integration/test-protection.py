#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Protection that is kept: what a device carries may be gone for a moment."""

import json

from harness import DISK, NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main

LINKS = "netlink-link 2 eth0 up vf-of=none\nnetlink-link 3 eth1 up vf-of=none\n"
OVER_PRIVATE = LINKS + "netlink-route default dev=2\n"
OVER_PLAIN = LINKS + "netlink-route default dev=3\n"
MOUNTS = "proc/self/mountinfo"


def policy(*protect):
    return {"version": 1, "mode": "enforce", "protect": list(protect),
            "rules": [{"id": "payload", "match": {"class": ["network", "scsi"]}, "require": {"ring": "confidential"},
                       "on-violation": "block"}],
            "default": {"action": "allow"}}


def set_network(guest, text):
    """The kernel's notice of it is a rescan here."""
    guest.simulator.put(path="netlink", text=text)
    guest.bus.manager("Rescan")


def start_on_plain_network(guest):
    guest.simulator.put(path="netlink", text=OVER_PLAIN)
    guest.cvmd.start()
    assert guest.verdicts()[PLAIN_NETWORK] == "protected"


def assert_untouched(guest, instance):
    assert guest.verdicts()[instance] == "protected"
    assert guest.simulator.driver(instance)
    assert not guest.simulator.writes(f"{instance}/driver_override")


def test_a_route_that_is_gone_for_a_moment_costs_nothing():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        decisions = guest.cvmd.decisions()
        for without in OVER_PRIVATE, LINKS, "netlink-link 2 eth0 up vf-of=none\nnetlink-route default dev=2\n":
            set_network(guest, without)
            assert_untouched(guest, PLAIN_NETWORK)
            assert guest.property("State") == "violating"
            kept, = json.loads(guest.bus.manager("Plan")[0])["protected"]
            assert kept["instance"] == PLAIN_NETWORK, kept
            set_network(guest, OVER_PLAIN)
            assert_untouched(guest, PLAIN_NETWORK)
        assert guest.cvmd.decisions() == decisions, "nothing was decided anew"


def test_a_route_that_stays_away_ends_the_protection():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        set_network(guest, OVER_PRIVATE)
        assert_untouched(guest, PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")  # by nothing but time
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_restart_in_that_moment_costs_nothing():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        guest.cvmd.kill()
        guest.simulator.put(path="netlink", text=OVER_PRIVATE)
        guest.cvmd.start()
        assert_untouched(guest, PLAIN_NETWORK)
        set_network(guest, OVER_PLAIN)
        assert_untouched(guest, PLAIN_NETWORK)


def test_a_policy_that_protects_it_no_longer_is_obeyed_at_once():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        set_network(guest, OVER_PRIVATE)
        guest.write_policy(policy("root"))
        guest.bus.manager("Reload")
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_an_administrator_is_obeyed_at_once():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        assert guest.bus.decide("Block", PLAIN_NETWORK) is None, "it is protected"
        set_network(guest, OVER_PRIVATE)
        assert guest.bus.decide("Block", PLAIN_NETWORK) == [PLAIN_NETWORK]
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_another_device_of_that_name_is_none_that_was_protected():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        start_on_plain_network(guest)
        guest.simulator.put(path="netlink", text=OVER_PRIVATE)
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
        guest.simulator.put(path=f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/net/eth1/flags", text="0x1003\n")
        guest.bus.manager("Rescan")
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_a_mount_that_is_gone_for_a_moment_costs_nothing():
    with Guest("snp-root-plain", policy=policy("root")) as guest:
        guest.cvmd.start()
        assert_untouched(guest, DISK)
        mounts = guest.simulator.read(MOUNTS)
        guest.simulator.put(path=MOUNTS, text="")
        guest.bus.manager("Rescan")
        assert_untouched(guest, DISK)
        guest.simulator.put(path=MOUNTS, text=mounts + "\n")
        guest.bus.manager("Rescan")
        assert_untouched(guest, DISK)


def test_what_cannot_be_read_protects_more():
    with Guest("snp-root-plain", policy=policy("root")) as guest:
        guest.simulator.fail_read(path=MOUNTS)
        guest.cvmd.start()
        assert_untouched(guest, DISK)
        assert "is not known" in guest.devices()[DISK]["Reason"]
        assert any(MOUNTS in w for w in guest.property("Warnings"))
        guest.simulator.put(path=MOUNTS, text="")  # now it is known, and it was not protected by anything that is gone
        guest.bus.manager("Rescan")
        guest.wait_verdict(DISK, "blocked")


def test_a_network_of_which_nothing_is_known_is_not_cut():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        guest.simulator.put(path="netlink", text="netlink-link unknown\nnetlink-route unknown\n")
        guest.cvmd.start()
        assert_untouched(guest, PLAIN_NETWORK)
        assert guest.verdicts()[NETWORK] == "allowed"
        set_network(guest, OVER_PRIVATE)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_an_interface_that_is_renamed_or_moved_away_is_not_cut():
    for network in OVER_PRIVATE.replace("eth1", "eth7"), OVER_PRIVATE.replace("netlink-link 3 eth1 up vf-of=none\n", ""):
        with Guest("snp-openhcl", policy=policy("last-network")) as guest:
            guest.simulator.put(path="netlink", text=network)
            guest.cvmd.start()
            assert_untouched(guest, PLAIN_NETWORK)
            set_network(guest, OVER_PRIVATE)
            guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_the_network_follows_its_route():
    with Guest("snp-openhcl", policy=policy("last-network")) as guest:
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)  # the one with the route, plain now
        guest.wait_verdict(NETWORK, "protected")
        assert guest.simulator.driver(NETWORK)
        wait_for("not compliant", lambda: guest.property("State") == "violating")


main(globals())
