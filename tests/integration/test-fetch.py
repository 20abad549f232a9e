#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmd-fetch against a metadata service that behaves and misbehaves."""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET

import metadata
from dbus_client import CallError, Connection, memory, read_all, sealed
from harness import PATIENCE, SOURCE, Bus, Programs, Skip, need, wait_for
from metadata import good, status
from tap import main

NAME, PATH = "org.cvmd1.Fetch", "/org/cvmd1/fetch"
ERROR = "org.cvmd1.Error."
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
NOBODY = 65534


def program(path):
    return os.path.join(os.path.dirname(Programs.cvmd), path)


class Answers:
    """What forge-answers has made, once for all tests."""
    files = {}

    @classmethod
    def get(cls, name):
        if not cls.files:
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([program("../tests/integration/forge-answers"), folder], check=True, timeout=PATIENCE)
                for entry in os.scandir(folder):
                    with open(entry.path, "rb") as f:
                        cls.files[entry.name] = f.read()
        return cls.files[name]


def asked():
    """(chip id, TCB)"""
    chip_id, tcb = Answers.get("asked").split()
    return bytes.fromhex(chip_id.decode()), int(tcb)


class Fetch:
    """cvmd-fetch behind a private bus that starts it, and its metadata service."""

    def __init__(self, *options, cache=True, environment=None):
        self.folder = tempfile.mkdtemp(prefix="cvmd-fetch-")
        self.cache = os.path.join(self.folder, "cache")
        self.log_path = os.path.join(self.folder, "log")
        os.mkdir(self.cache)
        self.metadata = metadata.Metadata()
        self.bus = Bus(self.folder)
        self.command = [program("fetch/cvmd-fetch"), "--bus", self.bus.address, "--imds", self.metadata.url,
                        "--retry-delay", "1", *(["--cache", self.cache] if cache else []), *options]
        variables = [f"{name}={value}" for name, value in (environment or {}).items()]
        self.bus.add_service(NAME, self.log_path, *(["env", *variables] if variables else []), *self.command)
        self.bus.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and kind is not Skip:
            print("\n".join(f"# {line}" for line in self.log().splitlines()[-20:]))
        self.bus.stop()
        self.metadata.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log_path, encoding="utf-8") as f:
                return f.read()
        return ""

    def call(self, method, signature, *arguments):
        with contextlib.closing(Connection(self.bus.path)) as c:
            answer, = c.call(NAME, PATH, NAME, method, signature, *arguments)
            return answer

    def endorsements(self, product="Milan"):
        return self.call("Endorsements", "ayts", *asked(), product)

    def fails(self, name, call, *arguments):
        """Its text, once it has failed with this error."""
        try:
            call(*arguments)
        except CallError as e:
            assert e.name == ERROR + name, str(e)
            return e.text
        raise AssertionError(f"no {name}")

    def endorsements_fail(self, name):
        return self.fails(name, self.endorsements)

    def quote(self, report):
        fd = sealed(report)
        try:
            return self.call("TdQuote", "h", fd)
        finally:
            os.close(fd)

    def n_requests(self):
        return len(self.metadata.requests)

    def wait_gone(self):
        wait_for("cvmd-fetch has ended", lambda: not self.bus.has(NAME))


def drop(answer):
    """Closes the descriptors, and says what the rest is."""
    for key in "snp-vek-chain", "vek":
        os.close(answer[key])
    return answer["expires"], answer["cached"]


def test_endorsements_are_fetched_when_the_bus_is_asked_for_them():
    with Fetch() as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        before = int(time.time())
        answer = fetch.endorsements()
        assert sorted(answer) == ["cached", "expires", "snp-vek-chain", "vek"]
        assert not answer["cached"]
        assert before + 86400 <= answer["expires"] <= time.time() + 86400
        for key in "snp-vek-chain", "vek":
            assert fcntl.fcntl(answer[key], fcntl.F_GET_SEALS) == SEALS
        chain, vek = read_all(answer["snp-vek-chain"]), read_all(answer["vek"])
        asked_for = json.loads(Answers.get("good"))
        assert chain.decode() == asked_for["vcekCert"] + asked_for["certificateChain"]
        assert base64.b64encode(vek).decode() == "".join(asked_for["vcekCert"].splitlines()[1:-1])
        (command, path, headers, body), = fetch.metadata.requests
        assert (command, path, body) == ("GET", "/metadata/THIM/amd/certification", b"")
        assert headers["Metadata"] == "true"
        assert not {"Cookie", "Authorization", "Accept-Encoding", "Proxy-Connection"} & set(headers), headers


def test_they_are_kept_and_outlast_the_process():
    with Fetch("--idle", "1") as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        expires, cached = drop(fetch.endorsements())
        assert not cached
        assert drop(fetch.endorsements()) == (expires, True)
        fetch.wait_gone()
        assert drop(fetch.endorsements()) == (expires, True)
        assert fetch.n_requests() == 1
        name, = os.listdir(fetch.cache)
        assert os.stat(os.path.join(fetch.cache, name)).st_mode & 0o777 == 0o600
        chip_id, _ = asked()
        assert chip_id.hex()[:16] not in name


def test_a_report_without_a_product_is_served_as_well():
    with Fetch() as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        drop(fetch.endorsements(product=""))


def test_the_environment_has_no_say():
    with tempfile.TemporaryDirectory() as home:
        with open(os.path.join(home, ".netrc"), "w", encoding="utf-8") as f:
            f.write("machine 127.0.0.1 login user password secret\n")
        proxy = "http://127.0.0.1:1"
        variables = {name: proxy for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
        with Fetch(environment={**variables, "HOME": home, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"}) as fetch:
            fetch.metadata.behave(good(Answers.get("good")))
            drop(fetch.endorsements())
            assert "Authorization" not in fetch.metadata.requests[0][2]


MISBEHAVIOUR = [
    # behaviour, error, a part of the text, how often THIM is asked
    (status(404), "FetchFailed", "HTTP status 404", 1),
    (status(410), "FetchFailed", "HTTP status 410", 1),
    (status(204), "FetchFailed", "HTTP status 204", 1),
    (status(429), "FetchFailed", "HTTP status 429", 3),
    (status(503), "FetchFailed", "HTTP status 503", 3),
    (metadata.redirect, "FetchFailed", "redirect", 1),
    (metadata.html, "EndorsementInvalid", "answer: 1:1", 1),
    (metadata.huge, "FetchFailed", "more than 65536 bytes", 1),
    (metadata.endless, "FetchFailed", "more than 65536 bytes", 1),
    (metadata.many_headers, "FetchFailed", "", 1),
    (metadata.not_http, "FetchFailed", "", 1),
    (metadata.drip, "TimedOut", "", 1),
    (metadata.silence, "TimedOut", "", 1),
    (good(b""), "EndorsementInvalid", "", 1),
    (good(b"{}"), "EndorsementInvalid", "vcekCert", 1),
]


def test_every_misbehaviour_has_its_name():
    with Fetch("--timeout", "1000", "--idle", "60") as fetch:
        for behaviour, name, text, requests in MISBEHAVIOUR:
            fetch.metadata.behave(behaviour)
            said = fetch.endorsements_fail(name)
            assert text in said, said
            assert fetch.n_requests() == requests, (said, fetch.metadata.requests)
            assert os.listdir(fetch.cache) == []
        assert fetch.metadata.sent < 1 << 28  # it hung up long before the end
        fetch.metadata.behave(good(Answers.get("good")))
        drop(fetch.endorsements())


ANSWERS = [
    ("chain", "EndorsementInvalid", "not signed by", 1),
    ("expired", "EndorsementInvalid", "expired on 2020-01-01", 1),
    ("chip", "EndorsementMismatch", "another chip", 3),
    ("tcb", "EndorsementMismatch", "is not the TCB that the VEK is for", 3),
    ("tcbm", "EndorsementMismatch", "the report has", 3),
]


def test_answers_that_do_not_fit_are_refused():
    with Fetch() as fetch:
        for answer, name, text, requests in ANSWERS:
            fetch.metadata.behave(good(Answers.get(answer)))
            said = fetch.endorsements_fail(name)
            assert text in said, said
            assert fetch.n_requests() == requests, said
            assert os.listdir(fetch.cache) == []
        body = Answers.get("good")
        fetch.metadata.behave(metadata.cut_off(body))
        fetch.endorsements_fail("FetchFailed")
        fetch.metadata.behave(good(body.replace(b"MII", b"MIJ")))
        fetch.endorsements_fail("EndorsementInvalid")


def test_what_may_pass_is_asked_again():
    with Fetch(cache=False) as fetch:
        for first in good(Answers.get("tcbm")), good(Answers.get("chip")), status(503):
            fetch.metadata.behave(first, good(Answers.get("good")))
            assert not drop(fetch.endorsements())[1]
            assert fetch.n_requests() == 2


def test_nobody_listens():
    with Fetch() as fetch:
        fetch.metadata.close()
        assert "127.0.0.1" in fetch.endorsements_fail("FetchFailed")


def test_those_who_want_the_same_share_a_request():
    with Fetch() as fetch, contextlib.closing(Connection(fetch.bus.path)) as c:
        fetch.metadata.behave(good(Answers.get("good")))
        calls = [c.send(NAME, PATH, NAME, "Endorsements", "ayts", *asked(), "Milan") for _ in range(16)]
        for serial in calls:
            answer, = c.answer(serial)
            drop(answer)
        assert fetch.n_requests() == 1


def test_what_is_over_is_fetched_anew_and_better_than_nothing():
    with Fetch() as fetch:
        fetch.metadata.behave(good(Answers.get("short")))
        first, cached = drop(fetch.endorsements())
        assert not cached and first <= time.time()
        assert not drop(fetch.endorsements())[1]
        assert fetch.n_requests() == 2
        fetch.metadata.behave(status(404))
        over, cached = drop(fetch.endorsements())
        assert cached and over <= time.time()
        assert fetch.n_requests() == 1
        assert "HTTP status 404: those kept before are used" in fetch.log()


def rewrite(fetch, change):
    """The one file of the cache, changed; its path."""
    name, = os.listdir(fetch.cache)
    path = os.path.join(fetch.cache, name)
    with open(path, "rb") as f:
        text = change(f.read())
    with open(path, "wb") as f:
        f.write(text)
    return path


def aged(text):
    """As if it had been fetched most of its day ago."""
    now = int(time.time())
    return b"cvmd-endorsements 1 %d %d\n" % (now - 80000, now + 6400) + text.partition(b"\n")[2]


def test_they_are_refreshed_ahead_of_need():
    with Fetch() as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        drop(fetch.endorsements())
        path = rewrite(fetch, aged)
        inode = os.stat(path).st_ino
        fetch.metadata.behave(good(Answers.get("good")))
        expires, cached = drop(fetch.endorsements())
        assert cached and expires <= time.time() + 6400
        wait_for("the refresh", lambda: os.stat(path).st_ino != inode)
        assert fetch.n_requests() == 1
        expires, cached = drop(fetch.endorsements())
        assert cached and expires > time.time() + 80000
        assert fetch.n_requests() == 1


def test_a_refresh_that_fails_disturbs_nobody():
    with Fetch("--idle", "1", "--timeout", "1000") as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        drop(fetch.endorsements())
        rewrite(fetch, aged)
        fetch.metadata.behave(metadata.silence)
        assert drop(fetch.endorsements())[1]
        wait_for("the refresh has failed", lambda: "no answer in time" in fetch.log())
        assert drop(fetch.endorsements())[1]


def test_a_damaged_cache_is_no_cache():
    with Fetch() as fetch:
        for change in lambda t: t[:100], lambda t: b"", lambda t: t.replace(b"MII", b"MIJ"):
            fetch.metadata.behave(good(Answers.get("good")))
            drop(fetch.endorsements())
            rewrite(fetch, change)
            fetch.metadata.behave(good(Answers.get("good")))
            assert not drop(fetch.endorsements())[1]
            assert "is not used" in fetch.log()
            assert drop(fetch.endorsements())[1]  # it was replaced


def test_without_a_cache_all_goes_on():
    with Fetch("--cache", "/nowhere", cache=False) as fetch:
        fetch.metadata.behave(good(Answers.get("good")))
        for _ in range(2):
            assert not drop(fetch.endorsements())[1]
        assert "/nowhere" in fetch.log()


def test_a_quote_for_a_report():
    with Fetch() as fetch:
        report, answer = Answers.get("td-report"), Answers.get("quote")
        quote = json.loads(answer)["quote"]
        binary = base64.urlsafe_b64decode(quote + "=" * (-len(quote) % 4))
        standard = json.dumps({"quote": base64.b64encode(binary).decode()}).encode()
        for body in answer, standard:
            fetch.metadata.behave(good(body))
            reply = fetch.quote(report)
            assert list(reply) == ["td-quote"]
            assert fcntl.fcntl(reply["td-quote"], fcntl.F_GET_SEALS) == SEALS
            assert read_all(reply["td-quote"]) == binary
            (command, path, headers, body), = fetch.metadata.requests
            assert (command, path) == ("POST", "/acc/tdquote")
            assert headers["Metadata"] == "true" and headers["Content-Type"] == "application/json"
            assert json.loads(body) == {"report": base64.urlsafe_b64encode(report).decode().rstrip("=")}


def test_quotes_that_do_not_fit_are_refused():
    cases = [
        (good(Answers.get("quote-guest")), "QuoteMismatch", "another guest"),
        (good(Answers.get("quote-data")), "QuoteMismatch", "other report data"),
        (good(b'{"quote":"AAAA"}'), "QuoteInvalid", ""),
        (good(b'{"quote":"A A"}'), "QuoteInvalid", "base64"),
        (good(b'{"quote":7}'), "QuoteInvalid", "quote"),
        (good(b'{}'), "QuoteInvalid", "quote"),
        (metadata.html, "QuoteInvalid", "answer: 1:1"),
        (status(404), "FetchFailed", "HTTP status 404"),
        (status(500), "FetchFailed", "HTTP status 500"),
        (metadata.endless, "FetchFailed", "more than"),
        (metadata.drip, "TimedOut", ""),
    ]
    with Fetch("--timeout", "1000") as fetch:
        for behaviour, name, text in cases:
            fetch.metadata.behave(behaviour)
            said = fetch.fails(name, fetch.quote, Answers.get("td-report"))
            assert text in said, said
            assert fetch.n_requests() == 1


def test_what_is_asked_badly_is_not_passed_on():
    with Fetch() as fetch:
        chip_id, tcb = asked()
        for call in (chip_id[:63], tcb, "Milan"), (chip_id + b"x", tcb, "Milan"), (b"", tcb, ""), (chip_id, tcb, "Rome"):
            fetch.fails("InvalidArgument", fetch.call, "Endorsements", "ayts", *call)
        report = Answers.get("td-report")
        for bad in report[:1023], report + b"x", b"", b"\0" * 1024:
            fetch.fails("InvalidArgument", fetch.quote, bad)
        unsealed = memory(report)
        assert "sealed" in fetch.fails("InvalidArgument", fetch.call, "TdQuote", "h", unsealed)
        os.close(unsealed)
        assert fetch.n_requests() == 0


def as_user(uid, f):
    """What f() returns, a string, in a process of that user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, f().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def test_other_users_are_refused():
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    with Fetch() as fetch:
        os.chmod(fetch.folder, 0o755)
        os.chmod(fetch.bus.path, 0o666)
        fetch.metadata.behave(good(Answers.get("good")))
        report = Answers.get("td-report")

        def names():
            said = []
            for call in (fetch.endorsements,), (fetch.quote, report):
                try:
                    call[0](*call[1:])
                except CallError as e:
                    said.append(e.name)
            return " ".join(said)

        drop(fetch.endorsements())
        assert as_user(NOBODY, names) == f"{ERROR}NotAuthorized {ERROR}NotAuthorized"
        assert fetch.n_requests() == 1


def test_it_goes_nowhere_but_to_the_link():
    for url in ("http://example.org", "http://localhost", "https://169.254.169.254", "169.254.169.254", "http://10.0.0.1",
                "http://168.254.1.1", "http://169.253.1.1", "http://170.254.1.1", "http://126.0.0.1", "http://128.0.0.1",
                "http://169.254.169.254/", "http://169.254.169.254:0", "http://169.254.169.254:65536",
                "http://169.254.169.254:", "http://169.254.169.254:80/x", "http://user@169.254.169.254", "http://[::1]",
                "http://169.254.169", "http://0xa9fea9fe", "http://127.1", "http://", ""):
        done = subprocess.run([program("fetch/cvmd-fetch"), "--imds", url], stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=False)
        assert done.returncode == 1 and b"link-local" in done.stderr, (url, done)


def test_options():
    for arguments in ["--idle=0"], ["--timeout=0"], ["--timeout=x"], ["--retry-delay=-1"], ["--nothing"], ["word"], ["--bus"]:
        done = subprocess.run([program("fetch/cvmd-fetch"), *arguments], stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=False)
        assert done.returncode == 2 and done.stderr.startswith(b"cvmd-fetch: "), (arguments, done)
    said = subprocess.run([program("fetch/cvmd-fetch"), "--help"], stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    assert all(len(line) <= 80 for line in said.stdout.decode().splitlines())


def test_it_ends_when_told_whatever_is_under_way():
    with Fetch() as fetch, contextlib.closing(Connection(fetch.bus.path)) as c:
        fetch.metadata.behave(metadata.silence)
        process = subprocess.Popen(fetch.command, stderr=subprocess.DEVNULL)
        wait_for("cvmd-fetch on the bus", lambda: fetch.bus.has(NAME))
        c.send(NAME, PATH, NAME, "Endorsements", "ayts", *asked(), "Milan")
        fd = sealed(Answers.get("td-report"))
        c.send(NAME, PATH, NAME, "TdQuote", "h", fd)
        os.close(fd)
        wait_for("both requests", lambda: fetch.n_requests() == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_bus_that_goes_away_ends_it():
    with Fetch() as fetch:
        process = subprocess.Popen(fetch.command, stderr=subprocess.DEVNULL)
        wait_for("cvmd-fetch on the bus", lambda: fetch.bus.has(NAME))
        fetch.bus.stop()
        assert process.wait(PATIENCE) == 0


def described(xml):
    interface, = (i for i in ET.fromstring(xml).iter("interface") if i.get("name") == NAME)
    return sorted((m.get("name"), tuple((a.get("name"), a.get("type"), a.get("direction")) for a in m.iter("arg")))
                  for m in interface.iter("method"))


def test_the_interface_is_as_installed():
    need("busctl")
    with Fetch() as fetch:
        xml, = fetch.bus.busctl("call", NAME, PATH, "org.freedesktop.DBus.Introspectable", "Introspect")
        with open(os.path.join(SOURCE, "units", "org.cvmd1.Fetch.xml"), encoding="utf-8") as f:
            assert described(xml) == described(f.read())


if __name__ == "__main__":
    main(globals())
