#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl attest get, export, providers: what is written where, and what is refused, with helpers that hand over
meaningless bytes."""

import contextlib
import json
import os
import pty
import subprocess

from evidence import RAW_TAG, Bundle, FakeHelpers, records_of, unbase64
from harness import Guest, Programs, Skip, wait_for
from tap import main

NONCE = bytes(range(100, 132))


@contextlib.contextmanager
def attesting(**options):
    with Guest("snp-openhcl") as guest:
        guest.helpers = FakeHelpers(guest, **options)
        guest.cvmd.start("--report-window=0")
        yield guest


def path(guest, name):
    return os.path.join(guest.folder, name)


def get(guest, *arguments, exits=0, nonce=NONCE):
    """(standard output, standard error)"""
    words = ("--nonce", nonce.hex()) if nonce is not None else ()
    status, out, err = guest.cvmctl("attest", "get", *words, *arguments)
    assert status == exits, (arguments, status, out, err)
    return out, err


def read(name):
    with open(name, "rb") as f:
        return f.read()


def test_a_bundle_goes_to_a_file_or_to_stdout():
    with attesting() as guest:
        out, _ = get(guest)
        Bundle(out, NONCE)
        assert out.count("\n") == 1 and out.endswith("\n")
        assert get(guest, "-o", path(guest, "b.cmw"), "--bind", "c0ffee") == ("", "")
        Bundle(read(path(guest, "b.cmw")), NONCE, b"\xc0\xff\xee")


def test_nonce_and_bind_can_be_files():
    with attesting() as guest:
        for name, data in ("nonce", NONCE), ("bind", b"channel"):
            with open(path(guest, name), "wb") as f:
                f.write(data)
        out, _ = get(guest, "--nonce-file", path(guest, "nonce"), "--bind-file", path(guest, "bind"), nonce=None)
        Bundle(out, NONCE, b"channel")


def test_options_are_passed_on():
    with attesting() as guest:
        guest.helpers.behave("Report", "stale")
        assert Bundle(get(guest, "--freshness=quote", "--pcrs=0-7,14", "--event-log=none", "--provider=vtpm")[0],
                      NONCE).batch["freshness"] == "quote"
        _, err = get(guest, exits=1)
        assert "old report" in err, err
        _, err = get(guest, "--pcrs=24", exits=1)
        assert "pcrs '24'" in err, err


def test_usage():
    with attesting() as guest:
        for words, part in (((), "give --nonce"), (("--nonce", "00" * 7), "nonce of 7 bytes"),
                            (("--nonce", "00" * 65), "nonce of 65 bytes"), (("--nonce", "xy"), "hexadecimal"),
                            (("--nonce", "00" * 49, "--format=trustee"), "8 to 48"),
                            (("--nonce", "00" * 8, "--bind", "00" * 65), "bind of 65 bytes"),
                            (("--nonce", "00" * 8, "--nonce-file", "x"), "exclude each other"),
                            (("--nonce", "00" * 8, "--format=raw"), "--output")):
            _, err = get(guest, *words, nonce=None, exits=2)
            assert part in err, (words, err)
        _, err = get(guest, "--nonce-file", "/nonexistent", nonce=None, exits=4)
        assert "/nonexistent" in err, err
        assert guest.helpers.counts()["Report"] == 0


def test_a_failure_leaves_the_file_as_it_was():
    with attesting() as guest:
        with open(path(guest, "b.cmw"), "w", encoding="utf-8") as f:
            f.write("before")
        guest.helpers.behave("Quote", "error org.cvmd1.Error.TpmFailed")
        _, err = get(guest, "-o", path(guest, "b.cmw"), exits=1)
        assert "as it was told" in err, err
        assert read(path(guest, "b.cmw")) == b"before"


def test_formats_of_others():
    with attesting() as guest:
        trustee = json.loads(get(guest, "--format=trustee")[0])
        assert trustee["version"] == 2 and set(trustee) == {"version", "tpm_quote", "hcl_report", "vcek"}
        assert bytes.fromhex(trustee["tpm_quote"]["message"]) == NONCE
        assert "AttestationInfo" in json.loads(get(guest, "--format=maa")[0])
        _, err = get(guest, "--format=jwt", exits=1)
        assert "format 'jwt'" in err, err


def test_a_raw_nonce_never_poses_as_a_binding():
    """Its report says what it is, whatever the nonce."""
    with attesting() as guest:
        forged = Bundle(get(guest)[0], NONCE)  # a binding and user-data over claims
        get(guest, "--format=maa", "-o", path(guest, "raw"), nonce=forged.user_data[:48])
        get(guest, "--format=trustee", "-o", path(guest, "trustee"), nonce=forged.user_data[:48])
        trustee = json.loads(read(path(guest, "trustee")))
        said = unbase64(trustee["hcl_report"])[len("report:"):][:64]
        assert said[:48] == forged.user_data[:48] and said[48:] == RAW_TAG != forged.user_data[48:]


def test_records_become_files():
    with attesting() as guest:
        assert get(guest, "--format=raw", "-o", path(guest, "raw"), "--bind=aa") == ("", "")
        files = {name: read(os.path.join(path(guest, "raw"), name)) for name in os.listdir(path(guest, "raw"))}
        assert set(files) == {"claims.json", "batch.json", "hcl-report.bin", "tpm-quote.json", "ak-certificate.der",
                              "snp-vek-chain.pem"}, files.keys()
        assert json.loads(files["batch.json"])["bind"] == "aa" and files["snp-vek-chain.pem"] == b"chain"
        _, err = get(guest, "--format=raw", "-o", path(guest, "raw"), exits=1)
        assert "is there already" in err, err
        os.mkdir(path(guest, "empty"))
        get(guest, "--format=raw", "-o", path(guest, "empty") + "/")
        assert len(os.listdir(path(guest, "empty"))) == 6
        assert not [n for n in os.listdir(guest.folder) if n.startswith(("raw.", "empty."))]


def export(guest, *arguments, exits=0):
    status, out, err = guest.cvmctl("attest", "export", *arguments, bus=False)
    assert status == exits, (arguments, status, out, err)
    return out, err


def test_export_takes_a_bundle_apart():
    with attesting() as guest:
        bundle = path(guest, "b.cmw")
        get(guest, "-o", bundle)
        guest.cvmd.kill()
        export(guest, bundle, "-o", path(guest, "parts"))
        records = records_of(read(bundle))
        assert read(path(guest, "parts/claims.json")) == records["claims"]
        assert export(guest, bundle, "--format=claims")[0].encode() == records["claims"]
        for form in "trustee", "maa":
            _, err = export(guest, bundle, f"--format={form}", exits=2)
            assert "live" in err, err
        _, err = export(guest, bundle, "--format=td-quote", exits=4)
        assert "no record 'td-quote'" in err, err
        _, err = export(guest, bundle, "--format=maa-platform", exits=1)  # of a report that is none
        assert "has no claims" in err, err
        _, err = export(guest, bundle, "--format=claim", exits=2)
        assert "'claim'" in err, err
        _, err = export(guest, guest.fixture, "-o", path(guest, "none"), exits=1)
        assert not os.path.exists(path(guest, "none"))


def test_strangers_are_told_so():
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    with attesting() as guest:
        os.chmod(guest.folder, 0o755)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", Programs.cvmctl, "--bus",
                               guest.bus.address, "attest", "get", "--nonce", NONCE.hex()], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, encoding="utf-8")
        assert done.returncode == 5 and "cvm-attest" in done.stderr and not done.stdout, done


def test_providers_are_shown():
    with attesting() as guest:
        def providers():
            return json.loads(guest.cvmctl("status", "--json=short")[1])["attestation"]["providers"]
        wait_for("the vTPM to be found", lambda: providers() == ["vtpm"])
        status, out, _ = guest.cvmctl("attest", "providers")
        assert status == 0 and out.splitlines()[1].split() == ["vtpm", "yes", "it", "is", "a", "fake"], out
        listed = json.loads(guest.cvmctl("attest", "providers", "--json=short")[1])
        assert listed[0] == {"provider": "vtpm", "available": True, "why": "it is a fake"}, listed
        assert "Attestation: vtpm: it is a fake" in guest.cvmctl("status")[1].replace("  ", "")


def test_the_status_says_why_there_is_none():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        def status():
            return guest.cvmctl("status")[1]
        wait_for("the reason", lambda: "no vtpm: cvmd-attest is not installed" in status())


def test_a_terminal_gets_no_stray_bytes():
    with attesting() as guest:
        master, slave = pty.openpty()
        with os.fdopen(master, "rb", buffering=0) as m:
            done = subprocess.run([Programs.cvmctl, "--bus", guest.bus.address, "--no-pager", "attest", "get", "--nonce",
                                   NONCE.hex()], stdin=subprocess.DEVNULL, stdout=slave, check=False)
            os.close(slave)
            shown = m.read(1 << 20)
        assert done.returncode == 0 and all(32 <= c < 127 or c in b"\r\n" for c in shown)


main(globals())
