# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines with as many devices as one likes: a recorded guest for cvmd, USB sticks for umockdev."""
import struct
import uuid

NETWORK = uuid.UUID('f8615163-df3e-46c5-913f-f2d2f965ed0e')
BUS = 'sys/devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00'
DRIVER = 'sys/bus/vmbus/drivers/hv_netvsc'
CPUID = """\
cpuid 0x00000000 0 00000010 68747541 444d4163 69746e65
cpuid 0x00000001 0 00a00f11 00040800 fed83203 178bfbff
cpuid 0x40000000 0 4000000c 7263694d 666f736f 76482074
cpuid 0x40000001 0 31237648 00000000 00000000 00000000
cpuid 0x40000003 0 00002e7f 00400030 00000002 00be07b2
cpuid 0x4000000c 0 00000001 00000ba2 00000000 00000000
cpuid 0x40000080 0 40000082 7263694d 666f736f 53562074
cpuid 0x40000081 0 31235356 00000000 00000000 00000000
cpuid 0x40000082 0 00000008 00000000 00000000 00000000
"""


def guest(n):
    """A snapshot of an SNP guest with n network devices, all on confidential channels, all bound."""
    lines = ['cvmd-snapshot 1', CPUID.rstrip(), 'kmsg "hv_vmbus: Vmbus version:6.0"',
             'connection version=6.0 confidential=yes kernel-support=yes', f'dir {DRIVER}']
    for number in range(1, n + 1):
        instance = uuid.uuid5(NETWORK, str(number))
        device, relid = f'{BUS}/{instance}', 10 + number
        attributes = {
            'id': str(relid), 'class_id': f'{{{NETWORK}}}', 'device_id': f'{{{instance}}}', 'state': '3',
            'vendor': '0x1414', 'device': '0x3', 'driver_override': '(null)',
            f'channels/{relid}/subchannel_id': '0', f'channels/{relid}/out_mask': '0',
        }
        lines += [f'file {device}/{name} 0444 "{value}\\n"' for name, value in attributes.items()]
        lines += [f'symlink {device}/driver ../../../../../bus/vmbus/drivers/hv_netvsc',
                  f'symlink {DRIVER}/{instance} ../../../../devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/{instance}',
                  f'symlink sys/bus/vmbus/devices/{instance} ../../../devices/LNXSYSTM:00/LNXSYBUS:00/VMBUS:00/{instance}',
                  f'channel {relid} flags=0x2 ring=1 dma=0 source=kernel-probe']
    return '\n'.join(lines) + '\n'


def usb_device(path, number, vendor, product, name, serial, device_class):
    """One device in umockdev's format, with every attribute that usbguard asks for."""
    descriptors = struct.pack('<BBHBBBBHHHBBBB', 18, 1, 0x200, device_class, 0, 0, 64, vendor, product, 0x100, 1, 2, 3, 1)
    descriptors += struct.pack('<BBHBBBBB', 9, 2, 18, 1, 1, 0, 0x80, 50)
    descriptors += struct.pack('<BBBBBBBBB', 9, 4, 0, 0, 0, device_class or 8, 6, 0x50, 0)
    attributes = {
        'idVendor': f'{vendor:04x}', 'idProduct': f'{product:04x}', 'product': name, 'serial': serial,
        'bDeviceClass': f'{device_class:02x}', 'busnum': '1', 'devnum': str(number), 'authorized': '1',
        'authorized_default': '1', 'remove': '', 'port/connect_type': 'hotplug',
    }
    return '\n'.join([
        f'P: {path}', f'N: bus/usb/001/{number:03d}', f'E: DEVNAME=/dev/bus/usb/001/{number:03d}',
        'E: SUBSYSTEM=usb', 'E: DEVTYPE=usb_device', 'E: DRIVER=usb', 'E: BUSNUM=001', f'E: DEVNUM={number:03d}',
        f'E: PRODUCT={vendor:x}/{product:x}/100', f'E: TYPE={device_class}/0/0',
        *(f'A: {key}={value}\\n' for key, value in attributes.items()),
        f'H: descriptors={descriptors.hex().upper()}', '', ''])


def usb(n):
    """n USB devices: a root hub and n - 1 sticks."""
    controller = '/devices/pci0000:00/0000:00:14.0'
    hub = f'{controller}/usb1'
    text = f'P: {controller}\nE: SUBSYSTEM=pci\nE: DRIVER=xhci_hcd\nE: PCI_SLOT_NAME=0000:00:14.0\nA: vendor=0x8086\\n\n\n'
    text += usb_device(hub, 1, 0x1d6b, 2, 'xHCI Host Controller', '0000:00:14.0', 9)
    for number in range(1, n):
        text += usb_device(f'{hub}/1-{number}', number + 1, 0x1234, number, f'Stick {number}', f'S{number:04d}', 0)
    return text
