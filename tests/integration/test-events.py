#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host, the kernel and others do while cvmd runs."""

import signal

from harness import CONFIDENTIAL, DISK, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main

NEW = "f8615163-0000-1000-2000-000d3a000001"
OTHER = "f8615163-0000-1000-2000-000d3a000002"


def test_a_blocked_device_offered_again_is_blocked_again():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for relid in 40, 41:
            guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=relid, flags=PLAIN)
            wait_for("blocked again", lambda: guest.simulator.is_blocked(PLAIN_NETWORK))
            wait_for("the verdict", lambda: guest.devices()[PLAIN_NETWORK]["RelId"] == relid and
                     guest.verdicts()[PLAIN_NETWORK] == "blocked")


def test_one_that_comes_back_confidential_is_allowed():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=40, flags=CONFIDENTIAL)
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.driver(PLAIN_NETWORK) == "hv_netvsc"
        assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "(null)"


def test_one_that_comes_back_plain_is_blocked():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK)


def test_a_new_device_is_judged():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")
        assert guest.simulator.is_blocked(NEW)


def test_what_comes_is_judged_before_all_is_looked_at():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        before = guest.counters()["arrivals"]
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")
        assert guest.counters()["arrivals"] > before, guest.counters()


def test_what_comes_is_judged_by_its_numbers_where_a_rule_asks_for_them():
    for match in {"vendor": "0x1414"}, {"class": "network", "not": {"vendor": "0x0000"}}:
        by_number = {"version": 1, "mode": "enforce", "rules": [{"id": "number", "match": match, "action": "allow"}]}
        with Guest("snp-compliant", policy=by_number) as guest:
            guest.cvmd.start()
            before = guest.counters()
            guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
            guest.wait_verdict(NEW, "allowed")
            assert guest.counters()["arrivals"] > before["arrivals"], guest.counters()
            assert guest.counters()["actions"] == before["actions"], guest.counters()


def test_what_comes_while_another_that_came_is_blocked():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        before = guest.counters()["actions"]
        guest.simulator.misbehave(how="hang", path=f"*/{NEW}/driver_override", times=1,
                                  offer={"instance": OTHER, "class": "network", "relid": 51, "flags": PLAIN})
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.wait_verdict(OTHER, "blocked")
        guest.simulator.behave()
        guest.wait_verdict(NEW, "blocked")
        assert guest.counters()["actions"] == before + 2, guest.counters()  # it was not taken for a new one


def test_what_comes_with_a_mount_waits_for_a_look_at_all():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        before = guest.counters()["arrivals"]
        guest.cvmd.process.send_signal(signal.SIGSTOP)
        guest.simulator.put(path="proc/self/mountinfo", text="99 1 8:99 / /srv rw - ext4 /dev/sdz rw\n")
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.cvmd.process.send_signal(signal.SIGCONT)
        guest.wait_verdict(NEW, "blocked")
        assert guest.counters()["arrivals"] == before, guest.counters()


def test_what_goes_is_not_in_the_way_of_what_comes():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        before = guest.counters()
        guest.cvmd.process.send_signal(signal.SIGSTOP)
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        guest.simulator.offer_class("network", instance=NEW, relid=50, flags=PLAIN)
        guest.simulator.rescind(instance=NETWORK)
        guest.cvmd.process.send_signal(signal.SIGCONT)
        guest.wait_verdict(NEW, "blocked")
        wait_for("both gone", lambda: not {PLAIN_NETWORK, NETWORK} & set(guest.verdicts()))
        assert guest.counters()["arrivals"] == before["arrivals"] + 1, guest.counters()
        assert guest.counters()["actions"] == before["actions"] + 1, guest.counters()  # none for what is gone


def test_a_relid_that_is_used_again_waits_for_a_look_at_all():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        before, relid = guest.counters(), guest.devices()[PLAIN_NETWORK]["RelId"]
        guest.cvmd.process.send_signal(signal.SIGSTOP)
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        guest.simulator.offer_class("network", instance=NEW, relid=relid, flags=CONFIDENTIAL)
        guest.cvmd.process.send_signal(signal.SIGCONT)
        guest.wait_verdict(NEW, "allowed")
        assert guest.counters()["arrivals"] == before["arrivals"], guest.counters()
        assert guest.counters()["actions"] == before["actions"], guest.counters()
        assert PLAIN_NETWORK not in guest.verdicts()


def test_one_that_went_and_came_is_another_one():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        guest.cvmd.process.send_signal(signal.SIGSTOP)
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        guest.simulator.offer_class("network", instance=PLAIN_NETWORK, relid=40, flags=PLAIN)
        guest.simulator.rescind(instance=NETWORK)
        guest.cvmd.process.send_signal(signal.SIGCONT)
        wait_for("blocked again", lambda: guest.simulator.is_blocked(PLAIN_NETWORK) and
                 guest.devices()[PLAIN_NETWORK]["RelId"] == 40)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")


def test_a_device_that_goes_is_forgotten():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        wait_for("gone", lambda: PLAIN_NETWORK not in guest.verdicts())
        wait_for("compliant", lambda: guest.property("State") == "compliant")


def test_a_plain_sub_channel_makes_a_device_violate():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        guest.simulator.add_channel(instance=NETWORK, relid=60, sub=4, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        device = guest.devices()[NETWORK]
        assert device["Ring"] == "plain" and "channel 60" in device["Reason"], device


def test_a_confidential_sub_channel_changes_nothing():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        guest.simulator.add_channel(instance=NETWORK, relid=60, sub=4, flags=CONFIDENTIAL)
        wait_for("seen", lambda: 60 in [c[0] for c in guest.devices()[NETWORK]["Channels"]])
        assert guest.verdicts()[NETWORK] == "allowed"
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_a_channel_that_no_probe_sees_is_a_violation():
    with Guest("snp-compliant") as guest:
        guest.cvmd.start()
        guest.simulator.add_channel(instance=NETWORK, relid=60, sub=4)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.devices()[NETWORK]["Ring"] == "unknown"


def test_a_driver_that_comes_late_does_not_bind_what_is_blocked():
    with Guest("snp-openhcl") as guest:
        guest.simulator.unregister_driver(driver="hv_netvsc")
        guest.cvmd.start()
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        guest.simulator.register_driver(driver="hv_netvsc")
        wait_for("the other one bound", lambda: guest.devices()[NETWORK]["Bound"])
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.verdicts()[NETWORK] == "allowed"


def test_what_somebody_binds_again_is_blocked_again():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        signals = guest.signals()
        override = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"
        for times in 1, 2, 3:
            assert guest.simulator.write(path=override, text="\n") == 0
            assert guest.simulator.write(path="sys/bus/vmbus/drivers/hv_netvsc/bind", text=PLAIN_NETWORK) == 0
            wait_for("blocked again", lambda: guest.simulator.is_blocked(PLAIN_NETWORK))
            told = signals.wait("rebound", lambda m, n=times: m["member"] == "DeviceRebound" and
                                m["payload"]["data"][3] == n)
            assert told["payload"]["data"][1:3] == [PLAIN_NETWORK, "hv_netvsc"], told
            guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert guest.counters()["rebounds"] == 3
        assert "rebound" in [d["event"] for d in guest.cvmd.decisions()]


def test_lost_events_mean_a_rescan():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.mute(on=True)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.simulator.mute(on=False)
        guest.simulator.lose()
        guest.wait_verdict(NETWORK, "blocked")
        counters = guest.counters()
        assert counters["rescans"] >= 1 and counters["receive-errors"] >= 1, counters


def test_after_a_loss_blocks_are_confirmed():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        # no event ever tells of this, and the driver link does not show it
        guest.simulator.write(path=f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override", text="\n")
        assert not guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.simulator.lose()
        wait_for("the override is back", lambda: guest.simulator.is_blocked(PLAIN_NETWORK))


def test_events_arrive_again_after_a_loss():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.lose()
        wait_for("subscribed again", guest.simulator.subscribers)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")


def test_a_forged_event_is_ignored_and_counted():
    forged = ["libudev\0\xfe\xed\xca\xfe", "add@/devices/x\0ACTION=remove\0DEVPATH=/devices/x\0SEQNUM=1\0", "add@",
              f"add@/devices/{NETWORK}\0ACTION=add\0DEVPATH=/devices/{NETWORK}\0SUBSYSTEM=vmbus\0"]
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        before = guest.cvmd.decisions()
        for text in forged:
            guest.simulator.send_raw(text=text)
        wait_for("counted", lambda: guest.counters()["uevents-forged"] == len(forged))
        assert guest.cvmd.decisions() == before
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")


def test_an_event_storm_ends_in_the_right_state():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for relid in range(100, 160):
            guest.simulator.reoffer(instance=HEARTBEAT, relid=relid, flags=CONFIDENTIAL)
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=200, flags=PLAIN)
        wait_for("the last offer blocked", lambda: guest.simulator.is_blocked(PLAIN_NETWORK) and
                 guest.verdicts().get(PLAIN_NETWORK) == "blocked")
        wait_for("the last heartbeat", lambda: guest.devices()[HEARTBEAT]["RelId"] == 159)
        guest.wait_verdict(HEARTBEAT, "allowed")
        assert guest.simulator.driver(DISK) == "hv_storvsc"


main(globals())
