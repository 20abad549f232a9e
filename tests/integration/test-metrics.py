#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The file of metrics: its format, what it says, when it is there, and that the manual lists all of it."""

import json
import os
import re
import stat

import openmetrics
from evidence import Clients, Helpers
from harness import NETWORK, PLAIN, PLAIN_NETWORK, SOURCE, Guest, wait_for
from tap import main

NEW = "f8615163-0000-1000-2000-000d3a000001"

GOOD = """# TYPE a gauge
# HELP a Of a.
a{x="1",y="2"} 1
a{x="1"} 2.5
# TYPE b counter
# HELP b Of b.
b_total 7
# TYPE c_seconds histogram
# UNIT c_seconds seconds
# HELP c_seconds Of c.
c_seconds_bucket{le="0.1"} 1
c_seconds_bucket{le="+Inf"} 2
c_seconds_count 2
c_seconds_sum 0.5
# EOF
"""


def file_of(guest):
    return os.path.join(guest.cvmd.state, "metrics", "cvmd.prom")


def metrics(guest):
    with open(file_of(guest), encoding="utf-8", newline="") as f:
        return openmetrics.parse(f.read())


def started(guest, *options):
    guest.cvmd.start("--metrics", *options)
    wait_for("the first file", lambda: os.path.exists(file_of(guest)))


def test_the_reader_takes_what_is_good_and_nothing_else():
    assert set(openmetrics.parse(GOOD)) == {"a", "b", "c_seconds"}
    for before, after in (("# EOF\n", ""), ("# EOF\n", "# EOF"), ("# EOF\n", "# EOF\n\n"), ("b_total 7", "b 7"), ("b_total 7", "b_total -7"),
                          ("b_total 7", "b_total  7"), ("b_total 7", "b_total 0x7"), ("b_total 7", "b_total 7 1700000000"),
                          ("b_total 7", "b_total NaN"), ("b_total 7", "b_total 7\nb_total 8"), ("counter", "Counter"),
                          ("counter", "info"), ('x="1"}', 'x="1",}'), ('x="1"}', 'x="1", z="2"}'), ('x="1"}', 'x="1\\t"}'),
                          ('x="1"}', 'x="1",x="2"}'), ('x="1"}', "x=1}"), ("# UNIT c_seconds seconds", "# UNIT c_seconds meters"),
                          ("c_seconds_count 2", "c_seconds_count 3"), ('le="+Inf"', 'le="9.0"'), ('le="0.1"', 'le="1e-1"'),
                          ("c_seconds_sum 0.5\n", ""), ('{le="0.1"} 1', '{le="0.1"} 3'), ("# HELP b Of b.\n", ""),
                          ("# HELP b Of b.", "#HELP b Of b."), ("# EOF\n", "# TYPE a gauge\n# EOF\n"), ("b_total 7", "b_total 7\n"),
                          ("# HELP b Of b.\nb_total 7", "b_total 7\n# HELP b Of b.")):
        worse = GOOD.replace(before, after, 1)
        assert worse != GOOD, before
        try:
            openmetrics.parse(worse)
        except openmetrics.Malformed:
            continue
        raise AssertionError(f"{before!r} -> {after!r} was taken")


def test_there_is_none_unless_it_is_asked_for():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        assert not os.path.exists(os.path.dirname(file_of(guest)))


def test_it_says_what_the_status_says():
    with Guest("snp-openhcl") as guest:
        started(guest)
        wait_for("all of it", lambda: metrics(guest)["cvmd_devices"].value(verdict="blocked") > 0)
        now, shown = metrics(guest), json.loads(guest.cvmctl("status", "--json")[1])
        assert now["cvmd_state"].value(state=shown["state"]) == 1
        assert sum(value for *_, value in now["cvmd_state"].samples) == 1
        assert now["cvmd_mode"].value(mode="enforce") == 1 and now["cvmd_mode"].value(mode="audit") == 0
        for verdict in ("allowed", "violating", "blocked", "protected", "pending", "failed"):
            assert now["cvmd_devices"].value(verdict=verdict) == shown["devices"][verdict], verdict
        assert now["cvmd_policy_info"].value(digest=shown["policy"]["digest"]) == 1
        assert now["cvmd_policy_rules"].value() == shown["policy"]["rules"]
        assert now["cvmd_decision_log_entries"].value() == shown["log"]["sequence"]
        assert now["cvmd_warnings"].value() == len(shown["warnings"])


def test_it_follows_what_happens():
    with Guest("snp-openhcl") as guest:
        started(guest)
        wait_for("a first count", lambda: metrics(guest)["cvmd_devices"].value(verdict="blocked") > 0)
        before = metrics(guest)
        guest.simulator.offer_class("network", instance=NEW, relid=40, flags=PLAIN)
        guest.wait_verdict(NEW, "blocked")
        wait_for("its count", lambda: metrics(guest)["cvmd_devices"].value(verdict="blocked") ==
                 before["cvmd_devices"].value(verdict="blocked") + 1)
        after = metrics(guest)
        for counter in ("cvmd_decisions", "cvmd_uevents", "cvmd_actions"):
            assert after[counter].value() > before[counter].value(), counter
        exposures = [dict((suffix, value) for suffix, labels, value in m["cvmd_exposure_seconds"].samples if not labels)
                     for m in (before, after)]
        assert exposures[1]["_count"] == exposures[0]["_count"] + 1 and exposures[1]["_sum"] > exposures[0]["_sum"]


def test_it_counts_evidence():
    with Guest("snp-openhcl") as guest:
        Helpers(guest, window=0)
        started(guest, "--report-window=0")
        clients = Clients(guest)
        assert clients.get(bytes(16))[0] and clients.get(bytes(16))[0]
        assert not clients.get(b"short")[0]
        guest.bus.manager("Rescan")  # something new: the file need not be waited for
        wait_for("the counts", lambda: (metrics(guest)["cvmd_evidence_given"].value(),
                                        metrics(guest)["cvmd_evidence_refused"].value()) == (2, 1))


def test_everybody_may_read_it_and_it_goes_with_cvmd():
    mask = os.umask(0o077)
    try:
        with Guest("snp-openhcl") as guest:
            started(guest)
            assert stat.S_IMODE(os.stat(file_of(guest)).st_mode) == 0o644
            assert stat.S_IMODE(os.stat(os.path.dirname(file_of(guest))).st_mode) == 0o755
            guest.cvmd.stop()
            assert os.listdir(os.path.dirname(file_of(guest))) == []
    finally:
        os.umask(mask)


def test_what_cannot_be_written_is_told_and_does_no_harm():
    with Guest("snp-openhcl") as guest:
        os.makedirs(guest.cvmd.state, exist_ok=True)
        with open(os.path.join(guest.cvmd.state, "metrics"), "w", encoding="utf-8"):
            pass
        guest.cvmd.start("--metrics")
        wait_for("verdicts", lambda: guest.verdicts().get(PLAIN_NETWORK) == "blocked")
        assert guest.verdicts()[NETWORK] == "allowed"
        wait_for("a word about it", lambda: guest.cvmd.log().count("metrics cannot be written: Not a directory") == 1)


def test_the_manual_lists_every_metric_and_no_other():
    with open(os.path.join(SOURCE, "man/cvmd.8"), encoding="utf-8") as f:
        section = re.search(r"^\.Sh METRICS\n(.*?)^\.Sh ", f.read(), re.MULTILINE | re.DOTALL)[1]
    listed = re.findall(r"^\.It Cm (cvmd_\w+)", section, re.MULTILINE)
    with Guest("snp-openhcl") as guest:
        started(guest)
        shown = [f.name + ("_total" if f.type == "counter" else "") for f in metrics(guest).values()]
    assert sorted(listed) == sorted(shown), set(listed) ^ set(shown)


main(globals())
