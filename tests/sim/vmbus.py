# SPDX-License-Identifier: LGPL-2.1-or-later
"""The VMBus as the kernel shows it in sysfs: devices, drivers, overrides, rings, and their uevents."""

import errno
import os
import uuid

BUS = "sys/bus/vmbus"
DEVICES = BUS + "/devices"
DRIVERS = BUS + "/drivers"
HOST = "sys/devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00"
UNSET = "(null)"
NETWORK = "netlink"  # the interfaces and routes of the machine, as lines of a snapshot
PAGE = 4096
LINK_UP = "0x1003"

# class -> the driver that Linux has for it; drivers/hv/channel_mgmt.c and the drivers' id tables
CLASSES = {
    "network": ("f8615163-df3e-46c5-913f-f2d2f965ed0e", "hv_netvsc"),
    "scsi": ("ba6163d9-04a1-4d29-b605-72e2ffb1dc7f", "hv_storvsc"),
    "ide": ("32412632-86cb-44a2-9b5c-50d1417354f5", "hv_storvsc"),
    "fc": ("2f9bcc4a-0069-4af3-b76b-6fd0be528cda", "hv_storvsc"),
    "pci": ("44c4f61d-4444-4400-9d52-802e27ede19f", "hv_pci"),
    "timesync": ("9527e630-d0ae-497b-adce-e80ab0175caf", "hv_utils"),
    "heartbeat": ("57164f39-9115-4e78-ab55-382f3bd5422d", "hv_utils"),
    "shutdown": ("0e0b6031-5213-4934-818b-38d90ced39db", "hv_utils"),
    "kvp": ("a9a0f4e7-5a45-4d96-b827-8a841e8c03e6", "hv_utils"),
    "vss": ("35fa2e29-ea23-4236-96ae-3a6ebacba440", "hv_utils"),
    "fcopy": ("34d14be3-dee4-41c8-9ae7-6b174977c192", "uio_hv_generic"),
    "balloon": ("525074dc-8985-46e2-8057-a307dc18a502", "hv_balloon"),
    "video": ("da0a7802-e377-4aac-8e77-0558eb1073f8", "hyperv_drm"),
    "keyboard": ("f912ad6d-2b17-48ea-bd65-f927a61c7684", "hyperv_keyboard"),
    "mouse": ("cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a", "hid_hyperv"),
}
SERVICE = "00000400-facb-11e6-bd58-64006a7986d3"  # of hv_sock: its class says which port
CONNECTIONS = "hv_sock"  # the driver that binds connections, and nothing else
DRIVER_OF = {guid: driver for guid, driver in CLASSES.values()}

# readable only while the ring is open
RING_FILES = {"out_mask": "0\n", "in_mask": "0\n", "read_avail": "0\n", "write_avail": "16384\n"}
# what a device's folder holds whether or not a driver is bound; everything else is its driver's
OWN = {"id", "state", "class_id", "device_id", "modalias", "channel_vp_mapping", "vendor", "device", "numa_node",
       "driver_override", "driver", "subsystem", "uevent", "power", "channels"}


class Refused(OSError):
    """The errno with which the kernel answers a write."""

    def __init__(self, number):
        super().__init__(number, os.strerror(number))


class Vmbus:
    def __init__(self, tree, send_event):
        self.tree = tree
        self.send_event = send_event
        self.host = HOST  # where the host's offers appear: beside the devices that are there
        self.dynamic = set()  # (driver, class) by new_id
        self.on_offer = self.on_rescind = lambda *_: None  # who traces what the host says
        self.connections = set()  # instances that are hv_sock's
        self.next_link = 10  # index of the next interface
        self.links = {}  # instance -> the interfaces of it that are gone, by name: their lines
        if tree.exists("sys/bus/vmbus"):
            self._complete()

    # -- what a snapshot may have left out, since it records what decisions need --

    def _complete(self):
        t = self.tree
        t.make_dir(DEVICES)
        t.make_dir(DRIVERS)
        for name in ("drivers_probe", "drivers_autoprobe"):
            if not t.exists(f"{BUS}/{name}"):
                t.write(f"{BUS}/{name}", "1\n" if name == "drivers_autoprobe" else "")
        for driver in t.list(DRIVERS):
            self._complete_driver(driver)
        for instance in t.list(DEVICES):
            device = self.path(instance)
            self.host = os.path.dirname(device)
            if not t.exists(f"{device}/driver_override"):
                t.write(f"{device}/driver_override", UNSET + "\n")
            driver = self.driver(instance)
            if driver:
                self._complete_driver(driver)
                t.link(f"{DRIVERS}/{driver}/{instance}", device)
            for relid in t.list(f"{device}/channels"):
                self._set_ring(device, relid, driver is not None)
            for link in t.list(f"{device}/net"):
                t.write(f"{device}/net/{link}/flags", LINK_UP + "\n")

    def _complete_driver(self, driver):
        self.tree.make_dir(f"{DRIVERS}/{driver}")
        for name in ("bind", "unbind", "new_id", "remove_id"):
            if not self.tree.exists(f"{DRIVERS}/{driver}/{name}"):
                self.tree.write(f"{DRIVERS}/{driver}/{name}", "")

    # -- looking --

    def path(self, instance):
        """The device's own folder: where its link on the bus leads."""
        target = self.tree.link_target(f"{DEVICES}/{instance}")
        if target is None:
            raise Refused(errno.ENODEV)
        return os.path.normpath(os.path.join(DEVICES, target))

    def driver(self, instance):
        target = self.tree.link_target(f"{self.path(instance)}/driver")
        return os.path.basename(target) if target else None

    def override(self, instance):
        text = self.tree.read(f"{self.path(instance)}/driver_override").rstrip("\n")
        return None if text == UNSET else text

    def autoprobes(self):
        """Whether the kernel gives drivers to devices by itself; drivers_probe, bind and new_id do in any case."""
        return self.tree.read(f"{BUS}/drivers_autoprobe").startswith("1")

    def matches(self, instance, driver):
        if instance in self.connections or driver == CONNECTIONS:
            return instance in self.connections and driver == CONNECTIONS  # whatever the override says
        override = self.override(instance)
        if override is not None:
            return override == driver
        class_id = self.class_of(self.path(instance))
        return (driver, class_id) in self.dynamic or DRIVER_OF.get(class_id) == driver

    # -- uevents, in the kernel's order of keys --

    def _event(self, action, path, subsystem, **more):
        devpath = "/" + path.removeprefix("sys/")
        self.send_event(action, devpath, subsystem, more)

    def _device_event(self, action, instance):
        path = self.path(instance)
        more = {}
        if self.driver(instance):
            more["DRIVER"] = self.driver(instance)
        more["MODALIAS"] = self.alias(path)
        self._event(action, path, "vmbus", **more)

    # -- binding --

    def _set_ring(self, device, relid, is_open):
        for name, text in RING_FILES.items():
            path = f"{device}/channels/{relid}/{name}"
            if is_open and (not self.tree.exists(path) or self.tree.link_target(path)):
                self.tree.write(path, text)
            elif not is_open:
                self.tree.fail(path, "EINVAL")

    def bind(self, instance, driver):
        device = self.path(instance)
        self.tree.link(f"{device}/driver", f"{DRIVERS}/{driver}")
        self.tree.link(f"{DRIVERS}/{driver}/{instance}", device)
        for relid in self.tree.list(f"{device}/channels"):
            self._set_ring(device, relid, True)
        for name in self.tree.stashed(instance):
            self.tree.restore(f"{device}/{name}", f"{instance}/{name}")
        if driver == "hv_netvsc":
            self._add_links(device, instance)
        self._device_event("bind", instance)

    # -- interfaces: the kernel's list of them has a line for each --

    def _lines(self):
        return self.tree.read(NETWORK).splitlines() if self.tree.exists(NETWORK) else []

    def _add_links(self, device, instance):
        """Those that it had before, as udev names them; else a new one."""
        lines = self._lines()
        links = self.links.pop(instance, None)
        if not links:
            name = f"eth{self.next_link}"
            links = {name: f"netlink-link {self.next_link} {name} up vf-of=none"}
            self.next_link += 1
        for name, line in links.items():
            if not self.tree.exists(f"{device}/net/{name}"):
                self.tree.make_dir(f"{device}/net/{name}")
                self.tree.write(f"{device}/net/{name}/flags", LINK_UP + "\n")
            lines.append(line)
        self.tree.write(NETWORK, "".join(line + "\n" for line in lines))

    def _remove_links(self, device, instance):
        names = self.tree.list(f"{device}/net")
        gone = {line.split()[2]: line for line in self._lines()
                if line.startswith("netlink-link") and line.split()[2:3] and line.split()[2] in names}
        if names:
            self.links[instance] = gone
            kept = [line for line in self._lines() if line not in gone.values()]
            self.tree.write(NETWORK, "".join(line + "\n" for line in kept))

    def unbind(self, instance):
        device, driver = self.path(instance), self.driver(instance)
        self._remove_links(device, instance)
        for name in self.tree.list(device):
            if name not in OWN:
                self.tree.stash(f"{device}/{name}", f"{instance}/{name}")
        for relid in self.tree.list(f"{device}/channels"):
            self._set_ring(device, relid, False)
        self.tree.remove(f"{DRIVERS}/{driver}/{instance}")
        self.tree.remove(f"{device}/driver")
        self._device_event("unbind", instance)

    def attach(self, instance):
        """What the driver core does with a device that has no driver."""
        for driver in self.tree.list(DRIVERS):
            if self.driver(instance) is None and self.matches(instance, driver):
                self.bind(instance, driver)

    # -- writes to sysfs --

    def write(self, path, text):
        """Returns when the kernel would take the write, raises Refused when it would not."""
        name = os.path.basename(path)
        parent = os.path.dirname(path)
        word = text.removesuffix("\n")
        if name == "flags" and os.path.basename(os.path.dirname(parent)) == "net":
            self.tree.write(path, word + "\n")
        elif name == "driver_override":
            self._write_override(parent, text)
        elif path == f"{BUS}/drivers_probe":
            self.path(word)
            if self.driver(word) is None:
                self.attach(word)
        elif path == f"{BUS}/drivers_autoprobe":
            self.tree.write(path, "0\n" if text.startswith("0") else "1\n")
        elif os.path.dirname(parent) == DRIVERS and name == "unbind":
            if self.driver(word) != os.path.basename(parent):
                raise Refused(errno.ENODEV)
            self.unbind(word)
        elif os.path.dirname(parent) == DRIVERS and name == "bind":
            if not self.matches(word, os.path.basename(parent)):
                raise Refused(errno.ENODEV)
            if self.driver(word):
                raise Refused(errno.EBUSY)
            self.bind(word, os.path.basename(parent))
        elif os.path.dirname(parent) == DRIVERS and name in ("new_id", "remove_id"):
            self._write_id(os.path.basename(parent), word, name == "new_id")
        else:
            raise Refused(errno.EACCES if self.tree.exists(path) else errno.ENOENT)

    def _write_override(self, device, text):
        instance = os.path.basename(device)
        if len(text) >= PAGE - 1:
            raise Refused(errno.EINVAL)
        word = text.split("\n", 1)[0]
        self.tree.write(f"{self.path(instance)}/driver_override", (word or UNSET) + "\n")

    def _write_id(self, driver, class_id, new):
        try:
            class_id = str(uuid.UUID(class_id))
        except ValueError:
            raise Refused(errno.EINVAL) from None
        if new == ((driver, class_id) in self.dynamic):
            raise Refused(errno.EEXIST if new else errno.ENODEV)
        if not new:
            self.dynamic.remove((driver, class_id))  # what is bound stays bound
            return
        self.dynamic.add((driver, class_id))
        self._attach_all(driver)

    # -- the host --

    def add_channel(self, instance, relid, sub):
        device = self.path(instance)
        if sub:
            self.on_offer(instance, self.class_of(device), relid, sub)
        channel = f"{device}/channels/{relid}"
        self.tree.make_dir(channel)
        self.tree.write(f"{channel}/subchannel_id", f"{sub}\n")
        self.tree.write(f"{channel}/cpu", "0\n")
        self._set_ring(device, relid, self.driver(instance) is not None)
        mapping = "".join(f"{r}:0\n" for r in self.tree.list(f"{device}/channels"))
        self.tree.write(f"{device}/channel_vp_mapping", mapping)
        self._event("add", channel, "channels")

    def offer(self, instance, class_id, relid):
        device = f"{self.host}/{instance}"
        if self.tree.exists(f"{DEVICES}/{instance}"):
            raise Refused(errno.EEXIST)
        self.on_offer(instance, class_id, relid, 0)
        self.tree.make_dir(device)
        for name, text in {
            "id": f"{relid}\n",
            "state": "3\n",
            "class_id": "{%s}\n" % class_id,
            "device_id": "{%s}\n" % instance,
            "modalias": "vmbus:%s\n" % uuid.UUID(class_id).bytes_le.hex(),
            "vendor": "0x1414\n",
            "device": "0x0\n",
            "channel_vp_mapping": f"{relid}:0\n",
            "driver_override": UNSET + "\n",
        }.items():
            self.tree.write(f"{device}/{name}", text)
        self.tree.link(f"{device}/subsystem", BUS)
        self.tree.link(f"{DEVICES}/{instance}", device)
        self._device_event("add", instance)
        if self.autoprobes():
            self.attach(instance)
        self.add_channel(instance, relid, 0)

    def alias(self, device):
        if self.tree.exists(f"{device}/modalias"):
            return self.tree.read(f"{device}/modalias").strip()
        class_id = self.tree.read(f"{device}/class_id").strip().strip("{}")  # a recording without it
        return "vmbus:" + uuid.UUID(class_id).bytes_le.hex()

    def class_of(self, device):
        """As it was when the device was made; an offer that came later may have changed its class_id."""
        return str(uuid.UUID(bytes_le=bytes.fromhex(self.alias(device).removeprefix("vmbus:"))))

    def rescind(self, instance):
        device = self.path(instance)
        self.on_rescind(int(self.tree.read(f"{device}/id")))
        if self.driver(instance):
            self.unbind(instance)
        for relid in self.tree.list(f"{device}/channels"):
            self._event("remove", f"{device}/channels/{relid}", "channels")
        # the event is made while the object still answers, and sent when it is gone
        alias = self.alias(device)
        self.tree.remove(f"{DEVICES}/{instance}")
        self.tree.remove(device)
        self.tree.drop_stash(instance)
        self.connections.discard(instance)
        self._event("remove", device, "vmbus", MODALIAS=alias)

    def remove_channel(self, instance, relid):
        channel = f"{self.path(instance)}/channels/{relid}"
        self.tree.remove(channel)
        self._event("remove", channel, "channels")

    # -- modules --

    def register_driver(self, driver):
        self._complete_driver(driver)
        if self.autoprobes():
            self._attach_all(driver)
        self._event("add", f"{DRIVERS}/{driver}", "drivers")

    def _attach_all(self, driver):
        for instance in self.tree.list(DEVICES):
            if self.driver(instance) is None and self.matches(instance, driver):
                self.bind(instance, driver)

    def unregister_driver(self, driver):
        for instance in self.tree.list(DEVICES):
            if self.driver(instance) == driver:
                self.unbind(instance)
        self.tree.remove(f"{DRIVERS}/{driver}")
        self._event("remove", f"{DRIVERS}/{driver}", "drivers")
