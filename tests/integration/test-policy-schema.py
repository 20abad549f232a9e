#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON schema against the parser: of every file both say the same.

    test-policy-schema.py CVMD CVMCTL [NAME...]

Where the two are known to part company, a row says so.
"""

import copy
import json
import os
import random
import re
import subprocess
import tempfile

from harness import DEFAULT, FIXTURES, PATIENCE, SOURCE, Programs
from schema import NUMBER_MAX, TEXTS, Refused, mutate, read, scramble, validator, words_of
from tap import main

SCHEMA = os.path.join(SOURCE, "policy", "policy.schema.json")
EXAMPLES = os.path.join(SOURCE, "policy", "examples")
SEEDS = range(8)
BATCH = 40  # files that one run of cvmctl checks


def rules_of(value):
    rules = value.get("rules") if isinstance(value, dict) else None
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def has_twins(value):
    """Two rules of one id: what a schema cannot say."""
    ids = [rule["id"] for rule in rules_of(value) if isinstance(rule.get("id"), str)]
    return len(set(ids)) < len(ids)


def schema_takes(schema, data):
    try:
        value = read(data)
    except Refused:
        return False
    return schema.is_valid(value) and not has_twins(value)


def parser_takes(texts):
    """Of each text by itself."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(texts):
            path = os.path.join(folder, f"{number}.json")
            with open(path, "wb") as f:
                f.write(data)
            done = subprocess.run([Programs.cvmctl, "policy", "check", "--json", path], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
            assert done.returncode in (0, 3), (done.returncode, data)
            assert (done.returncode == 0) == (json.loads(done.stdout)["errors"] == 0), data
            taken.append(done.returncode == 0)
    return taken


def compare(texts):
    """How many both take; they must agree on every one."""
    schema, texts = validator(SCHEMA), list(texts)
    taken = parser_takes(texts)
    for data, parser in zip(texts, taken):
        ours = schema_takes(schema, data)
        assert ours == parser, f"{'schema' if ours else 'parser'} alone takes {data!r}"
    return sum(taken)


def shipped():
    for folder in os.path.dirname(DEFAULT), EXAMPLES, FIXTURES:
        for name in sorted(os.listdir(folder)):
            if name.endswith(".json") and not name.endswith(".schema.json"):
                with open(os.path.join(folder, name), "rb") as f:
                    yield f.read()


def mistaken():
    folder = os.path.join(FIXTURES, "mistakes")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            yield f.read()


GUID = "f8615163-df3e-46c5-913f-f2d2f965ed0e"
WORDS = ["", "on", "off", "network", "Network", "netwrok", "scsi", GUID, GUID.upper(), "{" + GUID + "}", "{" + GUID, GUID + "\n", GUID[1:],
         "f8*", "*", "?", "[", "]", "[]", "[!0]f*", "[0[1]*", "f8[0-9]*", "f8", "g*", "hv_netvsc", "hv_*", "hv netvsc", "hv_[",
         "hv_]", "hv_[a-z]*", "0x1414", "0x", "0x0", "1414", "0X1414", "0x000000001414", "0x114140000", "0xffffffff",
         "0xFFFFffff", "0xfffffffff", "0x14g4", "snp", "tdx", "SNP", "unknown", "none", "root", "usr", "last-network", "/", "//",
         "/a", "/a/", "/a/b", "/a//b", "/.", "/..", "/a/.", "/a/..", "/a/./b", "/a/../b", "/...", "/a/.../b", "/..a", "/a b",
         "/ä/ö", "a", "a-b", "a b", "a.b_c-D", "a\n", "ä", "x" * 64, "x" * 65, "owner=net/team:1@x+y", "confidential", "plain",
         "allow", "audit", "block", "halt", "enforce", "violation", "pass", "\u007f", "\ud7ff", "\U0001f600", "\x01"]
VALUES = WORDS + [None, True, False, 0, 1, 2, -1, NUMBER_MAX, [], {}, [[]], [{}], ["network", "scsi"], ["network", ""],
                  ["network", 1], ["root", "/a"], {"action": "allow"}, {"ring": "confidential"}, {"class": "kvp"},
                  {"not": {}}, {"hvsock": True}]
KEYS = ["$schema", "version", "mode", "gate", "expect", "unknown", "protect", "rules", "default", "id", "match",
        "require",
        "on-violation", "action", "reason", "labels", "class", "instance", "driver", "vendor", "device", "isolation",
        "paravisor", "kernel-allowed", "hvsock", "not", "ring", "dma", "Version", "label", "comment", ""]
def in_every_place(value):
    """The value where each kind of word can be, each time in a policy that is good but for it."""
    rule = {"id": "r", "match": {}, "action": "audit"}
    for key in "class", "instance", "driver", "vendor", "device", "isolation", "paravisor", "kernel-allowed", "hvsock", "not":
        yield {"version": 1, "rules": [{**rule, "match": {key: value}}]}
        yield {"version": 1, "rules": [{**rule, "match": {"not": {"class": "kvp", key: value}}}]}
    for key in "id", "match", "action", "protect", "reason", "labels", "on-violation", "require":
        yield {"version": 1, "rules": [{**rule, key: value}]}
    required = {"id": "r", "match": {}, "require": {"ring": "confidential"}, "on-violation": "audit"}
    for key in "require", "on-violation", "action":
        yield {"version": 1, "rules": [{**required, key: value}]}
    for key in "ring", "dma":
        yield {"version": 1, "rules": [{**required, "require": {key: value}}]}
    for action in "action", "on-violation":
        yield {"version": 1, "rules": [{**(rule if action == "action" else required), "match": {"hvsock": True}, action: value}]}
    for key in "$schema", "version", "mode", "gate", "expect", "unknown", "protect", "rules", "default":
        yield {"version": 1, key: value}
    for key in "isolation", "paravisor":
        yield {"version": 1, "expect": {key: value}}
    yield {"version": 1, "default": {"action": value}}
    yield {"version": 1, "protect": ["root", value]}
    yield {"version": 1, "rules": [value]}


def test_the_shipped_policies_fit():
    texts = list(shipped())
    assert compare(texts) == len(texts) >= 3


def test_neither_takes_a_mistake():
    schema = validator(SCHEMA)
    for data in mistaken():
        parser, = parser_takes([data])
        ours = schema_takes(schema, data)
        assert ours == parser, data


def test_every_text_is_read_alike():
    taken = compare(text.encode() for text in TEXTS)
    assert 5 < taken < len(TEXTS) / 2, taken
    compare([b'{"version":1,"$schema":"' + bad + b'"}' for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
                                                                   b"\xc3", b"\xf0\x9f\x98\x80", b"\xef\xbf\xbf")])


def one_run_for_many(policies):
    """[(policy, whether the parser takes it)]: a wide sweep in few runs, each file with rule ids of its own."""
    policies = [policy for policy in policies if not has_twins(policy)]
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(policies), BATCH):
            batch, paths = policies[start:start + BATCH], []
            for number, policy in enumerate(batch):
                policy = copy.deepcopy(policy)
                for rule in rules_of(policy):
                    if isinstance(rule.get("id"), str) and 0 < len(rule["id"]) <= 64:
                        rule["id"] = rule["id"][:60] + f".{number}"
                paths.append(os.path.join(folder, f"{number}.json"))
                with open(paths[-1], "w", encoding="utf-8") as f:
                    json.dump(policy, f)
            done = subprocess.run([Programs.cvmctl, "policy", "check", "--json", *paths], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
            result = json.loads(done.stdout)
            bad = {problem["file"] for problem in result["problems"] if problem["severity"] == "error"}
            assert result["errors"] <= len(result["problems"]) and done.returncode == (3 if bad else 0), done
            yield from ((policy, path not in bad) for policy, path in zip(batch, paths))


def agree(schema, policies):
    """How many were taken, of how many."""
    taken = total = 0
    for policy, parser in one_run_for_many(policies):
        ours = schema.is_valid(policy)
        assert ours == parser, f"{'schema' if ours else 'parser'} alone takes {json.dumps(policy)}"
        taken += ours
        total += 1
    return taken, total


def test_every_word_counts_alike_in_every_place():
    taken, total = agree(validator(SCHEMA), (policy for value in VALUES for policy in in_every_place(value)))
    assert total > 3000 and 300 < taken < total / 2, (taken, total)


def test_both_know_the_same_words():
    schema = validator(SCHEMA)
    with open(os.path.join(SOURCE, "lib", "facts", "vmbus-class.c"), encoding="utf-8") as f:
        classes = re.findall(r'{ "([a-z0-9]+)",\s+GUID', f.read())
    listed = {word for word in words_of(schema.schema) if isinstance(word, str)}
    assert len(classes) >= 20 and set(classes) <= listed, set(classes) - listed
    agree(schema, (policy for word in sorted(listed - set(WORDS)) for policy in in_every_place(word)))
    agree(schema, ({"version": 1, "rules": [{"id": "r", "match": {"class": [word]}, "action": "audit"}]} for word in classes))


def test_random_changes_of_good_policies():
    schema, good = validator(SCHEMA), [read(data) for data in shipped()]
    taken = total = 0
    for seed in SEEDS:
        dice = random.Random(seed)
        some, all_of_them = agree(schema, [mutate(dice, dice.choice(good), VALUES, KEYS) for _ in range(100)])
        taken, total = taken + some, total + all_of_them
    assert total > 500 and total / 20 < taken < total * 19 / 20, (taken, total)


def test_random_changes_of_bytes():
    good = list(shipped())
    dice = random.Random(4)
    texts = [scramble(dice, dice.choice(good)) for _ in range(150)]
    taken = compare(texts)
    assert len(texts) / 20 < taken < len(texts) * 19 / 20, taken


if __name__ == "__main__":
    main(globals())
