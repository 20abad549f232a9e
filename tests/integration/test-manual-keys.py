#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every key of JSON that comes out of cvmctl, and of the records of evidence, is in a manual, and no other key is."""

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import threading

from evidence import Helpers
from harness import (FIXTURES, HEARTBEAT, MEMORY, NETWORK, PATIENCE, PLAIN, PLAIN_NETWORK, SOURCE, STRICT, Guest, Programs,
                     read_line, wait_for)
from manual import heads, items, keys_in, keys_of, page, section, subsections
from tap import main

NONCE = "00112233445566778899"
ALL_ALLOWED = {"version": 1, "mode": "enforce", "expect": {"isolation": "snp"}, "rules": [], "default": {"action": "allow"}}
# What is told elsewhere: in another part of the manual, or by names that are not fixed.
ELSEWHERE = {
    "device": {"times.offered", "times.seen", "times.decided", "times.blocked"},
    "explain": {"channels", "dependents", "times", "exposure", "decision.protected-by"},
    "plan": {"steps[].dependents", "steps[].protected-by", "protected[].dependents", "protected[].protected-by"},
    "policy show": {"policy", "origins.rules"},
    "policy test": {"cases[].problems"},
    "policy diff": {"settings[].old", "settings[].new", "guests[].devices[].old.protected-by", "guests[].devices[].new"},
    "policy try": {"tried"},
    "attest verify": {"claims"},
    "attest inspect": {"parts[].fields"},
    "claims": {"devices[].exposure.times", "devices[].exposure.exposed"},
    "tpm-quote": {"pcrs"},
}


def differences(name, text, outputs):
    """What differs between the lists of a text, and all that a verb printed, or that a record had."""
    elsewhere = ELSEWHERE.get(name, set())
    named = {key for head in heads(text) for key in keys_of(head)}
    documented = {".".join(key.split(".")[:n + 1]).removesuffix("[]") for key in named for n in range(key.count(".") + 1)}
    assert outputs, name
    found = {key for output in outputs for key in keys_in(output)}
    found = {key for key in found if not any(key.startswith((e + ".", e + "[]")) for e in elsewhere)}
    assert elsewhere <= found, (name, elsewhere - found)
    return [f"{name}: not in the manual: {key}" for key in sorted(found - documented)] + [
        f"{name}: only in the manual: {key}" for key in sorted(documented - found)]


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class Scene:
    """A guest in front of a paravisor, with cvmd, and a folder."""

    def __init__(self, guest):
        self.guest = guest
        self.verbs = {}  # name of a part of the manual -> [what was read from the output]

    def path(self, *name):
        return os.path.join(self.guest.folder, *name)

    def write(self, name, content):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
        return self.path(name)

    def run(self, *words, bus=False, exits=(0, 3)):
        status, out, err = self.guest.cvmctl(*words, bus=bus)
        assert status in exits, (words, status, out, err)
        return out

    def see(self, part, *words, bus=False, exits=(0, 3)):
        """Runs a verb, and keeps what it prints for that part of the manual."""
        self.verbs.setdefault(part, []).extend(lines(self.run(*words, "--json=short", bus=bus, exits=exits)))

    def ask(self, part, *words):
        self.see(part, *words, bus=True)

    def recorded(self, part, *words, fixture="snp-openhcl", policy=STRICT):
        self.see(part, "--snapshot", os.path.join(FIXTURES, fixture + ".snapshot"), "--policy", policy, *words)


def watch(scene):
    """What the monitor prints while each kind of thing happens."""
    guest, seen = scene.guest, []
    process = subprocess.Popen([Programs.cvmctl, "--bus", guest.bus.address, "monitor", "--json=short"], stdout=subprocess.PIPE)
    guest.ends.callback(process.wait, PATIENCE)
    guest.ends.callback(process.kill)
    seen.append(json.loads(read_line(process.stdout, "the state")))  # it listens now

    def read():
        for line in process.stdout:
            seen.append(json.loads(line))
    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def wait(event):
        wait_for(event, lambda: any(line["event"] == event for line in seen))
    scene.run("policy", "try", scene.write("tried.json", ALL_ALLOWED), bus=True)
    wait("tried")
    guest.simulator.write(path=f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override", text="\n")
    guest.simulator.write(path="sys/bus/vmbus/drivers/hv_netvsc/bind", text=PLAIN_NETWORK)
    wait("rebound")
    guest.write_policy({**ALL_ALLOWED, "mode": "audit", "default": {"action": "block"}})
    scene.run("reload", bus=True)
    for event in "decision", "mode", "policy":
        wait(event)
    guest.simulator.rescind(instance=NETWORK)
    wait("removed")
    guest.simulator.offer_class("network", instance=NETWORK, relid=40, flags=PLAIN)
    wait("added")
    guest.cvmd.stop()
    wait("daemon")
    process.send_signal(signal.SIGINT)
    reader.join(PATIENCE)
    scene.verbs["monitor"] = seen


def live(scene):
    scene.run("trial", "start", bus=True)
    scene.ask("block", "block", "heartbeat", "--confirm-within=600")
    scene.ask("policy try", "policy", "try", scene.write("tried.json", ALL_ALLOWED))
    for part, *words in (("status", "status"), ("device", "devices"), ("explain", "explain", PLAIN_NETWORK),
                         ("explain", "explain", "scsi"), ("explain", "explain", "timesync"),
                         ("plan", "plan", "--policy", scene.path("tried.json")), ("confirm", "confirm"),
                         ("block", "forget", HEARTBEAT), ("attest providers", "attest", "providers")):
        scene.ask(part, *words)
    scene.run("policy", "try", "--stop", bus=True)
    scene.run("confirm", "--trial", bus=True)
    log = os.path.join(scene.guest.cvmd.state, "decisions.log")
    scene.run("snapshot", "-o", scene.path("snapshot"), bus=True)
    scene.run("snapshot", "--snapshot", scene.path("snapshot"), "--policy", scene.guest.policy, "--log", log, "--bundle",
              scene.path("bundle"))
    scene.see("replay", "replay", scene.path("bundle"))


def logs(scene):
    with open(os.path.join(scene.guest.cvmd.state, "decisions.log"), encoding="utf-8") as f:
        text = f.read()
    for name, content in ("whole", text), ("cut", text[text.index("\n") + 1:]):
        scene.see("log verify", "log", "verify", scene.write(name, content))
    scene.see("log", "log", scene.path("whole"))
    scene.see("a verb that fails", "log", scene.path("cut"), exits=(1,))


def policies(scene):
    mistakes = os.path.join(FIXTURES, "mistakes")
    scene.see("policy check", "policy", "check", *(os.path.join(mistakes, name) for name in sorted(os.listdir(mistakes))
                                                   if name.endswith(".json")))
    for verb in "show", "digest":
        scene.see(f"policy {verb}", "policy", verb, STRICT)
    case = {"version": 1, "snapshot": os.path.join(FIXTURES, "snp-openhcl.snapshot"), "policy": STRICT,
            "expect": {"devices": {"*": "allowed"}}}
    scene.see("policy test", "policy", "test", scene.write("failing.case.json", case), scene.write("broken.case.json", "{}"),
              exits=(1, 3))
    scene.see("policy diff", "policy", "diff", os.path.join(SOURCE, "policy", "90-default.json"), STRICT, "--snapshot",
              os.path.join(FIXTURES, "snp-openhcl.snapshot"))
    scene.recorded("plan", "plan", fixture="snp-root-plain")
    scene.recorded("explain", "explain", "timesync")


def evidence(scene):
    bundle = scene.path("e.cmw")
    scene.run("attest", "get", f"--nonce={NONCE}", "-o", bundle, bus=True)
    with open(bundle, encoding="utf-8") as f:
        text = f.read()
    scene.see("attest verify", "attest", "verify", "--any-measurement", "--any-nonce", "--any-bind", "--any-ak",
              f"--roots={scene.guest.paravisor.roots}", bundle)
    scene.see("attest verify", "attest", "verify", "--batch", scene.write("all", text + "nothing\n"), exits=(1,))
    torn = {**json.loads(text), "tpm-quote": ["application/vnd.cvmd.tpm-quote+json", "e30", 4]}
    for name, content in ("whole", text), ("torn", torn):
        scene.see("attest inspect", "attest", "inspect", scene.write(name, content), exits=(0, 1))
    scene.see("attest roots", "attest", "roots")
    for record in "claims", "batch", "tpm-quote":
        scene.verbs[record] = [json.loads(scene.run("attest", "export", f"--format={record}", bundle))]


def assert_parts(scene, manual, name):
    parts = subsections(section(page(manual), name))
    missing, strange = set(parts) - set(scene.verbs), set(scene.verbs) - set(parts)
    assert not missing and not strange, (missing, strange)
    found = [line for part, text in parts.items() for line in differences(part, text, scene.verbs[part])]
    assert not found, found


def events_of(part):
    """The events that the manual knows of what prints a line for each."""
    listed = items(subsections(section(page("cvmctl.1"), "OUTPUT AS JSON"))[part])
    return set(re.findall(r"^\.Ql (\S+)", next(body for head, body in listed if head.endswith("event")), re.MULTILINE))


@contextlib.contextmanager
def scenery():
    with Guest("snp-openhcl") as guest:
        guest.paravisor = Helpers(guest).paravisor
        guest.cvmd.start()
        yield Scene(guest)


def test_every_key_that_cvmctl_prints_is_there():
    with scenery() as scene:
        live(scene)
        logs(scene)
        policies(scene)
        evidence(scene)
        for record in "claims", "batch", "tpm-quote":
            del scene.verbs[record]
        watch(scene)
        assert_parts(scene, "cvmctl.1", "OUTPUT AS JSON")
        assert events_of("monitor") == {line["event"] for line in scene.verbs["monitor"]}
        happened = {line["event"] for line in scene.verbs["log"][0]}
        assert {"start", "decision", "by-hand"} <= happened <= events_of("log"), happened


def hardware(scene):
    """The record of a report by configfs-tsm, whose hardware is played here."""
    reports = os.path.join(scene.guest.simulator.root, "sys/kernel/config/tsm/report")
    scene.guest.simulator.load_tsm(provider="sev_guest")
    process = subprocess.Popen([Programs.cvmctl, "--bus", scene.guest.bus.address, "attest", "get", f"--nonce={NONCE}",
                                "--provider=tsm", "-o", scene.path("t.cmw")])
    entry, = wait_for("an entry", lambda: os.listdir(reports))
    wait_for("what is to be reported", lambda: os.path.getsize(os.path.join(reports, entry, "inblob")) == 64)
    for name, data in ("auxblob", b"certificates"), ("manifestblob", b"services"), ("generation", b"1\n"), ("outblob", b"signed"):
        with open(os.path.join(reports, entry, name), "wb") as f:
            f.write(data)
    assert process.wait(PATIENCE) == 0
    scene.verbs["tsm-report"] = [json.loads(scene.run("attest", "export", "--format=tsm-report", scene.path("t.cmw")))]


def test_every_key_of_the_records_is_there():
    with scenery() as scene:
        scene.run("block", "heartbeat", bus=True)
        evidence(scene)
        hardware(scene)
        scene.verbs = {name: seen for name, seen in scene.verbs.items() if not name.startswith("attest")}
        assert_parts(scene, "org.cvmd1.5", "EVIDENCE")


if __name__ == "__main__":
    main(globals())
