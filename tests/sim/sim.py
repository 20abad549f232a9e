#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for the kernel and the host, over an expanded snapshot.

    sim.py SNAPSHOT --root DIR --socket PATH --control PATH [--no-tracefs] [--no-fprobe] [--no-kprobe] [--lockdown]
           [--event-buffer BYTES] [--boot-trace CLOCK]

Lays SNAPSHOT out below DIR (which it makes), then serves two sockets, SOCK_SEQPACKET both: --socket speaks the
protocol of lib/base/sysroot-simulated.c and behaves like the kernel; --control takes orders, one JSON object
a message, as whoever else can change a guest: its host, its root, and whatever breaks. Prints "ready" when it listens.
"""

import argparse
import errno
import fnmatch
import json
import os
import selectors
import signal
import socket
import struct
import sys

from snapshot import Malformed, Snapshot
from tracing import TRACING, Tracing
from tree import Tree
from tsm import REPORTS, Tsm
from vmbus import CLASSES, Refused, Vmbus

MESSAGE_MAX = 65536


def version_of(text):
    """"6.0" as the kernel keeps it."""
    major, _, minor = text.partition(".")
    return int(major) << 16 | int(minor or 0) if major.isdigit() else 0


def peer_of(connection):
    """The process at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[0]


class Simulator:
    def __init__(self, options):
        snapshot = Snapshot(options.snapshot)
        snapshot.expand(options.root)
        self.selector = selectors.DefaultSelector()
        self.subscribers = []
        self.subscriber_pid = None  # the last one
        self.sequence = 1000
        self.muted = False
        self.event_buffer = options.event_buffer
        self.requests = []      # every one that a client made: [verb, path, text]
        self.misbehaviour = []  # {"how", "path", "text", "skip", "times", ...}: the first that fits counts
        self.hanging = []       # (connection, request, errno or None while not done): nobody answers these yet
        self.tree = Tree(options.root)
        self.tree.make_dir("sys/kernel")
        self.vmbus = Vmbus(self.tree, self.send_event)
        self.tsm = Tsm(self.tree)
        self.channels = {r: c for r, c in snapshot.channels.items() if c["source"] != "none"}
        self.lockdown = options.lockdown
        self.tracing = None
        if not options.no_tracefs:
            connection = {
                "version": version_of(snapshot.connection.get("version", "6.0")),
                "confidential": int(snapshot.connection.get("confidential", "yes") == "yes"),
            }
            types = ("" if options.no_fprobe else "f") + ("" if options.no_kprobe else "p")
            self.tracing = Tracing(self.tree, self.vmbus, self.channels, connection, types)
            if options.boot_trace:
                self.tracing.boot_trace(options.boot_trace)

    # -- uevents --

    def send_event(self, action, devpath, subsystem, more):
        self.sequence += 1
        self.tree.write("sys/kernel/uevent_seqnum", f"{self.sequence}\n")
        keys = {"ACTION": action, "DEVPATH": devpath, "SUBSYSTEM": subsystem, **more, "SEQNUM": self.sequence}
        strings = [f"{action}@{devpath}"] + [f"{k}={v}" for k, v in keys.items()]
        if not self.muted:
            self.send_raw("".join(s + "\0" for s in strings))

    def send_raw(self, text):
        for subscriber in list(self.subscribers):
            try:
                subscriber.send(text.encode("latin-1"), socket.MSG_DONTWAIT)
            except OSError:
                self.forget(subscriber)

    def forget(self, connection):
        if connection.fileno() < 0:  # forgotten by an earlier event of the same round
            return
        self.selector.unregister(connection)
        connection.close()
        if connection in self.subscribers:
            self.subscribers.remove(connection)

    # -- the kernel: requests of a sysroot --

    def serve(self, connection):
        try:
            message = connection.recv(MESSAGE_MAX)
        except OSError:
            message = b""
        if not message:
            self.forget(connection)
            return
        verb, path, text = message.decode("latin-1").split("\0", 2)
        if verb == "subscribe":
            connection.send(b"0")
            if self.event_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.event_buffer)
            self.subscribers.append(connection)
            self.subscriber_pid = peer_of(connection)
            return
        request = verb, os.path.normpath(path), text
        self.requests.append(request)
        if self.misbehaves(connection, request):
            return
        self.answer(connection, self.perform(request))

    def answer(self, connection, number):
        try:
            connection.send(str(number).encode())
        except OSError:
            pass  # whoever asked was killed meanwhile
        self.forget(connection)

    def misbehaves(self, connection, request):
        _, path, text = request
        for m in self.misbehaviour:
            if not fnmatch.fnmatch(path, m["path"]) or not fnmatch.fnmatch(text, m["text"]) or m["times"] == 0:
                continue
            if m["skip"] > 0:
                m["skip"] -= 1
                continue
            m["times"] -= 1
            if m["offer"]:
                self.do_offer(**m["offer"])
            if m["how"] == "fail":
                self.answer(connection, getattr(errno, m["errno"]))
            elif m["how"] == "lie":
                self.answer(connection, 0)
            elif m["how"] == "vanish":
                number = self.perform(request)
                self.vmbus.rescind(m["instance"])
                self.answer(connection, number)
            elif m["how"] == "kill":
                number = self.perform(request) if m["late"] else 0
                os.kill(self.subscriber_pid if m["daemon"] else peer_of(connection), signal.SIGKILL)
                if m["daemon"] and not m["late"]:
                    number = self.perform(request)  # whoever it was that asked, the kernel has its write
                self.answer(connection, number)
            else:
                self.hanging.append((connection, request, self.perform(request) if m["late"] else None))
            return True
        return False

    def perform(self, request):
        """The errno with which the kernel would answer."""
        verb, path, text = request
        try:
            if path.startswith(TRACING):
                self.trace(verb, path, text)
            elif path.startswith(REPORTS) and verb in ("mkdir", "rmdir"):
                (self.tsm.make_dir if verb == "mkdir" else self.tsm.remove_dir)(path)
            elif verb in ("write", "truncate"):
                self.vmbus.write(path, text)
            else:
                raise Refused(errno.EPERM)
        except OSError as e:
            return e.errno
        return 0

    def trace(self, verb, path, text):
        if self.lockdown:
            raise Refused(errno.EPERM)
        if self.tracing is None:
            raise Refused(errno.ENOENT)
        if verb == "mkdir":
            self.tracing.make_dir(path)
        elif verb == "rmdir":
            self.tracing.remove_dir(path)
        else:
            self.tracing.write(path, text, verb == "truncate")

    # -- everybody else: orders --

    def obey(self, connection):
        message = connection.recv(MESSAGE_MAX)
        if not message:
            self.forget(connection)
            return
        order = json.loads(message)
        try:
            result = getattr(self, "do_" + order.pop("do"))(**order)
            reply = {"result": result}
        except (AttributeError, KeyError, TypeError, OSError) as e:
            reply = {"error": f"{type(e).__name__}: {e}"}
        connection.send(json.dumps(reply).encode())

    def set_channel(self, relid, flags):
        """flags: {"ring": 0 or 1, "dma": 0 or 1, "hvsock": 0 or 1}, or None for a channel that no probe sees."""
        self.channels.pop(relid, None)
        if flags is not None:
            ring, dma = flags.get("ring", 0), flags.get("dma", 0)
            bits = ring * 2 | dma * 4 | flags.get("hvsock", 0) * 0x2000
            self.channels[relid] = {"flags": hex(bits), "ring": str(ring), "dma": str(dma)}

    def do_offer(self, instance, relid, flags=None, **device):
        class_id = CLASSES[device["class"]][0] if device["class"] in CLASSES else device["class"]
        self.set_channel(relid, flags)
        if flags and flags.get("hvsock"):
            self.vmbus.connections.add(instance)
        self.vmbus.offer(instance, class_id, relid)

    def do_rescind(self, instance):
        self.vmbus.rescind(instance)

    def do_reoffer(self, instance, relid, flags=None):
        """The host takes a device away and offers it again: a new object of the same name."""
        device = self.vmbus.path(instance)
        class_id = self.tree.read(f"{device}/class_id").strip().strip("{}")
        self.vmbus.rescind(instance)
        self.set_channel(relid, flags)
        self.vmbus.offer(instance, class_id, relid)

    def do_add_channel(self, instance, relid, sub, flags=None):
        self.set_channel(relid, flags)
        self.vmbus.add_channel(instance, relid, sub)

    def do_remove_channel(self, instance, relid):
        self.vmbus.remove_channel(instance, relid)

    def do_register_driver(self, driver):
        self.vmbus.register_driver(driver)

    def do_unregister_driver(self, driver):
        self.vmbus.unregister_driver(driver)

    def do_write(self, path, text):
        """As somebody with a shell would; gives the errno. Misbehaviour does not apply."""
        return self.perform(("write", path, text))

    def do_load_tsm(self, provider):
        self.tsm.load(provider)

    def do_put(self, path, text):
        """What a file says from now on, of which no uevent tells: a table of mounts, the network."""
        self.tree.make_dir(os.path.dirname(path))
        self.tree.write(path, text)

    def do_fail_read(self, path, errno="EIO"):
        """Reading that file fails, until it is put again."""
        self.tree.fail(path, errno)

    def do_remove_probe_events(self):
        self.tracing.remove_events()

    def do_misbehave(self, how, path, text="*", errno="EIO", skip=0, times=-1, instance=None, late=False,
                     daemon=False, offer=None):
        """Beginning with the request after `skip` ones that fit, for `times` of them; how:
        fail (with errno), lie (success, and nothing done), hang (until behave, before it is done or `late`, after),
        vanish (the device, after it), kill (who asks, or the `daemon` that subscribed, likewise). At that moment the
        host makes that offer as well."""
        self.misbehaviour.append({"how": how, "path": path, "text": text, "errno": errno, "skip": skip, "times": times,
                                  "instance": instance, "late": late, "daemon": daemon, "offer": offer})

    def do_behave(self):
        """No more misbehaviour; what hangs goes on."""
        self.misbehaviour.clear()
        hanging, self.hanging = self.hanging, []
        for connection, request, number in hanging:
            self.answer(connection, self.perform(request) if number is None else number)

    def do_batch(self, orders):
        """Many orders in a row, while nobody else gets a turn."""
        for order in orders:
            getattr(self, "do_" + order.pop("do"))(**order)

    def do_mute(self, on):
        """Uevents get lost, and nobody is told."""
        self.muted = on

    def do_lose(self):
        """Uevents get lost, and the subscribers are told."""
        for subscriber in list(self.subscribers):
            self.forget(subscriber)

    def do_send_raw(self, text):
        self.send_raw(text)

    def do_requests(self):
        return self.requests

    def do_hanging(self):
        return [request for _, request, _ in self.hanging]

    def do_subscribers(self):
        return len(self.subscribers)

    # -- serving --

    def listen(self, path, handler):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(path)
        listener.listen(64)
        self.selector.register(listener, selectors.EVENT_READ, lambda l: self.accept(l, handler))

    def accept(self, listener, handler):
        connection, _ = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, handler)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj.fileno() >= 0:  # else somebody before it in this round has closed it
                    key.data(key.fileobj)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("snapshot", help="the guest to stand in for")
    parser.add_argument("--root", required=True, help="folder to make and lay the guest out in")
    parser.add_argument("--socket", required=True, help="where cvmd's sysroot connects")
    parser.add_argument("--control", required=True, help="where orders come from")
    parser.add_argument("--no-tracefs", action="store_true", help="a kernel without tracefs")
    parser.add_argument("--no-fprobe", action="store_true", help="a kernel without fprobe events")
    parser.add_argument("--no-kprobe", action="store_true", help="a kernel without kprobe events")
    parser.add_argument("--event-buffer", type=int, metavar="BYTES", help="so many bytes of uevents wait at most")
    parser.add_argument("--boot-trace", metavar="CLOCK", help="offers were traced since boot, by that clock")
    parser.add_argument("--lockdown", action="store_true", help="tracefs refuses every change")
    options = parser.parse_args()
    try:
        simulator = Simulator(options)
        simulator.listen(options.socket, simulator.serve)
        simulator.listen(options.control, simulator.obey)
    except (OSError, Malformed) as e:
        sys.exit(f"sim: {e}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    simulator.run()


if __name__ == "__main__":
    main()
