# SPDX-License-Identifier: LGPL-3.0-or-later
"""-Z and -o ssl_*: memcached's text over TLS, client certificates, new certificates while running, and
clients that do not finish what they begin."""

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from certificates import Authority
from limits_test import MIB, receive, receive_all, resident_bytes  # beside this file
from server_process import HOST, ServerProcess, free_port

BINARY = None  # set by run.py
DEADLINE_S = 20.0
VERSION = b"VERSION 1.6.45\r\n"


def await_true(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.01)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.folder.chmod(0o755)
        cls.authority = Authority(cls.folder)
        cls.stranger = Authority(cls.folder, "stranger")
        cls.pair = cls.authority.issue("server")
        cls.client = cls.authority.issue("client", "client")
        cls.strangers_client = cls.stranger.issue("strangers_client", "client")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def options(self, pair=None, **words):
        pair = pair or self.pair
        words = {"ssl_chain_cert": pair.certificate, "ssl_key": pair.key, **words}
        text = ",".join(name if value is True else f"{name}={value}"
                        for name, value in words.items())
        return ["-Z", "-o", text]

    def server(self, *options, **words):
        return ServerProcess(BINARY, [*self.options(**words), *options])

    def context(self, client=None, authority=None):
        context = ssl.create_default_context(cafile=str((authority or self.authority).certificate))
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context

    def connect(self, server, context=None, port=None, session=None):
        context = context or self.context()
        raw = socket.create_connection((HOST, port or server.port), timeout=DEADLINE_S)
        return context.wrap_socket(raw, server_hostname=HOST, session=session)

    def ask(self, connection, request, reply):
        connection.sendall(request)
        answer = receive(connection, len(reply))
        self.assertTrue(answer == reply, answer[:100])

    def assert_serves(self, server, **how):
        with self.connect(server, **how) as connection:
            self.ask(connection, b"version\r\n", VERSION)

    def assert_turned_away(self, server, **how):
        # With TLS 1.3 the client has finished before the server looks at its certificate.
        with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
            with self.connect(server, **how) as connection:
                self.ask(connection, b"version\r\n", VERSION)

    def raw(self, server):
        return socket.create_connection((HOST, server.port), timeout=DEADLINE_S)


class Talking(Tls):
    def test_set_and_get_in_every_version(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context()
            context.minimum_version = context.maximum_version = version
            with self.subTest(version), self.server() as server, \
                    self.connect(server, context) as connection:
                for size in (0, 1, 300, 600, 5_000, 20_000, 100_000, 1_000_000):
                    value = (bytes(range(256)) * (size // 256 + 1))[:size]
                    self.ask(connection, b"set k 0 0 %d\r\n" % size + value + b"\r\n", b"STORED\r\n")
                    self.ask(connection, b"get k\r\n",
                             b"VALUE k 0 %d\r\n" % size + value + b"\r\nEND\r\n")
                connection.sendall(b"quit\r\n")
                self.assertEqual(receive_all(connection), b"")

    def test_pipelines(self):
        """More than a record, a buffer and a turn hold, byte by byte the same as without TLS."""
        for words in ({}, {"ssl_wbuf_size": 1}, {"ssl_wbuf_size": 100}):
            with self.subTest(words), self.server("-I", "4m", **words) as server, \
                    self.connect(server) as connection:
                value = os.urandom(3_000)
                self.ask(connection, b"set k 0 0 3000\r\n" + value + b"\r\n", b"STORED\r\n")
                big = os.urandom(2_000_000)
                self.ask(connection, b"set big 0 0 2000000\r\n" + big + b"\r\n", b"STORED\r\n")
                one = b"VALUE k 0 3000\r\n" + value + b"\r\nEND\r\n"
                whole = b"VALUE big 0 2000000\r\n" + big + b"\r\nEND\r\n"
                sender = threading.Thread(target=connection.sendall, args=(
                    (b"get k\r\n" * 1000 + b"get big\r\n") * 3,))
                sender.start()
                expected = (one * 1000 + whole) * 3
                answer = receive(connection, len(expected))
                sender.join()
                self.assertTrue(answer == expected)

    def test_a_slow_reader_gets_everything(self):
        with self.server("-I", "16m") as server, self.connect(server) as connection:
            value = os.urandom(12 * MIB)
            self.ask(connection, b"set k 0 0 %d\r\n" % len(value) + value + b"\r\n", b"STORED\r\n")
            connection.sendall(b"get k\r\n" + b"version\r\n")
            time.sleep(0.5)
            self.assert_serves(server)
            expected = b"VALUE k 0 %d\r\n" % len(value) + value + b"\r\nEND\r\n" + VERSION
            self.assertTrue(receive(connection, len(expected)) == expected)

    def test_stopping_answers_what_was_received(self):
        with self.server("-t", "1") as server, self.connect(server) as connection:
            self.ask(connection, b"set k 0 0 300\r\n" + b"x" * 300 + b"\r\n", b"STORED\r\n")
            with self.raw(server) as silent, self.raw(server) as half:
                half.sendall(b"\x16\x03\x01\x00")
                os.kill(server.pid, signal.SIGSTOP)
                connection.sendall(b"get k\r\n" * 1000)
                os.kill(server.pid, signal.SIGTERM)
                os.kill(server.pid, signal.SIGCONT)
                self.assertEqual(receive_all(connection).count(b"END\r\n"), 1000)
                for connection in (silent, half):
                    try:
                        self.assertEqual(connection.recv(1), b"")
                    except ConnectionResetError:
                        pass  # it had not even been accepted, or not been read
            await_true(lambda: server.exit_report() is not None, "the end")
            self.assertIn("exit status 0", server.exit_report())

    def test_plain_text_is_turned_away(self):
        with self.server() as server:
            with self.raw(server) as plain:
                plain.sendall(b"set k 0 0 1\r\n1\r\nget k\r\n")
                try:
                    self.assertNotIn(b"STORED", receive_all(plain))
                except ConnectionResetError:
                    pass
            self.assert_serves(server)

    def test_old_versions_are_turned_away(self):
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.server(ssl_min_version=3) as server:
            self.assert_turned_away(server, context=context)
            self.assert_serves(server)

    def test_ciphers(self):
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.server(ssl_ciphers="ECDHE-ECDSA-AES256-GCM-SHA384") as server, \
                self.connect(server, context) as connection:
            self.assertEqual(connection.cipher()[0], "ECDHE-ECDSA-AES256-GCM-SHA384")

    def test_kernel_tls_or_not_it_works(self):
        with self.server(ssl_kernel_tls=True) as server, self.connect(server) as connection:
            value = os.urandom(500_000)
            self.ask(connection, b"set k 0 0 500000\r\n" + value + b"\r\n", b"STORED\r\n")
            self.ask(connection, b"get k\r\n", b"VALUE k 0 500000\r\n" + value + b"\r\nEND\r\n")

    def test_idle_clients_are_let_go(self):
        with self.server("-o", "idle_timeout=1") as server, self.connect(server) as connection:
            self.ask(connection, b"version\r\n", VERSION)
            self.assertEqual(connection.recv(1), b"")


class Sessions(Tls):
    def resumed(self, server, **first):
        context = self.context(self.client)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.connect(server, context, **first) as connection:
            self.ask(connection, b"version\r\n", VERSION)
            session = connection.session
        return context, session

    def test_resumption_only_with_the_option(self):
        for words, expected in (({}, False), ({"ssl_session_cache": True}, True)):
            with self.subTest(words), self.server(**words) as server:
                context, session = self.resumed(server)
                with self.connect(server, context, session=session) as connection:
                    self.assertEqual(connection.session_reused, expected)
                    self.ask(connection, b"version\r\n", VERSION)

    def test_no_session_opens_a_stricter_listener(self):
        strict = free_port()
        options = [*self.options(ssl_session_cache=True, ssl_ca_cert=self.authority.certificate),
                   "-l", f"mtls:{HOST}:{strict}"]
        with ServerProcess(BINARY, options) as server:
            context = self.context()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.connect(server, context) as connection:
                self.ask(connection, b"version\r\n", VERSION)
                session = connection.session
            self.assert_turned_away(server, context=context, port=strict, session=session)
            self.assert_serves(server, context=self.context(self.client), port=strict)


class ClientCertificates(Tls):
    def test_verify_modes(self):
        with_certificate = {"context": self.context(self.client)}
        with_strangers = {"context": self.context(self.strangers_client)}
        for mode in range(4):
            words = {"ssl_verify_mode": mode, "ssl_ca_cert": self.authority.certificate}
            with self.subTest(mode=mode), self.server(**words) as server:
                self.assert_serves(server, **with_certificate)
                (self.assert_serves if mode < 2 else self.assert_turned_away)(server)
                (self.assert_turned_away if mode > 0 else self.assert_serves)(
                    server, **with_strangers)

    def test_each_listener_has_its_own_rule(self):
        plain, free, strict = free_port(), free_port(), free_port()
        addresses = f"notls:{HOST}:{plain},btls:{HOST}:{free},mtls:{HOST}:{strict}"
        options = [*self.options(ssl_verify_mode=2, ssl_ca_cert=self.authority.certificate),
                   "-l", addresses]
        with ServerProcess(BINARY, options) as server:
            with socket.create_connection((HOST, plain), timeout=DEADLINE_S) as connection:
                connection.sendall(b"version\r\n")
                self.assertEqual(receive(connection, len(VERSION)), VERSION)
            self.assert_serves(server, port=free)
            self.assert_turned_away(server, port=strict)
            self.assert_serves(server, port=strict, context=self.context(self.client))
            self.assert_turned_away(server)


class Handshakes(Tls):
    def hello(self):
        """What a client says first."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context().wrap_bio(incoming, outgoing, server_hostname=HOST)
        with self.assertRaises(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    def test_half_open_connections_hold_up_nobody(self):
        hello = self.hello()
        with self.server("-t", "1", "-c", "2048") as server:
            before = resident_bytes(server)
            descriptors = Path(f"/proc/{server.pid}/fd")
            open_before = len(list(descriptors.iterdir()))
            stopped = []
            for i in range(1000):
                stopped.append(self.raw(server))
                # Nothing, half a header, half a message, a message without its continuation.
                stopped[-1].sendall([b"", hello[:3], hello[:-10], hello][i % 4])
            began = time.monotonic()
            for _ in range(20):
                self.assert_serves(server)
            self.assertLess(time.monotonic() - began, 5)
            self.assertLess(resident_bytes(server) - before, 100 * MIB)
            for connection in stopped:
                connection.close()
            await_true(lambda: len(list(descriptors.iterdir())) <= open_before,
                       "the end of all connections")

    def test_byte_by_byte(self):
        with self.server() as server:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = self.context().wrap_bio(incoming, outgoing, server_hostname=HOST)
            with self.raw(server) as raw:
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

                def push():
                    for byte in outgoing.read():
                        raw.sendall(bytes([byte]))

                while True:
                    try:
                        client.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        push()
                        incoming.write(raw.recv(65536))
                client.write(b"set k 0 0 3\r\nabc\r\nget k\r\n")
                push()
                expected = b"STORED\r\nVALUE k 0 3\r\nabc\r\nEND\r\n"
                reply = b""
                while len(reply) < len(expected):
                    try:
                        reply += client.read(1000)
                    except ssl.SSLWantReadError:
                        incoming.write(raw.recv(65536))
                self.assertEqual(reply, expected)

    def test_nonsense_is_closed(self):
        with self.server() as server:
            for data in (b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 70_000, os.urandom(5000),
                         self.hello()[:50] + os.urandom(500), b"\x80\x2e\x01"):
                with self.raw(server) as raw:
                    try:
                        raw.sendall(data)
                        raw.shutdown(socket.SHUT_WR)
                        receive_all(raw)
                    except OSError:
                        pass
            self.assert_serves(server)

    def test_a_broken_record_ends_the_connection(self):
        with self.server() as server:
            with self.connect(server) as connection:
                self.ask(connection, b"version\r\n", VERSION)
                raw = socket.socket(fileno=os.dup(connection.fileno()))
                with raw:
                    raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
                    with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
                        receive(connection, 1)
            self.assert_serves(server)

    def test_clients_that_just_go(self):
        with self.server() as server:
            for size in (0, 3, 100, 1 << 20):
                connection = self.connect(server)
                connection.settimeout(0.5)
                try:
                    connection.sendall((b"get nothing\r\n" * 100_000)[:size])
                except OSError:
                    pass
                connection.close()
            self.assert_serves(server)

    @unittest.skipUnless(os.environ.get("RAT_SLOW_TESTS"), "takes 30 s; RAT_SLOW_TESTS=1 runs it")
    def test_a_handshake_has_its_time(self):
        with self.server() as server, self.raw(server) as silent, self.raw(server) as half:
            half.sendall(self.hello()[:100])
            began = time.monotonic()
            for connection in (silent, half):
                connection.settimeout(60)
                self.assertEqual(connection.recv(1), b"")
            self.assertGreater(time.monotonic() - began, 28)


class Reloading(Tls):
    def serial(self, server, context=None):
        with self.connect(server, context) as connection:
            return connection.getpeercert()["serialNumber"]

    def test_new_certificates_are_for_new_connections(self):
        current = self.authority.issue("current")
        with self.server(pair=current) as server, self.connect(server) as old:
            first = self.serial(server)
            following = self.authority.issue("following")
            shutil.copy(following.certificate, current.certificate)
            shutil.copy(following.key, current.key)
            self.assertEqual(self.serial(server), first)
            os.kill(server.pid, signal.SIGHUP)
            await_true(lambda: self.serial(server) != first, "the new certificate")
            self.ask(old, b"set k 0 0 1\r\n1\r\n", b"STORED\r\n")
            self.ask(old, b"get k\r\n", b"VALUE k 0 1\r\n1\r\nEND\r\n")

    def test_bad_files_change_nothing(self):
        current = self.authority.issue("breaking")
        with self.server(pair=current) as server:
            first = self.serial(server)
            for spoil in (lambda: current.key.write_text("no key"),
                          lambda: shutil.copy(self.client.key, current.key),
                          lambda: current.certificate.unlink()):
                spoil()
                seen = len(server.log())
                os.kill(server.pid, signal.SIGHUP)
                await_true(lambda: len(server.log()) > seen, "a word about it")
                self.assertIn("Error loading the ", server.log()[seen:])
                self.assertEqual(self.serial(server), first)
            shutil.copy(self.pair.certificate, current.certificate)
            shutil.copy(self.pair.key, current.key)
            os.kill(server.pid, signal.SIGHUP)
            await_true(lambda: self.serial(server) != first, "the good certificate")

    def test_many_reloads_under_load(self):
        with self.server("-t", "2") as server:
            stop = threading.Event()
            faults = []

            def load():
                try:
                    while not stop.is_set():
                        self.assert_serves(server)
                except Exception as fault:  # pylint: disable=broad-except
                    faults.append(fault)

            threads = [threading.Thread(target=load) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(100):
                os.kill(server.pid, signal.SIGHUP)
                time.sleep(0.02)
            stop.set()
            for thread in threads:
                thread.join()
            self.assertEqual(faults, [])


class Starting(Tls):
    def test_what_is_wrong_is_one_line(self):
        user = ["-u", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []
        nowhere = self.folder / "nowhere.pem"
        garbage = self.folder / "garbage.pem"
        garbage.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        for words, text in (
                ({"ssl_chain_cert": nowhere}, f"Error loading the certificate chain: {nowhere} : "),
                ({"ssl_chain_cert": garbage}, f"Error loading the certificate chain: {garbage} : "),
                ({"ssl_key": nowhere}, f"Error loading the key: {nowhere} : "),
                ({"ssl_key": self.client.key}, f"Error loading the key: {self.client.key} : "),
                ({"ssl_ca_cert": nowhere}, f"Error loading the CA certificate: {nowhere} : "),
                ({"ssl_ciphers": "NONSENSE"}, "Error setting the provided cipher(s): NONSENSE")):
            with self.subTest(words):
                result = subprocess.run(
                    [str(BINARY.path), *user, "-p", "-1", *self.options(**words)],
                    capture_output=True, text=True, timeout=DEADLINE_S)
                self.assertEqual(result.returncode, 64, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
                self.assertIn(text, result.stderr)

    def test_a_daemon_finds_relative_paths_again(self):
        port = free_port()
        pid_file = self.folder / "daemon.pid"
        self.folder.chmod(0o777)
        pair = self.authority.issue("relative")
        words = f"ssl_chain_cert={pair.certificate.name},ssl_key={pair.key.name}"
        user = ["-u", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []
        result = subprocess.run(
            [str(BINARY.path), *user, "-d", "-p", str(port), "-P", str(pid_file), "-Z", "-o", words],
            cwd=self.folder, capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(result.returncode, 0, result.stderr)
        pid = int(pid_file.read_text())
        try:
            with self.connect(None, port=port) as connection:
                first = connection.getpeercert()["serialNumber"]
            self.authority.issue("relative")
            os.kill(pid, signal.SIGHUP)

            def changed():
                with self.connect(None, port=port) as connection:
                    return connection.getpeercert()["serialNumber"] != first

            await_true(changed, "the new certificate")
        finally:
            os.kill(pid, signal.SIGTERM)
            await_true(lambda: not Path(f"/proc/{pid}").exists(), "the end")


def load_tests(loader, tests, pattern):
    """Only where the build has the option."""
    shown = subprocess.run([str(BINARY.path), "-h"], capture_output=True, text=True).stdout
    return tests if "--enable-ssl" in shown else unittest.TestSuite()
