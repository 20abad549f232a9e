#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is sent to look at a guest elsewhere: names nothing of the machine, is judged the same, and replays."""

import json
import os
import re

from harness import CONFIDENTIAL, DEFAULT, FIXTURES, NETWORK, PLAIN, PLAIN_NETWORK, STRICT, Guest, wait_for
from tap import main

RECORDINGS = sorted(name.removesuffix(".snapshot") for name in os.listdir(FIXTURES) if name.endswith(".snapshot"))
NAMES = {"guest.snapshot", "policy.json", "decisions.log"}


def cvmctl(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl(*arguments, bus=False)
    assert status == exits, (arguments, status, out, err)
    return out + err


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def write(text, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as f:
        f.write(text)
    return os.path.join(*path)


def bundle(guest, name, *more, policy=None):
    """A bundle of the guest as it is now."""
    recorded, folder = os.path.join(guest.folder, "recorded"), os.path.join(guest.folder, name)
    status, _, err = guest.cvmctl("snapshot", "-o", recorded)
    assert status == 0, err
    cvmctl(guest, "snapshot", "--snapshot", recorded, "--policy", policy or guest.policy, "--log",
           os.path.join(guest.cvmd.state, "decisions.log"), "--bundle", folder, *more)
    return folder


def replay(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl("replay", *arguments, "--json", bus=False)
    assert status == exits, (status, out, err)
    return json.loads(out)


def devices(guest, folder):
    """(class, verdict, rule) of each device of a bundle, in order."""
    status, out, err = guest.cvmctl("--snapshot", os.path.join(folder, "guest.snapshot"), "--policy",
                                    os.path.join(folder, "policy.json"), "devices", "--json", bus=False)
    assert status == 0, err
    return [(d["class"], d["relid"], d["verdict"], d["rule"]) for d in json.loads(out)]


def test_every_recording_is_judged_and_replayed_as_before():
    assert len(RECORDINGS) >= 8, RECORDINGS
    for name in RECORDINGS:
        for shipped in STRICT, DEFAULT:
            with Guest(name, policy=shipped) as guest:
                guest.cvmd.start()
                wait_for("rest", lambda g=guest: "pending" not in g.verdicts().values())
                plain, safe = bundle(guest, "plain"), bundle(guest, "safe", "--redact")
                assert devices(guest, plain) == devices(guest, safe), (name, shipped)
                judged = len(guest.verdicts())
                for folder in plain, safe:
                    assert set(os.listdir(folder)) == NAMES
                    if judged:
                        result = replay(guest, folder)
                        assert (result["differs"], result["other-policy"], result["gone"]) == (0, 0, 0), (name, result)
                        assert result["same"] >= judged, (name, result)
                log = os.path.join(safe, "decisions.log")
                assert cvmctl(guest, "log", "verify", log).startswith("intact"), "another chain, and whole"


def test_nothing_of_the_machine_is_left():
    policy = {"version": 1, "mode": "enforce", "protect": ["/srv/secret", "root"], "default": {"action": "allow"}, "rules": [
        {"id": "web7-nics", "match": {"instance": PLAIN_NETWORK[:13] + "*"}, "action": "block", "reason": "ask secret@example.org"},
        {"id": "by-instance", "match": {"not": {"instance": NETWORK}, "class": "network"}, "action": "audit"}]}
    with Guest("snp-openhcl", policy=policy) as guest:
        write("web7.example.org\n", guest.simulator.root, "proc/sys/kernel/hostname")
        write("root=/dev/mapper/secret-root ip=10.11.12.13::web7 secret luks=web7\n", guest.simulator.root, "proc/cmdline")
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        guest.bus.manager("Allow", "sa{sv}", NETWORK, "0")
        folder = bundle(guest, "safe", "--redact")
        everything = "".join(text_of(folder, name) for name in NAMES)
        instances = list(guest.verdicts())
        for word in [*instances, "web7", "secret", "example.org", "10.11.12.13", PLAIN_NETWORK[:13]]:
            assert word not in everything, (word, re.findall(f".*{re.escape(word)}.*", everything))
        macs = {m for m in re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", everything) if not m.startswith("02:00:00")}
        assert macs <= {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}, macs
        # and the log is still about this guest and this policy
        assert json.loads(text_of(folder, "policy.json"))["rules"][0]["id"] == "host-nics"
        result = replay(guest, folder)
        assert result["differs"] == 0 and result["same"] >= len(instances), result


def test_facts_that_do_not_give_the_decisions_are_told():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        folder = bundle(guest, "b")
        snapshot = text_of(folder, "guest.snapshot")
        channel, = re.findall(r"^channel 8 .*$", snapshot, re.M)
        write(snapshot.replace(channel, channel.replace("ring=0", "ring=1").replace("flags=0x0", "flags=0x2")), folder,
              "guest.snapshot")
        result = replay(guest, folder, exits=3)
        different, = [e for e in result["entries"] if e["outcome"] == "differs"]
        assert (different["instance"], different["verdict"], different["found-verdict"]) == \
            (PLAIN_NETWORK, "blocked", "allowed"), different
        out = cvmctl(guest, "replay", folder, exits=3)
        assert "1 different" in out and "differs" in out and "ring is confidential" in out, out


def test_what_was_decided_before_is_superseded():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        guest.simulator.reoffer(instance=NETWORK, relid=41, flags=CONFIDENTIAL)
        guest.wait_verdict(NETWORK, "allowed")
        result = replay(guest, bundle(guest, "b"))
        assert [e["outcome"] for e in result["entries"] if e["instance"] == NETWORK and e["event"] == "decision"][-1] == "same"
        assert [e["outcome"] for e in result["entries"] if e["verdict"] == "blocked" and e["instance"] == NETWORK] == \
            ["superseded"], result


def test_material_that_does_not_belong_together_is_refused():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        folder = bundle(guest, "b")
        log, snapshot = os.path.join(folder, "decisions.log"), os.path.join(folder, "guest.snapshot")
        assert replay(guest, log, "--snapshot", snapshot, "--policy", STRICT, exits=1)["error"]["exit"] == 1, "the gate differs"
        assert "no decision by this policy" in cvmctl(guest, "replay", log, "--snapshot", snapshot, "--policy", DEFAULT,
                                                      exits=1)
        assert replay(guest, log, "--snapshot", snapshot, "--policy", guest.policy)["same"] > 0
        assert "replay needs a bundle" in cvmctl(guest, "replay", log, exits=2)
        assert "has its own" in cvmctl(guest, "replay", folder, "--snapshot", snapshot, exits=2)
        lines = text_of(log).splitlines(keepends=True)
        write("".join(lines[:1] + lines[2:]), log)
        assert "decisions.log:2: " in cvmctl(guest, "replay", folder, exits=1)
        status, _, err = guest.cvmctl("snapshot", "--snapshot", snapshot, "--policy", STRICT, "--log", log, "--bundle",
                                      os.path.join(guest.folder, "c"), bus=False)
        assert status == 1 and "decisions.log:2: " in err and not os.path.exists(os.path.join(guest.folder, "c")), err
        os.unlink(log)
        assert "cannot read" in cvmctl(guest, "replay", folder, exits=4)
        assert "is not empty" in cvmctl(guest, "snapshot", "--snapshot", snapshot, "--policy", STRICT, "--bundle", folder,
                                        exits=1)
        for wrong in ("--policy", STRICT), ("--log", log):
            assert guest.cvmctl("snapshot", "--snapshot", snapshot, *wrong, bus=False)[0] == 2, wrong


if __name__ == "__main__":
    main(globals())
