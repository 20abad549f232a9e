#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ends of every kind: what is blocked stays so, and what was decided is not decided twice."""

import os
import resource
import subprocess

from harness import DISK, NETWORK, PATIENCE, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main


def decisions_of(guest):
    return [d for d in guest.cvmd.decisions() if d["event"] == "decision"]


def test_an_end_leaves_blocks_in_place():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.cvmd.stop() == 0
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_restart_after_kill_finds_the_same():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        verdicts, decisions = guest.verdicts(), decisions_of(guest)
        writes = [p for p in guest.simulator.writes() if p.startswith("sys/bus")]
        for _ in range(10):
            guest.cvmd.kill()
            assert guest.simulator.is_blocked(PLAIN_NETWORK)
            guest.cvmd.start()
            assert guest.verdicts() == verdicts
        assert decisions_of(guest) == decisions
        assert [p for p in guest.simulator.writes() if p.startswith("sys/bus")] == writes


def decisions_while_a_block_is_confirmed(guest, hanging):
    """What is decided about the device from a kill on; `hanging` is called while its next block hangs."""
    override = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
    guest.cvmd.start()
    decisions = decisions_of(guest)
    guest.cvmd.kill()
    guest.simulator.put(path=override, text="(null)\n")  # so that there is something to write
    guest.simulator.misbehave(how="hang", path=override)
    guest.cvmd.start()
    assert guest.verdicts()[PLAIN_NETWORK] in ("pending", "failed"), "nobody knows that it is blocked"
    hanging()
    guest.simulator.behave()
    guest.wait_verdict(PLAIN_NETWORK, "blocked")
    assert guest.simulator.is_blocked(PLAIN_NETWORK)
    since = decisions_of(guest)[len(decisions):]
    assert {d["instance"] for d in since} <= {PLAIN_NETWORK}
    return [d["verdict"] for d in since]


def test_a_block_that_takes_long_to_confirm_is_decided_once():
    with Guest("snp-openhcl") as guest:
        verdicts = decisions_while_a_block_is_confirmed(guest, lambda: None)
        # the second where this test was held up for seconds
        assert verdicts in ([], ["failed", "blocked"]), verdicts


def test_a_block_that_is_given_up_is_told():
    with Guest("snp-openhcl") as guest:
        verdicts = decisions_while_a_block_is_confirmed(guest, lambda: guest.wait_verdict(PLAIN_NETWORK, "failed"))
        assert verdicts == ["failed", "blocked"], verdicts


def test_what_was_bound_meanwhile_is_decided_anew():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        decisions = decisions_of(guest)
        guest.cvmd.kill()
        override = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
        assert guest.simulator.write(path=override, text="\n") == 0
        assert guest.simulator.write(path="sys/bus/vmbus/drivers_probe", text=PLAIN_NETWORK) == 0
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        since = [(d["instance"], d["verdict"]) for d in decisions_of(guest)[len(decisions):]]
        assert since and since[-1] == (PLAIN_NETWORK, "blocked"), since


def test_what_changed_meanwhile_is_caught_up_with():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.cvmd.kill()
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
        guest.simulator.reoffer(instance=NETWORK, relid=41, flags=PLAIN)
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"
        guest.cvmd.start()
        assert guest.simulator.is_blocked(PLAIN_NETWORK) and guest.simulator.is_blocked(NETWORK)


def test_a_kill_at_any_write_leaves_nothing_half_done():
    override = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
    for path in override, "sys/bus/vmbus/drivers/hv_netvsc/unbind":
        with Guest("snp-openhcl") as guest:
            guest.simulator.misbehave(how="hang", path=path, times=1)
            guest.cvmd.launch()
            wait_for("the helper at its write", guest.simulator.hanging)
            guest.cvmd.kill()
            guest.simulator.behave()
            guest.cvmd.start()
            guest.wait_verdict(PLAIN_NETWORK, "blocked")
            assert guest.simulator.is_blocked(PLAIN_NETWORK)
            guest.bus.decide("Allow", PLAIN_NETWORK)
            guest.wait_verdict(PLAIN_NETWORK, "allowed")
            assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "(null)", "what was there is restored"


def test_decisions_by_hand_outlive_a_restart():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.bus.decide("Allow", PLAIN_NETWORK) == [PLAIN_NETWORK]
        assert guest.bus.decide("Block", NETWORK) == [NETWORK]
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        guest.cvmd.kill()
        guest.cvmd.start()
        devices = guest.devices()
        assert (devices[PLAIN_NETWORK]["Verdict"], devices[PLAIN_NETWORK]["Rule"]) == ("allowed", "(by-hand)")
        assert (devices[NETWORK]["Verdict"], devices[NETWORK]["Rule"]) == ("blocked", "(by-hand)")
        guest.bus.decide("Forget", PLAIN_NETWORK)
        guest.bus.decide("Forget", NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        guest.wait_verdict(NETWORK, "allowed")
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_an_override_of_others_is_restored():
    with Guest("snp-openhcl") as guest:
        override = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
        assert guest.simulator.write(path=override, text="hv_netvsc\n") == 0
        guest.cvmd.start()
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.cvmd.kill()
        guest.cvmd.start()
        guest.bus.decide("Allow", PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "hv_netvsc"
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_a_second_cvmd_refuses_to_start():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        second = subprocess.run(guest.cvmd.arguments(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=PATIENCE, check=False, encoding="utf-8")
        assert second.returncode not in (0, None)
        assert "another cvmd" in second.stderr, second.stderr
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"


def test_a_log_that_was_changed_is_told_and_stops_nothing():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.cvmd.stop()
        log = guest.cvmd.state + "/decisions.log"
        with open(log, encoding="utf-8") as f:
            text = f.read()
        with open(log, "w", encoding="utf-8") as f:
            f.write(text.replace("payload-private", "payload-public", 1))
        guest.simulator.reoffer(instance=NETWORK, relid=41, flags=PLAIN)
        guest.cvmd.start()
        assert "decisions.log:" in guest.cvmd.log()
        assert guest.simulator.is_blocked(NETWORK)
        assert guest.cvmd.decisions()[0]["sequence"] == 1
        with open(log + ".broken-1", encoding="utf-8") as f:
            assert "payload-public" in f.read()


def test_what_the_log_could_not_take_is_told():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.wrapper = ["env", "--ignore-signal=XFSZ"]  # so that the limit below is an error like a full disk
        guest.cvmd.start()
        path = os.path.join(guest.cvmd.state, "decisions.log")
        soft, hard = resource.prlimit(guest.cvmd.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(guest.cvmd.process.pid, resource.RLIMIT_FSIZE, (os.path.getsize(path), hard))
        before = guest.cvmd.decisions()
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        wait_for("the state tells", lambda: any("log is not complete" in w for w in guest.property("Warnings")))
        assert guest.simulator.is_blocked(NETWORK)
        assert guest.cvmd.decisions() == before

        resource.prlimit(guest.cvmd.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
        assert guest.cvmctl("block", "heartbeat")[0] == 0
        gap = guest.cvmd.decisions()[len(before)]
        assert gap["event"] == "gap" and "could not be written" in gap["reason"], gap
        assert any("log is not complete" in w for w in guest.property("Warnings"))
        assert guest.cvmctl("log", "verify", path, bus=False)[0] == 0


def test_the_disk_is_never_touched():
    with Guest("snp-root-plain") as guest:
        for _ in range(3):
            guest.cvmd.start()
            guest.cvmd.kill()
        assert guest.simulator.driver(DISK) == "hv_storvsc"
        assert not guest.simulator.writes("driver_override")


main(globals())
