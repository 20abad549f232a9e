#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From start to the first judgement, on every fixture and every kind of kernel."""

import os

from harness import DEFAULT, DISK, HEARTBEAT, NETWORK, PLAIN_NETWORK, Guest, wait_for
from tap import main

DYNAMIC_EVENTS = "sys/kernel/tracing/dynamic_events"
INSTANCE = "sys/kernel/tracing/instances/cvmd/trace"


def test_what_crosses_plain_channels_is_blocked():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        verdicts = guest.verdicts()
        assert verdicts.pop(PLAIN_NETWORK) == "blocked", verdicts
        assert set(verdicts.values()) == {"allowed"}, verdicts
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"
        assert guest.property("State") == "compliant"


def test_a_block_takes_links_down_and_overrides_before_it_unbinds():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        written = [path for path in guest.simulator.writes() if "tracing" not in path]
        assert written == [f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/net/eth1/flags",
                           f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override",
                           "sys/bus/vmbus/drivers/hv_netvsc/unbind"], written


def test_facts_come_from_the_probe():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        devices = guest.devices()
        assert guest.property("ProbeMethod") == "fprobe"
        assert [devices[PLAIN_NETWORK][k] for k in ("Ring", "DMA", "Source", "RelId", "Class")] == \
            ["plain", "plain", "kernel-probe", 8, "network"], devices[PLAIN_NETWORK]
        assert devices[NETWORK]["Ring"] == "confidential"
        assert [c[0] for c in devices[NETWORK]["Channels"]] == [7, 17, 18, 19], devices[NETWORK]


def test_a_compliant_guest_is_left_alone():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        assert set(guest.verdicts().values()) == {"allowed"}
        assert guest.property("State") == "compliant"
        assert not [p for p in guest.simulator.writes() if p.startswith("sys/bus")]


def test_what_the_system_stands_on_is_protected():
    with Guest("snp-root-plain") as guest:
        guest.cvmd.start()
        assert guest.verdicts()[DISK] == "protected"
        reason = guest.devices()[DISK]["Reason"]
        assert reason.endswith("a mount depends on it"), reason  # which one is not for everybody
        assert guest.simulator.driver(DISK) == "hv_storvsc"
        assert guest.property("State") == "violating"


def test_without_confidential_vmbus_the_connection_proves_it():
    with Guest("snp-no-cvmbus") as guest:
        guest.cvmd.start()
        device = guest.devices()[NETWORK]
        assert (device["Ring"], device["Source"], device["Verdict"]) == ("plain", "connection", "blocked"), device
        assert guest.verdicts()[HEARTBEAT] == "allowed"


def test_tdx_is_judged_alike():
    with Guest("tdx-openhcl") as guest:
        guest.cvmd.start()
        assert guest.property("IsolationType") == "tdx"
        assert guest.property("State") == "compliant"


def test_without_isolation_no_policy_applies():
    for fixture in "hyperv-plain", "not-hyperv":
        with Guest(fixture, policy={"version": 1, "mode": "enforce", "default": {"action": "block"}}) as guest:
            guest.cvmd.start()
            assert guest.property("State") == "not-applicable", fixture
            assert not [p for p in guest.simulator.writes() if p.startswith("sys/bus")]


def test_a_guest_that_is_not_what_is_expected_fails():
    with Guest("hyperv-plain") as guest:
        guest.cvmd.start()
        assert guest.property("State") == "failed"


def test_the_shipped_default_only_reports():
    with Guest("snp-openhcl", policy=DEFAULT) as guest:
        guest.cvmd.start()
        assert guest.property("Mode") == "audit"
        assert guest.verdicts()[PLAIN_NETWORK] == "violating"
        assert guest.property("State") == "unprotected"
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"


def test_a_kernel_without_fprobe_has_kprobes():
    with Guest("snp-openhcl", simulator=["--no-fprobe"]) as guest:
        guest.cvmd.start()
        assert guest.property("ProbeMethod") == "kprobe"
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert guest.verdicts()[NETWORK] == "allowed"


def test_what_cannot_be_known_is_a_violation_and_said():
    for option in "--no-tracefs", "--lockdown":
        with Guest("snp-openhcl", simulator=[option]) as guest:
            guest.cvmd.start()
            device = guest.devices()[NETWORK]
            assert guest.property("ProbeMethod") == "none"
            assert (device["Ring"], device["Verdict"]) == ("unknown", "blocked"), device
            assert guest.devices()[DISK]["Verdict"] == "protected"
            assert any("trac" in w for w in guest.property("Warnings")), guest.property("Warnings")


def test_nothing_is_left_in_tracefs():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.simulator.read(DYNAMIC_EVENTS) != ""
        assert guest.cvmd.stop() == 0
        assert guest.simulator.read(DYNAMIC_EVENTS) == ""
        assert guest.simulator.read(INSTANCE) is None


def test_what_a_killed_run_left_in_tracefs_is_taken_over():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.cvmd.kill()
        assert guest.simulator.read(INSTANCE) is not None
        guest.cvmd.start()
        assert guest.devices()[NETWORK]["Source"] == "kernel-probe"
        assert guest.cvmd.stop() == 0
        assert guest.simulator.read(DYNAMIC_EVENTS) == ""
        assert guest.simulator.read(INSTANCE) is None


def test_an_event_that_somebody_removed_is_armed_again():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.remove_probe_events()
        guest.bus.manager("Rescan")
        wait_for("the event armed again", lambda: guest.simulator.read(DYNAMIC_EVENTS))
        wait_for("facts from the probe", lambda: guest.devices()[NETWORK]["Source"] == "kernel-probe")
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_descriptors_that_were_closed_stay_unused():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.wrapper = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        guest.cvmd.start()
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        for fd in "0", "1", "2":
            assert os.readlink(f"/proc/{guest.cvmd.process.pid}/fd/{fd}") == "/dev/null"
        assert os.path.getsize(os.path.join(guest.cvmd.state, "lock")) == 0


main(globals())
