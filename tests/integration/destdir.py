# SPDX-License-Identifier: LGPL-2.1-or-later
"""An installation, as `meson install` makes it."""

import functools
import pathlib
import subprocess
import tempfile

from harness import Programs


@functools.cache
def destdir():
    """Gone with this process; the reference keeps it until then."""
    folder = tempfile.TemporaryDirectory(prefix="cvmd-install-")
    build = pathlib.Path(Programs.cvmd).resolve().parents[1]
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder.name], check=True,
                   stdout=subprocess.DEVNULL, umask=0o022)
    return folder


def root():
    return pathlib.Path(destdir().name)
