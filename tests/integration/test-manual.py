#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manuals: clean, whole, and with a tutorial that runs as it is written."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import FIXTURES, PATIENCE, SOURCE, Programs, Skip
from tap import main

MANUALS = os.path.join(SOURCE, "man")
POLICY = os.path.join(MANUALS, "cvmd.policy.5")
SCHEMA = os.path.join(SOURCE, "policy", "policy.schema.json")
ESCAPES = {r"\-": "-", r"\(ha": "^", r"\(ti": "~", r"\(aq": "'", r"\(ga": "`", r"\e": "\\", r"\&": ""}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def section(text, name):
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def plain(line):
    return re.sub(r"\\(?:\(..|.)", lambda escape: ESCAPES[escape[0]], line)


def steps(text):
    """[(command, [line of its output])] of everything that is shown literally, in order."""
    found = []
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL):
        for line in map(plain, block.splitlines()):
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.startswith("> ") or line == ">":
                found[-1] = (found[-1][0] + "\n" + line[2:], found[-1][1])
            else:
                found[-1][1].append(line)
    return found


def as_pattern(lines):
    """What is shown, where "..." stands for anything: in a line, or for lines."""
    return "".join(r"(?:.*\n)*?" if line == "..." else r".*".join(map(re.escape, line.split("..."))) + r"\n" for line in lines)


def test_the_tutorial_runs_as_it_is_written():
    commands = steps(section(read(POLICY), "TUTORIAL"))
    assert len(commands) >= 10 and any(output for _, output in commands)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(FIXTURES, "snp-openhcl.snapshot"), os.path.join(folder, "guest.snapshot"))
        os.mkdir(os.path.join(folder, "bin"))
        os.symlink(os.path.abspath(Programs.cvmctl), os.path.join(folder, "bin", "cvmctl"))
        environment = {**os.environ, "PATH": os.path.join(folder, "bin") + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        # One shell for all of them, as one would type them; a mark tells where the output of each ends.
        mark = "--- end of step"
        script = "".join(f"{command}\nset -- $?; echo '{mark}'; (exit $1)\n" for command, _ in commands)
        done = subprocess.run(["sh"], input=script, cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE, check=False, encoding="utf-8")
        outputs = done.stdout.split(mark + "\n")
        assert len(outputs) == len(commands) + 1, done.stdout
        for (command, shown), output in zip(commands, outputs):
            assert re.fullmatch(as_pattern(shown), output), f"$ {command}\n{output}--- shown:\n" + "\n".join(shown)


def test_the_policy_manual_is_whole():
    text = read(POLICY).replace(r"\(dq", '"')
    schema = json.loads(read(SCHEMA))
    keys = {*schema["properties"], *schema["$defs"]["rule"]["properties"], *schema["$defs"]["match"]["properties"]}
    for key in sorted(keys):
        assert f'Cm "{key}"' in text, key
    words = {*schema["$defs"]["class-word"]["anyOf"][0]["enum"], *schema["$defs"]["isolation-word"]["enum"]}
    for word in sorted(words):
        assert f"\n.Ql {word}" in text, word
    for word in schema["$defs"]["protect-list"]["items"]["anyOf"][0]["enum"]:
        assert re.search(rf"^\.It Cm (.*, )?{word}\b", text, re.MULTILINE), word
    for name in os.listdir(os.path.join(SOURCE, "policy", "examples")):
        assert f"examples/{name}" in text, name


def test_the_manuals_are_clean():
    mandoc = shutil.which("mandoc")
    if not mandoc:
        raise Skip("mandoc is not installed")
    for name in sorted(os.listdir(MANUALS)):
        if re.search(r"\.[1-9]$", name):
            done = subprocess.run([mandoc, "-T", "lint", "-W", "warning", os.path.join(MANUALS, name)],
                                  stdout=subprocess.PIPE, check=False, encoding="utf-8")
            assert done.returncode == 0 and not done.stdout, done.stdout


if __name__ == "__main__":
    main(globals())
