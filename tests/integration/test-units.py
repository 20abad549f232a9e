#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is installed beside the programs, read by those that it is for: systemd, the bus, the journal, needrestart."""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from destdir import root
from harness import SOURCE, need
from tap import main

UNITS = "usr/lib/systemd/system"
# As in systemd-analyze security: tenths, of ten.
EXPOSURE = {"cvmd.service": 18, "cvmd-flush.service": 15, "cvmd-attest.service": 15, "cvmd-fetch.service": 15}


def run(*command, **options):
    """(exit status, everything that was said)"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    return done.returncode, done.stdout


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def installed(*pattern):
    """Paths of what is installed, which is something."""
    found = sorted(glob.glob(os.path.join(root(), *pattern)))
    assert found, pattern
    return found


def relocated(text):
    """Names programs of ours where they are now."""
    return re.sub(r"(?<=[=+-])/usr/(?=s?bin/cv|lib/cvmd/)", f"{root()}/usr/", text)


@contextlib.contextmanager
def units(drop_ins=None):
    """The units in a folder of their own, with {unit: text} of drop-ins, and with programs that are there to be run."""
    need("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        for path in glob.glob(os.path.join(root(), UNITS, "*")):
            with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as f:
                f.write(relocated(read(path)))
        for unit, text in (drop_ins or {}).items():
            os.mkdir(os.path.join(folder, f"{unit}.d"))
            with open(os.path.join(folder, f"{unit}.d", "50-test.conf"), "w", encoding="utf-8") as f:
                f.write(relocated(text))
        yield sorted(glob.glob(os.path.join(folder, "*.*[!d]")))


def complaints(drop_ins=None):
    with units(drop_ins) as files:
        status, said = run("systemd-analyze", "verify", "--man=no", *files)
        return said or ("" if status == 0 else f"exit status {status}")


def exposed(drop_ins=None):
    """Which units are more exposed than they may be."""
    found = []
    with units(drop_ins) as files:
        for file in files:
            limit = EXPOSURE.get(os.path.basename(file))
            if limit is not None and run("systemd-analyze", "security", "--offline=true", f"--threshold={limit}", file)[0] != 0:
                found.append(os.path.basename(file))
    return found


def test_systemd_finds_nothing_wrong_with_the_units():
    with units() as files:
        assert {os.path.basename(f) for f in files} >= {*EXPOSURE, "cvmd-compliant.target", "cvmd-trial.service"}, files
    assert complaints() == "", complaints()


def test_drop_ins_that_break_a_unit_are_found():
    for unit, text in (("cvmd.service", "[Service]\nExecStart=\n"),
                       ("cvmd.service", "[Service]\nExecStart=/usr/sbin/not-there\n"),
                       ("cvmd.service", "[Service]\nRestrt=no\n"),
                       ("cvmd.service", "[Unit]\nAfter=sysinit.target\n[Service]\nType=dbus\nBusName=\n"),
                       ("cvmd-attest.service", "[Service]\nSystemCallFilter=@nothing-of-the-sort\n"),
                       ("cvmd-fetch.service", "[Service]\nIPAddressAllow=everybody\n")):
        assert complaints({unit: text}), f"{unit}: {text!r}: not found"


def test_the_shipped_drop_ins_are_good():
    for path in installed("usr/share/doc/cvmd/examples/*.conf"):
        assert complaints({"cvmd.service": read(path)}) == "", path
        assert exposed({"cvmd.service": read(path)}) == [], path


def test_the_units_are_sandboxed():
    assert exposed() == []


def test_drop_ins_that_open_a_sandbox_are_found():
    for unit, text in (("cvmd.service", "[Service]\nSystemCallFilter=\n"),
                       ("cvmd.service", "[Service]\nCapabilityBoundingSet=~\n"),
                       ("cvmd.service", "[Service]\nPrivateDevices=no\n"),
                       ("cvmd-attest.service", "[Service]\nUser=root\nPrivateNetwork=no\nSystemCallFilter=\n"),
                       ("cvmd-fetch.service", "[Service]\nIPAddressDeny=\nIPAddressAllow=any\nRestrictNamespaces=no\n")):
        assert exposed({unit: text}) == [unit], f"{unit}: {text!r}: not found"


def test_units_name_manuals_that_are_installed():
    for path in installed(UNITS, "*.service"):
        assert "\nDocumentation=man:" in read(path), path
        for name, number in re.findall(r"man:([\w.-]+)\((\d)\)", read(path)):
            assert os.path.exists(os.path.join(root(), f"usr/share/man/man{number}/{name}.{number}")), f"{path}: {name}({number})"


def message_ids():
    return set(re.findall(r'#define MESSAGE_\w+ "([0-9a-f]{32})"', read(SOURCE, "daemon/messages.h")))


def test_every_kind_of_message_has_an_entry_in_the_catalog():
    need("journalctl")
    with tempfile.TemporaryDirectory() as system:
        shutil.copytree(os.path.join(root(), "usr/lib/systemd/catalog"), os.path.join(system, "usr/lib/systemd/catalog"))
        os.makedirs(os.path.join(system, "var/lib/systemd/catalog"))
        assert run("journalctl", f"--root={system}", "--update-catalog") == (0, "")
        status, listed = run("journalctl", f"--root={system}", "--list-catalog")
    assert status == 0 and {line.split()[0] for line in listed.splitlines()} == message_ids(), listed
    text = read(root(), "usr/lib/systemd/catalog/cvmd.catalog")
    assert len(re.findall(r"^-- [0-9a-f]{32}$", text, re.MULTILINE)) == len(message_ids()), "an entry is there twice"


def test_the_catalog_names_only_fields_that_entries_have():
    fields = {}
    for comment, message in re.findall(r'/\*((?:[^*]|\*(?!/))*)\*/\n#define MESSAGE_\w+ "([0-9a-f]{32})"',
                                       read(SOURCE, "daemon/messages.h")):
        fields[message] = set(re.findall(r"\b([A-Z_]+)=", comment))
    text = read(root(), "usr/lib/systemd/catalog/cvmd.catalog")
    for entry in re.split(r"^-- ", text, flags=re.MULTILINE)[1:]:
        message, body = entry.split("\n", 1)
        assert set(re.findall(r"@(\w+)@", body)) <= fields[message], entry
        assert re.search(r"^Subject: \S.*\nDefined-By: cvmd\n", body, re.MULTILINE), entry


def test_the_bus_starts_the_units_that_own_the_names():
    for path in installed("usr/share/dbus-1/system-services/*.service"):
        name, unit = (re.search(rf"^{key}=(.*)$", read(path), re.MULTILINE)[1] for key in ("Name", "SystemdService"))
        assert os.path.basename(path) == f"{name}.service"
        assert f"\nBusName={name}\n" in read(root(), UNITS, unit)
        user = re.search(r"^User=(.*)$", read(root(), UNITS, unit), re.MULTILINE)[1]
        policy = ElementTree.parse(os.path.join(root(), f"usr/share/dbus-1/system.d/{name}.conf"))
        assert [p.get("user") for p in policy.iter("policy") for a in p.iter("allow") if a.get("own")] == [user]


def test_users_folders_and_presets_are_made():
    for tool in ("systemd-sysusers", "systemd-tmpfiles", "systemctl"):
        need(tool)
    with tempfile.TemporaryDirectory() as system:
        for part in ("sysusers.d", "tmpfiles.d", "systemd"):
            shutil.copytree(os.path.join(root(), "usr/lib", part), os.path.join(system, "usr/lib", part))
        os.mkdir(os.path.join(system, "etc"))
        status, said = run("systemd-sysusers", f"--root={system}", "cvmd.conf")
        assert status == 0, said
        users = {line.split(":")[0] for line in read(system, "etc/passwd").splitlines()}
        assert {"cvmd-attest", "cvmd-fetch"} <= users, users
        assert re.search(r"^tss:[^:]*:\d+:(?:.*,)?cvmd-attest$", read(system, "etc/group"), re.MULTILINE)
        if os.geteuid() == 0:
            status, said = run("systemd-tmpfiles", f"--root={system}", "--create", "cvmd.conf")
            assert status == 0 and os.path.isdir(os.path.join(system, "etc/cvmd/policy.d")), said
            assert os.path.isdir(os.path.join(system, "var/lib/cvmd"))
        status, said = run("systemctl", f"--root={system}", "preset", "cvmd.service")
        assert status == 0, said
        wanted = {os.path.basename(p) for p in glob.glob(os.path.join(system, "etc/systemd/system/*.wants/*"))}
        assert wanted >= {"cvmd.service", "cvmd-flush.service", "cvmd-trial.service"}, wanted


def test_needrestart_leaves_cvmd_to_the_administrator():
    need("perl")
    script = ('our %nrconf; do $ARGV[0]; die $@ if $@; for my $unit (@ARGV[1 .. $#ARGV]) {'
              'print join(",", map { $nrconf{override_rc}{$_} } grep { $unit =~ $_ } keys %{$nrconf{override_rc}}), "\\n" }')
    said = run("perl", "-e", script, os.path.join(root(), "etc/needrestart/conf.d/cvmd.conf"), "cvmd.service",
               "cvmd-attest.service", "my-cvmd.service")
    assert said == (0, "0\n\n\n"), said


main(globals())
