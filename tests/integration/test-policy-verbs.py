#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs of cvmctl that try policies on recorded guests or put them in order: test, diff, generate, fmt."""

import json
import os
import re
import stat
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from harness import DEFAULT, DISK, FIXTURES, NETWORK, PATIENCE, PLAIN_NETWORK, SOURCE, STRICT, Guest, Programs, wait_for
from tap import main

RECORDINGS = sorted(name[:-len(".snapshot")] for name in os.listdir(FIXTURES) if name.endswith(".snapshot"))


def fixture(name):
    return os.path.join(FIXTURES, name + ".snapshot")


def cvmctl(*arguments, **how):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([os.path.abspath(Programs.cvmctl), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, check=False, encoding="utf-8", **{"stdin": subprocess.DEVNULL, **how})
    return done.returncode, done.stdout, done.stderr


def good(result):
    status, out, err = result
    assert status == 0, (status, out, err)
    return out


def devices_of(name, policy, *more):
    return json.loads(good(cvmctl("--snapshot", fixture(name), "--policy", policy, "devices", "--json", *more)))


def cvmctl_json(*arguments):
    return json.loads(good(cvmctl(*arguments, "--json")))


class Folder(tempfile.TemporaryDirectory):
    """A folder of its own; file() is a path in it, with content if given."""

    def __enter__(self):
        super().__enter__()
        return self

    def file(self, name, content=None):
        path = os.path.join(self.name, name)
        if isinstance(content, dict):
            content = json.dumps(content, indent=1)
        if content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(content)
        return path

    def read(self, name):
        with open(os.path.join(self.name, name), encoding="utf-8") as f:
            return f.read()


def case(name="snp-openhcl", policy=STRICT, state=None, devices=None, **more):
    expect = {key: value for key, value in (("state", state), ("devices", devices)) if value is not None}
    return {"version": 1, "snapshot": fixture(name), "policy": policy, "expect": expect, **more}


GOOD = case(state="violating", devices={PLAIN_NETWORK[:8]: {"verdict": "violating", "action": "block"}, "*": "allowed"})
BAD = case(state="compliant", devices={"network": "allowed", DISK: {"rule": "payload-private"}})


def test_a_case_that_is_met_is_ok():
    with Folder() as folder:
        path = folder.file("x.case.json", GOOD)
        assert good(cvmctl("policy", "test", path)) == f"ok      {path}\n\n1 case: 1 as expected, 0 not\n"
        assert good(cvmctl("policy", "test", "--no-legend", path)) == f"ok      {path}\n"
        assert good(cvmctl("policy", "test", "-q", path)) == ""


def test_what_differs_is_told_with_place_rule_and_reason():
    with Folder() as folder:
        path = folder.file("x.case.json", BAD)
        status, out, err = cvmctl("policy", "test", path)
        assert (status, err) == (3, ""), (status, out, err)
        lines = out.splitlines()
        with open(path, encoding="utf-8") as f:
            source = f.read().splitlines()
        assert lines[0] == f"differs {path}"
        for line, word, says in (lines[1], '"compliant"', "state is violating, compliant was expected"), (
                lines[2], '"network"', f"network {PLAIN_NETWORK}: verdict is violating, allowed was expected"):
            place, _, said = line.strip().partition(": ")
            name, row, column = place.rsplit(":", 2)
            assert name == path and said == says, line
            assert source[int(row) - 1][int(column) - 1:].startswith(word), (line, source)
        assert re.match(r" +payload-private at .*strict\.json:\d+:\d+: ring of channel 8 is plain", lines[3]), lines
        assert lines[4:] == ["", "1 case: 0 as expected, 1 not"], lines


def test_a_broken_case_tells_all_its_problems_and_stops_no_other():
    with Folder() as folder:
        broken = folder.file("b.case.json", '{ "version": 1, "snapsot": "x",\n  "policy": [],\n  "expect": {} }\n')
        lost = folder.file("c.case.json", case(name="none", policy=folder.file("none.json"), state="failed"))
        lame = folder.file("d.case.json", case(policy=folder.file("p.json", '{"version":1,\n"mod":1}'), state="failed"))
        folder.file("e.case.json", GOOD)
        folder.file("f.case.json", BAD)
        status, out, _ = cvmctl("policy", "test", folder.name)
        assert status == 1, (status, out)
        assert out.endswith("\n5 cases: 1 as expected, 1 not, 3 that cannot be read\n"), out
        for says in (f"{broken}:1:1: error: this case has no \"snapshot\"", f"{broken}:1:17: error: unknown key \"snapsot\"",
                     f"{broken}:2:13: error: an empty list", f"{broken}:3:13: error: this case expects nothing",
                     "none.json: error: cannot be read: No such file", f"{lost}:3:14: error: cannot open ",
                     f"broken  {lame}\n{folder.name}/p.json:2:1: error: unknown key \"mod\""):
            assert says in out, (says, out)


def test_a_case_that_expects_nothing_is_broken():
    with Folder() as folder:
        for expect in {}, {"devices": {}}:
            path = folder.file("x.case.json", {**GOOD, "expect": expect})
            status, out, _ = cvmctl("policy", "test", path)
            assert status == 1 and "expects nothing" in out, (status, out)
        path = folder.file("x.case.json", case(devices={"netwrok": "allowed"}))
        status, out, _ = cvmctl("policy", "test", path)
        assert status == 1 and 'did you mean "network"?' in out, (status, out)


def test_cases_are_found_below_folders():
    with Folder() as folder:
        for name in "a/case.json", "b/x.case.json", "b/c/case.json", "z.case.json":
            folder.file(name, GOOD)
        for name in "a/policy.json", "b/nocase.json", ".hidden/case.json", "b/.case.json":
            folder.file(name, "{ no case")
        os.symlink("..", folder.file("b/up"))
        out = good(cvmctl("policy", "test", "--no-legend", folder.name + "/"))
        assert [line.split(None, 1)[1] for line in out.splitlines()] == [
            folder.file(name) for name in ("a/case.json", "b/c/case.json", "b/x.case.json", "z.case.json")], out
        odd = folder.file("odd name", GOOD)
        assert odd in good(cvmctl("policy", "test", odd)), "a file that is named is a case whatever it is called"
        status, out, _ = cvmctl("policy", "test", folder.file("a/empty/x", "").rpartition("/")[0])
        assert status == 1 and "no case below" in out, (status, out)
        assert cvmctl("policy", "test", folder.file("none"))[0] == 1
        assert cvmctl("policy", "test")[0] == 2


def test_paths_are_relative_to_the_case():
    with Folder() as folder:
        with open(fixture("snp-openhcl"), encoding="utf-8") as f:
            folder.file("guests/x", f.read())
        with open(STRICT, encoding="utf-8") as f:
            folder.file("policy.d/50-strict.json", f.read())
        content = {**GOOD, "snapshot": "../guests/x", "policy": ["../policy.d"]}
        good(cvmctl("policy", "test", folder.file("cases/x.case.json", content)))
        good(cvmctl("policy", "test", "cases/x.case.json", cwd=folder.name))
        good(cvmctl("policy", "test", "x.case.json", cwd=folder.file("cases")))
        good(cvmctl("policy", "test", ".", cwd=folder.file("cases")))


def test_the_mode_can_be_another():
    with Folder() as folder:
        for mode, state in ("audit", "unprotected"), ("enforce", "violating"), ("off", "unprotected"):
            good(cvmctl("policy", "test", folder.file("x.case.json", case(state=state, mode=mode))))


def test_a_report_as_json():
    with Folder() as folder:
        paths = [folder.file(name, content) for name, content in (
            ("a.case.json", {**GOOD, "description": "good"}), ("b.case.json", BAD), ("c.case.json", {"version": 1}))]
        status, out, _ = cvmctl("policy", "test", folder.name, "--json")
        report = json.loads(out)
        assert status == 1 and list(report) == ["version", "cases", "as-expected", "differs", "broken"], report
        assert [report[key] for key in ("version", "as-expected", "differs", "broken")] == [1, 1, 1, 1]
        assert [c["case"] for c in report["cases"]] == paths
        assert [c["outcome"] for c in report["cases"]] == ["as-expected", "differs", "broken"]
        assert [c["description"] for c in report["cases"]] == ["good", None, None]
        assert [c["devices"] for c in report["cases"]] == [6, 3, 0]
        assert [len(c["findings"]) for c in report["cases"]] == [0, 2, 0]
        assert [len(c["problems"]) for c in report["cases"]] == [0, 0, 3]
        finding = report["cases"][1]["findings"][1]
        assert {key: finding[key] for key in ("file", "device", "class", "what", "expected", "found")} == {
            "file": paths[1], "device": PLAIN_NETWORK, "class": "network", "what": "verdict", "expected": "allowed",
            "found": "violating"}, finding
        assert "payload-private at " in finding["because"]


def test_a_report_in_tap():
    with Folder() as folder:
        a, b = folder.file("a.case.json", GOOD), folder.file("b #1.case.json", BAD)
        status, out, _ = cvmctl("policy", "test", "--tap", folder.name)
        lines = out.splitlines()
        assert status == 3 and lines[0] == "1..2" and lines[1] == f"ok 1 - {a}", lines
        assert lines[2] == "not ok 2 - " + b.replace("#", "_"), "a # would start a directive"
        assert all(line.startswith("# ") for line in lines[3:]) and len(lines) == 6, lines
        status, out, err = cvmctl("policy", "test", "--tap", "--json", folder.name)
        assert status == 2 and "give one of them" in err, err


def test_a_report_in_the_xml_of_junit():
    with Folder() as folder:
        evil = {**BAD, "snapshot": "a\u2028<&\">\x01\u00fc"}
        names = [folder.file(*f) for f in (("a.case.json", GOOD), ("b<&>\n\u00fc.case.json", BAD), ("c.case.json", evil))]
        xml = folder.file("report.xml")
        status, out, _ = cvmctl("policy", "test", folder.name, "--junit", xml)
        assert status == 1 and out.startswith("ok "), "the report itself comes as ever"
        with open(xml, "rb") as f:
            content = f.read()
        assert max(content) < 0x7f
        suites = ElementTree.fromstring(content)
        assert suites.attrib == {"tests": "3", "failures": "1", "errors": "1"}, suites.attrib
        cases = suites.findall("./testsuite/testcase")
        assert [c.get("name") for c in cases] == names
        assert [[child.tag for child in c] for c in cases] == [[], ["failure"], ["error"]]
        assert f"network {PLAIN_NETWORK}: verdict is violating, allowed was expected\n" in cases[1][0].text
        assert "cannot open" in cases[2][0].text
        status, _, err = cvmctl("policy", "test", folder.name, "--junit", folder.file("no/such/folder"))
        assert status == 1 and "no/such/folder" in err, err


def diff(old, new, *names, exits=None):
    """What policy diff says of these recordings, as JSON."""
    snapshots = [word for name in names for word in ("--snapshot", fixture(name))]
    status, out, err = cvmctl("policy", "diff", old, new, *snapshots, "--json")
    found = json.loads(out)
    assert status == (3 if found["changes"] else 0) and exits in (None, status), (status, out, err)
    return found


def test_a_policy_differs_from_itself_in_nothing():
    for policy in STRICT, DEFAULT:
        with Folder() as folder:
            again = folder.file("again.json", good(cvmctl("policy", "show", policy)))
            for other in policy, again:
                found = diff(policy, other, *RECORDINGS, exits=0)
                assert found["settings"] == [] and found["changes"] == 0 and found["old"]["digest"] == found["new"]["digest"]
                assert [g["guest"] for g in found["guests"]] == [fixture(name) for name in RECORDINGS]
                assert all(g["state"] is None and g["devices"] == [] for g in found["guests"]), found


def test_what_differs_is_what_each_policy_says_by_itself():
    found = diff(DEFAULT, STRICT, *RECORDINGS, exits=3)
    assert [s["setting"] for s in found["settings"]] == ["mode", "gate", "expect", "default"], found["settings"]
    for guest, name in zip(found["guests"], RECORDINGS):
        old, new = ({d["instance"]: d for d in devices_of(name, policy)} for policy in (DEFAULT, STRICT))
        assert guest["total"] == len(old)
        changed = {d["instance"]: d for d in guest["devices"]}
        for instance in old:
            if old[instance]["verdict"] != new[instance]["verdict"]:
                assert instance in changed, (name, instance)
        for instance, device in changed.items():
            for side, said in (device["old"], old[instance]), (device["new"], new[instance]):
                assert [side[key] for key in ("verdict", "rule", "reason")] == [
                    said[key] for key in ("verdict", "rule", "reason")], (name, side, said)
        states = [json.loads(cvmctl("--snapshot", fixture(name), "--policy", policy, "--json")[1])["state"]
                  for policy in (DEFAULT, STRICT)]
        assert (guest["state"] or {"old": states[0], "new": states[0]}) == dict(zip(("old", "new"), states)), name


def test_a_difference_is_told_with_both_rules():
    status, out, err = cvmctl("policy", "diff", DEFAULT, STRICT, "--snapshot", fixture("snp-openhcl"), "--snapshot",
                              fixture("tdx-openhcl"))
    assert (status, err) == (3, ""), (status, out, err)
    lines = out.splitlines()
    assert re.match(r'mode: "audit" \(.*90-default\.json:\d+:\d+\) -> "enforce" \(.*strict\.json:\d+:\d+\)$', lines[0]), out
    at = lines.index(f"{fixture('snp-openhcl')}: state unprotected -> violating")
    assert lines[at + 1] == f"  network {PLAIN_NETWORK}", out
    assert re.match(r"    old  violating, audit by default-payload at .*90-default\.json:\d+:\d+$", lines[at + 2]), out
    assert re.match(r"    new  violating, block by payload-private at .*strict\.json:\d+:\d+$", lines[at + 4]), out
    assert "tdx-openhcl" not in out and lines[-1] == "Changes: 4 settings, 1 state, 1 device (2 guests).", out


def test_policies_may_differ_and_nothing_change():
    with open(STRICT, encoding="utf-8") as f:
        text = f.read()
    assert '"kvp", "vss"' in text
    with Folder() as folder:
        other = folder.file("other.json", text.replace('"kvp", "vss"', '"vss"').replace("payload-private", "payload"))
        out = good(cvmctl("policy", "diff", STRICT, other, "--snapshot", fixture("snp-openhcl")))
        assert out == "Nothing changes here, though the policies differ (1 guest).\n", out
        assert diff(STRICT, other, "snp-openhcl", exits=0)["changes"] == 0


def test_a_comparison_that_cannot_be_made_says_why():
    snapshot = "--snapshot", fixture("snp-openhcl")
    with Folder() as folder:
        bad = folder.file("bad.json", '{"version":1,"mod":1}')
        for old, new in (bad, STRICT), (STRICT, bad):
            status, out, err = cvmctl("policy", "diff", old, new, *snapshot)
            assert status == 1 and out == "" and f"{bad}:1:14" in err and "policy check" in err, err
        status, _, err = cvmctl("policy", "diff", STRICT, STRICT, *snapshot, "--snapshot", bad)
        assert status == 1 and bad in err, err
        status, _, err = cvmctl("policy", "diff", STRICT, folder.file("none.json"), *snapshot)
        assert status == 1 and "none.json" in err, err
    assert cvmctl("policy", "diff", STRICT, STRICT, "--bus=unix:path=/nonexistent/bus")[0] == 6


def test_without_an_old_policy_it_is_that_in_force():
    with open(DEFAULT, encoding="utf-8") as f:
        shipped = f.read()
    with Folder() as folder:
        installed = folder.file("etc/cvmd/policy.d/90-default.json", shipped)
        os.chmod(installed, 0o644)
        with open(STRICT, encoding="utf-8") as f:
            new = folder.file("new.json", f.read())
        look = "--root", folder.name, "--snapshot", fixture("snp-openhcl"), "--json"
        status, out, err = cvmctl("policy", "diff", new, *look)
        found = json.loads(out)
        assert status == 3 and found["old"]["files"] == ["/etc/cvmd/policy.d/90-default.json"], (status, out, err)
        assert found["changes"] == diff(DEFAULT, STRICT, "snp-openhcl")["changes"]
        assert cvmctl("policy", "diff", installed, *look)[0] == 0
        os.remove(installed)
        status, out, err = cvmctl("policy", "diff", new, *look[:-1])
        assert status == 1 and out == "" and "no policy" in err, (status, err)


def test_a_comparison_on_the_running_guest():
    with Guest("snp-openhcl", DEFAULT) as guest:
        guest.cvmd.start()
        status, out, err = guest.cvmctl("policy", "diff", DEFAULT, STRICT, "--json")
        found = json.loads(out)
        assert status == 3 and [d["instance"] for d in found["guests"][0]["devices"]] == [PLAIN_NETWORK], (out, err)
        assert found["guests"][0]["guest"] is None
        assert "this guest: state unprotected -> violating\n" in guest.cvmctl("policy", "diff", DEFAULT, STRICT)[1]
        assert guest.cvmctl("policy", "diff", STRICT, STRICT)[0] == 0


def complies(device):
    """What generate promises to allow, in the words of the manual."""
    return device["class"] in ("timesync", "heartbeat", "shutdown") or (
        device["ring"] == "confidential" and device["class"] != "pci")


def test_what_is_generated_is_clean_and_allows_exactly_what_complies():
    seen = set()
    for name in RECORDINGS:
        with Folder() as folder:
            policy = folder.file("generated.json")
            assert good(cvmctl("policy", "generate", "--snapshot", fixture(name), "-o", policy)) == ""
            assert cvmctl_json("policy", "check", policy) == {"version": 1, "errors": 0, "warnings": 0, "problems": []}
            devices = devices_of(name, policy)
            for device in devices:
                assert (device["verdict"] == "allowed") == complies(device), (name, device)
                seen.add(complies(device))
            status = json.loads(cvmctl("--snapshot", fixture(name), "--policy", policy, "--json")[1])
            assert status["state"] == ("compliant" if all(map(complies, devices)) else "violating"), (name, status)
            assert status["mode"] == "enforce"
            assert good(cvmctl("policy", "generate", "--snapshot", fixture(name))) == folder.read("generated.json")
    assert seen == {True, False}


def test_what_is_generated_says_why_and_what_is_left_out():
    out = good(cvmctl("policy", "generate", "--snapshot", fixture("snp-root-plain")))
    lines = [line.strip() for line in out.splitlines()]
    assert f"// - network {NETWORK}: ring confidential (kernel-probe)" in lines, out
    left = lines[lines.index("// Left out, because it does not comply:") + 1:-2]
    assert left == [f"// - scsi {DISK}: ring plain (kernel-probe); it stays, because a mount depends on it, and is a violation"]
    out = good(cvmctl("policy", "generate", "--snapshot", fixture("snp-compliant")))
    assert "Left out" not in out and "Nothing had to be left out" in out, out


def test_a_policy_of_the_running_guest():
    with Guest("snp-openhcl") as guest:
        guest.cvmd.start()
        status, out, err = guest.cvmctl("policy", "generate")
        assert status == 0 and f"// - network {NETWORK}: ring confidential" in out, (status, out, err)
        guest.write_policy_text(out)
        assert guest.cvmctl("reload")[0] == 0
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        wait_for("all else allowed", lambda: guest.property("State") == "compliant")
    assert cvmctl("policy", "generate", "--bus=unix:path=/nonexistent/bus")[0] == 6


UGLY = '// kept\n{"version":1,"mode":"enforce", /* too */ "expect":{},\n\n\n"rules":[{"id":"a","match":{"class":' \
       '["kvp","vss"]},"action":"block"}]\n}'
NEAT = """// kept
{
  "version": 1,
  "mode": "enforce",
  /* too */
  "expect": {},

  "rules": [
    { "id": "a", "match": { "class": ["kvp", "vss"] }, "action": "block" }
  ]
}
"""


def test_fmt_replaces_a_file_and_nothing_that_is_enforced():
    with Folder() as folder:
        ugly, neat = folder.file("ugly.json", UGLY), folder.file("neat.json", NEAT)
        os.chmod(ugly, 0o640)
        inode, digest = os.stat(neat).st_ino, cvmctl("policy", "digest", ugly)
        assert good(cvmctl("policy", "fmt", ugly, neat)) == f"{ugly}\n"
        assert folder.read("ugly.json") == folder.read("neat.json") == NEAT
        assert cvmctl("policy", "digest", ugly) == digest and digest[0] == 0
        assert stat.S_IMODE(os.stat(ugly).st_mode) == 0o640
        assert os.stat(neat).st_ino == inode, "what is neat is not written again"
        assert good(cvmctl("policy", "fmt", ugly, neat)) == ""
        assert sorted(os.listdir(folder.name)) == ["neat.json", "ugly.json"], "nothing temporary is left"


def test_fmt_check_tells_and_changes_nothing():
    with Folder() as folder:
        ugly, neat = folder.file("ugly.json", UGLY), folder.file("neat.json", NEAT)
        assert cvmctl("policy", "fmt", "--check", neat, ugly) == (3, f"{ugly}\n", "")
        assert cvmctl("policy", "fmt", "--check", neat) == (0, "", "")
        assert cvmctl("policy", "fmt", "--check", "-q", ugly) == (3, "", "")
        assert folder.read("ugly.json") == UGLY


def test_fmt_leaves_all_files_alone_when_one_is_broken():
    with Folder() as folder:
        ugly = folder.file("ugly.json", UGLY)
        broken = folder.file("broken.json", '{"version":1,\n "mode":"audit",\n "mode":"audit",\n "version":1 }')
        cut = folder.file("cut.json", UGLY[:-1])
        status, out, err = cvmctl("policy", "fmt", ugly, broken, cut)
        assert (status, err) == (1, ""), (status, out, err)
        for place in f"{broken}:3:2: error: ", f"{broken}:4:2: error: ", f"{cut}:6:1: error: ", '\n     3 |  "mode"':
            assert place in out, (place, out)
        assert folder.read("ugly.json") == UGLY and folder.read("cut.json") == UGLY[:-1]
        for lost in folder.file("none.json"), folder.name:
            status, out, err = cvmctl("policy", "fmt", ugly, lost)
            assert status in (1, 4) and out == "" and lost in err and folder.read("ugly.json") == UGLY, (status, err)


def test_fmt_follows_a_link_to_what_it_names():
    with Folder() as folder:
        folder.file("real/ugly.json", UGLY)
        os.symlink("real/ugly.json", folder.file("link.json"))
        good(cvmctl("policy", "fmt", folder.file("link.json")))
        assert os.path.islink(folder.file("link.json")) and folder.read("real/ugly.json") == NEAT


def test_fmt_is_a_filter_without_files():
    with Folder() as folder:
        for content, arguments, expected in ((UGLY, (), (0, NEAT, "")), (NEAT, ("--check",), (0, "", "")),
                                             (UGLY, ("--check",), (3, "", ""))):
            with open(folder.file("in", content), encoding="utf-8") as f:
                assert cvmctl("policy", "fmt", *arguments, stdin=f) == expected
        with open(folder.file("in", UGLY[:-1]), encoding="utf-8") as f:
            status, out, err = cvmctl("policy", "fmt", stdin=f)
        assert status == 1 and out == "" and "stdin:6:1: " in err, (status, out, err)


def test_what_is_generated_is_in_the_one_layout():
    for name in RECORDINGS:
        with Folder() as folder:
            policy = folder.file("generated.json", good(cvmctl("policy", "generate", "--snapshot", fixture(name))))
            assert cvmctl("policy", "fmt", "--check", policy) == (0, "", ""), name


def test_what_is_shipped_is_in_the_one_layout():
    shipped = [os.path.join(folder, name) for top in ("policy", "tests/cases") for folder, _, names in
               os.walk(os.path.join(SOURCE, top)) for name in names
               if name.endswith(".json") and not name.endswith(".schema.json")]
    assert len(shipped) >= 30, shipped
    assert cvmctl("policy", "fmt", "--check", *shipped) == (0, "", "")


SHIPPED = [DEFAULT] + sorted(os.path.join(SOURCE, "policy", "examples", name)
                             for name in os.listdir(os.path.join(SOURCE, "policy", "examples")))


def in_mode(policy, mode):
    return cvmctl_json("policy", "show", policy)["policy"] | {"mode": mode}


def check_on_daemon(name, policy, expected, state):
    """The daemon on the same recording, laid out as files."""
    with Guest(name, policy) as guest:
        guest.cvmd.start()
        wait_for(f"{name} {policy}: {expected}", lambda: guest.verdicts() == expected)
        wait_for(f"{name} {policy}: {state}", lambda: guest.property("State") == state)


def test_test_snapshot_and_daemon_say_the_same_of_every_recording():
    assert len(RECORDINGS) >= 8 and len(SHIPPED) >= 4, (RECORDINGS, SHIPPED)
    for name in RECORDINGS:
        for shipped in SHIPPED:
            with Folder() as folder:
                policy = folder.file("policy.json", in_mode(shipped, "audit"))
                shown = {d["instance"]: d["verdict"] for d in devices_of(name, policy)}
                state = json.loads(cvmctl("--snapshot", fixture(name), "--policy", policy, "--json")[1])["state"]
                path = folder.file("x.case.json", case(name, policy, state=state, devices=shown or None))
                report = cvmctl_json("policy", "test", path)
                assert report["cases"][0]["devices"] == len(shown), (name, shipped, report)
                check_on_daemon(name, policy, shown, state)


def test_what_would_be_blocked_is_what_the_daemon_blocks():
    for name in RECORDINGS:
        with Folder() as folder:
            policy = folder.file("policy.json", in_mode(STRICT, "enforce"))
            expected, devices = {}, {}
            for device in devices_of(name, policy):
                found = cvmctl_json("--snapshot", fixture(name), "--policy", policy, "explain", device["instance"])
                would = found["decision"]["action"] == "block" and found["verdict"] == "violating"
                expected[device["instance"]] = "blocked" if would else found["verdict"]
                devices[device["instance"]] = {"verdict": found["verdict"], "action": found["decision"]["action"]}
            good(cvmctl("policy", "test", folder.file("x.case.json", case(
                name, policy, state=None if devices else "failed", devices=devices or None))))
            state = "failed" if name in ("hyperv-plain", "not-hyperv") else "compliant" if set(
                expected.values()) <= {"allowed", "blocked"} else "violating"
            check_on_daemon(name, policy, expected, state)


def test_what_is_no_case_is_told():
    with Folder() as folder:
        os.mkfifo(folder.file("fifo.case.json"))
        folder.file("large.case.json", "{" + " " * (1 << 20) + "}")
        folder.file("text.case.json", "\ufeff{}")
        os.symlink("nowhere", folder.file("lost.case.json"))
        status, out, _ = cvmctl("policy", "test", folder.name, "--json")
        said = {os.path.basename(c["case"]): c["problems"][0]["message"] for c in json.loads(out)["cases"]}
        assert status == 1 and len(said) == 4, out
        for name, says in (("fifo.case.json", "not a regular file"), ("large.case.json", "too large"),
                           ("text.case.json", "byte order mark"), ("lost.case.json", "No such file")):
            assert says in said[name], (name, said)


if __name__ == "__main__":
    main(globals())
