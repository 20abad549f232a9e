# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an interface promises, for a service's own introspection to be held against what is installed."""

import os
import xml.etree.ElementTree as ET

from harness import SOURCE


def interfaces(xml):
    """name -> everything that an interface promises, in an order that can be compared."""
    found = {}
    for interface in ET.fromstring(xml).iter("interface"):
        members = set()
        for member in interface:
            if member.tag == "annotation":
                continue
            arguments = [(a.get("name"), a.get("type"), a.get("direction", "out")) for a in member.iter("arg")]
            notes = sorted((a.get("name"), a.get("value")) for a in member.iter("annotation")
                           if not a.get("name").endswith(".Privileged"))
            members.add((member.tag, member.get("name"), member.get("type"), member.get("access"),
                         tuple(arguments), tuple(notes)))
        found[interface.get("name")] = members
    return found


def promised_by(name):
    """The same of an interface as it is installed."""
    with open(os.path.join(SOURCE, "units", name + ".xml"), encoding="utf-8") as f:
        return interfaces(f.read())[name]
