# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers who are somebody else, and a polkit that answers them as it is told."""

import contextlib
import os
import subprocess

from dbus_client import CallError, Connection
from evidence import tool
from harness import Skip, read_line, stop, wait_for

USER = 65534
GROUP = 4242


def need_root():
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")


@contextlib.contextmanager
def being(user, *groups):
    """Somebody else, to a bus that is connected to meanwhile."""
    os.setgroups(groups)
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(())


class Caller(Connection):
    """Of cvmd's methods, as somebody else."""

    def __init__(self, guest, user=USER, groups=(), flags=0):
        os.chmod(guest.folder, 0o755)
        with being(user, *groups):
            super().__init__(guest.bus.path)
        self.flags = flags
        guest.ends.callback(self.close)

    def start(self, method, signature="", *values, path="/org/cvmd1", interface="org.cvmd1.Manager"):
        return self.send("org.cvmd1", path, interface, method, signature, *values)

    def end(self, serial):
        """(values, None), or (None, (the error's name, its text))."""
        try:
            return self.answer(serial), None
        except CallError as e:
            return None, (e.name.removeprefix("org.cvmd1.Error."), e.text)

    def result(self, *arguments, **where):
        return self.end(self.start(*arguments, **where))

    def error(self, *arguments, **where):
        values, error = self.result(*arguments, **where)
        assert values is None, f"{arguments} was done: {values}"
        return error


class FakePolkit:
    """fake-polkit: on the bus when the constructor returns."""

    def __init__(self, guest, behaviour="no"):
        self.guest = guest
        self.process = subprocess.Popen([tool("fake-polkit"), guest.bus.address], stdout=subprocess.PIPE)
        guest.ends.callback(self.stop)
        assert read_line(self.process.stdout, "fake-polkit") == b"ready\n"
        self.behave(behaviour)

    def stop(self):
        stop(self.process)

    def order(self, method, *arguments):
        reply = self.guest.bus.busctl("call", "org.cvmd1.FakePolkit", "/test", "org.cvmd1.Test", method, *arguments)
        assert reply is not None, self.guest.bus.error
        return reply

    def behave(self, how):
        """From now on, and towards those who are kept waiting."""
        self.order("Behave", "s", how)

    def asked(self):
        return self.order("Asked")[0]

    def cancelled(self):
        return self.order("Asked")[1]

    def wait_asked(self, n):
        return wait_for(f"{n} questions", lambda: self.asked() if len(self.asked()) >= n else None)
