#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""SASL: -S. Ours takes its users from the file that MEMCACHED_SASL_PWDB names; memcached as Debian
builds it from a database of Cyrus SASL, made by saslpasswd2 (Debian: sasl2-bin, libsasl2-modules,
libsasl2-modules-db).

    sasl_test.py                      build/release/bin/rat_memcached
    sasl_test.py --server PATH        another one
    sasl_test.py --oracle             /usr/bin/memcached
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from binary_protocol import (TEXTS, BinaryConnection, Closed, Op, Reply,  # noqa: E402
                             Status, request, store)
from server_process import ServerError, ServerProcess  # noqa: E402

USER, PASSWORD = "someone", "secret word"
SASLPASSWD = shutil.which("saslpasswd2") or shutil.which("saslpasswd2", path="/usr/sbin:/sbin")
if SASLPASSWD is None:
    sys.exit("saslpasswd2 is missing: apt-get install sasl2-bin libsasl2-modules "
             "libsasl2-modules-db")


def make_database(folder: Path) -> None:
    """One user, readable for whatever user the server changes to."""
    folder.chmod(0o755)
    database = folder / "sasldb"
    subprocess.run([SASLPASSWD, "-p", "-c", "-a", "memcached", "-f", str(database), USER],
                   input=PASSWORD.encode(), check=True)
    database.chmod(0o644)
    (folder / "memcached.conf").write_text("mech_list: plain cram-md5\n"
                                           "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                                           f"sasldb_path: {database}\n")


class SaslTest(unittest.TestCase):
    process: ServerProcess
    _folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls._folder = tempfile.TemporaryDirectory(prefix="rat_sasl_")
        cls.addClassCleanup(cls._folder.cleanup)
        folder = Path(cls._folder.name)
        if client_test.binary.is_oracle:
            make_database(folder)
            environment = {"SASL_CONF_PATH": str(folder)}
        else:
            (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
            environment = {"MEMCACHED_SASL_PWDB": str(folder / "users")}
        cls.process = ServerProcess(client_test.binary, ["-S"], environment)
        cls.process.start()
        cls.addClassCleanup(cls.process.stop)

    def connect(self, piece_bytes: int = 0) -> BinaryConnection:
        client = BinaryConnection(self.process.connect(client_test.CLIENT_TIMEOUT_S), piece_bytes)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def plain(user: str = USER, password: str = PASSWORD) -> bytes:
        return request(Op.SASL_AUTH, b"PLAIN", b"\0%s\0%s" % (user.encode(), password.encode()))

    def assert_logged_in(self, reply: Reply, op: int = Op.SASL_AUTH) -> None:
        self.assertEqual((op, Status.OK, b"Authenticated", b"", 0),
                         (reply.op, reply.status, reply.value, reply.key, reply.cas))

    def assert_refused(self, reply: Reply, op: int = Op.SASL_AUTH) -> None:
        self.assertEqual((op, Status.AUTH_FAILURE, TEXTS[Status.AUTH_FAILURE]),
                         (reply.op, reply.status, reply.value))

    def test_mechanisms(self) -> None:
        reply = self.connect().ask(request(Op.SASL_LIST))
        self.assertEqual((Op.SASL_LIST, Status.OK), (reply.op, reply.status))
        self.assertLessEqual({b"PLAIN", b"CRAM-MD5"}, set(reply.value.split(b" ")))

    def test_plain(self) -> None:
        for piece_bytes in (0, 1):
            client = self.connect(piece_bytes)
            self.assert_logged_in(client.ask(self.plain()))
            self.assertEqual(Status.OK, client.ask(store(Op.SET, b"key", b"x")).status)
            self.assertEqual(b"x", client.ask(request(Op.GET, b"key")).value)

    def test_user_with_realm(self) -> None:
        self.assert_logged_in(self.connect().ask(self.plain(f"{USER}@{socket.gethostname()}")))

    def test_wrong_password(self) -> None:
        client = self.connect()
        self.assert_refused(client.ask(self.plain(password="wrong")))
        self.assert_refused(self.connect().ask(self.plain(user="nobody")))
        # The connection can try again.
        self.assert_logged_in(client.ask(self.plain()))

    def test_unknown_mechanism(self) -> None:
        self.assert_refused(self.connect().ask(request(Op.SASL_AUTH, b"BOGUS", b"x")))

    def test_mechanism_too_long(self) -> None:
        client = self.connect()
        reply = client.ask(request(Op.SASL_AUTH, b"M" * 33, b"x" * 10))
        self.assertEqual(Status.INVALID, reply.status)
        self.assert_logged_in(client.ask(self.plain()))

    def test_step_without_auth(self) -> None:
        self.assert_refused(self.connect().ask(request(Op.SASL_STEP, b"PLAIN", b"x")),
                            Op.SASL_STEP)

    def test_challenge(self) -> None:
        client = self.connect()
        reply = client.ask(request(Op.SASL_AUTH, b"CRAM-MD5"))
        self.assertEqual((Op.SASL_AUTH, Status.AUTH_CONTINUE), (reply.op, reply.status))
        digest = hmac.new(PASSWORD.encode(), reply.value, hashlib.md5).hexdigest()
        answer = f"{USER} {digest}".encode()
        self.assert_logged_in(client.ask(request(Op.SASL_STEP, b"CRAM-MD5", answer)),
                              Op.SASL_STEP)
        self.assertEqual(Status.NOT_FOUND, client.ask(request(Op.GET, b"miss")).status)

    def test_wrong_answer_to_a_challenge(self) -> None:
        client = self.connect()
        client.ask(request(Op.SASL_AUTH, b"CRAM-MD5"))
        answer = USER.encode() + b" " + base64.b16encode(bytes(16)).lower()
        self.assert_refused(client.ask(request(Op.SASL_STEP, b"CRAM-MD5", answer)), Op.SASL_STEP)

    def test_before_login(self) -> None:
        client = self.connect()
        self.assertEqual(Status.OK, client.ask(request(Op.VERSION)).status)
        for message, op in ((request(Op.GET, b"key"), Op.GET),
                            (store(Op.SET, b"key", b"x"), Op.SET),
                            (request(Op.NOOP), Op.NOOP), (request(Op.STAT), Op.STAT)):
            with self.subTest(op.name):
                client = self.connect()
                self.assert_refused(client.ask(message), op)
                with self.assertRaises(Closed):
                    client.read()

    def test_login_belongs_to_the_connection(self) -> None:
        self.assert_logged_in(self.connect().ask(self.plain()))
        self.assert_refused(self.connect().ask(request(Op.GET, b"key")), Op.GET)

    def test_statistics(self) -> None:
        client = self.connect()
        self.assert_logged_in(client.ask(self.plain()))
        before = self.counters(client)
        other = self.connect()
        other.ask(self.plain(password="wrong"))
        other.ask(self.plain())
        after = self.counters(client)
        self.assertEqual((2, 1), (after[0] - before[0], after[1] - before[1]))

    def counters(self, client: BinaryConnection) -> tuple[int, int]:
        client.send(request(Op.STAT))
        found = {}
        while (reply := client.read()).key:
            found[reply.key] = reply.value
        return int(found[b"auth_cmds"]), int(found[b"auth_errors"])

    def test_settings(self) -> None:
        client = self.connect()
        client.ask(self.plain())
        client.send(request(Op.STAT, b"settings"))
        found = {}
        while (reply := client.read()).key:
            found[reply.key] = reply.value
        self.assertEqual((b"yes", b"binary"),
                         (found[b"auth_enabled_sasl"], found[b"binding_protocol"]))

    def test_text_is_not_spoken(self) -> None:
        client = self.connect()
        client.send(b"version\r\nversion\r\nversion\r\n")
        self.assertTrue(client.is_closed())


class StartTest(unittest.TestCase):
    def test_only_the_binary_protocol(self) -> None:
        for options in (["-S", "-B", "ascii"], ["-S", "-B", "auto"]):
            with self.subTest(options), self.assertRaisesRegex(ServerError, "exit status 64"):
                with ServerProcess(client_test.binary, options):
                    pass


if __name__ == "__main__":
    sys.exit(client_test.main("SASL", __name__))
