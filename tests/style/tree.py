# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of a source tree, as the checks look at them."""
import functools
import os
import pathlib
import subprocess


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    @functools.cached_property
    def files(self):
        """Relative paths, sorted: what git knows or would know, or simply everything outside of a repository."""
        if (self.root / '.git').exists():
            listed = subprocess.run(
                ['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                cwd=self.root, check=True, capture_output=True, text=True).stdout.split('\0')
            return sorted(p for p in listed if p and (self.root / p).is_file())
        return sorted(os.path.relpath(os.path.join(folder, name), self.root)
                      for folder, _, names in os.walk(self.root) for name in names)

    def matching(self, *suffixes, under=('',), but=()):
        return [p for p in self.files
                if p.endswith(suffixes) and p.startswith(tuple(under)) and not (but and p.startswith(tuple(but)))]

    @property
    def sources(self):
        """C of ours in user space. The kernel module of the test guest follows the kernel's style."""
        return self.matching('.c', '.h', but=('tests/guest/hvsim/',))

    def text(self, path):
        return (self.root / path).read_text(errors='surrogateescape')

    def lines(self, path):
        return self.text(path).splitlines()
