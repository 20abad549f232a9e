# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers of GetEvidence, helpers that misbehave, and what a bundle must say: recomputed from the formulas alone."""

import base64
import hashlib
import json
import os
import queue
import signal
import subprocess
import threading

from harness import PATIENCE, SOURCE, Programs, read_line, stop, wait_for
from paravisor import Paravisor

BATCH_TAG = b"cvmd-batch-1\0\0\0\0"
RAW_TAG = b"cvmd-raw-1\0\0\0\0\0\0"
SEALS = 0xf  # seal, shrink, grow, write


def tool(name):
    return os.path.join(os.path.dirname(Programs.cvmd), "../tests/integration", name)


def sha256(data):
    return hashlib.sha256(data).digest()


def binding_of(nonce, bind, claims):
    return sha256(b"cvmd-binding-1\0" + sha256(nonce) + sha256(bind) + sha256(claims))


def user_data_of(bindings):
    return sha256(b"cvmd-batch-1\0" + len(bindings).to_bytes(4, "big") + b"".join(bindings)) + bytes(16) + BATCH_TAG


def unbase64(text):
    """base64url without its padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def records_of(bundle):
    """name -> bytes; a collection as RFC 9999 has it."""
    collection = json.loads(bundle)
    assert collection.pop("__cmwc_t").startswith("tag:cvmd.org,")
    return {name: unbase64(record[1]) for name, record in
            collection.items()}


class Bundle:
    """A bundle that was asked for with this nonce and bind; it is checked that it is an answer to that."""

    def __init__(self, text, nonce, bind=b""):
        self.records = records_of(text)
        self.claims = json.loads(self.records["claims"])
        self.batch = json.loads(self.records["batch"])
        self.bindings = [bytes.fromhex(b) for b in self.batch["bindings"]]
        self.binding = binding_of(nonce, bind, self.records["claims"])
        self.user_data = user_data_of(self.bindings)
        assert self.batch["nonce"] == nonce.hex() and self.batch["bind"] == bind.hex()
        assert self.bindings[self.batch["index"]] == self.binding


class Clients:
    """evidence-client: any number of callers at once."""

    def __init__(self, guest, user=None):
        wrapper = ["setpriv", f"--reuid={user[0]}", f"--regid={user[0]}", *(
            [f"--groups={user[1]}"] if len(user) > 1 else ["--clear-groups"]), "--"] if user else []
        self.process = subprocess.Popen([*wrapper, tool("evidence-client"), guest.bus.address], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.answers = {}
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        guest.ends.callback(self.close)

    def close(self):
        self.process.stdin.close()
        stop(self.process)
        self.reader.join(PATIENCE)

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode())

    def order(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def call(self, name, nonce, **options):
        """options: of the method, by their names with _ for -."""
        words = []
        for option, value in options.items():
            kind, text = {bytes: ("ay", lambda: value.hex() or "-"), bool: ("b", lambda: str(int(value))),
                          int: ("u", lambda: str(value)), str: ("s", lambda: value)}[type(value)]
            words += [option.replace("_", "-"), kind, text()]
        self.order(" ".join(["call", name, nonce.hex() or "-", *words]))

    def drop(self, connection):
        self.order(f"drop {connection}")

    def receive(self):
        """The name of a call that has ended just now, whichever it is."""
        said, how, *rest = self.lines.get(timeout=PATIENCE).rstrip("\n").split(" ", 3)
        if how == "ok":
            assert int(rest[0]) & SEALS == SEALS, f"seals {rest[0]}"
            self.answers[said] = base64.b64decode(rest[1]), None
        else:
            self.answers[said] = None, (rest[0].removeprefix("org.cvmd1.Error."), rest[1])
        return said

    def any_answer(self):
        """(name, answer) of the next that ends."""
        name = self.receive()
        return name, self.answers.pop(name)

    def answer(self, name):
        """(evidence, None), or (None, (error, text))."""
        while name not in self.answers:
            self.receive()
        return self.answers.pop(name)

    def get(self, nonce, name="single", **options):
        self.call(name, nonce, **options)
        return self.answer(name)

    def error(self, nonce, name="single", **options):
        """The name of the error and its text."""
        evidence, error = self.get(nonce, name, **options)
        assert evidence is None, f"evidence for {options}"
        return error


class FakeHelpers:
    """fake-helpers: on the bus when the constructor returns."""

    def __init__(self, guest, fetch=True):
        self.guest = guest
        self.fetch = fetch
        self.process = None
        self.start()
        guest.ends.callback(lambda: stop(self.process))

    def start(self):
        self.process = subprocess.Popen([tool("fake-helpers"), self.guest.bus.address, *([] if self.fetch else ["-"])],
                                        stdout=subprocess.PIPE)
        assert read_line(self.process.stdout, "fake-helpers") == b"ready\n"

    def order(self, method, *arguments):
        return self.guest.bus.busctl("call", "org.cvmd1.Attest", "/test", "org.cvmd1.Test", method, *arguments)

    def behave(self, method, how):
        assert self.order("Behave", "ss", method, how) is not None

    def release(self):
        assert self.order("Release") is not None

    def counts(self):
        return self.order("Counts")[0]


class Helpers:
    """cvmd-attest and cvmd-fetch, started by the guest's bus when they are called, in front of a paravisor."""

    def __init__(self, guest, *paravisor, window=0):
        self.guest = guest
        self.paravisor = Paravisor(f"--window={window}", *paravisor)
        guest.ends.callback(self.paravisor.stop)
        for name in "attest", "cache":
            os.mkdir(os.path.join(guest.folder, name))
        self.log_path = os.path.join(guest.folder, "helpers.log")
        self.add("Attest", "attest/cvmd-attest", "--tcti", self.paravisor.tcti, "--state",
                 os.path.join(guest.folder, "attest"), f"--window={window}")
        self.add("Fetch", "fetch/cvmd-fetch", "--imds", self.paravisor.imds, "--cache",
                 os.path.join(guest.folder, "cache"), "--retry-delay=1")

    def add(self, name, program, *options):
        self.guest.bus.add_service(f"org.cvmd1.{name}", self.log_path, os.path.join(os.path.dirname(Programs.cvmd), program),
                                   "--bus", self.guest.bus.address, *options)

    def kill(self, name):
        """Whether there was one to kill."""
        reply = self.guest.bus.busctl("call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                      "GetConnectionUnixProcessID", "s", f"org.cvmd1.{name}")
        if not reply:
            return False
        os.kill(reply[0], signal.SIGKILL)
        wait_for(f"the end of {name}", lambda: not os.path.exists(f"/proc/{reply[0]}") or
                 not self.guest.bus.has(f"org.cvmd1.{name}"))
        return True

    def check(self, text, nonce, *options, bind=b""):
        """Holds a bundle against a checker that is not ours; what it says, by check."""
        Bundle(text, nonce, bind)
        path = os.path.join(self.guest.folder, "bundle")
        with open(path, "wb") as f:
            f.write(text)
        done = subprocess.run([os.path.join(SOURCE, "tests/check-evidence"), "--nonce", nonce.hex(), "--roots",
                               self.paravisor.roots, *(["--bind", bind.hex()] if bind else []), *options, path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8")
        assert done.returncode == 0, done.stdout
        return {name: result for result, name in (line.partition(":")[0].split() for line in done.stdout.splitlines())}
