# SPDX-License-Identifier: LGPL-3.0-or-later
"""Clients that mean no good, and what they must not be able to do: take memory, or take the server
away from others."""

import re
import select
import socket
import threading
import time
import unittest
from pathlib import Path

from server_process import ServerProcess

BINARY = None  # set by run.py
DEADLINE_S = 60.0
MIB = 1 << 20


def resident_bytes(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def stats(server, words=b"stats"):
    with server.connect() as connection:
        connection.sendall(words + b"\r\nquit\r\n")
        reply = b""
        while data := connection.recv(65536):
            reply += data
    return dict(line.split(" ", 2)[1:] for line in reply.decode().splitlines() if line != "END")


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise AssertionError(f"closed after {len(data)} of {size} bytes: {data[:100]!r}")
        data += more
    return data


def receive_all(connection):
    data = b""
    while more := connection.recv(1 << 16):
        data += more
    return data


def store(test, connection, key, value):
    connection.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
    test.assertEqual(receive(connection, 8), b"STORED\r\n")


def still_serves(test, server):
    with server.connect() as connection:
        connection.sendall(b"set alive 0 0 1\r\n1\r\nget alive\r\n")
        expected = b"STORED\r\nVALUE alive 0 1\r\n1\r\nEND\r\n"
        test.assertEqual(receive(connection, len(expected)), expected)


def send_until_blocked(connection, data, limit=None):
    """Sends `data` over and over without reading, until the server takes no more."""
    connection.setblocking(False)
    sent = 0
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 1.0 and (limit is None or sent < limit):
        _, writable, _ = select.select([], [connection], [], 0.1)
        if not writable:
            continue
        try:
            sent += connection.send(data)
            quiet_since = time.monotonic()
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            break
    return sent


class Memory(unittest.TestCase):
    def test_a_client_that_never_reads_is_not_read(self):
        with ServerProcess(BINARY, ["-m", "64"]) as server:
            with server.connect() as connection:
                store(self, connection, b"big", b"x" * 1_000_000)
            before = resident_bytes(server)
            greedy = [server.connect() for _ in range(20)]
            for connection in greedy:
                send_until_blocked(connection, b"get big\r\n" * 1000, limit=16 * MIB)
            self.assertLess(resident_bytes(server) - before, 16 * MIB)
            self.assertGreater(int(stats(server)["curr_connections"]), 20)
            still_serves(self, server)
            # Small values too: replies pile up to a bound, and no further.
            with server.connect() as connection:
                send_until_blocked(connection, b"get alive\r\n" * 1000, limit=64 * MIB)
                self.assertLess(resident_bytes(server) - before, 20 * MIB)
                still_serves(self, server)
            for connection in greedy:
                connection.close()

    def test_replies_of_one_read_do_not_pile_up(self):
        """Thousands of requests arrive at once; their replies are megabytes, small and many."""
        for request in (b"get a\r\n", b"stats\r\n"):
            with self.subTest(request=request), ServerProcess(BINARY, ["-m", "64"]) as server:
                with server.connect() as connection:
                    store(self, connection, b"a", b"x" * 4000)
                before = resident_bytes(server)
                greedy = [server.connect() for _ in range(20)]
                for connection in greedy:
                    send_until_blocked(connection, request * (64_000 // len(request)), limit=64_000)
                # Nothing is to happen; it would within a second.
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    self.assertLess(resident_bytes(server) - before, 30 * MIB)
                    still_serves(self, server)
                for connection in greedy:
                    connection.close()

    def test_a_slow_reader_gets_its_value_although_it_is_deleted(self):
        with ServerProcess(BINARY, ["-m", "8", "-I", "2m"]) as server:
            value = bytes(range(256)) * 4096  # 1 MiB
            with server.connect() as slow, server.connect() as other:
                store(self, other, b"big", value)
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.sendall(b"get big\r\n" * 8)
                head = receive(slow, 10)
                other.sendall(b"delete big\r\n")
                self.assertEqual(receive(other, 9), b"DELETED\r\n")
                for i in range(200):  # many times the memory
                    filler = b"%08d" % i * 12_500
                    store(self, other, b"f%d" % i, filler)
                reply = b"VALUE big 0 %d\r\n" % len(value) + value + b"\r\nEND\r\n"
                self.assertEqual(head + receive(slow, len(reply) - len(head)), reply)

    def test_announced_values_take_no_memory(self):
        with ServerProcess(BINARY, ["-m", "1024", "-I", "500m", "-c", "2000"]) as server:
            before = resident_bytes(server)
            connections = [server.connect() for _ in range(500)]
            for number, connection in enumerate(connections):
                connection.sendall(b"set k%d 0 0 400000000\r\nx" % number)
            still_serves(self, server)
            # 500 x 400 MB were announced; what is taken is some pages for each.
            self.assertLess(resident_bytes(server) - before, 80 * MIB)
            for connection in connections:
                connection.close()

    def test_lines_without_end(self):
        with ServerProcess(BINARY, ["-m", "64"]) as server:
            before = resident_bytes(server)
            with server.connect() as connection:
                connection.sendall(b"x" * 100_000)
                self.assertEqual(receive_all_or_reset(connection), b"")
            # A get may be long, but not without bound.
            with server.connect() as connection:
                connection.sendall(b"get ")
                sent = send_until_blocked(connection, b"k" * 65536, limit=200 * MIB)
                self.assertLess(sent, 100 * MIB)
            self.assertLess(resident_bytes(server) - before, 70 * MIB)
            still_serves(self, server)
            await_value(self, server, "curr_connections", lambda n: n <= 2)
            self.assertGreaterEqual(int(stats(server)["read_buf_oom"]), 1)

    def test_unfinished_requests_of_many_connections(self):
        with ServerProcess(BINARY, ["-m", "64", "-c", "3000"]) as server:
            before = resident_bytes(server)
            connections = [server.connect() for _ in range(2000)]
            for connection in connections:
                connection.sendall(b"get " + b"k" * 2000)
            still_serves(self, server)
            self.assertLess(resident_bytes(server) - before, 2000 * 8192)
            for connection in connections:
                connection.close()


def receive_all_or_reset(connection):
    try:
        return receive_all(connection)
    except ConnectionResetError:
        return b""


def await_value(test, server, name, condition):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        value = int(stats(server)[name])
        if condition(value):
            return
        test.assertLess(time.monotonic(), deadline, f"{name} is still {value}")


class Connections(unittest.TestCase):
    def test_more_than_allowed_are_told_and_counted(self):
        with ServerProcess(BINARY, ["-c", "40", "-t", "1"]) as server:
            await_value(self, server, "curr_connections", lambda n: n == 1)
            open_ones = []
            refused = None
            for _ in range(40):
                connection = server.connect()
                connection.sendall(b"version\r\n")
                answer = connection.recv(100)
                if answer.startswith(b"ERROR"):
                    refused = answer + receive_all_or_reset(connection)
                    break
                open_ones.append(connection)
            # As many as memcached has left with these options.
            self.assertEqual(len(open_ones), 27)
            self.assertEqual(refused, b"ERROR Too many open connections\r\n")
            open_ones.pop().close()
            await_value_on(self, open_ones[0], "rejected_connections", 1)
            deadline = time.monotonic() + DEADLINE_S
            while True:  # the place of the one that left
                connection = server.connect()
                connection.sendall(b"version\r\n")
                if connection.recv(100).startswith(b"VERSION"):
                    break
                self.assertLess(time.monotonic(), deadline)
            for connection in open_ones:
                connection.close()

    def test_churn_leaves_nothing_behind(self):
        # Little memory, so that the beginnings of values have been everywhere in it before it counts.
        with ServerProcess(BINARY, ["-t", "2", "-m", "4"]) as server:
            for _ in range(2000):
                with server.connect() as connection:
                    connection.sendall(b"set k 0 0 100000\r\npart of it")
            await_value(self, server, "curr_connections", lambda n: n <= 2)
            before = resident_bytes(server)
            for _ in range(6000):
                with server.connect() as connection:
                    connection.sendall(b"set k 0 0 100000\r\npart of it")
            # The server may still be at work on the last of them.
            await_value(self, server, "curr_connections", lambda n: n <= 2)
            await_value(self, server, "connection_structures", lambda n: n == 2)
            self.assertLess(resident_bytes(server) - before, 2 * MIB)


def await_value_on(test, connection, name, wanted):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        connection.sendall(b"stats\r\n")
        text = b""
        while not text.endswith(b"END\r\n"):
            text += connection.recv(65536)
        value = int(re.search(rf"STAT {name} (\d+)".encode(), text).group(1))
        if value == wanted:
            return
        test.assertLess(time.monotonic(), deadline, f"{name} is {value}")


class Fairness(unittest.TestCase):
    def test_endless_pipelines_leave_room_for_others(self):
        """Eight clients with as much as the server takes; a ninth asks for one key at a time."""
        with ServerProcess(BINARY, ["-t", "1"]) as server:
            still_serves(self, server)
            done = threading.Event()

            def flood():
                with server.connect() as connection:
                    sender = threading.Thread(
                        target=lambda: keep_sending(connection, b"get alive\r\n" * 2000, done))
                    sender.start()
                    while not done.is_set():
                        connection.recv(1 << 20)
                    connection.shutdown(socket.SHUT_RDWR)
                    sender.join()

            floods = [threading.Thread(target=flood) for _ in range(8)]
            for thread in floods:
                thread.start()
            try:
                expected = b"VALUE alive 0 1\r\n1\r\nEND\r\n"
                slowest = 0.0
                with server.connect() as connection:
                    for _ in range(200):
                        began = time.monotonic()
                        connection.sendall(b"get alive\r\n")
                        self.assertEqual(receive(connection, len(expected)), expected)
                        slowest = max(slowest, time.monotonic() - began)
            finally:
                done.set()
                for thread in floods:
                    thread.join()
            # Two processors carry the server and nine clients in Python; seconds would be starvation.
            self.assertLess(slowest, 2.0)

    def test_a_long_get_is_answered_to_a_client_that_reads_late(self):
        keys = b" ".join(b"some:key:%010d" % i for i in range(200_000))
        with ServerProcess(BINARY, ["-m", "64"]) as server:
            with server.connect() as connection:
                for first in range(0, 200_000, 20_000):
                    connection.sendall(b"".join(b"set some:key:%010d 0 0 4 noreply\r\n%04d\r\n"
                                                % (i, i % 10_000)
                                                for i in range(first, first + 20_000)))
                connection.sendall(b"get " + keys + b"\r\n")
                expected = b"".join(b"VALUE some:key:%010d 0 4\r\n%04d\r\n" % (i, i % 10_000)
                                    for i in range(200_000)) + b"END\r\n"
                self.assertTrue(receive(connection, len(expected)) == expected)
                connection.sendall(b"version\r\n")
                self.assertEqual(receive(connection, 16), b"VERSION 1.6.45\r\n")


def keep_sending(connection, data, done):
    try:
        while not done.is_set():
            connection.sendall(data)
    except OSError:
        pass
