#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel that refuses, lies, hangs, or whose device goes at the worst moment."""

import errno
import json
import os
import subprocess

from harness import CONFIDENTIAL, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, Guest, Skip, wait_for
from tap import main

OVERRIDE = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
UNBIND = "sys/bus/vmbus/drivers/hv_netvsc/unbind"
PROBE = "sys/bus/vmbus/drivers_probe"
WORKERS_MAX = 16  # at work and not known to hang, as in daemon/worker.h


OFFERED = "f8615163-0000-1000-2000-000d3a000160"
FLAGS = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/net/eth1/flags"
UP = 0x1


def test_a_link_goes_down_before_its_driver():
    with Guest("snp-openhcl") as guest:
        assert int(guest.simulator.read(FLAGS), 16) & UP
        guest.simulator.misbehave(how="hang", path=UNBIND)
        guest.cvmd.start()
        assert not int(guest.simulator.read(FLAGS), 16) & UP
        assert [p for p in guest.simulator.writes() if p.startswith("sys/bus")] == [FLAGS, OVERRIDE, UNBIND]
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_a_link_that_stays_up_stops_no_block():
    for misbehaviour in {"how": "fail", "errno": "EBUSY"}, {"how": "lie"}:
        with Guest("snp-openhcl") as guest:
            guest.simulator.misbehave(path=FLAGS, **misbehaviour)
            guest.cvmd.start()
            assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
            assert guest.simulator.is_blocked(PLAIN_NETWORK)
            assert "eth1 is still up" in guest.cvmd.log()


def test_a_link_whose_end_hangs_is_told():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=FLAGS)
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def assert_fails_then_recovers(misbehaviour, reason):
    """The device is failed and says why, the others are as ever, and it is blocked once the kernel obeys."""
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(**misbehaviour)
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        device = guest.devices()[PLAIN_NETWORK]
        assert reason in device["Reason"], device["Reason"]
        assert guest.property("State") == "failed"
        assert guest.verdicts()[NETWORK] == "allowed"
        assert guest.counters()["actions-failed"] >= 1
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.property("State") == "compliant"


def test_an_unbind_that_fails():
    assert_fails_then_recovers({"how": "fail", "path": UNBIND, "errno": "EBUSY"}, "unbinding from hv_netvsc")


def test_an_unbind_that_lies():
    assert_fails_then_recovers({"how": "lie", "path": UNBIND}, "driver hv_netvsc is still bound")


def test_an_override_that_fails():
    assert_fails_then_recovers({"how": "fail", "path": OVERRIDE, "errno": "EIO"}, "driver_override")


def test_an_override_that_lies():
    assert_fails_then_recovers({"how": "lie", "path": OVERRIDE}, "driver_override does not hold")


def test_an_unbind_that_hangs_holds_nobody_up():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=UNBIND)
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] in ("pending", "failed")
        assert guest.property("State") != "compliant"
        # the bus answers, and another device is dealt with meanwhile
        guest.simulator.reoffer(instance=HEARTBEAT, relid=40, flags=CONFIDENTIAL)
        wait_for("the heartbeat judged", lambda: guest.devices()[HEARTBEAT]["RelId"] == 40 and
                 guest.verdicts()[HEARTBEAT] == "allowed")
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        assert "not answered" in guest.devices()[PLAIN_NETWORK]["Reason"]
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_one_hanging_device_does_not_keep_another_bound():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=OVERRIDE)
        guest.cvmd.start()
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK)
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_a_helper_that_hangs_has_company_in_vain():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=UNBIND)
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        for _ in range(3):
            guest.bus.manager("Rescan")
        assert len(guest.simulator.hanging()) == 1, guest.simulator.hanging()


def test_a_hanging_helper_is_adopted():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=UNBIND, times=1)
        guest.cvmd.start()
        guest.cvmd.kill()
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] in ("pending", "failed")
        assert len(guest.simulator.hanging()) == 1, "one helper for one device"
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_stop_does_not_wait_for_what_hangs():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=UNBIND)
        guest.cvmd.start()
        assert guest.cvmd.stop() == 0
        assert len(guest.simulator.hanging()) == 1


def test_a_device_that_vanishes_while_it_is_blocked():
    for path in OVERRIDE, UNBIND:
        with Guest("snp-openhcl") as guest:
            guest.simulator.misbehave(how="vanish", path=path, instance=PLAIN_NETWORK, times=1)
            guest.cvmd.start()
            wait_for("gone", lambda: PLAIN_NETWORK not in guest.verdicts())
            assert guest.property("State") == "compliant"
            guest.simulator.offer_class("network", instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
            guest.wait_verdict(PLAIN_NETWORK, "blocked")
            assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_release_that_fails_is_told_and_tried_again():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="fail", path=OVERRIDE, errno="EIO")
        guest.bus.decide("Allow", PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_a_probe_write_that_hangs_does_not_undo_a_release():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="hang", path=PROBE)
        guest.bus.decide("Allow", PLAIN_NETWORK)
        wait_for("the helper at its write", guest.simulator.hanging)
        guest.wait_verdict(PLAIN_NETWORK, "failed")
        guest.simulator.behave()
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_a_full_disk_stops_no_block():
    with Guest("snp-openhcl") as guest:
        mount = 'mkdir -p "$0" && mount -t tmpfs -o size=64k none "$0" && exec "$@"'
        in_small_folder = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, guest.cvmd.state]
        if subprocess.run(in_small_folder + ["true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            raise Skip("no namespaces to mount a small folder in")
        arguments = guest.cvmd.arguments()
        guest.cvmd.arguments = lambda *more: in_small_folder + arguments + list(more)
        guest.cvmd.start()
        state = f"/proc/{guest.cvmd.process.pid}/root{guest.cvmd.state}"
        try:
            with open(state + "/filler", "wb", buffering=0) as filler:
                while filler.write(b"x" * 512):
                    pass
        except OSError as e:
            assert e.errno == errno.ENOSPC, e
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK)
        assert "No space left" in guest.cvmd.log()
        os.unlink(state + "/filler")
        guest.simulator.reoffer(instance=NETWORK, relid=41, flags=CONFIDENTIAL)
        guest.wait_verdict(NETWORK, "allowed")
        with open(state + "/decisions.log", encoding="utf-8") as f:
            assert json.loads(f.readlines()[-1])["instance"] == NETWORK


def test_an_attribute_that_cannot_be_read_for_a_moment_changes_nothing():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        verdicts, decisions = guest.verdicts(), guest.cvmd.decisions()
        for instance in NETWORK, PLAIN_NETWORK:
            for attribute in "id", "class_id", "device_id":
                path = f"sys/bus/vmbus/devices/{instance}/{attribute}"
                text = guest.simulator.read(path)
                guest.simulator.fail_read(path=path)
                guest.bus.manager("Rescan")
                assert any(attribute in w for w in guest.property("Warnings"))
                guest.simulator.put(path=path, text=text + "\n")
                guest.bus.manager("Rescan")
                assert guest.verdicts() == verdicts, (instance, attribute)
        assert guest.cvmd.decisions() == decisions
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"
        guest.bus.decide("Allow", PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "(null)", "what was there was not forgotten"


def test_an_attribute_that_cannot_be_read_for_long_is_a_violation():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        path = f"sys/bus/vmbus/devices/{NETWORK}/class_id"
        text = guest.simulator.read(path)
        guest.simulator.fail_read(path=path)
        guest.bus.manager("Rescan")
        guest.wait_verdict(NETWORK, "blocked")
        guest.simulator.put(path=path, text=text + "\n")
        guest.wait_verdict(NETWORK, "allowed")  # without any event
        wait_for("bound", lambda: guest.simulator.driver(NETWORK) == "hv_netvsc")


def test_a_class_that_changes_changes_no_verdict():
    timesync = "9527e630-d0ae-497b-adce-e80ab0175caf"
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=OFFERED, relid=60, flags=PLAIN)
        guest.wait_verdict(OFFERED, "blocked")
        guest.simulator.put(path=f"sys/bus/vmbus/devices/{OFFERED}/class_id", text="{%s}\n" % timesync)
        guest.bus.manager("Rescan")
        assert guest.verdicts()[OFFERED] == "blocked"
        assert guest.devices()[OFFERED]["Class"] == "network"
        assert any("another class" in w for w in guest.property("Warnings"))
        assert guest.simulator.is_blocked(OFFERED)


def test_more_hanging_devices_than_helpers():
    instances = [f"f8615163-0000-1000-2000-000d3a0001{n:02x}" for n in range(WORKERS_MAX + 4)]
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="hang", path=UNBIND, times=len(instances))
        guest.simulator.batch(orders=[{"do": "offer", "class": "network", "instance": instance, "relid": 100 + n,
                                       "flags": PLAIN} for n, instance in enumerate(instances)])
        wait_for("all given up", lambda: set(map(guest.verdicts().get, instances)) == {"failed"})
        assert len(guest.simulator.hanging()) == len(instances), "one each"
        guest.simulator.offer_class("network", instance=OFFERED, relid=60, flags=PLAIN)
        guest.wait_verdict(OFFERED, "blocked")
        assert guest.simulator.is_blocked(OFFERED), "those that hang are in nobody's way"
        assert guest.verdicts()[NETWORK] == "allowed" and guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert guest.property("State") == "failed"
        guest.simulator.behave()
        wait_for("all blocked", lambda: {guest.verdicts()[i] for i in instances} == {"blocked"})
        assert all(map(guest.simulator.is_blocked, instances))
        assert guest.property("State") == "compliant"


def test_what_an_adopted_helper_leaves_is_taken_back():
    with Guest("snp-openhcl") as guest:
        guest.simulator.misbehave(how="hang", path=FLAGS, times=1)  # before anything is noted
        guest.cvmd.launch()
        wait_for("the helper at its write", guest.simulator.hanging)
        guest.cvmd.kill()
        guest.write_policy({"version": 1, "mode": "enforce", "default": {"action": "allow"}})
        guest.cvmd.start()
        guest.simulator.behave()
        wait_for("allowed, and bound", lambda: guest.verdicts()[PLAIN_NETWORK] == "allowed" and
                 guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc" and
                 guest.simulator.device(PLAIN_NETWORK, "driver_override") == "(null)" and
                 guest.counters()["actions"] >= 2)


def test_notes_that_cannot_be_written_stop_no_block():
    with Guest("snp-openhcl") as guest:
        in_own_mounts = ["unshare", "--user", "--map-root-user", "--mount"]
        if subprocess.run(in_own_mounts + ["true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            raise Skip("no namespaces to mount in")
        arguments = guest.cvmd.arguments()
        guest.cvmd.arguments = lambda *more: in_own_mounts + arguments + list(more)
        guest.cvmd.start()

        def there(*command):
            subprocess.run(["nsenter", "--target", str(guest.cvmd.process.pid), "--user", "--mount", *command], check=True)

        folders = [entry.path for entry in os.scandir(guest.cvmd.state) if entry.is_dir()]
        assert folders
        for folder in folders:  # the log beside them is open for writing, so that nothing above can be read-only
            there("mount", "--bind", folder, folder)
            there("mount", "-o", "remount,bind,ro", folder)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK)
        assert "Read-only file system" in guest.cvmd.log()
        for folder in folders:
            there("umount", folder)
        guest.simulator.reoffer(instance=NETWORK, relid=41, flags=CONFIDENTIAL)
        guest.wait_verdict(NETWORK, "allowed")
        wait_for("its driver", lambda: guest.simulator.driver(NETWORK) == "hv_netvsc")


main(globals())
