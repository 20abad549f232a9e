# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command as somebody runs it at a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import termios

from harness import PATIENCE

SEQUENCE = re.compile(r"\033\[[0-9;]*m")


def on_terminal(command, columns=120, lines=50, **environment):
    """(exit status, what the terminal was sent)"""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "PAGER", "LESS")}
    terminal, child_end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    child = os.posix_spawnp(command[0], command, {**kept, "LC_ALL": "C.UTF-8", "TERM": "xterm", **environment},
                            file_actions=[(os.POSIX_SPAWN_DUP2, child_end, fd) for fd in (0, 1, 2)])
    os.close(child_end)
    sent = b""
    while True:
        assert select.select([terminal], [], [], PATIENCE)[0], f"nothing more within {PATIENCE} s"
        try:
            sent += os.read(terminal, 65536)
        except OSError:  # how a terminal says that the last writer is gone
            break
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), sent.decode().replace("\r\n", "\n")
