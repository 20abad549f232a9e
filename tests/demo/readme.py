# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md shows of cvmctl, as cvmctl shows it now: transcripts in its text, pictures in doc/."""

import os
import re

from picture import picture
from scene import COLUMNS, SEQUENCE, SOURCE, Scene, settled

README = os.path.join(SOURCE, "README.md")
BLOCK = re.compile(r"(?<=^<!-- shown: )(\w+)( -->\n```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)

STEPS = ("looks", "plans", "enforces", "explains", "attests", "verifies")
LINES = {"verifies": 26}
PICTURES = {  # step -> file in doc/, what it is called, what it shows
    "looks": ("status.svg", "cvmctl on a guest that is not protected",
              "The state of the guest: how it is isolated, which policy is in force, and the network device that violates "
              "it, with the reason."),
    "explains": ("explain.svg", "cvmctl explain, of a device that was blocked",
                 "Facts with their sources, the rule that decided with its place in the file, what was done and when, and "
                 "what would make a difference."),
    "verifies": ("verify.svg", "cvmctl attest verify, of evidence from this guest",
                 "The evidence is authentic and trusted; a table lists each check with its result."),
}


def made():
    """({step: transcript}, {file in doc/: picture}) of a guest that goes through all steps in order."""
    transcripts, pictures = {}, {}
    with Scene(colour=True) as scene:
        for step in STEPS:
            shown = settled(getattr(scene, step)(*([LINES[step]] if step in LINES else [])))
            transcripts[step] = SEQUENCE.sub("", shown)
            if step in PICTURES:
                file, title, description = PICTURES[step]
                pictures[file] = picture(re.sub(r"^(\$|#)(?= )", "\033[32m\\1\033[0m", shown, flags=re.MULTILINE), COLUMNS,
                                         title, description)
    return transcripts, pictures


def filled(text, transcripts):
    """A README whose blocks are what is shown now."""
    return BLOCK.sub(lambda block: block[1] + block[2] + transcripts[block[1]], text)


def write():
    transcripts, pictures = made()
    with open(README, encoding="utf-8") as f:
        text = f.read()
    files = {README: filled(text, transcripts), **{os.path.join(SOURCE, "doc", name): svg for name, svg in pictures.items()}}
    for path, content in files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
