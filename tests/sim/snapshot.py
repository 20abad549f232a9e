# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshot files, as far as a simulator needs them: laid out as files, and what else they say about channels."""

import os
import re

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}


class Malformed(Exception):
    pass


def unescape(text):
    """The bytes of a C-escaped text."""
    out = bytearray()
    i = 0
    while i < len(text):
        if text[i] != "\\":
            out += text[i].encode("latin-1")
            i += 1
        elif text[i + 1] == "x":
            out.append(int(text[i + 2:i + 4], 16))
            i += 4
        else:
            out += SIMPLE[text[i + 1]].encode("latin-1")
            i += 2
    return bytes(out)


def words(line):
    """The words of a line as bytes: quoted ones unescaped, bare ones as they are."""
    return [unescape(quoted) if bare is None else bare.encode("latin-1")
            for quoted, bare in ((m.group(1), m.group(2)) for m in WORD.finditer(line))]


def pairs(fields):
    """The key=value words among fields."""
    return dict(f.decode().split("=", 1) for f in fields if b"=" in f)


def octal(text):
    """As the tables of /proc write names."""
    return b"".join(b"\\%03o" % c if c in b" \t\n\\" else bytes([c]) for c in text)


def write_lines(root, path, lines):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(b"".join(line + b"\n" for line in lines))


class Snapshot:
    """entries: path -> (kind, mode, value); channels: relid -> {"flags", "ring", "dma", "source"}."""

    def __init__(self, path):
        self.entries = {}
        self.channels = {}
        self.connection = {}
        self.kmsg = []
        self.mounts = []
        self.swaps = []
        self.netlink = []
        with open(path, encoding="latin-1") as f:
            lines = f.read().split("\n")
        if lines[0] != "cvmd-snapshot 1":
            raise Malformed(f"{path}:1: not a snapshot")
        for number, line in enumerate(lines[1:], 2):
            if not line or line.startswith("#"):
                continue
            try:
                self._take(line)
            except (IndexError, KeyError, ValueError) as e:
                raise Malformed(f"{path}:{number}: {line}") from e

    def _take(self, line):
        kind, *rest = words(line)
        kind = kind.decode()
        if kind == "file":
            self.entries[rest[0].decode()] = ("file", int(rest[1], 8), rest[2])
        elif kind == "error":
            self.entries[rest[0].decode()] = ("symlink", 0, b"errno:" + rest[1])
        elif kind == "dir":
            self.entries[rest[0].decode()] = ("dir", 0, b"")
        elif kind == "symlink":
            self.entries[rest[0].decode()] = ("symlink", 0, rest[1])
        elif kind == "channel":
            self.channels[int(rest[0])] = pairs(rest[1:])
        elif kind == "connection":
            self.connection = pairs(rest)
        elif kind == "kmsg":
            self.kmsg.append(rest[0])
        elif kind == "mount":
            self.mounts.append((rest[0], octal(rest[1]), rest[2], octal(rest[3]) if len(rest) > 3 else b"none"))
        elif kind == "swap":
            self.swaps.append(octal(rest[0]))
        elif kind.startswith("netlink-"):
            self.netlink.append(line.encode("latin-1"))

    def expand(self, root):
        """Lays the files out below root, which is made; nothing outside of it is touched."""
        os.makedirs(root)
        for path, (kind, mode, value) in sorted(self.entries.items()):
            if path.startswith("/") or ".." in path.split("/"):
                raise Malformed(f"{path}: leads out of the folder")
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if os.path.islink(os.path.dirname(full)):
                raise Malformed(f"{path}: lies behind a link")
            if kind == "dir":
                os.makedirs(full, exist_ok=True)
            elif kind == "symlink":
                os.symlink(value, os.fsencode(full))
            else:
                with open(full, "wb") as f:
                    f.write(value)
                os.chmod(full, mode | 0o200)
        mounts = (b"%d 1 %s / %s rw - %s %s rw" % (20 + i, *m) for i, m in enumerate(self.mounts))
        swaps = (b"%s partition 1048572 0 -2" % s for s in self.swaps)
        write_lines(root, "dev/kmsg", self.kmsg)
        write_lines(root, "proc/self/mountinfo", mounts)
        write_lines(root, "proc/swaps", [b"Filename\tType\tSize\tUsed\tPriority", *swaps])
        write_lines(root, "netlink", self.netlink)
