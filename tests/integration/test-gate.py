#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gate: no device has a driver before it was judged, and everything that may have one gets one."""

import os

from harness import CONFIDENTIAL, DISK, HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main

AUTOPROBE = "sys/bus/vmbus/drivers_autoprobe"
PROBE = "sys/bus/vmbus/drivers_probe"
LATE = "f8b3781a-1e82-4818-a1c3-000000000001"


def gated(fixture="snp-openhcl", **more):
    return Guest(fixture, gate=True, **more)


def is_closed(guest):
    return guest.simulator.read(AUTOPROBE) == "0"


def admissions(guest, instance):
    return len([text for _, path, text in guest.simulator.requests() if path == PROBE and text == instance])


def wait_bound(guest, instance, driver):
    wait_for(f"{instance} bound", lambda: guest.simulator.driver(instance) == driver)


def without_gate(guest):
    guest.gate = False
    guest.write_policy(os.path.join(os.path.dirname(__file__), "../../policy/examples/strict.json"))


def test_it_closes_before_cvmd_is_ready():
    with gated() as guest:
        guest.cvmd.start()
        assert is_closed(guest)
        assert guest.property("Gate") == "on"
        assert guest.property("State") == "compliant"
        assert guest.simulator.driver(NETWORK) == "hv_netvsc"


def test_only_where_it_is_wanted():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert guest.property("Gate") == "off"
        assert AUTOPROBE not in guest.simulator.writes()
    with gated() as guest:
        guest.cvmd.start("--mode=audit")
        assert guest.property("Gate") == "off"
        assert AUTOPROBE not in guest.simulator.writes()


def test_what_violates_is_never_bound():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=PLAIN)
        guest.wait_verdict(LATE, "blocked")
        assert guest.simulator.is_blocked(LATE)
        assert admissions(guest, LATE) == 0
        assert not [path for _, path, text in guest.simulator.requests() if path.endswith("/unbind") and text == LATE]
        guest.simulator.reoffer(instance=LATE, relid=61, flags=PLAIN)
        wait_for("blocked again", lambda: guest.simulator.is_blocked(LATE))
        assert admissions(guest, LATE) == 0


def test_what_complies_is_bound():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        guest.wait_verdict(LATE, "allowed")
        wait_bound(guest, LATE, "hv_netvsc")
        assert admissions(guest, LATE) == 1


def test_a_driver_that_comes_late_finds_its_device():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("kvp", instance=LATE, relid=60, flags=CONFIDENTIAL)
        guest.wait_verdict(LATE, "blocked")
        guest.simulator.rescind(instance=LATE)
        guest.simulator.unregister_driver(driver="hv_storvsc")
        guest.simulator.offer_class("scsi", instance=LATE, relid=61, flags=CONFIDENTIAL)
        guest.wait_verdict(LATE, "allowed")
        wait_for("a try", lambda: admissions(guest, LATE) == 1)
        assert guest.simulator.driver(LATE) is None
        guest.simulator.register_driver(driver="hv_storvsc")
        wait_bound(guest, LATE, "hv_storvsc")
        wait_bound(guest, DISK, "hv_storvsc")


def test_who_has_no_driver_is_not_tried_without_end():
    with gated() as guest:
        guest.simulator.unregister_driver(driver="hv_storvsc")
        guest.cvmd.start()
        guest.wait_verdict(DISK, "allowed")
        wait_for("one try", lambda: admissions(guest, DISK) == 1)
        for relid in range(70, 80):  # many reasons to look again
            guest.simulator.offer_class("heartbeat", instance=LATE, relid=relid, flags=CONFIDENTIAL)
            wait_bound(guest, LATE, "hv_utils")
            guest.simulator.rescind(instance=LATE)
        assert admissions(guest, DISK) == 1


def test_who_is_unbound_by_root_stays_so():
    with gated() as guest:
        guest.cvmd.start()
        assert guest.simulator.write(path="sys/bus/vmbus/drivers/hv_netvsc/unbind", text=NETWORK) == 0
        wait_for("it is seen", lambda: not guest.devices()[NETWORK]["Bound"])
        assert guest.simulator.driver(NETWORK) is None
        assert admissions(guest, NETWORK) == 0


def test_who_opens_it_finds_it_closed_again():
    with gated() as guest:
        guest.cvmd.start()
        assert guest.simulator.write(path=AUTOPROBE, text="1") == 0
        guest.bus.manager("Rescan")
        wait_for("closed again", lambda: is_closed(guest) and guest.property("Gate") == "on")
        assert "somebody opened the gate" in guest.cvmd.log()


def test_a_policy_without_it_opens_it():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=PLAIN)
        guest.simulator.unregister_driver(driver="hv_storvsc")
        guest.wait_verdict(LATE, "blocked")
        without_gate(guest)
        assert guest.bus.manager("Reload") == []
        wait_for("open", lambda: not is_closed(guest) and not os.path.exists(os.path.join(guest.cvmd.state, "gate")))
        assert guest.property("Gate") == "off"
        assert guest.simulator.is_blocked(LATE)
        guest.simulator.register_driver(driver="hv_storvsc")
        assert guest.simulator.driver(DISK) == "hv_storvsc"


def test_a_stop_and_a_kill_leave_it_closed():
    with gated() as guest:
        guest.cvmd.start()
        assert guest.cvmd.stop() == 0
        assert is_closed(guest)
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        assert guest.simulator.driver(LATE) is None
        guest.cvmd.start()
        wait_bound(guest, LATE, "hv_netvsc")
        guest.cvmd.kill()
        assert is_closed(guest)
        without_gate(guest)
        guest.simulator.reoffer(instance=LATE, relid=61, flags=CONFIDENTIAL)
        guest.cvmd.start()  # a policy that changed meanwhile: what waited gets its driver
        wait_bound(guest, LATE, "hv_netvsc")
        wait_for("open", lambda: not is_closed(guest))


def test_what_was_closed_before_us_stays_closed():
    with gated() as guest:
        assert guest.simulator.write(path=AUTOPROBE, text="0") == 0
        guest.cvmd.start()
        without_gate(guest)
        assert guest.bus.manager("Reload") == []
        wait_for("ours no more", lambda: not os.path.exists(os.path.join(guest.cvmd.state, "gate")))
        assert is_closed(guest)


def test_who_was_bound_before_is_told():
    with gated() as guest:
        guest.cvmd.start()
        wait_for("a warning", lambda: any("bound before the gate closed" in w for w in guest.property("Warnings")))
        status, out, _ = guest.cvmctl("status", "--json")
        assert status == 0 and '"gate":"on"' in out.replace(" ", ""), out


def test_a_write_that_fails_is_told_and_tried_again():
    with gated() as guest:
        guest.simulator.misbehave(how="fail", path=AUTOPROBE, times=2)
        guest.cvmd.start()
        wait_for("told", lambda: "close-gate: writing drivers_autoprobe" in guest.cvmd.log())
        wait_for("closed", lambda: is_closed(guest) and guest.property("Gate") == "on")
        assert not any("cannot be closed" in w for w in guest.property("Warnings"))
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_a_write_that_lies_is_told():
    with gated() as guest:
        guest.simulator.misbehave(how="lie", path=AUTOPROBE)
        guest.cvmd.start()
        wait_for("told", lambda: any("still is 1" in w for w in guest.property("Warnings")))
        assert guest.property("Gate") == "pending"
        assert "unjudged" in guest.cvmctl("status")[1]
        guest.simulator.behave()
        wait_for("closed", lambda: is_closed(guest) and guest.property("Gate") == "on")


def test_a_write_that_hangs_holds_nothing_up():
    with gated() as guest:
        guest.simulator.misbehave(how="hang", path=AUTOPROBE, times=1)
        guest.cvmd.start()
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.property("Gate") == "pending"
        wait_for("told", lambda: any("has not answered" in w for w in guest.property("Warnings")))
        guest.cvmd.kill()
        guest.cvmd.start()  # which adopts the helper
        guest.simulator.behave()
        wait_for("closed", lambda: is_closed(guest) and guest.property("Gate") == "on")


def test_an_admission_that_fails_is_told_and_tried_again():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="fail", path=PROBE, times=2)
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        wait_bound(guest, LATE, "hv_netvsc")
        guest.wait_verdict(LATE, "allowed")
        assert "admit: writing drivers_probe" in guest.cvmd.log()


def test_an_admission_that_hangs_holds_nothing_up():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="hang", path=PROBE, text=LATE, times=1)
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        guest.wait_verdict(LATE, "failed")
        guest.simulator.reoffer(instance=NETWORK, relid=61, flags=CONFIDENTIAL)
        wait_bound(guest, NETWORK, "hv_netvsc")
        guest.simulator.behave()
        wait_bound(guest, LATE, "hv_netvsc")
        guest.wait_verdict(LATE, "allowed")


def test_who_comes_again_while_a_helper_is_at_work_is_admitted():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="hang", path=PROBE, text=LATE, late=True, times=1)
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        wait_bound(guest, LATE, "hv_netvsc")  # and the helper has not been told
        guest.simulator.rescind(instance=LATE)
        wait_for("gone", lambda: LATE not in guest.verdicts())
        guest.simulator.offer_class("network", instance=LATE, relid=61, flags=CONFIDENTIAL)
        wait_for("seen again", lambda: LATE in guest.verdicts())
        guest.simulator.behave()
        wait_bound(guest, LATE, "hv_netvsc")
        guest.wait_verdict(LATE, "allowed")


def test_a_device_that_goes_while_it_is_admitted_is_no_failure():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.misbehave(how="vanish", path=PROBE, text=LATE, instance=LATE, times=1)
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=CONFIDENTIAL)
        wait_for("gone", lambda: LATE not in guest.verdicts() and admissions(guest, LATE) == 1)
        guest.simulator.offer_class("network", instance=LATE, relid=61, flags=CONFIDENTIAL)
        wait_bound(guest, LATE, "hv_netvsc")
        guest.wait_verdict(LATE, "allowed")


def test_an_allow_by_hand_binds():
    with gated() as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=LATE, relid=60, flags=PLAIN)
        guest.wait_verdict(LATE, "blocked")
        assert guest.bus.decide("Allow", LATE) == [LATE]
        wait_bound(guest, LATE, "hv_netvsc")
        assert guest.simulator.driver(HEARTBEAT) == "hv_utils"


main(globals())
