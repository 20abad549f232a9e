#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cvmctl without a daemon: recorded guests, folders and policy files."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading

from harness import DISK, FIXTURES, NETWORK, PATIENCE, PLAIN_NETWORK, SOURCE, STRICT, Programs
from tap import main

DEFAULT = os.path.join(SOURCE, "policy", "90-default.json")
NO_BUS = "--bus=unix:path=/nonexistent/bus"
SMALL = {"version": 1, "mode": "enforce", "rules": [
    {"id": "disk", "match": {"class": ["scsi", "ide"], "not": {"driver": "uio*"}},
     "require": {"ring": "confidential"}, "on-violation": "block", "labels": ["a", "owner=b"],
     "reason": "ünlesbar \"für\" alle"},
    {"id": "rest", "match": {}, "action": "allow"}], "default": {"action": "block"}}


def fixture(name):
    return os.path.join(FIXTURES, name + ".snapshot")


def cvmctl(*arguments, text=True, **how):
    """(exit status, standard output, standard error)"""
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **how}
    done = subprocess.run([Programs.cvmctl, *arguments], stderr=subprocess.PIPE, timeout=PATIENCE, check=False,
                          encoding="utf-8" if text else None, **how)
    return done.returncode, done.stdout, done.stderr


def look(name, *arguments, policy=STRICT):
    return cvmctl("--snapshot", fixture(name), "--policy", policy, *arguments)


def good(result):
    status, out, err = result
    assert status == 0, (status, out, err)
    return out


class Folder(tempfile.TemporaryDirectory):
    """A folder of its own; file() is a path in it, with content if given."""

    def __enter__(self):
        super().__enter__()
        return self

    def file(self, name, content=None):
        path = os.path.join(self.name, name)
        if isinstance(content, dict):
            content = json.dumps(content)
        if content is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)
        return path


def test_status_tells_the_state_and_the_exit_code_with_it():
    for name, policy, state, exits in (
            ("snp-openhcl", STRICT, "violating", 3), ("snp-compliant", STRICT, "compliant", 0),
            ("tdx-openhcl", STRICT, "compliant", 0), ("snp-root-plain", STRICT, "violating", 3),
            ("hyperv-plain", STRICT, "failed", 3), ("snp-openhcl", DEFAULT, "unprotected", 3),
            ("hyperv-plain", DEFAULT, "not-applicable", 0), ("not-hyperv", DEFAULT, "not-applicable", 0)):
        status, out, err = look(name, "--json=short", policy=policy)
        assert (status, json.loads(out)["state"]) == (exits, state), (name, status, out, err)
        status, out, err = look(name, "status", policy=policy)
        assert status == exits and out.split()[1] == state + ":", (name, status, out, err)
        assert look(name, "-q", policy=policy) == (exits, "", ""), name


def test_status_json_has_the_promised_keys():
    _, out, _ = look("snp-openhcl", "status", "--json=pretty")
    status = json.loads(out)
    assert list(status) == ["version", "state", "mode", "isolation", "vmbus", "policy", "devices", "attestation", "log",
                            "warnings", "unconfirmed", "gate", "trial", "tried"], status
    assert status["isolation"] == {"type": "snp", "paravisor": True, "boundary-bits": 46, "source": "cpuid",
                                   "consistent": True}
    assert status["vmbus"] == {"version": "6.0", "confidential": "yes"}
    assert status["devices"] == {"total": 6, "allowed": 5, "violating": 1, "blocked": 0, "protected": 0, "pending": 0,
                                 "failed": 0}
    assert status["policy"]["files"] == [STRICT] and status["policy"]["digest"].startswith("sha256:")
    assert status["attestation"] == {"providers": [], "details": []} and status["log"] is None


def test_status_tells_of_the_connection_not_of_what_is_on_offer():
    with open(fixture("snp-openhcl"), encoding="utf-8") as f:
        recorded = f.read()
    assert "connection version=6.0" in recorded
    with Folder() as folder:
        older = folder.file("older", recorded.replace("connection version=6.0", "connection version=5.3"))
        _, out, _ = cvmctl("--snapshot", older, "--policy", STRICT, "status", "--json")
        assert json.loads(out)["vmbus"] == {"version": "5.3", "confidential": "no"}, out


def test_devices_json_has_the_promised_keys():
    devices = json.loads(good(look("snp-openhcl", "devices", "--json")))
    for device in devices:
        assert list(device) == ["instance", "class", "relid", "driver", "bound", "ring", "dma", "source", "verdict", "rule",
                                "reason", "channels", "dependents", "times", "exposure"], device
        assert device["times"] is None and device["exposure"] is None, device
        for channel in device["channels"]:
            assert list(channel) == ["relid", "sub", "ring", "dma", "source"], channel
    device = {d["instance"]: d for d in devices}[PLAIN_NETWORK]
    assert (device["verdict"], device["ring"], device["source"]) == ("violating", "plain", "kernel-probe")
    disk = {d["instance"]: d for d in devices}[DISK]
    assert "/" in [d["name"] for d in disk["dependents"]], disk


def test_a_table_holds_every_device_whole():
    out = good(look("snp-openhcl", "devices"))
    lines = out.splitlines()
    devices = json.loads(good(look("snp-openhcl", "devices", "--json")))
    assert lines[0].split() == ["INSTANCE", "CLASS", "VERDICT", "RING", "DMA", "DRIVER", "RULE"], lines
    assert [line.split()[0] for line in lines[1:len(devices) + 1]] == [d["instance"] for d in devices]
    starts = {line.index(d["verdict"]) for line, d in zip(lines[1:], devices)}
    assert starts == {lines[0].index("VERDICT")}, "columns are aligned"
    assert good(look("snp-openhcl", "devices", "--no-legend")).splitlines() == lines[1:len(devices) + 1]
    assert "\033" not in out


def test_a_device_is_named_in_several_ways():
    for word in DISK, DISK.upper(), "{" + DISK + "}", DISK[:8], "scsi", "6":
        device = json.loads(good(look("snp-openhcl", "device", word, "--json")))
        assert device["instance"] == DISK, (word, device)
        assert json.loads(good(look("snp-openhcl", "explain", word, "--json")))["device"]["instance"] == DISK
    for word in "network", "000d3a":
        status, out, err = look("snp-openhcl", "device", word)
        assert status == 4 and out == "" and NETWORK in err and PLAIN_NETWORK in err, (word, status, err)
    for word in "keyboard", "ffffffff", "99", "", "f8", DISK + "0":
        for verb in "device", "explain":
            status, out, err = look("snp-openhcl", verb, word)
            assert status == 4 and out == "" and err.startswith("cvmctl: "), (verb, word, status, err)


def test_explain_tells_the_way_to_the_verdict():
    out = good(look("snp-openhcl", "explain", PLAIN_NETWORK))
    lines = [line.strip() for line in out.splitlines()]
    for expected in ("Kernel: admits this class in an isolated guest", "Ring: plain (source: kernel-probe)",
                     "Channels: 8: ring plain, dma plain (source: kernel-probe)", "Isolation: snp (source: cpuid)",
                     "Paravisor: yes", "Carries: network eth1", "Decided by: payload-private", "Action: block",
                     "Verdict: violating"):
        assert expected in lines, (expected, out)
    assert "strict.json:" in lines[lines.index("Decided by: payload-private") + 1] and "Done:" not in out, out
    out = good(look("snp-openhcl", "explain", "timesync"))
    assert re.search(r"Not by: payload-private at .*strict\.json:\d+:\d+:\n +class timesync is not one of network", out), out
    out = good(look("hyperv-plain", "explain", "keyboard"))
    assert "Kernel: does not admit this class in an isolated guest" in out and "Guest: isolation is none" in out, out


def test_explain_shows_the_labels_of_the_rule():
    with Folder() as folder:
        policy = folder.file("small.json", SMALL)
        out = good(look("snp-openhcl", "explain", DISK, policy=policy))
        assert "Labels: a, owner=b\n" in out, out
        assert json.loads(good(look("snp-openhcl", "explain", DISK, "--json", policy=policy)))["decision"]["labels"] == \
            ["a", "owner=b"]
        assert "Labels" not in good(look("snp-openhcl", "explain", "heartbeat", policy=policy))
        shown = good(cvmctl("policy", "show", policy))
        assert '"labels": [ "a", "owner=b" ]' in shown, shown


def test_plan_tells_what_enforcing_would_do():
    for mode in "audit", "enforce":
        plan = json.loads(good(look("snp-openhcl", "plan", "--json", "--mode", mode)))
        assert plan["mode"] == mode
        assert [(s["verb"], s["instance"]) for s in plan["steps"]] == [("block", PLAIN_NETWORK)], plan
        assert plan["protected"] == []
    out = good(look("snp-root-plain", "plan"))
    assert out.startswith("protected scsi") and "mount /" in out and "change 0 devices" in out, out


def test_mode_is_tried_out():
    status, out, _ = look("snp-openhcl", "--mode=audit", "--json")
    result = json.loads(out)
    assert (status, result["state"], result["mode"]) == (3, "unprotected", "audit"), result
    assert any("overridden" in w for w in result["warnings"]), result["warnings"]


def test_a_blocked_device_stays_blocked_in_a_recording():
    with open(fixture("snp-openhcl"), encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    lines = [line for line in lines if not (PLAIN_NETWORK in line and "/driver " in line)]
    lines = ["".join((line.split("driver_override", 1)[0], 'driver_override 0644 "cvmd-blocked\\n"\n'))
             if PLAIN_NETWORK + "/driver_override" in line else line for line in lines]
    with Folder() as folder:
        snapshot = folder.file("blocked", "".join(lines))
        status, out, err = cvmctl("--snapshot", snapshot, "--policy", STRICT, "--json")
        result = json.loads(out)
        assert (status, result["state"], result["devices"]["blocked"]) == (0, "compliant", 1), (result, err)
        plan = json.loads(good(cvmctl("--snapshot", snapshot, "--policy", STRICT, "plan", "--json")))
        assert plan["steps"] == [], plan


def test_a_snapshot_comes_from_anywhere():
    expected = look("snp-openhcl", "devices", "--json=short")
    with open(fixture("snp-openhcl"), "rb") as f:
        assert cvmctl("devices", "--json=short", "--snapshot", "-", "--policy", STRICT, stdin=f) == expected
    with Folder() as folder:
        fifo = folder.file("fifo")
        os.mkfifo(fifo)
        with open(fixture("snp-openhcl"), "rb") as f:
            content = f.read()

        def feed():
            with open(fifo, "wb") as f:
                f.write(content)
        writer = threading.Thread(target=feed)
        writer.start()
        assert cvmctl("devices", "--json=short", "--snapshot", fifo, "--policy", STRICT) == expected
        writer.join()


def test_a_bad_snapshot_is_refused():
    with Folder() as folder:
        bad = folder.file("bad", "cvmd-snapshot 1\nfile x\n")
        status, out, err = cvmctl("--snapshot", bad, "--policy", STRICT)
        assert status == 1 and out == "" and f"{bad}:2" in err, (status, err)
        status, out, err = cvmctl("--snapshot", folder.file("none"), "--policy", STRICT)
        assert status == 4 and "none" in err, (status, err)
        status, out, err = cvmctl("--snapshot", folder.name, "--policy", STRICT)
        assert status == 1 and "directory" in err.lower(), (status, err)
    with open("/dev/zero", "rb") as endless:
        status, out, err = cvmctl("--snapshot", "-", "--policy", STRICT, stdin=endless)
        assert status == 1 and "larger" in err, (status, err)


def test_snapshot_writes_what_it_read():
    with Folder() as folder:
        copy = folder.file("copy", "what was there before")
        good(cvmctl("snapshot", "--snapshot", fixture("snp-openhcl"), "-o", copy))
        assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600, "it names mounts and addresses"
        assert good(cvmctl("snapshot", "--snapshot", copy)) == good(cvmctl("snapshot", "--snapshot", fixture("snp-openhcl")))
        assert cvmctl("devices", "--snapshot", copy, "--policy", STRICT) == look("snp-openhcl", "devices")
        assert os.listdir(folder.name) == ["copy"], "nothing temporary is left"


def test_snapshot_redacts():
    before = good(cvmctl("snapshot", "--snapshot", fixture("snp-openhcl")))
    after = good(cvmctl("snapshot", "--redact", "--snapshot", fixture("snp-openhcl")))
    assert PLAIN_NETWORK in before and PLAIN_NETWORK not in after
    with Folder() as folder:
        redacted = folder.file("redacted", after)
        status, out, _ = cvmctl("--snapshot", redacted, "--policy", STRICT, "--json")
        assert (status, json.loads(out)["devices"]["violating"]) == (3, 1)


def test_snapshot_expands_to_files_that_look_the_same():
    with Folder() as folder:
        root = folder.file("root")
        good(cvmctl("snapshot", "--snapshot", fixture("snp-openhcl"), "--expand", root))
        devices = json.loads(good(cvmctl("--root", root, "--policy", STRICT, "devices", "--json")))
        expected = json.loads(good(look("snp-openhcl", "devices", "--json")))
        for key in "instance", "class", "relid", "driver", "bound":
            assert [d[key] for d in devices] == [d[key] for d in expected], key
        status, out, err = cvmctl("snapshot", "--snapshot", fixture("snp-openhcl"), "--expand", root)
        assert status == 1 and out == "" and err, "the folder is not empty any more"


def test_policies_below_a_root_are_found():
    with Folder() as folder:
        policies = folder.file("etc/cvmd/policy.d")
        os.makedirs(policies)
        shutil.copy(STRICT, os.path.join(policies, "50-site.json"))
        os.chmod(os.path.join(policies, "50-site.json"), 0o644)
        out = good(cvmctl("--root", folder.name, "policy", "digest"))
        assert out == good(cvmctl("policy", "digest", STRICT))
        status, out, _ = cvmctl("--root", folder.name, "--snapshot", fixture("snp-openhcl"), "--json")
        assert (status, json.loads(out)["state"]) == (3, "violating")
        os.chmod(os.path.join(policies, "50-site.json"), 0o666)
        status, out, err = cvmctl("--root", folder.name, "policy", "check")
        assert status == 3 and "/etc/cvmd/policy.d/50-site.json" in out, (status, out, err)


def test_without_a_policy_the_built_in_one_stands():
    with Folder() as folder:
        status, out, _ = cvmctl("--root", folder.name, "--snapshot", fixture("snp-openhcl"), "--json")
        assert status == 3 and any("built-in" in w for w in json.loads(out)["warnings"]), out
        status, out, err = cvmctl("--root", folder.name, "policy", "show")
        assert status == 1 and out == "" and "no policy" in err, (status, err)


def test_policy_check_points_at_every_mistake():
    text = '{\n\t"version": 1,\n  "rules": [\n    { "id": "a", "mach": {}, "action": "allow" },\n' \
           '    { "id": "a", "match": { "class": "netwrok" }, "action": "allow" }\n  ]\n}\n'
    with Folder() as folder:
        policy = folder.file("p.json", text)
        status, out, err = cvmctl("policy", "check", policy)
        assert status == 3 and err == "", (status, err)
        lines = out.splitlines()
        problems = json.loads(cvmctl("policy", "check", policy, "--json")[1])
        assert problems["errors"] == len(problems["problems"]) >= 3, problems
        for problem in problems["problems"]:
            at = next(i for i, line in enumerate(lines) if problem["message"] in line)
            assert lines[at].startswith(f"{policy}:{problem['line']}:{problem['column']}: error: "), lines[at]
            shown, mark = lines[at + 1], lines[at + 2]
            marked = shown[mark.index("^"):len(mark)]
            assert marked in text and shown.index("|") == mark.index("|"), (shown, mark)
            assert mark.index("^") == mark.index("|") + 1 + problem["column"], (shown, mark)
        assert '"mach"' in out and 'match' in out and "network" in out
        status, _, err = cvmctl("policy", "digest", policy)
        assert status == 1 and f"{policy}:" in err and "policy check" in err, (status, err)


def test_policy_check_counts_what_it_does_not_show():
    rule = '{ "id": "r%d", "match": { "class": "netwrok" }, "action": "allow" }'
    with Folder() as folder:
        policy = folder.file("p.json", '{ "version": 1, "rules": [\n' + ",\n".join(rule % i for i in range(3000)) + "\n] }")
        status, out, _ = cvmctl("policy", "check", policy)
        lines = out.splitlines()
        shown = sum(": error: " in line for line in lines)
        assert status == 3 and 0 < shown < 3000 and lines[-1] == f"... and {3000 - shown} more errors", lines[-1]


def test_policy_check_is_content_with_what_is_shipped():
    for policy in STRICT, DEFAULT:
        assert "nothing is wrong" in good(cvmctl("policy", "check", policy))
    assert json.loads(good(cvmctl("policy", "check", STRICT, "--json"))) == {"version": 1, "errors": 0, "warnings": 0,
                                                                            "problems": []}


def test_policy_show_can_be_loaded_again():
    with Folder() as folder:
        for policy in STRICT, DEFAULT, folder.file("small.json", SMALL):
            shown = good(cvmctl("policy", "show", policy))
            again = folder.file("again.json", shown)
            assert good(cvmctl("policy", "digest", again)) == good(cvmctl("policy", "digest", policy)), shown
            in_json = json.loads(good(cvmctl("policy", "show", policy, "--json")))
            assert in_json["digest"] + "\n" == good(cvmctl("policy", "digest", policy))
            assert json.loads(good(cvmctl("policy", "show", again, "--json")))["policy"] == in_json["policy"]
            for rule in in_json["policy"]["rules"]:
                origin = in_json["origins"]["rules"][rule["id"]]
                assert origin.startswith(policy + ":") and origin in shown, origin


def test_the_first_file_wins():
    with Folder() as folder:
        first = folder.file("first.json", {"version": 1, "mode": "audit"})
        second = folder.file("second.json", {**SMALL, "mode": "enforce"})
        shown = json.loads(good(cvmctl("policy", "show", "--policy", first, second, "--json")))
        assert shown["policy"]["mode"] == "audit" and shown["origins"]["mode"].startswith(first)
        assert shown["origins"]["default"].startswith(second) and shown["files"] == [first, second]


def test_without_a_daemon_it_says_how_to_look():
    for verb in ("status",), ("devices",), ("block", "scsi"), ("reload",), ("monitor",), ("plan",), ("snapshot",):
        status, out, err = cvmctl(*verb, NO_BUS)
        assert status == 6 and out == "" and err.startswith("cvmctl: ") and "--snapshot" in err, (verb, status, err)


def test_json_is_valid_on_failure():
    for arguments, exits in ((("status", NO_BUS), 6), (("device", "x", "--snapshot", fixture("snp-openhcl")), 4),
                             (("frobnicate",), 2), (("--frobnicate",), 2), (("--snapshot", "/nonexistent"), 4)):
        status, out, err = cvmctl("--json", *arguments)
        error = json.loads(out)["error"]
        assert status == error["exit"] == exits and error["message"] in err, (arguments, status, out, err)


def test_usage_is_explained():
    for arguments, says in ((("statsu",), "did you mean 'status'?"), (("--jsn",), "did you mean --json?"),
                            (("device",), "needs DEV"), (("status", "--redact"), "does not take --redact")):
        status, out, err = cvmctl(*arguments)
        assert (status, out) == (2, "") and says in err, (arguments, status, err)


def test_help_and_version_are_data():
    out = good(cvmctl("--help"))
    assert max(map(len, out.splitlines())) <= 80
    assert good(cvmctl("policy", "show", "-h")) == out
    assert good(cvmctl("--version")).startswith("cvmctl ")


def test_a_write_error_is_a_failure():
    with open("/dev/full", "wb") as full:
        status, _, err = cvmctl("--help", stdout=full)
        assert status == 1 and "No space left" in err, (status, err)
    reader, writer = os.pipe()
    os.close(reader)
    status, _, err = cvmctl("--help", stdout=writer)
    os.close(writer)
    assert status == 1 and "Broken pipe" in err, (status, err)
    closed = subprocess.run(["sh", "-c", '"$0" --help >&-', Programs.cvmctl], stderr=subprocess.PIPE, check=False)
    assert closed.returncode == 1 and closed.stderr, closed
    with Folder() as folder:
        status, _, err = cvmctl("--help", "-o", folder.file("no/such/folder"))
        assert status == 1 and "no/such/folder" in err, (status, err)


def test_a_failed_run_leaves_the_file_as_it_was():
    with Folder() as folder:
        kept = folder.file("kept", "before")
        assert look("snp-openhcl", "device", "nothing", "-o", kept)[0] == 4
        assert look("snp-openhcl", "--json", "device", "nothing", "-o", kept)[0] == 4
        with open(kept, encoding="utf-8") as f:
            assert f.read() == "before"
        assert os.listdir(folder.name) == ["kept"]


def test_output_goes_through_what_is_not_a_file():
    with Folder() as folder:
        fifo = folder.file("fifo")
        os.mkfifo(fifo)
        with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE) as cat:
            good(cvmctl("--version", "-o", fifo))
            assert cat.stdout.read().startswith(b"cvmctl ")
        assert stat.S_ISFIFO(os.stat(fifo).st_mode), "not replaced by a file"


def test_foreign_text_cannot_write_on_the_terminal():
    with open(fixture("snp-openhcl"), encoding="utf-8") as f:
        text = f.read()
    assert "drivers/hv_netvsc" in text
    with Folder() as folder:
        evil = folder.file("evil", text.replace("drivers/hv_netvsc", r"drivers/\x1b[2J\xff\xe2\x80\xaenet"))
        for verb in ("devices",), ("device", NETWORK), ("explain", NETWORK), ("plan",), ("devices", "--json=pretty"):
            _, out, err = cvmctl("--snapshot", evil, "--policy", STRICT, *verb, text=False)
            assert b"net" in out and all(0x20 <= c < 0x7f or c == 0x0a for c in out), (verb, out, err)
        devices = json.loads(cvmctl("--snapshot", evil, "--policy", STRICT, "devices", "--json")[1])
        assert any((d["driver"] or "").startswith("\x1b[2J\ufffd\u202e") for d in devices), devices


def test_another_host_is_asked_by_ssh():
    with Folder() as folder:
        ssh = folder.file("ssh", '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n')
        os.chmod(ssh, 0o755)
        path = {**os.environ, "PATH": folder.name + ":" + os.environ["PATH"]}
        status, out, err = cvmctl("-H", "user@host", "explain", "it's $HOME", "--json=short", env=path)
        assert status == 3 and out.splitlines() == [
            "--", "user@host", "cvmctl --json=short -- 'explain' 'it'\\''s $HOME'"], (out, err)
        assert cvmctl("-H", "-oProxyCommand=x", "status", env=path)[0] == 2


def test_an_empty_log_is_intact():
    with Folder() as folder:
        log = folder.file("log", "")
        assert "intact: 0 entries" in good(cvmctl("log", "verify", log))
        assert cvmctl("log", "verify", folder.file("none"))[0] == 4
        broken = folder.file("broken", '{"sequence":7}\n')
        status, out, _ = cvmctl("log", "verify", broken)
        assert status == 3 and out.startswith("broken: ") and f"{broken}:1" in out, out
        status, out, _ = cvmctl("log", "verify", broken, "--json")
        assert (status, json.loads(out)["intact"]) == (3, False)


if __name__ == "__main__":
    main(globals())
