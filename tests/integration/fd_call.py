# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls to cvmd that hand over policies: (name, descriptor) each."""

from dbus_client import CallError, Connection, memory  # pylint: disable=unused-import

__all__ = ["Call", "call", "memory"]


class Call:
    """A call with files, under way."""

    def __init__(self, guest, method, files, signature="", values=()):
        self.connection = Connection(guest.bus.path)
        self.serial = self.connection.send("org.cvmd1", "/org/cvmd1", "org.cvmd1.Manager", method,
                                           "a(sh)" + signature, list(files), *values)

    def answer(self):
        """(data, None), or (None, what is wrong)."""
        try:
            data, = self.connection.answer(self.serial)
            return data, None
        except CallError as e:
            return None, e.text
        finally:
            self.connection.close()


def call(guest, method, *files, signature="", values=()):
    return Call(guest, method, files, signature, values).answer()
