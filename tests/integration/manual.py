# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manuals in mdoc, as far as tests hold them against programs: sections, lists, keys of JSON, and steps to type."""

import os
import re
import shutil
import subprocess

from harness import PATIENCE, SOURCE, Programs

MANUALS = os.path.join(SOURCE, "man")
ESCAPES = {r"\-": "-", r"\(ha": "^", r"\(ti": "~", r"\(aq": "'", r"\(ga": "`", r"\e": "\\", r"\&": "", r"\(dq": '"'}
FONTS = {"Ic", "Ar", "Cm", "Ql", "Dv", "Er", "Ev", "Pa", "Sy", "Nm", "Va", "Vt", "Fn", "Li"}
FOREIGN = {"systemctl", "update-initramfs", "usermod"}  # what no test can run here, each as root and on a guest


def page(name):
    """The text of a manual, of "cvmctl.1" say."""
    with open(os.path.join(MANUALS, name), encoding="utf-8") as f:
        return f.read()


def pages():
    return sorted(name for name in os.listdir(MANUALS) if re.search(r"\.[1-9]$", name))


def section(text, name):
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def subsections(text):
    """name -> text, of a section."""
    return dict(re.findall(r"^\.Ss ([^\n]*)\n(.*?)(?=^\.Ss |\Z)", text, re.MULTILINE | re.DOTALL))


def plain(line):
    return re.sub(r"\\(?:\(..|.)", lambda escape: ESCAPES[escape[0]], line)


def words_of(arguments):
    """What a line of mdoc is on paper: its macros and their arguments, as one line of text."""
    text, glue, options = "", True, 0
    for word in re.findall(r'"[^"]*"|\S+', arguments):
        if word in FONTS or word in ("No", "Op", "Oo", "Oc", "Fl", "Ns"):
            if word in ("Op", "Oo"):
                text, glue, options = text + ("" if glue else " ") + "[", True, options + (word == "Op")
            elif word == "Oc":
                text += "]"
            elif word == "Ns":
                glue = True
            elif word == "Fl":
                text, glue = text + ("" if glue else " ") + "-", True
            continue
        if word in (",", "|", "...", "]") or word.startswith("..."):
            glue = glue or word in (",", "...")
        text, glue = text + ("" if glue else " ") + plain(word.strip('"')), False
    return text + "]" * options


def heads(text):
    """The heads of the items of all lists, as on paper."""
    return [words_of(item) for item in re.findall(r"^\.It (.*)$", text, re.MULTILINE)]


def items(text):
    """[(head, body)] of the lists that are in the text."""
    return [(words_of(head), body) for head, body in
            re.findall(r"^\.It ([^\n]*)\n(.*?)(?=^\.It |^\.El|\Z)", text, re.MULTILINE | re.DOTALL)]


def keys_of(head):
    """The keys that a head names: "a.b , .c" is a.b and a.c."""
    found = []
    for word in head.replace(",", " ").split():
        parent = found[-1].rpartition(".")[0] if found and word.startswith(".") else ""
        found.append(f"{parent}{word}" if word.startswith(".") else word)
    return found


def keys_in(value, prefix=""):
    """The keys of what was read from JSON, as jq writes their paths; a list at the top is as what is in it."""
    found = set()
    if isinstance(value, dict):
        for key, member in value.items():
            path = f"{prefix}.{key}" if prefix else key
            found |= {path} | keys_in(member, path)
    elif isinstance(value, list):
        for member in value:
            found |= keys_in(member, prefix + "[]" if prefix else "")
    return found


def steps(text):
    """[(prompt, command, [line of its output])] of everything that is shown literally, in order."""
    found = []
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.MULTILINE | re.DOTALL):
        for line in map(plain, block.splitlines()):
            if line.startswith(("$ ", "# ")):
                found.append((line[0], line[2:], []))
            elif line.startswith("> ") or line == ">":
                prompt, command, output = found[-1]
                found[-1] = (prompt, f"{command}\n{line[2:]}", output)
            elif found:
                found[-1][2].append(line)
    return found


def is_foreign(step):
    """Root's command on a real guest, of a program that is not ours."""
    return step[0] == "#" and step[1].split()[0] in FOREIGN


def as_pattern(lines):
    """What is shown, where "..." stands for anything: in a line, or for lines."""
    return "".join(r"(?:.*\n)*?" if line == "..." else r".*".join(map(re.escape, line.split("..."))) + r"\n" for line in lines)


def run_steps(commands, folder, environment=None):
    """Runs them in one shell, as one would type them, and holds what they print against what is shown."""
    programs = os.path.join(folder, "bin")
    os.makedirs(programs, exist_ok=True)
    if not os.path.lexists(os.path.join(programs, "cvmctl")):
        os.symlink(os.path.abspath(Programs.cvmctl), os.path.join(programs, "cvmctl"))
    shell = {**os.environ, **(environment or {}), "PATH": programs + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    mark = "--- end of step"  # where the output of each ends
    script = "".join(f"{command}\nset -- $?; echo '{mark}'; (exit $1)\n" for _, command, _ in commands)
    done = subprocess.run([shutil.which("sh")], input=script, cwd=folder, env=shell, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=4 * PATIENCE, check=False, encoding="utf-8")
    outputs = done.stdout.split(mark + "\n")
    assert len(outputs) == len(commands) + 1, done.stdout
    for (_, command, shown), output in zip(commands, outputs):
        assert re.fullmatch(as_pattern(shown), output), f"$ {command}\n{output}--- shown:\n" + "\n".join(shown)
