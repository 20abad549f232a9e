#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts into a DESTDIR: all of units/, man/ and policy/ and the programs, where they belong, nothing else.

    test-install.py CVMD CVMCTL [NAME...]

A file that is added to these folders and forgotten in meson.build fails here, and so does one of a kind that has no row: then
it is for whoever adds it to say where that kind belongs.
"""

import os
import pathlib
import re
import subprocess

from destdir import root
from harness import SOURCE, Programs
from tap import main

# Where a file of a source folder belongs: the first row that matches its path. None: it is not to be installed.
PLACES = [
    (r".*meson\.build", None),
    (r"policy/README\.md", "usr/share/doc/cvmd/policy.md"),
    (r"policy/(\d\d-.*\.json)", r"usr/lib/cvmd/policy.d/\1"),
    (r"policy/(.*\.schema\.json)", r"usr/share/cvmd/\1"),
    (r"(?:policy|units)/examples/(.*)", r"usr/share/doc/cvmd/examples/\1"),
    (r"man/(.*\.([1-8]))", r"usr/share/man/man\2/\1"),
    (r"units/(org\..*\.xml)", r"usr/share/dbus-1/interfaces/\1"),
    (r"units/(org\..*\.conf)", r"usr/share/dbus-1/system.d/\1"),
    (r"units/(org\..*\.service)", r"usr/share/dbus-1/system-services/\1"),
    (r"units/(org\..*\.policy)", r"usr/share/polkit-1/actions/\1"),
    (r"units/(.*\.rules)", r"usr/share/polkit-1/rules.d/\1"),
    (r"units/dracut/(.*)", r"usr/lib/dracut/modules.d/\1"),
    (r"units/initramfs-tools/(.*)", r"usr/share/initramfs-tools/\1"),
    (r"units/(sysusers|tmpfiles)\.conf", r"usr/lib/\1.d/cvmd.conf"),
    (r"units/needrestart\.conf", "etc/needrestart/conf.d/cvmd.conf"),
    (r"units/(.*\.preset)", r"usr/lib/systemd/system-preset/\1"),
    (r"units/(.*\.catalog)", r"usr/lib/systemd/catalog/\1"),
    (r"units/(.*\.(?:service|target|timer|socket|path|mount))(?:\.in)?", r"usr/lib/systemd/system/\1"),
    (r"units/(early-prepare)", r"usr/lib/cvmd/\1"),
]
PROGRAMS = ["usr/bin/cvmctl", "usr/sbin/cvmd", "usr/lib/cvmd/cvmd-attest", "usr/lib/cvmd/cvmd-fetch"]
MADE = ["usr/share/bash-completion/completions/cvmctl", "usr/share/zsh/vendor-completions/_cvmctl"]
EMPTY_FOLDERS = ["etc/cvmd/policy.d", "var/lib/cvmd"]


def place(path):
    """Where it belongs; "" for nowhere."""
    for pattern, target in PLACES:
        match = re.fullmatch(pattern, path)
        if match:
            return match.expand(target) if target else ""
    raise AssertionError(f"{path}: no row in PLACES says where a file of this kind is installed")


def wanted():
    """{installed path: source path} of all that is data."""
    sources = [str(path.relative_to(SOURCE)) for folder in ("units", "man", "policy")
               for path in sorted(pathlib.Path(SOURCE, folder).rglob("*")) if path.is_file()]
    return {place(source): source for source in sources if place(source)}


def installed():
    return {str(path.relative_to(root())): path for path in root().rglob("*") if not path.is_dir() or path.is_symlink()}


def test_every_file_is_where_it_belongs_and_no_other():
    found, expected = set(installed()), set(wanted()) | set(PROGRAMS) | set(MADE)
    assert found == expected, f"missing: {sorted(expected - found)}; not expected: {sorted(found - expected)}"


def test_what_is_installed_is_what_the_source_says():
    for target, source in wanted().items():
        text, original = installed()[target].read_bytes(), pathlib.Path(SOURCE, source).read_bytes()
        if source.endswith(".in"):
            assert not re.search(rb"@\w+@", text), f"{target}: something is not filled in"
            assert len(text.splitlines()) == len(original.splitlines()), target
        else:
            assert text == original, target


def test_programs_and_scripts_are_executable_and_nothing_else():
    for target, path in installed().items():
        begins = path.read_bytes()[:4]
        mode = 0o755 if begins == b"\x7fELF" or begins.startswith(b"#!") else 0o644
        assert path.stat().st_mode & 0o7777 == mode, f"{target}: mode {path.stat().st_mode & 0o7777:o}, not {mode:o}"
        assert not path.is_symlink(), target


def test_folders_are_for_all_to_read_and_two_are_empty():
    folders = [path for path in root().rglob("*") if path.is_dir()]
    for path in folders:
        assert path.stat().st_mode & 0o7777 == 0o755, f"{path}: mode {path.stat().st_mode & 0o7777:o}"
    empty = sorted(str(path.relative_to(root())) for path in folders if not os.listdir(path))
    assert empty == sorted(EMPTY_FOLDERS), empty


def test_what_is_started_is_there():
    """Programs that units, activation files and scripts name below /usr are installed, or another package's in /usr/bin."""
    named = re.compile(rb"(?<![\w@/.-])/(usr/(?:lib/cvmd|sbin|bin)/(?:cvm[\w-]*|early-prepare))\b")
    for target, path in installed().items():
        if target in PROGRAMS or target.startswith("usr/share/man/"):
            continue
        for program in named.findall(path.read_bytes()):
            assert program.decode() in installed(), f"{target}: names /{program.decode()}, which is not installed"


def test_the_package_is_of_the_same_version():
    version = subprocess.run([Programs.cvmd, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    changelog = pathlib.Path(SOURCE, "debian/changelog").read_text()
    assert changelog.startswith(f"cvmd ({version}) "), f"cvmd {version}, but debian/changelog begins: {changelog[:40]!r}"


if __name__ == "__main__":
    main(globals())
