# SPDX-License-Identifier: LGPL-2.1-or-later
"""configfs-tsm, as far as making entries goes: what is written to the files, and what they say, is for those who have them
open. Documentation/ABI/testing/configfs-tsm of Linux."""

import errno
import os

from vmbus import Refused

REPORTS = "sys/kernel/config/tsm/report"
FILES = {"inblob": "", "outblob": "", "auxblob": "", "manifestblob": "", "generation": "0\n", "provider": ""}


class Tsm:
    def __init__(self, tree):
        self.tree = tree
        self.provider = None  # no driver can make reports

    def load(self, provider):
        """A driver comes that can make reports; with None the folder alone, as when it has gone."""
        self.tree.make_dir(REPORTS)
        self.provider = provider

    def make_dir(self, path):
        if os.path.dirname(path) != REPORTS or not self.tree.is_dir(REPORTS):
            raise Refused(errno.EPERM)
        if self.provider is None:
            raise Refused(errno.ENXIO)
        if self.tree.exists(path):
            raise Refused(errno.EEXIST)
        self.tree.make_dir(path)
        for name, text in FILES.items():
            self.tree.write(f"{path}/{name}", text)
        self.tree.write(path + "/provider", self.provider + "\n")

    def remove_dir(self, path):
        if os.path.dirname(path) != REPORTS:
            raise Refused(errno.EPERM)
        if not self.tree.exists(path):
            raise Refused(errno.ENOENT)
        self.tree.remove(path)
