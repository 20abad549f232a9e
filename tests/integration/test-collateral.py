#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl attest verify with revocation lists and TDX collateral, as files."""

import contextlib
import json
import os
import subprocess
import tempfile

from harness import PATIENCE, Programs
from tap import main

NONCE, BIND = b"nonce of 16 byte".hex(), b"tls-key".hex()
AT = "2026-06-01T00:00:00Z"
COLLATERAL = ["tcb-info.json", "qe-identity.json", "tcb-chain.pem"]


@contextlib.contextmanager
def evidence():
    """The folder of forge-evidence."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(os.path.dirname(Programs.cvmd), "../tests/forge/forge-evidence")
        subprocess.run([program, folder], check=True, timeout=PATIENCE)
        yield folder


def run(folder, kind, *options, json_mode="short"):
    command = [Programs.cvmctl, "attest", "verify", "--roots", os.path.join(folder, "roots"), "--at", AT, "--nonce", NONCE,
               "--bind", BIND, "--any-measurement", "--certs", os.path.join(folder, "azure-ca.pem"),
               f"--json={json_mode}", *options, os.path.join(folder, kind, "bundle.cmw")]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False, encoding="utf-8")


def judged(folder, kind, *options):
    """(exit status, check -> (result, detail))"""
    done = run(folder, kind, *options)
    return done.returncode, {c["name"]: (c["result"], c["detail"]) for c in json.loads(done.stdout)["checks"]}


def collateral_of(folder, kind, names=tuple(COLLATERAL)):
    return [word for name in names for word in ("--collateral", os.path.join(folder, kind, name))]


def test_what_is_not_given_is_told_as_unavailable():
    with evidence() as folder:
        for kind, names in ("milan", ["revocation"]), ("tdx4", ["revocation", "tdx-tcb", "qe-identity"]):
            status, checks = judged(folder, kind)
            assert status == 0
            for name in names:
                assert checks[name][0] == "unavailable", (name, checks[name])


def test_lists_and_collateral_that_are_good():
    with evidence() as folder:
        lists = ["--crl", os.path.join(folder, "ca.crl.pem")]
        status, checks = judged(folder, "milan", *lists)
        assert status == 0 and checks["revocation"][0] == "pass", checks["revocation"]
        for kind in "tdx4", "tdx5":
            status, checks = judged(folder, kind, *lists, *collateral_of(folder, kind))
            assert status == 0
            for name in "revocation", "tdx-tcb", "qe-identity":
                assert checks[name][0] == "pass", (name, checks[name])


def test_collateral_in_any_order():
    with evidence() as folder:
        status, checks = judged(folder, "tdx4", *collateral_of(folder, "tdx4", reversed(COLLATERAL)))
        assert status == 0 and checks["tdx-tcb"][0] == checks["qe-identity"][0] == "pass"


def test_collateral_that_was_changed():
    with evidence() as folder:
        path = os.path.join(folder, "tdx4", "tcb-info.json")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("OutOfDate", "UpToDate"))
        status, checks = judged(folder, "tdx4", *collateral_of(folder, "tdx4"))
        assert status == 3
        assert checks["tdx-tcb"][0] == "fail" and "signature" in checks["tdx-tcb"][1], checks["tdx-tcb"]
        assert checks["qe-identity"][0] == "pass"


def test_collateral_without_its_signer():
    with evidence() as folder:
        status, checks = judged(folder, "tdx4", *collateral_of(folder, "tdx4", COLLATERAL[:2]))
        assert status == 3
        for name in "tdx-tcb", "qe-identity":
            assert checks[name][0] == "fail" and "--collateral" in checks[name][1], checks[name]


def test_files_that_are_none():
    with evidence() as folder:
        bundle = os.path.join(folder, "tdx4", "bundle.cmw")
        info = os.path.join(folder, "tdx4", "tcb-info.json")
        for options, says in ((["--collateral", bundle], "bundle.cmw"), (["--collateral", folder], "folder"),
                              (["--collateral", "/dev/null"], "/dev/null"),
                              (["--collateral", info, "--collateral", info], "about the same"),
                              (["--crl", info], "tcb-info.json"), (["--crl", "/dev/null"], "/dev/null"),
                              (["--crl", os.path.join(folder, "azure-ca.pem")], "azure-ca.pem")):
            done = run(folder, "tdx4", *options)
            assert done.returncode == 1, (options, done)
            assert says in done.stderr and len(done.stderr.splitlines()) == 1, (options, done.stderr)


if __name__ == "__main__":
    main(globals())
