# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian packages in a guest with a disk that keeps what is done to it: one boot a stage, each with the initrd that the
guest made in the stage before."""
import collections
import gzip
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE_CASE = 'package'
STAGES = ['package-install', 'package-work', 'package-removed']
BLOCK = 512

# What the host offers once hvsim is loaded, by the initrd: RELID/CLASS/INSTANCE/FLAGS. cases/early.sh names them.
OFFERS = ','.join(['100/f8615163-df3e-46c5-913f-f2d2f965ed0e/00000000-0000-4000-8000-000000000070/0',
                   '101/f8615163-df3e-46c5-913f-f2d2f965ed0e/00000000-0000-4000-8000-000000000071/2',
                   '102/57164f39-9115-4e78-ab55-382f3bd5422d/00000000-0000-4000-8000-000000000072/0'])


def copy_disk(source, target):
    """Holes stay holes."""
    subprocess.run(['cp', '--sparse=always', '--reflink=auto', source, target], check=True)
    return target


def build_packages(build, logs):
    """Into build/deb, and a next version into build/deb/next; false, saying so, when that fails."""
    log = logs / 'packages.log'
    with log.open('w') as output:
        status = subprocess.run([HERE.parent / 'package/build', build / 'deb'], stdout=output,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode
    if status:
        print(f'not ok - the packages are built: see {log}', flush=True)
    return status == 0


def lay_kernel(tree, release):
    """What a kernel's package would leave there: update-initramfs makes initrds for kernels that are installed."""
    (tree / 'boot').mkdir()
    for name in ('vmlinuz', 'initrd.img'):
        (tree / f'boot/{name}-{release}').touch()
    (tree / f'boot/config-{release}').write_text('CONFIG_RD_GZIP=y\n')


def lay_stage(tree, stage, release, build):
    """Beside the cases: how initrds are made there, the packages, and that it powers off."""
    shutil.copytree(HERE / 'initrd/initramfs-tools', tree, dirs_exist_ok=True)
    (tree / 'etc/modprobe.d').mkdir()
    (tree / 'etc/modprobe.d/hvsim.conf').write_text(f'options hvsim confidential=1 offers={OFFERS}\n')
    (tree / 'tests/power-off').touch()
    if stage == STAGES[0]:
        lay_kernel(tree, release)
    for number, folder in enumerate([build / 'deb', build / 'deb/next']):
        to = tree / 'tests/packages' / str(number)
        to.mkdir(parents=True)
        for package in folder.glob('*.deb'):
            shutil.copy(package, to)
    shutil.copy(HERE.parents[1] / 'debian/tests/installed', tree / 'tests/cases')


def take_initrd(disk, release, target):
    """The one that the guest has on its disk, unpacked: undoing it in emulation takes long."""
    packed = target.with_suffix('.gz')
    subprocess.run(['/usr/sbin/debugfs', '-R', f'dump /boot/initrd.img-{release} {packed}', disk], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = gzip.decompress(packed.read_bytes())
    target.write_bytes(text + bytes(-len(text) % BLOCK))
    return target


def package_boots(rig, release, build, logs, add_cases, boot):
    """Each stage as long as the one before it went well; returns the counts. BOOT takes a tree, an initrd and a disk."""
    total, initrd, disk = collections.Counter(), None, logs / 'package.disk'
    logs.mkdir(exist_ok=True)
    if not build_packages(build, logs):
        return collections.Counter(failed=1)
    copy_disk(rig / 'guest.img', disk)
    for stage in STAGES:
        tree = logs / stage
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        add_cases(build, tree, [stage])
        lay_stage(tree, stage, release, build)
        total += boot(tree, initrd, disk)
        if total['failed']:
            break
        try:
            initrd = take_initrd(disk, release, logs / 'package.initrd')
        except (OSError, EOFError) as e:
            print(f'not ok - {stage} leaves an initrd: {e}', flush=True)
            return total + collections.Counter(failed=1)
    return total
