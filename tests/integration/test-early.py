#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd in the initrd: who gets a driver before the root is mounted, and what becomes of it afterwards."""

import contextlib
import os
import signal
import subprocess

from harness import CONFIDENTIAL, DISK, HEARTBEAT, NETWORK, PATIENCE, PLAIN, PLAIN_NETWORK, STRICT, Guest, wait_for
from tap import main

AUTOPROBE = "sys/bus/vmbus/drivers_autoprobe"
PROBE = "sys/bus/vmbus/drivers_probe"
MOUNTS = "proc/self/mountinfo"
DRIVERS = "hv_netvsc", "hv_storvsc", "hv_utils"


def at_boot(fixture="snp-openhcl", **more):
    """A guest as an initrd finds it: devices were offered, and drivers have not been loaded yet."""
    guest = Guest(fixture, gate=True, bus=False, **more)
    for driver in DRIVERS:
        guest.simulator.unregister_driver(driver=driver)
    return guest


def is_closed(guest):
    return guest.simulator.read(AUTOPROBE) == "0"


def load_drivers(guest):
    """As udev does."""
    for driver in DRIVERS:
        guest.simulator.register_driver(driver=driver)


def wait_bound(guest, instance, driver):
    wait_for(f"{instance} bound", lambda: guest.simulator.driver(instance) == driver)


def decisions(guest):
    return [(d["instance"], d["verdict"]) for d in guest.cvmd.decisions() if d["event"] == "decision"]


def new_root(guest, enabled=True, masked=False):
    """The system that is about to be started."""
    folder = os.path.join(guest.folder, "sysroot")
    units = os.path.join(folder, "usr/lib/systemd/system")
    wants = os.path.join(folder, "etc/systemd/system/sysinit.target.wants")
    os.makedirs(units)
    os.makedirs(wants)
    with open(os.path.join(units, "cvmd.service"), "w", encoding="utf-8") as f:
        f.write("[Service]\n")
    if enabled:
        os.symlink("/usr/lib/systemd/system/cvmd.service", os.path.join(wants, "cvmd.service"))
    if masked:
        os.symlink("/dev/null", os.path.join(folder, "etc/systemd/system/cvmd.service"))
    return folder


def run(guest, *options):
    """One that ends by itself: its exit status and what it said."""
    done = subprocess.run(guest.cvmd.arguments(*options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False, encoding="utf-8")
    return done.returncode, done.stderr


def test_what_violates_is_never_bound_from_boot_on():
    with at_boot() as guest:
        guest.cvmd.start("--early")
        assert is_closed(guest)
        load_drivers(guest)
        wait_bound(guest, NETWORK, "hv_netvsc")
        wait_bound(guest, DISK, "hv_storvsc")
        wait_bound(guest, HEARTBEAT, "hv_utils")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        tried = [text for _, path, text in guest.simulator.requests() if path == PROBE]
        assert PLAIN_NETWORK not in tried and NETWORK in tried
        assert not guest.simulator.writes("unbind")


def test_a_disk_that_may_carry_the_root_is_let_pass():
    with at_boot("snp-root-plain") as guest:
        table = os.path.join(guest.simulator.root, MOUNTS)
        os.rename(table, table + ".later")
        with open(table, "w", encoding="utf-8") as f:
            f.write("1 1 0:2 / / rw - rootfs rootfs rw\n")
        guest.cvmd.start("--early")
        load_drivers(guest)
        wait_bound(guest, DISK, "hv_storvsc")
        wait_for("told", lambda: (DISK, "protected") in decisions(guest))
        assert run(guest, "--handover", new_root(guest))[0] == 0
        os.rename(table + ".later", table)
        guest.bus.start()
        guest.cvmd.start()  # the root is mounted now, and is what protects it
        assert guest.verdicts()[DISK] == "protected"
        assert guest.devices()[DISK]["Reason"].endswith("a mount depends on it")
        assert guest.simulator.driver(DISK) == "hv_storvsc"


def test_nothing_but_storage_is_let_pass_for_the_root():
    with at_boot("snp-root-plain", policy={"version": 1, "mode": "enforce", "gate": "on", "protect": []}) as guest:
        guest.cvmd.start("--early")
        load_drivers(guest)
        wait_for("blocked", lambda: guest.simulator.is_blocked(DISK))
        assert guest.simulator.driver(DISK) is None
        assert run(guest, "--handover", new_root(guest))[0] == 0


def test_the_system_takes_over_what_was_decided():
    with at_boot() as guest:
        guest.cvmd.start("--early")
        load_drivers(guest)
        allowed = [instance for instance, verdict in decisions(guest) if verdict == "allowed"]
        assert NETWORK in allowed
        wait_for("all of them bound", lambda: all(guest.simulator.driver(instance) for instance in allowed))
        status, said = run(guest, "--handover", new_root(guest))
        assert status == 0 and "left to cvmd.service" in said, said
        assert guest.cvmd.process.wait(PATIENCE) == 0
        assert is_closed(guest)
        before = decisions(guest)
        writes = [p for p in guest.simulator.writes() if p.startswith("sys/bus")]
        guest.bus.start()
        guest.cvmd.start()
        assert guest.property("Gate") == "on"
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert decisions(guest) == before, "nothing is decided twice"
        assert not any("initrd" in w for w in guest.property("Warnings"))
        assert [p for p in guest.simulator.writes() if p.startswith("sys/bus")] == writes


def test_without_a_successor_everything_is_given_back():
    for options in {"enabled": False}, {"masked": True}:
        with at_boot() as guest:
            guest.cvmd.start("--early")
            load_drivers(guest)
            wait_bound(guest, NETWORK, "hv_netvsc")
            status, said = run(guest, "--handover", new_root(guest, **options))
            assert status == 0 and "everything is given back" in said, said
            assert not is_closed(guest)
            assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
            assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "(null)"
            assert not os.path.exists(os.path.join(guest.cvmd.state, "gate"))


def test_a_handover_without_anybody_there_is_none():
    with at_boot() as guest:
        assert run(guest, "--handover", new_root(guest))[0] == 0
        assert not guest.simulator.writes()


def test_an_older_policy_is_told_and_gives_way():
    with at_boot() as guest:
        guest.cvmd.start("--early")
        load_drivers(guest)
        wait_bound(guest, NETWORK, "hv_netvsc")
        assert run(guest, "--handover", new_root(guest))[0] == 0
        guest.write_policy({"version": 1, "mode": "enforce", "gate": "on", "default": {"action": "allow"}})
        guest.bus.start()
        guest.cvmd.start()
        wait_bound(guest, PLAIN_NETWORK, "hv_netvsc")
        warnings = guest.property("Warnings")
        assert any("the initrd enforced another policy, sha256:" in w for w in warnings), warnings
        guest.write_policy(STRICT)
        guest.bus.manager("Reload")
        wait_for("one policy", lambda: not any("initrd" in w for w in guest.property("Warnings")))


def test_a_broken_policy_boots_with_the_built_in_one():
    with at_boot("snp-root-plain") as guest:
        guest.write_policy_text("{")
        guest.cvmd.start("--early")
        assert is_closed(guest)
        load_drivers(guest)
        wait_bound(guest, DISK, "hv_storvsc")
        wait_bound(guest, HEARTBEAT, "hv_utils")
        assert "the built-in one is in force" in guest.cvmd.log()


def test_without_a_gate_there_is_nothing_to_do():
    for options in ["--mode=audit"], ["--mode=off"]:
        with at_boot() as guest:
            status, said = run(guest, "--early", *options)
            assert status == 0 and "no gate is wanted" in said, said
            assert not [p for p in guest.simulator.writes() if p.startswith("sys/bus")]


def test_a_crash_dump_is_let_be():
    def by_file(root):
        with open(os.path.join(root, "proc/vmcore"), "w", encoding="utf-8"):
            pass

    def by_command_line(root):
        with open(os.path.join(root, "proc/cmdline"), "w", encoding="utf-8") as f:
            f.write("quiet elfcorehdr=0x1000000\n")
    for mark in by_file, by_command_line:
        with at_boot() as guest:
            mark(guest.simulator.root)
            status, said = run(guest, "--early")
            assert status == 0 and "crash dump" in said, said
            guest.bus.start()
            guest.cvmd.start()
            assert guest.property("Gate") == "off"
            assert AUTOPROBE not in guest.simulator.writes()


def read_process(pid, name):
    """A file of a process; nothing of one that is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/{name}", encoding="utf-8") as f:
        return f.read()
    return ""


def worker(guest):
    """The process that holds the state folder; None while there is none."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        command = read_process(pid, "cmdline").split("\0")
        if guest.cvmd.state in " ".join(command) and "--early" in command and read_process(pid, "comm").strip() == "cvmd":
            return int(pid)
    return None


def test_in_the_background_it_is_started_again():
    with at_boot() as guest:
        environment = {**os.environ}
        environment.pop("NOTIFY_SOCKET", None)
        with open(guest.cvmd.log_path, "ab") as log:
            done = subprocess.run(guest.cvmd.arguments("--early", "--background"), stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, timeout=PATIENCE, env=environment, check=False)
        assert done.returncode == 0
        assert is_closed(guest)
        first = worker(guest)
        os.kill(first, signal.SIGKILL)
        wait_for("another one", lambda: worker(guest) not in (None, first))
        load_drivers(guest)
        wait_bound(guest, NETWORK, "hv_netvsc")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert run(guest, "--handover", new_root(guest))[0] == 0
        wait_for("the end", lambda: worker(guest) is None)
        status, said = run(guest, "--early")
        assert status == 0 and "the initrd is over" in said, said


def test_in_the_background_a_failure_is_told_in_front():
    with at_boot() as guest:
        os.mkdir(guest.cvmd.state)
        os.mkdir(os.path.join(guest.cvmd.state, "lock"))
        assert run(guest, "--early", "--background")[0] == 1
        os.rmdir(os.path.join(guest.cvmd.state, "lock"))


def test_everything_is_given_back_on_demand():
    with Guest("snp-openhcl", gate=True) as guest:
        guest.cvmd.start()
        status, said = run(guest, "--release")
        assert status == 1 and "another cvmd is running" in said, said
        guest.simulator.offer_class("network", instance="f8b3781a-1e82-4818-a1c3-000000000001", relid=60, flags=PLAIN)
        guest.wait_verdict("f8b3781a-1e82-4818-a1c3-000000000001", "blocked")
        assert guest.cvmd.stop() == 0
        guest.simulator.reoffer(instance=NETWORK, relid=61, flags=CONFIDENTIAL)
        assert guest.simulator.driver(NETWORK) is None
        assert run(guest, "--release")[0] == 0
        assert not is_closed(guest)
        for instance in NETWORK, PLAIN_NETWORK, "f8b3781a-1e82-4818-a1c3-000000000001":
            assert guest.simulator.driver(instance) == "hv_netvsc"
            assert guest.simulator.device(instance, "driver_override") == "(null)"


def test_the_gate_alone_is_given_back_on_demand():
    with Guest("snp-openhcl", gate=True) as guest:
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        status, said = run(guest, "--release=gate")
        assert status == 1 and "another cvmd is running" in said, said
        assert guest.cvmd.stop() == 0
        assert is_closed(guest)
        guest.simulator.misbehave(how="lie", path=AUTOPROBE)
        status, said = run(guest, "--release=gate")
        assert status == 1 and "still is 0" in said, said
        guest.simulator.behave()
        assert run(guest, "--release=gate")[0] == 0
        assert not is_closed(guest)
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.cvmd.start()  # who comes back holds what it held, and closes it again
        wait_for("the gate", lambda: is_closed(guest))
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_what_cannot_be_given_back_is_told():
    with Guest("snp-openhcl", gate=True) as guest:
        guest.cvmd.start()
        assert guest.cvmd.stop() == 0
        guest.simulator.misbehave(how="lie", path=AUTOPROBE)
        status, said = run(guest, "--release")
        assert status == 1 and "not everything could be given back" in said and "still is 0" in said, said


main(globals())
