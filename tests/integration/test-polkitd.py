#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real polkitd on the guest's bus, with nothing but our action file and rules, and whatever rules a test adds: that it
reads them, and that what they say is what happens."""

import os
import re
import subprocess

from dbus_client import INTERACTIVE
from evidence import FakeHelpers
from harness import DISK, NETWORK, SOURCE, Guest, Skip, need, stop, wait_for
from polkit import GROUP, USER, Caller, need_root
from tap import main

POLKITD = "/usr/lib/polkit-1/polkitd"
ACTIONS = ["org.cvmd1.attest", "org.cvmd1.manage-device", "org.cvmd1.manage-policy"]
MEMBER = 1  # a user whom the group has by its line in /etc/group
NONCE = bytes(16)
# polkitd reads from folders that were fixed when it was built: it gets others there, in a mount namespace of its own
START = """mount --bind "$1/actions" /usr/share/polkit-1/actions && mount --bind "$1/rules" /usr/share/polkit-1/rules.d &&
mount --bind "$1/site" /etc/polkit-1/rules.d && mount --bind "$1/group" /etc/group && exec "$2" --no-debug"""


def action_file():
    with open(os.path.join(SOURCE, "units/org.cvmd1.policy"), encoding="utf-8") as f:
        return f.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o644)


class Polkitd:
    def __init__(self, guest, actions, site=""):
        self.guest = guest
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": guest.bus.address}
        folder = os.path.join(guest.folder, "polkit")
        os.chmod(guest.folder, 0o755)
        write(f"{folder}/actions/org.cvmd1.policy", actions)
        with open(os.path.join(SOURCE, "units/cvmd.rules"), encoding="utf-8") as f:
            write(f"{folder}/rules/cvmd.rules", f.read())
        write(f"{folder}/site/10-site.rules", site)
        with open("/etc/group", encoding="utf-8") as f:
            write(f"{folder}/group", f.read() + f"cvm-attest:x:{GROUP}:daemon\n")
        self.process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", folder,
                                         POLKITD], env=self.environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        guest.ends.callback(lambda: stop(self.process))
        wait_for("polkitd on the bus", lambda: self.process.poll() is not None or
                 guest.bus.has("org.freedesktop.PolicyKit1"))
        assert self.process.poll() is None, "polkitd has ended"

    def pkaction(self, *arguments):
        return subprocess.run(["pkaction", *arguments], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False, encoding="utf-8").stdout


def started(actions=None, site=""):
    """A guest with cvmd and polkitd."""
    need_root()
    need("pkaction")
    if not os.access(POLKITD, os.X_OK):
        raise Skip("polkitd is not installed")
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip("no mount namespace can be made here")
    guest = Guest("snp-openhcl")
    try:
        guest.polkitd = Polkitd(guest, actions or action_file(), site)
        write(os.path.join(guest.simulator.root, "etc/group"), f"cvm-attest:x:{GROUP}:daemon\n")
        guest.cvmd.start()
    except BaseException:
        guest.__exit__(AssertionError)
        raise
    return guest


def evidence(caller):
    """None, or the error's name."""
    values, error = caller.result("GetEvidence", "aya{sv}", NONCE, {}, interface="org.cvmd1.Attestation")
    if error:
        return error[0]
    os.close(values[0])
    return None


def test_polkit_reads_the_action_file():
    with started() as guest:
        assert sorted(guest.polkitd.pkaction().split()) == ACTIONS
        for action in ACTIONS:
            told = guest.polkitd.pkaction("--action-id", action, "--verbose")
            assert len(re.findall(r"^  implicit \w+: +auth_admin_keep$", told, re.M)) == 3, told
            assert re.search(r"^  message: +Authentication is required", told, re.M), told


def test_an_action_file_that_polkit_ignores_is_noticed_and_lets_nobody_through():
    # the value for which usbguard-dbus's file was ignored as a whole
    mistaken = action_file().replace("auth_admin_keep", "auth_self_keep_session", 1)
    with started(mistaken, "polkit.addRule(function(action, subject) { return polkit.Result.YES; });") as guest:
        assert not guest.polkitd.pkaction().split()
        error, text = Caller(guest).error("Block", "sa{sv}", NETWORK, {})
        assert error == "NotAuthorized" and "not registered" in text, (error, text)
        assert guest.verdicts()[NETWORK] == "allowed"


def test_the_action_file_is_as_polkit_describes_it():
    need("xmllint")
    dtd = "/usr/share/polkit-1/policyconfig-1.dtd"
    if not os.access(dtd, os.R_OK):
        raise Skip("polkit's document type is not installed")
    done = subprocess.run(["xmllint", "--noout", "--nonet", "--dtdvalid", dtd, os.path.join(SOURCE, "units/org.cvmd1.policy")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


def test_strangers_need_a_password():
    with started() as guest:
        for arguments in ("Block", "sa{sv}", NETWORK, {}), ("Reload",):
            error, _ = Caller(guest).error(*arguments)
            assert error == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", error
            error, text = Caller(guest, flags=INTERACTIVE).error(*arguments)
            assert error == "NotAuthorized" and "nobody to ask" in text, (error, text)
        assert evidence(Caller(guest)) == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
        assert guest.bus.decide("Block", NETWORK) == [NETWORK]  # root does not


def test_the_group_may_attest_and_no_more():
    with started() as guest:
        FakeHelpers(guest)
        for caller in Caller(guest, MEMBER), Caller(guest, USER, (GROUP,)):
            assert evidence(caller) is None
            error, _ = caller.error("Block", "sa{sv}", NETWORK, {})
            assert error == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", error


def test_rules_see_what_is_asked_for():
    rule = """polkit.addRule(function(action, subject) {
        if (action.id == "org.cvmd1.manage-device" && subject.user == "nobody" && action.lookup("operation") == "block" &&
            action.lookup("class") == "network" && action.lookup("device") == "%s")
            return polkit.Result.YES;
        if (action.id == "org.cvmd1.attest" && subject.user == "daemon")
            return polkit.Result.NO;
    });""" % NETWORK
    with started(site=rule) as guest:
        caller = Caller(guest)
        assert caller.result("Block", "sa{sv}", NETWORK, {}) == ((NETWORK,), None)
        assert guest.simulator.is_blocked(NETWORK)
        for arguments in ("Block", "sa{sv}", DISK, {}), ("Allow", "sa{sv}", NETWORK, {}), \
                ("Block", "sa{sv}", NETWORK, {"permanent": ("b", True)}):
            assert caller.error(*arguments)[0] != "Failed"
        assert guest.verdicts()[DISK] == "allowed" and guest.simulator.is_blocked(NETWORK)
        assert evidence(Caller(guest, MEMBER)) == "NotAuthorized"


if __name__ == "__main__":
    main(globals())
