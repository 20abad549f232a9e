#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/count-results on what meson itself writes, program by program: results, skips, crashes, time-outs."""
import json
import pathlib
import subprocess
import sys
import tempfile

COUNT = pathlib.Path(__file__).resolve().parents[1] / 'count-results'

# What a test program does, the protocol that meson reads it by, and what it counts as: passed, failed, skipped.
PROGRAMS = [
    ('echo 1..3; echo ok 1; echo ok 2 - x; echo "ok 3 # SKIP no reason"', 'tap', (2, 0, 1)),
    ('echo 1..2; echo ok 1; echo not ok 2; exit 1', 'tap', (1, 1, 0)),
    ('echo 1..2; echo ok 1; echo not ok 2', 'tap', (1, 1, 0)),
    ('echo "1..0 # SKIP nothing to test with"', 'tap', (0, 0, 1)),
    ('echo 1..2; echo ok 1; kill -ABRT $$', 'tap', (1, 1, 0)),
    ('echo 1..2; echo ok 1; echo ok 2; kill -SEGV $$', 'tap', (2, 1, 0)),
    ('echo 1..2; echo ok 1', 'tap', (1, 1, 0)),
    ('echo 1..1; echo ok 1; exec sleep 60', 'tap', (1, 1, 0)),
    ('exec sleep 60', 'tap', (0, 1, 0)),
    ('exit 0', 'exitcode', (1, 0, 0)),
    ('exit 1', 'exitcode', (0, 1, 0)),
    ('exit 77', 'exitcode', (0, 0, 1)),
]


def run_meson(folder):
    """Runs them all; returns meson's logs."""
    (folder / 'meson.build').write_text("project('x')\nsh = find_program('sh')\n" + ''.join(
        f"test('t{number}', sh, args : ['-c', '{text}'], protocol : '{protocol}',"
        f" timeout : {1 if 'sleep' in text else 30})\n"
        for number, (text, protocol, _) in enumerate(PROGRAMS)))
    for command in (['setup', folder / 'b', folder], ['test', '-C', folder / 'b']):
        subprocess.run(['meson', *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder / 'b/meson-logs'


def counted(logs, lines):
    """What count-results says, had only the programs of these lines of testlog.json been run."""
    (logs / 'testlog.json').write_text(''.join(lines))
    result = subprocess.run([COUNT, logs], capture_output=True, text=True)
    return result.stdout.strip(), result.returncode


def expected(programs):
    passed, failed, skipped = [sum(column) for column in zip(*(counts for *_, counts in programs))] or (0, 0, 0)
    return f'{passed} passed, {failed} failed, {skipped} skipped', int(failed > 0 or not programs)


def main():
    every = range(len(PROGRAMS))
    runs = [(f'{protocol}: {text}', [number]) for number, (text, protocol, _) in enumerate(PROGRAMS)]
    runs += [('everything', every), ('all that is good', [number for number in every if PROGRAMS[number][2][1] == 0]),
             ('nothing at all', [])]
    failed = 0
    print(f'1..{len(runs)}')
    with tempfile.TemporaryDirectory() as folder:
        logs = run_meson(pathlib.Path(folder))
        lines = {json.loads(line)['name']: line for line in (logs / 'testlog.json').read_text().splitlines(True)}
        for number, (name, chosen) in enumerate(runs, 1):
            found, wanted = counted(logs, [lines[f't{i}'] for i in chosen]), expected([PROGRAMS[i] for i in chosen])
            failed += found != wanted
            print(f'{"ok" if found == wanted else "not ok"} {number} - {name.replace("#", "")}')
            if found != wanted:
                print(f'{name}: {found}, not {wanted}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
