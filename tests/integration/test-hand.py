#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decisions by hand that last, and those that are taken back unless they are confirmed."""

import errno
import json
import os
import stat
import subprocess
import time

from harness import DISK, NETWORK, PLAIN_NETWORK, Guest, Skip, wait_for
from tap import main

LONG = 3600  # seconds: nothing is rolled back in a test that does not say so


def path_of(guest):
    return os.path.join(guest.simulator.root, "etc/cvmd/policy.d/10-by-hand.json")


def content(guest):
    try:
        with open(path_of(guest), encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return None


def rule(guest, instance):
    device = guest.devices()[instance]
    return device["Verdict"], device["Rule"]


def status(guest):
    return json.loads(guest.cvmctl("status", "--json")[1])


def by_hand(guest):
    """What the decision log says of decisions by hand."""
    return [d["reason"] for d in guest.cvmd.decisions() if d["event"] == "by-hand"]


def ctl(guest, *arguments, code=0, says=""):
    got, out, err = guest.cvmctl(*arguments)
    assert got == code and says in out + err, (arguments, got, out, err)
    return out + err


def briefly(guest, *arguments):
    """Decides for a second. On a busy machine that may be over before the device is at rest, which is answered so."""
    code, out, err = guest.cvmctl(arguments[0], "--confirm-within=1", *arguments[1:])
    assert code in (0, 1), (arguments, code, out, err)


def test_a_permanent_decision_is_a_policy_file():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        digest = guest.property("PolicyDigest")
        ctl(guest, "allow", "--permanent", PLAIN_NETWORK, says="permanently")
        ctl(guest, "block", "--permanent", NETWORK)
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand-permanent)"), rule(guest, PLAIN_NETWORK)
        assert rule(guest, NETWORK) == ("blocked", "(by-hand-permanent)")
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc" and guest.simulator.is_blocked(NETWORK)
        assert stat.S_IMODE(os.stat(path_of(guest)).st_mode) == 0o644
        assert os.listdir(os.path.dirname(path_of(guest))) != [], "and no temporary file"
        assert not [n for n in os.listdir(os.path.dirname(path_of(guest))) if n.startswith(".")]
        assert guest.property("PolicyDigest") != digest, "it is part of what is enforced"
        assert "/etc/cvmd/policy.d/10-by-hand.json:" in guest.devices()[NETWORK]["RuleOrigin"]
        for verb in ("explain", NETWORK), ("device", NETWORK), ("policy", "show", "--root", guest.simulator.root):
            bus = verb[0] != "policy"
            code, out, err = guest.cvmctl(*verb, bus=bus)
            assert code == 0 and "10-by-hand.json" in out, (verb, out, err)
        assert not os.path.exists(os.path.join(guest.cvmd.state, "by-hand", NETWORK)), "no note is needed"
        # a new boot knows it
        before = content(guest)
        guest.cvmd.stop()
        subprocess.run(["rm", "-r", guest.cvmd.state], check=True)
        guest.new_boot_id()
        guest.cvmd.start()
        assert rule(guest, NETWORK) == ("blocked", "(by-hand-permanent)") and content(guest) == before
        ctl(guest, "forget", NETWORK)
        assert rule(guest, NETWORK)[1] == "(by-hand-permanent)", "what lasts is not forgotten by the way"
        ctl(guest, "forget", "--permanent", NETWORK)
        assert rule(guest, NETWORK)[0] == "allowed" and guest.simulator.driver(NETWORK) == "hv_netvsc"
        ctl(guest, "forget", "--permanent", PLAIN_NETWORK)
        assert content(guest) is None and rule(guest, PLAIN_NETWORK) == ("blocked", "payload-private")
        assert guest.property("PolicyDigest") == digest
        assert by_hand(guest)[-1] == "forgotten, permanently", by_hand(guest)


def test_a_permanent_decision_replaces_one_until_the_next_boot():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", PLAIN_NETWORK)
        ctl(guest, "block", "--permanent", PLAIN_NETWORK)
        assert rule(guest, PLAIN_NETWORK) == ("blocked", "(by-hand-permanent)")
        ctl(guest, "allow", "--runtime", PLAIN_NETWORK)
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand)"), "which stands before it until the next boot"
        ctl(guest, "forget", PLAIN_NETWORK)
        assert rule(guest, PLAIN_NETWORK) == ("blocked", "(by-hand-permanent)")
        # of a device that is gone, too
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        wait_for("it is gone", lambda: PLAIN_NETWORK not in guest.devices())
        ctl(guest, "forget", "--permanent", PLAIN_NETWORK)
        assert content(guest) is None


def test_what_is_protected_is_not_blocked_for_good_either():
    with Guest("snp-root-plain") as guest:
        guest.cvmd.start()
        protected = [i for i, d in guest.devices().items() if d["Verdict"] == "protected"]
        ctl(guest, "block", "--permanent", protected[0], code=1, says="protected")
        ctl(guest, "block", "--permanent", "--confirm-within", "60", protected[0], code=1, says="protected")
        assert content(guest) is None and status(guest)["unconfirmed"] == []
    with Guest("snp-openhcl") as guest:
        with open(os.path.join(guest.simulator.root, "etc/cvmd/policy.d/05-first.json"), "w", encoding="utf-8") as f:
            json.dump({"version": 1, "rules": [{"id": "first", "match": {"class": "network"}, "action": "block"}]}, f)
        guest.cvmd.start()
        for more in [], ["--confirm-within=60"]:
            assert "05-first.json" in ctl(guest, "allow", "--permanent", NETWORK, *more, code=1, says="first")
        assert content(guest) is None and rule(guest, NETWORK) == ("blocked", "first")


def test_a_file_that_a_person_edited_is_not_written_over():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", "--permanent", PLAIN_NETWORK)
        ours = content(guest)
        edits = [
            (ours.replace("permanently", "because I say so"), ":5: not as cvmd writes it"),
            (ours.replace("// Decisions", "// My decisions"), ":1: not as cvmd writes it"),
            (ours.replace("] }", ', { "id": "x", "match": { "class": "network" }, "action": "block" } ] }'), ":6: not as"),
            (ours + "\n", ":7: not as cvmd writes it"),
            (ours.replace('"action"', '"acton"'), ":4:"),
        ]
        for text, says in edits:
            assert text != ours
            with open(path_of(guest), "w", encoding="utf-8") as f:
                f.write(text)
            for verb in "block", "forget":
                ctl(guest, verb, "--permanent", NETWORK, code=1, says="10-by-hand.json" + says)
            assert content(guest) == text
        os.unlink(path_of(guest))
        os.symlink("/dev/null", path_of(guest))
        ctl(guest, "block", "--permanent", NETWORK, code=1, says="a link")
        assert os.path.islink(path_of(guest))
        os.unlink(path_of(guest))
        ctl(guest, "block", "--permanent", NETWORK)
        assert rule(guest, NETWORK) == ("blocked", "(by-hand-permanent)")


def test_a_policy_that_would_not_load_is_not_made():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        with open(guest.policy, encoding="utf-8") as f:
            good = f.read()
        same_id = {"version": 1, "rules": [{"id": f"by-hand-{NETWORK}", "match": {}, "action": "allow"}]}
        for broken, says in ('{"version": 1,', "50-site.json"), (json.dumps(same_id), "is there already"):
            guest.write_policy_text(broken)
            ctl(guest, "block", "--permanent", NETWORK, code=1, says=says)
            assert content(guest) is None
        guest.write_policy_text(good)
        ctl(guest, "block", "--permanent", NETWORK)


def in_namespace(guest, script):
    """Runs cvmd where the policy folder is what the script makes of $0."""
    folder = os.path.dirname(path_of(guest))
    wrapper = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script + ' && exec "$@"', folder]
    if subprocess.run(wrapper + ["true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no namespaces to mount a folder in")
    guest.cvmd.wrapper = wrapper


def test_a_folder_that_cannot_be_written():
    with Guest("snp-openhcl") as guest:
        in_namespace(guest, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"')
        guest.cvmd.start()
        ctl(guest, "block", "--permanent", NETWORK, code=1, says="10-by-hand.json: Read-only file system")
        assert content(guest) is None and rule(guest, NETWORK)[0] == "allowed"
        # a confirmation that cannot be written confirms nothing, and can come again
        ctl(guest, "block", "--permanent", "--confirm-within", str(LONG), NETWORK)
        ctl(guest, "confirm", code=1, says="Read-only file system")
        assert len(status(guest)["unconfirmed"]) == 1 and rule(guest, NETWORK) == ("blocked", "(by-hand)")
        assert os.readlink(unconfirmed_note(guest, NETWORK)).startswith("=pending "), "it is still going to be rolled back"


def test_a_full_disk_leaves_the_file_as_it_was():
    with Guest("snp-openhcl") as guest:
        with open(guest.policy, encoding="utf-8") as f:
            policy = f.read()
        in_namespace(guest, 'mount -t tmpfs -o size=32k,mode=755 none "$0"')
        guest.cvmd.launch()
        folder = f"/proc/{guest.cvmd.process.pid}/root{os.path.dirname(path_of(guest))}"
        wait_for("it is mounted", lambda: os.path.isdir(folder) and os.stat(folder).st_dev != os.stat(guest.folder).st_dev)
        with open(os.path.join(folder, "50-site.json"), "w", encoding="utf-8") as f:
            f.write(policy)
        guest.cvmd.wait_notified("READY=1")
        wait_for("cvmd on the bus", guest.bus.has_cvmd)
        ctl(guest, "reload")
        ctl(guest, "allow", "--permanent", PLAIN_NETWORK)
        with open(os.path.join(folder, "10-by-hand.json"), encoding="utf-8") as f:
            before = f.read()
        try:
            with open(os.path.join(folder, "filler"), "wb", buffering=0) as filler:
                while filler.write(b"x" * 512):
                    pass
        except OSError as e:
            assert e.errno == errno.ENOSPC, e
        ctl(guest, "block", "--permanent", NETWORK, code=1, says="No space left")
        with open(os.path.join(folder, "10-by-hand.json"), encoding="utf-8") as f:
            assert f.read() == before
        assert sorted(os.listdir(folder)) == ["10-by-hand.json", "50-site.json", "filler"]
        assert rule(guest, NETWORK)[0] == "allowed" and rule(guest, PLAIN_NETWORK)[1] == "(by-hand-permanent)"


def test_confirmed_in_time_it_stands():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK, says="cvmctl confirm")
        ctl(guest, "block", "--permanent", "--confirm-within", str(LONG), NETWORK)
        shown = status(guest)["unconfirmed"]
        assert [(u["instance"], u["decision"], u["permanent"]) for u in shown] == \
            [(PLAIN_NETWORK, "allow", False), (NETWORK, "block", True)], shown
        assert all(0 < u["seconds-left"] <= LONG for u in shown), shown
        assert "rolled back in" in ctl(guest, "status")
        assert content(guest) is None, "until it is confirmed, nothing lasts"
        assert rule(guest, NETWORK) == ("blocked", "(by-hand)")
        signals = guest.signals()
        ctl(guest, "confirm", PLAIN_NETWORK, says="confirmed")
        signals.wait("Unconfirmed changed", lambda m: "Unconfirmed" in json.dumps(m))
        ctl(guest, "confirm", PLAIN_NETWORK, code=4, says="waits to be confirmed")
        ctl(guest, "confirm")
        assert rule(guest, NETWORK) == ("blocked", "(by-hand-permanent)") and NETWORK in content(guest)
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand)")
        assert status(guest)["unconfirmed"] == []
        ctl(guest, "confirm", code=4, says="nothing waits to be confirmed")
        guest.cvmd.kill()
        guest.cvmd.start()
        assert rule(guest, NETWORK) == ("blocked", "(by-hand-permanent)")
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand)")
        assert by_hand(guest) == [f"allow, to be confirmed within {LONG} s", f"block, to be confirmed within {LONG} s",
                                  "confirmed", "block, permanently"], by_hand(guest)


def test_unconfirmed_it_is_rolled_back():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", PLAIN_NETWORK)  # what is to come back
        briefly(guest, "block", PLAIN_NETWORK)
        briefly(guest, "block", "--permanent", NETWORK)
        wait_for("rolled back", lambda: status(guest)["unconfirmed"] == [])
        guest.wait_verdict(NETWORK, "allowed")
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand)") and rule(guest, NETWORK)[1] == "payload-private"
        assert guest.simulator.driver(NETWORK) == guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        assert content(guest) is None
        for word in [], [NETWORK], [PLAIN_NETWORK]:
            ctl(guest, "confirm", *word, code=1, says="rolled back")
        rolled = [r for r in by_hand(guest) if "rolled back" in r]
        assert sorted(r.rpartition("; ")[2] for r in rolled) == ["allow", "left to the policy again"], rolled
        # a later decision is about something else
        ctl(guest, "block", NETWORK)
        ctl(guest, "confirm", NETWORK, code=4, says="waits to be confirmed")


def test_the_time_counts_on_while_cvmd_is_dead():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK)
        deadline = guest.property("Unconfirmed")[0][3]
        guest.cvmd.kill()
        guest.cvmd.start()
        assert guest.property("Unconfirmed")[0][3] == deadline, "which is not begun anew"
        assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand)")
        ctl(guest, "confirm")


def rewrite(note, text):
    os.unlink(note)
    os.symlink(text, note)


def unconfirmed_note(guest, instance):
    return os.path.join(guest.cvmd.state, "unconfirmed", instance)


def test_what_expired_while_cvmd_was_dead_is_rolled_back_first():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", "--confirm-within", "5", PLAIN_NETWORK)
        deadline = guest.property("Unconfirmed")[0][3]
        guest.cvmd.kill()
        wait_for("the time is over", lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 > deadline)
        before = len(guest.cvmd.log())
        guest.cvmd.start()
        assert rule(guest, PLAIN_NETWORK) == ("blocked", "payload-private")
        said = guest.cvmd.log()[before:]
        assert said.index("rolled back") < said.index("policy sha256:"), "before it judges: " + said
        ctl(guest, "confirm", code=1, says="rolled back")


def test_notes_of_a_crash_in_between():
    """The note of the condition is there, the decision is not; it is of another boot; it cannot be read."""
    def other_boot(guest, note, text):
        guest.new_boot_id()

    def other_decision(guest, note, text):
        rewrite(os.path.join(guest.cvmd.state, "by-hand", PLAIN_NETWORK), "=block")

    def no_decision(guest, note, text):
        os.unlink(os.path.join(guest.cvmd.state, "by-hand", PLAIN_NETWORK))

    def garbage(guest, note, text):
        rewrite(note, text.replace("pending", "pendin"))

    for change in other_boot, other_decision, no_decision, garbage:
        with Guest("snp-openhcl") as guest:
            guest.cvmd.start()
            ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK)
            guest.cvmd.kill()
            note = unconfirmed_note(guest, PLAIN_NETWORK)
            change(guest, note, os.readlink(note))
            guest.cvmd.start()
            assert rule(guest, PLAIN_NETWORK) == ("blocked", "payload-private"), change
            assert status(guest)["unconfirmed"] == []


def test_the_first_state_comes_back_after_a_second_decision():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK)
        briefly(guest, "block", PLAIN_NETWORK)
        wait_for("rolled back", lambda: status(guest)["unconfirmed"] == [])
        assert rule(guest, PLAIN_NETWORK) == ("blocked", "payload-private")
        # a decision without a condition ends it
        ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK)
        ctl(guest, "allow", PLAIN_NETWORK)
        assert status(guest)["unconfirmed"] == []
        ctl(guest, "allow", "--confirm-within", str(LONG), PLAIN_NETWORK)
        ctl(guest, "forget", PLAIN_NETWORK)
        assert status(guest)["unconfirmed"] == [] and rule(guest, PLAIN_NETWORK)[1] == "payload-private"


def test_a_confirmation_that_was_being_written():
    """A crash after the file, before the notes: it was confirmed. Before the file: it was not."""
    for written in True, False:
        with Guest("snp-openhcl") as guest:
            guest.cvmd.start()
            ctl(guest, "allow", "--permanent", PLAIN_NETWORK)
            text = content(guest)
            ctl(guest, "forget", "--permanent", PLAIN_NETWORK)
            ctl(guest, "allow", "--permanent", "--confirm-within", str(LONG), PLAIN_NETWORK)
            guest.cvmd.kill()
            note = unconfirmed_note(guest, PLAIN_NETWORK)
            rewrite(note, os.readlink(note).replace("pending", "confirmed"))
            if written:
                with open(path_of(guest), "w", encoding="utf-8") as f:
                    f.write(text)
            guest.cvmd.start()
            assert rule(guest, PLAIN_NETWORK) == ("allowed", "(by-hand-permanent)" if written else "(by-hand)")
            assert len(status(guest)["unconfirmed"]) == (0 if written else 1)


def test_requests_that_make_no_sense():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for arguments, says in (
                (("block", "--permanent", "--runtime", NETWORK), "exclude each other"),
                (("forget", "--confirm-within=5", NETWORK), "does not take"),
                (("block", "--confirm-within=0", NETWORK), "1 to 86400"),
                (("block", "--confirm-within=5m", NETWORK), "1 to 86400"),
                (("block", "--confirm-within=99999999999999999999", NETWORK), "1 to 86400"),
                (("confirm", "--permanent"), "does not take")):
            ctl(guest, *arguments, code=2, says=says)
        assert guest.bus.manager("Block", "sa{sv}", NETWORK, "1", "for-ever", "b", "true") is None
        assert "for-ever" in guest.bus.error
        assert guest.bus.manager("Block", "sa{sv}", NETWORK, "1", "permanent", "s", "true") is None
        assert guest.bus.decide("Forget", NETWORK, confirm_within=5) is None
        assert rule(guest, NETWORK)[0] == "allowed" and content(guest) is None
        ctl(guest, "block", "--permanent", DISK, code=1, says="protected")
        ctl(guest, "confirm", "nothing-like-it", code=4)


main(globals())
