# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the test_ functions of a file, in order, as the Test Anything Protocol. Arguments: CVMD CVMCTL [NAME...]."""

import sys
import traceback

from harness import Programs, Skip


def main(names):
    tests = [f for name, f in names.items() if name.startswith("test_")]
    Programs.cvmd, Programs.cvmctl, *wanted = sys.argv[1:]
    tests = [t for t in tests if not wanted or t.__name__ in wanted]
    failed = False
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_").replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as e:
            print(f"ok {number} - {name} # SKIP {e}", flush=True)
        except Exception:  # whatever goes wrong in a test is that test's failure
            failed = True
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} - {name}", flush=True)
    sys.exit(failed)
