#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""That each check can fail: on a small good tree it finds nothing, after one thing is spoilt it finds that."""
import pathlib
import subprocess
import sys
import tempfile

import document_checks
import source_checks
import tool_checks
from tree import Tree

SPDX = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'
SOURCE = SPDX + '#include "lib/base/a.h"\n\nint a(void) {\n        return 1;\n}\n'

GOOD = {
    'lib/base/a.h': SPDX + '#pragma once\n\nint a(void);\n',
    'lib/base/a.c': SOURCE,
    'lib/facts/b.h': SPDX + '#pragma once\n\n#include "lib/base/a.h"\n',
    'lib/format/f.h': SPDX + '#pragma once\n\n#include "lib/base/a.h"\n',
    'daemon/main.c': SOURCE,
    'cli/main.c': SOURCE + '\nchar *b(void) {\n        return getenv("TERM");\n}\n',
    'units/x.xml': '<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n<node/>\n',
    'tests/fuzz/meson.build': "# SPDX-License-Identifier: LGPL-2.1-or-later\nfuzz_targets = [\n        ['x', base],\n]\n",
    'tests/fuzz/fuzz-x.c': SOURCE,
    'tests/fuzz/corpus/x/one': 'x',
    'script': '#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\ncd x || exit 1\n',
    'README.md': '# x\n```console\n$ cvmctl\n```\n```\n./dev demo   # shows it\n./dev test\n```\n```console\n```\n',
    'ARCHITECTURE.md': '## lib/base: x\n- `a`: x\n## lib/facts: x\n- `b`: x\n## lib/format: x\n- `f`: x\n'
                       '## daemon: x\n- `main`: x\n## cli\n- `main`: x\n## tests\n- `nothing`: x\n',
    '.clang-format': 'BasedOnStyle: LLVM\nIndentWidth: 8\nAllowShortFunctionsOnASingleLine: None\n',
}

LONG_FUNCTION = SPDX + 'int a(void) {\n' + '        x();\n' * 79 + '}\n'

# The check, the file that is spoilt, its new text (None: gone), and a part of what must be said.
BAD = [
    (source_checks.layers, 'lib/base/a.c', '#include "lib/facts/b.h"\n', 'may not include lib/facts/b.h'),
    (source_checks.layers, 'lib/format/f.h', '#include "lib/facts/b.h"\n', 'may not include lib/facts/b.h'),
    (source_checks.layers, 'lib/base/a.c', '#include "daemon/x.h"\n', 'may not include daemon/x.h'),
    (source_checks.layers, 'cli/main.c', '#include "daemon/x.h"\n', 'may not include daemon/x.h'),
    (source_checks.layers, 'daemon/main.c', '#include "cli/x.h"\n', 'may not include cli/x.h'),
    (source_checks.layers, 'daemon/main.c', '#include "lib/base/a-private.h"\n', 'is private'),
    (source_checks.layers, 'lib/base/a.c', '#include "a.h"\n', 'does not start at the root'),
    (source_checks.layers, 'lib/other/a.c', '', 'does not know'),
    (source_checks.cycles, 'lib/base/a.h', '#include "lib/facts/b.h"\n', 'lib/base/a.h: includes itself'),
    (source_checks.banned, 'lib/base/a.c', '#include <systemd/sd-bus.h>\n', ':1: <systemd/sd-bus.h>'),
    (source_checks.banned, 'lib/base/a.c', '/* a\n */ getenv("X");\n', ':2: getenv('),
    (source_checks.banned, 'daemon/main.c', 'secure_getenv("X");\n', 'secure_getenv('),
    (source_checks.banned, 'lib/base/a.c', 'printf("x");\n', 'printf('),
    (source_checks.banned, 'lib/base/a.c', 'fputs("x", stderr);\n', 'stderr'),
    (source_checks.banned, 'cli/main.c', 'goto out;\n', 'goto'),
    (source_checks.banned, 'daemon/main.c', 'clock_gettime(CLOCK_REALTIME, &t);\n', 'CLOCK_REALTIME'),
    (source_checks.sizes, 'lib/base/a.c', 'x\n' * 801, '801 lines'),
    (source_checks.sizes, 'lib/base/a.c', LONG_FUNCTION, ':2: a function of 81 lines'),
    (source_checks.whitespace, 'README.md', 'x \n', ':1: white space'),
    (source_checks.whitespace, 'README.md', 'x', 'no newline'),
    (source_checks.whitespace, 'lib/base/a.c', '\tx\n', 'a tab'),
    (source_checks.whitespace, 'lib/base/a.c', 'x' * 110 + '\n', '110 columns'),
    (source_checks.licences, 'lib/base/a.c', 'x\n', 'no SPDX'),
    (source_checks.licences, 'script', '#!/bin/sh\n', 'no SPDX'),
    (document_checks.architecture, 'lib/base/new.c', SOURCE, 'no line for lib/base/new.c'),
    (document_checks.architecture, 'lib/base/main.c', SOURCE, 'no line for lib/base/main.c'),
    (document_checks.architecture, 'lib/facts/b.h', None, 'lib/facts/b is not there'),
    (document_checks.architecture, 'ARCHITECTURE.md', None, 'is not there'),
    (document_checks.readme, 'README.md', '```\n./dev demo\n./dev test\nmake install\n```\n', 'make install'),
    (document_checks.readme, 'README.md', None, 'shows []'),
    (document_checks.xml, 'units/x.xml', '<node>\n', 'units/x.xml'),
    (document_checks.fuzz_targets, 'tests/fuzz/fuzz-y.c', SOURCE, 'fuzz-y.c: no row'),
    (document_checks.fuzz_targets, 'tests/fuzz/corpus/x/one', None, 'no corpus'),
    (tool_checks.format_stable, 'lib/base/a.c', 'int  a ;\n', './dev fmt would change it'),
    (tool_checks.shell, 'script', '#!/bin/sh\ncd x\n', 'script:2'),
    (tool_checks.headers_alone, 'lib/base/a.h', 'size_t a(void);\n', 'does not compile alone'),
]

# C, and whether it is state that outlives its function.
STATE = [
    ('static int counter; int f(void); int f(void) { return ++counter; }', True),
    ('int f(void); int f(void) { static char buffer[9]; return ++buffer[0]; }', True),
    ('int shared = 1;', True),
    ('static _Thread_local int t = 1; int f(void); int f(void) { return ++t; }', True),
    ('extern const char *const names[]; const char *const names[] = { "a", "b" };', False),
]


def build(folder, files):
    for path, text in files.items():
        target = pathlib.Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            target.write_text(text)


def found(check, files):
    with tempfile.TemporaryDirectory() as folder:
        build(folder, files)
        return [text for fatal, text in check(Tree(folder)) if fatal]


def state_found(code):
    with tempfile.TemporaryDirectory() as folder:
        built = str(pathlib.Path(folder, 'x.o'))
        subprocess.run([tool_checks.tool('cc'), '-fPIC', '-O1', '-x', 'c', '-', '-c', '-o', built], input=code, text=True,
                       check=True)
        return bool(list(tool_checks.no_state(Tree(folder), [built])))


def cases():
    for check in dict.fromkeys(check for check, *_ in BAD):
        yield f'{check.__name__} passes a good tree', lambda check=check: found(check, GOOD) == []
    for check, path, text, says in BAD:
        yield (f'{check.__name__} finds: {says}', lambda check=check, path=path, text=text, says=says:
               any(says in finding for finding in found(check, {**GOOD, path: text})))
    for code, bad in STATE:
        yield f'no_state {"finds" if bad else "passes"}: {code}', lambda code=code, bad=bad: state_found(code) == bad


def main():
    failed = 0
    for number, (name, case) in enumerate(cases(), 1):
        try:
            good, note = case(), ''
        except tool_checks.Missing as e:
            good, note = True, f' # SKIP {e}'
        failed += not good
        print(f'{"ok" if good else "not ok"} {number} - {name.replace("#", "")}{note}')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
