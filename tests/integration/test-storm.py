#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bursts of offers and rescinds, and channels that come and go by the thousand. Seeded: each run is the same."""

import pathlib
import random
import uuid

from harness import CONFIDENTIAL, PLAIN, Guest, Programs, Skip, wait_for
from tap import main

OPERATIONS = 5000
BATCH = 125  # operations in a row, before anybody else gets a turn
EVENT_BUFFER = 4608  # a few messages, as the kernel counts them: far less than one batch brings
PAYLOAD = "network", "scsi"
CONTROL = "timesync", "heartbeat"


class Storm:
    """What the host does, and so what there ought to be."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.present = {}  # instance -> (class, plain)
        self.relids = list(range(1000, 1064))  # few, so that they are soon used again

    def offer(self):
        instance = str(uuid.UUID(int=self.random.getrandbits(128)))
        device_class = self.random.choice(PAYLOAD + CONTROL)
        plain = self.random.random() < 0.5
        relid = self.relids.pop(self.random.randrange(len(self.relids)))
        self.present[instance] = device_class, plain, relid
        return {"do": "offer", "instance": instance, "class": device_class, "relid": relid,
                "flags": PLAIN if plain else CONFIDENTIAL}

    def rescind(self):
        instance = self.random.choice(list(self.present))
        self.relids.append(self.present.pop(instance)[2])
        return {"do": "rescind", "instance": instance}

    def operation(self):
        if not self.present or (self.relids and self.random.random() < 0.5):
            return self.offer()
        return self.rescind()

    def expected(self):
        return {i: "blocked" if plain and device_class in PAYLOAD else "allowed"
                for i, (device_class, plain, _) in self.present.items()}


def memory_of(guest):
    """Resident, in kB."""
    with open(f"/proc/{guest.cvmd.process.pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def assert_effective(guest, verdicts):
    for instance, verdict in verdicts.items():
        assert guest.simulator.is_blocked(instance) == (verdict == "blocked"), (instance, verdict)


def test_thousands_of_offers_and_rescinds_end_in_the_right_state():
    with Guest("snp-openhcl", simulator=["--event-buffer", str(EVENT_BUFFER)]) as guest:
        guest.cvmd.start()
        before = guest.verdicts()
        storm = Storm(1)
        for _ in range(OPERATIONS // BATCH):
            guest.simulator.batch(orders=[storm.operation() for _ in range(BATCH)])
        expected = {**before, **storm.expected()}
        assert set(storm.expected().values()) == {"allowed", "blocked"}
        wait_for("what the host left there", lambda: guest.verdicts() == expected)
        assert_effective(guest, expected)
        counters = guest.counters()
        assert counters["receive-errors"] >= 1, counters
        assert counters["rescans"] == counters["receive-errors"], counters
        # an evaluation from nothing finds the same
        guest.cvmd.kill()
        guest.cvmd.start()
        wait_for("the same, from nothing", lambda: guest.verdicts() == expected)
        assert_effective(guest, expected)


def test_memory_is_given_back():
    if b"__asan_init" in pathlib.Path(Programs.cvmd).read_bytes():
        raise Skip("a sanitizer keeps what is freed")
    with Guest("snp-openhcl") as guest:  # with every event received: more looks, and nothing of them stays
        guest.cvmd.start()
        before, memory = guest.verdicts(), memory_of(guest)
        storm = Storm(2)
        for _ in range(4):
            guest.simulator.batch(orders=[storm.offer() for _ in range(64)])
            guest.simulator.batch(orders=[storm.rescind() for _ in range(64)])
        wait_for("all gone", lambda: guest.verdicts() == before)
        assert memory_of(guest) <= memory * 1.2, (memory, memory_of(guest))


main(globals())
