#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way in which a root can try to bind again what is blocked."""

import json

from harness import NETWORK, PLAIN_NETWORK, Guest, wait_for
from tap import main

CLASS = "f8615163-df3e-46c5-913f-f2d2f965ed0e"
DRIVERS = "sys/bus/vmbus/drivers"
OVERRIDE = f"sys/bus/vmbus/devices/{PLAIN_NETWORK}/driver_override"


def write(guest, path, text):
    assert guest.simulator.write(path=path, text=text) == 0, path


def wait_blocked_again(guest, rebounds):
    wait_for("the rebound counted", lambda: guest.counters()["rebounds"] == rebounds)
    guest.wait_verdict(PLAIN_NETWORK, "blocked")
    assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_nothing_binds_it_while_the_override_stands():
    with Guest("snp-openhcl") as guest:
        guest.simulator.register_driver(driver="uio_hv_generic")
        guest.cvmd.start()
        write(guest, f"{DRIVERS}/uio_hv_generic/new_id", CLASS)
        write(guest, "sys/bus/vmbus/drivers_probe", PLAIN_NETWORK)
        assert guest.simulator.write(path=f"{DRIVERS}/hv_netvsc/bind", text=PLAIN_NETWORK) != 0
        write(guest, f"{DRIVERS}/uio_hv_generic/remove_id", CLASS)
        assert guest.simulator.is_blocked(PLAIN_NETWORK)
        assert guest.verdicts()[PLAIN_NETWORK] == "blocked"
        assert guest.counters()["rebounds"] == 0


def test_a_cleared_override_and_each_way_to_bind():
    ways = [("sys/bus/vmbus/drivers_probe", PLAIN_NETWORK), (f"{DRIVERS}/hv_netvsc/bind", PLAIN_NETWORK),
            (f"{DRIVERS}/uio_hv_generic/new_id", CLASS)]
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        guest.simulator.register_driver(driver="uio_hv_generic")
        for rebounds, (path, text) in enumerate(ways, 1):
            write(guest, OVERRIDE, "\n")
            write(guest, path, text)
            wait_blocked_again(guest, rebounds)
        reasons = [d["reason"] for d in guest.cvmd.decisions() if d["event"] == "rebound"]
        assert reasons == ["hv_netvsc", "hv_netvsc", "uio_hv_generic"], reasons


def test_explain_tells_what_was_done():
    def enforcement(instance):
        return json.loads(guest.cvmctl("explain", instance, "--json")[1])["enforcement"]

    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert enforcement(NETWORK) == {"state": "none", "override-noted": False, "rebounds": 0, "problem": None}
        assert enforcement(PLAIN_NETWORK)["state"] == "blocked" and enforcement(PLAIN_NETWORK)["override-noted"]
        out = guest.cvmctl("explain", PLAIN_NETWORK)[1]
        assert "Done: blocked; read again since: no driver" in out and "Rebound:" not in out, out
        write(guest, OVERRIDE, "\n")
        write(guest, "sys/bus/vmbus/drivers_probe", PLAIN_NETWORK)
        wait_blocked_again(guest, 1)
        assert "Rebound: 1 time, by somebody else" in guest.cvmctl("explain", PLAIN_NETWORK)[1]
        guest.bus.decide("Allow", PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert "Done: released; " in guest.cvmctl("explain", PLAIN_NETWORK)[1]


def test_an_override_of_others_that_replaced_ours_is_restored():
    with Guest("snp-openhcl") as guest:
        guest.simulator.register_driver(driver="uio_hv_generic")
        guest.cvmd.start()
        write(guest, OVERRIDE, "uio_hv_generic\n")
        write(guest, "sys/bus/vmbus/drivers_probe", PLAIN_NETWORK)
        wait_blocked_again(guest, 1)
        guest.bus.decide("Allow", PLAIN_NETWORK)
        guest.wait_verdict(PLAIN_NETWORK, "allowed")
        assert guest.simulator.device(PLAIN_NETWORK, "driver_override") == "uio_hv_generic"
        assert guest.simulator.driver(PLAIN_NETWORK) == "uio_hv_generic"


def test_who_binds_it_without_end_is_blocked_without_end():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        for rebounds in range(1, 5):
            write(guest, OVERRIDE, "\n")
            write(guest, "sys/bus/vmbus/drivers_probe", PLAIN_NETWORK)
            wait_blocked_again(guest, rebounds)


main(globals())
