# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folder that stands for /: every file changes as a whole, as a reader of sysfs would see it."""

import os
import shutil


class Tree:
    def __init__(self, root):
        self.root = root
        self.aside = root + ".aside"  # beside the folder: same file system, and no reader sees it
        os.makedirs(self.aside, exist_ok=True)

    def full(self, path):
        return os.path.join(self.root, path)

    def exists(self, path):
        return os.path.lexists(self.full(path))

    def is_dir(self, path):
        return os.path.isdir(self.full(path)) and not os.path.islink(self.full(path))

    def list(self, path):
        return sorted(os.listdir(self.full(path))) if os.path.isdir(self.full(path)) else []

    def read(self, path):
        with open(self.full(path), "rb") as f:
            return f.read().decode("latin-1")

    def link_target(self, path):
        try:
            return os.readlink(self.full(path))
        except OSError:
            return None

    def make_dir(self, path):
        os.makedirs(self.full(path), exist_ok=True)

    def _replace(self, path, make):
        temporary = os.path.join(self.aside, "new")
        if os.path.lexists(temporary):
            os.unlink(temporary)
        make(temporary)
        os.rename(temporary, self.full(path))

    def write(self, path, text):
        def make(temporary):
            with open(temporary, "wb") as f:
                f.write(text.encode("latin-1"))
        self._replace(path, make)

    def link(self, path, target):
        """target: a path below the root; written relative, as the kernel does."""
        relative = os.path.relpath(target, os.path.dirname(path))
        self._replace(path, lambda temporary: os.symlink(relative, temporary))

    def fail(self, path, errno_name):
        """Reading path gives this errno from now on (see lib/base/sysroot-simulated.c)."""
        self._replace(path, lambda temporary: os.symlink("errno:" + errno_name, temporary))

    def remove(self, path):
        full = self.full(path)
        if self.is_dir(path):
            # out of sight at once, as one remove in the kernel, then in its own time
            gone = os.path.join(self.aside, "gone")
            os.rename(full, gone)
            shutil.rmtree(gone)
        elif os.path.lexists(full):
            os.unlink(full)

    def stash(self, path, name):
        """Puts path aside until restore()."""
        place = os.path.join(self.aside, "stash", name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.rename(self.full(path), place)

    def restore(self, path, name):
        os.rename(os.path.join(self.aside, "stash", name), self.full(path))

    def stashed(self, name):
        place = os.path.join(self.aside, "stash", name)
        return sorted(os.listdir(place)) if os.path.isdir(place) else []

    def drop_stash(self, name):
        shutil.rmtree(os.path.join(self.aside, "stash", name), ignore_errors=True)
