#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manuals: clean, and neither less nor more than the programs. Steps in them run as they are written."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile

from evidence import Helpers
from harness import FIXTURES, PATIENCE, SOURCE, Guest, Programs, need
from introspection import promised_by
from manual import (MANUALS, heads, is_foreign, items, keys_of, page, pages, run_steps, section, steps, subsections)
from tap import main

OTHERS = {"busctl(1)", "jq(1)", "less(1)", "polkit(8)", "sd_bus_message_set_allow_interactive_authorization(3)", "ssh(1)", "systemd(1)", "sd_bus_open_system(3)", "setlocale(3)", "tzset(3)", "tss2-tctildr(7)"}

EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def differ(manual, program):
    """Nothing, where both have the same; else what only one of them has."""
    return {"not in the manual": sorted(set(program) - set(manual)), "only there": sorted(set(manual) - set(program))}


def assert_same(what, manual, program):
    assert program, what
    assert set(manual) == set(program), f"{what}: {differ(manual, program)}"


def helped(program, how="--help"):
    """What a program prints as its help."""
    done = subprocess.run([program, how], stdout=subprocess.PIPE, timeout=PATIENCE, check=True, encoding="utf-8")
    return done.stdout


# -- as manuals --

def test_they_are_clean():
    need("mandoc")
    need("man")
    for name in pages():
        path = os.path.join(MANUALS, name)
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], stdout=subprocess.PIPE, check=False, encoding="utf-8")
        assert lint.returncode == 0 and not lint.stdout, lint.stdout
        warned = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l", path], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, check=False)
        assert warned.returncode == 0 and not warned.stderr, (name, warned.stderr.decode())


def test_every_page_is_installed_and_every_reference_leads_somewhere():
    assert_same("man/meson.build", pages(), re.findall(r"'([^']+\.[1-9])'", read("man", "meson.build")))
    names = {re.sub(r"\.([1-9])$", r"(\1)", name) for name in pages()}
    cited = {}
    for name in pages():
        for number, letters in enumerate(re.findall(r"^\.Xr (\S+ [1-9])", page(name), re.MULTILINE)):
            cited.setdefault("{}({})".format(*letters.split()), f"{name}, reference {number}")
    for unit in os.listdir(os.path.join(SOURCE, "units")):
        if unit.endswith((".service.in", ".target")):
            documentation = re.findall(r"man:(\S+)", read("units", unit))
            assert documentation, unit
            cited.update(dict.fromkeys(documentation, unit))
    strays = {name: where for name, where in cited.items() if name not in names | OTHERS}
    assert not strays and names - {"cvmctl(1)"} <= set(cited), (strays, names - set(cited))


# -- command lines --

def test_every_verb_of_cvmctl_is_there():
    shown = helped(Programs.cvmctl).partition("\nOptions:\n")[0]
    verbs = [line.split("  ")[0] for line in re.findall(r"^  (\S.*)$", shown, re.MULTILINE)]
    text = page("cvmctl.1")
    lists = "".join(section(text, name) for name in ("WHAT IS", "POLICIES", "DECISIONS BY HAND", "RECORDINGS", "EVIDENCE",
                                                  "COMPLETION"))
    documented = [head.replace(" ...", "...").replace(" | ", "|") for head in heads(lists)]
    assert len(documented) == len(set(documented)), documented
    # a head says more where options can stand for an argument
    assert_same("verbs", [head.lower() for head in documented], [verb.lower() for verb in verbs])


def options_shown(text):
    """The options of a program's help, each with its value: "--output=FILE"."""
    return re.findall(r"^  (?:-\w, )?(--\S+)", text, re.MULTILINE)


def options_documented(text):
    """Those that the lists of a manual have; "-q , --quiet" is --quiet, and two of one head are two."""
    return [re.sub(r"^-\S, ", "", option) for head in heads(text) for option in
            (re.split(r", (?=--\S+=)", head) if head.startswith("--") else [head]) if option.startswith("-")]


def programs():
    """The manual of each program."""
    daemon = os.path.dirname(Programs.cvmd)
    return {"cvmctl.1": Programs.cvmctl, "cvmd.8": Programs.cvmd, "cvmd-attest.8": os.path.join(daemon, "attest/cvmd-attest"),
            "cvmd-fetch.8": os.path.join(daemon, "fetch/cvmd-fetch")}


def test_help_fits_a_terminal():
    helps = [helped(program) for program in programs().values()]
    for name, text in zip(programs(), helps):  # and says where there is more
        assert text.endswith("See {}({}).\n".format(*name.rsplit(".", 1))), text
    helps.append(helped(os.path.join(SOURCE, "dev"), "help"))
    wide = [line for text in helps for line in text.splitlines() if len(line) > 80]
    assert not wide, wide


def test_every_option_is_there():
    for name, program in programs().items():
        documented = options_documented(section(page(name), "OPTIONS"))
        assert len(documented) == len(set(documented)), (name, documented)
        # names of values are upper case in a help, and in mdoc as one likes
        shown = options_shown(helped(program))
        assert_same(name, [o.lower() for o in documented], [o.lower() for o in shown])
        synopsis = re.findall(r"(?:\bFl|\|) (-[a-z-]+)", section(page(name), "SYNOPSIS"))
        if synopsis:
            tests = options_documented(subsections(section(page(name), "OPTIONS")).get("For tests", ""))
            assert_same(f"synopsis of {name}", [f"-{option}" for option in synopsis],
                        [re.split(r"[=\[]", o)[0] for o in shown if o.lower() not in tests])
        source = os.path.dirname(os.path.relpath(program, os.path.join(os.path.dirname(Programs.cvmd), "..")))
        table = re.findall(r'\{ "([a-z-]+)", \w+_argument, ', read(source, "options.c"))
        assert table or name == "cvmctl.1", name  # whose help is made from its table
        if table:
            assert_same(f"help of {name}", [re.split(r"[=\[]", o)[0] for o in shown], [f"--{option}" for option in table])


def completion():
    """What the completion of bash knows: {verb: its options}, {option: its words}."""
    done = subprocess.run([Programs.cvmctl, "completion", "bash"], stdout=subprocess.PIPE, check=True, encoding="utf-8")
    verbs = re.findall(r"^        '([^']+)'\)\n +opts='([^']*)'(?:\n +(?:repeats|args)='[^']*')*\n(?: +formats='([^']*)')?", done.stdout, re.MULTILINE)
    words = {name: set(kind.strip("?,").split("|")) for name, kind in re.findall(r" name=(--\S+) kind='([^'@]+)'", done.stdout)}
    words["--format"] = {word for _, _, formats in verbs for word in formats.split("|") if formats}
    return {verb: set(re.findall(r"--\S+", options)) for verb, options, _ in verbs}, words


def modifiers(body):
    """What follows .Cm: the values of an option."""
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\.Cm (.*)$", body, re.MULTILINE))))


def test_every_option_is_there_with_its_verbs_and_words():
    text = section(page("cvmctl.1"), "OPTIONS")
    table = subsections(text)["Which verb takes which"]
    verbs, words = completion()

    def flags(body):
        return {f"-{option}" for option in re.findall(r"-[a-z-]+", " ".join(re.findall(r"^\.Fl (.*)$", body, re.MULTILINE)))}
    common = flags(table.partition(".Bl")[0])
    documented = {verb: common | flags(body) for head, body in items(table) for verb in head.split(", ")}
    assert_same("verbs", documented, verbs)
    for verb, options in verbs.items():
        assert_same(verb, documented[verb], options)
    records = re.findall(r'= \{ "([^"]+)", "[^"]+", CMW_', read("lib", "format", "bundle-record.c"))
    said = {option: modifiers(body) for head, body in items(text) for option in re.findall(r"--[\w-]+", head)}
    export = dict(items(section(page("cvmctl.1"), "EVIDENCE")))["attest export FILE"]
    said["--format"] |= modifiers(export) | set(records)  # "the name of one record"
    for option, its in words.items():
        assert_same(option, said[option], its)


def test_exit_codes_and_environment_of_cvmctl_are_there():
    text = page("cvmctl.1")
    codes = re.findall(r"^\s+EXIT_CODE_\w+(?: = (\d+))?,", read("cli", "context.h"), re.MULTILINE)
    assert_same("exit codes", heads(section(text, "EXIT STATUS")), [str(code or at) for at, code in enumerate(codes)])
    variables = re.findall(r'(?:environment|setenv)\("(\w+)"', read("cli", "main.c"))
    assert_same("environment", re.findall(r"\bEv (\w+)", section(text, "ENVIRONMENT")), variables)


# -- files that people write --

def keys_of_schema(schema, node, prefix=""):
    """The keys of objects, as documented_keys() has them."""
    node = {**node, **schema["$defs"].get(node.get("$ref", "").rpartition("/")[2], {})}
    found = set()
    for key, member in node.get("properties", {}).items():
        path = f"{prefix}.{key}" if prefix else key
        found |= {path} | keys_of_schema(schema, member, path)
    return found


def documented_keys(text):
    return [key for head in heads(text) for key in keys_of(head)]


def words_in(body):
    """The values that a key can have."""
    return set(re.findall(r"^\.Ql ([\w-]+)", body, re.MULTILINE))


def with_parents(keys):
    """Where a.b is, there is a."""
    return {".".join(key.split(".")[:n + 1]) for key in keys for n in range(key.count(".") + 1)}


def test_every_key_and_word_of_a_policy_is_there():
    text = page("cvmd.policy.5")
    schema = json.loads(read("policy", "policy.schema.json"))
    rule, match = schema["$defs"]["rule"], schema["$defs"]["match"]
    for name, keys in (("SETTINGS", schema["properties"]), ("RULES", rule["properties"]), ("MATCHING", match["properties"])):
        documented = [key for head in heads(section(text, name)) for key in re.findall(r'"([^"]+)"', head.split(" :")[0])]
        assert_same(name, documented, keys)
    bodies = {head.split(" :")[0].strip('"'): body for name in ("SETTINGS", "MATCHING") for head, body in items(section(text, name))}
    for key, name, enum in (("class", "class", schema["$defs"]["class-word"]["anyOf"][0]["enum"]),
                            ("expect", "isolation", schema["$defs"]["isolation-word"]["enum"])):
        assert_same(name, words_in(bodies[key]) - {"failed"}, enum)
    assert_same("protect", [word for head in heads(section(text, "PROTECTION")) for word in head.split(", ") if word != "/path"],
                schema["$defs"]["protect-list"]["items"]["anyOf"][0]["enum"])
    assert_same("examples", re.findall(r"examples/(\S+)", section(text, "FILES")), os.listdir(os.path.join(SOURCE, "policy", "examples")))


def test_every_key_of_a_test_case_is_there():
    readers = re.findall(r'\{ "([a-z-]+)", read_', read("lib", "policy", "policy-case.c"))
    assert_same("keys", [key.rpartition(".")[2] for key in documented_keys(section(page("cvmd.policy.5"), "TEST CASES"))], readers)


def test_every_key_and_word_of_an_expectation_is_there():
    text = section(page("cvmd.expect.5"), "KEYS")
    schema = json.loads(read("policy", "expect.schema.json"))
    keys = keys_of_schema(schema, schema)
    said_once = {key for key in keys if not re.match(r"tcb\.(Genoa|Turin)\.", key)}  # they are as Milan's
    assert_same("keys", with_parents(documented_keys(text)), said_once)
    parser = re.search(r"object_key keys\[\] = \{\n(        \{ \"version.*?)^\};", read("lib", "verify", "expectation.c"), re.MULTILINE | re.DOTALL)[1]
    assert_same("parser", schema["properties"], re.findall(r'\{ "([^"]+)",', parser))
    bodies, defs = dict(items(text)), schema["$defs"]
    enums = {"isolation": "isolation", "tdx-tcb": "tcb-status", "mode": "mode", "state": "state", "verdicts": "verdict", "freshness": "fresh"}
    assert_same("words", [*enums.values(), "check"], [name for name, node in defs.items() if "enum" in node])
    assert_same("require", documented_keys(section(page("cvmd.expect.5"), "CHECKS")), defs["check"]["enum"])
    for key, name in enums.items():
        assert_same(key, words_in(bodies[key]), defs[name]["enum"])
    assert_same("bank", words_in(bodies["pcrs.bank"]), schema["properties"]["pcrs"]["properties"]["bank"]["enum"])


def test_every_check_is_there():
    text = section(page("cvmd.expect.5"), "CHECKS")
    rows = re.findall(r'\[CHECK_\w+\] = \{ "([^"]+)", (AUTHENTIC|TRUSTED)(, true)? \}', read("lib", "verify", "check.c"))
    assert len(rows) > 60
    for name, weight in ("What authentic rests on", "AUTHENTIC"), ("What trusted needs besides", "TRUSTED"):
        documented = documented_keys(subsections(text)[name])
        assert len(documented) == len(set(documented)), documented
        assert_same(name, documented, [check for check, its, _ in rows if its == weight])
    told = [key for head, body in items(text) for key in keys_of(head) if "Told only." in body]
    assert_same("told only", told, [check for check, _, optional in rows if optional])


# -- the bus --

INTERFACES = ["Manager", "Device", "Attestation", "Attest", "Fetch"]


def promised(name):
    """Of an interface as it is installed: properties with type and how they are announced; methods and signals as in mdoc."""
    announced = {"const": "Constant.", "false": "Not announced."}
    properties, calls = set(), set()
    for kind, member, signature, _, arguments, notes in promised_by(f"org.cvmd1.{name}"):
        if kind == "property":
            properties.add((member, signature, announced.get(dict(notes).get(EMITS), "")))
        else:
            shown = [" ".join((direction, word, argument) if kind == "method" else (word, argument))
                     for argument, word, direction in arguments]
            calls.add((kind, member, *shown))
    return properties, calls


def documented_properties(text):
    found = set()
    for head, body in items(text):
        how = re.findall(r"^(Constant\.|Not announced\.)$", body, re.MULTILINE)
        found |= {(name, signature, how[0] if how else "") for name, signature in re.findall(r"(\w+) (\S+?)(?=, |$)", head)}
    return found


def documented_calls(text, kind):
    """Of ".It Fn Block "in s device" ..."."""
    found = set()
    for name, arguments in re.findall(r"^\.It Fn (\w+)(.*)$", text, re.MULTILINE):
        found.add((kind, name, *re.findall(r'"([^"]*)"', arguments)))
    return found


def test_every_interface_is_there_with_all_its_members():
    text = page("org.cvmd1.5")
    assert_same("interfaces", re.findall(r"^\.Sh ORG\.CVMD1\.(\w+)$", text, re.MULTILINE), [name.upper() for name in INTERFACES])
    assert_same("installed", [f"org.cvmd1.{name}.xml" for name in INTERFACES],
                [name for name in os.listdir(os.path.join(SOURCE, "units")) if name.endswith(".xml")])
    for name in INTERFACES:
        parts = subsections(section(text, f"ORG.CVMD1.{name.upper()}"))
        properties, calls = promised(name)
        if properties:
            assert_same(f"properties of {name}", documented_properties(parts["Properties"]), properties)
        assert_same(f"calls of {name}", documented_calls(parts["Methods"], "method") |
                    documented_calls(parts.get("Signals", ""), "signal"), calls)
        assert set(parts) == {"Methods"} | ({"Properties"} if properties else set()) | (
            {"Signals"} if any(kind == "signal" for kind, *_ in calls) else set()), name


def test_every_option_of_evidence_and_every_counter_is_there():
    text = page("org.cvmd1.5")
    options = re.findall(r'\{ "([a-z-]+)", "([bsay ]+)", read_', read("daemon", "attestation-request.c"))
    documented = [head.split(" ", 1) for head in heads(section(text, "ORG.CVMD1.ATTESTATION")) if head[0].islower()]
    assert_same("options", [(name, kind.replace(" | ", " ")) for name, kind in documented], options)
    counters = re.search(r'"looks",.*?\)', read("daemon", "manager-bus.c"), re.DOTALL)[0]
    documented = dict(items(section(text, "ORG.CVMD1.MANAGER")))["Counters a{st}"]
    assert_same("counters", re.findall(r"^\.Ql ([a-z-]+)", documented, re.MULTILINE), re.findall(r'"([a-z-]+)"', counters))


def test_every_error_is_there():
    text = section(page("org.cvmd1.5"), "ERROR NAMES")
    standard = {"ACCESS_DENIED": "AccessDenied", "INVALID_ARGS": "InvalidArgs", "NO_MEMORY": "NoMemory",
                "INTERACTIVE_AUTHORIZATION_REQUIRED": "InteractiveAuthorizationRequired"}
    source = read("daemon", "errors.c")
    names = re.findall(r'ERROR_PREFIX "(\w+)"', source)
    names += [f"org.freedesktop.DBus.Error.{standard[name]}" for name in re.findall(r"SD_BUS_ERROR_([A-Z_]+) \}", source)]
    documented = documented_keys(text)
    assert len(documented) == len(set(documented)), documented
    assert_same("errors", documented, names)


def test_every_record_of_a_bundle_is_there():
    rows = re.findall(r"^\.It (\S+) Ta (\S+) Ta (\d)$", section(page("org.cvmd1.5"), "EVIDENCE"), re.MULTILINE)
    indicators = {"EVIDENCE": "4", "ENDORSEMENTS": "2"}
    records = re.findall(r'\[BUNDLE_\w+\] = \{ "([^"]+)", "([^"]+)", CMW_(\w+) \}', read("lib", "format", "bundle-record.c"))
    assert_same("records", rows, [(name, media, indicators[indicator]) for name, media, indicator in records])


def test_every_method_says_who_may_call_it():
    text = section(page("org.cvmd1.5"), "AUTHORISATION")
    methods = {member for name in ("Manager", "Device", "Attestation") for kind, member, *_ in promised(name)[1] if kind == "method"}
    assert_same("methods", re.findall(r"^\.Fn (\w+)", text, re.MULTILINE), methods)
    actions = {action: set(re.findall(r"^\.Fn (\w+)", body.partition("\nand\n")[0], re.MULTILINE)) for action, body in items(text)}
    assert_same("actions", actions, re.findall(r'<action id="([^"]+)"', read("units", "org.cvmd1.policy")))
    assert_same("actions of cvmd(8)", heads(section(page("cvmd.8"), "AUTHORISATION")), actions)
    tested = re.findall(r'\("org\.cvmd1\.\w+", "(\w+)"\): \("([a-z-]+)"', read("tests", "integration", "test-polkit.py"))
    for action, its in actions.items():
        assert_same(action, its, [method for method, needs in tested if f"org.cvmd1.{needs}" == action])


# -- files that cvmd writes --

def test_every_file_that_cvmd_writes_is_there():
    documented = {path for line in re.findall(r"^\.It Pa (.*)$", section(page("cvmd.8"), "FILES"), re.MULTILINE)
                  for path in line.split(" , ")}
    with Guest("snp-openhcl", gate=True) as guest:
        guest.cvmd.start()
        for words in (("trial", "start"), ("block", "heartbeat", "--confirm-within=600"), ("allow", "shutdown", "--permanent")):
            status, _, err = guest.cvmctl(*words)
            assert status == 0, (words, err)
        written = {f"/run/cvmd/{name}" for name in os.listdir(guest.cvmd.state)}
        for folder in "etc/cvmd", "var/lib/cvmd":
            written |= {f"/{folder}/{name}" for name in os.listdir(os.path.join(guest.simulator.root, folder))}
    assert len(written) > 10 and written <= documented, written - documented


# -- other documents --

def test_what_the_manuals_say_is_installed_is():
    with open(os.path.join(os.path.dirname(Programs.cvmd), "../meson-info/intro-installed.json"), encoding="utf-8") as f:
        installed = {re.sub("^/usr/local/", "/usr/", path) for path in json.load(f).values()}
    named = {(path.rstrip("."), name) for name in pages() for line in page(name).splitlines()
             for path in re.findall(r"/usr/[\w./@-]+", line.replace(r"\-", "-"))}
    assert len(named) > 10
    strays = [(path, name) for path, name in named if path not in installed and not any(i.startswith(path + "/") for i in installed)]
    assert not strays, strays


def test_security_names_checks_that_exist():
    text = re.search(r"^## Evidence: what a pass means\n(.*?)^## ", read("SECURITY.md"), re.MULTILINE | re.DOTALL)[1]
    checks = re.findall(r'\[CHECK_\w+\] = \{ "([^"]+)", (\w+)', read("lib", "verify", "check.c"))
    named = set(re.findall(r"`([a-z*-]+)`", "\n".join(line for line in text.splitlines() if line.startswith("|"))))
    assert len(named) > 30
    strays = [name for name in named if not any(fnmatch.fnmatch(check, name) for check, _ in checks)]
    assert not strays, strays


# -- the journal --

def test_every_kind_of_journal_entry_is_there():
    text = section(page("cvmd.8"), "JOURNAL")
    ids = re.findall(r"SD_ID128_MAKE_STR\(([^)]*)\)|\"([0-9a-f]{32})\"", read("daemon", "messages.h"))
    assert_same("MESSAGE_ID", re.findall(r"^\.It ([0-9a-f]{32})", text, re.MULTILINE),
                ["".join(i).replace(",", "").replace(" ", "") for i in ids])


# -- what is typed --

def test_the_tutorial_runs_as_it_is_written():
    commands = steps(section(page("cvmd.policy.5"), "TUTORIAL"))
    assert len(commands) >= 10 and any(output for _, _, output in commands)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(FIXTURES, "snp-openhcl.snapshot"), os.path.join(folder, "guest.snapshot"))
        run_steps(commands, folder)


def stand_ins(guest, folder):
    """What examples take for granted: a recording, the shipped examples, another machine, and hardware whose roots are known."""
    shutil.copy(guest.fixture, os.path.join(folder, "guest.snapshot"))
    for name in os.listdir(os.path.join(SOURCE, "policy", "examples")):
        shutil.copy(os.path.join(SOURCE, "policy", "examples", name), folder)
    programs = {"ssh": 'shift 2\nexec sh -c "$1"\n',
                "cvmctl": f'case "$1 $2" in\n"attest verify") set -- --roots={guest.helpers.paravisor.roots} "$@" ;;\nesac\n'
                          f'exec {os.path.abspath(Programs.cvmctl)} "$@"\n'}
    os.mkdir(os.path.join(folder, "bin"))
    for name, text in programs.items():
        with open(os.path.join(folder, "bin", name), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text)
            os.fchmod(f.fileno(), 0o755)


def test_the_examples_run_as_they_are_written():
    need("jq")
    with Guest("snp-openhcl") as guest:
        guest.helpers = Helpers(guest)
        guest.cvmd.start()
        foreign = total = 0
        for name in pages():
            text = page(name)
            assert re.search(r"^\.Sh (EXAMPLES|TUTORIAL)$", text, re.MULTILINE), f"{name} has no examples"
            commands = steps(section(text, "EXAMPLES")) if ".Sh EXAMPLES" in text else []
            ours = [step for step in commands if not is_foreign(step)]
            assert ours or not commands, name
            total, foreign = total + len(commands), foreign + len(commands) - len(ours)
            folder = os.path.join(guest.folder, name)
            os.mkdir(folder)
            stand_ins(guest, folder)
            run_steps(ours, folder, {"DBUS_SYSTEM_BUS_ADDRESS": guest.bus.address})
        assert foreign <= total / 8, f"{foreign} of {total} examples are run by nobody"


if __name__ == "__main__":
    main(globals())
