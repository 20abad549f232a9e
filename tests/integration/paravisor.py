# SPDX-License-Identifier: LGPL-2.1-or-later
"""The paravisor of a guest: its vTPM, and the services beside the machine, played by tests/paravisor.

    with Paravisor("--isolation=tdx") as paravisor:
        paravisor.order("report magic")
        paravisor.tool("tpm2_nvread", "-C", "o", "0x01400001")

tests/paravisor/orders.h and control.h list the orders.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile

from harness import PATIENCE, Programs, need, read_line, stop

HCL_REPORT = "0x01400001"
GUEST_INPUT = "0x01400002"
AK_CERTIFICATE = "0x01c101d0"
AK = "0x81000003"
NV_BUFFER = 1024  # what one read of an index may ask for


class Paravisor:
    """Ready when the constructor returns; ended with the block."""

    def __init__(self, *options):
        need("swtpm")
        program = os.path.join(os.path.dirname(Programs.cvmd), "../tests/paravisor/paravisor")
        self.folder = tempfile.mkdtemp(prefix="paravisor-")
        self.process = subprocess.Popen([program, *options, self.folder], stdout=subprocess.PIPE)
        self.control = None
        try:
            line = read_line(self.process.stdout, "the paravisor")
            assert line, f"the paravisor ended with status {self.process.wait(PATIENCE)}"
        except AssertionError:
            self.stop()
            raise
        ready = json.loads(line)
        self.tcti, self.imds, self.roots, self.qemu = (ready[key] for key in ("tcti", "imds", "roots", "qemu"))
        self.control_path = ready["control"]
        self.control = self.connect()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop()
        assert kind or self.process.returncode == 0, f"the paravisor ended with status {self.process.returncode}"

    def stop(self):
        if self.control:
            self.control.close()
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        """One more connection that orders can be given over, as a file of lines."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.control_path)
            return s.makefile("rw", encoding="utf-8")

    def ask(self, line, control=None):
        """The line that answers this order."""
        control = control or self.control
        control.write(line + "\n")
        control.flush()
        return control.readline().rstrip("\n")

    def order(self, line):
        answer = self.ask(line)
        assert answer == "ok", f"paravisor: {line}: {answer}"

    def state(self):
        return json.loads(self.ask("state"))

    @contextlib.contextmanager
    def hold(self, nth):
        """Holds the nth TPM command from now on: what is handed out returns once that one has come. `go` or
        `drop` carries on, as does the end of the block."""
        control = self.connect()
        try:
            answer = self.ask(f"hold {nth}", control)
            assert answer == "ok", f"paravisor: hold {nth}: {answer}"

            def wait():
                assert control.readline() == "held\n", f"command {nth} did not come"
            yield wait
        finally:
            control.close()

    def run(self, *command, **options):
        """A program of tpm2-tools: the finished process."""
        need(command[0])
        return subprocess.run(command, env={**os.environ, "TPM2TOOLS_TCTI": self.tcti}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False, **options)

    def start(self, *command):
        """The same, not waited for but by the end of a block."""
        need(command[0])
        return subprocess.Popen(command, env={**os.environ, "TPM2TOOLS_TCTI": self.tcti}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def tool(self, *command, **options):
        """The same, which has to succeed: its standard output."""
        done = self.run(*command, **options)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.decode()}"
        return done.stdout

    def refusal(self, *command):
        """The same, which has to fail: what it says."""
        done = self.run(*command)
        assert done.returncode != 0, f"{' '.join(command)} succeeded"
        return done.stderr.decode()

    def read_report(self):
        return self.tool("tpm2_nvread", "-C", "o", HCL_REPORT)

    def write_input(self, data):
        """As the guest does, with an index that is defined if it is not there."""
        if self.run("tpm2_nvreadpublic", GUEST_INPUT).returncode != 0:
            self.tool("tpm2_nvdefine", "-Q", "-C", "o", "-s", "64", "-a", "ownerread|ownerwrite|authread|authwrite",
                      GUEST_INPUT)
        self.tool("tpm2_nvwrite", "-Q", "-C", "o", "-i", "-", GUEST_INPUT, input=data)


def claims_of(report):
    """The runtime claims of an HCL report: the bytes, and what they say."""
    size = int.from_bytes(report[1232:1236], "little")
    data = report[1236:1236 + size]
    return data, json.loads(data)


def user_data_of(report):
    return bytes.fromhex(claims_of(report)[1]["user-data"])
