#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd-attest is killed at any of its TPM commands: the next one serves, and the guest input is as it was."""

import random

from attest import Attest, user_data
from paravisor import user_data_of
from tap import main

POINTS = 20
ZEROES = bytes(64)


class Run:
    """A paravisor whose guest input somebody else has used, or nobody."""

    def __init__(self, attest, seed):
        self.attest = attest
        self.random = random.Random(seed)
        self.killed_over = 0  # how often ours stood in the guest input

    def advance(self):
        self.attest.paravisor.order("advance 1000000")

    def settle(self, theirs):
        """Somebody had their report."""
        self.attest.paravisor.order(f"input {theirs.hex()}")
        self.advance()
        self.attest.paravisor.read_report()
        self.advance()

    def commands_of_a_report(self, theirs):
        """What it takes without a kill."""
        self.settle(theirs)
        self.attest.start()
        before = self.attest.paravisor.state()["commands"]
        self.attest.report(user_data(b"counted"))
        return self.attest.paravisor.state()["commands"] - before

    def kill_at(self, nth, carried_out, data):
        self.attest.start()
        with self.attest.paravisor.hold(nth) as wait:
            self.attest.send("Report", "aya{sv}", data, {})
            wait()
            self.attest.kill()
            self.attest.paravisor.order("go" if carried_out else "drop")
        self.killed_over += self.attest.input() == data


def test_a_kill_at_any_command_leaves_nothing_behind():
    with Attest() as attest:
        run = Run(attest, 1)
        least, most = (run.commands_of_a_report(theirs) for theirs in (ZEROES, run.random.randbytes(64)))
        points = [*range(1, most + 1)]
        points += [run.random.choice(points) for _ in range(POINTS)]
        for number, nth in enumerate(points):
            theirs = ZEROES if nth <= least and run.random.random() < 0.5 else run.random.randbytes(64)
            carried_out = run.random.random() < 0.5
            what = f"point {number}: command {nth} of {most}, carried out: {carried_out}, there before: {theirs.hex()}"
            run.settle(theirs)
            run.kill_at(nth, carried_out, user_data(b"killed %d" % number))
            attest.start()
            assert attest.describe()["provider"] == "vtpm", what
            assert attest.input() == theirs, what
            run.advance()
            data = user_data(b"next %d" % number)
            report = attest.report(data)
            assert report["fresh"] is True and user_data_of(report["hcl-report"]) == data, what
            assert attest.input() == theirs, what
        assert run.killed_over >= 5, run.killed_over


def test_what_somebody_wrote_after_a_kill_stays():
    with Attest() as attest:
        run = Run(attest, 2)
        theirs, later = run.random.randbytes(64), run.random.randbytes(64)
        n = run.commands_of_a_report(theirs)
        for nth in range(1, n + 1):
            run.settle(theirs)
            run.kill_at(nth, True, user_data(b"killed"))
            if attest.input() == theirs:
                continue
            run.settle(later)
            attest.start()
            attest.describe()
            assert attest.input() == later
        assert run.killed_over > 0


main(globals())
