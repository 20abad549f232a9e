# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest to try cvmd in: the simulator, a private bus, cvmd itself, and everything that watches it.

    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"

Nothing here sleeps for luck: what is waited for is an event, or a condition with a deadline.
"""

import contextlib
import json
import os
import queue
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(SOURCE, "tests", "fixtures")
STRICT = os.path.join(SOURCE, "policy", "examples", "strict.json")
DEFAULT = os.path.join(SOURCE, "policy", "90-default.json")
PATIENCE = 30  # seconds; far beyond what anything here takes, so that only a hang meets it
POLL = 0.01
MEMORY = "/dev/shm"  # like sysfs, it is fast and gives no inode number twice

# devices of the fixtures
NETWORK = "000d3af4-9d3b-000d-3af4-9d3b000d3af4"
PLAIN_NETWORK = "000d3a7e-51c2-000d-3a7e-51c2000d3a7e"
DISK = "f8b3781a-1e82-4818-a1c3-63d806ec15bb"
HEARTBEAT = "fd149e91-82e0-4a7d-afa6-2a4166cbd7c0"

CONFIDENTIAL = {"ring": 1, "dma": 0}
PLAIN = {"ring": 0, "dma": 0}

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={}</listen>
  <servicedir>{}</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class Skip(Exception):
    """The test cannot run here, and why."""


class Programs:
    """Where the programs under test are: given by whoever runs us."""
    cvmd = cvmctl = None


def need(tool):
    if not shutil.which(tool):
        raise Skip(f"{tool} is not installed")


def wait_for(what, condition, patience=PATIENCE):
    """The first result of condition() that is true."""
    deadline = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(POLL)


def read_line(stream, what):
    """One line of a child's output, within our patience."""
    assert select.select([stream], [], [], PATIENCE)[0], f"nothing within {PATIENCE} s: {what}"
    return stream.readline()


def stop(process):
    """Ends a child that may have ended already."""
    if process and process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            print(f"# had to be killed: {process.args}")
    for stream in (process.stdout, process.stderr) if process else ():
        if stream:
            stream.close()


class Simulator:
    """tests/sim; every order it knows is a method here."""

    def __init__(self, folder, fixture, options):
        self.root = os.path.join(folder, "root")
        self.socket = os.path.join(folder, "simulator")
        control = os.path.join(folder, "control")
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(SOURCE, "tests/sim/sim.py"), fixture, "--root", self.root,
             "--socket", self.socket, "--control", control, *options], stdout=subprocess.PIPE)
        assert read_line(self.process.stdout, "the simulator") == b"ready\n"
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.connect(control)

    def __getattr__(self, name):
        def order(**arguments):
            self.control.send(json.dumps({"do": name, **arguments}).encode())
            reply = json.loads(self.control.recv(1 << 20))
            assert "error" not in reply, f"simulator: {name}: {reply['error']}"
            return reply["result"]
        return order

    def offer_class(self, device_class, **device):
        return self.offer(**{"class": device_class}, **device)

    def read(self, path):
        """What a reader of sysfs sees; None where there is nothing."""
        try:
            with open(os.path.join(self.root, path), encoding="latin-1") as f:
                return f.read().rstrip("\n")
        except FileNotFoundError:
            return None

    def device(self, instance, attribute):
        return self.read(f"sys/bus/vmbus/devices/{instance}/{attribute}")

    def driver(self, instance):
        try:
            return os.path.basename(os.readlink(os.path.join(self.root, f"sys/bus/vmbus/devices/{instance}/driver")))
        except OSError:
            return None

    def is_blocked(self, instance):
        return self.driver(instance) is None and self.device(instance, "driver_override") == "cvmd-blocked"

    def writes(self, path_end=""):
        """Paths that cvmd has written to, in order."""
        return [path for verb, path, _ in self.requests() if verb == "write" and path.endswith(path_end)]

    def stop(self):
        self.control.close()
        stop(self.process)


class Bus:
    """A private bus, which comes and goes as told."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "bus")
        self.address = f"unix:path={self.path}"
        self.config = os.path.join(folder, "bus.conf")
        self.process = None
        self.services = os.path.join(folder, "services")
        os.makedirs(self.services, exist_ok=True)
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(BUS_CONFIG.format(self.path, self.services))

    def add_service(self, name, log, *command):
        """A name that the bus starts a program for when it is called; before start(). Its standard error goes to log."""
        quoted = " ".join(shlex.quote(word) for word in command)
        with open(os.path.join(self.services, name + ".service"), "w", encoding="utf-8") as f:
            f.write(f"[D-BUS Service]\nName={name}\nExec=/bin/sh -c {shlex.quote(f'exec {quoted} 2>>{shlex.quote(log)}')}\n")

    def start(self):
        need("dbus-daemon")
        self.process = subprocess.Popen(
            ["dbus-daemon", "--config-file", self.config, "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert read_line(self.process.stdout, "dbus-daemon")

    def stop(self):
        stop(self.process)
        self.process = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def busctl(self, *arguments):
        """The data of a reply, or None when the call failed."""
        need("busctl")
        done = subprocess.run(["busctl", f"--address={self.address}", "--json=short", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.error = done.stderr.decode()
        if done.returncode != 0:
            return None
        return json.loads(done.stdout)["data"] if done.stdout.strip() else []

    def call(self, path, interface, method, *arguments):
        return self.busctl("call", "org.cvmd1", path, interface, method, *arguments)

    def manager(self, method, *arguments):
        return self.call("/org/cvmd1", "org.cvmd1.Manager", method, *arguments)

    def decide(self, method, device, permanent=False, confirm_within=0):
        """Block, Allow or Forget."""
        options = ["permanent", "b", "true"] if permanent else []
        options += ["confirm-within", "u", str(confirm_within)] if confirm_within else []
        return self.manager(method, "sa{sv}", device, str(len(options) // 3), *options)

    def has(self, name):
        """Whether somebody has that name now."""
        reply = self.busctl("call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", name)
        return bool(reply and reply[0])

    def has_cvmd(self):
        return self.has("org.cvmd1")


class Signals:
    """Listens to cvmd's signals; listening by the time the constructor returns."""

    def __init__(self, bus):
        need("busctl")
        self.seen = []
        self.rest = b""
        self.process = subprocess.Popen(
            ["busctl", f"--address={bus.address}", "--json=short", "monitor",
             "--match=type='signal',path_namespace='/org/cvmd1'"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert b"Monitoring" in read_line(self.process.stderr, "busctl monitor")

    def wait(self, what, fits):
        """The first signal, now or later, that fits(message)."""
        for message in self.seen:
            if fits(message):
                return message
        while True:
            assert select.select([self.process.stdout], [], [], PATIENCE)[0], f"no signal: {what}"
            self.rest += os.read(self.process.stdout.fileno(), 65536)
            *lines, self.rest = self.rest.split(b"\n")
            fresh = [m for m in map(json.loads, filter(None, lines)) if m.get("member") != "NameAcquired"]
            self.seen += fresh
            for message in fresh:
                if fits(message):
                    return message

    def stop(self):
        stop(self.process)


class Cvmd:
    """The daemon under test, as a service manager would run it."""

    def __init__(self, folder, fixture, simulator, bus):
        self.state = os.path.join(folder, "state")
        self.log_path = os.path.join(folder, "cvmd.log")
        self.fixture = fixture
        self.simulator = simulator
        self.bus = bus
        self.process = None
        self.wrapper = []  # a command that runs it
        self.notify_path = os.path.join(folder, "notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        self.told = queue.Queue()
        # as a service manager does: whoever does not listen holds cvmd up
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while True:
            message = self.notify.recv(4096).decode()
            if message == "end":
                return
            self.told.put(message.split("\n"))

    def close(self):
        stop(self.process)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", self.notify_path)
        self.listener.join(PATIENCE)
        self.notify.close()

    def arguments(self, *more):
        return [Programs.cvmd, "--root", self.simulator.root, "--simulator", self.simulator.socket, "--state",
                self.state, "--bus", self.bus.address, "--cpuid", self.fixture, *more]

    def launch(self, *more):
        """Runs it, and does not wait for anything."""
        environment = {**os.environ, "NOTIFY_SOCKET": self.notify_path}
        environment.pop("JOURNAL_STREAM", None)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.wrapper, *self.arguments(*more)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment)

    def start(self, *more):
        """Runs it until it is ready, and on the bus if there is one."""
        self.launch(*more)
        self.wait_notified("READY=1")
        if self.bus.process:
            wait_for("cvmd on the bus", self.bus.has_cvmd)

    def wait_notified(self, wanted):
        """Until the service manager is told so."""
        while True:
            try:
                told = self.told.get(timeout=PATIENCE)
            except queue.Empty as e:
                raise AssertionError(f"cvmd did not say {wanted}") from e
            if wanted in told:
                return told

    def stop(self):
        """Asks it to end; its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def reload_by_signal(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def decisions(self):
        """The decision log: every line an object."""
        with open(os.path.join(self.state, "decisions.log"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]


class Guest:
    """All of it, in a folder of its own that is gone afterwards."""

    def __init__(self, fixture, policy=STRICT, simulator=(), bus=True, gate=False):
        self.folder = tempfile.mkdtemp(prefix="cvmd-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        self.fixture = os.path.join(FIXTURES, fixture + ".snapshot")
        self.gate = gate
        self.ends = contextlib.ExitStack()
        self.ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.simulator = Simulator(self.folder, self.fixture, simulator)
            self.ends.callback(self.simulator.stop)
            self.bus = Bus(self.folder)
            self.ends.callback(self.bus.stop)
            if bus:
                self.bus.start()
            self.cvmd = Cvmd(self.folder, self.fixture, self.simulator, self.bus)
            self.ends.callback(self.cvmd.close)
            self.boot_id = os.path.join(self.simulator.root, "proc/sys/kernel/random/boot_id")
            self.new_boot_id()
            self.policy = os.path.join(self.simulator.root, "etc/cvmd/policy.d/50-site.json")
            if policy:
                self.write_policy(policy)
        except BaseException:
            self.ends.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        stop(self.cvmd.process)
        # ended well, or killed by the test; a sanitizer's complaint is neither
        ended_badly = self.cvmd.process and self.cvmd.process.returncode not in (0, -signal.SIGKILL)
        if ended_badly or (kind and kind is not Skip):
            for line in self.cvmd.log().splitlines()[-40:]:
                print(f"# cvmd: {line}")
        self.ends.close()
        assert kind or not ended_badly, f"cvmd ended with {self.cvmd.process.returncode}"

    def new_boot_id(self):
        os.makedirs(os.path.dirname(self.boot_id), exist_ok=True)
        with open(self.boot_id, "w", encoding="utf-8") as f:
            f.write(f"{uuid.uuid4()}\n")

    def write_policy(self, policy):
        """policy: the path of one, or what it says."""
        if isinstance(policy, str):
            with open(policy, encoding="utf-8") as f:
                text = f.read()
            if not self.gate:  # most tests are about what happens to a device that has a driver
                text = text.replace('"gate": "on"', '"gate": "off"')
        else:
            text = json.dumps(policy)
        self.write_policy_text(text)

    def write_policy_text(self, text):
        os.makedirs(os.path.dirname(self.policy), exist_ok=True)
        with open(self.policy, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.policy, 0o644)

    def signals(self):
        signals = Signals(self.bus)
        self.ends.callback(signals.stop)
        return signals

    # -- what cvmd says of itself --

    def devices(self):
        """instance -> its properties; None while cvmd is not on the bus."""
        objects = self.bus.call("/org/cvmd1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        if objects is None:
            return None
        devices = (interfaces["org.cvmd1.Device"] for interfaces in objects[0].values()
                   if "org.cvmd1.Device" in interfaces)
        plain = ({name: value["data"] for name, value in d.items()} for d in devices)
        return {d["Instance"]: d for d in plain}

    def verdicts(self):
        devices = self.devices()
        return {i: d["Verdict"] for i, d in devices.items()} if devices is not None else {}

    def wait_verdict(self, instance, verdict):
        wait_for(f"{instance} {verdict}", lambda: self.verdicts().get(instance) == verdict)

    def property(self, name):
        return self.bus.busctl("get-property", "org.cvmd1", "/org/cvmd1", "org.cvmd1.Manager", name)

    def counters(self):
        return self.property("Counters")

    def cvmctl(self, *arguments, bus=True):
        """(exit status, standard output, standard error)"""
        where = ["--bus", self.bus.address] if bus else []
        done = subprocess.run([Programs.cvmctl, *where, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False, encoding="utf-8")
        return done.returncode, done.stdout, done.stderr
