#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The style suite: check.py ROOT [LIBRARY...] holds a tree against the rules of CONTRIBUTING.md; one TAP line a check."""
import sys

import document_checks
import source_checks
import tool_checks
from tree import Tree

CHECKS = [
    ('folders include only what stands above them', source_checks.layers),
    ('no header includes itself', source_checks.cycles),
    ('nothing banned is used', source_checks.banned),
    ('files and functions stay small', source_checks.sizes),
    ('white space and columns', source_checks.whitespace),
    ('every file names its licence', source_checks.licences),
    ('ARCHITECTURE.md names every file', document_checks.architecture),
    ('README.md shows two commands', document_checks.readme),
    ('XML is well-formed', document_checks.xml),
    ('fuzz targets are in the table and have a corpus', document_checks.fuzz_targets),
    ('clang-format changes nothing', tool_checks.format_stable),
    ('shellcheck has nothing to warn of', tool_checks.shell),
    ('headers compile alone', tool_checks.headers_alone),
]


def report(number, name, check):
    try:
        findings = list(check())
    except tool_checks.Missing as e:
        print(f'ok {number} - {name} # SKIP {e}')
        return True
    good = not any(fatal for fatal, _ in findings)
    print(f'{"ok" if good else "not ok"} {number} - {name}')
    for fatal, text in findings:
        # meson shows the standard error of a TAP program that failed, not its standard output
        print('\n'.join(f'# {"" if fatal else "warning: "}{line}' for line in text.splitlines()),
              file=sys.stderr if fatal else sys.stdout)
    return good


def main():
    tree, libraries = Tree(sys.argv[1]), sys.argv[2:]
    checks = [(name, lambda check=check: check(tree)) for name, check in CHECKS]
    checks.append(('lib/ holds no state', lambda: tool_checks.no_state(tree, libraries)))
    print(f'1..{len(checks)}')
    results = [report(number, name, check) for number, (name, check) in enumerate(checks, 1)]
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
