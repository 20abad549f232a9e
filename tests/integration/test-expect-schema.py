#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON schema of expectations against their parser: of every file both say the same.

    test-expect-schema.py CVMD CVMCTL [NAME...]
"""

import json
import os
import random
import subprocess
import tempfile

from harness import PATIENCE, SOURCE, Programs
from schema import NUMBER_MAX, TEXTS, Refused, mutate, read, scramble, validator, words_of
from tap import main

SCHEMA = os.path.join(SOURCE, "policy", "expect.schema.json")
CORPUS = os.path.join(SOURCE, "tests", "fuzz", "corpus", "expectation")

HEX = {size: "aB" * size for size in (8, 16, 20, 32, 48, 64)}

# Every key there is, each with a value that is good.
EVERYTHING = {
    "version": 1, "$schema": "https://cvmd.org/expect.schema.json", "comment": "all of it", "isolation": ["snp", "tdx"],
    "measurement": [HEX[48], HEX[48].lower()], "id-key-digest": HEX[48], "author-key-digest": HEX[48], "minimum-svn": 7,
    "family-id": HEX[16], "image-id": HEX[16], "host-data": [HEX[32]], "vmpl": 0,
    "tcb": {"Milan": {"boot-loader": 3, "tee": 0, "snp": 20, "microcode": 255}, "Genoa": {}, "Turin": {"fmc": 1}},
    "firmware": "1.55.8", "mitigations": "0x3",
    "guest-policy": {"smt": True, "debug": False}, "platform": {"ecc": True, "tsme": False},
    "td": {"mrseam": HEX[48], "rtmr0": [HEX[48]], "xfam": HEX[8], "attributes": HEX[8]}, "tdx-tcb": ["UpToDate", "OutOfDate"],
    "vm-configuration": {"secure-boot": True, "vmUniqueId": "x", "n": 3},
    "pcrs": {"bank": "sha256", "values": {"0": HEX[32], "23": [HEX[32], HEX[32]]}, "unexplained": [8, 9]},
    "policy-digest": "sha256:" + HEX[32], "mode": "enforce", "state": ["compliant"], "verdicts": ["allowed", "blocked"],
    "age": 300, "freshness": "report", "require": ["revocation", "event-log"]}

VALUES = [None, True, False, 0, 1, -1, 3, 4, 23, 24, 255, 256, 31622400, 31622401, 4294967295, 4294967296, NUMBER_MAX, "", "x",
          [], {}, [[]], [{}], [None], ["snp", 1], ["snp", ""], {"smt": True}, {"0": HEX[32]}, *HEX.values(),
          *([value] for value in HEX.values()), HEX[48][1:], HEX[48] + "0", "g" * 96, HEX[48] + "\n", " " + HEX[48][1:],
          "sha256:" + HEX[32], "SHA256:" + HEX[32], "sha256:" + HEX[48], "sha256", "sha1", "snp", "SNP", "enforce", "compliant",
          "allowed", "UpToDate", "Revoked", "report", "quote", "revocation", "revocations", ["revocation"], ["revocations"]]
VERSIONS = ["1.55.8", "0.0.0", "255.255.255", "256.1.1", "1.256.1", "1.1.256", "1.55", "1.55.8.1", "1.55.8 ", " 1.55.8", "1. 5.8",
            "+1.55.8", "1.-5.8", "01.55.8", "1.00.8", "1..8", ".1.8", "1.5.", "1.55.8\n", "1,55,8", "a.b.c", "1000.0.0",
            "99999999999999999999.1.1", "1.5.0x1", "\u0661.5.8"]
BITS = ["0x3", "3", "0X3", "0x", "x3", "ffffffffffffffff", "0xFFFFffffFFFFffff", "10000000000000000", "0x0000000000000000003", "-1",
        "0x-1", " 3", "3 ", "3\n", "g", "0x0x3"]
REGISTERS = ["0", "9", "10", "19", "20", "23", "24", "29", "100", "00", "07", "-1", "+1", " 1", "1 ", "0x1", "a", ""]


def schema_takes(schema, data):
    try:
        return schema.is_valid(read(data))
    except Refused:
        return False


def parser_takes(path, data):
    with open(path, "wb") as f:
        f.write(data)
    done = subprocess.run([Programs.cvmctl, "attest", "expect", "check", path, "--json"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert done.returncode in (0, 3), (done.returncode, data)
    assert (done.returncode == 0) == (json.loads(done.stdout)["errors"] == 0), data
    return done.returncode == 0


def compare(texts):
    """How many both take, of how many; they must agree on every one."""
    schema, taken, total = validator(SCHEMA), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for data in texts:
            ours, parser = schema_takes(schema, data), parser_takes(os.path.join(folder, "expect.json"), data)
            assert ours == parser, f"{'schema' if ours else 'parser'} alone takes {data!r}"
            taken += ours
            total += 1
    return taken, total


def compare_values(values):
    return compare(json.dumps(value).encode() for value in values)


def good():
    yield json.dumps(EVERYTHING).encode()
    for name in sorted(os.listdir(CORPUS)):
        with open(os.path.join(CORPUS, name), "rb") as f:
            yield f.read()


def test_good_files_fit():
    texts = list(good())
    taken, total = compare(texts)
    assert taken == total >= 3, (taken, total)


def test_everything_has_every_key():
    schema = validator(SCHEMA).schema
    assert set(EVERYTHING) == set(schema["properties"]), set(EVERYTHING) ^ set(schema["properties"])


def test_every_text_is_read_alike():
    taken, total = compare(text.encode() for text in TEXTS)
    assert 5 < taken < total / 2, (taken, total)


def in_every_place(value):
    """The value where each kind of word can be, each time in a file that is good but for it."""
    for key in EVERYTHING:
        if key not in ("id-key-digest", "minimum-svn"):
            yield {"version": 1, key: value}
    yield {"version": 1, "id-key-digest": value, "minimum-svn": 0}
    yield {"version": 1, "id-key-digest": HEX[48], "minimum-svn": value}
    for key, inner in (("tcb", "Milan"), ("guest-policy", "smt"), ("platform", "tsme"), ("td", "mrseam"), ("td", "xfam"),
                       ("vm-configuration", "any"), ("pcrs", "bank"), ("pcrs", "values"), ("pcrs", "unexplained")):
        yield {"version": 1, key: {inner: value}}
    yield {"version": 1, "tcb": {"Turin": {"fmc": value}}}
    yield {"version": 1, "pcrs": {"values": {"7": value}}}
    yield {"version": 1, "pcrs": {"unexplained": [value]}}


def test_every_word_counts_alike_in_every_place():
    schema = validator(SCHEMA)
    words = sorted({word for word in words_of(schema.schema) if isinstance(word, str)})
    rows = [row for value in VALUES for row in in_every_place(value)]
    dice = random.Random(1)
    likely = [row for row in rows if schema.is_valid(row)]
    taken, total = compare_values(likely + dice.sample([row for row in rows if not schema.is_valid(row)], 600))
    assert taken >= 100 and total - taken == 600, (taken, total)
    assert len(words) > 80
    taken, total = compare_values([{"version": 1, "require": [word]} for word in words])
    assert taken >= 60 < total, (taken, total)


def test_numbers_in_strings():
    rows = [{"version": 1, "firmware": value} for value in VERSIONS] + [{"version": 1, "mitigations": value} for value in BITS]
    rows += [{"version": 1, "pcrs": {"values": {key: HEX[32]}}} for key in REGISTERS]
    taken, total = compare_values(rows)
    assert taken == 3 + 6 + 6, (taken, total)


def test_a_bank_has_values_of_its_size():
    banks = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64, None: 32}
    rows = [{"version": 1, "pcrs": {**({"bank": bank} if bank else {}), "values": {"7": HEX[size]}}}
            for bank in banks for size in HEX]
    taken, _ = compare_values(rows)
    assert taken == len(banks), taken


def test_what_belongs_together():
    taken, _ = compare_values([{"version": 1, "id-key-digest": HEX[48]}, {"version": 1, "minimum-svn": 1}, {"measurement": HEX[48]},
                               {"version": 1, "id-key-digest": HEX[48], "minimum-svn": 1}, {"version": 2}])
    assert taken == 1, taken


def test_random_changes_of_good_files():
    values = VALUES + VERSIONS + BITS
    keys = [*EVERYTHING, "Version", "", "bank", "values", "unexplained", "7", "smt", "Milan", "fmc", "mrseam"]
    dice, files = random.Random(2), [read(data) for data in good()]
    taken, total = compare_values(mutate(dice, dice.choice(files), values, keys) for _ in range(250))
    assert total / 20 < taken < total * 19 / 20, (taken, total)


def test_random_changes_of_bytes():
    dice, texts = random.Random(3), list(good())
    taken, total = compare(scramble(dice, dice.choice(texts)) for _ in range(150))
    assert total / 20 < taken < total * 19 / 20, (taken, total)


if __name__ == "__main__":
    main(globals())
