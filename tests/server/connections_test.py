# SPDX-License-Identifier: LGPL-3.0-or-later
"""How long connections may wait, and how many there may be: -o idle_timeout, -o no_maxconns_fast."""

import subprocess
import time
import unittest
from pathlib import Path

from limits_test import receive, still_serves  # beside this file
from server_process import ServerProcess

BINARY = None  # set by run.py
DEADLINE_S = 20.0
VERSION = b"VERSION 1.6.45\r\n"


def closed_after(connection, since):
    """Seconds from `since` until the server closes."""
    connection.settimeout(DEADLINE_S)
    assert connection.recv(1) == b""
    return time.monotonic() - since


class Idle(unittest.TestCase):
    def test_a_client_without_commands_is_let_go(self):
        with ServerProcess(BINARY, ["-o", "idle_timeout=1"]) as server, \
                server.connect() as silent, server.connect() as served:
            served.sendall(b"version\r\n")
            receive(served, len(VERSION))
            began = time.monotonic()
            self.assertGreater(closed_after(silent, began), 0.5)
            self.assertLess(closed_after(served, began), 10)
            still_serves(self, server)

    def test_commands_keep_a_client(self):
        with ServerProcess(BINARY, ["-o", "idle_timeout=2"]) as server, \
                server.connect() as connection:
            for _ in range(25):
                connection.sendall(b"version\r\n")
                self.assertEqual(receive(connection, len(VERSION)), VERSION)
                time.sleep(0.2)

    def test_without_the_option_nobody_is_let_go(self):
        with ServerProcess(BINARY) as server, server.connect() as connection:
            connection.settimeout(3)
            with self.assertRaises(TimeoutError):
                connection.recv(1)
            still_serves(self, server)


class Full(unittest.TestCase):
    """-c 40 -t 1 leaves 27 places."""

    OPTIONS = ["-c", "40", "-t", "1", "-o", "no_maxconns_fast"]
    PLACES = 27

    def test_one_too_many_waits_for_a_place(self):
        with ServerProcess(BINARY, self.OPTIONS) as server:
            clients = []
            for _ in range(self.PLACES):
                clients.append(server.connect())
                clients[-1].sendall(b"version\r\n")
                self.assertEqual(receive(clients[-1], len(VERSION)), VERSION)
            waiting = [server.connect() for _ in range(5)]
            for connection in waiting:
                connection.sendall(b"version\r\n")
                connection.settimeout(0.3)
                with self.assertRaises(TimeoutError):
                    connection.recv(1)
            # Whoever goes makes room for the next, in any order.
            for connection in clients[:len(waiting)]:
                connection.close()
            for connection in waiting:
                connection.settimeout(DEADLINE_S)
                self.assertEqual(receive(connection, len(VERSION)), VERSION)
            clients[-1].sendall(b"stats\r\n")
            clients[-1].settimeout(DEADLINE_S)
            reply = b""
            while not reply.endswith(b"END\r\n"):
                reply += clients[-1].recv(65536)
            self.assertNotRegex(reply, rb"rejected_connections [1-9]")
            for connection in clients[len(waiting):] + waiting:
                connection.close()
            still_serves(self, server)

    def test_stopping_while_clients_wait(self):
        with ServerProcess(BINARY, self.OPTIONS) as server:
            clients = [server.connect() for _ in range(self.PLACES + 3)]
            time.sleep(0.2)
            self.assertIsNone(server.stop())
            for connection in clients:
                connection.close()

    def test_churn_at_the_limit_leaves_nothing_behind(self):
        with ServerProcess(BINARY, self.OPTIONS) as server:
            descriptors = Path(f"/proc/{server.pid}/fd")
            before = len(list(descriptors.iterdir()))
            for _ in range(20):
                clients = [server.connect() for _ in range(self.PLACES + 10)]
                for connection in clients:
                    connection.close()
            still_serves(self, server)
            end = time.monotonic() + DEADLINE_S
            while len(list(descriptors.iterdir())) > before:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)


def load_tests(loader, tests, pattern):
    """Only where the build has the options."""
    refused = subprocess.run([str(BINARY.path), "-o", "idle_timeout=1", "-V"], capture_output=True)
    return tests if refused.returncode == 0 else unittest.TestSuite()
