#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Policies that are not in force: judged on request, and nothing is changed by it."""

import contextlib
import fcntl
import json
import os
import select
import sys
import termios

from fd_call import Call, call, memory
from harness import DEFAULT, DISK, FIXTURES, NETWORK, PATIENCE, PLAIN_NETWORK, STRICT, Guest, wait_for
from tap import main

RECORDINGS = sorted(name.removesuffix(".snapshot") for name in os.listdir(FIXTURES) if name.endswith(".snapshot"))
ALLOW_ALL = {"version": 1, "mode": "enforce", "default": {"action": "allow"}}
BROKEN = '{ "version": 1,\n  "moode": "enforce" }\n'
BUSY = "another policy is being read"


def evaluate(guest, policy, name="tried.json"):
    with contextlib.closing(os.fdopen(memory(policy if isinstance(policy, str) else json.dumps(policy)))) as f:
        data, error = call(guest, "Evaluate", (name, f.fileno()))
    assert error is None, error
    return json.loads(data)


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def cvmctl_plan(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl("plan", *arguments)
    assert status == exits, (status, out, err)
    return out, err


def test_what_is_foretold_comes_true():
    assert len(RECORDINGS) >= 8, RECORDINGS
    for name in RECORDINGS:
        with Guest(name, policy=ALLOW_ALL) as guest:
            guest.cvmd.start()
            for path in STRICT, DEFAULT:
                text = text_of(path).replace('"gate": "on"', '"gate": "off"')  # which is about devices without drivers
                foretold = evaluate(guest, text)
                guest.write_policy_text(text)
                assert guest.bus.manager("Reload") is not None, guest.bus.error
                verdicts = {d["instance"]: d["verdict"] for d in foretold["devices"]}
                wait_for("the verdicts", lambda v=verdicts: guest.verdicts() == v)
                assert guest.property("State") == foretold["state"], (name, path)
                assert guest.property("PolicyDigest") == foretold["digest"], (name, path)
                assert guest.property("Mode") == foretold["mode"], (name, path)
                rules = {i: (d["Rule"], d["Reason"]) for i, d in guest.devices().items()}
                assert rules == {d["instance"]: (d["rule"], d["reason"]) for d in foretold["devices"]}, (name, path)


def test_evaluating_changes_nothing():
    with Guest("snp-openhcl", policy=ALLOW_ALL) as guest:
        guest.cvmd.start()
        writes, decisions, before = guest.simulator.writes(), guest.cvmd.decisions(), guest.property("PolicyDigest")
        plan = evaluate(guest, text_of(STRICT))
        step, = plan["steps"]
        assert (step["verb"], step["instance"]) == ("block", PLAIN_NETWORK) and step["origin"].startswith("tried.json:")
        assert guest.simulator.writes() == writes and guest.cvmd.decisions() == decisions
        assert guest.property("PolicyDigest") == before and guest.verdicts()[PLAIN_NETWORK] == "allowed"


def test_several_files_are_one_policy_in_their_order():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        first = {"version": 1, "rules": [{"id": "first", "match": {"instance": NETWORK}, "action": "block"}]}
        files = [memory(json.dumps(first)), memory(json.dumps(ALLOW_ALL))]
        data, error = call(guest, "Evaluate", ("a.json", files[0]), ("b.json", files[1]))
        assert error is None, error
        steps = json.loads(data)["steps"]
        assert [(s["verb"], s["instance"], s["rule"], s["origin"]) for s in steps] == [
            ("release", PLAIN_NETWORK, "(default)", None), ("block", NETWORK, "first", "a.json:1:26")], steps
        for fd in files:
            os.close(fd)


def test_bad_policies_are_refused_where_they_are_wrong():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        before = guest.property("PolicyDigest")
        for text, says in ((BROKEN, 'x.json:2:3: error: unknown key "moode"'), ("", "x.json:1:1: "),
                           ("\0" * 100, "x.json:1:1: "), (b"\xff\xfe{", "x.json:1:1: "),
                           ("[" * 100000, "x.json:1:"), (" " * (5 << 20), "x.json: error: too large")):
            with contextlib.closing(os.fdopen(memory(text))) as f:
                _, error = call(guest, "Evaluate", ("x.json", f.fileno()))
            assert error and says in error, (says, error)
        for name in "", "a\nb", "x" * 201:
            with contextlib.closing(os.fdopen(memory("{}"))) as f:
                _, error = call(guest, "Evaluate", (name, f.fileno()))
            assert error and "the name of a policy file" in error, (name, error)
        _, error = call(guest, "Evaluate")
        assert "no policy file was given" in error, error
        assert guest.property("PolicyDigest") == before


def test_descriptors_of_every_kind():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        with open(STRICT, "rb") as f:  # a file, and not from where it was left
            f.seek(100)
            data, error = call(guest, "Evaluate", ("s", f.fileno()))
            assert error is None and len(json.loads(data)["steps"]) == 0, (data, error)
        reading, writing = os.pipe()
        os.write(writing, text_of(STRICT).encode())
        os.close(writing)
        data, error = call(guest, "Evaluate", ("s", reading))
        assert error is None, error
        os.close(reading)
        for path, flags, says in (("/", os.O_RDONLY, "directory"), ("/dev/null", os.O_WRONLY, "cannot be read"),
                                  ("/dev/zero", os.O_RDONLY, "too large"), (STRICT, os.O_PATH, "cannot be read")):
            fd = os.open(path, flags)
            _, error = call(guest, "Evaluate", ("s", fd))
            os.close(fd)
            assert error and says in error, (path, error)


def test_a_pipe_that_nobody_fills_holds_up_nothing():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        reading, writing = os.pipe()
        os.write(writing, b"{")
        hanging = Call(guest, "Evaluate", [("pipe", reading)])

        def is_busy():
            with contextlib.closing(os.fdopen(memory("{}"))) as f:
                return BUSY in (call(guest, "Evaluate", ("x", f.fileno()))[1] or "")
        wait_for("that it is read", lambda: not unread(reading))
        assert is_busy(), hanging.answer()
        guest.write_policy(ALLOW_ALL)
        assert guest.bus.manager("Reload") is not None, "everything else goes on"
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        os.close(writing)
        data, error = hanging.answer()
        assert data is None and "pipe:1:" in error, (data, error)
        os.close(reading)
        wait_for("that the next one is taken", lambda: not is_busy())
        # one that never ends is given up, and gone with it
        reading, writing = os.pipe()
        _, error = call(guest, "Evaluate", ("pipe", reading))
        assert "in time" in error, error
        os.close(reading)
        wait_for("that the next one is taken", lambda: not is_busy())
        assert select.select([], [writing], [], PATIENCE)[1]
        wait_for("that nobody reads it any more", lambda: has_no_reader(writing))
        os.close(writing)


def unread(fd):
    """How many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4), sys.byteorder)


def has_no_reader(fd):
    try:
        os.write(fd, b".")
    except BrokenPipeError:
        return True
    return False


def test_a_plan_by_another_policy_says_the_same_online_and_offline():
    with Guest("snp-openhcl", policy=ALLOW_ALL) as guest:
        guest.cvmd.start()
        recorded = os.path.join(guest.folder, "recorded")
        assert guest.cvmctl("snapshot", "-o", recorded)[0] == 0
        for form in "--json=off", "--json=short":
            online, _ = cvmctl_plan(guest, "--policy", STRICT, form)
            status, offline, err = guest.cvmctl("plan", "--snapshot", recorded, "--policy", STRICT, form, bus=False)
            assert (status, err) == (0, "") and online == offline, (online, offline)
            assert PLAIN_NETWORK in online
        plan = json.loads(cvmctl_plan(guest, "--json")[0])
        assert plan["steps"] == [] and plan["state"] == plan["enforced-state"] == "compliant", plan


def test_a_broken_file_is_refused_before_it_is_sent():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        path = os.path.join(guest.folder, "broken.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write(BROKEN)
        out, err = cvmctl_plan(guest, "--policy", path, exits=1)
        assert out == "" and "broken.json:2:3: error:" in err and "policy check" in err, err
        out, err = cvmctl_plan(guest, "--policy", path + ".not", exits=1)
        assert out == "" and "broken.json.not" in err, err
        for i in range(17):
            with open(os.path.join(guest.folder, f"{i:02}.json"), "w", encoding="utf-8") as f:
                f.write('{"version":1}')
        os.unlink(path)
        assert "more than the 16" in cvmctl_plan(guest, "--policy", guest.folder, exits=1)[1]


def test_a_plan_tells_all_that_enforcing_costs():
    with Guest("snp-root-plain", policy={"version": 1, "mode": "audit", "default": {"action": "audit"}}) as guest:
        guest.cvmd.start()
        plan = json.loads(cvmctl_plan(guest, "--json")[0])
        assert plan["steps"] == [] and plan["state"] == "unprotected" and plan["enforced-state"] == "violating", plan
        assert {d["enforced-verdict"] for d in plan["devices"]} == {"violating"}
        assert "remains scsi " + DISK in cvmctl_plan(guest)[0]
        plan = evaluate(guest, text_of(STRICT))
        kept, = plan["protected"]
        assert kept["protected-by"] == {"kind": "mount", "name": "/", "through": "sda1"}, kept
        assert {d["name"] for d in kept["dependents"]} == {"/", "/boot/efi"}, kept
        everything = {"version": 1, "mode": "enforce", "protect": [], "default": {"action": "block"}}
        steps = {s["instance"]: s for s in evaluate(guest, everything)["steps"]}
        lost = {(d["kind"], d["name"]) for d in steps[DISK]["dependents"]}
        assert lost == {("mount", "/"), ("mount", "/boot/efi")}, lost
        assert ("network", "eth0") in {(d["kind"], d["name"]) for d in steps[NETWORK]["dependents"]}, steps[NETWORK]


if __name__ == "__main__":
    main(globals())
