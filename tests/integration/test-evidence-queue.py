#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GetEvidence: who may, what is understood, who shares a report, what comes of helpers that fail. With helpers that hand
over meaningless bytes; test-evidence.py has the real ones."""

import base64
import contextlib
import json
import os

from evidence import Bundle, Clients, FakeHelpers, unbase64
from harness import NETWORK, PLAIN, PLAIN_NETWORK, Guest, Skip, wait_for
from tap import main

NONCE = bytes(range(16))
GROUP = 4242
USER = 65534


@contextlib.contextmanager
def attesting(window=0, fetch=True, policy=None):
    """A guest with fake helpers, and a client of root's."""
    with Guest("snp-openhcl", **({"policy": policy} if policy else {})) as guest:
        guest.helpers = FakeHelpers(guest, fetch)
        guest.cvmd.start(f"--report-window={window}")
        guest.clients = Clients(guest)
        yield guest


def nonce_of(i):
    return i.to_bytes(4, "big") * 8


def test_a_bundle_says_what_it_should():
    with attesting() as guest:
        text, _ = guest.clients.get(NONCE, bind=b"channel")
        b = Bundle(text, NONCE, b"channel")
        assert b.records["hcl-report"] == b"report:" + b.user_data
        assert b.records["tpm-quote"] == b"quote:" + b.binding
        assert b.records["ak-certificate"] == b"certificate"
        assert b.records["snp-vek-chain"] == b"chain"
        assert b.batch["freshness"] == "report"
        assert set(b.records) == {"claims", "batch", "hcl-report", "tpm-quote", "ak-certificate", "snp-vek-chain"}


def test_claims_are_about_this_guest():
    with attesting() as guest:
        claims = Bundle(guest.clients.get(NONCE)[0], NONCE).claims
        assert {d["instance"]: d["verdict"] for d in claims["devices"]} == guest.verdicts()
        assert claims["devices"] and claims["state"] == guest.property("State") == "compliant"
        assert claims["policy"]["digest"] == guest.property("PolicyDigest")
        assert claims["log"] == {"sequence": guest.property("LogSequence"), "head": guest.property("LogHead")}
        with open(guest.boot_id, encoding="utf-8") as f:
            assert claims["boot-id"] == f.read().strip()
        assert claims["caller"]["uid"] == os.getuid()
        assert claims["self-asserted"] is True


def test_bad_arguments_are_refused():
    with attesting() as guest:
        def refused(nonce, part, **options):
            name, text = guest.clients.error(nonce, **options)
            assert name == "InvalidArgument" and part in text, (name, text)
        for n in 0, 7, 65:
            refused(bytes(n), f"nonce of {n} bytes")
        refused(NONCE, "bind of 65 bytes", bind=bytes(65))
        refused(bytes(49), "nonce of 49 bytes", format="trustee")
        refused(bytes(49), "nonce of 49 bytes", format="maa")
        refused(NONCE, "bind", format="trustee", bind=b"x")
        refused(NONCE, "freshness", format="maa", freshness="quote")
        refused(NONCE, "pcrs", format="trustee", pcrs="0-7")
        refused(NONCE, "unknown option 'fresh'", fresh="report")
        refused(NONCE, "freshness 'new'", freshness="new")
        refused(NONCE, "format 'jwt'", format="jwt")
        refused(NONCE, "provider 'sgx'", provider="sgx")
        refused(NONCE, "pcrs '24'", pcrs="24")
        refused(NONCE, "event-log 'all,ima'", event_log="all,ima")
        refused(NONCE, "option 'bind' has type 's'", bind="text")
        refused(NONCE, "option 'pcrs' has type 'u'", pcrs=7)
        assert guest.helpers.counts()["Report"] == 0
        for nonce in bytes(8), bytes(64):
            Bundle(guest.clients.get(nonce, bind=bytes(64))[0], nonce, bytes(64))


def test_an_option_given_twice_is_refused():
    with attesting() as guest:
        guest.clients.order(f"call twice {NONCE.hex()} pcrs s 0 pcrs s 1")
        assert guest.clients.answer("twice")[1][0] == "InvalidArgument"


def open_to_all(guest):
    os.chmod(guest.folder, 0o755)


def write_group(guest, gid):
    path = os.path.join(guest.simulator.root, "etc/group")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"root:x:0:\ncvm-attester:x:1:\ncvm-attest:x:{gid}:someone,else\n")


def test_root_and_the_group_may_and_others_may_not():
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    with attesting() as guest:
        open_to_all(guest)
        stranger, member = Clients(guest, (USER,)), Clients(guest, (USER, GROUP))
        name, text = stranger.error(NONCE)
        assert name == "NotAuthorized" and "no group cvm-attest" in text, (name, text)
        write_group(guest, GROUP)
        name, text = stranger.error(NONCE)
        assert name == "NotAuthorized" and "members of group cvm-attest" in text, (name, text)
        assert guest.helpers.counts()["Report"] == 0
        for i in range(3):  # of the same connection cvmd knows it by then
            b = Bundle(member.get(nonce_of(i))[0], nonce_of(i))
            assert b.claims["caller"]["uid"] == USER
        assert stranger.error(NONCE)[0] == "NotAuthorized"
        member.drop("single")
        Bundle(member.get(NONCE)[0], NONCE)


def test_those_who_ask_meanwhile_share_a_report():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        guest.clients.call("first", nonce_of(0))
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Report"] == 1)
        for i in range(1, 101):
            guest.clients.call(f"c{i}", nonce_of(i))
        # a call of the manager's after theirs, on the same bus: they are in line once it is answered
        guest.clients.call("last", nonce_of(101))
        guest.helpers.behave("Report", "well")
        guest.helpers.release()
        first = Bundle(guest.clients.answer("first")[0], nonce_of(0))
        assert len(first.bindings) == 1
        bundles = [Bundle(guest.clients.answer(f"c{i}")[0], nonce_of(i)) for i in range(1, 101)]
        Bundle(guest.clients.answer("last")[0], nonce_of(101))
        assert guest.helpers.counts()["Report"] <= 3
        assert guest.helpers.counts()["Quote"] == 102
        for b in bundles:
            assert b.records["hcl-report"] == b"report:" + b.user_data
            assert b.records["tpm-quote"] == b"quote:" + b.binding
        assert len({b.binding for b in bundles}) == 100


def test_whoever_comes_within_the_window_waits_for_the_next_report():
    with attesting(window=60000) as guest:
        Bundle(guest.clients.get(NONCE)[0], NONCE)
        guest.clients.call("late", nonce_of(1))
        assert guest.property("State") == "compliant"  # cvmd has had time to go wrong
        assert guest.helpers.counts()["Report"] == 1


def test_raw_and_bound_requests_take_turns():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        guest.clients.call("first", nonce_of(0))
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Report"] == 1)
        for i in range(1, 4):
            guest.clients.call(f"maa{i}", nonce_of(i), format="maa")
            guest.clients.call(f"cmw{i}", nonce_of(i))
        guest.clients.call("quote", nonce_of(9), freshness="quote")
        guest.helpers.behave("Report", "well")
        guest.helpers.release()
        for i in range(1, 4):
            assert b"AttestationInfo" in guest.clients.answer(f"maa{i}")[0]
            Bundle(guest.clients.answer(f"cmw{i}")[0], nonce_of(i))
        Bundle(guest.clients.answer("quote")[0], nonce_of(9))
        assert guest.helpers.counts()["MaaKey"] == 3


def test_registers_are_told_by_their_numbers():
    with attesting() as guest:
        text, _ = guest.clients.get(NONCE, format="maa", pcrs="3,14")
        info = json.loads(unbase64(json.loads(text)["AttestationInfo"]))
        assert info["TpmInfo"]["PcrSet"] == [3, 14]
        assert [(p["Index"], p["Digest"]) for p in info["TpmInfo"]["PCRs"]] == [
            (3, base64.b64encode(bytes(32)).decode()), (14, base64.b64encode(b"\1" * 32).decode())]
        name, text = guest.clients.error(NONCE, format="maa", pcrs="0-2")
        assert name == "Failed" and "other registers" in text, (name, text)


def test_calls_of_a_connection_stay_in_order():
    with Guest("snp-openhcl") as guest:  # without helpers each ends at once, but only after the bus has said who calls
        guest.cvmd.start("--report-window=0")
        clients = Clients(guest)
        for connection in range(100):
            names = [f"c{connection}.{i:02}" for i in range(16)]
            for name in names:
                clients.call(name, NONCE)
            ends = [clients.any_answer() for _ in names]
            assert {end[1][1][0] for end in ends} == {"NotSupported"}, ends
            assert [end[0] for end in ends] == names, ends


def test_limits():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        for i in range(17):
            guest.clients.call(f"one.{i}", nonce_of(i))
        name, text = guest.clients.answer("one.16")[1]
        assert name == "RateLimited" and "of this connection" in text, (name, text)
        others = [f"c{i}" for i in range(113)]
        for i, caller in enumerate(others):
            guest.clients.call(caller, nonce_of(i))
        limited, (_, (name, text)) = guest.clients.any_answer()  # who is last, the bus says
        assert name == "RateLimited" and "of this user" in text, (name, text)
        guest.helpers.behave("Report", "well")
        guest.helpers.release()
        for i in range(16):
            Bundle(guest.clients.answer(f"one.{i}")[0], nonce_of(i))
        for i, caller in enumerate(others):
            if caller != limited:
                Bundle(guest.clients.answer(caller)[0], nonce_of(i))


def test_callers_that_vanish_are_forgotten():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        for name in "a", "b", "c":
            guest.clients.call(name, NONCE)
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Report"] == 1)
        guest.clients.call("d", NONCE)
        for name in "a", "b", "d":
            guest.clients.drop(name)
        guest.clients.call("e", nonce_of(5))
        guest.helpers.behave("Report", "well")
        guest.helpers.release()
        Bundle(guest.clients.answer("c")[0], NONCE)
        Bundle(guest.clients.answer("e")[0], nonce_of(5))
        assert guest.helpers.counts()["Quote"] == 2


def test_a_decision_meanwhile_starts_over():
    with attesting() as guest:
        guest.helpers.behave("Quote", "hold")
        guest.clients.call("a", NONCE)
        wait_for("the quote to be asked for", lambda: guest.helpers.counts()["Quote"] == 1)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        guest.helpers.behave("Quote", "well")
        guest.helpers.release()
        b = Bundle(guest.clients.answer("a")[0], NONCE)
        assert {d["instance"]: d["verdict"] for d in b.claims["devices"]}[NETWORK] == "blocked"
        assert b.claims["log"]["sequence"] == guest.property("LogSequence")
        assert guest.helpers.counts()["Report"] == 2


def test_decisions_without_end_end_the_request():
    with attesting() as guest:
        guest.helpers.behave("Quote", "hold")
        guest.clients.call("a", NONCE)
        for i in range(5):
            wait_for("the quote to be asked for", lambda n=i: guest.helpers.counts()["Quote"] == n + 1)
            guest.simulator.reoffer(instance=NETWORK, relid=40 + i, flags=PLAIN if i % 2 == 0 else {"ring": 1, "dma": 0})
            guest.wait_verdict(NETWORK, "blocked" if i % 2 == 0 else "allowed")
            guest.helpers.release()
        name, text = guest.clients.answer("a")[1]
        assert name == "Busy" and "again and again" in text, (name, text)


def test_evidence_goes_without_a_network():
    with attesting(fetch=False) as guest:
        b = Bundle(guest.clients.get(NONCE)[0], NONCE)
        assert "snp-vek-chain" not in b.records
        Bundle(guest.clients.get(NONCE)[0], NONCE)
        assert guest.cvmd.log().count("no endorsements for evidence: cvmd-fetch is not installed") == 1
        name, text = guest.clients.error(NONCE, format="trustee")
        assert name == "NoData" and "cvmd-fetch is not installed" in text, (name, text)


def test_endorsements_are_asked_for_once():
    with attesting() as guest:
        for i in range(3):
            assert Bundle(guest.clients.get(nonce_of(i))[0], nonce_of(i)).records["snp-vek-chain"] == b"chain"
        assert guest.helpers.counts()["Endorsements"] == 1


def test_a_network_that_hangs_costs_one_wait_alone():
    with attesting() as guest:
        guest.helpers.behave("Endorsements", "hold")
        guest.clients.call("a", NONCE)
        wait_for("the endorsements to be asked for", lambda: guest.helpers.counts()["Endorsements"] == 1)
        guest.helpers.behave("Endorsements", "error org.cvmd1.Error.FetchFailed")
        guest.helpers.release()
        assert Bundle(guest.clients.answer("a")[0], NONCE).records["snp-vek-chain"] == b"chain"


def test_after_a_failure_nobody_waits_for_the_network():
    with attesting() as guest:
        guest.helpers.behave("Endorsements", "error org.cvmd1.Error.FetchFailed")
        assert "snp-vek-chain" not in Bundle(guest.clients.get(NONCE)[0], NONCE).records
        guest.helpers.behave("Endorsements", "hold")
        for i in range(3):  # cvmd does not ask for a while, and whoever comes goes without
            assert "snp-vek-chain" not in Bundle(guest.clients.get(nonce_of(i))[0], nonce_of(i)).records
        assert guest.helpers.counts()["Endorsements"] == 1


def test_a_network_that_says_nothing_is_waited_for_a_moment_alone():
    with attesting() as guest:
        guest.helpers.behave("Endorsements", "hold")
        assert "snp-vek-chain" not in Bundle(guest.clients.get(NONCE)[0], NONCE).records
        assert "snp-vek-chain" not in Bundle(guest.clients.get(nonce_of(1))[0], nonce_of(1)).records
        assert guest.helpers.counts()["Endorsements"] == 1
        guest.helpers.release()
        wait_for("the endorsements to be there", lambda: "snp-vek-chain" in
                 Bundle(guest.clients.get(nonce_of(2))[0], nonce_of(2)).records)
        assert guest.helpers.counts()["Endorsements"] == 1


def test_who_comes_after_one_that_vanished_still_waits_for_the_network():
    with attesting() as guest:
        guest.helpers.behave("Endorsements", "hold")
        guest.clients.call("a", NONCE)
        wait_for("the endorsements to be asked for", lambda: guest.helpers.counts()["Endorsements"] == 1)
        wait_for("the quote", lambda: guest.helpers.counts()["Quote"] == 1)
        guest.clients.drop("a")
        guest.clients.call("b", nonce_of(1))
        assert guest.property("State") == "compliant"
        guest.helpers.release()
        assert Bundle(guest.clients.answer("b")[0], nonce_of(1)).records["snp-vek-chain"] == b"chain"
        assert guest.helpers.counts()["Endorsements"] == 1


def test_what_is_handed_over_is_checked():
    for method, how, part in (
            ("Report", "unsealed", "hcl-report could still change"), ("Report", "huge", "hcl-report has"),
            ("Report", "empty", "no report"), ("Report", "mistyped", "of type u"),
            ("Quote", "unsealed", "tpm-quote could still change"), ("Quote", "huge", "tpm-quote has"),
            ("Quote", "empty", "no quote"), ("Quote", "mistyped", "of type u")):
        with attesting() as guest:
            guest.helpers.behave(method, how)
            name, text = guest.clients.error(NONCE)
            assert name == "Failed" and part in text, (method, how, name, text)
            guest.helpers.behave(method, "well")
            Bundle(guest.clients.get(NONCE)[0], NONCE)


def test_endorsements_that_are_not_sealed_are_left_out():
    with attesting() as guest:
        guest.helpers.behave("Endorsements", "unsealed")
        assert "snp-vek-chain" not in Bundle(guest.clients.get(NONCE)[0], NONCE).records
        assert "could still change" in guest.cvmd.log()


def test_errors_of_the_helpers_are_passed_on():
    with attesting() as guest:
        for method in "Report", "Quote":
            for name in "NoTpm", "NoReport", "AuthRefused", "OwnerAuthSet", "Lockout", "Stale", "TpmFailed":
                guest.helpers.behave(method, f"error org.cvmd1.Error.{name}")
                assert guest.clients.error(NONCE) == (name, "as it was told")
            guest.helpers.behave(method, "error org.freedesktop.DBus.Error.AccessDenied")
            assert guest.clients.error(NONCE) == ("Failed", "cvmd-attest: as it was told")
            guest.helpers.behave(method, "well")


def test_an_old_report_is_not_passed_off_as_new():
    with attesting() as guest:
        guest.helpers.behave("Report", "stale")
        assert guest.clients.error(NONCE)[0] == "Stale"
        b = Bundle(guest.clients.get(NONCE, freshness="quote")[0], NONCE)
        assert b.batch["freshness"] == "quote"
        guest.helpers.behave("Report", "well")
        assert Bundle(guest.clients.get(NONCE, freshness="quote")[0], NONCE).batch["freshness"] == "report"


def test_a_helper_that_ends_is_asked_again_once():
    with attesting() as guest:
        guest.helpers.behave("Report", "end")
        name, text = guest.clients.error(NONCE)
        assert name in ("Failed", "NotSupported"), (name, text)
        guest.helpers.start()
        Bundle(guest.clients.get(NONCE)[0], NONCE)


def test_without_helpers_it_says_so():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start("--report-window=0")
        name, text = Clients(guest).error(NONCE)
        assert (name, text) == ("NotSupported", "cvmd-attest is not installed")
        providers = guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")[0]
        assert providers == [["vtpm", False, "cvmd-attest is not installed"],
                             ["tsm", False, "the kernel has no /sys/kernel/config/tsm/report"]], providers
        # in the journal once, however often somebody asks
        assert Clients(guest).error(NONCE)[0] == "NotSupported"
        assert guest.cvmd.log().count("no evidence can be given: cvmd-attest is not installed; the kernel has no ") == 1


def test_providers_are_found_and_told():
    with attesting() as guest:
        def providers():
            return guest.bus.busctl("get-property", "org.cvmd1", "/org/cvmd1", "org.cvmd1.Attestation", "Providers")
        wait_for("the vTPM to be found", lambda: providers() == ["vtpm"])
        described = guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")[0]
        assert described[0] == ["vtpm", True, "it is a fake"], described


REPORTS = "sys/kernel/config/tsm/report"


def entries(guest):
    return os.listdir(os.path.join(guest.simulator.root, REPORTS))


def test_without_a_vtpm_the_hardware_is_asked():
    with attesting() as guest:
        guest.helpers.behave("Describe", "none")
        guest.simulator.load_tsm(provider="sev_guest")
        os.makedirs(os.path.join(guest.simulator.root, REPORTS, "cvmd-1"))  # what a killed one left
        os.makedirs(os.path.join(guest.simulator.root, REPORTS, "somebody"))
        for i in range(3):
            b = Bundle(guest.clients.get(nonce_of(i), provider="tsm")[0], nonce_of(i))
            assert b.records["tsm-report"] == b"tsm:sev_guest" + b.user_data
            assert set(b.records) == {"claims", "batch", "tsm-report"}, b.records.keys()
        wait_for("the entries to go", lambda: entries(guest) == ["somebody"])
        assert guest.helpers.counts()["Quote"] == 0


def test_the_provider_that_there_is_is_chosen():
    with Guest("snp-openhcl") as guest:
        guest.helpers = FakeHelpers(guest)
        guest.helpers.behave("Describe", "none")
        guest.simulator.load_tsm(provider="tdx_guest")
        guest.cvmd.start("--report-window=0")
        described = guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")[0]
        assert described == [["vtpm", False, "it is a fake"], ["tsm", True, "tdx_guest"]], described
        clients = Clients(guest)
        assert "tsm-report" in Bundle(clients.get(NONCE)[0], NONCE).records
        assert "hcl-report" in Bundle(clients.get(NONCE, provider="vtpm")[0], NONCE).records


def test_an_entry_that_cannot_be_made():
    with attesting() as guest:
        name, text = guest.clients.error(NONCE, provider="tsm")
        assert name == "NotSupported" and REPORTS in text, (name, text)
        guest.simulator.load_tsm(provider=None)
        name, text = guest.clients.error(NONCE, provider="tsm")
        assert name == "NotSupported" and "No such device" in text, (name, text)
        guest.simulator.load_tsm(provider="sev_guest")
        guest.helpers.behave("Tsm", "error org.cvmd1.Error.ReportInvalid")
        assert guest.clients.error(NONCE, provider="tsm")[0] == "ReportInvalid"
        guest.helpers.behave("Tsm", "well")

        def asked():
            return sum(verb == "mkdir" and path.startswith(REPORTS) for verb, path, _ in guest.simulator.requests())
        before = asked()
        guest.simulator.misbehave(how="hang", path=REPORTS + "/*", times=1)
        guest.clients.call("hangs", NONCE, provider="tsm")
        wait_for("the entry to be asked for", lambda: asked() > before)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        guest.simulator.behave()
        Bundle(guest.clients.answer("hangs")[0], NONCE)
        wait_for("the entries to go", lambda: entries(guest) == [])


def test_looking_for_providers_and_evidence_do_not_disturb_each_other():
    with Guest("snp-openhcl") as guest:
        guest.helpers = FakeHelpers(guest)
        guest.simulator.load_tsm(provider="sev_guest")
        guest.simulator.misbehave(how="hang", path=REPORTS + "/*", times=1)
        guest.cvmd.start("--report-window=0")  # it looks by itself
        clients = Clients(guest)
        Bundle(clients.get(NONCE, provider="vtpm")[0], NONCE)
        clients.call("tsm", nonce_of(1), provider="tsm")
        assert guest.helpers.counts()["Describe"] == 0
        guest.simulator.behave()
        assert "tsm-report" in Bundle(clients.answer("tsm")[0], nonce_of(1)).records
        described = guest.bus.call("/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")[0]
        assert described == [["vtpm", True, "it is a fake"], ["tsm", True, "sev_guest"]], described


def test_an_entry_goes_with_cvmd():
    with attesting() as guest:
        guest.simulator.load_tsm(provider="sev_guest")
        guest.helpers.behave("Tsm", "hold")
        guest.clients.call("a", NONCE, provider="tsm")
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Tsm"] == 1)
        assert len(entries(guest)) == 1
        guest.cvmd.kill()
        wait_for("the entry to go", lambda: entries(guest) == [])


def write_log(guest, path, data):
    path = os.path.join(guest.simulator.root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


FIRMWARE = "sys/kernel/security/tpm0/binary_bios_measurements"
IMA = "sys/kernel/security/ima/binary_runtime_measurements"
SYSTEMD = "run/log/systemd/tpm2-measure.log"


def test_logs_go_along():
    with attesting() as guest:
        for path, data in (FIRMWARE, b"firmware" * 40000), (IMA, b"ima" * 1000), (SYSTEMD, b"systemd"):
            write_log(guest, path, data)
        records = Bundle(guest.clients.get(NONCE)[0], NONCE).records
        assert records["tpm-event-log"] == b"firmware" * 40000
        assert "ima-event-log" not in records and "systemd-event-log" not in records
        records = Bundle(guest.clients.get(NONCE, event_log="all")[0], NONCE).records
        assert records["ima-event-log"] == b"ima" * 1000 and records["systemd-event-log"] == b"systemd"
        records = Bundle(guest.clients.get(NONCE, event_log=False)[0], NONCE).records
        assert "tpm-event-log" not in records


def test_logs_that_are_missing_or_too_long():
    with attesting() as guest:
        write_log(guest, FIRMWARE, b"")
        assert "tpm-event-log" not in Bundle(guest.clients.get(NONCE)[0], NONCE).records
        name, text = guest.clients.error(NONCE, event_log=True)
        assert name == "NoData" and FIRMWARE in text, (name, text)
        name, text = guest.clients.error(NONCE, event_log="systemd")
        assert name == "NoData" and SYSTEMD in text, (name, text)
        write_log(guest, FIRMWARE, bytes((1 << 20) + 1))
        name, text = guest.clients.error(NONCE)
        assert name == "Failed" and "more than 1048576 bytes" in text, (name, text)
        Bundle(guest.clients.get(NONCE, event_log=False)[0], NONCE)


def test_enforcement_goes_on_while_helpers_hang():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        guest.clients.call("a", NONCE)
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Report"] == 1)
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        guest.wait_verdict(NETWORK, "blocked")
        assert guest.simulator.is_blocked(NETWORK) and guest.simulator.is_blocked(PLAIN_NETWORK)
        guest.helpers.behave("Report", "well")
        guest.helpers.release()
        assert Bundle(guest.clients.answer("a")[0], NONCE).claims["log"]["sequence"] == guest.property("LogSequence")


def test_a_bus_that_goes_away_ends_all_requests():
    with attesting() as guest:
        guest.helpers.behave("Report", "hold")
        for i in range(5):
            guest.clients.call(f"c{i}", nonce_of(i))
        wait_for("the report to be asked for", lambda: guest.helpers.counts()["Report"] == 1)
        guest.bus.stop()
        guest.bus.start()
        wait_for("cvmd on the bus", guest.bus.has_cvmd)
        guest.helpers.start()
        Bundle(Clients(guest).get(NONCE)[0], NONCE)



main(globals())
