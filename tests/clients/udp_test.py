#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""UDP: the frame around requests and replies.

    udp_test.py                      build/release/bin/rat_memcached
    udp_test.py --server PATH        another one
    udp_test.py --oracle             /usr/bin/memcached
"""

from __future__ import annotations

import socket
import struct
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import binary_protocol  # noqa: E402
import client_test  # noqa: E402
from binary_protocol import Op, Status, request  # noqa: E402
from server_process import HOST, ServerError, ServerProcess  # noqa: E402

FRAME = struct.Struct(">HHHH")  # request id, sequence number, number of datagrams, reserved
DATAGRAM_BYTES_MAX = 1400
PAYLOAD_BYTES_MAX = DATAGRAM_BYTES_MAX - FRAME.size
RECEIVE_BYTES = 1 << 16
SILENCE_S = 0.3


@dataclass(frozen=True)
class Message:
    """One message of the server, which may have been several datagrams."""

    request_id: int
    payload: bytes
    datagrams: int


class UdpClient:
    def __init__(self, port: int):
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.connect((HOST, port))
        self._socket.settimeout(client_test.CLIENT_TIMEOUT_S)

    def close(self) -> None:
        self._socket.close()

    def send(self, text: bytes, request_id: int = 1, sequence: int = 0, count: int = 1,
             reserved: int = 0) -> None:
        self.send_raw(FRAME.pack(request_id, sequence, count, reserved) + text)

    def send_raw(self, datagram: bytes) -> None:
        self._socket.send(datagram)

    def datagram(self) -> tuple[int, int, int, int, bytes]:
        data = self._socket.recv(RECEIVE_BYTES)
        if len(data) > DATAGRAM_BYTES_MAX:
            raise ValueError(f"a datagram of {len(data)} bytes")
        return (*FRAME.unpack(data[:FRAME.size]), data[FRAME.size:])

    def message(self) -> Message:
        """The datagrams of a message arrive in order on one machine."""
        request_id, sequence, count, reserved, payload = self.datagram()
        if sequence != 0 or reserved != 0:
            raise ValueError(f"a message begins with datagram {sequence}, reserved {reserved}")
        for expected in range(1, count):
            if len(payload) != expected * PAYLOAD_BYTES_MAX:
                raise ValueError("a datagram before the last one that is not full")
            next_id, sequence, next_count, _, more = self.datagram()
            if (next_id, sequence, next_count) != (request_id, expected, count):
                raise ValueError(f"datagram {sequence} of {next_count}, id {next_id}")
            payload += more
        return Message(request_id, payload, count)

    def ask(self, text: bytes, request_id: int = 1) -> bytes:
        """The payload of the one message that answers."""
        self.send(text, request_id)
        message = self.message()
        if message.request_id != request_id:
            raise ValueError(f"the answer to {message.request_id}")
        return message.payload

    def text_until(self, end: bytes) -> list[Message]:
        """Messages up to one that ends so."""
        messages = [self.message()]
        while not messages[-1].payload.endswith(end):
            messages.append(self.message())
        return messages

    def is_silent(self) -> bool:
        """Whether nothing comes: a command asked afterwards is answered first."""
        self._socket.settimeout(SILENCE_S)
        try:
            self._socket.recv(RECEIVE_BYTES)
            return False
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(client_test.CLIENT_TIMEOUT_S)


class UdpTest(unittest.TestCase):
    process: ServerProcess
    port: int

    @classmethod
    def setUpClass(cls) -> None:
        cls.port = client_test.free_udp_port()
        cls.process = ServerProcess(client_test.binary, ["-U", str(cls.port)])
        cls.process.start()
        cls.addClassCleanup(cls.process.stop)

    def setUp(self) -> None:
        client_test.ask(self.process, b"flush_all\r\n", b"OK\r\n")
        self.client = UdpClient(self.port)
        self.addCleanup(self.client.close)


class RequestTest(UdpTest):
    def test_store_and_get(self) -> None:
        self.assertEqual(b"STORED\r\n", self.client.ask(b"set key 5 0 5\r\nvalue\r\n", 0x1234))
        self.assertEqual(b"VALUE key 5 5\r\nvalue\r\nEND\r\n",
                         self.client.ask(b"get key\r\n", 0xFFFF))
        self.assertEqual(b"END\r\n", self.client.ask(b"get miss\r\n", 0))
        self.assertEqual(b"VALUE key 5 5\r\nvalue\r\nEND\r\n",
                         client_test.ask(self.process, b"get key\r\n", b"END\r\n"))

    def test_all_kinds_of_commands(self) -> None:
        for text, answer in ((b"set n 0 0 1\r\n5\r\n", b"STORED\r\n"), (b"incr n 2\r\n", b"7\r\n"),
                             (b"add n 0 0 1\r\n5\r\n", b"NOT_STORED\r\n"),
                             (b"touch n 100\r\n", b"TOUCHED\r\n"), (b"nonsense\r\n", b"ERROR\r\n"),
                             (b"mg n v\r\n", b"VA 1\r\n7\r\n"), (b"delete n\r\n", b"DELETED\r\n"),
                             (b"mn\r\n", b"MN\r\n"), (b"flush_all\r\n", b"OK\r\n")):
            with self.subTest(text):
                self.assertEqual(answer, self.client.ask(text))

    def test_bare_line_feed(self) -> None:
        self.assertEqual(b"END\r\n", self.client.ask(b"get key\n"))

    def test_noreply(self) -> None:
        self.client.send(b"set key 0 0 1 noreply\r\nx\r\n")
        self.assertEqual(b"VALUE key 0 1\r\nx\r\nEND\r\n", self.client.ask(b"get key\r\n", 2))

    def test_sequence_and_reserved_are_not_looked_at(self) -> None:
        self.client.send(b"get key\r\n", request_id=9, sequence=77, reserved=0x4321)
        message = self.client.message()
        self.assertEqual((9, b"END\r\n"), (message.request_id, message.payload))

    def test_several_datagrams_are_dropped(self) -> None:
        for count in (0, 2, 3, 0xFFFF):
            self.client.send(b"get key\r\n", count=count)
        self.assertEqual(b"END\r\n", self.client.ask(b"get key\r\n", 5))
        self.assertTrue(self.client.is_silent())

    def test_short_datagrams_are_dropped(self) -> None:
        for datagram in (b"", b"x", bytes(7), FRAME.pack(1, 0, 1, 0)):
            self.client.send_raw(datagram)
        self.assertEqual(b"END\r\n", self.client.ask(b"get key\r\n", 5))
        self.assertTrue(self.client.is_silent())

    def test_text_without_line_end_is_dropped(self) -> None:
        self.client.send(b"get k")
        self.assertEqual(b"END\r\n", self.client.ask(b"get key\r\n", 5))
        self.client.send(b"ey\r\n")
        self.assertTrue(self.client.message().payload.endswith(b"\r\n"))  # an error of its own
        self.assertEqual(b"END\r\n", self.client.ask(b"get key\r\n", 6))

    def test_large_request(self) -> None:
        value = b"x" * 60_000
        self.assertEqual(b"STORED\r\n",
                         self.client.ask(b"set key 0 0 60000\r\n" + value + b"\r\n"))
        stored = client_test.ask(self.process, b"get key\r\n", b"END\r\n")
        self.assertEqual(b"VALUE key 0 60000\r\n" + value + b"\r\nEND\r\n", stored)

    def test_several_commands_in_one_datagram(self) -> None:
        self.client.send(b"set a 0 0 1\r\nx\r\nget a\r\ndelete a\r\n", request_id=3)
        messages = self.client.text_until(b"DELETED\r\n")
        self.assertEqual({3}, {message.request_id for message in messages})
        self.assertEqual(b"STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nDELETED\r\n",
                         b"".join(message.payload for message in messages))
        self.assertEqual(3, len(messages))

    def test_two_clients(self) -> None:
        other = UdpClient(self.port)
        self.addCleanup(other.close)
        for number in range(50):
            self.client.send(b"get a%d\r\n" % number, number)
            other.send(b"nonsense\r\n", number)
        for number in range(50):
            self.assertEqual(b"END\r\n", self.client.message().payload)
            self.assertEqual(b"ERROR\r\n", other.message().payload)


class ReplyTest(UdpTest):
    def test_several_datagrams(self) -> None:
        value = bytes(range(256)) * 20
        client_test.ask(self.process, b"set big 0 0 %d\r\n%s\r\n" % (len(value), value),
                        b"STORED\r\n")
        self.client.send(b"get big\r\n", 0xABCD)
        message = self.client.message()
        reply = b"VALUE big 0 %d\r\n%s\r\nEND\r\n" % (len(value), value)
        self.assertEqual((0xABCD, reply), (message.request_id, message.payload))
        self.assertEqual(-(-len(reply) // PAYLOAD_BYTES_MAX), message.datagrams)

    def test_exactly_full(self) -> None:
        head, tail = b"VALUE k 0 %d\r\n", b"\r\nEND\r\n"
        for datagrams in (1, 2):
            for surplus in (-1, 0, 1):
                size = datagrams * PAYLOAD_BYTES_MAX + surplus - len(head % 1000) - len(tail)
                with self.subTest(datagrams=datagrams, surplus=surplus):
                    client_test.ask(self.process, b"set k 0 0 %d\r\n%s\r\n" % (size, b"x" * size),
                                    b"STORED\r\n")
                    self.client.send(b"get k\r\n")
                    message = self.client.message()
                    self.assertEqual(datagrams + (surplus > 0), message.datagrams)
                    self.assertEqual(head % size + b"x" * size + tail, message.payload)

    def test_a_message_per_key(self) -> None:
        """A get of several keys is answered by a message per value; END belongs to the last."""
        client_test.ask(self.process, b"set a 0 0 1\r\nx\r\n", b"STORED\r\n")
        client_test.ask(self.process, b"set big 0 0 5000\r\n%s\r\n" % (b"y" * 5000), b"STORED\r\n")
        self.client.send(b"get a big\r\n", 7)
        first, second = self.client.message(), self.client.message()
        self.assertEqual((7, b"VALUE a 0 1\r\nx\r\n", 1),
                         (first.request_id, first.payload, first.datagrams))
        self.assertEqual((7, b"VALUE big 0 5000\r\n%s\r\nEND\r\n" % (b"y" * 5000), 4),
                         (second.request_id, second.payload, second.datagrams))

    def test_stats_is_one_message(self) -> None:
        self.client.send(b"stats\r\n", 8)
        message = self.client.message()
        self.assertTrue(message.payload.startswith(b"STAT pid "))
        self.assertTrue(message.payload.endswith(b"END\r\n"))
        self.assertGreater(message.datagrams, 1)


class BinaryOverUdpTest(UdpTest):
    def ask(self, message: bytes) -> binary_protocol.Reply:
        payload = self.client.ask(message)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(payload)
            return binary_protocol.BinaryConnection(ours).read()

    def test_binary(self) -> None:
        self.assertEqual(Status.OK, self.ask(binary_protocol.store(Op.SET, b"k", b"value")).status)
        reply = self.ask(request(Op.GETK, b"k", opaque=77))
        self.assertEqual((b"k", b"value", 77), (reply.key, reply.value, reply.opaque))
        self.assertEqual(Status.NOT_FOUND, self.ask(request(Op.GET, b"miss")).status)


class StartTest(UdpTest):
    def test_statistics(self) -> None:
        settings = client_test.statistics(self.process, "settings")
        self.assertEqual(str(self.port), settings["udpport"])
        rows = client_test.ask(self.process, b"stats conns\r\n", b"END\r\n").decode()
        self.assertRegex(rows, rf"STAT \d+:addr udp:127\.0\.0\.1:{self.port}\r\n")
        self.assertRegex(rows, r"STAT \d+:UDP UDP\r\n")
        self.assertIn("state conn_read", rows)

    def test_off_by_default(self) -> None:
        settings = client_test.statistics(client_test.server, "settings")
        self.assertEqual("0", settings["udpport"])

    def test_excludes_authentication(self) -> None:
        with tempfile.NamedTemporaryFile("w", prefix="rat_udp_") as users:
            users.write("user:password\n")
            users.flush()
            Path(users.name).chmod(0o644)
            ServerProcess(client_test.binary, ["-Y", users.name]).start_and_stop()
            for options in (["-S"], ["-Y", users.name]):
                with self.subTest(options), self.assertRaises(ServerError):
                    udp = ["-U", str(client_test.free_udp_port())]
                    ServerProcess(client_test.binary, [*udp, *options]).start_and_stop()


if __name__ == "__main__":
    sys.exit(client_test.main("UDP", __name__))
