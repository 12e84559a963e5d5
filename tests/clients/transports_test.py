#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""How connections come in: Unix socket, TLS, and what is read again on SIGHUP. Certificates are
made with openssl.

    transports_test.py [--server PATH | --oracle] [unittest names]
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from binary_protocol import BinaryConnection, Op, Status, request, store  # noqa: E402
from server_process import HOST, ServerError, ServerProcess, free_port  # noqa: E402

if shutil.which("openssl") is None:
    sys.exit("openssl is missing: apt-get install openssl")
LARGE_VALUE_BYTES = 1_000_000
RECEIVE_BYTES = 1 << 16


def converse(connection: socket.socket, text: bytes, end: bytes) -> bytes:
    connection.sendall(text)
    answer = b""
    while not answer.endswith(end):
        received = connection.recv(RECEIVE_BYTES)
        if not received:
            raise ConnectionError(f"closed after {answer!r}")
        answer += received
    return answer


class FolderTest(unittest.TestCase):
    """A folder in which the server, whatever user it changes to, may read and write."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="rat_")  # short: so is a socket's path
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o777)


class UnixSocketTest(FolderTest):
    def start(self, *options: str) -> ServerProcess:
        self.path = self.folder / "s"
        return client_test.with_options(self, "-s", str(self.path), *options)

    def test_text_and_binary(self) -> None:
        server = self.start()
        with server.connect() as text:
            value = b"x" * LARGE_VALUE_BYTES
            self.assertEqual(b"STORED\r\n", converse(
                text, b"set key 0 0 %d\r\n%s\r\n" % (len(value), value), b"\r\n"))
            self.assertEqual(b"VALUE key 0 %d\r\n%s\r\nEND\r\n" % (len(value), value),
                             converse(text, b"get key\r\n", b"END\r\n"))
        with server.connect() as connection:
            reply = BinaryConnection(connection).ask(request(Op.GET, b"key"))
            self.assertEqual((Status.OK, value), (reply.status, reply.value))

    def test_no_tcp(self) -> None:
        port = free_port()
        self.start("-p", str(port))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((HOST, port), timeout=1)

    def mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)

    def test_mode(self) -> None:
        self.start()
        self.assertEqual(0o700, self.mode())

    def test_mode_of_choice(self) -> None:
        self.start("-a", "0755")
        self.assertEqual(0o755, self.mode())

    def test_left_over_socket(self) -> None:
        """It stays behind at the end, and is no obstacle to the next start."""
        server = self.start()
        server.stop()
        self.assertTrue(self.path.is_socket())
        again = self.start()
        with again.connect() as connection:
            self.assertEqual(b"END\r\n", converse(connection, b"get key\r\n", b"\r\n"))

    def test_statistics(self) -> None:
        server = self.start("-a", "0777")
        settings = client_test.statistics(server, "settings")
        self.assertEqual((str(self.path), "777"), (settings["domain_socket"], settings["umask"]))
        rows = client_test.ask(server, b"stats conns\r\n", b"END\r\n").decode()
        self.assertIn(f":addr unix:{self.path}\r\n", rows)
        self.assertIn(f":listen_addr unix:{self.path}\r\n", rows)


class TlsTest(FolderTest):
    def setUp(self) -> None:
        super().setUp()
        self.certificate, self.key = self.folder / "chain.pem", self.folder / "key.pem"
        self.make_certificate("first")

    def make_certificate(self, name: str) -> None:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-keyout", str(self.key), "-out",
                        str(self.certificate)], check=True, capture_output=True)
        self.key.chmod(0o644)

    def start(self, *options: str, more: str = "") -> ServerProcess:
        words = f"ssl_chain_cert={self.certificate},ssl_key={self.key}{more}"
        return client_test.with_options(self, "-Z", "-o", words, *options)

    def connect(self, server: ServerProcess,
                minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
                maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version, context.maximum_version = minimum, maximum
        connection = context.wrap_socket(server.connect(client_test.CLIENT_TIMEOUT_S))
        self.addCleanup(connection.close)
        return connection

    def test_text(self) -> None:
        connection = self.connect(self.start())
        value = bytes(range(256)) * (LARGE_VALUE_BYTES // 256)
        self.assertEqual(b"STORED\r\n", converse(
            connection, b"set key 5 0 %d\r\n%s\r\n" % (len(value), value), b"\r\n"))
        self.assertEqual(b"VALUE key 5 %d\r\n%s\r\nEND\r\n" % (len(value), value),
                         converse(connection, b"get key\r\n", b"END\r\n"))
        self.assertEqual(b"HD s%d\r\nEN\r\n" % len(value),
                         converse(connection, b"mg key s\r\nmg miss\r\n", b"EN\r\n"))

    def test_many_small_requests(self) -> None:
        connection = self.connect(self.start())
        requests = b"".join(b"set key%d 0 0 5 noreply\r\nvalue\r\n" % number
                            for number in range(1000))
        converse(connection, requests + b"mn\r\n", b"MN\r\n")
        keys = b" ".join(b"key%d" % number for number in range(1000))
        answer = converse(connection, b"get " + keys + b"\r\n", b"END\r\n")
        self.assertEqual(1000, answer.count(b"VALUE "))

    def test_binary(self) -> None:
        client = BinaryConnection(self.connect(self.start()))
        self.assertEqual(Status.OK, client.ask(store(Op.SET, b"key", b"value")).status)
        self.assertEqual(b"value", client.ask(request(Op.GET, b"key")).value)

    def test_both_versions(self) -> None:
        server = self.start()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            connection = self.connect(server, version, version)
            self.assertEqual(b"END\r\n", converse(connection, b"get key\r\n", b"\r\n"))

    def test_smallest_version(self) -> None:
        server = self.start(more=",ssl_min_version=3")
        settings = self.settings(server)
        self.assertIn("STAT ssl_min_version tlsv1.3\r\n", settings)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connection = self.connect(server, maximum=ssl.TLSVersion.TLSv1_2)
            converse(connection, b"get key\r\n", b"\r\n")

    def settings(self, server: ServerProcess) -> str:
        return converse(self.connect(server), b"stats settings\r\n", b"END\r\n").decode()

    def test_settings_and_statistics(self) -> None:
        server = self.start()
        settings = self.settings(server)
        for line in ("ssl_enabled yes", f"ssl_chain_cert {self.certificate}",
                     f"ssl_key {self.key}", "ssl_verify_mode 0", "ssl_min_version tlsv1.2"):
            self.assertIn(f"STAT {line}\r\n", settings)
        found = converse(self.connect(server), b"stats\r\n", b"END\r\n").decode()
        for name in ("ssl_handshake_errors", "time_since_server_cert_refresh"):
            self.assertRegex(found, rf"STAT {name} \d+\r\n")

    def test_plain_text_is_refused(self) -> None:
        server = self.start()
        with server.connect(client_test.CLIENT_TIMEOUT_S) as connection:
            connection.sendall(b"get key\r\n" * 10)
            try:
                self.assertNotIn(b"END", connection.recv(RECEIVE_BYTES))
            except ConnectionResetError:
                pass
        self.assertEqual(b"END\r\n", converse(self.connect(server), b"get key\r\n", b"\r\n"))

    def test_listener_without_tls(self) -> None:
        port = free_port()
        server = self.start("-l", f"notls:{HOST}:{port}")
        with socket.create_connection((HOST, port), timeout=client_test.CLIENT_TIMEOUT_S) as plain:
            self.assertEqual(b"STORED\r\n", converse(plain, b"set a 0 0 1\r\nx\r\n", b"\r\n"))
        self.assertEqual(b"VALUE a 0 1\r\nx\r\nEND\r\n",
                         converse(self.connect(server), b"get a\r\n", b"END\r\n"))

    def common_name(self, server: ServerProcess) -> bytes:
        """The certificate in its own encoding holds the name as it is."""
        return self.connect(server).getpeercert(binary_form=True) or b""

    def test_refresh_certs(self) -> None:
        server = self.start()
        old = self.connect(server)
        self.assertIn(b"first", self.common_name(server))
        self.make_certificate("second")
        self.assertIn(b"first", self.common_name(server))
        self.assertEqual(b"OK\r\n", converse(old, b"refresh_certs\r\n", b"\r\n"))
        self.assertIn(b"second", self.common_name(server))
        self.assertEqual(b"END\r\n", converse(old, b"get key\r\n", b"\r\n"))

    def test_refresh_with_a_bad_file(self) -> None:
        server = self.start()
        connection = self.connect(server)
        self.certificate.write_text("nothing\n")
        answer = converse(connection, b"refresh_certs\r\n", b"\r\n")
        self.assertTrue(answer.startswith(b"Error loading the certificate chain: "), answer)
        self.assertIn(b"first", self.common_name(server))

    def test_hangup_reads_certificates_again(self) -> None:
        client_test.not_in_older(self, "reads the password file only")
        server = self.start()
        self.make_certificate("second")
        os.kill(server.pid, signal.SIGHUP)
        self.assertTrue(client_test.eventually(lambda: b"second" in self.common_name(server)))

    def test_bad_certificate_stops_the_start(self) -> None:
        self.certificate.write_text("nothing\n")
        with self.assertRaisesRegex(ServerError, "exit status 64"):
            self.start()


class PasswordFileTest(FolderTest):
    def test_hangup_reads_it_again(self) -> None:
        users = self.folder / "users"
        users.write_text("first:secret\n")
        server = client_test.with_options(self, "-Y", str(users))

        def login(name: bytes) -> bytes:
            text = name + b" secret"
            return client_test.ask(server, b"set x 0 0 %d\r\n%s\r\n" % (len(text), text), b"\r\n")

        self.assertEqual(b"STORED\r\n", login(b"first"))
        self.assertEqual(b"CLIENT_ERROR authentication failure\r\n", login(b"second"))
        users.write_text("second:secret\n")
        os.kill(server.pid, signal.SIGHUP)
        self.assertTrue(client_test.eventually(lambda: login(b"second") == b"STORED\r\n"))
        self.assertEqual(b"CLIENT_ERROR authentication failure\r\n", login(b"first"))

    def test_files_that_stop_the_start(self) -> None:
        users = self.folder / "users"
        for content in ("no colon\n", "\n"):
            users.write_text(content)
            with self.subTest(content), self.assertRaisesRegex(ServerError, "exit status 1\n"):
                ServerProcess(client_test.binary, ["-Y", str(users)]).start_and_stop()
        with self.assertRaisesRegex(ServerError, "Could not open authfile"):
            ServerProcess(client_test.binary, ["-Y", str(self.folder / "none")]).start_and_stop()


if __name__ == "__main__":
    sys.exit(client_test.main("transports", __name__))
