#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Enforcement on trial, over simulated boots: a state folder and a boot id of its own for each, /etc and /var are kept."""

import json
import os
import shutil
import subprocess

from harness import PLAIN, PLAIN_NETWORK, Guest, Programs, wait_for
from tap import main

FOR_EVER = "--trial-patience=3600"  # a test that is about patience says so


def path_of(guest, path):
    return os.path.join(guest.simulator.root, path)


def read(guest, path):
    with open(path_of(guest, path), encoding="utf-8") as f:
        return f.read()


def status(guest):
    return json.loads(guest.cvmctl("status", "--json")[1])


def trial(guest):
    return status(guest)["trial"]


def phase(guest):
    return trial(guest)["phase"] if trial(guest) else guest.property("Trial")


def ctl(guest, *arguments, code=0, says=""):
    got, out, err = guest.cvmctl(*arguments)
    assert got == code and says in out + err, (arguments, got, out, err)


def clean_end(guest):
    """What cvmd-trial.service does when a boot ends."""
    return subprocess.run([Programs.cvmd, "--clean-end", "--root", guest.simulator.root, "--state", guest.cvmd.state],
                          stderr=subprocess.PIPE, check=False, encoding="utf-8")


def end(guest, clean=True):
    if clean:
        done = clean_end(guest)
        assert done.returncode == 0, done.stderr
        guest.cvmd.stop()
    else:
        guest.cvmd.kill()
    shutil.rmtree(guest.cvmd.state)
    guest.new_boot_id()
    guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=40, flags=PLAIN)


def boot(guest, *options, clean=True):
    """The last one ends, cleanly or not, and the next one begins."""
    end(guest, clean)
    guest.cvmd.start(*(options or (FOR_EVER,)))


def start(guest, boots=2):
    guest.cvmd.start(FOR_EVER)
    ctl(guest, "trial", "start", f"--boots={boots}", says=f"for {boots} boots" if boots > 1 else "1 boot")


def fallen(guest, why, mode="audit", verdict="violating"):
    wait_for("it falls back", lambda: phase(guest) == "fallen-back")
    assert status(guest)["mode"] == mode, status(guest)
    guest.wait_verdict(PLAIN_NETWORK, verdict)
    assert any("fell back to audit" in w and why in w for w in status(guest)["warnings"]), status(guest)["warnings"]


def enforced(guest, expected):
    wait_for(f"it is {expected}", lambda: phase(guest) == expected)
    assert status(guest)["mode"] == "enforce"
    guest.wait_verdict(PLAIN_NETWORK, "blocked")
    assert guest.simulator.is_blocked(PLAIN_NETWORK)


def trials(guest):
    return [d["reason"] for d in guest.cvmd.decisions() if d["event"] == "trial"]


def test_clean_boots_are_counted_and_confirmed():
    with Guest("snp-openhcl") as guest:
        start(guest)
        enforced(guest, "started")
        boot(guest)
        enforced(guest, "running")
        assert trial(guest) == {"phase": "running", "boots": 2, "clean": 0}
        assert trials(guest) == ["boot 1 of 2"]
        boot(guest)
        assert trial(guest) == {"phase": "running", "boots": 2, "clean": 1}
        boot(guest)
        enforced(guest, "asking")
        assert trial(guest) == {"phase": "asking", "boots": 2, "clean": 2}
        assert any("cvmctl confirm --trial" in w for w in status(guest)["warnings"])
        # a restart changes nothing
        guest.cvmd.stop()
        guest.cvmd.start(FOR_EVER)
        assert trial(guest) == {"phase": "asking", "boots": 2, "clean": 2}
        ctl(guest, "confirm", "--trial", says="confirmed")
        assert trial(guest) is None and phase(guest) == "none"
        assert not [w for w in status(guest)["warnings"] if "trial" in w]
        assert not os.path.exists(path_of(guest, "etc/cvmd/trial"))
        ctl(guest, "confirm", "--trial", code=4, says="no trial")
        assert trials(guest)[-1] == "confirmed"
        boot(guest, clean=False)
        enforced(guest, "none")


def test_unconfirmed_it_falls_back():
    with Guest("snp-openhcl") as guest:
        start(guest, boots=1)
        boot(guest)
        boot(guest)
        enforced(guest, "asking")
        boot(guest)
        fallen(guest, "nobody confirmed it")
        # before anything was blocked
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        assert "blocked" not in [d["verdict"] for d in guest.cvmd.decisions() if d["event"] == "decision"]
        assert "audit" in [d["reason"] for d in guest.cvmd.decisions() if d["event"] == "mode"]
        # for good, restarted and booted anew
        guest.cvmd.kill()
        guest.cvmd.start(FOR_EVER)
        fallen(guest, "nobody confirmed it")
        boot(guest)
        fallen(guest, "nobody confirmed it")
        # until it is tried again, or confirmed after all
        ctl(guest, "trial", "start")
        enforced(guest, "started")
        assert trial(guest)["boots"] == 3
        boot(guest)
        enforced(guest, "running")
        boot(guest, clean=False)
        fallen(guest, "not ended cleanly")
        ctl(guest, "confirm", "--trial")
        enforced(guest, "none")


def test_an_unclean_boot_makes_it_fall_back():
    with Guest("snp-openhcl") as guest:
        start(guest)
        boot(guest, clean=False)  # the boot in which it was started is none of the trial
        enforced(guest, "running")
        boot(guest, clean=False)
        fallen(guest, "not ended cleanly")


def test_a_crash_of_cvmd_makes_it_fall_back_with_the_next_boot():
    with Guest("snp-openhcl") as guest:
        start(guest)
        boot(guest)
        guest.cvmd.stop()
        guest.cvmd.start(FOR_EVER)
        assert read(guest, "var/lib/cvmd/trial").endswith(" well\n")
        guest.cvmd.kill()
        guest.cvmd.start(FOR_EVER)
        enforced(guest, "running")
        assert read(guest, "var/lib/cvmd/trial").endswith(" crashed\n")
        boot(guest)
        fallen(guest, "ended unexpectedly")


def test_a_boot_without_cvmd_does_not_end_cleanly():
    with Guest("snp-openhcl") as guest:
        start(guest)
        boot(guest)
        guest.cvmd.stop()
        done = clean_end(guest)
        assert done.returncode == 1 and "no cvmd runs" in done.stderr, done
        assert not os.path.exists(path_of(guest, "var/lib/cvmd/clean-end")) or \
            read(guest, "var/lib/cvmd/clean-end").strip() != read(guest, "proc/sys/kernel/random/boot_id").strip()
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert clean_end(guest).returncode == 0, "without a trial, nothing is to be noted"
        assert not os.path.exists(path_of(guest, "var/lib/cvmd"))


def test_var_may_come_late():
    with Guest("snp-openhcl") as guest:
        start(guest)
        end(guest)
        os.rename(path_of(guest, "var/lib/cvmd"), path_of(guest, "elsewhere"))
        guest.cvmd.start(FOR_EVER)
        enforced(guest, "running")
        wait_for("it says so", lambda: any("cannot count this boot yet" in w for w in status(guest)["warnings"]))
        # what is about to be mounted over is not it
        os.mkdir(path_of(guest, "var/lib/cvmd"))
        with open(path_of(guest, "var/lib/cvmd/trial"), "w", encoding="utf-8") as f:
            f.write("cvmd-trial-count 1 11111111-0000-4000-8000-000000000000 asking 9 "
                    "22222222-0000-4000-8000-000000000001 well\n")
        wait_for("it says so", lambda: any("of another trial" in w for w in status(guest)["warnings"]))
        shutil.rmtree(path_of(guest, "var/lib/cvmd"))
        os.rename(path_of(guest, "elsewhere"), path_of(guest, "var/lib/cvmd"))
        wait_for("it is counted", lambda: "running 0" in read(guest, "var/lib/cvmd/trial"))
        wait_for("and nothing more to say", lambda: not [w for w in status(guest)["warnings"] if "trial" in w])
        boot(guest)
        wait_for("it went on", lambda: trial(guest)["clean"] == 1)


def test_without_var_it_falls_back():
    with Guest("snp-openhcl") as guest:
        start(guest)
        end(guest)
        os.rename(path_of(guest, "var/lib/cvmd"), path_of(guest, "elsewhere"))
        guest.cvmd.start("--trial-patience=0")
        fallen(guest, "cannot be counted")
        wait_for("what was blocked is released", lambda: guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc")
        wait_for("for the next boots", lambda: "uncounted" in read(guest, "etc/cvmd/trial"))
        os.rename(path_of(guest, "elsewhere"), path_of(guest, "var/lib/cvmd"))
        boot(guest)
        fallen(guest, "cannot be counted")


def test_a_count_that_cannot_be_written():
    with Guest("snp-openhcl") as guest:
        start(guest)
        end(guest)
        # neither can be replaced: a folder is in the way of the temporary file
        os.mkdir(path_of(guest, "var/lib/cvmd/.trial.new"))
        os.mkdir(path_of(guest, "etc/cvmd/.trial.new"))
        guest.cvmd.start("--trial-patience=0")
        fallen(guest, "cannot write /var/lib/cvmd/trial")
        assert "goes-on" in read(guest, "etc/cvmd/trial")
        # a restart in the same boot knows it nevertheless
        guest.cvmd.kill()
        guest.cvmd.start(FOR_EVER)
        fallen(guest, "cannot be counted")


def test_garbage_is_no_permission():
    for path in "etc/cvmd/trial", "var/lib/cvmd/trial":
        for change in (lambda t: t[:-1], lambda t: t + "x", lambda t: "", lambda t: t.replace(" 1 ", " 2 "),
                       lambda t: t.replace("-", "+")):
            with Guest("snp-openhcl") as guest:
                start(guest)
                text = read(guest, path)
                assert change(text) != text
                end(guest)
                with open(path_of(guest, path), "w", encoding="utf-8") as f:
                    f.write(change(text))
                guest.cvmd.start("--trial-patience=0")
                fallen(guest, "not what cvmd wrote")


def test_an_override_wins():
    with Guest("snp-openhcl") as guest:
        start(guest)
        boot(guest)
        boot(guest, FOR_EVER, "--mode=enforce", clean=False)
        fallen(guest, "not ended cleanly", mode="enforce", verdict="blocked")
        boot(guest, FOR_EVER, "--mode=audit")
        fallen(guest, "not ended cleanly")


def test_what_cannot_be_started():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start(FOR_EVER)
        for boots in "0", "101", "many", "-1":
            ctl(guest, "trial", "start", f"--boots={boots}", code=2, says="1 to 100")
        assert guest.bus.manager("StartTrial", "u", "101") is None and "1 to 100" in guest.bus.error
        os.makedirs(path_of(guest, "var/lib/cvmd/trial"))
        ctl(guest, "trial", "start", code=1, says="/var/lib/cvmd/trial")
        assert phase(guest) == "none" and not os.path.exists(path_of(guest, "etc/cvmd/trial"))
        os.rmdir(path_of(guest, "var/lib/cvmd/trial"))
        ctl(guest, "confirm", "--trial", PLAIN_NETWORK, code=2, says="no device")
        ctl(guest, "trial", "start")
        os.unlink(path_of(guest, "etc/cvmd/trial"))
        os.mkdir(path_of(guest, "etc/cvmd/trial"))
        ctl(guest, "confirm", "--trial", code=1, says="cannot remove /etc/cvmd/trial")
        assert phase(guest) == "started"


main(globals())
