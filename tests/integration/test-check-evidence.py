#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/check-evidence, the checker that shares nothing with ours: genuine bundles pass, and each check can fail."""

import atexit
import base64
import json
import os
import shutil
import subprocess
import tempfile

import tap
from harness import PATIENCE, SOURCE, Programs, need

NONCE, BIND = b"nonce of 16 byte".hex(), b"tls-key".hex()
GUESTS = ("milan", "genoa", "turin", "vlek", "tdx4", "tdx5")


def folder():
    """Evidence of each kind, made once."""
    if not hasattr(folder, "path"):
        folder.path = tempfile.mkdtemp(prefix="check-evidence-")
        atexit.register(shutil.rmtree, folder.path)
        program = os.path.join(os.path.dirname(Programs.cvmd), "../tests/forge/forge-evidence")
        subprocess.run([program, folder.path], check=True, timeout=PATIENCE)
    return folder.path


def load(guest):
    """The records of a bundle that can be changed: {name: bytes}, and all of it."""
    with open(f"{folder()}/{guest}/bundle.cmw", encoding="ascii") as f:
        bundle = json.load(f)
    return bundle, {name: bytearray(base64.urlsafe_b64decode(record[1] + "=="))
                    for name, record in bundle.items() if name != "__cmwc_t"}


def save(bundle, records):
    path = f"{folder()}/changed.cmw"
    for name, data in records.items():
        bundle[name][1] = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    with open(path, "w", encoding="ascii") as f:
        json.dump(bundle, f)
    return path


def check(path, *options, nonce=NONCE):
    """{check: "pass", "fail" or "unavailable"}, and whether the checker was content."""
    need("openssl")
    done = subprocess.run([f"{SOURCE}/tests/check-evidence", "--nonce", nonce, "--bind", BIND, "--roots",
                           f"{folder()}/roots", *options, path], stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
    lines = [line.partition(":")[0].split() for line in done.stdout.decode().splitlines()]
    return {name: result for result, name in lines}, done.returncode == 0


def test_genuine_bundles():
    for guest in GUESTS:
        results, content = check(f"{folder()}/{guest}/bundle.cmw")
        assert content and "fail" not in results.values(), (guest, results)
        unavailable = {name for name, result in results.items() if result == "unavailable"}
        expected = {"td-quote"} if guest[:3] != "tdx" else {"snp-signature", "snp-chain", "snp-chip"}
        assert unavailable == expected | ({"snp-chip"} if guest == "vlek" else set()), (guest, unavailable)


def with_json(change):
    """A change of a record that is JSON."""
    def apply(data):
        value = json.loads(data)
        change(value)
        return bytearray(json.dumps(value, separators=(",", ":")).encode())
    return apply


def flip(at):
    def apply(data):
        data[at] ^= 1
        return data
    return apply


def flip_inside(member, at):
    def change(value):
        data = bytearray(base64.urlsafe_b64decode(value[member] + "=="))
        data[at] ^= 1
        value[member] = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return with_json(change)


def first_register(value):
    value["pcrs"]["0"] = "00" * 32


def other_binding(value):
    value["bindings"][value["index"]] = "00" * 32


def one_binding_more(value):
    value["bindings"].append("00" * 32)


def other_modulus(data):
    """Bytes in the middle of an RSA-2048 key in a certificate: behind the tag and length of the modulus."""
    data[data.index(b"\x02\x82\x01\x01\x00") + 100] ^= 1
    return data


# What a change of a record makes fail; other checks may fail as well.
CHANGES = [
    ("claims", "milan", "claims", lambda data: bytearray(b"[]")),
    ("binding", "milan", "batch", with_json(other_binding)),
    ("qualifying-data", "milan", "claims", lambda data: data + b" "),
    ("user-data", "milan", "batch", with_json(one_binding_more)),
    ("report-data", "milan", "hcl-report", lambda data: bytearray(data.replace(b'"secure-boot":true', b'"secure-boot":null'))),
    ("report-data", "tdx4", "hcl-report", flip(32 + 128)),
    ("quote-signature", "milan", "tpm-quote", flip_inside("signature", 200)),
    ("quote-signature", "tdx5", "tpm-quote", flip_inside("attest", -1)),
    ("quote-signer", "milan", "tpm-quote", flip_inside("attest", 20)),
    ("registers", "milan", "tpm-quote", with_json(first_register)),
    ("ak-certificate", "milan", "ak-certificate", other_modulus),
    ("snp-signature", "milan", "hcl-report", flip(32 + 0x90)),
    ("snp-signature", "turin", "hcl-report", flip(32 + 0x2a0)),
    ("snp-chain", "milan", "snp-vek-chain", lambda data: data[:data.index(b"-----END")] + b"-----END CERTIFICATE-----\n"),
    ("snp-chip", "milan", "hcl-report", flip(32 + 0x1a0)),
    ("td-quote", "tdx4", "td-quote", flip(48 + 140)),
    ("td-quote", "tdx5", "td-quote", flip(54 + 600)),
    ("bundle", "milan", "hcl-report", flip(0)),
]


def test_each_check_can_fail():
    for name, guest, record, change in CHANGES:
        bundle, records = load(guest)
        records[record] = change(records[record])
        results, content = check(save(bundle, records))
        assert not content and results.get(name) == "fail", (name, guest, results)


def test_another_nonce_or_root():
    results, content = check(f"{folder()}/milan/bundle.cmw", nonce=NONCE.replace("6e", "6f"))
    assert not content and results["nonce"] == "fail"
    os.makedirs(f"{folder()}/none", exist_ok=True)
    shutil.copy(f"{folder()}/roots/amd-ark-turin.pem", f"{folder()}/none/amd-ark.pem")
    results, content = check(f"{folder()}/milan/bundle.cmw", "--roots", f"{folder()}/none")
    assert not content and results["snp-chain"] == "fail"


def test_what_is_missing_is_told():
    bundle, records = load("milan")
    for name in ("ak-certificate", "snp-vek-chain"):
        del bundle[name], records[name]
    results, content = check(save(bundle, records))
    assert content and {results[name] for name in ("ak-certificate", "snp-signature", "snp-chain")} == {"unavailable"}
    results, content = check(save(bundle, records), "--vek", f"{folder()}/milan/chain.pem")
    assert content and results["snp-signature"] == results["snp-chain"] == "pass"
    del bundle["batch"], records["batch"]
    assert check(save(bundle, records)) == ({"bundle": "fail"}, False)


if __name__ == "__main__":
    tap.main(globals())
