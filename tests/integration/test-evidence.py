#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Evidence from end to end: cvmd, cvmd-attest and cvmd-fetch in front of a paravisor that behaves, and of ones that do not.
What comes out is held against a checker that shares nothing with ours."""

import base64
import contextlib
import json
import os
import random
import time

from evidence import RAW_TAG, Bundle, Clients, Helpers, binding_of, records_of, unbase64, user_data_of
from harness import CONFIDENTIAL, NETWORK, PLAIN, Guest, wait_for
from paravisor import user_data_of as user_data_in
from tap import main

NONCE = bytes(range(16))
ZEROES = "00" * 64
SEED = 20261121
POINTS = 20


@contextlib.contextmanager
def attesting(*paravisor, window=0, cvmd_window=None):
    """cvmd_window: what cvmd takes the window for."""
    with Guest("snp-openhcl") as guest:
        guest.helpers = Helpers(guest, *paravisor, window=window)
        guest.paravisor = guest.helpers.paravisor
        guest.cvmd.start(f"--report-window={window if cvmd_window is None else cvmd_window}")
        guest.clients = Clients(guest)
        # cvmd looks once by itself: nothing else is to be under way
        guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")
        yield guest


def nonce_of(i):
    return i.to_bytes(4, "big") * 8


def text_sizes(value):
    """The shape of JSON: strings by their length."""
    if isinstance(value, dict):
        return {key: text_sizes(v) for key, v in value.items()}
    return [text_sizes(v) for v in value] if isinstance(value, list) else len(value) if isinstance(value, str) else value


def test_trustee_gets_what_its_attesters_send():
    """Fields and lengths are those of genuine evidence, but for the certificate, which is as long as it is."""
    nonce = bytes(range(48))
    with attesting() as guest:
        text, error = guest.clients.get(nonce, format="trustee")
        assert text, error
        evidence = json.loads(text)
        vcek = evidence.pop("vcek")
        assert text_sizes(evidence) == {"version": 2, "tpm_quote": {"signature": 512, "message": 322, "pcrs": [64] * 24},
                                        "hcl_report": 3468}, text_sizes(evidence)
        assert base64.urlsafe_b64decode(vcek)[:1] == b"\x30" and len(vcek) % 4 == 0
        report = base64.urlsafe_b64decode(evidence["hcl_report"])
        assert user_data_in(report) == nonce + RAW_TAG
        assert nonce in bytes.fromhex(evidence["tpm_quote"]["message"])
        assert_input_restored(guest)


def test_azure_gets_a_key_for_its_answer():
    for isolation, kind in ("snp", "SevSnp"), ("tdx", "Tdx"):
        with attesting(f"--isolation={isolation}") as guest:
            text, error = guest.clients.get(NONCE, format="maa", pcrs="0-7")
            assert text, error
            info = json.loads(unbase64(json.loads(text)["AttestationInfo"]))
            tpm = {name: base64.b64decode(value) for name, value in info["TpmInfo"].items() if isinstance(value, str)}
            assert base64.b64decode(info["ClientPayload"]["nonce"]) == NONCE
            assert info["IsolationInfo"]["Type"] == kind
            for key in "AikPub", "EncKeyPub":  # TPM2B_PUBLIC of an RSA key
                assert int.from_bytes(tpm[key][:2], "big") == len(tpm[key]) - 2 and tpm[key][2:4] == b"\0\1", key
            for quoted in "PcrQuote", "EncKeyCertifyInfo":
                assert tpm[quoted].startswith(b"\xffTCG"), quoted
            assert len(tpm["PcrSignature"]) == len(tpm["EncKeyCertifyInfoSignature"]) == 256
            assert info["TpmInfo"]["PcrSet"] == list(range(8))
            claims = base64.b64decode(info["IsolationInfo"]["Evidence"]["RunTimeData"])
            assert bytes.fromhex(json.loads(claims)["user-data"]) == NONCE.ljust(48, b"\0") + RAW_TAG


def test_azure_takes_the_hardware_of_a_bundle():
    for isolation, key in ("snp", "report"), ("tdx", "quote"):
        with attesting(f"--isolation={isolation}") as guest:
            bundle = os.path.join(guest.folder, "b.cmw")
            assert guest.cvmctl("attest", "get", "--nonce", NONCE.hex(), "-o", bundle)[0] == 0
            status, out, err = guest.cvmctl("attest", "export", bundle, "--format=maa-platform", bus=False)
            assert status == 0, err
            body = json.loads(out)
            claims = unbase64(body["runtimeData"]["data"])
            assert body["runtimeData"]["dataType"] == "JSON" and json.loads(claims)["user-data"]
            proof = unbase64(body[key])
            with open(bundle, encoding="utf-8") as f:
                records = records_of(f.read())
            if isolation == "tdx":
                assert proof == records["td-quote"]
                continue
            proof = json.loads(proof)
            assert unbase64(proof["SnpReport"]) == records["hcl-report"][32:1216]
            assert base64.b64decode(proof["VcekCertChain"]) == records["snp-vek-chain"]


def held_open(guest, path):
    """Whether cvmd has that file open."""
    folder = f"/proc/{guest.cvmd.process.pid}/fd"
    for fd in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            if os.readlink(os.path.join(folder, fd)).endswith(path):
                return True
    return False


def test_the_hardware_is_asked_through_configfs():
    reports = "sys/kernel/config/tsm/report"
    with attesting("--order=index absent") as guest:
        guest.simulator.load_tsm(provider="sev_guest")
        folder = os.path.join(guest.simulator.root, reports)
        guest.clients.call("a", NONCE, provider="tsm")
        entry, = wait_for("an entry", lambda: os.listdir(folder))
        inblob = os.path.join(folder, entry, "inblob")
        wait_for("what is to be reported", lambda: os.path.getsize(inblob) == 64)
        wait_for("cvmd to close it", lambda: not held_open(guest, f"{entry}/inblob"))
        with open(inblob, "rb") as f:
            user_data = f.read()
        for name, data in ("generation", b"1\n"), ("outblob", b"signed by the hardware"):
            with open(os.path.join(folder, entry, name), "wb") as f:
                f.write(data)
        text, error = guest.clients.answer("a")
        assert text, error
        b = Bundle(text, NONCE)
        report = json.loads(b.records["tsm-report"])
        assert user_data == b.user_data == unbase64(report["inblob"])
        assert unbase64(report["outblob"]) == b"signed by the hardware"
        wait_for("the entry to go", lambda: os.listdir(folder) == [])


def assert_input_restored(guest):
    assert guest.paravisor.state()["input"] in (None, ZEROES), guest.paravisor.state()


def test_a_bundle_holds():
    with attesting() as guest:
        for i in range(3):
            text, error = guest.clients.get(nonce_of(i), bind=b"channel")
            assert text, error
            results = guest.helpers.check(text, nonce_of(i), bind=b"channel")
            for name in ("binding", "qualifying-data", "user-data", "report-data", "quote-signature", "registers",
                         "snp-signature", "snp-chain", "snp-chip"):
                assert results[name] == "pass", results
        assert_input_restored(guest)


def test_tdx_has_its_quote():
    with attesting("--isolation=tdx") as guest:
        text, error = guest.clients.get(NONCE)
        assert text, error
        assert guest.helpers.check(text, NONCE)["td-quote"] == "pass"


def test_registers_as_asked_for():
    with attesting() as guest:
        text, error = guest.clients.get(NONCE, pcrs="0-2,14")
        assert text, error
        guest.helpers.check(text, NONCE)
        assert set(json.loads(records_of(text)["tpm-quote"])["pcrs"]) == {"0", "1", "2", "14"}


def test_a_stale_report_is_never_passed_on():
    """Each but the first is asked for while the vTPM still shows the one before."""
    with attesting(window=300, cvmd_window=0) as guest:
        before = guest.paravisor.state()["reports"]
        for i in range(4):
            text, error = guest.clients.get(nonce_of(i))
            assert text, error
            guest.helpers.check(text, nonce_of(i))
            assert Bundle(text, nonce_of(i)).batch["freshness"] == "report"
        assert guest.paravisor.state()["reports"] <= before + 4


def test_a_vtpm_that_never_refreshes():
    with attesting(window=100) as guest:
        guest.helpers.check(guest.clients.get(NONCE)[0], NONCE)
        guest.paravisor.order("refresh never")
        name, text = guest.clients.error(nonce_of(1))
        assert name == "Stale", (name, text)
        text, error = guest.clients.get(nonce_of(2), freshness="quote")
        assert text, error
        b = Bundle(text, nonce_of(2))
        assert b.batch["freshness"] == "quote"
        assert user_data_in(b.records["hcl-report"]) != b.user_data
        guest.paravisor.order("refresh normal")
        guest.helpers.check(guest.clients.get(nonce_of(3))[0], nonce_of(3))
        assert_input_restored(guest)


def test_a_hundred_callers_share_few_reports():
    with attesting(window=2000) as guest:
        began = time.monotonic()
        for i in range(100):
            guest.clients.call(f"c{i}", nonce_of(i))
        good = limited = 0
        texts = {}
        for i in range(100):
            text, error = guest.clients.answer(f"c{i}")
            if error:
                assert error[0] == "RateLimited", error
                limited += 1
            else:
                texts[i] = text
                good += 1
        print(f"# {good} bundles and {limited} refusals in {time.monotonic() - began:.2f} s, window 2 s, "
              f"{guest.paravisor.state()['reports']} reports")
        assert good > 0 and guest.paravisor.state()["reports"] <= 3
        for i, text in texts.items():  # none mixed up: the binding is over the nonce of the one who asked
            b = Bundle(text, nonce_of(i))
            assert user_data_in(b.records["hcl-report"]) == b.user_data
            quoted = unbase64(json.loads(b.records["tpm-quote"])["attest"])
            assert b.binding in quoted
        guest.helpers.check(texts[max(texts)], nonce_of(max(texts)))
        assert_input_restored(guest)


def test_other_agents_are_let_go_first():
    with attesting(window=100) as guest:
        guest.paravisor.write_input(bytes(range(64)))
        guest.paravisor.read_report()
        text, error = guest.clients.get(NONCE)
        assert text, error
        guest.helpers.check(text, NONCE)
        assert guest.paravisor.state()["input"] == bytes(range(64)).hex()


def test_what_is_wrong_with_the_tpm_has_a_name():
    for order, name in (("index absent", "NoReport"), ("index unwritten", "NoReport"), ("lockout on", "Lockout"),
                        ("owner-auth secret", "OwnerAuthSet"), ("broken 0x101 99", "TpmFailed"),
                        ("report magic", "ReportInvalid"), ("report truncated", "ReportInvalid"),
                        ("report oversized", "ReportInvalid"), ("report zero-modulus", "ReportInvalid"),
                        ("report unknown-type", "ReportInvalid"), ("report no-json", "ReportInvalid"),
                        ("report claims-hash", "TornReport"), ("report other-ak", "AkMismatch")):
        with attesting() as guest:
            guest.paravisor.order(order)
            found, text = guest.clients.error(NONCE)
            assert found == name, (order, found, text)


def test_evidence_needs_no_network():
    for flaw in "not-found", "html", "redirect", "garbage", "chip", "tcbm", "huge":
        with attesting() as guest:
            guest.paravisor.order(f"http {flaw}")
            text, error = guest.clients.get(NONCE)
            assert text, (flaw, error)
            assert "snp-vek-chain" not in records_of(text), flaw
            assert "no endorsements for evidence" in guest.cvmd.log(), flaw


def milliseconds_until_blocked(guest, relid):
    began = time.monotonic()
    guest.simulator.reoffer(instance=NETWORK, relid=relid, flags=PLAIN)
    guest.wait_verdict(NETWORK, "blocked")
    taken = time.monotonic() - began
    guest.simulator.reoffer(instance=NETWORK, relid=relid + 1, flags=CONFIDENTIAL)
    guest.wait_verdict(NETWORK, "allowed")
    return taken * 1000


def test_a_device_is_blocked_while_the_tpm_is_slow():
    with attesting() as guest:
        guest.helpers.check(guest.clients.get(NONCE)[0], NONCE)
        quick = [milliseconds_until_blocked(guest, 40 + 2 * i) for i in range(5)]
        guest.paravisor.order("slow 5000")
        with guest.paravisor.hold(1) as wait:
            guest.clients.call("slow", nonce_of(1))
            wait()
            before = guest.paravisor.state()["commands"]
            slow = [milliseconds_until_blocked(guest, 60 + 2 * i) for i in range(5)]
            began = time.monotonic()
            status, _, _ = guest.cvmctl("status", "-q")
            print(f"# cvmctl status: {(time.monotonic() - began) * 1000:.0f} ms; offered to blocked: "
                  f"{sorted(quick)[2]:.0f} ms, with the TPM at work {sorted(slow)[2]:.0f} ms")
            assert status == 0
            # all of that before the TPM has done so much as one command
            assert guest.paravisor.state()["commands"] == before
        guest.paravisor.order("slow 0")
        guest.paravisor.order("advance 5000")
        text, error = guest.clients.answer("slow")
        assert text, error
        guest.helpers.check(text, nonce_of(1))
        assert Bundle(text, nonce_of(1)).claims["log"]["sequence"] == guest.property("LogSequence")


def commands_of_one_call(guest):
    before = guest.paravisor.state()["commands"]
    guest.helpers.check(guest.clients.get(NONCE)[0], NONCE)
    return guest.paravisor.state()["commands"] - before


def test_a_kill_of_the_one_with_the_tpm_at_any_command():
    rolls = random.Random(SEED)
    with attesting() as guest:
        commands_of_one_call(guest)  # the first one defines the guest input
        n_commands = commands_of_one_call(guest)
        for i in range(POINTS):
            point = rolls.randint(1, n_commands)
            with guest.paravisor.hold(point) as wait:
                guest.clients.call(f"c{i}", nonce_of(i))
                wait()
                assert guest.helpers.kill("Attest"), (i, point)
                guest.paravisor.order("go" if rolls.random() < 0.5 else "drop")
            text, error = guest.clients.answer(f"c{i}")
            if text:
                guest.helpers.check(text, nonce_of(i))
            text, error = guest.clients.get(nonce_of(1000 + i))
            assert text, (i, point, error)
            guest.helpers.check(text, nonce_of(1000 + i))
            assert_input_restored(guest)


def test_a_kill_of_the_one_with_the_network():
    """Before it has asked, while it waits for an answer, and when it has given its own."""
    rolls = random.Random(SEED)
    killed = sure = 0
    for i in range(POINTS):
        moment = rolls.choice(("before", "waiting", "after"))
        sure += moment != "before"  # whether it runs already, then, is a matter of luck
        with attesting() as guest:
            if moment == "waiting":
                guest.paravisor.order("http silent 1")
            guest.clients.call("c", nonce_of(i))
            if moment == "waiting":
                wait_for("the network to be asked", lambda g=guest: g.paravisor.state()["requests"] > 0)
            if moment == "after":
                text, error = guest.clients.answer("c")
            killed += guest.helpers.kill("Fetch")
            if moment != "after":
                text, error = guest.clients.answer("c")
            assert text, (i, moment, error)
            Bundle(text, nonce_of(i))
            text, error = guest.clients.get(nonce_of(1000 + i))
            assert text, (i, moment, error)
            guest.helpers.check(text, nonce_of(1000 + i))
            assert_input_restored(guest)
    print(f"# {killed} of {POINTS} kills met one that ran")
    assert killed >= sure > POINTS // 2


def test_a_raw_nonce_cannot_pose_as_a_binding():
    """The nonces are chosen so that report and quote carry what a bundle over forged claims would need."""
    with attesting() as guest:
        text, error = guest.clients.get(NONCE)
        assert text, error
        guest.helpers.check(text, NONCE)
        genuine = json.loads(text)
        claims = Bundle(text, NONCE).records["claims"].replace(b'"blocked"', b'"allowed"')
        binding = binding_of(NONCE, b"", claims)
        wanted = user_data_of([binding])
        trustee, error = guest.clients.get(wanted[:48], format="trustee")
        assert trustee, error
        report = unbase64(json.loads(trustee)["hcl_report"])
        assert user_data_in(report) == wanted[:48] + RAW_TAG  # all but the tag
        quote, error = guest.clients.get(binding, format="trustee")
        assert quote, error
        assert binding in bytes.fromhex(json.loads(quote)["tpm_quote"]["message"])

        def put(name, data):
            genuine[name][1] = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        batch = json.loads(Bundle(text, NONCE).records["batch"])
        batch["bindings"], batch["index"] = [binding.hex()], 0
        record = json.loads(Bundle(text, NONCE).records["tpm-quote"])
        told = json.loads(quote)["tpm_quote"]
        record["attest"] = base64.urlsafe_b64encode(bytes.fromhex(told["message"])).rstrip(b"=").decode()
        signature = unbase64(record["signature"])[:6] + bytes.fromhex(told["signature"])
        record["signature"] = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        put("claims", claims)
        put("hcl-report", report)
        put("batch", json.dumps(batch, separators=(",", ":")).encode())
        put("tpm-quote", json.dumps(record, separators=(",", ":")).encode())
        forged = os.path.join(guest.folder, "forged")
        with open(forged, "w", encoding="utf-8") as f:
            json.dump(genuine, f, separators=(",", ":"))
        status, out, _ = guest.cvmctl("attest", "verify", "--roots", guest.paravisor.roots, "--nonce", NONCE.hex(),
                                      "--any-bind", "--any-measurement", "--json=short", forged, bus=False)
        failed = {c["name"] for c in json.loads(out)["checks"] if c["result"] == "fail"}
        assert status == 3 and failed, (status, out)
        print(f"# refused for: {', '.join(sorted(failed))}")
        assert any("tag" in name or "user-data" in name for name in failed), failed


main(globals())
