#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGKILL at any point of a run, of cvmd or of a helper: the next cvmd ends where one that lived would have."""

import random

from harness import CONFIDENTIAL, DISK, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main

POINTS = 50
DEVICES = (NETWORK, PLAIN_NETWORK, HEARTBEAT)
PAYLOAD = (NETWORK, PLAIN_NETWORK)


class Run:
    """A guest whose host offers everything anew before each cvmd."""

    def __init__(self, guest, seed):
        self.guest = guest
        self.random = random.Random(seed)
        self.relid = 100
        self.plain = {}
        self.killed = 0  # how often it was cvmd that the simulator killed

    def change(self):
        for instance in DEVICES:
            self.relid += 1
            self.plain[instance] = self.random.random() < 0.5
            self.guest.simulator.reoffer(instance=instance, relid=self.relid,
                                         flags=PLAIN if self.plain[instance] else CONFIDENTIAL)

    def expected(self):
        return {i: "blocked" if self.plain[i] and i in PAYLOAD else "allowed" for i in DEVICES}

    def decided(self):
        """The last verdict of each device in the decision log."""
        decisions = (d for d in self.guest.cvmd.decisions() if d["event"] == "decision")
        return {d["instance"]: d["verdict"] for d in decisions if d["instance"] in DEVICES}

    def is_right(self):
        simulator = self.guest.simulator
        return self.decided() == self.expected() and all(
            simulator.is_blocked(i) if verdict == "blocked" else
            simulator.driver(i) and simulator.device(i, "driver_override") == "(null)"
            for i, verdict in self.expected().items())

    def requests_of_a_run(self):
        """What a cvmd that nobody kills asks of the kernel, the most that there can be."""
        self.plain = dict.fromkeys(DEVICES, True)
        for relid, instance in enumerate(DEVICES, 90):
            self.guest.simulator.reoffer(instance=instance, relid=relid, flags=PLAIN)
        before = len(self.guest.simulator.requests())
        self.guest.cvmd.start()
        assert self.is_right()
        n = len(self.guest.simulator.requests()) - before
        self.guest.cvmd.kill()
        return n

    def live_until(self, skip, helper, late):
        """Starts cvmd, and kills it, or whoever of it asks, at its request number `skip`."""
        cvmd, simulator = self.guest.cvmd, self.guest.simulator
        simulator.misbehave(how="kill", path="*", skip=skip, times=1, late=late, daemon=not helper)
        cvmd.launch()
        wait_for("killed, or ready", lambda: cvmd.process.poll() is not None or not cvmd.told.empty())
        if cvmd.process.poll() is None:
            cvmd.kill()
        else:
            self.killed += 1
        simulator.behave()
        while not cvmd.told.empty():
            cvmd.told.get()


def test_a_kill_at_any_point_changes_nothing_in_the_end():
    with Guest("snp-openhcl", bus=False) as guest:
        run = Run(guest, 1)
        run.requests_of_a_run()
        n = run.requests_of_a_run()  # of one that finds what a killed one left, as all that follow do
        for point in range(POINTS):
            run.change()
            skip, helper, late = run.random.randrange(n), run.random.random() < 0.3, run.random.random() < 0.5
            run.live_until(skip, helper, late)
            guest.cvmd.start()
            wait_for(f"point {point}: request {skip}, helper {helper}, late {late}: {run.expected()}", run.is_right)
            guest.cvmd.kill()
        assert run.killed >= POINTS // 2, run.killed
        assert guest.simulator.driver(DISK) == "hv_storvsc"
        assert "begun anew" not in guest.cvmd.log(), "the decision log is whole"


main(globals())
