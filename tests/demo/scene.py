# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest to show cvmd on: an Azure VM with SEV-SNP behind OpenHCL, its kernel played by tests/sim, its vTPM and the hardware
behind it by tests/paravisor. What runs there is what would run on the real one; only the paths below / are elsewhere."""

import os
import re
import shlex
import shutil
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "tests", "integration"))

from evidence import Helpers  # noqa: E402
from harness import DEFAULT, NETWORK, PLAIN_NETWORK, Guest, Programs  # noqa: E402,F401 (run)
from terminal import SEQUENCE, on_terminal  # noqa: E402,F401 (readme.py)

EXAMPLES = "/usr/share/doc/cvmd/examples"
COLUMNS = 98
NONCE, CHANNEL = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e", "c0ffee"  # in earnest from whoever wants to know, and of his connection
VERIFY = ["attest", "verify", "--roots=roots", f"--nonce={NONCE}", f"--bind={CHANNEL}", "--expect=expected.json",
          "evidence.cmw"]

# The way from a report to a verified bundle, as it is typed in ./dev play.
STEPS = [
    "cvmctl",
    "cvmctl plan --policy=examples/strict.json",
    "cp examples/strict.json policy.d/50-strict.json",
    "cvmctl reload",
    "cvmctl devices",
    f"cvmctl explain {PLAIN_NETWORK[:8]}",
    f"cvmctl attest get --nonce={NONCE} --bind={CHANNEL} -o evidence.cmw",
    "cvmctl attest inspect evidence.cmw",
    "cvmctl attest expect from evidence.cmw -o expected.json",
    "cvmctl " + " ".join(VERIFY),
]

# What differs from one run to the next, and what stands in its place.
VOLATILE = [
    (r"sha256:[0-9a-f]{64}(?=,| \(| *$|\n)", "sha256:…"),
    (r"\b\d+\.\d+ (?=s after boot)", "… "),
    (r"\b\d+(\.\d+)? (ns|us|ms|s)(?=$|\n)", "… ms"),
    (r"\d+ entries", "… entries"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?= *\(boot)", "…"),
]


def programs_of(build):
    Programs.cvmd = os.path.join(os.path.abspath(build), "daemon", "cvmd")
    Programs.cvmctl = os.path.join(os.path.abspath(build), "cli", "cvmctl")


def settled(text):
    """The same from one run to the next."""
    for pattern, instead in VOLATILE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def typed(words):
    """A command as one types it, in lines that fit."""
    lines, line = [], "$" if words[0] != "cp" else "#"
    for word in map(shlex.quote, words):
        if len(line) + len(word) > COLUMNS - 3:
            lines.append(line + " \\")
            line = "     "
        line += " " + word
    return "\n".join([*lines, line])


class Scene:
    """The guest with cvmd on it, as it is right after installation; gone at the end."""

    def __init__(self, colour=False):
        self.colour = colour
        self.guest = Guest("snp-openhcl", policy=None, gate=True)

    def __enter__(self):
        try:
            self.guest.paravisor = Helpers(self.guest).paravisor
            os.mkdir(self.path(""))
            os.symlink(self.guest.paravisor.roots, self.path("roots"))
            self.install(DEFAULT, "/usr/lib/cvmd/policy.d/90-default.json")
            self.guest.cvmd.start()
            self.run("attest", "providers")  # which it looks for once it is on the bus: from here on they are known
        except BaseException:
            self.guest.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *why):
        self.guest.__exit__(*why)

    def path(self, name):
        """In the folder that the commands run in."""
        return os.path.join(self.guest.folder, "here", name)

    def install(self, source, target):
        """A file of root's, below the guest's /."""
        path = self.guest.simulator.root + target
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(source, path)
        os.chmod(path, 0o644)

    def run(self, *words, fine=(0, 3)):
        """What cvmctl shows at a terminal. 3 is no failure: it has checked, and found wanting."""
        real = [word.replace(EXAMPLES, os.path.join(SOURCE, "policy/examples")) for word in words]
        environment = {"DBUS_SYSTEM_BUS_ADDRESS": self.guest.bus.address, "PAGER": "cat",
                       **({} if self.colour else {"NO_COLOR": "1"})}
        status, shown = on_terminal(["env", "-C", self.path(""), os.path.realpath(Programs.cvmctl), *real],
                                    columns=COLUMNS, **environment)
        assert status in fine, f"cvmctl {' '.join(words)} ended with {status}: {shown}"
        return shown.replace(os.path.join(SOURCE, "policy/examples"), EXAMPLES)

    def show(self, *words, lines=None):
        """The command and what it shows, or the first lines of that."""
        shown = self.run(*words).splitlines()
        kept = shown[:lines]
        if len(kept) < len(shown):
            kept.append(f"... and {len(shown) - len(kept)} more lines")
        return "\n".join([typed(["cvmctl", *words]), *kept, ""])

    # -- what a newcomer does, in order --

    def looks(self):
        """What cvmd found. The policy that it comes with only reports."""
        return self.show()

    def plans(self):
        """What another policy would do, before it does."""
        return self.show("plan", f"--policy={EXAMPLES}/strict.json")

    def enforces(self):
        """A policy that acts, and what came of it."""
        target = "/etc/cvmd/policy.d/50-strict.json"
        self.install(os.path.join(SOURCE, "policy/examples/strict.json"), target)
        copied = typed(["cp", f"{EXAMPLES}/strict.json", target])
        reloaded = self.show("reload")
        self.guest.wait_verdict(PLAIN_NETWORK, "blocked")
        assert self.guest.simulator.is_blocked(PLAIN_NETWORK), "the plain network should be blocked"
        return copied + "\n" + reloaded.replace("$", "#", 1) + "\n" + self.show("devices")

    def explains(self):
        return self.show("explain", PLAIN_NETWORK[:8])

    def attests(self):
        """Evidence for somebody's nonce, and what is to be expected of it."""
        return (self.show("attest", "get", f"--nonce={NONCE}", f"--bind={CHANNEL}", "-o", "evidence.cmw") + "\n" +
                self.show("attest", "expect", "from", "evidence.cmw", "-o", "expected.json"))

    def verifies(self, lines=None):
        return self.show(*VERIFY, lines=lines)
