# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the tests of clients and protocols share: the choice of the server, one started server for
all tests of a file, waiting without a fixed time.

A test file ends in `sys.exit(client_test.main("what it tests", __name__))` and takes --server PATH,
--oracle and unittest names.
Threads: a test file has one.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server_process import (DEFAULT_ORACLE, DEFAULT_SERVER, HOST, ServerBinary, ServerError,
                            ServerProcess)

CLIENT_TIMEOUT_S = 20.0
EXPIRY_DEADLINE_S = 6.0
POLL_PAUSE_S = 0.05

binary: ServerBinary  # what is tested
server: ServerProcess  # one for all tests that need no options of their own


def eventually(condition: Callable[[], bool], seconds: float = EXPIRY_DEADLINE_S) -> bool:
    """Asks again and again until it is true or the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_PAUSE_S)
    return True


def with_options(test: unittest.TestCase, *options: str, **environment: str) -> ServerProcess:
    """A server of its own for one test."""
    process = ServerProcess(binary, list(options), environment)
    process.start()
    test.addCleanup(process.stop)
    return process


def not_in_older(test: unittest.TestCase, why: str) -> None:
    """Leaves the test out when the oracle is older than what we replace."""
    if binary.is_older:
        test.skipTest(f"memcached {binary.version} {why}")


def ask(process: ServerProcess, request: bytes, end: bytes) -> bytes:
    """One ASCII request on a connection of its own; the answer up to and including `end`."""
    with process.connect(CLIENT_TIMEOUT_S) as connection:
        connection.sendall(request)
        answer = b""
        while not answer.endswith(end):
            received = connection.recv(1 << 16)
            if not received:
                raise ConnectionError(f"closed after {answer!r}")
            answer += received
        return answer


def statistics(process: ServerProcess, what: str = "") -> dict[str, str]:
    lines = ask(process, f"stats {what}".strip().encode() + b"\r\n", b"END\r\n").decode()
    return dict(line.split(" ", 2)[1:] for line in lines.splitlines() if line.startswith("STAT "))


def free_udp_port() -> int:
    """A UDP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class _LinePerTest(unittest.TextTestResult):
    """On stdout a line per test, for programs: `ok name`, `not ok name`, `skip name: why`."""

    @staticmethod
    def _name(test: unittest.TestCase) -> str:
        return ".".join(test.id().split(".")[-2:])

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        print(f"ok {self._name(test)}")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        print(f"not ok {self._name(test)}")

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        print(f"not ok {self._name(test)}")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(f"not ok {self._name(test)}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        print(f"skip {self._name(test)}: {reason}")


def main(what: str, module_name: str, argv: list[str] | None = None) -> int:
    global binary, server
    module = sys.modules[module_name]
    program = Path(sys.argv[0]).name
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"{program}: terminated"))
    parser = argparse.ArgumentParser(description=f"Runs {what} against a cache server.")
    parser.add_argument("tests", nargs="*", help="unittest names; all when left out")
    parser.add_argument("--lines", action="store_true", help="a line per test, for programs")
    parser.add_argument("--server", type=Path, default=DEFAULT_SERVER, metavar="PATH")
    parser.add_argument("--oracle", action="store_true", help="run against memcached instead")
    parser.add_argument("--oracle-path", type=Path, default=DEFAULT_ORACLE, metavar="PATH")
    options = parser.parse_args(argv)
    try:
        binary = (ServerBinary.oracle(options.oracle_path) if options.oracle
                  else ServerBinary.ours(options.server))
        server = ServerProcess(binary)
        server.start()
    except ServerError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    loader = unittest.defaultTestLoader
    suite = (loader.loadTestsFromNames(options.tests, module) if options.tests
             else loader.loadTestsFromModule(module))
    try:
        result = unittest.TextTestRunner(
            verbosity=1, resultclass=_LinePerTest if options.lines else None).run(suite)
    finally:
        complaint = server.stop()
    if complaint is not None:
        print(f"{program}: the server {complaint}", file=sys.stderr)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{result.testsRun} tests, {what}{skipped}  ({binary.label})")
    return 0 if result.wasSuccessful() and complaint is None else 1
