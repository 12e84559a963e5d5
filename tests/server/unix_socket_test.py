# SPDX-License-Identifier: LGPL-3.0-or-later
"""-s: a socket in the file system in place of a port."""

import os
import pwd
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from limits_test import receive, receive_all, stats  # beside this file
from server_process import ServerProcess, free_port

BINARY = None  # set by run.py
DEADLINE_S = 20.0


class UnixSocket(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        # The server may be another user than we are.
        os.chmod(self.folder.name, 0o777)
        self.path = Path(self.folder.name) / "rat.sock"

    def server(self, *options, **more):
        return ServerProcess(BINARY, list(options), unix_socket=self.path, **more)

    def test_set_and_get(self):
        with self.server() as server, server.connect() as connection:
            big = bytes(range(256)) * 2000
            connection.sendall(b"set a 0 0 1\r\n1\r\nset b 0 0 %d\r\n" % len(big) + big + b"\r\n")
            self.assertEqual(receive(connection, 16), b"STORED\r\nSTORED\r\n")
            connection.sendall(b"get a b\r\n")
            expected = b"VALUE a 0 1\r\n1\r\nVALUE b 0 %d\r\n" % len(big) + big + b"\r\nEND\r\n"
            self.assertTrue(receive(connection, len(expected)) == expected)
            connection.sendall(b"quit\r\n")
            self.assertEqual(receive_all(connection), b"")

    def test_mode(self):
        for options, mode in (([], 0o700), (["-a", "0755"], 0o755), (["-a", "777"], 0o777)):
            with self.subTest(options=options), self.server(*options):
                self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), mode)
                self.assertEqual(self.path.stat().st_uid, os.geteuid())

    def test_left_over_file(self):
        with self.server() as server:
            os.kill(server.pid, signal.SIGKILL)
        self.assertTrue(stat.S_ISSOCK(self.path.stat().st_mode))
        with self.server() as server:
            server.stop()
            # It stays, as memcached's does.
            self.assertTrue(stat.S_ISSOCK(self.path.stat().st_mode))

    def refused(self, path):
        user = ["-u", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []
        result = subprocess.run([str(BINARY.path), *user, "-s", str(path)], capture_output=True,
                                text=True, timeout=DEADLINE_S)
        self.assertEqual(result.returncode, 71, result.stderr)
        self.assertIn("failed to listen on UNIX socket", result.stderr)
        self.assertIn("-s", result.stderr)

    def test_no_file_but_a_socket_is_removed(self):
        self.path.write_text("precious")
        self.refused(self.path)
        self.assertEqual(self.path.read_text(), "precious")

    def test_paths_that_cannot_be(self):
        self.refused(Path(self.folder.name) / ("x" * 200))
        self.refused(Path(self.folder.name) / "no-such-folder" / "rat.sock")

    def test_nothing_else_is_listened_on(self):
        port = free_port()
        port_file = Path(self.folder.name) / "port"
        with self.server("-p", str(port),
                         environment={"MEMCACHED_PORT_FILENAME": str(port_file)}):
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1)
            self.assertFalse(port_file.exists())

    @unittest.skipIf(os.geteuid() != 0, "only root can change the user")
    def test_the_file_belongs_to_the_user(self):
        process = subprocess.Popen([str(BINARY.path), "-u", "nobody", "-s", str(self.path)])
        try:
            end = time.monotonic() + DEADLINE_S
            while not self.path.exists():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.005)
            self.assertEqual(self.path.stat().st_uid, pwd.getpwnam("nobody").pw_uid)
        finally:
            process.terminate()
            process.wait(DEADLINE_S)

    def test_idle_clients_may_stay(self):
        with self.server("-o", "idle_timeout=1") as server, server.connect() as connection:
            connection.sendall(b"version\r\n")
            receive(connection, 16)
            connection.settimeout(4)
            with self.assertRaises(TimeoutError):
                connection.recv(1)
            self.assertEqual(stats(server)["idle_kicks"] if "idle_kicks" in stats(server) else "0",
                             "0")


def load_tests(loader, tests, pattern):
    """Only where the build has the option."""
    shown = subprocess.run([str(BINARY.path), "-h"], capture_output=True, text=True).stdout
    return tests if "--unix-socket" in shown else unittest.TestSuite()
