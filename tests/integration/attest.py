# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd-attest on a bus of its own, in front of a paravisor.

    with Attest("--order=stale 1") as attest:
        report = attest.report(user_data(b"nonce"))
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile

from dbus_client import CallError, Connection, read_all
from harness import MEMORY, PATIENCE, Bus, Programs, stop, wait_for
from paravisor import Paravisor

NAME, PATH = "org.cvmd1.Attest", "/org/cvmd1/attest"
WINDOW = 200  # milliseconds, as long for the paravisor as for those who wait for it
TAG = b"cvmd-batch-1".ljust(16, b"\0")
RAW_TAG = b"cvmd-raw-1".ljust(16, b"\0")


def user_data(seed, tag=TAG):
    """64 bytes that could be ours."""
    return seed.ljust(48, b"\0") + tag


def refusal(call, *arguments):
    """(error name without its beginning, text) of a call that has to fail."""
    try:
        call(*arguments)
    except CallError as e:
        return e.name.removeprefix("org.cvmd1.Error."), e.text
    raise AssertionError("it did not fail")


def read_sealed(fd):
    """What a memfd holds that nobody can change any more."""
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & seals == seals
    return read_all(fd)


class Attest:
    """Bus, paravisor and helper, ended with the block. Arguments are the paravisor's."""

    def __init__(self, *paravisor, options=(), window=WINDOW, tcti=None):
        self.ends = contextlib.ExitStack()
        self.folder = tempfile.mkdtemp(prefix="attest-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        self.ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = os.path.join(self.folder, "state")
        self.log_path = os.path.join(self.folder, "log")
        os.mkdir(self.state)
        self.options, self.window = options, window
        self.process = self.connection = None
        try:
            self.paravisor = self.ends.enter_context(Paravisor(f"--window={window}", *paravisor))
            self.bus = Bus(self.folder)
            self.ends.callback(self.bus.stop)
            self.bus.start()
            self.connection = Connection(self.bus.path)
            self.ends.callback(self.connection.close)
            self.ends.callback(lambda: stop(self.process))
            self.start(tcti=tcti)
        except BaseException:
            self.ends.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            for line in self.log().splitlines()[-20:]:
                print(f"# {line}")
        stop(self.process)
        ended = self.process.returncode
        self.ends.close()
        assert kind or ended in (0, -9), f"cvmd-attest ended with {ended}"

    def program(self, *options):
        return [os.path.join(os.path.dirname(Programs.cvmd), "attest/cvmd-attest"), *options]

    def start(self, *options, tcti=None, environment=None):
        stop(self.process)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.program("--bus", self.bus.address, "--tcti", tcti or self.paravisor.tcti, "--state", self.state,
                             f"--window={self.window}", *self.options, *options),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        wait_for("cvmd-attest on the bus", self.is_there)

    def is_there(self):
        assert self.process.poll() is None, f"cvmd-attest ended with {self.process.returncode}"
        return self.has_owner()

    def has_owner(self):
        owned, = self.connection.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", NAME)
        return owned

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def send(self, method, *arguments, connection=None):
        return (connection or self.connection).send(NAME, PATH, NAME, method, *arguments)

    def call(self, method, *arguments):
        answer, = self.connection.answer(self.send(method, *arguments))
        return answer

    def describe(self):
        return self.call("Describe")

    def report(self, data, **options):
        """Descriptors are read."""
        answer = self.call("Report", "aya{sv}", data, {k: ("s", v) for k, v in options.items()})
        return {k: read_sealed(v) if k in ("hcl-report", "td-report", "ak-certificate") else v for k, v in answer.items()}

    def quote(self, data, pcrs="all", bank="sha256"):
        answer = self.call("Quote", "ayssa{sv}", data, pcrs, bank, {})
        return {k: read_sealed(v) if k == "tpm-quote" else v for k, v in answer.items()}

    def verify(self, message, signature):
        """Whether the AK in the TPM signed this, by tpm2-tools."""
        paths = [os.path.join(self.folder, name) for name in ("message", "signature")]
        for path, data in zip(paths, (message, signature)):
            with open(path, "wb") as f:
                f.write(data)
        self.paravisor.tool("tpm2_verifysignature", "-c", "0x81000003", "-g", "sha256", "-f", "rsassa", "-m", paths[0],
                            "-s", paths[1])

    def input(self):
        """What stands in the guest input; None: it is not there."""
        held = self.paravisor.state()["input"]
        return held if held is None else bytes.fromhex(held)
