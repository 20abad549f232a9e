# SPDX-License-Identifier: LGPL-2.1-or-later
"""What machines hand out of the emulation, and evidence among it, held against tests/check-evidence on this machine."""
import base64
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r'# keep ([\w.-]+) (\S*)$')
BUNDLE = re.compile(r'evidence-([0-9a-f]+)\.cmw$')

# The endorsements come from the outer machine, for the guest has no network.
CHECKS = ['nonce', 'claims', 'binding', 'qualifying-data', 'user-data', 'report-data', 'quote-signature', 'quote-signer',
          'registers', 'ak-certificate', 'snp-signature', 'snp-chain', 'snp-chip']


def made(build):
    return build / 'guest/forge'


def make_roots(build):
    """From the keys that the guest's tree is made with: before it boots, for a build goes on meanwhile."""
    shutil.rmtree(made(build), ignore_errors=True)
    made(build).mkdir(parents=True)
    subprocess.run([build / 'tests/forge/forge-evidence', made(build)], check=True)


class Kept:
    """Files in LOGS that one boot handed out."""

    def __init__(self, logs, name):
        self.logs, self.name, self.files = logs, name, {}

    def take(self, text):
        """Whether the line was `# keep NAME BASE64`."""
        match = LINE.match(text.rstrip())
        if match:
            path = self.logs / f'{self.name}-{match[1]}'
            path.write_bytes(base64.b64decode(match[2]))
            self.files[match[1]] = path
        return bool(match)

    def check(self, build, cases):
        """Lines of TAP about each bundle `evidence-NONCE.cmw`, by the roots of make_roots()."""
        bundles = [(match[1], path) for name, path in self.files.items() if (match := BUNDLE.match(name))]
        if not bundles:
            if '80-attest' in cases:
                yield 'not ok 1 - evidence is handed out'
            return
        for nonce, path in bundles:
            command = [HERE.parent / 'check-evidence', '--nonce', nonce, '--roots', made(build) / 'roots',
                       '--vek', self.files['vek-chain.pem'], path]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.splitlines()
            for number, name in enumerate(CHECKS, 1):
                yield f'{"ok" if f"pass {name}" in said else "not ok"} {number} - evidence: {name}'
            yield from (f'# {line}' for line in said if not line.startswith('pass '))
