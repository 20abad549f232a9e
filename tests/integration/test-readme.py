#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.md shows what cvmctl prints, and no more than there is."""

import functools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from harness import PATIENCE, SOURCE, Programs
from tap import main

sys.path.insert(0, os.path.join(SOURCE, "tests", "demo"))

import readme  # noqa: E402
from scene import STEPS  # noqa: E402

CURE = "if it should be so: ./dev readme"


@functools.cache
def made():
    return readme.made()


def text_of(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def test_transcripts_are_what_is_printed_now():
    shown = {block[1]: block[3] for block in readme.BLOCK.finditer(text_of("README.md"))}
    assert set(shown) == set(readme.STEPS) - set(readme.PICTURES), "each step is shown, as text or as a picture"
    for step, text in shown.items():
        assert text == made()[0][step], f"{step}: README.md shows\n{text}\ncvmctl prints\n{made()[0][step]}\n{CURE}"


def test_pictures_are_what_is_printed_now():
    pictures = {file for file, *_ in readme.PICTURES.values()}
    assert set(re.findall(r"\]\(doc/([^)]*\.svg)\)", text_of("README.md"))) == pictures == set(made()[1])
    for name, svg in made()[1].items():
        assert text_of("doc", name) == svg, f"doc/{name} is not what cvmctl prints: {CURE}"
        root = ElementTree.fromstring(svg)
        words = {element.tag.rpartition("}")[2]: element.text for element in root}
        assert words["title"] and words["desc"] and root.get("role") == "img", f"doc/{name} says nothing to who cannot see it"
        assert "\n".join("".join(row.itertext()) for row in root if row.tag.endswith("}text")), name


def test_what_it_names_is_there():
    text, verbs = text_of("README.md"), set(re.findall(r"^verb_(\w+)\(\)", text_of("dev"), re.MULTILINE))
    named = set(re.findall(r"\]\(([^)]+)\)", text)) | set(re.findall(r"man -l (\S+?)`", text))
    for path in sorted(named):
        assert os.path.exists(os.path.join(SOURCE, path)), path
    assert set(re.findall(r"\./dev (\w+)", text)) <= verbs


def test_a_newcomer_gets_from_a_report_to_a_verified_bundle():
    """What ./dev play proposes, typed as it stands there."""
    mark = "--- ended with "
    done = subprocess.run([os.path.join(SOURCE, "tests/demo/play"), os.path.dirname(os.path.dirname(Programs.cvmd))],
                          input="".join(f"{step}\necho '{mark}'$?\n" for step in STEPS), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stdout
    shown = re.split(rf"{mark}(\d+)\n", done.stdout)
    outcome = dict(zip(STEPS, zip(map(int, shown[1::2]), shown[0::2])))
    assert len(outcome) == len(STEPS), done.stdout
    assert {step for step, (status, _) in outcome.items() if status != 0} == {"cvmctl"}, done.stdout
    assert outcome["cvmctl"][0] == 3 and "unprotected" in outcome["cvmctl"][1], "it only reports, and exits so"
    assert re.search(r"^000d3a7e\S* +network +blocked ", outcome["cvmctl devices"][1], re.MULTILINE), outcome["cvmctl devices"]
    assert "trusted: yes" in outcome[STEPS[-1]][1], outcome[STEPS[-1]]


def test_help_of_dev_fits():
    shown = subprocess.run([os.path.join(SOURCE, "dev"), "help"], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    verbs = re.findall(r"^verb_(\w+)\(\)", text_of("dev"), re.MULTILINE)
    assert re.findall(r"^  (\w+) ", shown, re.MULTILINE) == verbs, "each verb has its line"
    assert max(map(len, shown.splitlines())) <= 80, [line for line in shown.splitlines() if len(line) > 80]


if __name__ == "__main__":
    main(globals())
