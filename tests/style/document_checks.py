# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that hold documents and lists against the tree. Each takes a Tree and yields findings: (fatal, text)."""
import pathlib
import re
import xml.etree.ElementTree as ElementTree

from source_checks import PROGRAMS

README_COMMANDS = ['./dev demo', './dev test']


def described(text):
    """The names that ARCHITECTURE.md describes: {'lib/base': {'cursor', ...}}, from `- `name`, `name`: what`."""
    found, names = {}, None
    for line in text.splitlines():
        heading = re.match(r'#+ ((?:lib|daemon|cli)[a-z/]*)\b', line)
        if heading:
            names = found.setdefault(heading.group(1).rstrip('/'), set())
        elif line.startswith('#'):
            names = None
        elif names is not None and line.startswith('- '):
            names.update(re.findall(r'`([^`]+)`', line.partition(':')[0]))
    return found


def architecture(tree):
    """Every C file has its line, and every line its file. `name` stands for name.c and name.h."""
    if 'ARCHITECTURE.md' not in tree.files:
        yield True, 'ARCHITECTURE.md is not there'
        return
    found = described(tree.text('ARCHITECTURE.md'))
    there = {}
    for path in map(pathlib.PurePath, tree.matching('.c', '.h', under=PROGRAMS)):
        there.setdefault(str(path.parent), set()).update({path.stem, path.name})
        if not found.get(str(path.parent), set()) & {path.stem, path.name}:
            yield True, f'ARCHITECTURE.md: no line for {path}'
    for folder, names in sorted(found.items()):
        for name in sorted(names - there.get(folder, set())):
            yield True, f'ARCHITECTURE.md: {folder}/{name} is not there'


def readme(tree):
    """Two commands do everything; a third would have to be learnt. What users do with it is in blocks that say "console"."""
    text = tree.text('README.md') if 'README.md' in tree.files else ''
    blocks = re.findall(r'^```([^\n]*)\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    commands = [line.partition('#')[0].strip() for kind, block in blocks if kind != 'console' for line in block.splitlines()]
    commands = [command for command in commands if command]
    if commands != README_COMMANDS:
        yield True, f'README.md: shows {commands}, not {README_COMMANDS}'


def xml(tree):
    for path in tree.matching('.xml'):
        try:
            ElementTree.fromstring(tree.text(path))
        except ElementTree.ParseError as e:
            yield True, f'{path}: {e}'


def fuzz_targets(tree):
    """A target that meson does not know, or that has no corpus, would never be replayed."""
    table = tree.text('tests/fuzz/meson.build') if 'tests/fuzz/meson.build' in tree.files else ''
    for path in tree.matching('.c', under=('tests/fuzz/fuzz-',)):
        name = path[len('tests/fuzz/fuzz-'):-len('.c')]
        if f"['{name}'," not in table:
            yield True, f'{path}: no row in tests/fuzz/meson.build'
        if not tree.matching('', under=(f'tests/fuzz/corpus/{name}/',)):
            yield True, f'{path}: no corpus in tests/fuzz/corpus/{name}'
