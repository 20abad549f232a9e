#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd --flush: the decision log on the disk, whole, while a cvmd runs and after it, of a bounded number of boots."""

import os
import stat
import subprocess
import uuid

from harness import PLAIN, Guest, Programs
from tap import main

NEW = "f8615163-0000-1000-2000-000d3a000001"
BOOTS = 16


def folder(guest):
    return os.path.join(guest.simulator.root, "var/lib/cvmd/boots")


def flush(guest):
    """What it says; it succeeds."""
    done = subprocess.run([Programs.cvmd, "--flush", "--root", guest.simulator.root, "--state", guest.cvmd.state],
                          stderr=subprocess.PIPE, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stderr


def kept(guest):
    """The file of this boot."""
    with open(guest.boot_id, encoding="utf-8") as f:
        return os.path.join(folder(guest), f.read().strip() + ".log")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def test_it_keeps_a_log_that_verifies():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        flush(guest)
        log = os.path.join(guest.cvmd.state, "decisions.log")
        assert read(kept(guest)) == read(log) and read(log)
        assert stat.S_IMODE(os.stat(kept(guest)).st_mode) == 0o600
        code, out, err = guest.cvmctl("log", "verify", kept(guest), bus=False)
        assert code == 0, out + err
        guest.simulator.offer_class("network", instance=NEW, relid=40, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")
        guest.cvmd.stop()
        flush(guest)
        assert read(kept(guest)) == read(log) and NEW.encode() in read(log)
        assert os.listdir(folder(guest)) == [os.path.basename(kept(guest))]


def test_a_line_that_is_being_written_is_not_kept():
    with Guest("snp-openhcl") as guest:
        os.makedirs(guest.cvmd.state)
        with open(os.path.join(guest.cvmd.state, "decisions.log"), "wb") as f:
            f.write(b"one\ntw")
        flush(guest)
        assert read(kept(guest)) == b"one\n"


def test_without_a_log_there_is_nothing_to_keep():
    with Guest("snp-openhcl") as guest:
        flush(guest)
        os.makedirs(guest.cvmd.state)
        flush(guest)
        with open(os.path.join(guest.cvmd.state, "decisions.log"), "wb") as f:
            f.write(b"tw")
        flush(guest)
        assert not os.path.exists(folder(guest))


def test_the_oldest_boots_go_and_what_is_not_ours_stays():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        os.makedirs(folder(guest))
        names = [f"{uuid.uuid4()}.log" for _ in range(BOOTS + 5)]
        for age, name in enumerate(names):
            path = os.path.join(folder(guest), name)
            with open(path, "w", encoding="utf-8"):
                pass
            os.utime(path, (1000000 - age, 1000000 - age))
        with open(os.path.join(folder(guest), "notes.log"), "w", encoding="utf-8"):
            pass
        flush(guest)
        assert set(os.listdir(folder(guest))) == {*names[:BOOTS - 1], os.path.basename(kept(guest)), "notes.log"}


def test_what_cannot_be_kept_is_told():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        os.makedirs(os.path.dirname(folder(guest)))
        with open(folder(guest), "w", encoding="utf-8"):
            pass
        done = subprocess.run([Programs.cvmd, "--flush", "--root", guest.simulator.root, "--state", guest.cvmd.state],
                              stderr=subprocess.PIPE, check=False, encoding="utf-8")
        assert done.returncode == 1 and done.stderr == \
            "cvmd: cannot keep the decision log in /var/lib/cvmd/boots: Not a directory\n", done.stderr


main(globals())
