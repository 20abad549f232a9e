#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the kernel's uevent to blocked, in the guest of tests/guest, beside a floor: bench_latency.py BUILD [KERNEL].

Plain network devices, more than 200, are offered one after the other to a guest whose cvmd enforces the strict policy, and
as many to one where cvmd is stopped and a shell loop does, with builtins alone, what must be done at least on the same
files: mark a trace and read of the channel there, read class, relid, ring, override and driver, look for links, note itself
and the override that was there, write driver_override and unbind, then read again the driver link, the ring, the override
and the relid. It knows of one device at a time, and of no policy. Both begin at the same instant, when the kernel sends the
uevent of the device's channel (by a probe on that function); both end when all has been read again. The shell hears of the
device by a pipe from a program that prints the kernel's uevents, so that it too has to be woken. Both are services of the
same priority and weight, and whoever measures has next to none.

Blocks of 20 alternate, so that no drift of the machine falls on one side. How fast either side is in one boot hangs on where
in memory things come to lie, for each side on its own: several boots are taken together.
"""
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BOOTS = 8
ROUNDS = 3
DEVICES = 20 * ROUNDS * BOOTS
BAR = 0.30
PARTS = ('probe', 'decide', 'unbind', 'cvmd', 'floor')


def load_suite():
    sys.path.insert(0, str(SOURCE / 'tests/guest'))
    loader = importlib.machinery.SourceFileLoader('suite', str(SOURCE / 'tests/guest/suite'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('suite', loader))
    loader.exec_module(module)
    return module


def find_rig():
    built = subprocess.run(SOURCE / 'tests/guest/build-rig', check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(built.stdout.strip())


def boot(suite, rig, build, kernel, name):
    """The lines that the guest prints, also to a file of that name; a boot that the emulation failed begins anew."""
    tree, log = build / 'guest/bench-tree', build / f'guest/{name}.log'
    console = log.with_suffix('.console')
    suite.install(build, tree, [])
    shutil.copy(build / 'tests/bench/uevent-lines', tree / 'tests')
    shutil.copy(SOURCE / 'tests/bench/latency.sh', tree / 'tests')
    (tree / 'tests/run').write_text(f'#!/bin/sh\nsh /tests/latency.sh run {ROUNDS}\n')
    (tree / 'tests/run').chmod(0o755)
    command = [SOURCE / 'tests/guest/run-guest', rig, kernel, tree, console, *suite.KERNEL_ARGUMENTS]
    for _ in range(3):
        guest = subprocess.run(command, stdout=subprocess.PIPE, text=True, errors='replace',
                               env={'RIG_TIMEOUT': '1500', **os.environ})
        log.write_text(guest.stdout)
        if guest.returncode != suite.EMULATION_FAILED:
            break
    if guest.returncode:
        raise RuntimeError(f'the guest ended with {guest.returncode}, see {log} and .console')
    return guest.stdout.splitlines()


def collect(lines, parts):
    """Adds to parts: microseconds, one for each device."""
    uevents = {}
    words = [line.split() for line in lines]
    for word in words:
        if word[:1] == ['uevent']:
            uevents.setdefault(word[1], int(word[2]))
        elif word[:1] == ['error']:
            raise RuntimeError(' '.join(word))
    for word in words:
        if word[:1] == ['cvmd']:
            begin, (seen, decided, blocked) = uevents[word[1]], map(int, word[2:5])
            for part, usec in zip(PARTS, (seen - begin, decided - seen, blocked - decided, blocked - begin)):
                parts[part].append(usec)
        elif word[:1] == ['floor']:
            parts['floor'].append(int(word[2]) - uevents[word[1]])


def measure(build, kernel):
    """What all boots say, and the kernel."""
    suite, rig = load_suite(), find_rig()
    kernel = kernel or (rig / 'kernels').read_text().split()[0]
    parts = {part: [] for part in PARTS}
    for number in range(BOOTS):
        collect(boot(suite, rig, build, kernel, f'latency-{number + 1}'), parts)
        for part, values in parts.items():
            if len(values) != DEVICES // BOOTS * (number + 1):
                raise RuntimeError(f'{part}: not every device of boot {number + 1} is there')
        cvmd, floor = (statistics.median(parts[side][-DEVICES // BOOTS:]) / 1000 for side in ('cvmd', 'floor'))
        print(f'boot {number + 1}: {cvmd:.2f} ms at p50, the floor {floor:.2f} ms', flush=True)
    return kernel, parts


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method='inclusive')[percent - 1]


def table(parts):
    print(f'{"":22} {"p50":>10} {"p99":>10}')
    for part, values in parts.items():
        name = {'cvmd': 'uevent to blocked', 'floor': 'floor: shell loop'}.get(part, f'  {part}')
        print(f'{name:22} {percentile(values, 50) / 1000:7.2f} ms {percentile(values, 99) / 1000:7.2f} ms')
    shares = [percentile(parts['cvmd'], p) / percentile(parts['floor'], p) - 1 for p in (50, 99)]
    print(f'{"on top of the floor":22} {shares[0]:8.0%}   {shares[1]:8.0%}')
    good = all(share <= BAR for share in shares)
    print(f'at most {BAR:.0%} on top of the floor: {"yes" if good else "NO"}')
    return 0 if good else 1


def main():
    kernel, parts = measure(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None)
    print(f'{DEVICES} plain network devices each, one after the other, Linux {kernel}')
    return table(parts)


if __name__ == '__main__':
    sys.exit(main())
