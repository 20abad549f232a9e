#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stand-in for the paravisor, by tools that are not ours: what it plays, and that it misbehaves as told."""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import select
import socket
import struct
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


def test_guests_without_such_hardware():
    for isolation, kind, hardware in (("vbs", 1, 0x230), ("tvm", 3, 0)):
        with Paravisor(f"--isolation={isolation}") as paravisor:
            report = paravisor.read_report()
            assert report[1224] == kind and claims_of(report)[1]["keys"]
            assert len(report[32:1216].rstrip(b"\0")) == hardware


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
    hour = 3600000
    with Paravisor(f"--order=slow {hour}") as paravisor, paravisor.start("tpm2_getrandom", "--hex", "4") as tool:
        done = 0
        while wait_for("a command, or the end", lambda: paravisor.state()["busy"] or tool.poll() is not None):
            if not paravisor.state()["busy"]:
                break
            paravisor.order(f"advance {hour // 2}")
            assert paravisor.state()["commands"] == done
            paravisor.order(f"advance {hour // 2}")
            done += 1
            assert paravisor.state()["commands"] == done
        assert done > 0 and tool.returncode == 0


def test_slow_ends_by_itself():
    with Paravisor("--order=slow 20") as paravisor:
        paravisor.tool("tpm2_getrandom", "--hex", "4")


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


def test_hold_is_ended_by_its_own_connection_alone():
    with Paravisor() as paravisor:
        first = paravisor.connect()
        assert paravisor.ask("hold 1", first) == "ok"
        assert paravisor.ask("hold 1").startswith("error: ")
        with paravisor.start("tpm2_getrandom", "--hex", "4"):
            assert first.readline() == "held\n"
            paravisor.order("go")
        with paravisor.hold(1) as wait:
            first.close()
            assert not paravisor.state()["busy"] and not paravisor.state()["held"]
            with paravisor.start("tpm2_getrandom", "--hex", "4") as tool:
                wait()
                assert tool.poll() is None
                paravisor.order("go")


def test_stale_and_never():
    with Paravisor("--window=0") as paravisor:
        paravisor.read_report()
        paravisor.write_input(OURS)
        paravisor.order("stale 1")
        assert [user_data_of(paravisor.read_report()) for _ in range(2)] == [bytes(64), OURS]
        paravisor.write_input(OTHERS)
        paravisor.order("refresh never")
        assert user_data_of(paravisor.read_report()) == OURS
        paravisor.order("refresh normal")
        assert user_data_of(paravisor.read_report()) == OTHERS


def test_torn():
    with Paravisor("--window=0") as paravisor:
        paravisor.write_input(OURS)
        paravisor.order("torn 1")
        first, rest = chunk(paravisor, 0), chunk(paravisor, 1024, 2600 - 1024 - 1024) + chunk(paravisor, 1576)
        report = first + rest
        assert user_data_of(report) not in (OURS, bytes(64))
        assert first[32 + 0x50:32 + 0x70] != hashlib.sha256(claims_of(report)[0]).digest()
        assert user_data_of(paravisor.read_report()) == OURS


def test_other_writers():
    with Paravisor("--window=0") as paravisor:
        paravisor.order("other-writer 1")
        paravisor.write_input(OURS)
        theirs = bytes.fromhex(paravisor.state()["input"])
        assert theirs != OURS and user_data_of(paravisor.read_report()) == theirs
        paravisor.write_input(OURS)
        assert user_data_of(paravisor.read_report()) == OURS
        paravisor.order("input " + "5a" * 32)  # another size: deleted and made anew
        assert "size: 32" in paravisor.tool("tpm2_nvreadpublic", GUEST_INPUT).decode()
        assert user_data_of(paravisor.read_report()) == bytes(32 * [0x5A]) + bytes(32)


def test_broken_and_locked_out():
    with Paravisor() as paravisor:
        paravisor.order("broken 0x101 1 2")
        assert "0x101" in paravisor.refusal("tpm2_nvread", "-C", "o", HCL_REPORT)
        paravisor.read_report()
        paravisor.order("lockout on")
        assert "0x921" in paravisor.refusal("tpm2_nvread", "-C", "o", HCL_REPORT)
        paravisor.tool("tpm2_pcrread", "sha256:0")
        paravisor.order("lockout off")
        paravisor.read_report()


def test_owner_auth_keeps_the_report_old():
    """Set by an order, and by the guest itself."""
    for change in (lambda p: p.order("owner-auth secret"), lambda p: p.tool("tpm2_changeauth", "-c", "o", "secret")):
        with Paravisor("--window=0") as paravisor:
            paravisor.write_input(OURS)
            assert user_data_of(paravisor.read_report()) == OURS
            change(paravisor)
            assert "authorization failure" in paravisor.refusal("tpm2_nvread", "-C", "o", HCL_REPORT)
            paravisor.tool("tpm2_nvwrite", "-C", "o", "-P", "secret", "-i", "-", GUEST_INPUT, input=OTHERS)
            report = paravisor.tool("tpm2_nvread", "-C", "o", "-P", "secret", HCL_REPORT)
            assert user_data_of(report) == OURS
            paravisor.order("owner-auth")
            assert user_data_of(paravisor.read_report()) == OTHERS


def test_index_that_is_not_there():
    with Paravisor("--order=index unwritten") as paravisor:
        assert "0x14A" in paravisor.refusal("tpm2_nvread", "-C", "o", HCL_REPORT)
        paravisor.order("index absent")
        assert "0x18B" in paravisor.refusal("tpm2_nvread", "-C", "o", HCL_REPORT)
        paravisor.order("index present")
        paravisor.read_report()
        paravisor.order("index-size 2900")
        assert len(paravisor.read_report()) == 2900


def test_flaws_of_the_report():
    def field(report, at):
        return int.from_bytes(report[at:at + 4], "little")

    def covered(report, data):
        return report[32 + 0x50:32 + 0x70] == hashlib.sha256(data).digest()

    with Paravisor() as paravisor:
        reports = {}
        for flaw in ("good", "oversized", "truncated", "magic", "version-2", "zero-modulus", "unknown-type", "no-json",
                     "claims-hash", "other-ak"):
            paravisor.order(f"report {flaw}")
            reports[flaw] = paravisor.read_report()
        good, good_claims = reports["good"], claims_of(reports["good"])[1]
        assert field(good, 8) == 1236 + field(good, 1232) and field(good, 1220) == 1 and field(good, 1224) == 2
        assert field(reports["oversized"], 8) > 1 << 30
        assert field(reports["truncated"], 8) > len(reports["truncated"])
        assert reports["magic"][:4] != b"HCLA"
        assert field(reports["version-2"], 1220) == 2 and reports["version-2"][1240:1241] == b"{"
        assert set(base64.urlsafe_b64decode(claims_of(reports["zero-modulus"])[1]["keys"][0]["n"] + "==")) == {0}
        assert field(reports["unknown-type"], 1224) not in range(1, 6)
        broken = reports["no-json"][1236:1236 + field(reports["no-json"], 1232)]
        assert not broken.endswith(b"}") and covered(reports["no-json"], broken)
        assert not covered(reports["claims-hash"], claims_of(reports["claims-hash"])[0])
        data, claims = claims_of(reports["other-ak"])
        assert claims["keys"][0]["n"] != good_claims["keys"][0]["n"] and covered(reports["other-ak"], data)


def test_flaws_of_the_certificate():
    with Paravisor() as paravisor:
        certificates = {}
        for flaw in ("good", "garbage", "other-key", "empty"):
            paravisor.order(f"certificate {flaw}")
            certificates[flaw] = paravisor.tool("tpm2_nvread", "-C", "o", AK_CERTIFICATE)
        keys = {openssl("x509", "-inform", "DER", "-noout", "-pubkey", data=certificates[flaw])
                for flaw in ("good", "other-key")}
        assert len(keys) == 2
        assert certificates["garbage"][:1] == b"\x30" and not any(certificates["empty"])
        try:
            openssl("x509", "-inform", "DER", "-noout", data=certificates["garbage"])
            raise AssertionError("garbage passes for a certificate")
        except subprocess.CalledProcessError:
            pass
        paravisor.order("certificate unwritten")
        assert "0x14A" in paravisor.refusal("tpm2_nvread", "-C", "o", AK_CERTIFICATE)


def request(paravisor, method="GET", path="/metadata/THIM/amd/certification", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(paravisor.imds.rpartition(":")[2]), timeout=PATIENCE)
    connection.request(method, path, body, headers or {"Metadata": "true"})
    return connection.getresponse()


def test_thim():
    with Paravisor("--product=Genoa") as paravisor:
        answer = json.loads(request(paravisor).read())
        report = paravisor.read_report()[32:]
        assert set(answer) == {"vcekCert", "certificateChain", "tcbm", "cacheControl"}
        assert bytes.fromhex(answer["tcbm"])[::-1] == report[0x180:0x188]
        text = openssl("x509", "-noout", "-text", data=answer["vcekCert"].encode()).decode()
        assert "1.3.6.1.4.1.3704.1.4" in text
        chain = f"{paravisor.folder}/chain.pem"
        with open(chain, "w", encoding="ascii") as f:
            f.write(answer["certificateChain"])
        root = f"{paravisor.roots}/amd-ark-genoa.pem"
        openssl("verify", "-CAfile", root, "-untrusted", chain, data=answer["vcekCert"].encode())
        assert request(paravisor, other="header").status == 400


def test_td_quote():
    with Paravisor("--isolation=tdx") as paravisor:
        report = paravisor.read_report()[32:32 + 1024]
        body = json.dumps({"report": base64.urlsafe_b64encode(report).rstrip(b"=").decode()})
        answer = json.loads(request(paravisor, "POST", "/acc/tdquote", body).read())
        quote = base64.urlsafe_b64decode(answer["quote"] + "==")
        assert quote[:2] == b"\4\0" and quote[48 + 520:48 + 584] == report[128:192]
        assert request(paravisor, "POST", "/acc/tdquote", '{"report":"AAAA"}').status == 400


def chip_of(answer):
    """The HWID in the certificate of a processor's key."""
    lines = openssl("asn1parse", data=json.loads(answer)["vcekCert"].encode()).decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith(":1.3.6.1.4.1.3704.1.4"))
    return bytes.fromhex(lines[at + 1].rpartition(":")[2])


def test_flaws_of_the_answer():
    with Paravisor() as paravisor:
        good = request(paravisor).read()
        chip = paravisor.read_report()[32 + 0x1a0:32 + 0x1e0]
        assert chip_of(good) == chip
        paravisor.order("http tcbm")
        bad = request(paravisor).read()
        assert chip_of(bad) == chip and json.loads(bad)["tcbm"] != json.loads(good)["tcbm"]
        paravisor.order("http chip")
        bad = request(paravisor).read()
        assert chip_of(bad) != chip and json.loads(bad)["tcbm"] == json.loads(good)["tcbm"]
        paravisor.order("http garbage")
        bad = json.loads(request(paravisor).read())
        try:
            openssl("x509", "-noout", data=bad["vcekCert"].encode())
            raise AssertionError("garbage passes for a certificate")
        except subprocess.CalledProcessError:
            pass


def test_flaws_over_http():
    with Paravisor() as paravisor:
        good = json.loads(request(paravisor).read())
        paravisor.order("http not-found 1")
        assert request(paravisor).status == 404
        assert json.loads(request(paravisor).read()) == good
        paravisor.order("http html")
        assert request(paravisor).read().startswith(b"<!DOCTYPE html>")
        paravisor.order("http redirect")
        answer = request(paravisor)
        assert answer.status == 302 and answer.getheader("Location") == paravisor.imds + "/followed"
        paravisor.order("http huge")
        answer = request(paravisor)
        assert sum(len(answer.read(1 << 20)) for _ in range(64)) == 1 << 26
        paravisor.order("http drip")
        answer = request(paravisor)
        assert answer.getheader("Content-Length") == "4096" and answer.read(3) == b"   "
        paravisor.order("http silent")
        before = paravisor.state()["requests"]
        with socket.create_connection(("127.0.0.1", int(paravisor.imds.rpartition(":")[2]))) as visitor:
            visitor.sendall(b"GET / HTTP/1.1\r\nMetadata: true\r\n\r\n")
            wait_for("the request", lambda: paravisor.state()["requests"] > before)
            assert not select.select([visitor], [], [], 0)[0]
        paravisor.order("http good")
        assert request(paravisor, path="/followed").status == 200 and paravisor.state()["followed"] == 1


class Session:
    """An HMAC session, neither bound nor salted, of a client that computes all of it itself."""
    OWNER = bytes.fromhex("40000001")

    def __init__(self, paravisor):
        self.socket = socket.create_connection(("127.0.0.1", int(paravisor.tcti.rpartition("=")[2])), PATIENCE)
        self.stream = self.socket.makefile("rb")
        none = bytes.fromhex("40000007")
        answer = self.command(0x8001, 0x176, none + none + b"\0\x10" + bytes(16) + b"\0\0" + b"\0" + b"\0\x10" + b"\0\x0b")
        self.handle, self.nonce = answer[10:14], answer[16:]

    def command(self, tag, code, rest):
        data = struct.pack(">HII", tag, 10 + len(rest), code) + rest
        self.socket.sendall(struct.pack(">IBI", 8, 0, len(data)) + data)
        answer = self.stream.read(int.from_bytes(self.stream.read(4), "big"))
        assert self.stream.read(4) == bytes(4)
        assert answer[6:10] == bytes(4), f"response code {answer[6:10].hex()}"
        return answer

    @staticmethod
    def hmac(code, *parts):
        return hmac.digest(b"", hashlib.sha256(code).digest() + b"".join(parts), "sha256")

    def read(self, index, size):
        """The first bytes of an index, by the owner; the response's HMAC is checked."""
        handle, code = struct.pack(">I", int(index, 16)), struct.pack(">I", 0x14e)
        public = self.command(0x8001, 0x169, handle)[10:]
        name = public[2 + int.from_bytes(public[:2], "big") + 2:]
        wanted, mine = struct.pack(">HH", size, 0), bytes(range(16))
        proof = self.hmac(code + self.OWNER + name + wanted, mine, self.nonce, b"\1")
        area = self.handle + b"\0\x10" + mine + b"\1" + b"\0\x20" + proof
        answer = self.command(0x8002, 0x14e, self.OWNER + handle + struct.pack(">I", len(area)) + area + wanted)
        parameters, rest = answer[14:16 + size], answer[16 + size:]
        self.nonce = rest[2:2 + int.from_bytes(rest[:2], "big")]
        expected = self.hmac(bytes(4) + code + parameters, self.nonce, mine, b"\1")
        assert rest[2 + len(self.nonce):] == b"\1\0\x20" + expected
        return parameters[2:]

    def close(self):
        self.stream.close()
        self.socket.close()


def test_hmac_session_over_what_is_played_and_what_is_not():
    with Paravisor() as paravisor:
        paravisor.write_input(OURS)
        with contextlib.closing(Session(paravisor)) as session:
            assert session.read(HCL_REPORT, 4) == b"HCLA"
            assert session.read(GUEST_INPUT, 64) == OURS
            assert session.read(AK_CERTIFICATE, 2) == b"\x30\x82"


class Qemu:
    """What QEMU says to an emulated TPM."""

    def __init__(self, paravisor):
        self.control = socket.socket(socket.AF_UNIX)
        self.control.settimeout(PATIENCE)
        self.control.connect(paravisor.qemu)
        self.data, theirs = socket.socketpair()
        self.data.settimeout(PATIENCE)
        socket.send_fds(self.control, [struct.pack(">I", 16)], [theirs.fileno()])
        theirs.close()
        assert self.control.recv(64) == bytes(4)

    def order(self, number, body=b""):
        self.control.sendall(struct.pack(">I", number) + body)
        return self.control.recv(4096)

    def command(self, text):
        self.data.sendall(bytes.fromhex(text))
        return self.data.recv(4096)


def test_qemu():
    with Paravisor() as paravisor:
        qemu = Qemu(paravisor)
        assert int.from_bytes(qemu.order(1)[4:12], "big")  # CMD_GET_CAPABILITY
        assert qemu.order(14) == bytes(4)  # CMD_STOP
        assert qemu.order(2, bytes(4)) == bytes(4)  # CMD_INIT: as at power on
        assert qemu.command("80010000000c00000144" "0000")[6:10] == bytes(4)  # TPM2_Startup
        read = qemu.command("8002000000230000014e" "40000001" "01400001" "00000009" "40000009" "0000000000" "0400" "0000")
        assert read[6:10] == bytes(4) and read[16:20] == b"HCLA", read[:32].hex()
        assert qemu.order(3) == bytes(4)  # CMD_SHUTDOWN
        paravisor.read_report()  # is not for everybody


def test_orders_that_are_none():
    with Paravisor() as paravisor:
        for line in ("", "nonsense", "stale -1", "report bad", "broken", "broken xyz", "input 0", "go", "drop",
                     "hold 0", "hold", "a b c d e", "lockout maybe", "advance for-ever"):
            assert paravisor.ask(line).startswith("error: "), line
        assert paravisor.state()["commands"] == 0


if __name__ == "__main__":
    tap.main(globals())
