#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bash and zsh complete of cvmctl, typed at a terminal."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

from harness import DISK, FIXTURES, NETWORK, PATIENCE, PLAIN_NETWORK, Guest, Programs, need
from shell import Shell
from tap import main

SHELLS = ("bash", "zsh")
NOWHERE = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
SNAPSHOT = os.path.join(FIXTURES, "snp-openhcl.snapshot")
DEVICES = {NETWORK, PLAIN_NETWORK, DISK, "2dd1ce17-079e-403c-b352-a1921ee207ee", "b6650ff7-33bc-4840-8048-e0676786f393",
           "fd149e91-82e0-4a7d-afa6-2a4166cbd7c0"}
UNIQUE = {"scsi", "timesync", "shutdown", "heartbeat"}  # of these classes there is one device each


def ask(*arguments, **more):
    return subprocess.run([os.path.realpath(Programs.cvmctl), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False, encoding="utf-8", **more)


def from_help():
    """({verb: what its arguments are}, {option: what its value is}) as --help lists them."""
    verbs, options = re.search(r"(.*)\nOptions:\n(.*?)\n\n", ask("--help").stdout, re.DOTALL).groups()
    lines = [re.split(r"   +", line.strip())[0] for line in verbs.splitlines() if re.match(r"  \S", line)]
    found = (re.fullmatch(r"([a-z]+(?: [a-z]+(?= |$))?)(?: (.*))?", line).groups("") for line in lines)
    rows = re.findall(r"^  (?:(-\w), )?(--[a-z-]+)(\S*)", options, re.MULTILINE)
    return dict(found), {name: value for letter, long, value in rows for name in (letter, long) if name}


HARMLESS = {"PATH": "/nonexistent", **NOWHERE}  # no ssh, no daemon: what is tried ends at once


def in_shells(test):
    for kind in SHELLS:
        with Shell(kind, NOWHERE) as shell:
            try:
                test(shell)
            except AssertionError as e:
                raise AssertionError(f"{kind}: {e}") from e


def test_verbs():
    verbs, _ = from_help()
    assert len(verbs) > 30
    firsts = {verb.split()[0] for verb in verbs}

    def check(shell):
        assert set(shell.offers("cvmctl ")) == firsts, shell.screen
        for first in sorted(firsts):
            seconds = {verb.split()[1] for verb in verbs if verb.startswith(first + " ")}
            if seconds and first not in verbs:
                assert set(shell.offers(f"cvmctl {first} ")) == seconds, (first, shell.screen)
        assert shell.words("cvmctl pol") == ["cvmctl", "policy"]
        assert shell.words("cvmctl --no-pager policy dig") == ["cvmctl", "--no-pager", "policy", "digest"]
        assert shell.words("cvmctl -o x att") == ["cvmctl", "-o", "x", "attest"], "x is the value of -o"
        assert shell.words("cvmctl --json att") == ["cvmctl", "--json", "attest"], "the value of --json is behind ="
        assert shell.words("cvmctl log ver") == ["cvmctl", "log", "verify"]
        assert shell.words("cvmctl nonsense ") == ["cvmctl", "nonsense"]
    in_shells(check)


VALUES = {"MODE": "audit", "METHOD": "none", "N": "1", "SEC": "1"}  # of options that look at theirs at once; x for others


def accepted(verb, arguments, options):
    """The options that cvmctl takes with a verb, by trying each."""
    words = verb.split() + ["x" for word in arguments.split() if word[0] != "["]
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        for name, value in options.items():
            option = [name, VALUES.get(value[1:], "x")] if value.startswith("=") else [name]
            done = ask(*words, *option, env=HARMLESS, cwd=folder)
            if " does not take " not in done.stderr:
                found.add(name)
    return found


def test_options():
    verbs, options = from_help()
    assert len(options) > 50
    takes = {"": set(options)}
    for verb in "status", "policy diff", "attest get", "attest verify", "log", "completion bash":
        takes[verb] = accepted(verb, verbs[verb], options)
    assert len(set(map(frozenset, takes.values()))) == len(takes), "these verbs differ in what they take"

    def check(shell):
        for verb, names in takes.items():
            offered = {word.rstrip("=") for word in shell.offers(f"cvmctl {verb} -".replace("  ", " "))}
            assert offered == names, (verb, offered ^ names)
        assert shell.words("cvmctl devices --no-l") == ["cvmctl", "devices", "--no-legend"]
        assert shell.words("cvmctl attest get --fresh", "\tquo\t")[-1] == "--freshness=quote"
        assert shell.words("cvmctl --json dev --j") == ["cvmctl", "--json", "dev", "--j"], "it is given already"
        assert shell.words("cvmctl policy diff --snapshot a --snap", "\tb")[-1] == "--snapshot=b", "it can be given again"
        assert shell.words("cvmctl -- --no-l") == ["cvmctl", "--", "--no-l"], "behind -- there are no options"
    in_shells(check)


def test_values():
    def check(shell):
        for line, values in {
                "cvmctl --json=": {"off", "short", "pretty"}, "cvmctl status --mode ": {"audit", "enforce", "off"},
                "cvmctl attest get --provider=": {"vtpm", "tsm"}, "cvmctl attest get --format ": {"cmw", "trustee", "maa", "raw"},
                "cvmctl attest verify --format=": {"ear"}, "cvmctl attest expect ": {"check", "from"},
                "cvmctl attest get --event-log=": {"all", "none", "firmware", "systemd", "ima"}}.items():
            offered = {word.removeprefix(line.rpartition(" ")[2]) for word in shell.offers(line)}
            assert offered == values, (line, offered)
        assert {"raw", "maa-platform", "claims", "hcl-report"} < {
            word.removeprefix("--format=") for word in shell.offers("cvmctl attest export x --format=")}
        assert shell.words("cvmctl attest get --event-log=firmware,sys")[-1] == "--event-log=firmware,systemd"
        assert shell.words("cvmctl --probe=kprobe-")[-1] == "--probe=kprobe-offsets"
        assert shell.words("cvmctl attest get --nonce ") == ["cvmctl", "attest", "get", "--nonce"], "nobody knows a nonce"
        assert shell.offers("cvmctl reload ") == []
    in_shells(check)


def test_a_device():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()

        def check(shell):
            bus = f"--bus={guest.bus.address}"
            assert shell.words(f"cvmctl explain {bus} 000d3a7e") == ["cvmctl", "explain", bus, PLAIN_NETWORK]
            assert set(shell.offers(f"cvmctl {bus} block ")) == DEVICES | UNIQUE, shell.screen
            assert shell.words(f"cvmctl {bus} device sc")[-1] == "scsi"
            assert shell.offers(f"cvmctl {bus} device scsi ") == [], "there is one DEV"
            shell.patience = PATIENCE / 2  # less than a call waits that nobody bounds
            guest.cvmd.process.send_signal(signal.SIGSTOP)
            try:
                assert shell.words(f"cvmctl {bus} explain 000d3a7e")[-1] == "000d3a7e", "cvmd answers nobody"
            finally:
                guest.cvmd.process.send_signal(signal.SIGCONT)
        in_shells(check)


def test_a_device_of_a_recorded_guest():
    def check(shell):
        shutil.copy(SNAPSHOT, os.path.join(shell.place, "it's a guest"))
        for name in "it\\'s\\ a\\ guest", '"it\'s a guest"':
            assert shell.words(f"cvmctl --snapshot={name} explain 000d3a7e")[-1] == PLAIN_NETWORK, shell.screen
            assert set(shell.offers(f"cvmctl --snapshot={name} device ")) > DEVICES, shell.screen
        assert shell.words("cvmctl --snapshot=$(touch touched) explain 0", "\t\x15") == [""], "^U wiped the line"
        assert not os.path.exists(os.path.join(shell.place, "touched")), "what is on the line is not run"
    in_shells(check)


def test_without_a_daemon():
    def check(shell):
        for line in "cvmctl explain 000", "cvmctl explain ", "cvmctl --snapshot /nonexistent explain 0":
            assert shell.words(line) == line.split(), shell.screen
            assert "cvmctl:" not in shell.screen and shell.screen.count("\n") == 2, f"noise: {shell.screen!r}"
    in_shells(check)


def test_files():
    def check(shell):
        os.mkdir(os.path.join(shell.place, "folder"))
        for name in "it's a guest.snapshot", "other":
            with open(os.path.join(shell.place, name), "w", encoding="utf-8"):
                pass
        for line in "attest verify it", "--snapshot it", "--snapshot=it", "-o it", "policy check it", "policy diff x it", "log it":
            got = shell.words(f"cvmctl {line}")[-1]
            assert got == line.split()[-1].removesuffix("it") + "it's a guest.snapshot", (line, got)
        assert shell.offers("cvmctl policy diff x y ") == [], "there are two"
        assert len(shell.offers("cvmctl policy check x y ")) >= 3, "there are as many as one wants"
        assert shell.words("cvmctl --root=fol")[-1].rstrip("/") == "--root=folder", "zsh takes the slash away again"
        assert shell.words("cvmctl --root=oth")[-1] == "--root=oth", "it is no folder"
    in_shells(check)


def test_the_scripts_are_clean():
    for shell, *check in ("bash", "shellcheck", "-s", "bash"), ("zsh", "zsh", "-n"):
        need(check[0])
        with tempfile.NamedTemporaryFile("w", suffix="." + shell) as f:
            f.write(ask("completion", shell).stdout)
            f.flush()
            done = subprocess.run([*check, f.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8")
            assert done.returncode == 0 and not done.stdout, done.stdout


if __name__ == "__main__":
    main(globals())
