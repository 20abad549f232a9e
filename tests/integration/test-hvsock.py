#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hv_sock: connections that come and go by the thousand, each of which the kernel shows as a device."""

import uuid

from harness import PLAIN, Guest, wait_for
from tap import main

SERVICE = "00000400-facb-11e6-bd58-64006a7986d3"
OTHER_SERVICE = "00000401-facb-11e6-bd58-64006a7986d3"
CONNECTION = {"ring": 0, "dma": 0, "hvsock": 1}
NEW = "f8615163-0000-1000-2000-000d3a000001"
CHURN = 2000
BATCH = 20  # as many as the simulator's socket takes at once
EVENTS_EACH = 6  # add, bind and its channel, and the same back
LOOKS_MAX = CHURN // 20  # where each connection a look would be twice CHURN


def instance_of(number):
    return str(uuid.UUID(int=0x5000_0000_0000_4000_8000_0000_0000_0000 + number))


def connect(guest, number, service=SERVICE, relid=1900):
    guest.simulator.offer_class(service, instance=instance_of(number), relid=relid, flags=CONNECTION)


def come_and_go(number):
    return [{"do": "offer", "class": SERVICE, "instance": instance_of(number), "relid": 1000 + number % 800,
             "flags": CONNECTION}, {"do": "rescind", "instance": instance_of(number)}]


def start_with_a_connection(guest):
    guest.simulator.register_driver(driver="hv_sock")
    guest.cvmd.start()
    connect(guest, 0)
    guest.wait_verdict(instance_of(0), "allowed")


def decisions(guest):
    return [d for d in guest.cvmd.decisions() if d["event"] == "decision"]


def test_thousands_of_connections_cost_next_to_nothing():
    with Guest("snp-openhcl") as guest:
        start_with_a_connection(guest)
        told, log, before = decisions(guest), guest.cvmd.log(), guest.counters()
        numbers = range(1, CHURN + 1)
        for first in range(0, CHURN, BATCH):
            guest.simulator.batch(orders=[o for n in numbers[first:first + BATCH] for o in come_and_go(n)])
            wait_for("every event", lambda n=first + BATCH: guest.counters()["uevents"] - before["uevents"] >=
                     EVENTS_EACH * n)
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")  # what matters is not kept waiting
        after = guest.counters()
        looks = after["looks"] - before["looks"]
        print(f"# {after['uevents'] - before['uevents']} events, {looks} looks")
        assert looks <= LOOKS_MAX, looks
        assert after["receive-errors"] == before["receive-errors"]
        assert [d["instance"] for d in decisions(guest)[len(told):]] == [NEW]
        assert not [line for line in guest.cvmd.log()[len(log):].splitlines() if SERVICE in line]


def test_a_service_is_decided_once():
    with Guest("snp-openhcl") as guest:
        start_with_a_connection(guest)
        for number in 1, 2:
            connect(guest, number, relid=1900 + number)
            guest.wait_verdict(instance_of(number), "allowed")
        connect(guest, 3, OTHER_SERVICE, 1903)
        guest.wait_verdict(instance_of(3), "allowed")
        guest.simulator.rescind(instance=instance_of(0))
        wait_for("gone", lambda: instance_of(0) not in guest.verdicts())
        guest.cvmd.kill()
        guest.cvmd.start()
        assert guest.verdicts()[instance_of(2)] == "allowed"
        about = [d["instance"] for d in decisions(guest) if d["class"] in (SERVICE, OTHER_SERVICE)]
        assert about == [SERVICE, OTHER_SERVICE], about


def test_a_service_whose_decision_changes_is_told_again():
    with Guest("snp-openhcl") as guest:
        start_with_a_connection(guest)
        guest.write_policy({"version": 1, "mode": "enforce", "default": {"action": "allow"},
                            "rules": [{"id": "watched", "match": {"hvsock": True}, "action": "audit"}]})
        guest.bus.manager("Reload")
        guest.wait_verdict(instance_of(0), "violating")
        about = [d["verdict"] for d in decisions(guest) if d["class"] == SERVICE]
        assert about == ["allowed", "violating"], about


def test_a_device_that_poses_as_a_service_is_a_device():
    with Guest("snp-openhcl") as guest:
        start_with_a_connection(guest)
        guest.simulator.offer_class(SERVICE, instance=NEW, relid=50, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")
        assert guest.simulator.is_blocked(NEW)
        assert guest.verdicts()[instance_of(0)] == "allowed"
        # and from here on none of that class is waited for: there is a driver for it after all
        guest.simulator.register_driver(driver="uio_hv_generic")
        guest.simulator.write(path="sys/bus/vmbus/drivers/uio_hv_generic/new_id", text=SERVICE)
        assert guest.simulator.is_blocked(NEW)


def test_behind_the_gate_connections_are_let_in():
    policy = {"version": 1, "mode": "enforce", "gate": "on", "default": {"action": "block"}}
    with Guest("snp-openhcl", policy=policy) as guest:
        start_with_a_connection(guest)
        wait_for("closed", lambda: guest.simulator.read("sys/bus/vmbus/drivers_autoprobe") == "0")
        wait_for("bound", lambda: guest.simulator.driver(instance_of(0)) == "hv_sock")
        for number in range(1, 6):
            connect(guest, number, relid=1900 + number)
            wait_for("bound", lambda n=number: guest.simulator.driver(instance_of(n)) == "hv_sock")
            assert guest.simulator.device(instance_of(number), "driver_override") == "(null)"


main(globals())
