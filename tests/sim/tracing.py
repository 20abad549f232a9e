# SPDX-License-Identifier: LGPL-2.1-or-later
"""tracefs, as far as a channel probe uses it: dynamic events on subchannel_id_show, and private instances.

A read of subchannel_id cannot be seen from here. A round of the probe begins with a mark in the instance's buffer,
so that is when every channel is traced, as if each had been read.
"""

import errno
import fcntl
import os
import re
import struct
import termios
import time

from vmbus import DEVICES, Refused

TRACING = "sys/kernel/tracing"
EVENT = re.compile(r"(?P<type>[fp])(?P<max>\d*):(?P<group>\w+)/(?P<name>\w+) subchannel_id_show(?P<fields>( \S+)*)$")
REMOVAL = re.compile(r"-:(?P<group>\w+)(/(?P<name>\w+))?$")
HEADER = """# tracer: nop
#
# entries-in-buffer/entries-written: {n}/{n}   #P:2
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
"""
# what an argument's expression reads -> how its value is printed
EXPRESSIONS = (
    (re.compile(r"child_relid"), lambda c, k: str(c["relid"])),
    (re.compile(r"chn_flags"), lambda c, k: hex(int(c.get("flags", "0"), 16))),
    (re.compile(r"co_ring_buffer"), lambda c, k: c.get("ring", "0")),
    (re.compile(r"co_external_memory"), lambda c, k: c.get("dma", "0")),
    (re.compile(r"vmbus_proto_version"), lambda c, k: hex(k["version"])),
    (re.compile(r"is_confidential"), lambda c, k: str(k["confidential"])),
)


CLOCKS = "local", "global", "counter", "uptime", "perf", "mono", "mono_raw", "boot"
OFFER_EVENTS = "vmbus_onoffer", "vmbus_onoffer_rescind"
PIPE_SIZE = 1 << 20  # of a FIFO, whose pages are not filled to the end
OFFERS_MAX, ROUND_MAX = 1 << 15, PIPE_SIZE // 2


class Tracing:
    """types: "f" and "p", the kinds of event that this kernel has; connection: its "version", "confidential"."""

    def __init__(self, tree, vmbus, channels, connection, types):
        self.tree = tree
        self.vmbus = vmbus
        self.channels = channels
        self.connection = connection
        self.types = types
        self.armed = {}  # (group, name) -> the event as it was written
        self.clock = 10.0
        tree.make_dir(TRACING + "/instances")
        tree.make_dir(TRACING + "/events")
        for name in ("dynamic_events", "trace", "kprobe_events", "set_event", "set_event_pid", "error_log"):
            tree.write(f"{TRACING}/{name}", "")
        tree.write(TRACING + "/tracing_on", "1\n")
        self.pipes = {}  # instance -> where its trace_pipe is written
        self._show_offer_events(TRACING)
        vmbus.on_offer, vmbus.on_rescind = self.trace_offer, self.trace_rescind
        syntax = ["\t   p[:[<group>/][<event>]] <place> [<args>]\n"] * ("p" in types)
        syntax += ["\t   f[:[<group>/][<event>]] <func-name>[%return] [<args>]\n"] * ("f" in types)
        tree.write(TRACING + "/README", "tracing mini-HOWTO:\n" + "".join(syntax) +
                   "\t     args: <name>=fetcharg[:type]\n\t <argname>[->field[->field|.field...]],\n")

    def write(self, path, text, truncate):
        name = os.path.basename(path)
        if path == TRACING + "/dynamic_events":
            if truncate:
                self._remove_all()
            for line in filter(None, text.split("\n")):
                self._change_events(line)
        elif name == "trace_marker" and path != TRACING + "/trace_marker":
            self._mark(os.path.dirname(path), text)
        elif name == "trace_clock":
            if text.strip() not in CLOCKS:
                raise Refused(errno.EINVAL)
            self._set_clock(os.path.dirname(path), text.strip())
        elif name == "enable":
            self.tree.write(path, "1\n" if text.strip() == "1" else "0\n")
        elif self.tree.exists(path):
            before = "" if truncate or name != "set_event_pid" else self.tree.read(path)
            self.tree.write(path, before + text.rstrip("\n") + "\n" if text.strip() else before)
        else:
            raise Refused(errno.ENOENT)

    def make_dir(self, path):
        if os.path.dirname(path) != TRACING + "/instances":
            raise Refused(errno.EPERM)
        if self.tree.exists(path):
            raise Refused(errno.EEXIST)
        self.tree.make_dir(path + "/events")
        for name in ("trace", "trace_marker", "set_event", "set_event_pid"):
            self.tree.write(f"{path}/{name}", "")
        self.tree.write(path + "/tracing_on", "1\n")
        self.tree.write(path + "/buffer_size_kb", "1410\n")
        self._show_offer_events(path)
        os.mkfifo(self.tree.full(path + "/trace_pipe"))
        self.pipes[path] = os.open(self.tree.full(path + "/trace_pipe"), os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self.pipes[path], fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        for group, name in self.armed:
            self._show_event(path, group, name)

    def remove_dir(self, path):
        if os.path.dirname(path) != TRACING + "/instances":
            raise Refused(errno.EPERM)
        if not self.tree.exists(path):
            raise Refused(errno.ENOENT)
        os.close(self.pipes.pop(path))
        self.tree.remove(path)

    # -- offers --

    def _set_clock(self, place, chosen):
        self.tree.write(f"{place}/trace_clock", " ".join(f"[{c}]" if c == chosen else c for c in CLOCKS) + "\n")

    def _show_offer_events(self, place):
        self._set_clock(place, "local")
        for name in OFFER_EVENTS:
            self.tree.make_dir(f"{place}/events/hyperv/{name}")
            self.tree.write(f"{place}/events/hyperv/{name}/enable", "0\n")
            self.tree.write(f"{place}/events/hyperv/{name}/filter", "none\n")

    def trace_offer(self, instance, class_id, relid, sub):
        self._trace("vmbus_onoffer", f"child_relid {relid:#x}, monitorid 0x0, is_dedicated 1, connection_id 0x1, "
                    f"if_type {class_id}, if_instance {instance}, chn_flags 0x0, mmio_megabytes 0, "
                    f"sub_channel_index {sub}")

    def boot_trace(self, clock):
        """As `trace_instance=offers,...` on the kernel command line: what is there now was offered just now."""
        place = TRACING + "/instances/offers"
        self.make_dir(place)
        self._set_clock(place, clock)
        for name in OFFER_EVENTS:
            self.tree.write(f"{place}/events/hyperv/{name}/enable", "1\n")
        for instance in self.tree.list(DEVICES):
            device = self.vmbus.path(instance)
            self.trace_offer(instance, self.vmbus.class_of(device), int(self.tree.read(f"{device}/id")), 0)
        lines = os.read(self.pipes[place], PIPE_SIZE).decode()
        self.tree.write(f"{place}/trace", HEADER.format(n=lines.count("\n")) + lines)

    def trace_rescind(self, relid):
        self._trace("vmbus_onoffer_rescind", f"child_relid {relid:#x}")

    def _trace(self, name, text):
        """One line for whoever records such events."""
        for instance, pipe in self.pipes.items():
            if not self.tree.read(f"{instance}/events/hyperv/{name}/enable").startswith("1"):
                continue
            clock = time.CLOCK_BOOTTIME if "[boot]" in self.tree.read(f"{instance}/trace_clock") else time.CLOCK_MONOTONIC
            usec = time.clock_gettime_ns(clock) // 1000
            line = f"     kworker/0:1-10      [000] ..... {usec // 1000000:5}.{usec % 1000000:06}: {name}: {text}\n"
            self._record(pipe, line, OFFERS_MAX)

    @staticmethod
    def _record(pipe, lines, most):
        """What nobody reads in time is overwritten, and that is told."""
        waiting = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
        if waiting + len(lines) > most:
            lines = f"CPU:0 [LOST {os.read(pipe, PIPE_SIZE).count(10)} EVENTS]\n{lines}"
        os.write(pipe, lines.encode())

    # -- events --

    def _instances(self):
        return [f"{TRACING}/instances/{i}" for i in self.tree.list(TRACING + "/instances")]

    def _change_events(self, line):
        removal = REMOVAL.match(line)
        if removal:
            wanted = removal["group"], removal["name"]
            found = [k for k in self.armed if k == wanted or (wanted[1] is None and k[0] == wanted[0])]
            if not found:
                raise Refused(errno.ENOENT)
            if any(self._is_enabled(*k) for k in found):
                raise Refused(errno.EBUSY)
            for key in found:
                self._remove(*key)
            return
        event = EVENT.match(line)
        if not event or event["type"] not in self.types:
            raise Refused(errno.EINVAL)
        for field in event["fields"].split():
            if "=" not in field or not any(e.search(field) for e, _ in EXPRESSIONS):
                raise Refused(errno.EINVAL)
        key = event["group"], event["name"]
        if key in self.armed:
            raise Refused(errno.EEXIST)
        self.armed[key] = event
        for place in [TRACING] + self._instances():
            self._show_event(place, *key)
        self._list_events()

    def _is_enabled(self, group, name):
        files = (f"{place}/events/{group}/{name}/enable" for place in [TRACING] + self._instances())
        return any(self.tree.exists(f) and self.tree.read(f).startswith("1") for f in files)

    def _show_event(self, place, group, name):
        event = f"{place}/events/{group}/{name}"
        self.tree.make_dir(event)
        self.tree.write(event + "/enable", "0\n")
        self.tree.write(event + "/filter", "none\n")
        self.tree.write(f"{place}/events/{group}/enable", "0\n")

    def _remove(self, group, name):
        del self.armed[group, name]
        for place in [TRACING] + self._instances():
            self.tree.remove(f"{place}/events/{group}/{name}")
            if not any(self.tree.is_dir(f"{place}/events/{group}/{e}")
                       for e in self.tree.list(f"{place}/events/{group}")):
                self.tree.remove(f"{place}/events/{group}")
        self._list_events()

    def _remove_all(self):
        if any(self._is_enabled(*k) for k in self.armed):
            raise Refused(errno.EBUSY)
        for key in list(self.armed):
            self._remove(*key)

    def remove_events(self):
        """Somebody disabled and removed every event behind the probe's back."""
        for key in list(self.armed):
            self._remove(*key)

    def _list_events(self):
        self.tree.write(TRACING + "/dynamic_events", "".join(e.group(0) + "\n" for e in self.armed.values()))

    # -- a round --

    def _mark(self, instance, text):
        pids = self.tree.read(instance + "/set_event_pid").split()
        lines = [f"            cvmd-1       [000] ..... {self.clock:11.6f}: tracing_mark_write: {text.rstrip()}\n"]
        for (group, name), event in self.armed.items():
            enable = f"{instance}/events/{group}/{name}/enable"
            if pids and self.tree.exists(enable) and self.tree.read(enable).startswith("1"):
                lines += self._lines(pids[0], name, event)
        self._record(self.pipes[instance], "".join(lines), ROUND_MAX)

    def _lines(self, pid, name, event):
        for instance in self.tree.list(DEVICES):
            for relid in self.tree.list(f"{self.vmbus.path(instance)}/channels"):
                channel = self.channels.get(int(relid))
                if channel is None:
                    continue
                self.clock += 0.000321
                values = "".join(f" {field.split('=')[0]}={self._value(field, dict(channel, relid=relid))}"
                                 for field in event["fields"].split())
                yield (f"            cvmd-{pid:<7} [000] ..... {self.clock:11.6f}: {name}: "
                       f"(subchannel_id_show+0x4/0x30){values}\n")

    def _value(self, field, channel):
        return next(show(channel, self.connection) for e, show in EXPRESSIONS if e.search(field))
