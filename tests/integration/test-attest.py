#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd-attest in front of a paravisor that behaves, and of ones that do not."""

import base64
import contextlib
import ctypes
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
from contextlib import closing

from attest import NAME, PATH, RAW_TAG, Attest, read_sealed, refusal, user_data
from dbus_client import CallError, Connection
from harness import PATIENCE, wait_for
from introspection import interfaces, promised_by
from paravisor import GUEST_INPUT, claims_of, user_data_of
from tap import main

IN_CLOSE_WRITE = 8  # of linux/inotify.h
ZEROES = bytes(64)
THEIRS = bytes(range(64))


def assert_bound(report, data):
    """The user-data is in the claims, and their hash in the hardware's report."""
    claims, _ = claims_of(report["hcl-report"])
    offset = 32 + (0x50 if report["isolation"] == "snp" else 128)
    assert report["hcl-report"][offset:offset + 64] == hashlib.sha256(claims).digest() + bytes(32)
    assert user_data_of(report["hcl-report"]) == data


def test_a_report_carries_what_was_asked_for():
    for isolation in "snp", "tdx":
        with Attest(f"--isolation={isolation}") as attest:
            for n in range(3):
                data = user_data(b"%d" % n)
                report = attest.report(data)
                assert report["fresh"] is True and report["isolation"] == isolation
                assert_bound(report, data)
                assert int.from_bytes(report["hcl-report"][8:12], "little") == len(report["hcl-report"])
                assert report["ak-certificate"][0] == 0x30
                assert attest.input() == ZEROES
            hardware = report["hcl-report"][32:]
            if isolation == "snp":
                assert report["chip-id"] == hardware[0x1A0:0x1E0]
                assert report["reported-tcb"] == int.from_bytes(hardware[0x180:0x188], "little")
                assert report["product"] == "Milan"
            else:
                assert report["td-report"] == hardware[:1024]


def test_the_certificate_is_the_one_in_the_tpm():
    with Attest() as attest:
        certificate = attest.report(user_data(b"x"))["ak-certificate"]
        stored = attest.paravisor.tool("tpm2_nvread", "-C", "o", "0x01c101d0")
        assert stored.startswith(certificate) and not any(stored[len(certificate):])
        done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout"], input=certificate, check=False,
                              timeout=PATIENCE)
        assert done.returncode == 0


def test_a_quote_covers_its_values():
    with Attest() as attest:
        quote = attest.quote(b"qualified", "0-2,16-23")
        record = json.loads(quote["tpm-quote"])
        message = base64.urlsafe_b64decode(record["attest"] + "==")
        assert message == quote["message"] and b"qualified" in message
        assert [int(n) for n in record["pcrs"]] == [0, 1, 2, *range(16, 24)]
        assert [bytes.fromhex(v) for v in record["pcrs"].values()] == quote["pcr-values"]
        assert message.endswith(hashlib.sha256(b"".join(quote["pcr-values"])).digest())
        assert len(quote["signature"]) == 256
        assert len(attest.quote(b"", "all")["pcr-values"]) == 24
        attest.verify(message, quote["signature"])


def test_a_key_for_azure_is_certified():
    with Attest() as attest:
        key = attest.call("MaaKey", "s", "0-7")
        name = b"\0\x0b" + hashlib.sha256(key["public"]).digest()
        assert key["certify-info"][:6] == b"\xffTCG\x80\x17" and name in key["certify-info"]
        assert key["ak-public"][:2] == b"\0\1"
        attest.verify(key["certify-info"], key["certify-signature"])
        assert attest.call("MaaKey", "s", "0-7")["public"] == key["public"]
        assert refusal(attest.call, "MaaKey", "s", "x")[0] == "InvalidArgument"
        attest.paravisor.order("owner-auth secret")
        assert refusal(attest.call, "MaaKey", "s", "0-7")[0] == "OwnerAuthSet"


class Entry:
    """An entry of configfs-tsm as far as plain files can play one: it is the test that writes the report, once the last
    descriptor of inblob was closed."""

    def __init__(self, folder, **contents):
        self.folder = os.path.join(folder, "entry")
        os.mkdir(self.folder)
        for name in "inblob", "outblob", "provider", "generation", "auxblob":
            self.write(name, contents.get(name, b""))
        self.files = {name: ("h", os.open(self.path(name.removesuffix("-after")),
                                          os.O_WRONLY if name == "inblob" else os.O_RDONLY))
                      for name in ("inblob", "outblob", "provider", "generation", "generation-after", "auxblob")}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)

    def close(self, *names):
        for name in names or list(self.files):
            os.close(self.files.pop(name)[1])

    def await_inblob(self):
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init1(os.O_CLOEXEC)
        libc.inotify_add_watch(watch, self.path("inblob").encode(), IN_CLOSE_WRITE)
        self.close("inblob")
        ready, _, _ = select.select([watch], [], [], PATIENCE)
        os.close(watch)
        assert ready, "somebody keeps inblob open"


def test_configfs_tsm():
    with Attest(tcti="device:/dev/there-is-no-tpm") as attest:
        entry = Entry(attest.folder, provider=b"tdx_guest\n", generation=b"4\n", auxblob=b"more")
        serial = attest.send("Tsm", "aya{sv}", user_data(b"x"), entry.files)
        entry.await_inblob()
        entry.write("generation", b"5\n")
        entry.write("outblob", b"a quote")
        answer, = attest.connection.answer(serial)
        report = json.loads(read_sealed(answer["tsm-report"]))
        assert report["provider"] == "tdx_guest" and report["generation"] == 5
        assert [base64.urlsafe_b64decode(report[name] + "==") for name in ("inblob", "outblob", "auxblob")] == \
            [user_data(b"x"), b"a quote", b"more"]
        entry.close()


def test_configfs_tsm_that_somebody_else_writes():
    with Attest() as attest:
        for generation, name, says in (b"6\n", "Busy", "somebody else"), (b"x", "ReportInvalid", "generation"):
            entry = Entry(attest.folder, provider=b"tdx_guest\n", generation=b"4\n")
            serial = attest.send("Tsm", "aya{sv}", user_data(b"x"), entry.files)
            entry.await_inblob()
            entry.write("generation", generation)
            entry.write("outblob", b"a quote")
            found, text = refusal(attest.connection.answer, serial)
            assert found == name and says in text, f"{found}: {text}"
            entry.close()
            shutil.rmtree(entry.folder)
        for arguments, says in (((b"", {}), "0 bytes"), ((b"x" * 65, {}), "65 bytes"), ((b"x", {}), "are needed"),
                                ((b"x", {"other": ("h", 0)}), "no such file")):
            found, text = refusal(attest.call, "Tsm", "aya{sv}", *arguments)
            assert found == "InvalidArgument" and says in text, f"{found}: {text}"


def test_describing_makes_no_report():
    with Attest() as attest:
        attest.paravisor.read_report()
        before = attest.paravisor.state()["reports"]
        attest.paravisor.order("advance 1000000")
        said = attest.describe()
        assert (said["provider"], said["isolation"], said["ak"], said["ak-certificate"]) == ("vtpm", "snp", True, True)
        assert len(said["ek-public"]) > 256
        assert attest.paravisor.state()["reports"] == before
        assert attest.input() is None, "nothing was defined"


def test_what_is_missing_is_described():
    with Attest("--order=index absent") as attest:
        said = attest.describe()
        assert said["provider"] == "none" and "0x01400001 is not defined" in said["why"], said
        assert refusal(attest.report, user_data(b"x"))[0] == "NoReport"
        assert attest.input() is None
        attest.paravisor.order("index present")
        assert attest.describe()["provider"] == "vtpm"
        attest.start(tcti="device:/dev/there-is-no-tpm")
        said = attest.describe()
        assert said["provider"] == "none" and "/dev/there-is-no-tpm" in said["why"], said
        for call in (attest.report, user_data(b"x")), (attest.quote, b"x"):
            name, text = refusal(*call)
            assert name == "NoTpm" and "/dev/there-is-no-tpm" in text


def test_each_misbehaviour_has_its_name():
    for order, name, says in (
            ("index unwritten", "NoReport", "0x14a"),
            ("report oversized", "ReportInvalid", ""),
            ("report truncated", "ReportInvalid", ""),
            ("report magic", "ReportInvalid", "magic"),
            ("report zero-modulus", "ReportInvalid", "HCLAkPub"),
            ("report unknown-type", "ReportInvalid", "type"),
            ("report no-json", "ReportInvalid", ""),
            ("report claims-hash", "TornReport", "8 reads"),
            ("report other-ak", "AkMismatch", "0x81000003"),
            ("certificate garbage", "CertificateInvalid", "AK certificate"),
            ("owner-auth secret", "OwnerAuthSet", "owner authorisation"),
            ("lockout on", "Lockout", ""),
            ("broken 0x101", "TpmFailed", "0x101"),
            ("refresh never", "Stale", "freshness=quote"),
            ("other-writer for-ever", "GuestInputBusy", "another agent")):
        with Attest(window=20) as attest:
            attest.paravisor.read_report()
            attest.paravisor.order("advance 1000000")
            attest.paravisor.order(order)
            found, text = refusal(attest.report, user_data(b"x"))
            assert found == name and says in text, f"{order}: {found}: {text}"


def test_a_guest_input_that_cannot_be_used():
    for attributes, name, says in (("ownerread|policywrite", "AuthRefused", "admits neither"),
                                   ("authread|authwrite", "NotSupported", "OWNERREAD")):
        with Attest(window=20) as attest:
            attest.paravisor.read_report()
            attest.paravisor.tool("tpm2_nvdefine", "-Q", "-C", "o", "-s", "64", "-a", attributes, GUEST_INPUT)
            found, text = refusal(attest.report, user_data(b"x"))
            assert found == name and says in text, f"{attributes}: {found}: {text}"
            assert attest.report(user_data(b"x"), freshness="quote")["fresh"] is False


def test_without_an_ak_there_is_no_quote():
    with Attest() as attest:
        attest.paravisor.tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "0x81000003")
        name, text = refusal(attest.quote, b"x")
        assert name == "NoAk" and "0x81000003" in text
        assert attest.describe()["ak"] is False


def test_another_key_in_place_of_the_ak():
    """The one that a report named is remembered."""
    with Attest() as attest:
        attest.report(user_data(b"x"))
        context = os.path.join(attest.folder, "key")
        attest.paravisor.tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "0x81000003")
        attest.paravisor.tool("tpm2_createprimary", "-Q", "-C", "o", "-G", "rsa2048:rsassa-sha256:null", "-c", context,
                              "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|restricted")
        attest.paravisor.tool("tpm2_evictcontrol", "-Q", "-C", "o", "-c", context, "0x81000003")
        for call in (attest.quote, b"x"), (attest.call, "MaaKey", "s", "0-7"), (attest.report, user_data(b"y")):
            assert refusal(*call)[0] == "AkMismatch"
        assert attest.input() == ZEROES


def test_it_has_the_tpm_and_nothing_else():
    with Attest() as attest:
        attest.report(user_data(b"x"))
        folder = f"/proc/{attest.process.pid}/fd"

        def others():
            opened = {os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)}
            files = {path for path in opened if not path.startswith(("socket:", "anon_inode:"))}
            return files - {"/dev/null", attest.log_path, attest.state}

        # Its answer, too, for as long as the bus has not taken it over.
        wait_for("cvmd-attest has its answer off its hands", lambda: not others())


def test_what_passes_is_over():
    """After each misbehaviour the same process serves on."""
    with Attest(window=20) as attest:
        for wrong, good in (("lockout on", "lockout off"), ("broken 0x101", "broken 0 0"),
                            ("owner-auth secret", "owner-auth"), ("report magic", "report good")):
            attest.paravisor.order(wrong)
            refusal(attest.report, user_data(wrong.encode()))
            attest.paravisor.order(good)
            data = user_data(good.encode())
            attest.paravisor.order("advance 1000000")
            assert_bound(attest.report(data), data)
            assert attest.input() == ZEROES


def test_request_version_2_is_understood():
    with Attest("--order=report version-2") as attest:
        data = user_data(b"x")
        report = attest.report(data)
        assert report["fresh"] is True
        size = int.from_bytes(report["hcl-report"][1232:1236], "little")
        claims = report["hcl-report"][1240:1240 + size]  # behind a bitmap of capabilities
        assert json.loads(claims)["user-data"].lower() == data.hex()


def test_a_stale_report_is_waited_for_once():
    with Attest() as attest:
        attest.report(user_data(b"first"))  # its window begins
        reads = attest.paravisor.state()["reports"]
        data = user_data(b"second")
        report = attest.report(data)
        assert report["fresh"] is True
        assert_bound(report, data)
        assert attest.paravisor.state()["reports"] == reads + 1


def test_without_refresh_the_quote_can_be_fresh():
    for order in "refresh never", "owner-auth secret":
        with Attest(window=20) as attest:
            attest.paravisor.read_report()
            attest.paravisor.order(order)
            if order == "refresh never":
                report = attest.report(user_data(b"x"), freshness="quote")
                assert report["fresh"] is False
                assert user_data_of(report["hcl-report"]) != user_data(b"x")
            else:
                assert refusal(lambda: attest.report(user_data(b"x"), freshness="quote"))[0] == "OwnerAuthSet"


def test_torn_reads_are_found_and_made_again():
    with Attest() as attest:
        for times in 1, 3:
            attest.paravisor.order("advance 1000000")
            attest.paravisor.order(f"torn {times}")
            data = user_data(b"%d" % times)
            assert_bound(attest.report(data), data)


def test_what_was_in_the_guest_input_is_put_back():
    with Attest() as attest:
        attest.paravisor.order(f"input {THEIRS.hex()}")
        attest.paravisor.order("advance 1000000")
        attest.paravisor.read_report()  # theirs has its report: nobody waits
        attest.paravisor.order("advance 1000000")
        data = user_data(b"x")
        assert_bound(attest.report(data), data)
        assert attest.input() == THEIRS
        assert os.listdir(attest.state) == []
        attest.paravisor.order("refresh never")
        assert refusal(attest.report, user_data(b"y"))[0] == "Stale"
        assert attest.input() == THEIRS


def test_a_long_guest_input_stays_long():
    with Attest() as attest:
        long = THEIRS * 15
        attest.paravisor.order(f"input {long.hex()}")
        data = user_data(b"x")
        assert_bound(attest.report(data), data)
        assert attest.input() == long


def test_somebody_between_writing_and_reading_is_waited_for():
    with Attest(window=5000) as attest:
        attest.paravisor.order(f"input {THEIRS.hex()}")
        attest.paravisor.order("advance 1000000")
        with closing(Connection(attest.bus.path)) as connection:
            before = attest.paravisor.state()["nv-reads"]
            serial = attest.send("Report", "aya{sv}", user_data(b"x"), {}, connection=connection)
            wait_for("that it looked", lambda: attest.paravisor.state()["nv-reads"] > before + 2)
            assert attest.input() == THEIRS, "it waits"
            assert user_data_of(attest.paravisor.read_report()) == THEIRS, "they have their report"
            attest.paravisor.order("advance 1000000")
            assert connection.answer(serial)[0]["fresh"] is True
        assert attest.input() == THEIRS


def test_one_who_writes_once_in_between_costs_a_round():
    with Attest() as attest:
        attest.paravisor.order("other-writer 1")
        data = user_data(b"x")
        assert_bound(attest.report(data), data)


def test_arguments_are_checked():
    with Attest() as attest:
        for call, says in (
                ((attest.report, b"x" * 63), "63 bytes"),
                ((attest.report, b"x" * 65), "65 bytes"),
                ((attest.report, b"x" * 64), "tag"),
                ((lambda: attest.report(user_data(b"x"), freshness="none"),), "report or quote"),
                ((lambda: attest.report(user_data(b"x"), colour="red"),), "no such option"),
                ((attest.quote, b"x" * 65), "65 bytes"),
                ((attest.quote, b"x", "24"), "PCRs"),
                ((attest.quote, b"x", "all", "md5"), "bank")):
            name, text = refusal(*call)
            assert name == "InvalidArgument" and says in text, f"{name}: {text}"
        assert attest.paravisor.state()["nv-reads"] == 0
        assert attest.report(user_data(b"x" * 48, RAW_TAG))["fresh"] is True


def test_a_slow_tpm_holds_up_neither_descriptions_nor_the_end():
    with Attest() as attest, closing(Connection(attest.bus.path)) as other:
        attest.describe()
        with attest.paravisor.hold(8) as wait:
            serial = attest.send("Report", "aya{sv}", user_data(b"x"), {})
            wait()
            answer = attest.send("Describe", connection=other)
            other.wait_until_passed_on()  # or it would come after the next command was begun
            attest.paravisor.order("slow 600000")
            attest.paravisor.order("go")
        assert other.answer(answer)[0]["provider"] == "vtpm", "while the next command is on its way"
        attest.paravisor.order("slow 0")
        attest.paravisor.order("advance 600000")
        assert attest.connection.answer(serial)[0]["fresh"] is True
        with attest.paravisor.hold(8) as wait:
            serial = attest.send("Report", "aya{sv}", user_data(b"y"), {}, connection=other)
            wait()
            attest.process.send_signal(signal.SIGTERM)
        assert refusal(other.answer, serial)[0] == "Cancelled"
        assert attest.process.wait(PATIENCE) == 0
        assert attest.input() == ZEROES
        attest.start()


def test_who_waits_when_it_ends_is_told_so():
    with Attest() as attest, closing(Connection(attest.bus.path)) as other:
        attest.describe()
        attest.report(user_data(b"x"))  # so that each of the next ones takes a window
        serials = [attest.send("Report", "aya{sv}", user_data(b"%d" % n), {}, connection=other) for n in range(3)]
        other.answer(attest.send("Describe", connection=other))  # the others were taken in before
        attest.process.send_signal(signal.SIGTERM)
        assert [refusal(other.answer, serial)[0] for serial in serials] == ["Cancelled"] * 3
        assert attest.process.wait(PATIENCE) == 0
        assert attest.input() == ZEROES
        attest.start()


def test_too_many_calls_are_told_so():
    with Attest() as attest, contextlib.ExitStack() as ends:
        callers = [ends.enter_context(closing(Connection(attest.bus.path))) for _ in range(3)]
        with attest.paravisor.hold(1) as wait:
            quote = attest.send("Quote", "ayssa{sv}", b"x", "all", "sha256", {})
            wait()
            calls = [(caller, attest.send("Describe", connection=caller)) for caller in callers for _ in range(100)]
            for caller in callers:
                caller.wait_until_passed_on()  # or the first would be done before the last one comes
        assert attest.connection.answer(quote)[0]["signature"]
        refused = 0
        for caller, serial in calls:
            try:
                assert caller.answer(serial)[0]["provider"] == "vtpm"
            except CallError as e:
                assert e.name == "org.cvmd1.Error.Busy", e
                refused += 1
        assert refused == 300 + 1 - 256, refused


def test_a_caller_that_leaves_is_not_served_further():
    with Attest() as attest:
        attest.describe()
        attest.report(user_data(b"first"))
        before = attest.paravisor.state()["nv-reads"]
        attest.paravisor.order("advance 1000000")
        attest.report(user_data(b"second"))
        whole = attest.paravisor.state()["nv-reads"] - before
        attest.paravisor.order("advance 1000000")
        before += whole
        with closing(Connection(attest.bus.path)) as other:
            with attest.paravisor.hold(8) as wait:
                attest.send("Report", "aya{sv}", user_data(b"x"), {}, connection=other)
                wait()
                other.socket.close()
                wait_for("that the bus noticed", lambda: not attest.bus.busctl(
                    "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", other.name)[0])
        assert attest.quote(b"the next one")["signature"]
        assert attest.paravisor.state()["nv-reads"] - before < whole, "its report was not read to the end"
        assert "the caller is gone" in attest.log()
        assert attest.input() == ZEROES


def test_it_ends_when_nobody_calls():
    with Attest(options=("--idle=1",)) as attest:
        attest.describe()
        assert attest.process.wait(PATIENCE) == 0
        assert not attest.has_owner()


def test_the_environment_does_not_matter():
    with Attest() as attest:
        attest.start(environment={"TSS2_LOG": "all+trace", "TPM2TOOLS_TCTI": "none", "TSS2_TCTI": "none",
                                  "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere", "TSS2_LOGFILE": "/nowhere/log"})
        attest.paravisor.order("index absent")
        attest.describe()
        assert attest.log() == "", attest.log()


def test_it_refuses_to_be_root_with_the_real_tpm():
    with Attest() as attest:
        done = subprocess.run(attest.program("--bus", attest.bus.address), stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=False)
        if os.geteuid() == 0:
            assert done.returncode == 1 and b"not as root" in done.stderr


def test_the_interface_is_what_is_installed():
    with Attest() as attest:
        xml, = attest.connection.call(NAME, PATH, "org.freedesktop.DBus.Introspectable", "Introspect")
        assert interfaces(xml)[NAME] == promised_by(NAME)


main(globals())
