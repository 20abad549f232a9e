#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench_evidence.py BUILD: what evidence costs, over the bus, with a paravisor that makes a report each time it is asked.

Beside it: the TPM commands that this takes in a loop of bare Esys (none of lib/evidence, nothing looked at), plus one empty call over the bus for each that
evidence takes (the caller's, Report, Quote) as the floor; and tpm2_nvread, tpm2_quote and tpm2_pcrread, which is what
people do without cvmd. Promised: at most 1.25 times the floor, and three times as fast as the tools. All of them take turns,
so that whatever else runs on the machine hits them alike. Then, with the paravisor's real window: bundles a second.
"""

import os
import statistics
import subprocess
import sys
import time

BUILD = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))

from evidence import Clients, Helpers  # noqa: E402
from harness import Guest, Programs  # noqa: E402
from paravisor import AK, HCL_REPORT  # noqa: E402

ROUNDS, EACH = 10, 20
HOPS = 3
MOST_OF_FLOOR, LEAST_OF_TOOLS = 1.25, 3
SECONDS = 10

Programs.cvmd = os.path.join(BUILD, "daemon/cvmd")
Programs.cvmctl = os.path.join(BUILD, "cli/cvmctl")


def program(name, *arguments):
    """The milliseconds that it prints, and what it says beside them."""
    done = subprocess.run([os.path.join(BUILD, "tests/bench", name), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return [float(line) for line in done.stdout.split()], done.stderr.strip()


def with_tools(paravisor):
    began = time.monotonic()
    paravisor.tool("tpm2_nvread", "-C", "o", HCL_REPORT)
    paravisor.tool("tpm2_quote", "-Q", "-c", AK, "-l", "sha256:all", "-q", "00112233")
    paravisor.tool("tpm2_pcrread", "-Q", "sha256:all")
    return (time.monotonic() - began) * 1000


def measure():
    """Name -> milliseconds, and how many TPM commands the floor has."""
    times = {"evidence": [], "floor": [], "empty call": [], "tools": []}
    with Guest("snp-openhcl") as guest:
        helpers = Helpers(guest)
        guest.cvmd.start("--report-window=0")
        guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")
        before = helpers.paravisor.state()["commands"]
        program("evidence-call", guest.bus.address, "evidence", EACH)
        commands = (helpers.paravisor.state()["commands"] - before) / (EACH + 1)
        for _ in range(ROUNDS):
            times["evidence"] += program("evidence-call", guest.bus.address, "evidence", EACH)[0]
            more, floor_commands = program("evidence-floor", helpers.paravisor.tcti, EACH)
            times["floor"] += more
            times["empty call"] += program("evidence-call", guest.bus.address, "ping", EACH)[0]
            times["tools"] += [with_tools(helpers.paravisor) for _ in range(2)]
    return times, commands, floor_commands


def throughput(callers):
    """Bundles a second with so many who ask again as soon as they have one, in whole seconds after the first window."""
    with Guest("snp-openhcl") as guest:
        Helpers(guest, window=2000)
        guest.cvmd.start()
        clients = Clients(guest)
        for i in range(callers):
            clients.call(f"c{i}", i.to_bytes(4, "big") * 8)
        n, end = 0, None
        while end is None or time.monotonic() < end:
            name, (evidence, error) = clients.any_answer()
            assert evidence, error
            n += 1
            if end is None:
                n, began = 0, time.monotonic()
                end = began + SECONDS
            clients.call(name, (n + 1000).to_bytes(4, "big") * 8)
        return n / (time.monotonic() - began)


def main():
    times, commands, floor_commands = measure()
    print(f"{'':12} {'median ms':>10} {'least ms':>10}   ({len(times['evidence'])} rounds)")
    for name, values in times.items():
        print(f"{name:12} {statistics.median(values):10.2f} {min(values):10.2f}")
    print(f"TPM commands: evidence {commands:.1f}, floor {floor_commands}")
    evidence, tools = statistics.median(times["evidence"]), statistics.median(times["tools"])
    floor = statistics.median(times["floor"]) + HOPS * statistics.median(times["empty call"])
    print(f"evidence is {evidence / floor:.2f} of the floor with {HOPS} empty calls ({floor:.2f} ms; promised: at most "
          f"{MOST_OF_FLOOR}), and {tools / evidence:.1f} times as fast as the tools (promised: {LEAST_OF_TOOLS})")
    for callers in 1, 10, 100:
        print(f"{callers:4} callers, window 2 s: {throughput(callers):6.1f} bundles a second")
    return evidence > MOST_OF_FLOOR * floor or tools < LEAST_OF_TOOLS * evidence


if __name__ == "__main__":
    sys.exit(main())
