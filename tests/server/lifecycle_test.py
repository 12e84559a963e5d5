# SPDX-License-Identifier: LGPL-3.0-or-later
"""Starting, being told what to do, and stopping."""

import os
import pwd
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from server_process import HOST, ServerProcess, free_port

BINARY = None  # set by run.py
DEADLINE_S = 20.0


def run(*options, env=None):
    """The finished process of a server that is expected to end by itself."""
    return subprocess.run([str(BINARY.path), *options], capture_output=True, text=True,
                          timeout=DEADLINE_S, env=None if env is None else {**os.environ, **env})


def await_true(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.005)


def ask(port, request, host=HOST):
    with socket.create_connection((host, port), timeout=DEADLINE_S) as connection:
        connection.sendall(request + b"quit\r\n")
        reply = b""
        while data := connection.recv(65536):
            reply += data
        return reply


def accepts(port, host=HOST):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def server_has_read(server, size):
    reply = ask(server.port, b"stats\r\n")
    return int(reply.split(b"STAT bytes_read ")[1].split()[0]) >= size


def user_option():
    return ["-u", pwd.getpwuid(os.geteuid()).pw_name] if os.geteuid() == 0 else []


class Words(unittest.TestCase):
    """What it says without serving."""

    def test_version_is_memcacheds_first(self):
        result = run("-V")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.splitlines()[0], "memcached 1.6.45")
        self.assertRegex(result.stdout.splitlines()[1], r"^rat_memcached \d+\.\d+\.\d+$")

    def test_help(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("-m, --memory-limit", result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)

    def test_licence(self):
        self.assertIn("GNU Lesser General Public License", run("-i").stdout)

    def test_a_bad_option_is_one_line_and_an_exit_code(self):
        for options, code, text in [
                (["-p", "abc"], 64, "-p takes"), (["-m", "lots"], 64, "-m takes"),
                (["-t", "0"], 1, "-t takes"), (["-I", "3g"], 64, "-I takes"),
                (["--nonsense"], 1, "unknown option"), (["-S"], 64, "needs users"),
                (["-l", "192.0.2.1"], 71, "failed to listen"),
                (["-l", "no.such.host.invalid"], 71, "failed to listen")]:
            with self.subTest(options=options):
                result = run(*user_option(), *options)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
                self.assertIn(text, result.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can change the user")
    def test_unknown_user(self):
        result = run("-u", "no-such-user", "-p", "-1")
        self.assertEqual(result.returncode, 67)
        self.assertIn("no-such-user", result.stderr)


class Starting(unittest.TestCase):
    def test_port_in_use(self):
        with ServerProcess(BINARY) as server:
            result = run(*user_option(), "-p", str(server.port))
            self.assertEqual(result.returncode, 71)
            self.assertIn(f"port {server.port}", result.stderr)
            self.assertIn("-p", result.stderr)

    def test_any_free_port_is_written_to_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            port_file = Path(folder) / "port"
            process = subprocess.Popen([str(BINARY.path), *user_option(), "-p", "-1"],
                                       env={**os.environ, "MEMCACHED_PORT_FILENAME": str(port_file)},
                                       stderr=subprocess.DEVNULL)
            try:
                await_true(port_file.exists, "the port file")
                lines = port_file.read_text().splitlines()
                self.assertEqual(len(lines), 1)
                self.assertTrue(lines[0].startswith("TCP INET: "))
                port = int(lines[0].split(": ")[1])
                await_true(lambda: accepts(port), "a connection")
                self.assertIn(f"STAT tcpport {port}".encode(), ask(port, b"stats settings\r\n"))
            finally:
                process.terminate()
                self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_several_addresses_and_ipv6(self):
        first, second = free_port(), free_port()
        process = subprocess.Popen([str(BINARY.path), *user_option(), "-p", str(first), "-l", HOST,
                                    "--bind", f"[::1]:{second}"], stderr=subprocess.DEVNULL)
        try:
            await_true(lambda: accepts(first) and accepts(second, "::1"), "both addresses")
            ask(first, b"set k 0 0 1\r\nv\r\n")
            self.assertEqual(ask(second, b"get k\r\n", "::1"), b"VALUE k 0 1\r\nv\r\nEND\r\n")
        finally:
            process.terminate()
            self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_daemon_with_pid_file(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            pid_file = Path(folder) / "server.pid"
            port = free_port()
            result = run(*user_option(), "-d", "-p", str(port), "--pid-file", str(pid_file))
            self.assertEqual(result.returncode, 0, result.stderr)
            # The parent ends only when the server serves.
            self.assertEqual(ask(port, b"version\r\n"), b"VERSION 1.6.45\r\n")
            pid = int(pid_file.read_text())
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/2"), "/dev/null")
            os.kill(pid, signal.SIGTERM)
            await_true(lambda: not pid_file.exists(), "removal of the pid file")
            await_true(lambda: not accepts(port), "end of the server")

    def test_a_pid_file_that_was_left_behind_is_overwritten(self):
        with tempfile.TemporaryDirectory() as folder:
            pid_file = Path(folder) / "server.pid"
            pid_file.write_text(f"{os.getpid()}\n")
            port = free_port()
            process = subprocess.Popen([str(BINARY.path), "-p", str(port), "-P", str(pid_file)],
                                       stderr=subprocess.PIPE, text=True)
            await_true(lambda: accepts(port), "a connection")
            self.assertEqual(int(pid_file.read_text()), process.pid)
            process.terminate()
            self.assertIn(f"named a running process, {os.getpid()}", process.communicate()[1])

    def test_a_hard_limit_of_descriptors_that_is_just_enough(self):
        port = free_port()
        process = subprocess.Popen(
            [str(BINARY.path), *user_option(), "-p", str(port), "-c", "256", "-t", "1"],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        try:
            await_true(lambda: accepts(port), "a connection")
        finally:
            process.terminate()
            self.assertEqual(process.wait(DEADLINE_S), 0)

    @unittest.skipIf(os.geteuid() != 0, "the limit must hold for another user")
    def test_no_threads_to_be_had(self):
        def few_processes():
            os.setgid(65533)
            os.setuid(65533)
            resource.setrlimit(resource.RLIMIT_NPROC, (4, 4))
        for options in ([], ["-d"]):
            result = subprocess.run(
                [str(BINARY.path), "-p", str(free_port()), "-t", "16", *options],
                capture_output=True, text=True, timeout=DEADLINE_S, preexec_fn=few_processes)
            self.assertEqual(result.returncode, 71, result.stderr)
            self.assertIn("cannot start a thread", result.stderr)

    def test_daemon_that_cannot_start_says_why(self):
        with ServerProcess(BINARY) as server:
            result = run(*user_option(), "-d", "-p", str(server.port))
            self.assertEqual(result.returncode, 71)
            self.assertIn("failed to listen", result.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can change the user")
    def test_changes_its_user(self):
        port = free_port()
        process = subprocess.Popen([str(BINARY.path), "-u", "nobody", "-p", str(port)])
        try:
            await_true(lambda: accepts(port), "a connection")
            status = Path(f"/proc/{process.pid}/status").read_text()
            nobody = pwd.getpwnam("nobody")
            self.assertRegex(status, rf"Uid:\s+{nobody.pw_uid}\s+{nobody.pw_uid}")
            self.assertRegex(status, rf"Gid:\s+{nobody.pw_gid}\s+{nobody.pw_gid}")
            self.assertRegex(status, r"Groups:\s*\n")
        finally:
            process.terminate()
            process.wait(DEADLINE_S)

    def test_small_memory_limits(self):
        for megabytes in ("1", "2", "3"):
            with self.subTest(m=megabytes), ServerProcess(BINARY, ["-m", megabytes]) as server:
                requests = b"".join(b"set key%d 0 0 100 noreply\r\n%s\r\n" % (i, b"x" * 100)
                                    for i in range(30_000))
                reply = ask(server.port, requests + b"get key29999\r\nget key0\r\n")
                self.assertEqual(reply, b"VALUE key29999 0 100\r\n" + b"x" * 100 + b"\r\nEND\r\nEND\r\n")


class Talking(unittest.TestCase):
    def test_verbosity(self):
        with tempfile.TemporaryFile() as log:
            port = free_port()
            process = subprocess.Popen([str(BINARY.path), *user_option(), "-vv", "-p", str(port)],
                                       stderr=log)
            try:
                await_true(lambda: accepts(port), "a connection")
                ask(port, b"get a\rb\r\nverbosity 0\r\nget quiet\r\n")
            finally:
                process.terminate()
                process.wait(DEADLINE_S)
            log.seek(0)
            text = log.read().decode()
        self.assertIn("listening on 127.0.0.1", text)
        self.assertIn("<get a\\x0db\n", text)
        self.assertNotIn("quiet", text)


class Stopping(unittest.TestCase):
    def test_signals_end_it_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            server = ServerProcess(BINARY)
            server.start()
            idle = server.connect()
            os.kill(server.pid, number)
            self.assertEqual(idle.recv(1), b"")
            await_true(lambda: server.exit_report() is not None, f"end after {number!r}")
            self.assertIn("exit status 0", server.exit_report())
            idle.close()
            server.stop()

    def test_hangups_do_not_end_it(self):
        """Not a terminal that has gone, and not a reader of its log that has."""
        ours, servers = os.pipe()
        port = free_port()
        process = subprocess.Popen([str(BINARY.path), *user_option(), "-p", str(port)],
                                   stderr=servers)
        os.close(servers)
        try:
            await_true(lambda: accepts(port), "a connection")
            os.close(ours)
            ask(port, b"verbosity 2\r\n")
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGPIPE)
            self.assertEqual(ask(port, b"get a\r\n"), b"END\r\n")
        finally:
            process.terminate()
            self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_an_unfinished_line_of_any_length_is_let_go(self):
        for size in (100, 60_000, 66_000, 1_000_000):
            with self.subTest(size=size), ServerProcess(BINARY) as server:
                with server.connect() as connection:
                    connection.sendall(b"get " + b"abcdefgh " * (size // 9))
                    await_true(lambda: server_has_read(server, size), "the line")
                    os.kill(server.pid, signal.SIGTERM)
                    self.assertEqual(connection.recv(1), b"")
                await_true(lambda: server.exit_report() is not None, "the end")
                self.assertIn("exit status 0", server.exit_report())

    def test_what_lies_in_the_socket_is_answered_too(self):
        """Much more than one read, received while the server could not look at it."""
        requests = 14_000
        with ServerProcess(BINARY, ["-t", "1"]) as server:
            with server.connect() as connection:
                connection.sendall(b"set a 0 0 300\r\n" + b"x" * 300 + b"\r\n")
                self.assertEqual(connection.recv(100), b"STORED\r\n")
                os.kill(server.pid, signal.SIGSTOP)
                connection.sendall(b"get a\r\n" * requests)
                os.kill(server.pid, signal.SIGTERM)
                os.kill(server.pid, signal.SIGCONT)
                reply = b""
                while data := connection.recv(1 << 16):
                    reply += data
            self.assertEqual(reply.count(b"END\r\n"), requests)
            await_true(lambda: server.exit_report() is not None, "the end")
            self.assertIn("exit status 0", server.exit_report())

    def test_a_second_signal_ends_the_patience(self):
        with ServerProcess(BINARY, ["-I", "16m"]) as server:
            with server.connect() as connection:
                connection.sendall(b"set big 0 0 12000000\r\n" + b"x" * 12_000_000 + b"\r\n")
                self.assertEqual(connection.recv(8), b"STORED\r\n")
                connection.sendall(b"get big\r\n")
                connection.recv(1)  # and reads no further
                os.kill(server.pid, signal.SIGTERM)
                await_true(lambda: not accepts(server.port), "the end of listening")
                began = time.monotonic()
                os.kill(server.pid, signal.SIGTERM)
                await_true(lambda: server.exit_report() is not None, "the end")
                self.assertLess(time.monotonic() - began, 8)
                self.assertIn("exit status 0", server.exit_report())

    def test_what_was_received_is_answered(self):
        """A reader that is slow with a large reply still gets all of it."""
        with ServerProcess(BINARY, ["-I", "16m"]) as server:
            value = bytes(range(256)) * (12 << 12)  # 12 MiB: more than socket buffers take
            with server.connect() as writer:
                writer.sendall(b"set big 0 0 %d\r\n" % len(value) + value + b"\r\n")
                self.assertEqual(writer.recv(100), b"STORED\r\n")
            with server.connect() as reader:
                reader.sendall(b"get big\r\nversion\r\n")
                reply = reader.recv(1000)
                os.kill(server.pid, signal.SIGTERM)
                while data := reader.recv(1 << 16):
                    reply += data
            expected = b"VALUE big 0 %d\r\n" % len(value) + value + b"\r\nEND\r\nVERSION 1.6.45\r\n"
            self.assertEqual(len(reply), len(expected))
            self.assertTrue(reply == expected)
            await_true(lambda: server.exit_report() is not None, "the end")
            self.assertIn("exit status 0", server.exit_report())
            server.stop()
