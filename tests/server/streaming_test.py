# SPDX-License-Identifier: LGPL-3.0-or-later
"""The streaming protocol where a process and real sockets are needed: readers that do not read,
clients that go in the middle, memory that comes back; and the demonstration."""

import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

from limits_test import MIB, receive, resident_bytes, stats, still_serves, store
from server_process import ServerProcess

BINARY = None  # set by run.py
DEADLINE_S = 60.0
DEMO = Path(__file__).resolve().parents[2] / "examples" / "streaming_demo.py"


def say(test, connection, text, reply):
    connection.sendall(text + b"\r\n")
    test.assertEqual(receive(connection, len(reply) + 2), reply + b"\r\n", text[:60])


def upload(test, connection, key, value, chunk_size):
    count = -(-len(value) // chunk_size)
    say(test, connection, b"set_begin %s %d %d 0" % (key, len(value), count), b"STORED")
    for number in reversed(range(count)):
        chunk = value[number * chunk_size:(number + 1) * chunk_size]
        say(test, connection, b"set_data %s %d %d\r\n%s" % (key, number, len(chunk), chunk),
            b"STORED")
    say(test, connection, b"set_end %s" % key, b"STORED")


def download(test, connection, key, chunk_size):
    connection.sendall(b"sget %s %d\r\n" % (key, chunk_size))
    with connection.makefile("rb") as reader:
        _, _, size, count = reader.readline().split()
        value = b""
        for number in range(int(count)):
            word, of, chunk, length = reader.readline().split()
            test.assertEqual((word, of, int(chunk)), (b"STREAM_DATA", key, number))
            value += reader.read(int(length))
            test.assertEqual(reader.read(2), b"\r\n")
        test.assertEqual(reader.readline(), b"STREAM_END %s\r\n" % key)
    test.assertEqual(len(value), int(size))
    return value


def await_stat(test, server, name, value):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = stats(server, b"stats streaming")[name]
        if found == str(value):
            return
        test.assertLess(time.monotonic(), deadline, f"{name} is {found}, not {value}")
        time.sleep(0.01)


class StreamingTest(unittest.TestCase):
    def test_large_values_in_and_out(self):
        value = bytes(range(256)) * (20 * MIB // 256)
        with ServerProcess(BINARY, ["-m", "128", "-I", "24m"]) as server:
            with server.connect() as connection:
                upload(self, connection, b"k", value, MIB)
                for chunk_size in (4096, 65536, MIB):
                    self.assertTrue(download(self, connection, b"k", chunk_size) == value)
            self.assertEqual(stats(server, b"stats streaming")["upload_bytes_held"], "0")

    def test_who_goes_in_the_middle_of_an_upload_leaves_nothing(self):
        with ServerProcess(BINARY, ["-m", "128", "-I", "64m"]) as server:
            before = resident_bytes(server)
            connections = [server.connect() for _ in range(2)]
            for connection in connections:
                say(self, connection, b"set_begin k %d 30 0" % (30 * MIB), b"STORED")
                for number in range(25):
                    say(self, connection, b"set_data k %d %d\r\n%s" % (number, MIB, b"x" * MIB),
                        b"STORED")
                connection.sendall(b"set_data k 29 %d\r\n%s" % (MIB, b"x" * 1000))
            self.assertGreater(resident_bytes(server) - before, 45 * MIB)
            for connection in connections:
                connection.close()
            await_stat(self, server, "uploads_open", 0)
            await_stat(self, server, "upload_bytes_held", 0)
            self.assertEqual(stats(server, b"stats streaming")["uploads_aborted"], "2")
            self.assertLess(resident_bytes(server) - before, 12 * MIB)
            still_serves(self, server)

    def test_a_reader_that_does_not_read_holds_little_and_hinders_nobody(self):
        with ServerProcess(BINARY, ["-m", "128", "-I", "32m", "-t", "1"]) as server:
            with server.connect() as writer:
                store(self, writer, b"k", b"a" * (20 * MIB))
                slow = []
                for number in range(10):
                    connection = server.connect()
                    # With so small a window, to read it all would take minutes.
                    if number > 0:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    connection.sendall(b"sget k %d\r\n" % 4096)
                    slow.append(connection)
                await_stat(self, server, "streams_open", 10)
                # The value is overwritten, deleted, flushed, and memory is filled several times.
                store(self, writer, b"k", b"b" * (20 * MIB))
                say(self, writer, b"delete k", b"DELETED")
                say(self, writer, b"flush_all", b"OK")
                for number in range(400):
                    store(self, writer, b"f%d" % number, b"f" * MIB)
                began = time.monotonic()
                for _ in range(200):
                    say(self, writer, b"get none", b"END")
                self.assertLess(time.monotonic() - began, 5)
                await_stat(self, server, "streams_open", 10)
                self.assertLess(resident_bytes(server), 180 * MIB)
                # What they get is what was there when they asked.
                with slow[0].makefile("rb") as reader:
                    self.assertEqual(reader.readline(), b"STREAM_BEGIN k %d 5120\r\n" % (20 * MIB))
                    for number in range(5120):
                        self.assertEqual(reader.readline(), b"STREAM_DATA k %d 4096\r\n" % number)
                        self.assertEqual(reader.read(4098), b"a" * 4096 + b"\r\n")
                    self.assertEqual(reader.readline(), b"STREAM_END k\r\n")
            for connection in slow:
                connection.close()
            await_stat(self, server, "streams_open", 0)
            self.assertEqual(stats(server, b"stats streaming")["streams_failed"], "9")

    def test_abandoned_uploads_are_gone_after_their_time(self):
        with ServerProcess(BINARY, ["-c", "1100", "--upload-timeout", "1"]) as server:
            connections = []
            for _ in range(50):
                connection = server.connect()
                for number in range(16):
                    connection.sendall(b"set_begin k%d 2000 2 0 noreply\r\n"
                                       b"set_data k%d 0 1000 noreply\r\n%s\r\n"
                                       % (number, number, b"x" * 1000))
                connections.append(connection)
            await_stat(self, server, "uploads_open", 0)
            await_stat(self, server, "uploads_expired", 800)
            await_stat(self, server, "upload_bytes_held", 0)
            for connection in connections:
                say(self, connection, b"set_end k3", b"CLIENT_ERROR no upload in progress")
                connection.close()

    def test_the_server_can_stop_in_the_middle(self):
        server = ServerProcess(BINARY, ["-m", "128", "-I", "32m"])
        with server:
            connection = server.connect()
            store(self, connection, b"k", b"a" * (20 * MIB))
            say(self, connection, b"set_begin u 1000 2 0", b"STORED")
            connection.sendall(b"sget k 65536\r\n")
            self.assertEqual(receive(connection, 12), b"STREAM_BEGIN")
            connection.close()

    def test_the_demonstration_runs(self):
        result = subprocess.run(
            [sys.executable, str(DEMO), "--size", "2", "--chunk", "100", "--server",
             str(BINARY.path)], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("checksum is the same", result.stdout)
        self.assertNotIn("DIFFERS", result.stdout)
        help_text = subprocess.run([sys.executable, str(DEMO), "--help"], capture_output=True,
                                   text=True, timeout=60)
        self.assertIn("--connect", help_text.stdout)
