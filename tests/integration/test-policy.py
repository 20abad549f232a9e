#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Policies that come, change and break while cvmd runs."""

import json
import os

from harness import DISK, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, STRICT, Guest, wait_for
from tap import main

ALLOW_ALL = {"version": 1, "mode": "enforce", "default": {"action": "allow"}}
NO_HEARTBEAT = {
    "version": 1,
    "mode": "enforce",
    "rules": [{"id": "quiet", "match": {"class": "heartbeat"}, "action": "block"}],
    "default": {"action": "allow"},
}
BROKEN = {
    "unknown key": ('{\n  "version": 1,\n  "ruels": []\n}\n', ":3:3: ", "rules"),
    "cut": ('{\n  "version": 1,\n', ":", ""),
    "duplicate id": ('{"version": 1, "rules": [\n{"id": "a", "match": {}, "action": "allow"},\n'
                     '{"id": "a", "match": {}, "action": "block"}]}\n', ":3:", "\"a\""),
    "no version": ('{"default": {"action": "allow"}}\n', ":", "version"),
    "not JSON": ("hello\n", ":1:1: ", ""),
}


def test_a_reload_by_method_acts_at_once():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        digest = guest.property("PolicyDigest")
        guest.write_policy(NO_HEARTBEAT)
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        guest.wait_verdict(HEARTBEAT, "blocked")
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.is_blocked(HEARTBEAT)
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc", "what is allowed now is released"
        assert guest.property("PolicyDigest") != digest


def test_a_reload_by_signal_tells_the_service_manager():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.write_policy(ALLOW_ALL)
        guest.cvmd.reload_by_signal()
        told = guest.cvmd.wait_notified("RELOADING=1")
        assert any(line.startswith("MONOTONIC_USEC=") for line in told), told
        guest.cvmd.wait_notified("READY=1")
        guest.wait_verdict(PLAIN_NETWORK, "allowed")


def test_what_a_policy_can_hardly_mean_is_told_while_it_is_in_force():
    rule = {"match": {"class": "network"}, "action": "audit"}
    odd = {**ALLOW_ALL, "expect": {}, "rules": [{"id": name, **rule} for name in "abcdef"]}  # five that can never match
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.write_policy(odd)
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        told = [w for w in guest.property("Warnings") if w.startswith("policy: ")]
        assert len(told) == 4 and 'rule "b" can never match' in told[0] and told[3] == "policy: 2 more warnings: cvmctl policy check shows them", told
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        assert all(guest.cvmd.log().count(w) == 1 for w in told), "each is told once in the journal"
        status, out, _ = guest.cvmctl("status")
        assert all(f"warning: {w}\n" in out for w in told), out
        offline = ["--snapshot", guest.fixture, "--policy", guest.policy, "status"]
        assert len([line for line in guest.cvmctl(*offline, bus=False)[1].splitlines() if line.startswith("warning: policy: ")]) == 4
        guest.write_policy({**ALLOW_ALL, "expect": {}})
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        assert not any(w.startswith("policy: ") for w in guest.property("Warnings"))


def test_a_broken_policy_changes_nothing_and_says_where():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        digest = guest.property("PolicyDigest")
        for what, (text, place, word) in BROKEN.items():
            guest.write_policy_text(text)
            assert guest.bus.manager("Reload") is None, what
            assert "50-site.json" + place in guest.bus.error and word in guest.bus.error, f"{what}: {guest.bus.error}"
            assert guest.property("PolicyDigest") == digest, what
            assert guest.verdicts()[PLAIN_NETWORK] == "blocked", what
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert any("50-site.json" in w for w in guest.property("Warnings")), guest.property("Warnings")
        guest.write_policy(STRICT)
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        assert not any("50-site.json" in w for w in guest.property("Warnings")), guest.property("Warnings")


def test_a_broken_policy_at_start_leaves_the_last_good_one():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        digest = guest.property("PolicyDigest")
        guest.cvmd.stop()
        guest.write_policy_text("{")
        guest.cvmd.start()
        assert guest.property("PolicyDigest") == digest
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert any("the last good one" in w for w in guest.property("Warnings")), guest.property("Warnings")


def test_a_broken_policy_at_the_first_start_leaves_the_built_in_one():
    with Guest("snp-openhcl") as guest:
        guest.write_policy_text("{")
        guest.cvmd.start()
        assert guest.property("PolicyBuiltIn")
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert guest.simulator.driver(DISK) == "hv_storvsc"
        assert "50-site.json:1:" in guest.cvmd.log()


def test_a_policy_that_others_can_write_is_refused():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.write_policy(ALLOW_ALL)
        os.chmod(guest.policy, 0o666)
        assert guest.bus.manager("Reload") is None
        assert "50-site.json" in guest.bus.error, guest.bus.error
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_policy_that_leads_out_of_its_folder_is_refused():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        elsewhere = os.path.join(guest.simulator.root, "elsewhere.json")
        with open(elsewhere, "w", encoding="utf-8") as f:
            json.dump(ALLOW_ALL, f)
        os.unlink(guest.policy)
        os.symlink("/elsewhere.json", guest.policy)
        assert guest.bus.manager("Reload") is None
        assert "50-site.json" in guest.bus.error, guest.bus.error
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_the_first_file_wins():
    with Guest("snp-openhcl", policy=ALLOW_ALL) as guest:
        shipped = os.path.join(guest.simulator.root, "usr/lib/cvmd/policy.d")
        os.makedirs(shipped)
        with open(STRICT, encoding="utf-8") as strict, \
                open(os.path.join(shipped, "10-first.json"), "w", encoding="utf-8") as f:
            f.write(strict.read())
        guest.cvmd.start()
        assert guest.property("PolicyFiles") == ["/usr/lib/cvmd/policy.d/10-first.json",
                                                 "/etc/cvmd/policy.d/50-site.json"]
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"


def test_the_mode_of_the_kernel_command_line_wins():
    with Guest("snp-openhcl") as guest:
        os.makedirs(os.path.join(guest.simulator.root, "proc"), exist_ok=True)
        with open(os.path.join(guest.simulator.root, "proc/cmdline"), "w", encoding="utf-8") as f:
            f.write("root=/dev/sda1 cvmd.mode=audit quiet\n")
        guest.cvmd.start()
        assert (guest.property("Mode"), guest.property("ModeOverridden")) == ("audit", True)
        assert guest.verdicts()[PLAIN_NETWORK] == "violating"
        assert guest.property("State") == "unprotected"
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        assert "mode" in [d["event"] for d in guest.cvmd.decisions()]


def test_audit_keeps_what_was_blocked():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.cvmd.stop()
        guest.cvmd.start("--mode=audit")
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"
        guest.bus.decide("Allow", PLAIN_NETWORK)
        wait_for("released by hand", lambda: guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc")


def test_halt_isolates_and_blocks_nothing():
    policy = {"version": 1, "mode": "enforce", "default": {"action": "allow"}, "rules": [
        {"id": "never", "match": {"class": "network"}, "require": {"ring": "confidential"}, "on-violation": "halt"}]}
    with Guest("snp-openhcl", policy=policy) as guest:
        guest.cvmd.start()  # a simulated guest is not this machine, which goes on
        assert "the policy halts this guest" in guest.cvmd.log()
        assert "not powered off: this guest is not this machine" in guest.cvmd.log()
        flags = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/net/eth1/flags"
        assert [p for p in guest.simulator.writes() if p.startswith("sys/bus")] == [flags]
        assert not int(guest.simulator.read(flags), 16) & 1, "the link is down"
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        assert guest.property("State") == "violating"


def test_audit_never_halts():
    policy = {"version": 1, "mode": "audit", "default": {"action": "allow"}, "rules": [
        {"id": "never", "match": {"class": "network"}, "require": {"ring": "confidential"}, "on-violation": "halt"}]}
    with Guest("snp-openhcl", policy=policy) as guest:
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] == "violating"
        assert "halts this guest" not in guest.cvmd.log()
        assert not [p for p in guest.simulator.writes() if p.startswith("sys/bus")]


def test_a_plan_says_what_enforcing_would_do():
    with Guest("snp-root-plain") as guest:
        guest.cvmd.start("--mode=audit")
        plan = json.loads(guest.bus.manager("Plan")[0])
        assert plan["mode"] == "audit" and plan["steps"] == [], plan
        assert [(s["instance"], s["verb"]) for s in plan["protected"]] == [(DISK, "nothing")], plan
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        wait_for("seen", lambda: guest.devices()[NETWORK]["RelId"] == 40)
        step, = json.loads(guest.bus.manager("Plan")[0])["steps"]
        assert (step["verb"], step["instance"], step["driver"], step["rule"]) == \
            ("block", NETWORK, "hv_netvsc", "payload-private"), step
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_the_way_out_is_spared_in_any_order():
    networks = {"id": "networks", "match": {"class": "network"}, "action": "block"}
    policy = {"version": 1, "mode": "enforce", "protect": ["last-network"], "rules": [networks],
              "default": {"action": "allow"}}
    with Guest("snp-openhcl", policy=policy) as guest:
        def check(order):
            guest.wait_verdict(PLAIN_NETWORK, "blocked")
            assert guest.verdicts()[NETWORK] == "protected", order
            assert "it may be the last network" in guest.devices()[NETWORK]["Reason"], order
            assert guest.simulator.driver(NETWORK) == "hv_netvsc" and guest.simulator.is_blocked(PLAIN_NETWORK), order

        guest.cvmd.start()
        check("both at once")
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
        wait_for("the late one", lambda: guest.devices()[PLAIN_NETWORK]["RelId"] == 40)
        check("one late")
        guest.cvmd.stop()
        guest.cvmd.start()
        check("after a restart")
        assert not [p for p in guest.simulator.writes("driver_override") if NETWORK in p]


def test_root_stays_whatever_comes():
    late = "f8b3781c-1e82-4818-a1c3-63d806ec15bb"
    with Guest("snp-root-plain") as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("scsi", instance=late, relid=50, flags=PLAIN)
        guest.wait_verdict(late, "blocked")
        guest.simulator.reoffer(instance=NETWORK, relid=51, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.bus.manager("Reload") is not None, guest.bus.error
        guest.simulator.rescind(instance=late)
        wait_for("gone", lambda: late not in guest.verdicts())
        assert guest.verdicts()[DISK] == "protected"
        assert guest.simulator.driver(DISK) == "hv_storvsc"
        assert not [p for p in guest.simulator.writes("driver_override") if DISK in p]


main(globals())
