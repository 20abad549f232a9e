#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus itself lets through: our policy files on a bus that is as closed as the system's."""

import os
import re
import xml.etree.ElementTree as ET

from dbus_client import CallError
from harness import SOURCE, Guest, wait_for
from introspection import promised_by
from polkit import Caller, need_root
from tap import main

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
STANDARD = {f"org.freedesktop.DBus.{name}" for name in ("Introspectable", "ObjectManager", "Peer", "Properties")}
OURS = {"org.cvmd1.Manager", "org.cvmd1.Device", "org.cvmd1.Attestation"}
# which interfaces are open, by the name that they are sent to, to whom
OPEN = {
    ("org.cvmd1", "default"): OURS | STANDARD,
    ("org.cvmd1.Attest", "root"): {"org.cvmd1.Attest"} | STANDARD - {"org.freedesktop.DBus.ObjectManager",
                                                                      "org.freedesktop.DBus.Properties"},
    ("org.cvmd1.Fetch", "root"): {"org.cvmd1.Fetch"} | STANDARD - {"org.freedesktop.DBus.ObjectManager",
                                                                    "org.freedesktop.DBus.Properties"},
}
# what the system's bus begins with
CLOSED = """<policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
"""


def policies():
    """Paths of all that are installed."""
    folder = os.path.join(SOURCE, "units")
    found = sorted(os.path.join(folder, name) for name in os.listdir(folder) if re.fullmatch(r"org\..*\.conf", name))
    assert found
    return found


def test_only_named_interfaces_are_open():
    found = {}
    for path in policies():
        for policy in ET.parse(path).getroot().iter("policy"):
            for rule in policy:
                who = policy.get("context") or policy.get("user")
                if rule.tag == "allow" and set(rule.attrib) == {"own"}:
                    continue
                assert rule.tag == "allow" and set(rule.attrib) == {"send_destination", "send_interface"}, \
                    f"{path}: {rule.tag} {rule.attrib}"
                found.setdefault((rule.get("send_destination"), who), set()).add(rule.get("send_interface"))
    assert found == OPEN, found


def closed_guest():
    """cvmd on such a bus, which only root can own names on."""
    need_root()
    guest = Guest("snp-openhcl", bus=False)
    with open(guest.bus.config, encoding="utf-8") as f:
        config = re.sub(r"<policy .*</policy>", CLOSED + "".join(f"<include>{path}</include>" for path in policies()),
                        f.read(), flags=re.DOTALL)
    with open(guest.bus.config, "w", encoding="utf-8") as f:
        f.write(config)
    guest.bus.start()
    guest.cvmd.start()
    return guest


def answer(caller, destination, path, interface, method):
    try:
        caller.call(destination, path, interface, method)
    except CallError as e:
        return e.name
    return None


def test_strangers_reach_what_is_named_and_nothing_else():
    with closed_guest() as guest:
        caller = Caller(guest)
        assert caller.call("org.cvmd1", "/org/cvmd1", "org.freedesktop.DBus.Properties", "Get", "ss", "org.cvmd1.Manager",
                           "State") == ("compliant",)
        assert answer(caller, "org.cvmd1", "/org/cvmd1", "org.freedesktop.DBus.Peer", "Ping") is None
        for interface in OURS:  # as far as cvmd, which says no by itself, or that it needs to know more
            method = next(name for kind, name, *_ in promised_by(interface) if kind == "method")
            path = "/org/cvmd1/device/none" if interface == "org.cvmd1.Device" else "/org/cvmd1"
            assert answer(caller, "org.cvmd1", path, interface, method) != DENIED, interface
        for interface in "org.cvmd1.Test", "org.cvmd1.Manager2", "org.cvmd1", "org.freedesktop.DBus.Debug.Stats":
            assert answer(caller, "org.cvmd1", "/org/cvmd1", interface, "Reload") == DENIED, interface


def test_strangers_do_not_take_our_names():
    with closed_guest() as guest:
        caller = Caller(guest)
        for name in "org.cvmd1", "org.cvmd1.Attest", "org.cvmd1.Fetch":
            try:
                caller.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName", "su", name, 2)  # replace
            except CallError as e:
                assert e.name == DENIED, e
            else:
                raise AssertionError(f"{name} was given to a stranger")
        wait_for("cvmd on the bus", guest.bus.has_cvmd)


if __name__ == "__main__":
    main(globals())
