# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks by the compiler and its friends. Each takes a Tree and yields findings: (fatal, text)."""
import concurrent.futures
import os
import re
import shutil
import subprocess

from source_checks import PROGRAMS

PACKAGES = ['libsystemd', 'libnl-3.0', 'libnl-route-3.0', 'json-c', 'libcrypto', 'cmocka']
VARIABLE = re.compile(r'^[0-9a-f]+ .{7} (\.t?data|\.t?bss|\*COM\*)\s+[0-9a-f]+ (?:\.hidden )?([a-z]\S*)$')


class Missing(Exception):
    """A tool is not here: the check is skipped."""


def output(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def tool(name):
    found = shutil.which(name)
    if not found:
        raise Missing(f'{name} is not installed')
    return found


def each(f, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(zip(items, pool.map(f, items)))


def batches(items, n=16):
    """Several files a process: most of the time is its start."""
    return [items[i:i + n] for i in range(0, len(items), n)]


def format_stable(tree):
    clang_format = tool('clang-format')
    if '.clang-format' not in tree.files:
        yield True, '.clang-format is not there'
        return
    check = [clang_format, '--dry-run', '-Werror']
    for paths, result in each(lambda paths: output(*check, *paths, cwd=tree.root), batches(tree.sources)):
        if result.returncode:
            named = {line.split(':')[0] for line in result.stdout.splitlines()}
            for path in sorted(named.intersection(paths)) or paths:
                yield True, f'{path}: ./dev fmt would change it'


def shell(tree):
    shellcheck = tool('shellcheck')
    scripts = [path for path in tree.files if re.match(r'#!.*\b(ba)?sh\b', tree.text(path)[:80])]
    check = [shellcheck, '-S', 'warning', '-f', 'gcc']
    for _, result in each(lambda paths: output(*check, *paths, cwd=tree.root), batches(scripts)):
        if result.returncode:
            yield True, result.stdout.strip()


def headers_alone(tree):
    """A header brings all that it needs; standard input is the empty file that includes it."""
    compiler = tool(os.environ.get('CC', 'cc'))
    flags = output(tool('pkg-config'), '--cflags', *PACKAGES).stdout.split()
    command = [compiler, '-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Werror', '-fsyntax-only', '-I', '.', *flags]
    headers = tree.matching('.h', under=PROGRAMS + ['tests/unit/'])
    for path, result in each(lambda path: output(*command, '-include', path, '-x', 'c', '-', cwd=tree.root), headers):
        if result.returncode:
            yield True, f'{path}: does not compile alone:\n{result.stdout}'


def no_state(tree, libraries):
    """lib/ has no globals: nothing of ours lies in .data or .bss. Tables of constants lie elsewhere."""
    objdump = tool('objdump')
    for library in libraries:
        for line in output(objdump, '-t', library).stdout.splitlines():
            variable = VARIABLE.match(line)
            if variable:
                yield True, f'{os.path.basename(library)}: {variable.group(2)} is a variable that outlives its function'
