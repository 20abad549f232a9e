#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl attest verify and its family: verdicts, exit codes, bad input, batches, results in other shapes."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from harness import PATIENCE, Programs, need, wait_for
from tap import main

NONCE, BIND = b"nonce of 16 byte".hex(), b"tls-key".hex()
KINDS = ["milan", "genoa", "turin", "vlek", "tdx4", "tdx5"]
WORDS = ["--nonce", NONCE, "--bind", BIND, "--at", "2026-06-01"]


def run(*arguments, stdin=subprocess.DEVNULL, data=None, **how):
    """(exit status, standard output, standard error)"""
    how = {"stdin": stdin} if data is None else {"input": data}
    done = subprocess.run([Programs.cvmctl, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False, **how)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Evidence:
    """Forged evidence as files, made once."""
    folder = None

    @classmethod
    def path(cls, *names):
        if not cls.folder:
            cls.folder = tempfile.TemporaryDirectory()
            maker = os.path.join(os.path.dirname(Programs.cvmd), "../tests/forge/forge-evidence")
            subprocess.run([maker, cls.folder.name], check=True, timeout=PATIENCE)
        return os.path.join(cls.folder.name, *names)

    @classmethod
    def read(cls, *names):
        with open(cls.path(*names), "rb") as f:
            return f.read()

    @classmethod
    def scratch(cls, name, content):
        path = cls.path(name)
        with open(path, "wb") as f:
            f.write(content)
        return path


def verify(*arguments, **how):
    return run("attest", "verify", "--roots", Evidence.path("roots"), *arguments, **how)


def verdict(*arguments, **how):
    """(exit status, the result)"""
    status, out, err = verify("--json=short", *arguments, **how)
    assert status in (0, 3), (status, out, err)
    return status, json.loads(out)


def against(result):
    return [c["name"] for c in result["checks"]
            if c["result"] == "fail" or (c["result"] == "unavailable" and c["name"] not in
                                         ("revocation", "event-log", "tdx-tcb", "qe-identity", "ak-certificate-chain",
                                          "azure-root", "ak-certificate-validity"))]


def test_trusted_with_its_own_expectation():
    for kind in KINDS:
        bundle = Evidence.path(kind, "bundle.cmw")
        status, out, err = run("attest", "expect", "from", bundle)
        assert status == 0, err
        expectation = Evidence.scratch("expect.json", out.encode())
        assert run("attest", "expect", "check", expectation)[0] == 0
        status, result = verdict(bundle, *WORDS, "--expect", expectation)
        assert (status, result["authentic"], result["trusted"], result["waived"]) == (0, True, True, []), (kind, result)
        assert result["claims"]["state"] == "compliant" and result["claims"]["self-asserted"] is True
        assert [c["result"] for c in result["checks"] if c["name"] == "revocation"] == ["unavailable"]


def test_what_is_not_given_is_not_met():
    bundle = Evidence.path("milan", "bundle.cmw")
    status, result = verdict(bundle, *WORDS)
    assert (status, result["authentic"], result["trusted"], against(result)) == (3, True, False, ["measurement"])
    status, result = verdict(bundle, "--at", "2026-06-01")
    assert status == 3 and against(result) == ["nonce", "bind", "ak-restricted", "measurement"], result
    status, result = verdict(bundle, *WORDS, "--any-measurement")
    assert (status, result["authentic"], result["trusted"], result["waived"]) == (0, True, False, ["measurement"])
    status, out, _ = verify(bundle, *WORDS, "--any-measurement")
    assert status == 0 and "authentic: yes" in out and "trusted: no" in out and "waived: measurement" in out, out


def test_an_expectation_that_is_not_met():
    bundle = Evidence.path("milan", "bundle.cmw")
    rows = [({"measurement": "00" * 48}, ["measurement"]), ({"isolation": "tdx"}, ["isolation"]),
            ({"tcb": {"Milan": {"snp": 255}}}, ["tcb-minimum"]), ({"tcb": {"Genoa": {"snp": 0}}}, ["tcb-minimum"]),
            ({"firmware": "255.0.0"}, ["firmware-minimum"]), ({"host-data": "ff" * 32}, ["host-data"]),
            ({"mitigations": "0x1"}, ["mitigations"]), ({"guest-policy": {"debug": True}}, ["guest-policy"]),
            ({"id-key-digest": "ff" * 48, "minimum-svn": 0}, ["id-key"]),
            ({"vm-configuration": {"secure-boot": "?"}}, ["vm-configuration"]),
            ({"pcrs": {"values": {"7": "00" * 32}}}, ["pcrs"]),
            ({"pcrs": {"bank": "sha384", "values": {"7": "00" * 48}}}, ["pcrs"]),
            ({"policy-digest": "sha256:" + "00" * 32}, ["policy-digest"]), ({"mode": "audit"}, ["mode"]),
            ({"state": ["failed", "violating"]}, ["state"]), ({"verdicts": ["blocked"]}, ["devices"]),
            ({"age": 1}, ["age"]), ({"age": 3600}, []), ({"require": ["revocation"]}, ["required"]),
            ({"require": ["vek-chip"]}, []), ({"verdicts": ["blocked", "allowed"]}, [])]
    for expected, names in rows:
        expectation = Evidence.scratch("expect.json", json.dumps({"version": 1, **expected}).encode())
        status, result = verdict(bundle, *WORDS, "--any-measurement", "--expect", expectation)
        assert (status, against(result)) == (3 if names else 0, names), (expected, against(result))


def test_expectations_with_mistakes():
    rows = [(b'{"version": 2}', "1:13"), (b'{"version":1,\n "mesurement":"00"}', "2:2"), (b'{"version":1,"age":-1}', "1:20"),
            (b'{"version":1,"measurement":"00"}', "1:28"), (b'{"version":1,"measurement":[]}', "1:28"),
            (b'{"version":1,"require":["nonsense"]}', "1:25"), (b'{"version":1,"state":"good"}', "1:22"),
            (b'{"version":1,"version":1}', "1:14"), (b'{"version":1,"pcrs":{"values":{"24":"00"}}}', "1:32"),
            (b'{"version":1,"id-key-digest":"' + b"00" * 48 + b'"}', "1:1"), (b'[]', "1:1"), (b'{"version":1', "1:")]
    for text, place in rows:
        path = Evidence.scratch("mistake.json", text)
        status, out, err = run("attest", "expect", "check", path)
        assert status == 3 and f"{path}:{place}" in out, (text, status, out, err)
        status, out, err = verify(Evidence.path("milan", "bundle.cmw"), "--expect", path)
        assert status == 1 and f"{path}:{place}" in err and not out, (text, status, out, err)


def one_line(err):
    return err.startswith("cvmctl: ") and err.count("\n") == 1


def test_bad_input():
    good = Evidence.read("milan", "bundle.cmw")
    doubled = good.replace(b'"claims":', b'"batch":', 1)
    chain = Evidence.read("milan", "chain.pem").split(b"-----END CERTIFICATE-----\n")
    large = Evidence.scratch("large", b"")
    os.truncate(large, 10 << 30)
    rows = [(Evidence.scratch("none", b""), 1), (Evidence.path("milan"), 1), (large, 1), ("/dev/zero", 1),
            (Evidence.path("no-such-file"), 4), (Evidence.scratch("text", b"hello\n"), 1),
            (Evidence.scratch("cut", good[:-2]), 1), (Evidence.scratch("more", good + b"{}"), 1),
            (Evidence.scratch("double", doubled), 1), (Evidence.scratch("space", good.replace(b'",4]', b'=",4]', 1)), 1),
            (Evidence.scratch("hcl", Evidence.read("milan", "hcl-report.bin")[:1300]), 1)]
    for path, expected in rows:
        status, out, err = verify(path, *WORDS, "--any-measurement")
        assert (status, out) == (expected, "") and one_line(err), (path, status, out, err)
    pem = [c + b"-----END CERTIFICATE-----\n" for c in chain[:3]]
    rows = [(pem[1] + pem[0] + pem[2], 1), (pem[0] + pem[1] + pem[2] + pem[0], 1), (pem[0] + b"and more\n", 1), (b"", 1),
            (Evidence.read("milan", "ak.crt") + b"\0", 1), (pem[0] + pem[1], 0), (pem[0] + pem[1] + pem[2], 0)]
    for content, expected in rows:
        status, out, err = verify(Evidence.path("milan", "bundle.cmw"), *WORDS, "--any-measurement", "--certs",
                                  Evidence.scratch("certs", content))
        assert status == expected and (status == 0 or one_line(err)), (expected, status, out, err)
    status, result = verdict(Evidence.path("milan", "bundle.cmw"), *WORDS, "--any-measurement", "--certs",
                             Evidence.path("milan", "ak.crt"))
    assert status == 3 and against(result) == ["certificates"], result


def test_usage():
    bundle = Evidence.path("milan", "bundle.cmw")
    for arguments in [["--nonce", "abc"], ["--nonce", "00" * 65], ["--bind", "zz"], ["--at", "yesterday"],
                      ["--nonce", NONCE, "--any-nonce"], ["--bind", BIND, "--any-bind"], ["--jobs", "2"],
                      ["--batch", "--jobs", "0"], ["--batch", "-o", "x"], ["--sign-key", "x"], ["--format", "nonsense"]]:
        status, out, err = verify(bundle, *arguments)
        assert status == 2 and one_line(err) and not out, (arguments, status, out, err)


def test_pipes():
    bundle = Evidence.read("milan", "bundle.cmw")
    arguments = [*WORDS, "--any-measurement"]
    assert verify("-", *arguments, data=bundle)[0] == 0
    fifo = Evidence.path("fifo")
    os.mkfifo(fifo)

    def feed():
        with open(fifo, "wb") as f:
            f.write(bundle)

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert verify(fifo, *arguments)[0] == 0
    feeder.join()
    endless = subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE)
    status, out, err = verify("-", *arguments, stdin=endless.stdout)
    endless.stdout.close()
    endless.wait()
    assert status == 1 and "larger" in err and not out, err


def test_batch():
    pieces = [Evidence.read(kind, "bundle.cmw") for kind in KINDS]
    edited = pieces[0].replace(b'"tpm-quote":["', b'"tpm-quotf":["', 1)
    lines = [*pieces, b"{broken", b"", edited, b"x" * 100000, *pieces * 5]
    data = b"\n".join(lines)  # without an end: the last line counts, too
    arguments = ["--batch", *WORDS, "--any-measurement"]
    status, whole, err = verify("-", *arguments, data=data)
    results = [json.loads(line) for line in whole.splitlines()]
    assert status == 1 and err == "", (status, err)
    assert [r["line"] for r in results] == list(range(1, len(lines) + 1))
    assert [r["line"] for r in results if "error" in r] == [7, 8, 9, 10]
    assert all(r["authentic"] for r in results if "error" not in r)
    for jobs in ["1", "2", "3", "16"]:
        assert verify("-", *arguments, "--jobs", jobs, data=data) == (1, whole, ""), jobs
    assert verify("-", *arguments, "-q", data=data)[:2] == (1, "")
    good = b"\n".join(pieces) + b"\n"
    assert verify("-", *arguments, data=good)[0] == 0
    assert verify("-", "--batch", *WORDS, "--jobs", "2", data=good)[0] == 3
    assert verify("-", *arguments, data=b"")[0] == 1
    assert verify("-", *arguments, "--jobs", "2", data=b"")[0] == 1


def test_batch_with_lines_of_every_size():
    """Those of more than 512 KiB go another way to those who judge; the others wrap around in their memory."""
    piece, half = Evidence.read(KINDS[0], "bundle.cmw"), 512 * 1024
    sizes = [half, len(piece), 300000, half - 1, half + 1, 400000, 1, 0, 2 * half, 350000, 500000, 3 * half, 200000, half] * 3
    lines = [b"{" + b" " * (size - len(piece)) + piece[1:] if size >= len(piece) else b"x" * size for size in sizes]
    data = b"\n".join(lines)
    arguments = ["--batch", *WORDS, "--any-measurement"]
    status, whole, err = verify("-", *arguments, data=data)
    results = [json.loads(line) for line in whole.splitlines()]
    assert status == 1 and err == "", (status, err)
    assert ["error" in r for r in results] == [size < len(piece) for size in sizes]
    for jobs in ["2", "3"]:
        assert verify("-", *arguments, "--jobs", jobs, data=data) == (1, whole, ""), jobs


@contextlib.contextmanager
def batch(jobs):
    """A process that verifies a line after the other, while it runs."""
    process = subprocess.Popen([Programs.cvmctl, "attest", "verify", "--roots", Evidence.path("roots"), "--batch",
                                "--jobs", str(jobs), *WORDS, "--any-measurement", "-"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        for stream in process.stdin, process.stdout, process.stderr:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        process.wait(PATIENCE)


def send(process, line):
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def written(pid, unit="wchar"):
    """Bytes that a process has written so far; or how often it has, by the unit `syscw`."""
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(dict(line.split(": ") for line in f)[unit])


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rpartition(")")[2].split()[0]


def children(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


def judges(process):
    """Their numbers: it starts them before the one that reads."""
    return children(process)[:-1]


def test_batch_answers_while_it_is_asked():
    piece = Evidence.read(KINDS[0], "bundle.cmw")
    for jobs in 1, 2, 3:
        with batch(jobs) as process:
            for number in range(1, 2 * 64 * jobs):
                send(process, piece if number % 7 == 0 else b"{")
                assert json.loads(process.stdout.readline())["line"] == number
            process.stdin.close()
            assert process.wait(PATIENCE) == 1


def test_one_that_stands_still_holds_nobody_up():
    piece, lines = Evidence.read(KINDS[0], "bundle.cmw"), 192
    with batch(2) as process:
        send(process, piece)
        assert json.loads(process.stdout.readline())["line"] == 1
        still = judges(process)[0]
        os.kill(still, signal.SIGSTOP)
        try:
            # of these it has room for 64, and the pipe for three more
            writer = threading.Thread(target=lambda: [send(process, piece) for _ in range(lines)], daemon=True)
            writer.start()
            writer.join(PATIENCE)
            assert not writer.is_alive(), "nobody reads on"
        finally:
            os.kill(still, signal.SIGCONT)
        process.stdin.close()
        assert [json.loads(line)["line"] for line in process.stdout] == list(range(2, lines + 2))
        assert process.wait(PATIENCE) == 0


def test_one_that_is_killed_is_noticed():
    piece = Evidence.read(KINDS[0], "bundle.cmw")
    for which in range(3):
        with batch(3) as process:
            send(process, piece)
            assert json.loads(process.stdout.readline())["line"] == 1
            os.kill(judges(process)[which], signal.SIGKILL)
            process.stdin.close()
            assert process.wait(PATIENCE) == 1
            assert b"ended before its time" in process.stderr.read()


def test_what_was_judged_is_told_when_one_is_killed():
    piece = Evidence.read(KINDS[0], "bundle.cmw")
    with batch(2) as process:
        wait_for("two who judge, and one who reads", lambda: len(children(process)) == 3)
        first, second, reader = children(process)
        for pid in process.pid, first, second:
            os.kill(pid, signal.SIGSTOP)
        before = written(reader, "syscw")
        send(process, piece)
        send(process, piece)
        wait_for("a line for each", lambda: written(reader, "syscw") >= before + 2)
        os.kill(first, signal.SIGCONT)
        wait_for("a result", lambda: written(first) > 1000)
        os.kill(second, signal.SIGKILL)
        wait_for("its end", lambda: state(second) == "Z")
        os.kill(process.pid, signal.SIGCONT)
        assert [json.loads(line)["line"] for line in process.stdout] == [1]
        assert process.wait(PATIENCE) == 1


def test_batch_whose_reader_leaves():
    data = b"\n".join(Evidence.read(kind, "bundle.cmw") for kind in KINDS * 50)
    path = Evidence.scratch("lines", data)
    command = [Programs.cvmctl, "attest", "verify", "--roots", Evidence.path("roots"), "--batch", "--jobs", "2",
               *WORDS, "--any-measurement", path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["line"] == 1
    process.stdout.close()
    assert process.wait(PATIENCE) == 1
    assert b"cannot write" in process.stderr.read()
    process.stderr.close()


def test_roots():
    status, out, _ = run("attest", "roots", "--json=short")
    built_in = {r["name"]: r for r in json.loads(out)}
    assert status == 0 and len(built_in) == 5 and all(r["source"] == "built in" for r in built_in.values())
    folder = Evidence.path("other-roots")
    shutil.copytree(Evidence.path("roots"), folder)
    with open(os.path.join(folder, "amd-ark-turin.pem"), "wb"):
        pass  # taken away
    status, out, _ = run("attest", "roots", "--json=short", "--roots", folder)
    roots = {r["name"]: r for r in json.loads(out)}
    assert status == 0 and "amd-ark-turin" not in roots and "amd-ark-milan" in roots, out
    assert roots["amd-ark"]["source"] == os.path.join(folder, "amd-ark.pem")
    assert roots["amd-ark-genoa"]["fingerprint"] != built_in["amd-ark-genoa"]["fingerprint"]
    arguments = [Evidence.path("turin", "bundle.cmw"), *WORDS, "--any-measurement"]
    status, out, _ = run("attest", "verify", *arguments, "--json=short", "--roots", folder)
    assert status == 3 and against(json.loads(out)) == ["amd-root"], out
    for name, content in [("note.txt", b"x"), ("amd-x.pem", b"x"), ("other.pem", b""),
                          ("amd-leaf.der", Evidence.read("milan", "ak.crt"))]:
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
        status, out, err = run("attest", "roots", "--roots", folder)
        assert status == 1 and name in err and one_line(err), (name, status, err)
        os.remove(os.path.join(folder, name))
    assert run("attest", "roots", "--roots", Evidence.path("nowhere"))[0] == 4


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ear(*arguments):
    return verify(Evidence.path("milan", "bundle.cmw"), "--format", "ear", *arguments)


def test_ear():
    status, out, err = ear(*WORDS, "--any-measurement")
    result = json.loads(out)
    assert status == 0 and result["unsigned"] is True and result["iat"] == 1780272000, (status, out, err)
    assert unbase64(result["eat_nonce"]) == bytes.fromhex(NONCE)
    vector = result["submods"]["cvm"]["ear.trustworthiness-vector"]
    assert result["submods"]["cvm"]["ear.status"] == "warning" and vector["hardware"] == 2, vector
    assert vector["executables"] == 0 and vector["instance-identity"] == 2, vector
    assert result["cvmd"]["waived"] == ["measurement"]
    status, out, _ = ear(*WORDS)
    assert status == 3 and json.loads(out)["submods"]["cvm"]["ear.status"] == "contraindicated"


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, timeout=PATIENCE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def der_of(pair):
    """r and s as ECDSA-Sig-Value, which openssl wants."""
    def integer(raw):
        raw = raw.lstrip(b"\0") or b"\0"
        raw = b"\0" + raw if raw[0] & 0x80 else raw
        return bytes([2, len(raw)]) + raw
    both = integer(pair[:len(pair) // 2]) + integer(pair[len(pair) // 2:])
    return bytes([0x30, len(both)]) + both


def check_signature(algorithm, key, signed, signature):
    public = key + ".pub"
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    message = Evidence.scratch("message", signed)
    file = Evidence.scratch("signature", der_of(signature) if algorithm.startswith("ES") else signature)
    if algorithm == "EdDSA":
        openssl("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", message, "-sigfile", file)
    else:
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if algorithm == "PS256" else []
        openssl("dgst", "-sha384" if algorithm == "ES384" else "-sha256", *pss, "-verify", public, "-signature", file,
                message)


def test_signed_ear():
    need("openssl")
    key = Evidence.path("key.pem")
    for algorithm, how in [("ES256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                           ("ES384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
                           ("PS256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("EdDSA", ["ED25519"])]:
        openssl("genpkey", "-out", key, "-algorithm", *how)
        status, out, err = ear(*WORDS, "--any-measurement", "--sign-key", key)
        assert status == 0, err
        head, body, signature = out.strip().split(".")
        assert json.loads(unbase64(head)) == {"alg": algorithm, "typ": "JWT"}
        assert "unsigned" not in json.loads(unbase64(body))
        check_signature(algorithm, key, f"{head}.{body}".encode(), unbase64(signature))
    openssl("genpkey", "-out", key, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
    for content in [None, b"", b"no key"]:
        if content is not None:
            Evidence.scratch("key.pem", content)
        status, out, err = ear(*WORDS, "--sign-key", key)
        assert status == 1 and one_line(err) and not out, (status, out, err)


if __name__ == "__main__":
    main(globals())
