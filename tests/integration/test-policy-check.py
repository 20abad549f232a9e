#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What "cvmctl policy check" finds: every mistake at its line, and nothing where there is none."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import DEFAULT, FIXTURES, PATIENCE, SOURCE, Programs
from tap import main

MISTAKES = os.path.join(FIXTURES, "mistakes")
EXAMPLES = os.path.join(SOURCE, "policy", "examples")
SHIPPED = [DEFAULT] + sorted(os.path.join(EXAMPLES, name) for name in os.listdir(EXAMPLES) if name.endswith(".json"))
MARK = re.compile(r"//! (error|warning): (.*)$")
UNMARKED = {  # what no comment can mark: bytes that are no text
    "80-mark.json": (b'\xef\xbb\xbf{ "version": 1 }\n', 1, "byte order mark"),
    "81-latin.json": (b'{ "version": 1,\n  "rules": [] } // f\xfcr\n', 2, "not UTF-8"),
    "82-nul.json": (b'{ "version": 1,\r\n\r\n  "mode": "audit\0" }\r\n', 3, "NUL"),
    "83-empty.json": (b"", 1, "the text ends here"),
}


def cvmctl(*arguments, **how):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([Programs.cvmctl, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False, encoding="utf-8", **how)
    return done.returncode, done.stdout, done.stderr


def check(*arguments):
    """(exit status, problems)"""
    status, out, err = cvmctl("policy", "check", "--json", *arguments)
    assert err == "", err
    return status, json.loads(out)["problems"]


def marked(folder):
    """[(file, line, severity, words)], in order, as the marks in the files of the folder say."""
    found = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                mark = MARK.search(line)
                if mark:
                    found.append((name, number, *mark.groups()))
    return found


def test_every_mistake_is_found_at_its_line():
    wanted = marked(MISTAKES)
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(MISTAKES, os.path.join(name, "policy"))
        for file, (content, line, words) in UNMARKED.items():
            with open(os.path.join(folder, file), "wb") as f:
                f.write(content)
            wanted.append((file, line, "error", words))
        status, problems = check(folder)
        assert status == 3 and len(wanted) >= 30, (status, len(wanted))
        for expected, problem in zip(wanted, problems):
            found = os.path.relpath(problem["file"], folder), problem["line"], problem["severity"], problem["message"]
            assert found[:3] == expected[:3] and expected[3] in found[3], f"{expected}: {found}"
        assert len(problems) == len(wanted), problems[len(wanted):]
        status, out, _ = cvmctl("policy", "check", folder)
        shown = re.findall(r"^[^ ].*?/([^/:]+):(\d+):\d+: (error|warning): .*\n *\d+ \| .*\n +\| +\^~*$", out, re.MULTILINE)
        assert status == 3 and len(shown) == len(wanted), "each with its line, underlined"


def test_each_mistake_is_found_in_its_file_alone():
    for name in sorted(os.listdir(MISTAKES)):
        lines = {problem["line"] for problem in check(os.path.join(MISTAKES, name))[1]}
        wanted = {line for file, line, _, words in marked(MISTAKES) if file == name and "00-trial.json" not in words}
        assert wanted <= lines, (name, wanted - lines)


def test_what_is_shipped_is_without_fault():
    assert len(SHIPPED) == 4, SHIPPED
    for policy in SHIPPED:
        assert check(policy) == (0, []), policy
    for policy in SHIPPED[1:]:
        with tempfile.TemporaryDirectory() as root:
            for source, target in (DEFAULT, "usr/lib/cvmd/policy.d/90-default.json"), (policy, "etc/cvmd/policy.d/50-site.json"):
                target = os.path.join(root, target)
                os.makedirs(os.path.dirname(target))
                shutil.copyfile(source, target)
                os.chmod(target, 0o644)
            assert check("--root", root) == (0, []), policy


def test_every_shipped_policy_has_a_case_for_every_guest():
    guests = {name.removesuffix(".snapshot") for name in os.listdir(FIXTURES) if name.endswith(".snapshot")}
    for policy in SHIPPED:
        name = re.sub(r"^\d+-", "", os.path.basename(policy)).removesuffix(".json")
        folder = os.path.join(SOURCE, "tests", "cases", name)
        for guest in sorted(guests):
            with open(os.path.join(folder, guest + ".case.json"), encoding="utf-8") as f:
                text = f.read()
            assert f"/{guest}.snapshot" in text and f"/{os.path.basename(policy)}" in text, (policy, guest)
        assert len(os.listdir(folder)) == len(guests), folder


def test_an_earlier_site_file_shadows_a_later_one_with_a_warning():
    rule = '{{ "version": 1, "rules": [ {{ "id": "{}", "match": {{ "class": "kvp" }}, "action": "audit" }} ] }}'
    with tempfile.TemporaryDirectory() as root:
        for path, mine in (("etc/cvmd/policy.d/10-a.json", "a"), ("etc/cvmd/policy.d/20-b.json", "b"),
                           ("usr/lib/cvmd/policy.d/30-c.json", "c")):
            path = os.path.join(root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(rule.format(mine))
            os.chmod(path, 0o644)
        status, problems = check("--root", root)
        assert status == 0 and [p["file"] for p in problems] == ["/etc/cvmd/policy.d/20-b.json"], problems


def test_the_exit_code_tells_what_came_of_it():
    with tempfile.TemporaryDirectory() as name:
        for file, content in ("good.json", '{ "version": 1 }'), ("odd.json", '{ "version": 1, "protect": [] }'), \
                ("bad.json", '{ "version": 2 }'):
            with open(os.path.join(name, file), "w", encoding="utf-8") as f:
                f.write(content)
        good, odd, bad, none = (os.path.join(name, file) for file in ("good.json", "odd.json", "bad.json", "none.json"))
        fifo = os.path.join(name, "fifo")
        os.mkfifo(fifo)  # nobody ever writes to it
        for files, status, n in (((good,), 0, 0), ((odd,), 0, 1), ((good, bad), 3, 1), ((none,), 1, 1), ((bad, none), 1, 2),
                                 ((fifo, "/dev/zero", good), 1, 2)):
            found = check(*files)
            assert (found[0], len(found[1])) == (status, n), (files, found)
        assert check("--policy", bad)[0] == 3
        assert cvmctl("policy", "check", "--nonsense")[0] == 2
        empty = os.path.join(name, "empty")
        os.mkdir(empty)
        status, _, err = cvmctl("policy", "check", empty)
        assert status == 1 and "no policy" in err, (status, err)


if __name__ == "__main__":
    main(globals())
