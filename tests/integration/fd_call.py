# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call over D-Bus that carries descriptors, which busctl cannot make: as much of the protocol as that takes."""

import array
import os
import socket
import struct

from harness import PATIENCE

CALL, REPLY, ERROR = 1, 2, 3
SIGNATURES = {"t": (8, "<Q"), "u": (4, "<I")}


def padded(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value, size="<I"):
    encoded = value.encode()
    return struct.pack(size, len(encoded)) + encoded + b"\0"


def marshal_files(names):
    """a(sh); each has the descriptor of its own index."""
    elements = b""
    for i, name in enumerate(names):
        elements = padded(padded(elements, 8) + text(name), 4) + struct.pack("<I", i)
    return padded(struct.pack("<I", len(elements)), 8) + elements


def marshal(names, signature, values):
    body = marshal_files(names)
    for kind, value in zip(signature, values):
        size, form = SIGNATURES[kind]
        body = padded(body, size) + struct.pack(form, value)
    return body


def marshal_call(serial, body, signature, fields):
    """fields: code -> (type, value); the order of a D-Bus header."""
    header = b""
    fields = {**fields, **({8: ("g", signature)} if signature else {})}
    for code, (kind, value) in fields.items():
        header = padded(header, 8) + bytes((code,)) + text(kind, "<B")
        if kind == "u":
            header = padded(header, 4) + struct.pack("<I", value)
        elif kind == "g":
            header += text(value, "<B")
        else:
            header = padded(header, 4) + text(value)
    start = struct.pack("<BBBBIII", ord("l"), CALL, 0, 1, len(body), serial, len(header))
    return padded(start + header, 8) + body


class Connection:
    """To a bus at a path of the file system."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")
        self.serial = 0
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        assert self.stream.readline().startswith(b"OK")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\nBEGIN\r\n")
        assert self.stream.readline().startswith(b"AGREE_UNIX_FD")
        self.answer(self.send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"))

    def send(self, destination, path, interface, method, files=None, signature="", values=()):
        """files: (name, descriptor) for a first argument a(sh); None: no argument."""
        self.serial += 1
        body = marshal([name for name, _ in files], signature, values) if files is not None else b""
        fields = {1: ("o", path), 2: ("s", interface), 3: ("s", method), 6: ("s", destination)}
        if files:
            fields[9] = ("u", len(files))
        message = marshal_call(self.serial, body, "a(sh)" + signature if files is not None else "", fields)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd for _, fd in files]))] if files else []
        sent = self.socket.sendmsg([message], ancillary)
        self.socket.sendall(message[sent:])
        return self.serial

    def receive(self):
        """(type, serial that is replied to, body) of the next message."""
        start = self.stream.read(16)
        _, kind, _, _, size, _, n_fields = struct.unpack("<BBBBIII", start)
        fields = self.stream.read(n_fields + -n_fields % 8)
        body = self.stream.read(size)
        replied, at = None, 0
        while at < n_fields:
            at += -at % 8
            code, signature = fields[at], fields[at + 2:at + 3]
            at += 4
            if signature == b"g":
                at += 2 + fields[at]
                continue
            at += -at % 4
            number, = struct.unpack_from("<I", fields, at)
            at += 4 if signature == b"u" else 5 + number
            if code == 5:
                replied = number
        return kind, replied, body

    def answer(self, serial):
        """(what a reply of one string or number says, None), or (None, what is wrong)."""
        while True:
            kind, replied, body = self.receive()
            if replied != serial or kind not in (REPLY, ERROR):
                continue
            if len(body) == 8 and kind == REPLY:
                return struct.unpack("<Q", body)[0], None
            said = body[4:-1].decode()
            return (said, None) if kind == REPLY else (None, said)

    def close(self):
        self.stream.close()
        self.socket.close()


class Call:
    """A call with files, (name, descriptor) each, under way."""

    def __init__(self, guest, method, files, signature="", values=()):
        self.connection = Connection(guest.bus.path)
        self.serial = self.connection.send("org.cvmd1", "/org/cvmd1", "org.cvmd1.Manager", method, files, signature,
                                           values)

    def answer(self):
        """(data, None), or (None, what is wrong)."""
        try:
            return self.connection.answer(self.serial)
        finally:
            self.connection.close()


def call(guest, method, *files, signature="", values=()):
    return Call(guest, method, files, signature, values).answer()


def memory(text):
    fd = os.memfd_create("policy")
    os.write(fd, text.encode() if isinstance(text, str) else text)
    return fd  # its position is the end: cvmd reads from the beginning
