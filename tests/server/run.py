#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Tests of the server as a process: run.py [--server PATH] [unittest arguments]."""

import argparse
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import server_process  # noqa: E402
import connections_test  # noqa: E402
import lifecycle_test  # noqa: E402
import limits_test  # noqa: E402
import memory_test  # noqa: E402
import service_test  # noqa: E402
import streaming_test  # noqa: E402
import tls_test  # noqa: E402
import unix_socket_test  # noqa: E402

MODULES = (lifecycle_test, limits_test, memory_test, connections_test, service_test, streaming_test,
           tls_test, unix_socket_test)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, default=server_process.DEFAULT_SERVER)
    options, rest = parser.parse_known_args(argv)
    binary = server_process.ServerBinary.ours(options.server)
    for module in MODULES:
        module.BINARY = binary
    loader = unittest.defaultTestLoader
    if rest:
        tests = loader.loadTestsFromNames(rest)
    else:
        tests = unittest.TestSuite(loader.loadTestsFromModule(module) for module in MODULES)
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
