#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stand-in for the paravisor, by tools that are not ours: what it plays, and that it misbehaves as told."""

import base64
import concurrent.futures
import hashlib
import subprocess

import tap
from harness import PATIENCE, need, wait_for
from paravisor import (AK, AK_CERTIFICATE, GUEST_INPUT, HCL_REPORT, NV_BUFFER, Paravisor, claims_of, user_data_of)

OURS = bytes(range(64))
OTHERS = bytes(64 * [0x77])
WINDOW = 2000


def openssl(*command, data=b""):
    need("openssl")
    return subprocess.run(["openssl", *command], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=True).stdout


def chunk(paravisor, offset, size=NV_BUFFER):
    return paravisor.tool("tpm2_nvread", "-C", "o", "--offset", str(offset), "-s", str(size), HCL_REPORT)


def test_indices_as_the_platform_makes_them():
    with Paravisor() as paravisor:
        for index, size in ((HCL_REPORT, 2600), (AK_CERTIFICATE, 4096)):
            public = paravisor.tool("tpm2_nvreadpublic", index).decode()
            assert "value: 0x62060004" in public and f"size: {size}" in public, public
        assert "0x1400002" not in paravisor.tool("tpm2_getcap", "handles-nv-index").decode()
        assert paravisor.refusal("tpm2_nvundefine", "-C", "o", HCL_REPORT)
        assert paravisor.refusal("tpm2_nvwrite", "-C", "o", "-i", "/dev/null", HCL_REPORT)


def test_report_that_the_hardware_vouches_for():
    for isolation, at in (("snp", 32 + 0x50), ("tdx", 32 + 128)):
        with Paravisor(f"--isolation={isolation}") as paravisor:
            report = paravisor.read_report()
            assert report[:4] == b"HCLA" and len(report) == 2600
            data, claims = claims_of(report)
            assert report[at:at + 64] == hashlib.sha256(data).digest() + bytes(32)
            assert user_data_of(report) == bytes(64)
            assert [key["kid"] for key in claims["keys"]] == ["HCLAkPub", "HCLEkPub"]


def test_attestation_key():
    with Paravisor() as paravisor:
        public = paravisor.folder + "/ak.pem"
        text = paravisor.tool("tpm2_readpublic", "-c", AK, "-f", "pem", "-o", public).decode()
        assert "raw: 0x50472" in text and "value: rsassa" in text, text
        modulus = claims_of(paravisor.read_report())[1]["keys"][0]["n"]
        shown = openssl("rsa", "-pubin", "-in", public, "-noout", "-modulus").decode().strip()
        assert base64.urlsafe_b64decode(modulus + "==").hex().upper() == shown.removeprefix("Modulus=")
        certificate = paravisor.tool("tpm2_nvread", "-C", "o", AK_CERTIFICATE)
        assert len(certificate) == 4096
        certified = openssl("x509", "-inform", "DER", "-noout", "-pubkey", data=certificate)
        assert certified == open(public, "rb").read()


def test_quote():
    with Paravisor() as paravisor:
        folder = paravisor.folder
        paravisor.tool("tpm2_readpublic", "-c", AK, "-o", f"{folder}/ak")
        paravisor.tool("tpm2_quote", "-c", AK, "-l", "sha256:all", "-q", "0badc0de", "-m", f"{folder}/m", "-s",
                       f"{folder}/s", "-o", f"{folder}/p")
        paravisor.tool("tpm2_checkquote", "-u", f"{folder}/ak", "-m", f"{folder}/m", "-s", f"{folder}/s", "-f",
                       f"{folder}/p", "-q", "0badc0de")
        assert paravisor.state()["quotes"] == 1


def test_report_is_not_made_within_the_window():
    with Paravisor() as paravisor:
        paravisor.read_report()
        paravisor.write_input(OURS)
        assert user_data_of(paravisor.read_report()) == bytes(64)
        paravisor.order(f"advance {WINDOW}")
        assert user_data_of(paravisor.read_report()) == OURS
        assert paravisor.state()["reports"] == 2


def test_report_is_made_by_a_read_at_offset_0_alone():
    with Paravisor("--window=0") as paravisor:
        first = chunk(paravisor, 0)
        paravisor.write_input(OURS)
        rest = chunk(paravisor, 1024) + chunk(paravisor, 2048, 2600 - 2048)
        assert user_data_of(first + rest) == bytes(64)
        assert user_data_of(paravisor.read_report()) == OURS


def test_many_at_once():
    with Paravisor("--window=0") as paravisor:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            reports = list(pool.map(lambda _: paravisor.read_report(), range(16)))
        assert len({claims_of(report)[0] for report in reports}) == 1
        assert paravisor.state()["reports"] == 16


def test_objects_go_with_their_connection():
    with Paravisor() as paravisor:
        for _ in range(5):  # there is room for three
            paravisor.tool("tpm2_createprimary", "-Q", "-C", "o", "-G", "ecc")
        assert paravisor.tool("tpm2_getcap", "handles-transient") == b""


def test_slow_by_its_own_clock():
    with Paravisor("--order=slow 5000") as paravisor:
        with paravisor.start("tpm2_getrandom", "--hex", "4") as tool, paravisor.hold(2) as wait:
            wait_for("the first command", lambda: paravisor.ask("advance 4000") and paravisor.state()["commands"])
            wait()  # for the second, which is held for longer than it is slow
            assert tool.poll() is None


def test_hold():
    with Paravisor() as paravisor:
        with paravisor.hold(2) as wait:
            with paravisor.start("tpm2_getrandom", "--hex", "4") as tool:
                wait()
                assert paravisor.state()["commands"] == 1 and paravisor.state()["held"]
                paravisor.order("go")
                assert tool.wait(PATIENCE) == 0


def test_hold_and_kill():
    for order, sizes in (("go", 1), ("drop", 0)):
        with Paravisor() as paravisor:
            with paravisor.hold(3) as wait:
                with paravisor.start("tpm2_nvdefine", "-C", "o", "-s", "64", GUEST_INPUT) as tool:
                    wait()
                    tool.kill()
                paravisor.order(order)
            assert paravisor.tool("tpm2_getcap", "handles-nv-index").decode().count("0x1400002") == sizes, order


if __name__ == "__main__":
    tap.main(globals())
