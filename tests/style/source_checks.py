# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that read sources. Each takes a Tree and yields findings: (fatal, text)."""
import re

LAYERS = ['base', 'facts', 'policy', 'enforce', 'claims', 'format', 'evidence', 'verify']
PROGRAMS = ['lib/', 'daemon/', 'cli/']
FILE_AIM, FILE_STOP, FUNCTION_STOP, HEADER_AIM, COLUMNS = 400, 800, 80, 100, 109

# Where, what, why not, and the files that may.
BANNED = [
    (PROGRAMS, r'\bgoto\b', 'cleanup attributes instead', ()),
    (PROGRAMS, r'\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|alloca)\(', 'unbounded or unchecked', ()),
    (PROGRAMS, r'\b(system|popen|mktemp|tmpnam)\(', 'a shell or a race', ()),
    (PROGRAMS, r'\b(secure_)?getenv\(', 'no environment: options say it', ('cli/main.c',)),
    (['lib/', 'daemon/'], r'\b(CLOCK_REALTIME|CLOCK_TAI|gettimeofday|time\(NULL\))',
     'that clock jumps: it is for stamps that people read', ('daemon/announce.c', 'daemon/fetch/endorsements.c')),
    (['lib/'], r'<(systemd/.*|syslog\.h)>', 'lib/ neither logs nor speaks D-Bus', ()),
    (['lib/'], r'(?<![a-z_])(v?printf|puts|putchar|perror|syslog)\(', 'lib/ does not print: a diag says it', ()),
    (['lib/'], r'\b(stdout|stderr)\b', 'lib/ does not print: a diag says it', ()),
]

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def without_comments(text, strings=False):
    """The text with comments (and strings) blanked out, line by line the same length."""
    def blank(match):
        found = match.group()
        return found if found[0] == '"' and not strings else re.sub(r'[^\n]', ' ', found)
    return COMMENT_OR_STRING.sub(blank, text)


def room(path):
    """('lib', 'facts') for lib/facts/..., ('daemon',) for daemon/..."""
    parts = path.split('/')
    return tuple(parts[:2]) if parts[0] == 'lib' else (parts[0],)


def may_include(path, included):
    here, there = room(path), room(included)
    if here == there:
        return True
    if there[0] != 'lib':
        return False
    if here[0] != 'lib':
        return True
    if here[1] == 'format':
        return there[1] == 'base'
    return LAYERS.index(there[1]) < LAYERS.index(here[1])


def layers(tree):
    for path in tree.matching('.c', '.h', under=PROGRAMS):
        if path.startswith('lib/') and room(path)[1] not in LAYERS:
            yield True, f'{path}: a room that the order of layers does not know'
            continue
        for included in INCLUDE.findall(tree.text(path)):
            if included == 'version.h' and not path.startswith('lib/'):
                continue
            if '/' not in included:
                yield True, f'{path}: #include "{included}" does not start at the root of the tree'
            elif not may_include(path, included):
                yield True, f'{path}: may not include {included}'
            elif included.endswith('-private.h') and room(path) != room(included):
                yield True, f'{path}: {included} is private to its folder'


def cycles(tree):
    """No header includes itself, by whatever way."""
    headers = {path: INCLUDE.findall(tree.text(path)) for path in tree.matching('.h')}
    reached = {}

    def reach(path):
        if path not in reached:
            reached[path] = set()
            for included in headers.get(path, []):
                reached[path] |= {included} | reach(included)
        return reached[path]

    for path in headers:
        reached.clear()
        if path in reach(path):
            yield True, f'{path}: includes itself by way of {", ".join(headers[path])}'


def banned(tree):
    for path in tree.matching('.c', '.h', under=PROGRAMS):
        code = without_comments(tree.text(path), strings=True)
        for folders, pattern, why, exempt in BANNED:
            if path in exempt or not path.startswith(tuple(folders)):
                continue
            for match in re.finditer(pattern, code):
                line = code.count('\n', 0, match.start()) + 1
                yield True, f'{path}:{line}: {match.group()}: {why}'


def functions(lines):
    """(line, length) of each function: it starts at the margin, and `}` alone at the margin ends it."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == '}' and start:
            yield start, number - start + 1
            start = None
        elif line and line[0] not in ' \t#}/*' and line != '{':
            start = number


def sizes(tree):
    for path in tree.sources:
        lines = tree.lines(path)
        if len(lines) > FILE_STOP:
            yield True, f'{path}: {len(lines)} lines, at most {FILE_STOP}'
        elif path.endswith('.h') and len(lines) > HEADER_AIM:
            yield False, f'{path}: a header of {len(lines)} lines, aim at {HEADER_AIM}'
        elif len(lines) > FILE_AIM:
            yield False, f'{path}: {len(lines)} lines, aim at {FILE_AIM}'
        for start, length in functions(lines):
            if length > FUNCTION_STOP:
                yield True, f'{path}:{start}: a function of {length} lines, at most {FUNCTION_STOP}'


def whitespace(tree):
    data = ('tests/fuzz/corpus/', 'tests/fixtures/', 'LICENSE', 'tests/guest/hvsim/')
    for path in tree.files:
        if path.startswith(data):
            continue
        text = tree.text(path)
        if text and not text.endswith('\n'):
            yield True, f'{path}: no newline at the end'
        for number, line in enumerate(text.split('\n'), 1):
            if line != line.rstrip():
                yield True, f'{path}:{number}: white space at the end of the line'
            if path.endswith(('.c', '.h')) and '\t' in line:
                yield True, f'{path}:{number}: a tab'
            if path.endswith(('.c', '.h')) and len(line) > COLUMNS:
                yield True, f'{path}:{number}: {len(line)} columns, at most {COLUMNS}'


def licences(tree):
    named = ('.c', '.h', '.py', '.sh', '.xml', '.service', '.conf', 'meson.build', 'meson_options.txt')
    for path in tree.files:
        if path.startswith('tests/fuzz/corpus/'):
            continue
        head = tree.text(path)[:1000].splitlines()[:3]
        script = bool(head) and head[0].startswith('#!')
        if (path.endswith(named) or script) and not any('SPDX-License-Identifier: ' in line for line in head):
            yield True, f'{path}: no SPDX-License-Identifier in its first lines'
