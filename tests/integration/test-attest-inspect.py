#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""attest inspect: what it shows of made and of genuine evidence, held against what struct, json and hashlib read.

    test-attest-inspect.py CVMD CVMCTL [NAME...]
"""

import atexit
import base64
import glob
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading

from harness import PATIENCE, Programs, Skip
from tap import main

SNP_GUESTS = {"milan": "Milan", "genoa": "Genoa", "turin": "Turin", "vlek": "Milan"}
TDX_GUESTS = ["tdx4", "tdx5"]
LARGEST = 16 * 1024 * 1024


def build():
    return os.path.dirname(os.path.dirname(os.path.abspath(Programs.cvmctl)))


def made(*parts):
    """A path in the folder with made evidence, which is made once."""
    if not hasattr(made, "folder"):
        made.folder = tempfile.mkdtemp(prefix="cvmd-inspect-")
        atexit.register(shutil.rmtree, made.folder)
        subprocess.run([os.path.join(build(), "tests", "forge", "forge-evidence"), made.folder], check=True)
    return os.path.join(made.folder, *parts)


def genuine(name):
    """A path in the folder with genuine evidence that the build was given."""
    with open(os.path.join(build(), "meson-info", "intro-buildoptions.json"), encoding="utf-8") as f:
        folder = next(o["value"] for o in json.load(f) if o["name"] == "vectors")
    if not folder:
        raise Skip("no genuine evidence: configure with -Dvectors=DIR")
    return os.path.join(folder, name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def cvmctl(*arguments, **how):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([Programs.cvmctl, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False, encoding="utf-8", **how)
    return done.returncode, done.stdout, done.stderr


def inspect(path, expected=0):
    status, out, err = cvmctl("--json=short", "attest", "inspect", path)
    assert status == expected, (path, status, err)
    return json.loads(out)


def parts(shown, name):
    return [p for p in shown["parts"] if p["part"] == name]


def only(shown, name):
    found = parts(shown, name)
    assert len(found) == 1, (name, [p["part"] for p in shown["parts"]])
    return found[0]["fields"]


def number(text):
    """Of "0x...", alone or as the value of an object."""
    return int(text["value"] if isinstance(text, dict) else text, 16)


def check_tcb(shown, raw, turin):
    value = struct.unpack("<Q", raw)[0]
    names = ["fmc", "boot-loader", "tee", "snp"] if turin else ["boot-loader", "tee"]
    expected = {name: raw[i] for i, name in enumerate(names)}
    expected |= {"microcode": raw[7]} | ({} if turin else {"snp": raw[6]})
    assert number(shown) == value and {k: v for k, v in shown.items() if k != "value"} == expected, (shown, raw.hex())


def check_snp(fields, report):
    version, svn, policy = struct.unpack_from("<IIQ", report)
    vmpl, algorithm = struct.unpack_from("<II", report, 0x30)
    turin = version >= 3 and report[0x188] == 0x1a
    assert fields["version"] == version and fields["guest-svn"] == svn and fields["vmpl"] == vmpl
    assert number(fields["policy"]) == policy and fields["policy"]["debug"] == bool(policy >> 19 & 1)
    assert fields["policy"]["smt"] == bool(policy >> 16 & 1) and fields["signature-algorithm"] == algorithm
    assert fields["signing-key"] == ["VCEK", "VLEK"][report[0x48] >> 2 & 7]
    for key, offset, size in [("family-id", 0x10, 16), ("image-id", 0x20, 16), ("report-data", 0x50, 64),
                              ("measurement", 0x90, 48), ("host-data", 0xc0, 32), ("id-key-digest", 0xe0, 48),
                              ("author-key-digest", 0x110, 48), ("report-id", 0x140, 32), ("report-id-ma", 0x160, 32),
                              ("chip-id", 0x1a0, 64), ("signature-r", 0x2a0, 72), ("signature-s", 0x2e8, 72)]:
        assert fields[key] == report[offset:offset + size].hex(), key
    for key, offset in [("current", 0x38), ("reported", 0x180), ("committed", 0x1e0), ("launch", 0x1f0)]:
        check_tcb(fields[key + "-tcb"], report[offset:offset + 8], turin)
    build_, minor, major = report[0x1e8:0x1eb]
    assert fields["current-firmware"] == f"{major}.{minor}.{build_}"


def check_td(fields, td):
    """td starts at the attributes, and is the same in a report and in a quote."""
    assert number(fields["td-attributes"]) == struct.unpack_from("<Q", td)[0]
    assert fields["td-attributes"]["debug"] == bool(td[0] & 1)
    for i, key in enumerate(["mrtd", "mrconfigid", "mrowner", "mrownerconfig", "rtmr0", "rtmr1", "rtmr2", "rtmr3"]):
        assert fields[key] == td[16 + 48 * i:64 + 48 * i].hex(), key


def check_td_report(fields, report):
    check_td(fields, report[512:])
    assert fields["report-data"] == report[128:192].hex() and fields["mac"] == report[224:256].hex()
    assert fields["tee-info-hash"] == hashlib.sha384(report[512:1024]).hexdigest()
    assert fields["tee-tcb-info-hash"] == hashlib.sha384(report[256:495]).hexdigest()


def check_td_quote(shown, quote):
    version = struct.unpack_from("<H", quote)[0]
    body = quote[48 if version == 4 else 54:]
    fields = only(shown, "td-quote")
    assert fields["version"] == version and fields["report-data"] == body[0x208:0x248].hex()
    assert fields["tee-tcb-svn"] == body[:16].hex() and fields["mrseam"] == body[16:64].hex()
    check_td(fields, body[0x78:])
    assert len(only(shown, "qe-report")["mrsigner"]) == 64


def check_claims(shown, claims):
    told = json.loads(claims)
    fields = only(shown, "runtime-claims")
    modulus = next(k["n"] for k in told["keys"] if k["kid"] == "HCLAkPub")
    assert fields["ak-modulus"] == base64.urlsafe_b64decode(modulus + "==").hex()
    assert fields.get("user-data", "") == told.get("user-data", "").lower()
    for key, value in told["vm-configuration"].items():
        assert fields["vm-configuration." + key] == value, key


def check_hcl(shown, report):
    kind, n = struct.unpack_from("<I", report, 1224)[0], struct.unpack_from("<I", report, 1232)[0]
    claims = report[1236:1236 + n]
    fields = only(shown, "hcl-report")
    assert fields["version"] == struct.unpack_from("<I", report, 4)[0]
    assert fields["size"] == struct.unpack_from("<I", report, 8)[0] and fields["claims-size"] == n
    check_claims(shown, claims)
    if kind == 2:
        check_snp(only(shown, "snp-report"), report[32:1216])
        assert only(shown, "snp-report")["report-data"] == hashlib.sha256(claims).hexdigest() + 64 * "0"
        vouched = "report-data of the snp-report: their sha256"
    else:
        check_td_report(only(shown, "td-report"), report[32:1056])
        vouched = "report-data of the td-report: their sha256"
    assert parts(shown, "runtime-claims")[0]["authenticated-by"] == vouched


def check_attest(fields, message):
    """Field after field, as the TPM's specification lays them out."""
    at = 6
    for key in ["qualified-signer", "qualifying-data"]:
        n = struct.unpack_from(">H", message, at)[0]
        assert fields[key] == message[at + 2:at + 2 + n].hex(), key
        at += 2 + n
    clock, resets, restarts, safe, firmware = struct.unpack_from(">QIIBQ", message, at)
    assert (fields["clock"], fields["reset-count"], fields["restart-count"]) == (clock, resets, restarts)
    assert fields["clock-safe"] == bool(safe) and number(fields["firmware-version"]) == firmware
    assert fields["pcr-digest"] == message[-32:].hex()


def check_pcrs(shown, values, quoted):
    fields = only(shown, "pcrs")
    for i, value in enumerate(values):
        assert fields[str(i)] == value.hex(), i
    expected = "pcr-digest of the tpm-attest: it is theirs" if quoted else "nothing: pcr-digest of the tpm-attest is not theirs"
    assert parts(shown, "pcrs")[0]["authenticated-by"] == expected, parts(shown, "pcrs")[0]


def all_quoted(values, message):
    return hashlib.sha256(b"".join(values)).digest() == message[-32:]


def der_of(pem):
    return [base64.b64decode(b) for b in re.findall(rb"BEGIN CERTIFICATE-----(.*?)-----END", pem, re.DOTALL)]


def check_certificates(shown, ders):
    assert [p["fields"]["sha256"] for p in parts(shown, "certificate")] == [hashlib.sha256(d).hexdigest() for d in ders]


def check_trustee(shown, path):
    told = json.loads(read(path))
    version = told.get("version", 0)
    quote = told.get("tpm_quote") or told["quote"]
    if version == 0:
        bytes_of, report = bytes, bytes(told.get("report") or told["hcl_report"])
    else:
        bytes_of, report = bytes.fromhex, base64.urlsafe_b64decode(told["hcl_report"] + "==")
    values, message = [bytes_of(p) for p in quote["pcrs"]], bytes_of(quote["message"])
    assert only(shown, "trustee")["version"] == version
    check_hcl(shown, report)
    check_attest(only(shown, "tpm-attest"), message)
    check_pcrs(shown, values, all_quoted(values, message))
    assert only(shown, "tpm-signature")["signature"] == bytes_of(quote["signature"]).hex()
    if "td_quote" in told:
        check_td_quote(shown, bytes(told["td_quote"]) if version == 0 else base64.urlsafe_b64decode(told["td_quote"] + "=="))
    else:
        check_certificates(shown, der_of(told["vcek"].encode()) if version == 0
                           else [base64.urlsafe_b64decode(told["vcek"] + "==")])


def test_genuine_snp_reports():
    for name in ["go-sev-guest/attestation.bin", "confidential-sidecar-containers/snp_report.bin",
                 "trustee/snp/test-report.bin", "trustee/snp/test-vlek-report.bin"]:
        check_snp(only(inspect(genuine(name)), "snp-report"), read(genuine(name)))
    text = genuine("virtee-sev/report_milan.hex")
    check_snp(only(inspect(text), "snp-report"), bytes.fromhex(read(text).decode()))


def test_genuine_hcl_reports():
    for name in ["trustee/az-snp-vtpm/hcl-report.bin", "trustee/az-tdx-vtpm/hcl-report.bin",
                 "azure-cvm-tooling/hcl-report-snp.bin", "azure-cvm-tooling/hcl-report-tdx.bin"]:
        check_hcl(inspect(genuine(name)), read(genuine(name)))
    check_claims(inspect(genuine("azure-cvm-tooling/var-data.bin")), read(genuine("azure-cvm-tooling/var-data.bin")))


def test_genuine_td_quotes():
    for name in ["trustee/az-tdx-vtpm/td-quote.bin", "go-tdx-guest/quote_v5_sample.dat"]:
        shown = inspect(genuine(name))
        check_td_quote(shown, read(genuine(name)))
        check_certificates(shown, der_of(read(genuine(name))))
        assert len(parts(shown, "certificate")) == 3


def test_genuine_tpm_quotes():
    message = genuine("trustee/az-snp-vtpm/tpm-quote.msg")
    check_attest(only(inspect(message), "tpm-attest"), read(message))
    assert only(inspect(message), "tpm-attest")["qualifying-data-text"] == "challenge"
    assert only(inspect(message), "tpm-attest")["pcr-selection"] == "0-7,14"
    for name in ["trustee/az-snp-vtpm/quote.bin", "trustee/az-tdx-vtpm/quote.bin", "azure-cvm-tooling/quote.bin"]:
        shown, raw = inspect(genuine(name)), read(genuine(name))
        values = [raw[402 + 32 * i:434 + 32 * i] for i in range(24)]
        assert struct.unpack_from("<Q", raw)[0] == 256 and struct.unpack_from("<Q", raw, 264)[0] == 122
        check_attest(only(shown, "tpm-attest"), raw[272:394])
        check_pcrs(shown, values, all_quoted(values, raw[272:394]))


def test_genuine_trustee_evidence():
    for name in ["az-snp-vtpm/evidence-v0.json", "az-snp-vtpm/evidence-v1.json", "az-snp-vtpm/evidence-v2.json",
                 "az-tdx-vtpm/evidence-v0.json", "az-tdx-vtpm/evidence-v1.json"]:
        check_trustee(inspect(genuine("trustee/" + name)), genuine("trustee/" + name))


def test_genuine_event_logs():
    logs = glob.glob(genuine("tpm2-tools/event-*.bin"))
    assert len(logs) == 5, logs
    for log in logs:
        yaml = read(log + ".yaml").decode()
        expected, bank = {}, None
        for line in yaml.partition("\npcrs:\n")[2].splitlines():
            if value := re.match(r"    (\d+) *: 0x([0-9a-f]+)$", line):
                expected[f"{bank}:{value[1]}"] = value[2]
            else:
                bank = line.strip().rstrip(":")
        shown = inspect(log)
        assert expected and only(shown, "replayed-pcrs") == expected, log
        types = re.findall(r"^  EventType: (\w+)$", yaml, re.MULTILINE)
        assert [e["type"] for e in only(shown, "event-log")["events"]] == types, log


def test_genuine_certificates():
    for name in ["trustee/az-snp-vtpm/vcek.pem", "azure-cvm-tooling/certs.pem", "go-sev-guest/milan.testcer",
                 "virtee-sev/cert_chain_milan"]:
        check_certificates(inspect(genuine(name)), der_of(read(genuine(name))))
    for name in ["trustee/snp/test-vcek.der", "trustee/snp/test-vlek.der", "go-sev-guest/vcek.testcer",
                 "virtee-sev/vcek_milan.der", "trustee/snp/test-vcek-invalid-legacy.der",
                 "trustee/snp/test-vcek-invalid-new.der"]:
        check_certificates(inspect(genuine(name)), [read(genuine(name))])
    vcek = only(inspect(genuine("trustee/snp/test-vcek.der")), "certificate")
    assert (vcek["amd-product"], vcek["amd-boot-loader"], vcek["amd-tee"], vcek["amd-snp"], vcek["amd-microcode"]) == \
        ("Milan-B0", 3, 0, 8, 0x73)
    assert bytes.fromhex(vcek["amd-hwid"]) in read(genuine("trustee/snp/test-vcek.der"))
    assert only(inspect(genuine("trustee/snp/test-vlek.der")), "certificate")["amd-csp-id"] == "CN=cc-us-east-2.amazonaws.com"
    thim = genuine("confidential-sidecar-containers/uvm_host_amd_certificate.json")
    told = json.loads(read(thim))
    shown = inspect(thim)
    assert only(shown, "thim") == {"tcbm": told["tcbm"], "cacheControl": told["cacheControl"]}
    check_certificates(shown, der_of((told["vcekCert"] + told["certificateChain"]).encode()))
    assert "key-modulus" in only(inspect(genuine("azure-cvm-tooling/akpub.pem")), "public-key")


def test_genuine_files_that_are_refused():
    for name, why in [("tpm2-tools/specid-vendordata.bin", "what it announces does not fill its first event"),
                      ("trustee/az-snp-vtpm/tpm-quote.sig", "not evidence that is known")]:
        status, out, err = cvmctl("attest", "inspect", genuine(name))
        assert status == 1 and out == "" and why in err and err.count("\n") == 1, err


def bundle(guest):
    return json.loads(read(made(guest, "bundle.cmw")))


def content(record):
    return base64.urlsafe_b64decode(record[1] + "==")


def check_bundle(guest):
    records, shown = bundle(guest), inspect(made(guest, "bundle.cmw"))
    assert shown["content"] == "bundle"
    listed = {r["name"]: r for r in only(shown, "bundle")["records"]}
    kind = records.pop("__cmwc_t")
    assert only(shown, "bundle")["type"] == kind and listed.keys() == records.keys()
    for name, record in records.items():
        assert listed[name]["media-type"] == record[0] and listed[name]["size"] == len(content(record))
        assert [p for p in shown["parts"] if p.get("record") == name], name
    assert not [p for p in shown["parts"] if "problem" in p]
    return records, shown


def check_own_records(records, shown):
    quote = json.loads(content(records["tpm-quote"]))
    message = base64.urlsafe_b64decode(quote["attest"] + "==")
    values = [bytes.fromhex(quote["pcrs"][str(i)]) for i in range(24)]
    check_hcl(shown, content(records["hcl-report"]))
    check_attest(only(shown, "tpm-attest"), message)
    check_pcrs(shown, values, True)
    assert only(shown, "tpm-signature")["scheme"] == "RSASSA with sha256"
    assert only(shown, "runtime-claims")["user-data-tag"] == "cvmd-batch-1: a batch of bindings"
    batch = json.loads(content(records["batch"]))
    assert only(shown, "batch")["nonce"] == batch["nonce"] and only(shown, "batch")["bindings"] == batch["bindings"]
    assert only(shown, "tpm-attest")["qualifying-data"] == batch["bindings"][batch["index"]]
    assert "binding" in parts(shown, "claims")[0]["authenticated-by"]


def test_made_bundles_of_snp():
    for guest, product in SNP_GUESTS.items():
        records, shown = check_bundle(guest)
        check_own_records(records, shown)
        assert only(shown, "snp-report")["product"] == product
        chain = [p["fields"] for p in parts(shown, "certificate") if p["record"] == "snp-vek-chain"]
        assert [c["sha256"] for c in chain] == [hashlib.sha256(d).hexdigest() for d in der_of(content(records["snp-vek-chain"]))]
        assert ("amd-csp-id" in chain[0]) == (guest == "vlek")
        if guest == "turin":
            assert len(chain[0]["amd-hwid"]) == 16 and "fmc" in only(shown, "snp-report")["reported-tcb"]


def test_made_bundles_of_tdx():
    for guest in TDX_GUESTS:
        records, shown = check_bundle(guest)
        check_own_records(records, shown)
        check_td_quote(shown, content(records["td-quote"]))


def test_made_trustee_evidence():
    for guest in [*SNP_GUESTS, *TDX_GUESTS]:
        for version in range(3):
            path = made(guest, f"trustee-{version}.json")
            if os.path.exists(path):
                check_trustee(inspect(path), path)


def written(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def fill(data, *ranges):
    """Bytes that differ from place to place, where any are possible."""
    for start, end in ranges:
        for i in range(start, end):
            data[i] = (i * 7 + i // 256) % 251
    return data


def test_reports_of_configfs_tsm_are_looked_into():
    def base64url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    report, quote = read(made("milan", "hcl-report.bin"))[32:1216], read(made("tdx4", "td-quote.bin"))
    with tempfile.TemporaryDirectory() as folder:
        for provider, blob in ("sev_guest", report), ("tdx_guest", quote), ("other", b"what is this"):
            record = {"version": 1, "provider": provider, "generation": 7, "inblob": base64url(bytes(64)),
                      "outblob": base64url(blob), "auxblob": base64url(b"aux")}
            text = json.dumps(record, separators=(",", ":")).encode()
            told = {"__cmwc_t": "tag:cvmd.org,2026:bundle-1",
                    "tsm-report": ["application/vnd.cvmd.tsm-report+json", base64url(text), 4]}
            shown = inspect(written(folder, provider, json.dumps(told).encode()))
            fields = only(shown, "tsm-report")
            assert (fields["provider"], fields["generation"], fields["auxblob"]) == (provider, 7, b"aux".hex())
            if provider == "sev_guest":
                check_snp(only(shown, "snp-report"), report)
            elif provider == "tdx_guest":
                check_td_quote(shown, quote)
            else:
                assert fields["outblob"] == blob.hex()


def test_no_field_is_taken_for_another():
    with tempfile.TemporaryDirectory() as folder:
        for guest in SNP_GUESTS:
            report = fill(bytearray(read(made(guest, "hcl-report.bin"))[32:1216]), (0x10, 0x30), (0x50, 0x180),
                          (0x1a0, 0x1e0), (0x1e8, 0x1eb), (0x1ec, 0x1ef), (0x2a0, 0x2d0), (0x2e8, 0x318))
            check_snp(only(inspect(written(folder, "snp", report)), "snp-report"), report)
        report = fill(bytearray(read(made("tdx4", "hcl-report.bin"))[32:1056]), (16, 32), (128, 192), (224, 256), (512, 960))
        check_td(only(inspect(written(folder, "td", report)), "td-report"), report[512:])
        for guest, start, end in ("tdx4", 48, 632), ("tdx5", 54, 702):
            quote = fill(bytearray(read(made(guest, "td-quote.bin"))), (start, end))
            check_td_quote(inspect(written(folder, "quote", quote)), quote)


def test_a_broken_record_does_not_hide_the_others():
    with tempfile.TemporaryDirectory() as folder:
        told = bundle("milan")
        report = bytearray(content(told["hcl-report"]))
        report[0] = 0
        told["hcl-report"][1] = base64.urlsafe_b64encode(report).rstrip(b"=").decode()
        path = written(folder, "broken.cmw", json.dumps(told).encode())
        shown = inspect(path, expected=1)
        broken = [p for p in shown["parts"] if "problem" in p]
        assert [(p["record"], p["problem"]) for p in broken] == \
            [("hcl-report", 'HCL report: magic 0x414c4300, not "HCLA"')], broken
        assert parts(shown, "tpm-attest") and parts(shown, "batch")


def test_hashes_that_do_not_fit_are_told():
    with tempfile.TemporaryDirectory() as folder:
        report = bytearray(read(made("milan", "hcl-report.bin")))
        report[32 + 0x50] ^= 1
        shown = inspect(written(folder, "hcl.bin", report))
        assert parts(shown, "runtime-claims")[0]["authenticated-by"] == "nothing: their sha256 is not in report-data"
        told = json.loads(read(made("milan", "trustee-2.json")))
        told["tpm_quote"]["pcrs"][7] = 64 * "7"
        shown = inspect(written(folder, "trustee.json", json.dumps(told).encode()))
        assert parts(shown, "pcrs")[0]["authenticated-by"] == "nothing: pcr-digest of the tpm-attest is not theirs"


def leaves(value, key):
    """What text must have of a field: its key, or what stands in the entries of a list."""
    if isinstance(value, list):
        return [str(e[k]) for e in value if isinstance(e, dict) for k in e if isinstance(e[k], str) and k != "data"]
    return [key]


def test_text_tells_what_json_tells():
    for guest in ["turin", "tdx5"]:
        path = made(guest, "bundle.cmw")
        status, out, err = cvmctl("attest", "inspect", path)
        assert status == 0, err
        for part in inspect(path)["parts"]:
            assert part["part"] in out and part["authenticated-by"] in out, part
            for key, value in part["fields"].items():
                for leaf in leaves(value, key):
                    assert leaf in out or len(leaf) == 40, (part["part"], leaf)  # of SHA-1 and SHA-256 the stronger
                if isinstance(value, str):
                    assert value in out, (key, value)


def test_text_of_others_is_harmless():
    with tempfile.TemporaryDirectory() as folder:
        told = {"__cmwc_t": "x\x1b[2J", "evil\x1b]0;": ["text/\x1b[31m", "", 4]}
        status, out, err = cvmctl("attest", "inspect", written(folder, "evil", json.dumps(told).encode()))
        assert status == 0 and "\x1b" not in out and "\\x1b[31m" in out, (status, out, err)


def test_pipes_are_read():
    report = made("milan", "hcl-report.bin")
    with open(report, "rb") as f:
        status, out, _ = cvmctl("attest", "inspect", "-", stdin=f)
    assert status == 0 and out.startswith("hcl-report\n")
    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        writer = threading.Thread(target=lambda: written(folder, "fifo", read(report)))
        writer.start()
        assert inspect(fifo)["content"] == "hcl-report"
        writer.join()


def test_files_that_are_none():
    with tempfile.TemporaryDirectory() as folder:
        large = written(folder, "large", b"")
        os.truncate(large, LARGEST + 1)
        for path in [written(folder, "empty", b""), written(folder, "word", b"hello"), folder, large,
                     written(folder, "html", b"<html></html>"), written(folder, "json", b"{}"),
                     written(folder, "pem", b"-----BEGIN CERTIFICATE-----\n"), written(folder, "hcl", b"HCLA")]:
            status, out, err = cvmctl("attest", "inspect", path)
            assert status == 1 and out == "" and err.startswith("cvmctl: ") and err.count("\n") == 1, (path, status, err)
        assert cvmctl("attest", "inspect", os.path.join(folder, "none"))[0] == 4
        assert cvmctl("attest", "inspect")[0] == 2


def test_cut_off_nothing_is_shown():
    """Of every format, at some lengths: the parsers are tested at all."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ["hcl-report.bin", "quote.msg", "bundle.cmw", "trustee-2.json", "ak.crt", "chain.pem"]:
            data = read(made("milan", name))
            for cut in [1, len(data) // 4, len(data) // 2, len(data) // 2 + 1]:
                status, out, _ = cvmctl("attest", "inspect", written(folder, "cut", data[:cut]))
                assert status == 1 and out == "", (name, cut, out[:100])


main(globals())
