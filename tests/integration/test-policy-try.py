#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Policies being tried: judged beside the one in force, told, never acted upon, gone by themselves."""

import json
import os
import time

from fd_call import call, memory
from harness import DISK, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, STRICT, Guest, wait_for
from tap import main

ALLOW_ALL = {"version": 1, "mode": "enforce", "expect": {}, "default": {"action": "allow"}}
AUDIT_ALL = {"version": 1, "mode": "audit", "default": {"action": "allow"}}
LONG = 3600
STRICT_ID = "payload-private"


def cvmctl(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl(*arguments)
    assert status == exits, (arguments, status, out, err)
    return out + err


def tried_of(guest):
    """What status says of it."""
    return json.loads(guest.cvmctl("status", "--json")[1])["tried"]


def try_it(guest, policy, seconds=LONG):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    fd = memory(text)
    try:
        return call(guest, "Try", ("tried.json", fd), signature="t", values=(seconds,))
    finally:
        os.close(fd)


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def differences(guest):
    """instance -> (verdict, tried, rule)"""
    return {d["instance"]: (d["verdict"], d["tried"], d["rule"]) for d in tried_of(guest)["differences"]}


def test_what_it_would_do_is_told_and_not_done():
    with Guest("snp-openhcl", policy=AUDIT_ALL) as guest:
        guest.cvmd.start()
        assert tried_of(guest) is None
        signals = guest.signals()
        out = cvmctl(guest, "policy", "try", STRICT, f"--for={LONG}")
        assert f"{PLAIN_NETWORK} would be blocked by {STRICT_ID}, not allowed" in out, out
        assert f"{PLAIN_NETWORK} would be blocked by {STRICT_ID}, not allowed" in cvmctl(guest, "status")
        tried = tried_of(guest)
        assert tried["digest"] == guest.cvmctl("policy", "digest", STRICT, bus=False)[1].strip()
        assert 0 < tried["seconds-left"] <= LONG, tried
        left = guest.property("TriedUntil") / 1e6 - time.clock_gettime(time.CLOCK_BOOTTIME)
        assert 0 < left <= LONG, left
        assert differences(guest) == {PLAIN_NETWORK: ("allowed", "blocked", STRICT_ID)}
        told = signals.wait("TriedDiffers", lambda m: m["member"] == "TriedDiffers")["payload"]["data"]
        assert told[1:5] == [PLAIN_NETWORK, "allowed", "blocked", STRICT_ID], told
        assert f"tried policy: network {PLAIN_NETWORK} would be blocked by {STRICT_ID}, not allowed: " in guest.cvmd.log()
        # one that comes later is judged as well, and told once
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        told = signals.wait("the other one", lambda m: m["member"] == "TriedDiffers" and
                            m["payload"]["data"][1] == NETWORK and m["payload"]["data"][3] == "blocked")
        guest.bus.manager("Rescan")
        wait_for("the difference", lambda: NETWORK in differences(guest))
        assert guest.cvmd.log().count(f"{NETWORK} would be blocked") == 1
        # nothing of it was done, or written down
        assert guest.simulator.driver(PLAIN_NETWORK) == guest.simulator.driver(NETWORK) == "hv_netvsc"
        assert not guest.simulator.writes("driver_override") and not guest.simulator.writes("unbind")
        assert guest.verdicts()[PLAIN_NETWORK] == "allowed" and guest.property("State") == "compliant"
        assert not [d for d in guest.cvmd.decisions() if d.get("rule") == STRICT_ID]


def test_enforcement_goes_on_beside_it():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert try_it(guest, ALLOW_ALL)[1] is None
        assert differences(guest) == {PLAIN_NETWORK: ("blocked", "allowed", "(default)")}
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK)
        wait_for("the difference", lambda: differences(guest).get(NETWORK) == ("blocked", "allowed", "(default)"))
        assert guest.property("State") == "compliant" and guest.property("Mode") == "enforce"


def test_it_ends_by_itself():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        signals = guest.signals()
        assert try_it(guest, ALLOW_ALL, seconds=1)[1] is None
        signals.wait("its end", lambda m: m["member"] == "PropertiesChanged" and
                     m["payload"]["data"][1].get("TriedDigest", {}).get("data") == "")
        assert tried_of(guest) is None and guest.property("TriedUntil") == 0
        assert guest.property("TriedDifferences") == []
        assert "is no longer being tried: its time is up" in guest.cvmd.log()
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_it_is_ended_by_hand_and_replaced():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert "no policy is being tried" in cvmctl(guest, "policy", "try", "--stop", exits=1)
        assert try_it(guest, ALLOW_ALL)[1] is None
        quiet = {**ALLOW_ALL, "rules": [{"id": "quiet", "match": {"class": "heartbeat"}, "action": "block"}]}
        assert try_it(guest, quiet)[1] is None
        assert differences(guest)[HEARTBEAT] == ("allowed", "blocked", "quiet")
        assert "is no longer being tried: another one is" in guest.cvmd.log()
        assert cvmctl(guest, "policy", "try", "--stop") == ""
        assert tried_of(guest) is None


def test_it_does_not_outlive_cvmd():
    for end in "stop", "kill":
        with Guest("snp-openhcl") as guest:
            guest.cvmd.start()
            digest = guest.property("PolicyDigest")
            assert try_it(guest, ALLOW_ALL)[1] is None
            getattr(guest.cvmd, end)()
            guest.cvmd.start()
            assert tried_of(guest) is None and guest.property("PolicyDigest") == digest, end
            assert guest.simulator.is_blocked(PLAIN_NETWORK), end


def test_a_bad_one_is_refused_and_the_one_before_stays():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert try_it(guest, ALLOW_ALL)[1] is None
        digest = tried_of(guest)["digest"]
        data, error = try_it(guest, '{ "version": 1,\n  "moode": "enforce" }')
        assert data is None and "tried.json:2:3: error:" in error, error
        for seconds in 0, 86401, 2**63:
            data, error = try_it(guest, ALLOW_ALL, seconds=seconds)
            assert data is None and "1 to 86400 seconds" in error, (seconds, error)
        for wrong in ("--for=0",), ("--for=x",), ("--for=86401",), ("--stop",), ():
            path = [] if not wrong else [STRICT]
            assert guest.cvmctl("policy", "try", *path, *wrong)[0] == 2, wrong
        assert tried_of(guest)["digest"] == digest


def test_an_override_is_for_what_is_in_force():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start("--mode=audit")
        assert try_it(guest, text_of(STRICT))[1] is None
        assert differences(guest) == {PLAIN_NETWORK: ("violating", "blocked", STRICT_ID)}
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_what_agrees_again_is_told():
    with Guest("snp-openhcl", policy=AUDIT_ALL) as guest:
        guest.cvmd.start()
        assert try_it(guest, text_of(STRICT))[1] is None
        signals = guest.signals()
        guest.write_policy(STRICT)
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        told = signals.wait("TriedDiffers", lambda m: m["member"] == "TriedDiffers")["payload"]["data"]
        assert told[1:] == [PLAIN_NETWORK, "blocked", "blocked", "", ""], told
        assert tried_of(guest)["differences"] == []
        assert "would make nothing else" in cvmctl(guest, "status")


def test_halting_and_protected_devices_are_told():
    halt = {"version": 1, "mode": "enforce", "expect": {}, "default": {"action": "allow"}, "rules": [
        {"id": "never", "match": {"class": "network"}, "require": {"ring": "confidential"}, "on-violation": "halt"},
        {"id": "disks", "match": {"class": "scsi"}, "action": "block"}]}
    with Guest("snp-openhcl", policy=AUDIT_ALL) as guest:
        guest.cvmd.start()
        assert try_it(guest, halt)[1] is None
        assert differences(guest) == {PLAIN_NETWORK: ("allowed", "violating", "never"),
                                      DISK: ("allowed", "protected", "disks")}
        reasons = {d["instance"]: d["reason"] for d in tried_of(guest)["differences"]}
        assert reasons[PLAIN_NETWORK].startswith("the guest would be halted: ring of channel 8"), reasons
        # more than what is only reported, though the word for both is one
        guest.write_policy({**AUDIT_ALL, "default": {"action": "audit"}})
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        assert differences(guest)[PLAIN_NETWORK] == ("violating", "violating", "never")
        assert "the policy halts this guest" not in guest.cvmd.log()
        assert not [p for p in guest.simulator.writes() if p.startswith("sys/bus")]


if __name__ == "__main__":
    main(globals())
