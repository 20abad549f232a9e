#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The way of a device from offer to verdict, and for how long it was bound while it violated the policy."""

import json
import os
import signal

from harness import HEARTBEAT, NETWORK, PLAIN, PLAIN_NETWORK, Guest, wait_for
from tap import main

OTHER = "11111111-2222-4333-8444-555555555555"
THIRD = "66666666-2222-4333-8444-555555555555"
OFFERS = "sys/kernel/tracing/instances/cvmd_offers"
LEARNED = "uevent", "cvmd"  # whichever was faster, the event or a look
OVERRIDE = "sys/bus/vmbus/devices/{}/driver_override"


def device(guest, instance):
    """(times, exposure) of it, as cvmctl tells them."""
    status, out, err = guest.cvmctl("device", instance, "--json")
    assert status == 0, (status, err)
    found = json.loads(out)
    return found["times"], found["exposure"]


def sources(times):
    return {moment: stamp and stamp["source"] for moment, stamp in times.items()}


def in_order(times, *moments):
    stamps = [times[m]["usec"] for m in moments]
    assert all(stamps) and stamps == sorted(stamps), times


def rebind(guest, instance, rebounds):
    for path, text in (OVERRIDE.format(instance), "\n"), ("sys/bus/vmbus/drivers_probe", instance):
        assert guest.simulator.write(path=path, text=text) == 0
    wait_for("the rebound counted", lambda: guest.counters()["rebounds"] == rebounds)
    guest.wait_verdict(instance, "blocked")


def test_an_offer_on_its_way():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.offer_class("network", instance=OTHER, relid=90, flags=PLAIN)
        guest.wait_verdict(OTHER, "blocked")
        times, exposure = device(guest, OTHER)
        assert sources(times)["bound"] in LEARNED and sources(times)["offered"] == "offer-trace", times
        in_order(times, "offered", "bound", "blocked")
        in_order(times, "offered", "seen", "decided", "blocked")
        assert 0 < exposure["at-least-usec"] < exposure["at-most-usec"], exposure
        assert exposure["at-most-usec"] <= times["blocked"]["usec"] - times["offered"]["usec"], (times, exposure)
        assert not exposure["ongoing"], exposure


def test_what_was_there_before():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        times, exposure = device(guest, PLAIN_NETWORK)
        assert sources(times) == {"offered": None, "bound": "before-seen", "seen": "cvmd", "decided": "cvmd",
                                  "blocked": "cvmd"}, times
        assert times["bound"]["usec"] is None
        in_order(times, "seen", "decided", "blocked")
        assert exposure["at-most-usec"] is None and exposure["at-least-usec"] > 0, exposure
        times, exposure = device(guest, NETWORK)
        assert times["blocked"] is None
        assert exposure == {"at-least-usec": 0, "at-most-usec": 0, "ongoing": False}, exposure


def test_it_goes_on_where_nothing_is_done():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start("--mode=audit")
        first, second = device(guest, PLAIN_NETWORK)[1], device(guest, PLAIN_NETWORK)[1]
        assert first["ongoing"] and second["ongoing"]
        assert 0 < first["at-least-usec"] < second["at-least-usec"], (first, second)
        # and ends when somebody else lets go of it
        assert guest.simulator.write(path="sys/bus/vmbus/drivers/hv_netvsc/unbind", text=PLAIN_NETWORK) == 0
        wait_for("its end", lambda: not device(guest, PLAIN_NETWORK)[1]["ongoing"])
        times, ended = device(guest, PLAIN_NETWORK)
        assert ended["at-least-usec"] >= second["at-least-usec"], (second, ended)
        assert times["blocked"] is None, times


def test_rebinds_add():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        last = device(guest, PLAIN_NETWORK)[1]["at-least-usec"]
        for rebounds in (1, 2):
            rebind(guest, PLAIN_NETWORK, rebounds)
            times, exposure = device(guest, PLAIN_NETWORK)
            assert exposure["at-least-usec"] > last, (last, exposure)
            assert times["bound"]["source"] in LEARNED, times
            in_order(times, "seen", "decided", "bound", "blocked")
            last = exposure["at-least-usec"]


def test_a_new_offer_begins_anew():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        seen = device(guest, PLAIN_NETWORK)[0]["seen"]["usec"]
        blocked = device(guest, PLAIN_NETWORK)[0]["blocked"]["usec"]
        guest.simulator.reoffer(instance=PLAIN_NETWORK, relid=91, flags=PLAIN)
        wait_for("the new one", lambda: guest.devices()[PLAIN_NETWORK]["RelId"] == 91)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        times = device(guest, PLAIN_NETWORK)[0]
        assert times["seen"]["usec"] > seen and times["blocked"]["usec"] > blocked, times
        assert sources(times)["bound"] in LEARNED, times
        in_order(times, "bound", "blocked")


def test_a_restart_keeps_what_has_ended():
    for end in "stop", "kill":
        with Guest("snp-openhcl") as guest:
            guest.cvmd.start()
            rebind(guest, PLAIN_NETWORK, 1)
            before = [device(guest, i) for i in (PLAIN_NETWORK, NETWORK, HEARTBEAT)]
            getattr(guest.cvmd, end)()
            guest.cvmd.start()
            after = [device(guest, i) for i in (PLAIN_NETWORK, NETWORK, HEARTBEAT)]
            assert before == after, (end, before, after)


def test_a_restart_goes_on_with_what_goes_on():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start("--mode=audit")
        before = device(guest, PLAIN_NETWORK)
        guest.cvmd.stop()
        guest.cvmd.start("--mode=audit")
        after = device(guest, PLAIN_NETWORK)
        assert after[0] == before[0] and after[1]["ongoing"], (before, after)
        assert after[1]["at-least-usec"] > before[1]["at-least-usec"], (before, after)


def test_what_cannot_be_read_is_said_and_begun_anew():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.cvmd.kill()
        kept = os.path.join(guest.cvmd.state, "exposures", PLAIN_NETWORK)
        os.remove(kept)
        os.symlink("=exposure-1 garbage", kept)
        guest.cvmd.start()
        times, exposure = device(guest, PLAIN_NETWORK)
        assert exposure == {"at-least-usec": 0, "at-most-usec": None, "ongoing": False}, exposure
        assert "exposure" in guest.cvmd.log()


def test_what_cannot_be_kept_is_told_once():
    with Guest("snp-openhcl") as guest:
        os.mkdir(guest.cvmd.state, 0o700)
        with open(os.path.join(guest.cvmd.state, "exposures"), "w", encoding="utf-8"):
            pass  # in the way of the folder
        guest.cvmd.start()
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        rebind(guest, PLAIN_NETWORK, 1)
        assert device(guest, PLAIN_NETWORK)[1]["at-least-usec"] > 0
        assert guest.cvmd.log().count("cannot be kept for a restart") == 1


def test_nothing_is_left_of_what_is_gone():
    with Guest("snp-openhcl") as guest:
        kept = os.path.join(guest.cvmd.state, "exposures")
        guest.cvmd.start()
        wait_for("it being kept", lambda: PLAIN_NETWORK in os.listdir(kept))
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        wait_for("it being gone", lambda: PLAIN_NETWORK not in os.listdir(kept))
        assert NETWORK in os.listdir(kept)
        guest.cvmd.stop()
        guest.simulator.rescind(instance=NETWORK)  # while nobody looks
        guest.cvmd.start()
        wait_for("the other being gone", lambda: NETWORK not in os.listdir(kept))


def test_lost_events_leave_it_to_looks():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.mute(on=True)
        guest.simulator.offer_class("network", instance=OTHER, relid=90, flags=PLAIN)
        guest.simulator.mute(on=False)
        guest.simulator.lose()
        guest.wait_verdict(OTHER, "blocked")
        times, exposure = device(guest, OTHER)
        assert sources(times)["bound"] == "before-seen" and sources(times)["offered"] == "offer-trace", times
        assert exposure["at-most-usec"] > 0, exposure


def test_offers_before_cvmd_are_known_by_a_clock_like_ours():
    for clock, known in ("boot", True), ("local", False):
        with Guest("snp-openhcl", simulator=["--boot-trace", clock]) as guest:
            guest.cvmd.start()
            times, exposure = device(guest, PLAIN_NETWORK)
            assert sources(times)["offered"] == ("boot-trace" if known else None), (clock, times)
            assert sources(times)["bound"] == "before-seen", times
            assert (exposure["at-most-usec"] is not None) == known, (clock, exposure)
            if known:
                in_order(times, "offered", "seen", "decided", "blocked")
                assert exposure["at-least-usec"] < exposure["at-most-usec"], exposure


def offer_other(guest, relid, **more):
    guest.simulator.offer_class("network", instance=OTHER, relid=relid, flags=PLAIN, **more)
    guest.wait_verdict(OTHER, "blocked")
    return sources(device(guest, OTHER)[0])["offered"]


def test_offers_are_traced_while_a_killed_cvmd_is_away():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        wait_for("the trace", lambda: guest.simulator.read(f"{OFFERS}/events/hyperv/vmbus_onoffer/enable") == "1")
        guest.cvmd.kill()
        guest.simulator.offer_class("network", instance=OTHER, relid=90, flags=PLAIN)
        guest.cvmd.start()
        guest.wait_verdict(OTHER, "blocked")
        times, exposure = device(guest, OTHER)
        assert sources(times)["offered"] == "offer-trace" and sources(times)["bound"] == "before-seen", times
        assert exposure["at-most-usec"] > 0, exposure
        guest.cvmd.stop()
        assert not os.path.exists(os.path.join(guest.simulator.root, OFFERS))


def test_offers_cannot_be_traced():
    for option, warned in ("--no-tracefs", False), ("--lockdown", True):
        with Guest("snp-openhcl", simulator=[option]) as guest:
            guest.cvmd.start()
            assert offer_other(guest, 90) is None
            assert device(guest, OTHER)[1]["at-least-usec"] > 0
            assert guest.cvmd.log().count("times of offers") == int(warned)


def test_a_trace_that_lies_gives_no_time():
    for path in "trace_clock", "events/hyperv/vmbus_onoffer/enable":
        with Guest("snp-openhcl") as guest:
            guest.simulator.misbehave(how="lie", path=f"{OFFERS}/{path}")
            guest.cvmd.start()
            assert offer_other(guest, 90) is None
            assert "times of offers are not known" in guest.cvmd.log()


def test_somebody_meddles_with_the_trace():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert offer_other(guest, 90) == "offer-trace"
        assert guest.simulator.write(path=f"{OFFERS}/trace_clock", text="local") == 0
        guest.simulator.rescind(instance=OTHER)
        wait_for("it being gone", lambda: OTHER not in guest.verdicts())
        assert offer_other(guest, 91) is None  # times by another clock are none
        guest.simulator.rescind(instance=OTHER)
        wait_for("it being gone", lambda: OTHER not in guest.verdicts())
        assert offer_other(guest, 92) == "offer-trace"  # and it was made anew


def test_more_offers_than_the_trace_holds():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        wait_for("the trace", lambda: guest.simulator.read(f"{OFFERS}/events/hyperv/vmbus_onoffer/enable") == "1")
        assert offer_other(guest, 90) == "offer-trace"
        guest.cvmd.process.send_signal(signal.SIGSTOP)
        guest.simulator.reoffer(instance=OTHER, relid=90, flags=PLAIN)  # another one, under the same names
        for n in range(400):
            instance = f"{n:08x}-2222-4333-8444-555555555555"
            guest.simulator.batch(orders=[
                {"do": "offer", "class": "heartbeat", "instance": instance, "relid": 100 + n, "flags": PLAIN},
                {"do": "rescind", "instance": instance}])
        guest.simulator.offer_class("network", instance=THIRD, relid=91, flags=PLAIN)
        guest.cvmd.process.send_signal(signal.SIGCONT)
        guest.wait_verdict(THIRD, "blocked")
        assert sources(device(guest, THIRD)[0])["offered"] == "offer-trace"
        wait_for("the other one", lambda: sources(device(guest, OTHER)[0])["offered"] is None)


def test_explain_tells_it():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        status, out, _ = guest.cvmctl("explain", PLAIN_NETWORK)
        assert status == 0
        for said in "Bound: before it was first seen", "Blocked: ", "Exposed: at least ":
            assert said in out, out
        assert "Exposed: at no time" in guest.cvmctl("device", NETWORK)[1]
        explanation = json.loads(guest.cvmctl("explain", PLAIN_NETWORK, "--json")[1])
        assert (explanation["times"], explanation["exposure"]) == device(guest, PLAIN_NETWORK)


main(globals())
