#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl and a cvmd that runs: the same words as offline, orders, events, refusals."""

import json
import os
import pwd
import re
import select
import signal
import subprocess

from harness import DISK, NETWORK, PATIENCE, PLAIN, PLAIN_NETWORK, STRICT, Guest, Programs, Skip, wait_for
from tap import main

BROKEN = '{ "version": 1,\n  "moode": "enforce" }\n'


def cvmctl(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl(*arguments)
    assert status == exits, (arguments, status, out, err)
    return out


def cvmctl_json(guest, *arguments, exits=0):
    return json.loads(cvmctl(guest, *arguments, "--json=short", exits=exits))


class Monitor:
    """cvmctl monitor, listening by the time the constructor returns: its first line is the state."""

    def __init__(self, guest, *arguments):
        self.process = subprocess.Popen([Programs.cvmctl, "--bus", guest.bus.address, "monitor", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        guest.ends.callback(self.end)
        self.rest = b""
        self.first = self.wait("state")

    def wait(self, *words):
        """The next line that holds all of these."""
        while True:
            line, newline, rest = self.rest.partition(b"\n")
            if newline:
                self.rest = rest
                if all(word in line.decode() for word in words):
                    return line.decode()
                continue
            assert select.select([self.process.stdout], [], [], PATIENCE)[0], f"no line with {words}"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, (words, self.process.stderr.read())
            self.rest += more

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def end(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


def without_times(form, out):
    """What a recording cannot know."""
    if form == "--json=off":
        return [line for line in out.splitlines()
                if not re.match(r" *(Offered|Bound|Seen|Decided|Blocked|Exposed): ", line)]
    found = json.loads(out)
    for device in found if isinstance(found, list) else [found]:
        device.pop("times", None)
        device.pop("exposure", None)
        device.pop("enforcement", None)
    return found


def test_online_and_offline_say_the_same():
    for fixture in "snp-compliant", "snp-root-plain", "snp-no-cvmbus", "hyperv-plain":
        with Guest(fixture) as guest:
            guest.cvmd.start("--mode=audit")
            recorded = os.path.join(guest.folder, "recorded")
            cvmctl(guest, "snapshot", "-o", recorded)

            def offline(*arguments):
                status, out, err = guest.cvmctl("--root", guest.simulator.root, "--snapshot", recorded, "--mode=audit",
                                                *arguments, bus=False)
                assert status in (0, 3) and not err, (arguments, status, err)
                return status, out
            for verb in ("devices",), ("plan",), ("device", DISK), ("explain", DISK), ("device", NETWORK):
                for form in "--json=off", "--json=short":
                    said = [(status, without_times(form, out)) for status, out in
                            (offline(*verb, form), guest.cvmctl(*verb, form)[:2])]
                    assert said[0] == said[1], (fixture, verb, form)
            states = []
            for status, out in (guest.cvmctl("--json")[:2], offline("--json")):
                state = json.loads(out)
                states.append((status, {k: v for k, v in state.items() if k not in ("log", "attestation")}))
            assert states[0] == states[1], states


def test_exit_codes_follow_the_state():
    with Guest("snp-root-plain") as guest:
        guest.cvmd.start()
        assert cvmctl_json(guest, exits=3)["state"] == "violating"
        assert cvmctl(guest, "-q", exits=3) == ""
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        status = cvmctl_json(guest)
        assert (status["state"], status["devices"]["blocked"]) == ("compliant", 1)
        assert status["log"]["sequence"] > 0 and status["log"]["head"].startswith("sha256:")
        guest.cvmd.stop()
        status, out, err = guest.cvmctl()
        assert status == 6 and out == "" and "not on the bus" in err, (status, err)


def test_devices_are_blocked_allowed_and_forgotten():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert cvmctl_json(guest, "allow", "--runtime", PLAIN_NETWORK[:9]) == {"instance": PLAIN_NETWORK}
        device = cvmctl_json(guest, "device", PLAIN_NETWORK)
        assert (device["verdict"], device["rule"], device["bound"]) == ("allowed", "(by-hand)", True), device
        assert PLAIN_NETWORK in cvmctl(guest, "forget", PLAIN_NETWORK)
        assert cvmctl_json(guest, "device", PLAIN_NETWORK)["verdict"] == "blocked"
        assert NETWORK in cvmctl(guest, "block", "7")
        assert guest.simulator.is_blocked(NETWORK)
        for verb in "block", "allow", "forget":
            assert "ffffffff" in guest.cvmctl(verb, "ffffffff")[2]
            cvmctl(guest, verb, "ffffffff", exits=4)
            cvmctl(guest, verb, "network", exits=4)


def test_what_cannot_be_blocked_is_a_failure():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        status, out, err = guest.cvmctl("block", DISK)
        assert status == 1 and out == "" and "a mount depends on it" in err, (status, out, err)


def test_reload_takes_a_good_policy_and_refuses_a_bad_one():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        before = cvmctl_json(guest)["policy"]
        guest.write_policy_text(BROKEN)
        status, out, err = guest.cvmctl("reload")
        assert status == 1 and out == "" and "50-site.json:2:3: error:" in err and '"mode"' in err, (status, err)
        error = cvmctl_json(guest, "reload", exits=1)["error"]
        assert error["exit"] == 1 and "50-site.json:2:3" in error["message"], error
        assert cvmctl_json(guest)["policy"] == before
        guest.write_policy({"version": 1, "mode": "audit", "default": {"action": "allow"}})
        cvmctl(guest, "reload")
        after = cvmctl_json(guest)
        assert after["mode"] == "audit" and after["policy"]["digest"] != before["digest"]
        assert after["policy"]["digest"] == guest.cvmctl("policy", "digest", guest.policy, bus=False)[1].strip()


def test_monitor_shows_what_happens():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        text, events = Monitor(guest), Monitor(guest, "--json")
        assert "compliant" in text.first and json.loads(events.first)["state"] == "compliant"
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        line = text.wait("decision", NETWORK, "blocked")
        assert re.match(r"\d\d:\d\d:\d\d  decision ", line) and "payload-private" in line, line
        event = json.loads(events.wait("decision", NETWORK, "blocked"))
        assert (event["event"], event["verdict"], event["rule"]) == ("decision", "blocked", "payload-private"), event
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"]), event
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        assert json.loads(events.wait("removed"))["instance"] == PLAIN_NETWORK
        guest.simulator.offer_class("network", instance=PLAIN_NETWORK, relid=50, flags=PLAIN)
        assert json.loads(events.wait("added"))["instance"] == PLAIN_NETWORK
        guest.cvmd.stop()
        text.wait("daemon", "gone")
        guest.cvmd.start()
        assert json.loads(events.wait("daemon", "started"))["daemon"] == "started"
        assert text.interrupt() == 0 and events.interrupt() == 0


def test_monitor_ends_with_its_reader_and_with_the_bus():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        unread, monitor = Monitor(guest), Monitor(guest)
        unread.process.stdout.close()
        assert unread.process.wait(PATIENCE) == 1
        guest.bus.stop()
        assert monitor.process.wait(PATIENCE) == 6
        assert b"bus" in monitor.process.stderr.read()


def test_the_snapshot_of_the_daemon_is_whole():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        text = cvmctl(guest, "snapshot")
        assert text.startswith("cvmd-snapshot 1\n") and PLAIN_NETWORK in text
        assert PLAIN_NETWORK not in cvmctl(guest, "snapshot", "--redact")
        recorded = os.path.join(guest.folder, "recorded")
        cvmctl(guest, "snapshot", "-o", recorded)
        status, out, err = guest.cvmctl("--snapshot", recorded, "--policy", STRICT, "--json", bus=False)
        assert (status, json.loads(out)["devices"]["blocked"]) == (0, 1), (status, out, err)
        assert f"{PLAIN_NETWORK}/channels/8/cpu 0644 " in text, "what is not needed for verdicts is there, too"


def test_the_log_is_shown_and_verified():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        head = cvmctl_json(guest)["log"]
        log = os.path.join(guest.cvmd.state, "decisions.log")
        status, out, _ = guest.cvmctl("log", log, "--json", bus=False)
        assert (status, len(json.loads(out))) == (0, head["sequence"])
        status, out, _ = guest.cvmctl("log", log, bus=False)
        assert status == 0 and PLAIN_NETWORK in out and "blocked" in out, out
        status, out, _ = guest.cvmctl("log", "verify", log, "--json", bus=False)
        assert (status, json.loads(out)) == (0, {"version": 1, "intact": True, **head})
        with open(log, encoding="utf-8") as f:
            lines = f.readlines()
        with open(log, "w", encoding="utf-8") as f:
            f.writelines(lines[:1] + lines[2:])
        status, out, _ = guest.cvmctl("log", "verify", log, bus=False)
        assert status == 3 and out.startswith("broken: ") and "decisions.log:2" in out, (status, out)


def test_those_who_are_not_root_look_and_do_not_touch():
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    with Guest("snp-compliant", bus=False) as guest:
        os.chmod(guest.folder, 0o755)
        with open(guest.bus.config, encoding="utf-8") as f:
            config = f.read().replace('context="default">', 'context="default"><allow user="*"/>')
        with open(guest.bus.config, "w", encoding="utf-8") as f:
            f.write(config)
        guest.bus.start()
        guest.cvmd.start()
        nobody = pwd.getpwnam("nobody").pw_uid

        def as_nobody(*arguments):
            done = subprocess.run([Programs.cvmctl, "--bus", guest.bus.address, *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, encoding="utf-8", user=nobody, extra_groups=(),
                                  timeout=PATIENCE, check=False)
            return done.returncode, done.stdout, done.stderr
        for verb in ("block", NETWORK), ("allow", NETWORK), ("forget", NETWORK), ("reload",), ("snapshot",), ("plan",), \
                ("explain", NETWORK), ("plan", "--policy", guest.policy), \
                ("policy", "try", guest.policy), ("policy", "try", "--stop"):
            status, out, err = as_nobody(*verb)
            assert status == 5 and out == "" and "root" in err, (verb, status, out, err)
        assert as_nobody()[0] == 0
        status, out, err = as_nobody("devices", "--json")
        assert (status, err) == (0, "") and {str(d["dependents"]) for d in json.loads(out)} == {"None"}, (status, out, err)
        status, out, err = as_nobody("device", DISK)
        assert (status, err) == (0, "") and "only root" in out, (status, out, err)


if __name__ == "__main__":
    main(globals())
