#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start-up of cvmd beside usbguard-daemon on the same machine, 64 devices each: bench_start.py BUILD [RUNS].

Both are made to wait for nothing: the kernel is played by tests/sim for cvmd and by umockdev for usbguard. "Ready" is
the same moment for both: every device that is present has been judged and what follows from it has been done. cvmd says so
by READY=1; of usbguard it is the last of the audit records about its present devices, on its console. Runs alternate; the
table shows medians. Memory is what the process holds at that moment.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import many_devices

DEVICES = 64
DEADLINE = 30
SOURCE = pathlib.Path(__file__).resolve().parents[2]

CVMD_POLICY = """{ "version": 1, "mode": "enforce", "default": { "action": "block" },
  "rules": [ { "id": "network", "match": { "class": "network" }, "require": { "ring": "confidential" },
               "on-violation": "block" } ] }
"""
USBGUARD_RULES = 'allow with-interface one-of { 08:*:* 09:*:* }\n'
USBGUARD_CONFIGURATION = """\
RuleFile={folder}/rules.conf
ImplicitPolicyTarget=block
PresentDevicePolicy=apply-policy
PresentControllerPolicy=apply-policy
InsertedDevicePolicy=apply-policy
AuthorizedDefault=none
DeviceManagerBackend=uevent
IPCAllowedUsers=root
AuditBackend=FileAudit
AuditFilePath={folder}/audit.log
"""


def memory(pid):
    """(RSS, PSS) in KiB."""
    rollup = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
    fields = dict(line.split(':', 1) for line in rollup.splitlines()[1:])
    return tuple(int(fields[name].split()[0]) for name in ('Rss', 'Pss'))


@contextlib.contextmanager
def running(command, end, **options):
    """The process and when it was begun; ended by a signal on leaving."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process, begun
    finally:
        process.send_signal(end)
        process.communicate(timeout=DEADLINE)


def without_preload():
    return {key: value for key, value in os.environ.items() if key not in ('LD_PRELOAD', 'UMOCKDEV_DIR')}


class Cvmd:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.root = folder / 'root'
        snapshot = folder / 'guest.snapshot'
        snapshot.write_text(many_devices.guest(DEVICES))
        simulator = [sys.executable, SOURCE / 'tests/sim/sim.py', snapshot, '--root', self.root,
                     '--socket', folder / 'sim', '--control', folder / 'control']
        self.simulator = subprocess.Popen(simulator, env=without_preload(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.simulator.stdout.readline()
        policies = self.root / 'etc/cvmd/policy.d'
        policies.mkdir(parents=True)
        (policies / '50-bench.json').write_text(CVMD_POLICY)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.settimeout(DEADLINE)
        self.notify.bind(str(folder / 'notify'))

    def run(self):
        state = tempfile.mkdtemp(dir=self.folder)
        command = [self.build / 'daemon/cvmd', '--root', self.root, '--simulator', self.folder / 'sim', '--state', state,
                   '--bus', f'unix:path={self.folder}/no-bus', '--cpuid', self.folder / 'guest.snapshot']
        environment = {**without_preload(), 'NOTIFY_SOCKET': str(self.folder / 'notify')}
        with running(command, signal.SIGTERM, env=environment, stderr=subprocess.DEVNULL) as (process, begun):
            while b'READY=1' not in self.notify.recv(4096).split(b'\n'):
                pass
            row = (time.monotonic() - begun) * 1000, *memory(process.pid)
        judged = (pathlib.Path(state) / 'decisions.log').read_text().count('"verdict":"allowed"')
        if judged != DEVICES:
            raise RuntimeError(f'cvmd was ready with {judged} of {DEVICES} devices allowed')
        return row

    def end(self):
        self.simulator.terminate()
        self.simulator.wait(DEADLINE)


class Usbguard:
    def __init__(self, daemon, folder):
        self.daemon, self.folder = daemon, folder
        for name, text in (('rules.conf', USBGUARD_RULES), ('daemon.conf', USBGUARD_CONFIGURATION)):
            (folder / name).write_text(text.replace('{folder}', str(folder)))
            (folder / name).chmod(0o600)

    def run(self):
        command = [self.daemon, '-k', '-c', self.folder / 'daemon.conf', '-p', self.folder / 'pid']
        # Not SIGTERM: so soon after its start that can leave it hanging.
        with running(command, signal.SIGKILL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as (process, begun):
            judged = 0
            for line in process.stdout:
                judged += b"type='Policy.Device.Update'" in line
                if judged == DEVICES:
                    return (time.monotonic() - begun) * 1000, *memory(process.pid)
        raise RuntimeError(f'usbguard-daemon ended after {judged} of {DEVICES} devices')


def table(results):
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    print(f'{"":16} {"ready after":>12} {"slowest":>10} {"RSS":>10} {"PSS":>10}')
    for name, (ready, rss, pss) in medians.items():
        slowest = max(row[0] for row in results[name])
        print(f'{name:16} {ready:9.1f} ms {slowest:7.1f} ms {rss:6.0f} KiB {pss:6.0f} KiB')
    ours, theirs = medians.values()
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(f'{"ratio":16} {ratios[0]:12.2f} {"":10} {ratios[1]:10.2f} {ratios[2]:10.2f}')
    good = all(ratio <= 1 for ratio in ratios)
    print('no slower, no larger' if good else 'SLOWER OR LARGER than usbguard-daemon')
    return 0 if good else 1


def main():
    build, runs = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 15
    usbguard = shutil.which('usbguard-daemon', path='/usr/sbin:/usr/bin') or str(build / 'usbguard/usr/sbin/usbguard-daemon')
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if 'UMOCKDEV_DIR' not in os.environ:
            mocked = folder / 'usb.umockdev'
            mocked.write_text(many_devices.usb(DEVICES))
            return subprocess.run(['umockdev-run', '-d', mocked, '--', sys.executable, *sys.argv]).returncode
        cvmd, other = Cvmd(build, folder), Usbguard(usbguard, folder)
        try:
            results = {'cvmd': [], 'usbguard-daemon': []}
            for number in range(runs + 1):
                rows = cvmd.run(), other.run()
                if number:  # the first pair warms the caches
                    for name, row in zip(results, rows):
                        results[name].append(row)
        finally:
            cvmd.end()
    print(f'{DEVICES} devices, all judged and allowed; medians of {runs} alternating runs')
    return table(results)


if __name__ == '__main__':
    sys.exit(main())
