# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls over D-Bus that carry descriptors, which busctl cannot make, with values of any type.

    with closing(Connection(bus.path)) as c:
        answer, = c.call("org.x", "/org/x", "org.x", "Method", "aysh", b"bytes", "text", fd)

Integers, strings and booleans are themselves; `ay` is bytes; arrays are lists, structures tuples, a{..} a dict; a variant
is given as (signature, value), and comes back as its value; `h` is a descriptor, which whoever receives it closes.
"""

import array
import fcntl
import os
import socket
import struct

from harness import PATIENCE

CALL, REPLY, ERROR = 1, 2, 3
INTERACTIVE = 4  # the flag ALLOW_INTERACTIVE_AUTHORIZATION
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE, UNIX_FDS = 1, 2, 3, 4, 5, 6, 8, 9
NUMBERS = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
FDS_MAX = 64


class CallError(Exception):
    """What a call was answered with: a name, and a text for people."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


def first_type(signature):
    """(the first complete type, the rest)"""
    if signature[0] == "a":
        element, rest = first_type(signature[1:])
        return "a" + element, rest
    if signature[0] in "({":
        at, depth = 0, 0
        for at, letter in enumerate(signature):
            depth += (letter in "({") - (letter in ")}")
            if depth == 0:
                break
        return signature[:at + 1], signature[at + 1:]
    return signature[0], signature[1:]


def types(signature):
    found = []
    while signature:
        one, signature = first_type(signature)
        found.append(one)
    return found


def alignment(kind):
    if kind[0] in "({":
        return 8
    if kind[0] in "sao":
        return 4
    return struct.calcsize(NUMBERS[kind]) if kind in NUMBERS else 1  # g, v


class Writer:
    def __init__(self):
        self.data, self.files = b"", []

    def align(self, to):
        self.data += b"\0" * (-len(self.data) % to)

    def put_all(self, signature, values):
        kinds = types(signature)
        assert len(kinds) == len(values), f"{signature} for {len(values)} values"
        for kind, value in zip(kinds, values):
            self.put(kind, value)

    def put(self, kind, value):
        self.align(alignment(kind))
        if kind == "h":
            self.files.append(value)
            value = len(self.files) - 1
        if kind in NUMBERS:
            self.data += struct.pack("<" + NUMBERS[kind], value)
        elif kind in "so":
            self.data += struct.pack("<I", len(value.encode())) + value.encode() + b"\0"
        elif kind == "g":
            self.data += bytes((len(value),)) + value.encode() + b"\0"
        elif kind == "v":
            self.put("g", value[0])
            self.put(*value)
        elif kind[0] == "a":
            self.put_array(kind[1:], value)
        else:
            self.put_all(kind[1:-1], value)

    def put_array(self, element, values):
        inner = Writer()
        inner.data = b"\0" * ((len(self.data) + 4) % 8)  # aligned as it will be
        inner.files = self.files
        before = len(inner.data)
        inner.align(alignment(element))
        begin = len(inner.data)
        if element == "y":
            inner.data += bytes(values)
        for value in () if element == "y" else values.items() if isinstance(values, dict) else values:
            inner.put(element, value)
        self.data += struct.pack("<I", len(inner.data) - begin) + inner.data[before:]


class Reader:
    def __init__(self, data, files=()):
        self.data, self.files, self.at = data, files, 0

    def take(self, n):
        self.at += n
        assert self.at <= len(self.data), "a message that is cut off"
        return self.data[self.at - n:self.at]

    def get_all(self, signature):
        return tuple(self.get(kind) for kind in types(signature))

    def get(self, kind):
        self.at += -self.at % alignment(kind)
        if kind in NUMBERS:
            value, = struct.unpack("<" + NUMBERS[kind], self.take(struct.calcsize(NUMBERS[kind])))
            return self.files[value] if kind == "h" else bool(value) if kind == "b" else value
        if kind in "so":
            return self.take(self.get("u") + 1)[:-1].decode()
        if kind == "g":
            return self.take(self.get("y") + 1)[:-1].decode()
        if kind == "v":
            return self.get(self.get("g"))
        if kind[0] == "a":
            return self.get_array(kind[1:])
        return self.get_all(kind[1:-1])

    def get_array(self, element):
        n = self.get("u")
        self.at += -self.at % alignment(element)
        if element == "y":
            return self.take(n)
        end, values = self.at + n, []
        while self.at < end:
            values.append(self.get(element))
        return dict(values) if element[0] == "{" else values


class Connection:
    """To a bus at a path of the file system. Its calls may overlap: send(), then answer() in any order."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.data, self.files, self.answers, self.serial = b"", [], {}, 0
        self.flags = 0  # of the messages that follow
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        assert self.receive_line().startswith(b"OK")
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self.receive_line().startswith(b"AGREE_UNIX_FD")
        self.socket.sendall(b"BEGIN\r\n")
        self.name, = self.call_bus("Hello")

    def close(self):
        self.socket.close()
        for fd in self.files:
            os.close(fd)

    def receive_some(self):
        data, ancillary, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(FDS_MAX * 4))
        assert data, "the bus closed the connection"
        self.data += data
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.files += array.array("i", content[:len(content) - len(content) % 4])

    def receive(self, n):
        while len(self.data) < n:
            self.receive_some()
        taken, self.data = self.data[:n], self.data[n:]
        return taken

    def receive_line(self):
        while b"\r\n" not in self.data:
            self.receive_some()
        return self.receive(self.data.index(b"\r\n") + 2)

    def receive_message(self):
        start = self.receive(16)
        _, kind, _, _, size, _, n_fields = struct.unpack("<BBBBIII", start)
        head = Reader(start + self.receive(n_fields + -n_fields % 8))
        head.take(12)
        fields = dict(head.get("a(yv)"))
        n = fields.get(UNIX_FDS, 0)
        body = self.receive(size)
        files, self.files = self.files[:n], self.files[n:]
        return kind, fields, Reader(body, files).get_all(fields.get(SIGNATURE, ""))

    def send(self, destination, path, interface, method, signature="", *values):
        self.serial += 1
        body, head = Writer(), Writer()
        body.put_all(signature, values)
        fields = [(PATH, ("o", path)), (INTERFACE, ("s", interface)), (MEMBER, ("s", method)),
                  (DESTINATION, ("s", destination))]
        fields += [(SIGNATURE, ("g", signature))] if signature else []
        fields += [(UNIX_FDS, ("u", len(body.files)))] if body.files else []
        head.put_all("yyyyuua(yv)", (ord("l"), CALL, self.flags, 1, len(body.data), self.serial, fields))
        head.align(8)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", body.files))] if body.files else []
        message = head.data + body.data
        self.socket.sendall(message[self.socket.sendmsg([message], rights):])
        return self.serial

    def answer(self, serial):
        """The values of the reply to what was sent so, or CallError."""
        while serial not in self.answers:
            kind, fields, values = self.receive_message()
            if kind in (REPLY, ERROR):
                self.answers[fields[REPLY_SERIAL]] = kind, fields, values
        kind, fields, values = self.answers.pop(serial)
        if kind == ERROR:
            raise CallError(fields[ERROR_NAME], values[0] if values else "")
        return values

    def call_bus(self, method):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method)

    def wait_until_passed_on(self):
        """What was sent has then reached the sockets of those it is for: the bus takes one message after the other."""
        self.call_bus("GetId")

    def call(self, destination, path, interface, method, signature="", *values):
        return self.answer(self.send(destination, path, interface, method, signature, *values))


def read_all(fd):
    """What a memfd holds, which is then closed."""
    with os.fdopen(fd, "rb") as f:
        f.seek(0)
        return f.read()


def memory(text):
    fd = os.memfd_create("memory", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, text.encode() if isinstance(text, str) else text)
    return fd  # its position is the end: whoever reads has to begin at the beginning


def sealed(text):
    """One that nobody can change any more."""
    fd = memory(text)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return fd
