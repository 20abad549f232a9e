#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The evidence that tests/forge makes is what other people's tools take for genuine: OpenSSL's and tpm2-tools'.

    test-forge.py CVMD CVMCTL [NAME...]
"""

import atexit
import os
import re
import shutil
import subprocess
import tempfile

from harness import Programs, Skip
from tap import main

AT = "1780272000"  # 2026-06-01, what the evidence is for
NONCE = b"nonce of 16 byte"
SNP = {"milan": "amd-ark.pem", "genoa": "amd-ark-genoa.pem", "turin": "amd-ark-turin.pem", "vlek": "amd-ark.pem"}
ALL = [*SNP, "tdx4", "tdx5"]


def made():
    """The folder with evidence, made once."""
    if not hasattr(made, "folder"):
        made.folder = tempfile.mkdtemp(prefix="cvmd-forge-")
        atexit.register(shutil.rmtree, made.folder)
        build = os.path.dirname(os.path.dirname(os.path.abspath(Programs.cvmctl)))
        subprocess.run([os.path.join(build, "tests", "forge", "forge-evidence"), made.folder], check=True)
    return made.folder


def path(*parts):
    return os.path.join(made(), *parts)


def run(*command):
    if not shutil.which(command[0]):
        raise Skip(f"{command[0]} is not installed")
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


def refused(*command):
    try:
        run(*command)
    except subprocess.CalledProcessError:
        return
    raise AssertionError(f"{command} was taken")


def test_openssl_verifies_chains_of_chips():
    for guest, root in SNP.items():
        chain = path(guest, "chain.pem")
        run("openssl", "verify", "-attime", AT, "-CAfile", path("roots", root), "-untrusted", chain, chain)
        refused("openssl", "verify", "-attime", AT, "-CAfile", path("roots", "intel-root.pem"), "-untrusted", chain, chain)


def test_openssl_verifies_certificates_of_aks():
    for guest in ALL:
        run("openssl", "verify", "-attime", AT, "-CAfile", path("roots", "azure-vtpm-root.pem"), "-untrusted",
            path("azure-ca.pem"), path(guest, "ak.crt"))


def test_openssl_verifies_signers_of_collateral():
    chain = path("tdx4", "tcb-chain.pem")
    run("openssl", "verify", "-attime", AT, "-CAfile", path("roots", "intel-root.pem"), chain)


def test_tpm2_tools_take_quotes():
    for guest in ALL:
        check = ["tpm2_checkquote", "-u", path(guest, "ak.pem"), "-m", path(guest, "quote.msg"), "-s",
                 path(guest, "quote.sig"), "-g", "sha256", "-q"]
        run(*check, NONCE.hex())
        refused(*check, NONCE[::-1].hex())


def test_tpm2_tools_replay_event_logs():
    for guest in ALL:
        replayed = run("tpm2_eventlog", path(guest, "event-log.bin")).partition("\npcrs:")[2]
        bank = re.search(r"  sha256:\n((?:    .*\n)+)", replayed).group(1)
        values = {int(number): value for number, value in re.findall(r"(\d+)\s*: 0x([0-9a-f]+)", bank)}
        with open(path(guest, "pcrs.txt")) as f:
            expected = {int(number): value for number, value in map(str.split, f)}
        assert len(values) >= 10, values
        assert all(value == values.get(number, "0" * 64) for number, value in expected.items()), (values, expected)


if __name__ == "__main__":
    main(globals())
