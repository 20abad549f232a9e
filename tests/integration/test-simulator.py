#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulator against the list that real kernels are held against (tests/sim/contract), and its uevents."""

import errno
import os
import socket

from harness import NETWORK, PATIENCE, PLAIN_NETWORK, SOURCE, Guest
from tap import main

BUS = "sys/bus/vmbus/"
INSTANCE, DRIVER, RELID = PLAIN_NETWORK, "hv_netvsc", "8"


def steps():
    with open(os.path.join(SOURCE, "tests/sim/contract"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                filled = line.rstrip("\n").replace("@I", INSTANCE).replace("@D", DRIVER).replace("@R", RELID)
                yield filled.split("|")


def outcome(simulator, verb, path, text):
    if verb == "write":
        number = simulator.write(path=BUS + path, text=text + "\n")
        return errno.errorcode[number] if number else "ok"
    if verb == "driver":
        return simulator.driver(path) or "none"
    full = os.path.join(simulator.root, BUS + path)
    if os.path.islink(full):  # a recorded error: see lib/base/sysroot-simulated.c
        return os.readlink(full).removeprefix("errno:")
    return simulator.read(BUS + path)


def test_the_simulator_does_what_kernels_do():
    with Guest("snp-openhcl", policy=None, bus=False) as guest:
        for step in steps():
            verb, path, text, wanted = step
            got = outcome(guest.simulator, verb, path, text)
            assert got == wanted or (wanted == "*" and got.isdigit()), (step, got)


def subscribe(simulator):
    events = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    events.settimeout(PATIENCE)
    events.connect(simulator.socket)
    events.send(b"subscribe\0\0")
    assert events.recv(16) == b"0"
    return events


def next_event(events):
    header, *pairs = events.recv(4096).decode().rstrip("\0").split("\0")
    keys = dict(pair.split("=", 1) for pair in pairs)
    assert header == f"{keys['ACTION']}@{keys['DEVPATH']}", header
    assert list(keys)[:3] == ["ACTION", "DEVPATH", "SUBSYSTEM"] and list(keys)[-1] == "SEQNUM", keys
    return keys


def test_uevents_come_in_the_order_of_the_kernel():
    with Guest("snp-compliant", policy=None, bus=False) as guest:
        with subscribe(guest.simulator) as events:
            guest.simulator.reoffer(instance=NETWORK, relid=40)
            told = [next_event(events) for _ in range(9)]
            assert [(e["ACTION"], e["SUBSYSTEM"]) for e in told] == [
                ("unbind", "vmbus"), *[("remove", "channels")] * 4, ("remove", "vmbus"),
                ("add", "vmbus"), ("bind", "vmbus"), ("add", "channels")], told
            assert [e.get("DRIVER") for e in told if e["SUBSYSTEM"] == "vmbus"] == [None, None, None, "hv_netvsc"], told
            assert told[-1]["DEVPATH"].endswith(f"/{NETWORK}/channels/40"), told
            assert [int(e["SEQNUM"]) for e in told] == list(range(int(told[0]["SEQNUM"]), int(told[0]["SEQNUM"]) + 9))


def test_a_sub_channel_and_a_late_driver_announce_themselves_alone():
    with Guest("snp-compliant", policy=None, bus=False) as guest:
        with subscribe(guest.simulator) as events:
            guest.simulator.add_channel(instance=NETWORK, relid=40, sub=4)
            event = next_event(events)
            assert (event["ACTION"], event["SUBSYSTEM"]) == ("add", "channels"), event
            guest.simulator.register_driver(driver="hv_balloon")
            event = next_event(events)
            assert (event["ACTION"], event["SUBSYSTEM"]) == ("add", "drivers"), event


main(globals())
