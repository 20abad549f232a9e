# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text format of OpenMetrics 1.0, read as strictly as its specification says; ABNF and rules are quoted from there.

What is read is, besides, to be readable as the older text format of Prometheus: other types than gauge, counter and histogram,
exemplars and time stamps are refused.
"""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
# normal-char = any unicode character, except newline, double quote, and backslash
STRING = r'"((?:[^"\\\n]|\\["\\n])*)"'
LABEL = rf"([a-zA-Z_][a-zA-Z0-9_]*)={STRING}"
REALNUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL}(?:,(?!\}}))?)*)\}})? ({REALNUMBER}|[+-]Inf|NaN)")
SUFFIXES = {"gauge": [""], "counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}


class Malformed(Exception):
    pass


def demand(condition, why):
    if not condition:
        raise Malformed(why)


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help = name, None, None, None
        self.samples = []  # (suffix, {label: value}, value)

    def take_metadata(self, keyword, text):
        key = keyword.lower()
        demand(not self.samples, f"{self.name}: {keyword} after samples")  # "MUST precede"
        demand(getattr(self, key) is None, f"{self.name}: {keyword} twice")
        setattr(self, key, text)
        if keyword == "TYPE":
            demand(text in SUFFIXES, f"{self.name}: type {text}")
        if keyword == "UNIT":
            demand(self.name.endswith("_" + text), f"{self.name}: unit {text} is not its suffix")
        if keyword == "HELP":
            demand(text and re.fullmatch(r'(?:[^\\\n]|\\["\\n])+', text), f"{self.name}: help {text!r}")

    def take_sample(self, suffix, labels, value):
        demand(not any(s == suffix and known == labels for s, known, _ in self.samples), f"{self.name}{suffix}{labels}: twice")
        if self.type in ("counter", "histogram"):  # "MUST NOT be NaN or negative"
            demand(value >= 0, f"{self.name}{suffix}: {value}")
        self.samples.append((suffix, labels, value))

    def check(self):
        demand(self.type and self.help, f"{self.name}: TYPE and HELP belong to it")
        demand(self.samples, f"{self.name}: no samples")
        if self.type == "histogram":
            self.check_histogram()

    def check_histogram(self):
        """One without labels of its own, as all of ours."""
        buckets = [(labels, value) for suffix, labels, value in self.samples if suffix == "_bucket"]
        bounds = [labels["le"] for labels, _ in buckets]
        demand(all(set(labels) == {"le"} for labels, _ in buckets), f"{self.name}: labels of buckets")
        demand(bounds and bounds[-1] == "+Inf", f"{self.name}: no bucket +Inf")  # "MUST have"
        numbers = [math.inf if b == "+Inf" else float(b) for b in bounds]
        demand(numbers == sorted(set(numbers)), f"{self.name}: buckets out of order")
        demand(all(b == "+Inf" or re.fullmatch(r"\d+\.\d+", b) for b in bounds), f"{self.name}: no canonical numbers")
        values = [value for _, value in buckets]
        demand(values == sorted(values), f"{self.name}: buckets are cumulative")
        rest = {suffix: value for suffix, labels, value in self.samples if suffix != "_bucket" and not labels}
        demand(set(rest) == {"_count", "_sum"}, f"{self.name}: count and sum")
        demand(rest["_count"] == values[-1], f"{self.name}: count is not that of +Inf")

    def value(self, **labels):
        found = [value for _, known, value in self.samples if known == labels]
        demand(len(found) == 1, f"{self.name}{labels}: {len(found)} samples")
        return found[0]


def parse_sample(line):
    match = SAMPLE.fullmatch(line)
    demand(match, f"no sample: {line!r}")
    pairs = re.findall(LABEL, match[2] or "")
    demand(len(dict(pairs)) == len(pairs), f"a label twice: {line!r}")
    return match[1], dict(pairs), float(match[5])


def parse(text):
    """{name: Family}; Malformed for what is not the format."""
    demand(text.endswith("\n# EOF\n"), "it does not end with # EOF and a newline")
    families, current = {}, None
    for line in text.split("\n")[:-2]:
        metadata = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)", line)
        if metadata:
            keyword, name, rest = metadata.groups()
            if not current or current.name != name:
                demand(name not in families, f"{name}: its lines are apart")  # "MUST NOT be interleaved"
                current = families[name] = Family(name)
            current.take_metadata(keyword, rest)
            continue
        name, labels, value = parse_sample(line)
        demand(current and current.type, f"a sample without a family: {line!r}")
        suffix = name.removeprefix(current.name)
        demand(current.name + suffix == name and suffix in SUFFIXES[current.type], f"{current.name}: not of it: {line!r}")
        current.take_sample(suffix, labels, value)
    for family in families.values():
        family.check()
    names = [f.name + s for f in families.values() for s in SUFFIXES[f.type]]
    demand(len(set(names)) == len(names), "families whose samples have the same name")
    return families
