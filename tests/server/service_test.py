# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a service manager does with a server: sockets given to it, and being told how it is."""

import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from limits_test import receive  # beside this file
from server_process import HOST

BINARY = None  # set by run.py
DEADLINE_S = 20.0
VERSION = b"VERSION 1.6.45\r\n"
FIRST_INHERITED = 3


def user_option():
    return ["-u", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []


def start(*options, sockets=(), notify=None, pid=None):
    """A server to which `sockets` are handed on, as systemd would."""
    arguments = [str(BINARY.path), *user_option(), *options]
    child = os.fork()
    if child == 0:
        try:
            environment = dict(os.environ)
            if sockets:
                # Out of the way first: one may lie where another has to go.
                kept = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
                for i, handle in enumerate(kept):
                    os.dup2(handle, FIRST_INHERITED + i, inheritable=True)
                    os.close(handle)
                environment["LISTEN_FDS"] = str(len(sockets))
                environment["LISTEN_PID"] = str(pid or os.getpid())
            if notify is not None:
                environment["NOTIFY_SOCKET"] = notify
            os.execve(arguments[0], arguments, environment)
        finally:
            os._exit(99)
    return child


def stop(child):
    os.kill(child, signal.SIGTERM)
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "killed"


class Service(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def ask(self, family, address):
        with socket.socket(family) as connection:
            connection.settimeout(DEADLINE_S)
            connection.connect(address)
            connection.sendall(b"version\r\n")
            self.assertEqual(receive(connection, len(VERSION)), VERSION)

    def listening(self, family, address):
        ours = socket.socket(family)
        ours.bind(address)
        ours.listen(10)
        self.addCleanup(ours.close)
        return ours

    def test_inherited_sockets(self):
        path = str(Path(self.folder.name) / "given.sock")
        tcp = self.listening(socket.AF_INET, (HOST, 0))
        unix = self.listening(socket.AF_UNIX, path)
        # A client may be there before the server.
        with socket.create_connection(tcp.getsockname(), timeout=DEADLINE_S) as early:
            early.sendall(b"version\r\n")
            child = start("-p", "-1", sockets=(tcp, unix))
            try:
                self.assertEqual(receive(early, len(VERSION)), VERSION)
                self.ask(socket.AF_INET, tcp.getsockname())
                self.ask(socket.AF_UNIX, path)
            finally:
                self.assertEqual(stop(child), 0)

    def test_sockets_meant_for_another_process_are_let_be(self):
        tcp = self.listening(socket.AF_INET, (HOST, 0))
        notify, state = self.notify_socket()
        child = start("-p", "-1", sockets=(tcp,), pid=1, notify=notify)
        try:
            self.assertIn(b"READY=1", state.recv(1000))
            with socket.create_connection(tcp.getsockname(), timeout=DEADLINE_S) as connection:
                connection.settimeout(0.5)
                connection.sendall(b"version\r\n")
                with self.assertRaises(TimeoutError):
                    connection.recv(1)
        finally:
            self.assertEqual(stop(child), 0)

    def notify_socket(self, name=None):
        address = name or str(Path(self.folder.name) / "notify")
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.bind(address if name is None else "\0" + name[1:])
        if name is None:
            os.chmod(address, 0o777)
        ours.settimeout(DEADLINE_S)
        self.addCleanup(ours.close)
        return address, ours

    def test_it_says_when_it_serves_and_when_it_stops(self):
        os.chmod(self.folder.name, 0o777)
        for name in (None, f"@rat-test-{os.getpid()}"):
            with self.subTest(name=name):
                address, state = self.notify_socket(name)
                child = start("-p", "-1", notify=address)
                try:
                    self.assertEqual(state.recv(1000), b"READY=1")
                finally:
                    self.assertEqual(stop(child), 0)
                self.assertEqual(state.recv(1000), b"STOPPING=1")

    def test_nobody_listens_to_what_it_says(self):
        nobody = str(Path(self.folder.name) / "nobody")
        tcp = self.listening(socket.AF_INET, (HOST, 0))
        child = start("-p", "-1", sockets=(tcp,), notify=nobody)
        try:
            self.ask(socket.AF_INET, tcp.getsockname())
        finally:
            self.assertEqual(stop(child), 0)


class Privileges(unittest.TestCase):
    def has_options(self):
        return subprocess.run([str(BINARY.path), "-k", "-r", "-V"],
                              capture_output=True).returncode == 0

    def test_memory_is_locked_and_cores_are_allowed(self):
        if not self.has_options():
            self.skipTest("this build has no -k and -r")
        with socket.socket() as tcp:
            tcp.bind((HOST, 0))
            tcp.listen(10)
            child = start("-k", "-r", "-m", "64", "-p", "-1", sockets=(tcp,))
            try:
                with socket.create_connection(tcp.getsockname(), timeout=DEADLINE_S) as connection:
                    connection.sendall(b"version\r\n")
                    self.assertEqual(receive(connection, len(VERSION)), VERSION)
                    for i in range(200):
                        connection.sendall(b"set k%d 0 0 10000\r\n" % i + b"x" * 10_000 + b"\r\n")
                        receive(connection, 8)
                status = Path(f"/proc/{child}/status").read_text()
                locked = int(status.split("VmLck:")[1].split()[0])
                limits = Path(f"/proc/{child}/limits").read_text()
                if os.geteuid() == 0:
                    self.assertGreater(locked, 1000)
                    self.assertRegex(limits, r"Max core file size +unlimited")
            finally:
                self.assertEqual(stop(child), 0)
