#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.md shows what cvmctl prints, and no more than there is."""

import functools
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

from harness import SOURCE
from tap import main

sys.path.insert(0, os.path.join(SOURCE, "tests", "demo"))

import readme  # noqa: E402

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


if __name__ == "__main__":
    main(globals())
