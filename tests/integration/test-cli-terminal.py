#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl on a terminal: colours, widths, the pager."""

import os
import tempfile

import terminal
from harness import DISK, FIXTURES, PLAIN_NETWORK, STRICT, Programs
from tap import main
from terminal import SEQUENCE


def on_terminal(*arguments, **more):
    """What cvmctl shows of a recorded guest there."""
    return terminal.on_terminal([os.path.realpath(Programs.cvmctl), "--snapshot",
                                 os.path.join(FIXTURES, "snp-openhcl.snapshot"), "--policy",
                                 os.path.relpath(STRICT), *arguments], **more)  # a width must not depend on where this tree lies


def test_colour_repeats_what_words_say():
    status, colourful = on_terminal("devices")
    assert status == 0 and "\033[1;31mviolating\033[0m" in colourful, colourful
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        status, sent = on_terminal("devices", **plain)
        assert status == 0 and sent == SEQUENCE.sub("", colourful), (plain, sent)
    assert on_terminal("devices", NO_COLOR="")[1] == colourful, "an empty NO_COLOR asks for nothing"


def test_rows_fit_the_terminal():
    for columns in 120, 80, 40, 12, 2, 1:
        status, sent = on_terminal("devices", "--no-legend", columns=columns)
        rows = SEQUENCE.sub("", sent).splitlines()
        assert status == 0 and len(rows) == 6, sent
        assert max(map(len, rows)) <= columns, (columns, rows)
        assert all(row.endswith("…") for row in rows) == (columns < 80), (columns, rows)
    short = [row.split()[0] for row in SEQUENCE.sub("", on_terminal("devices", "--no-legend", columns=80)[1]).splitlines()]
    assert PLAIN_NETWORK[:8] in short and DISK[:8] in short, short
    for word in short:
        assert on_terminal("device", word)[0] == 0, "what is shown can be typed"


def test_prose_breaks_between_words():
    for verb in ("explain", PLAIN_NETWORK), ("device", PLAIN_NETWORK), ("status",):
        whole = " ".join(on_terminal(*verb, columns=1000, NO_COLOR="1")[1].split())
        for columns in 200, 100, 80, 61:
            sent = on_terminal(*verb, columns=columns, NO_COLOR="1")[1]
            assert " ".join(sent.split()) == whole, (columns, sent)
            prose = [line for line in sent.splitlines() if "ring of channel" in line or "the host can read" in line]
            assert prose and max(map(len, prose)) <= columns, (columns, prose)


def test_json_on_a_terminal_is_pretty():
    assert on_terminal("--json")[1].startswith('{\n  "version": 1,\n')
    assert on_terminal("--json=short")[1].startswith('{"version":1,')


def test_a_pager_starts_for_what_does_not_fit():
    with tempfile.TemporaryDirectory() as folder:
        seen = os.path.join(folder, "seen")
        pager = f"cat > {seen}; echo paged"
        status, sent = on_terminal("devices", lines=5, PAGER=pager)
        assert (status, sent) == (0, "paged\n"), sent
        with open(seen, encoding="utf-8") as f:
            assert PLAIN_NETWORK in f.read()
        for how in ({"lines": 50}, {"TERM": "dumb"}, {"PAGER": "cat"}):
            assert "paged" not in on_terminal("devices", **{"lines": 5, "PAGER": pager, **how})[1], how
        assert "paged" not in on_terminal("devices", "--no-pager", lines=5, PAGER=pager)[1]
        status, sent = on_terminal("devices", lines=5, PAGER="true")
        assert (status, sent) == (0, ""), "a reader who leaves early is no failure"
        status, sent = on_terminal("devices", lines=5, PAGER="/nonexistent/pager 2>/dev/null")
        assert status == 0 and PLAIN_NETWORK in sent, "better unpaged than unseen"
        assert on_terminal(lines=5, PAGER=pager)[0] == 3, "the exit code is the verb's"


if __name__ == "__main__":
    main(globals())
