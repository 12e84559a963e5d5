#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""The binary protocol, packet by packet. Every test runs with requests in one piece and again with
requests cut up.

    binary_test.py                      build/release/bin/rat_memcached
    binary_test.py --server PATH        another one
    binary_test.py --oracle             /usr/bin/memcached
    binary_test.py StoreTest            only these tests (unittest names)
"""

from __future__ import annotations

import re
import struct
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from binary_protocol import (TEXTS, BinaryConnection, Closed, Op, Reply,  # noqa: E402
                             Status, count, request, store, timed)
from server_process import ServerProcess  # noqa: E402

OPAQUE = 0xDEADBEEF
NOT_THERE = 999_999_999  # a CAS value that no item has
DO_NOT_CREATE = 0xFFFFFFFF
LARGEST_VALUE_BYTES = 1024 * 1024 - 48 - 8 - len(b"key") - 1 - 2
TOO_LARGE_BYTES = 1024 * 1024
MANY = 200


class BinaryTest(unittest.TestCase):
    """An empty server and a connection to it."""

    PIECE_BYTES = 0  # 0: whole requests

    def setUp(self) -> None:
        client_test.ask(client_test.server, b"flush_all\r\n", b"OK\r\n")
        self.client = self.connect()

    def connect(self, process: ServerProcess | None = None,
                piece_bytes: int | None = None) -> BinaryConnection:
        connection = (process or client_test.server).connect(client_test.CLIENT_TIMEOUT_S)
        client = BinaryConnection(connection,
                                  self.PIECE_BYTES if piece_bytes is None else piece_bytes)
        self.addCleanup(client.close)
        return client

    def assert_ok(self, reply: Reply, op: int, *, value: bytes = b"", key: bytes = b"",
                  extras: bytes = b"", has_cas: bool = False) -> Reply:
        self.assertEqual((op, Status.OK, key, extras, value),
                         (reply.op, reply.status, reply.key, reply.extras, reply.value))
        self.assertEqual(has_cas, reply.cas != 0, "the cas of the reply")
        return reply

    def assert_error(self, reply: Reply, op: int, status: int) -> None:
        """Errors have a text and nothing else."""
        self.assertEqual((op, status, b"", b"", TEXTS[Status(status)], 0),
                         (reply.op, reply.status, reply.key, reply.extras, reply.value, reply.cas))

    def assert_value(self, key: bytes, value: bytes | None) -> None:
        reply = self.client.ask(request(Op.GET, key))
        if value is None:
            self.assert_error(reply, Op.GET, Status.NOT_FOUND)
        else:
            self.assertEqual((Status.OK, value), (reply.status, reply.value))

    def assert_silent(self, *requests: bytes) -> None:
        """No reply comes before that to a NOOP."""
        self.assert_ok(self.client.ask(*requests, request(Op.NOOP)), Op.NOOP)

    def store(self, key: bytes, value: bytes, flags: int = 0, exptime: int = 0) -> int:
        """Returns the CAS."""
        return self.assert_ok(self.client.ask(store(Op.SET, key, value, flags, exptime)), Op.SET,
                              has_cas=True).cas


class GetTest(BinaryTest):
    FLAGS = struct.pack(">I", 0x01020304)

    def test_hit(self) -> None:
        cas = self.store(b"key", b"value", 0x01020304)
        for op in (Op.GET, Op.GETQ):
            reply = self.client.ask(request(op, b"key"))
            self.assert_ok(reply, op, value=b"value", extras=self.FLAGS, has_cas=True)
            self.assertEqual(cas, reply.cas)
        for op in (Op.GETK, Op.GETKQ):
            reply = self.client.ask(request(op, b"key"))
            self.assert_ok(reply, op, value=b"value", key=b"key", extras=self.FLAGS, has_cas=True)

    def test_miss(self) -> None:
        self.assert_error(self.client.ask(request(Op.GET, b"key")), Op.GET, Status.NOT_FOUND)
        self.assert_silent(request(Op.GETQ, b"key"))
        self.assert_silent(request(Op.GETKQ, b"key"))

    def test_getk_miss_returns_the_key_and_no_text(self) -> None:
        reply = self.client.ask(request(Op.GETK, b"key"))
        self.assertEqual((Op.GETK, Status.NOT_FOUND, b"key", b"", b"", 0),
                         (reply.op, reply.status, reply.key, reply.extras, reply.value, reply.cas))

    def test_empty_value(self) -> None:
        self.store(b"key", b"")
        self.assert_ok(self.client.ask(request(Op.GET, b"key")), Op.GET, extras=bytes(4),
                       has_cas=True)

    def test_multi_get_by_pipeline(self) -> None:
        for number in range(0, MANY, 2):
            self.store(b"key%d" % number, b"value %d" % number)
        self.client.send(*(request(Op.GETKQ, b"key%d" % number, opaque=number)
                           for number in range(MANY)), request(Op.NOOP, opaque=OPAQUE))
        for number in range(0, MANY, 2):
            reply = self.client.read()
            self.assertEqual((b"key%d" % number, b"value %d" % number, number),
                             (reply.key, reply.value, reply.opaque))
        self.assertEqual((Op.NOOP, OPAQUE), (self.client.read().op, OPAQUE))

    def test_any_byte_in_a_key(self) -> None:
        for key in (b"a b", b"a\nb", b"a\r\nb", b"\x00", bytes(range(250)), b"k" * 250):
            with self.subTest(key[:10]):
                self.store(key, b"value")
                reply = self.client.ask(request(Op.GETK, key))
                self.assertEqual((key, b"value"), (reply.key, reply.value))


class StoreTest(BinaryTest):
    def test_set(self) -> None:
        first = self.store(b"key", b"1")
        second = self.store(b"key", b"2")
        self.assertGreater(second, first)
        self.assert_value(b"key", b"2")

    def test_add(self) -> None:
        self.assert_ok(self.client.ask(store(Op.ADD, b"key", b"1")), Op.ADD, has_cas=True)
        self.assert_error(self.client.ask(store(Op.ADD, b"key", b"2")), Op.ADD, Status.EXISTS)
        self.assert_value(b"key", b"1")

    def test_replace(self) -> None:
        self.assert_error(self.client.ask(store(Op.REPLACE, b"key", b"1")), Op.REPLACE,
                          Status.NOT_FOUND)
        self.store(b"key", b"1")
        self.assert_ok(self.client.ask(store(Op.REPLACE, b"key", b"2")), Op.REPLACE, has_cas=True)
        self.assert_value(b"key", b"2")

    def test_append_and_prepend(self) -> None:
        for op in (Op.APPEND, Op.PREPEND):
            self.assert_error(self.client.ask(request(op, b"key", b"x")), op, Status.NOT_STORED)
        self.store(b"key", b"middle", flags=7)
        appended = self.client.ask(request(Op.APPEND, b"key", b" end"))
        self.assert_ok(appended, Op.APPEND, has_cas=True)
        prepended = self.client.ask(request(Op.PREPEND, b"key", b"start ", cas=appended.cas))
        self.assert_ok(prepended, Op.PREPEND, has_cas=True)
        for op in (Op.APPEND, Op.PREPEND):
            self.assert_error(self.client.ask(request(op, b"key", b"x", cas=NOT_THERE)), op,
                              Status.EXISTS)
        reply = self.client.ask(request(Op.GET, b"key"))
        self.assertEqual((b"start middle end", 7), (reply.value, reply.flags))

    def test_quiet(self) -> None:
        self.assert_silent(store(Op.SETQ, b"set", b"1"), store(Op.ADDQ, b"add", b"2"),
                           store(Op.REPLACEQ, b"set", b"3"), request(Op.APPENDQ, b"set", b"end"),
                           request(Op.PREPENDQ, b"set", b"start"), request(Op.DELETEQ, b"add"),
                           count(Op.INCRQ, b"n", 1, 5), count(Op.INCRQ, b"n", 2),
                           count(Op.DECRQ, b"n", 1))
        self.assert_value(b"set", b"start3end")
        self.assert_value(b"add", None)
        self.assert_value(b"n", b"6")

    def test_quiet_errors_are_sent(self) -> None:
        self.store(b"key", b"text")
        for message, op, status in (
                (store(Op.ADDQ, b"key", b"x"), Op.ADDQ, Status.EXISTS),
                (store(Op.SETQ, b"key", b"x", cas=NOT_THERE), Op.SETQ, Status.EXISTS),
                (store(Op.REPLACEQ, b"miss", b"x"), Op.REPLACEQ, Status.NOT_FOUND),
                (request(Op.DELETEQ, b"miss"), Op.DELETEQ, Status.NOT_FOUND),
                (count(Op.INCRQ, b"miss", 1, 0, DO_NOT_CREATE), Op.INCRQ, Status.NOT_FOUND),
                (count(Op.DECRQ, b"miss", 1, 0, DO_NOT_CREATE), Op.DECRQ, Status.NOT_FOUND),
                (count(Op.INCRQ, b"key", 1), Op.INCRQ, Status.NOT_NUMERIC),
                (request(Op.APPENDQ, b"miss", b"x"), Op.APPENDQ, Status.NOT_STORED),
                (request(Op.PREPENDQ, b"miss", b"x"), Op.PREPENDQ, Status.NOT_STORED)):
            with self.subTest(op.name):
                self.assert_error(self.client.ask(message), op, status)
        self.assert_value(b"key", b"text")

    def test_cas(self) -> None:
        for op in (Op.SET, Op.ADD, Op.REPLACE):
            with self.subTest(op.name):
                reply = self.client.ask(store(op, b"miss", b"x", cas=NOT_THERE))
                self.assert_error(reply, op, Status.NOT_FOUND)
        cas = self.store(b"key", b"1")
        for op in (Op.SET, Op.REPLACE):
            self.assert_error(self.client.ask(store(op, b"key", b"x", cas=NOT_THERE)), op,
                              Status.EXISTS)
            reply = self.client.ask(store(op, b"key", op.name.encode(), cas=cas))
            self.assert_ok(reply, op, has_cas=True)
            self.assertNotEqual(cas, reply.cas)
            cas = reply.cas
            self.assert_value(b"key", op.name.encode())

    def test_expiry(self) -> None:
        self.store(b"short", b"x", exptime=1)
        self.store(b"long", b"x", exptime=1000)
        self.store(b"date", b"x", exptime=int(time.time()) + 1000)
        # Unsigned: this is a date in 2106, and not "expired".
        self.store(b"far", b"x", exptime=0xFFFFFFFF)
        self.store(b"past", b"x", exptime=int(time.time()) - 1000)
        self.assert_value(b"past", None)
        self.assertTrue(client_test.eventually(
            lambda: self.client.ask(request(Op.GET, b"short")).status == Status.NOT_FOUND))
        for key in (b"long", b"date", b"far"):
            self.assert_value(key, b"x")

    def test_large(self) -> None:
        value = bytes(range(256)) * (LARGEST_VALUE_BYTES // 256)
        value += b"x" * (LARGEST_VALUE_BYTES - len(value))
        client = self.connect(piece_bytes=0)
        self.assert_ok(client.ask(store(Op.SET, b"key", value)), Op.SET, has_cas=True)
        self.assertEqual(value, client.ask(request(Op.GET, b"key")).value)

    def test_too_large(self) -> None:
        client = self.connect(piece_bytes=0)
        for op, remains in ((Op.ADD, True), (Op.REPLACE, True), (Op.SET, False), (Op.SETQ, False)):
            with self.subTest(op.name):
                self.store(b"key", b"old")
                client.send(store(op, b"key", b"x" * TOO_LARGE_BYTES), request(Op.NOOP))
                self.assert_error(client.read(), op, Status.TOO_LARGE)
                self.assert_ok(client.read(), Op.NOOP)
                self.assert_value(b"key", b"old" if remains else None)

    def test_random_pieces_of_a_pipeline(self) -> None:
        values = {b"key%d" % size: bytes([size % 256]) * size for size in range(0, 5000, 37)}
        requests = b"".join(store(Op.SETQ, key, value) for key, value in values.items())
        requests += b"".join(request(Op.GETKQ, key) for key in values) + request(Op.NOOP)
        for piece_bytes in (23, 24, 25, 1000, 16384):
            with self.subTest(piece_bytes):
                client = self.connect(piece_bytes=piece_bytes)
                client.send(requests)
                found = {}
                while (reply := client.read()).op != Op.NOOP:
                    self.assertEqual(Op.GETKQ, reply.op)
                    found[reply.key] = reply.value
                self.assertEqual(values, found)


class DeleteTest(BinaryTest):
    def test_delete(self) -> None:
        self.assert_error(self.client.ask(request(Op.DELETE, b"key")), Op.DELETE, Status.NOT_FOUND)
        self.store(b"key", b"x")
        self.assert_ok(self.client.ask(request(Op.DELETE, b"key")), Op.DELETE)
        self.assert_value(b"key", None)

    def test_delete_with_cas(self) -> None:
        cas = self.store(b"key", b"x")
        self.assert_error(self.client.ask(request(Op.DELETE, b"key", cas=NOT_THERE)), Op.DELETE,
                          Status.EXISTS)
        self.assert_value(b"key", b"x")
        self.assert_ok(self.client.ask(request(Op.DELETE, b"key", cas=cas)), Op.DELETE)
        self.assert_value(b"key", None)


class CountTest(BinaryTest):
    def assert_number(self, message: bytes, op: int, number: int) -> Reply:
        reply = self.client.ask(message)
        self.assert_ok(reply, op, value=struct.pack(">Q", number), has_cas=True)
        return reply

    def test_count(self) -> None:
        self.store(b"n", b"10", flags=3)
        self.assert_number(count(Op.INCR, b"n", 5), Op.INCR, 15)
        self.assert_number(count(Op.DECR, b"n", 6), Op.DECR, 9)
        self.assert_value(b"n", b"9 ")
        self.assert_number(count(Op.DECR, b"n", 100), Op.DECR, 0)
        self.assert_number(count(Op.INCR, b"n", 2**64 - 1), Op.INCR, 2**64 - 1)
        self.assert_number(count(Op.INCR, b"n", 1), Op.INCR, 0)
        self.assertEqual(3, self.client.ask(request(Op.GET, b"n")).flags)

    def test_creation_stores_the_initial_value_as_text(self) -> None:
        self.assert_number(count(Op.INCR, b"n", 5, 17, 1000), Op.INCR, 17)
        self.assert_value(b"n", b"17")
        self.assert_number(count(Op.INCR, b"n", 5, 17), Op.INCR, 22)
        self.assert_number(count(Op.DECR, b"m", 5, 2**64 - 1), Op.DECR, 2**64 - 1)
        self.assert_value(b"m", b"18446744073709551615")

    def test_do_not_create(self) -> None:
        for op in (Op.INCR, Op.DECR):
            self.assert_error(self.client.ask(count(op, b"n", 5, 17, DO_NOT_CREATE)), op,
                              Status.NOT_FOUND)
        self.assert_value(b"n", None)

    def test_not_a_number(self) -> None:
        self.store(b"text", b"text")
        for op in (Op.INCR, Op.DECR):
            self.assert_error(self.client.ask(count(op, b"text", 1)), op, Status.NOT_NUMERIC)
        self.assert_value(b"text", b"text")

    def test_cas(self) -> None:
        cas = self.store(b"n", b"1")
        self.assert_error(self.client.ask(count(Op.INCR, b"n", 1, cas=NOT_THERE)), Op.INCR,
                          Status.EXISTS)
        reply = self.assert_number(count(Op.INCR, b"n", 1, cas=cas), Op.INCR, 2)
        self.assertEqual(reply.cas, self.client.ask(request(Op.GET, b"n")).cas)


class TouchTest(BinaryTest):
    def test_touch_returns_the_flags(self) -> None:
        self.assert_error(self.client.ask(timed(Op.TOUCH, b"key", 100)), Op.TOUCH,
                          Status.NOT_FOUND)
        cas = self.store(b"key", b"x", flags=0xAABBCCDD)
        reply = self.client.ask(timed(Op.TOUCH, b"key", 100))
        self.assert_ok(reply, Op.TOUCH, extras=b"\xaa\xbb\xcc\xdd", has_cas=True)
        self.assertEqual(cas, reply.cas)

    def test_touch_sets_the_time(self) -> None:
        self.store(b"key", b"x")
        self.client.ask(timed(Op.TOUCH, b"key", 1))
        self.assertTrue(client_test.eventually(
            lambda: self.client.ask(request(Op.GET, b"key")).status == Status.NOT_FOUND))

    def test_get_and_touch(self) -> None:
        for op in (Op.GAT, Op.GATK):
            reply = self.client.ask(timed(op, b"miss", 100))
            self.assertEqual(Status.NOT_FOUND, reply.status)
        for op in (Op.GATQ, Op.GATKQ):
            self.assert_silent(timed(op, b"miss", 100))
        cas = self.store(b"key", b"value", flags=7)
        for op, key in ((Op.GAT, b""), (Op.GATQ, b""), (Op.GATK, b"key"), (Op.GATKQ, b"key")):
            with self.subTest(op.name):
                reply = self.client.ask(timed(op, b"key", 1000))
                self.assert_ok(reply, op, key=key, value=b"value", extras=b"\0\0\0\7",
                               has_cas=True)
                self.assertEqual(cas, reply.cas)
        self.client.ask(timed(Op.GAT, b"key", 1))
        self.assertTrue(client_test.eventually(
            lambda: self.client.ask(request(Op.GET, b"key")).status == Status.NOT_FOUND))

    def test_miss_of_gatk_returns_the_key(self) -> None:
        reply = self.client.ask(timed(Op.GATK, b"miss", 100))
        self.assertEqual((Op.GATK, b"miss", b""), (reply.op, reply.key, reply.value))
        self.assert_error(self.client.ask(timed(Op.GAT, b"miss", 100)), Op.GAT, Status.NOT_FOUND)


class FlushTest(BinaryTest):
    def test_flush(self) -> None:
        self.store(b"key", b"x")
        self.assert_ok(self.client.ask(request(Op.FLUSH)), Op.FLUSH)
        self.assert_value(b"key", None)
        self.store(b"key", b"x")
        self.assert_silent(request(Op.FLUSHQ))
        self.assert_value(b"key", None)

    def test_flush_later(self) -> None:
        self.store(b"key", b"x")
        self.assert_ok(self.client.ask(timed(Op.FLUSH, b"", 1000)), Op.FLUSH)
        self.assert_value(b"key", b"x")
        self.assert_ok(self.client.ask(timed(Op.FLUSH, b"", 0)), Op.FLUSH)
        self.assert_value(b"key", None)

    def test_not_allowed(self) -> None:
        process = client_test.with_options(self, "-F")
        client = self.connect(process)
        self.assert_error(client.ask(request(Op.FLUSH)), Op.FLUSH, Status.AUTH_FAILURE)
        self.assert_error(client.ask(request(Op.FLUSHQ)), Op.FLUSHQ, Status.AUTH_FAILURE)
        self.assert_ok(client.ask(request(Op.NOOP)), Op.NOOP)


class OtherTest(BinaryTest):
    def test_noop_and_version(self) -> None:
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)
        reply = self.client.ask(request(Op.VERSION))
        self.assertEqual((Op.VERSION, Status.OK, 0), (reply.op, reply.status, reply.cas))
        self.assertRegex(reply.value.decode(), re.compile(r"^1\.6\.\d+$"))

    def test_quit(self) -> None:
        self.assert_ok(self.client.ask(request(Op.QUIT)), Op.QUIT)
        self.assertTrue(self.client.is_closed())
        quiet = self.connect()
        quiet.send(store(Op.SETQ, b"key", b"x"), request(Op.QUITQ))
        self.assertTrue(quiet.is_closed())
        client_test.ask(client_test.server, b"get key\r\n", b"END\r\n")

    def test_header_fields(self) -> None:
        """The opaque comes back; data type and vbucket are not looked at."""
        reply = self.client.ask(store(Op.SET, b"key", b"x", opaque=OPAQUE, data_type=0x55,
                                      vbucket=0x1234))
        self.assertEqual((Op.SET, Status.OK, OPAQUE), (reply.op, reply.status, reply.opaque))
        reply = self.client.ask(request(Op.GET, b"miss", opaque=OPAQUE))
        self.assertEqual((Status.NOT_FOUND, OPAQUE), (reply.status, reply.opaque))

    def test_unknown_opcodes(self) -> None:
        for op in (0x1B, 0x1F, 0x25, 0x30, 0x3C, 0x80, 0xFF):
            with self.subTest(hex(op)):
                reply = self.client.ask(request(op, opaque=OPAQUE))
                self.assert_error(reply, op, Status.UNKNOWN)
                self.assertEqual(OPAQUE, reply.opaque)
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)

    def test_sasl_is_off(self) -> None:
        self.assert_error(self.client.ask(request(Op.SASL_LIST)), Op.SASL_LIST, Status.UNKNOWN)

    def test_without_cas(self) -> None:
        client = self.connect(client_test.with_options(self, "-C"))
        self.assert_ok(client.ask(store(Op.SET, b"n", b"1")), Op.SET)
        self.assert_ok(client.ask(store(Op.SET, b"n", b"5", cas=NOT_THERE)), Op.SET)
        self.assert_ok(client.ask(request(Op.GET, b"n")), Op.GET, value=b"5", extras=bytes(4))
        self.assert_ok(client.ask(count(Op.INCR, b"n", 1)), Op.INCR, value=struct.pack(">Q", 6))

    def test_pipeline_of_everything(self) -> None:
        requests = [store(Op.SET, b"a", b"1"), store(Op.SETQ, b"b", b"2"), request(Op.GETQ, b"x"),
                    request(Op.GETK, b"b"), store(Op.ADDQ, b"a", b"x"), count(Op.INCR, b"a", 4),
                    request(Op.DELETEQ, b"b"), request(Op.GET, b"b"), timed(Op.TOUCH, b"a", 100),
                    request(0x30), request(Op.VERSION), request(Op.NOOP)]
        wanted = [(Op.SET, Status.OK), (Op.GETK, Status.OK), (Op.ADDQ, Status.EXISTS),
                  (Op.INCR, Status.OK), (Op.GET, Status.NOT_FOUND), (Op.TOUCH, Status.OK),
                  (0x30, Status.UNKNOWN), (Op.VERSION, Status.OK), (Op.NOOP, Status.OK)]
        self.client.send(*requests * 30)
        for turn in range(30):
            replies = [self.client.read() for _ in wanted]
            self.assertEqual(wanted, [(reply.op, reply.status) for reply in replies], turn)


class StatTest(BinaryTest):
    def statistics(self, what: bytes = b"") -> dict[bytes, bytes] | Reply:
        """The pairs, or the error."""
        self.client.send(request(Op.STAT, what, opaque=OPAQUE))
        found: dict[bytes, bytes] = {}
        while True:
            reply = self.client.read()
            self.assertEqual((Op.STAT, OPAQUE, 0), (reply.op, reply.opaque, reply.cas))
            if reply.status != Status.OK:
                return reply
            if not reply.key and not reply.value:
                return found
            found[reply.key] = reply.value

    def test_known(self) -> None:
        self.store(b"key", b"x")
        for what, name in ((b"", b"curr_items"), (b"settings", b"maxbytes"),
                           (b"items", b"items:1:number"), (b"slabs", b"1:chunk_size"),
                           (b"sizes", b"sizes_status")):
            with self.subTest(what):
                found = self.statistics(what)
                self.assertIsInstance(found, dict)
                self.assertIn(name, found)

    def test_same_as_ascii(self) -> None:
        for what in ("", "settings"):
            ascii_names = list(client_test.statistics(client_test.server, what))
            found = self.statistics(what.encode())
            self.assertEqual(ascii_names, [name.decode() for name in found])

    def test_reset_is_answered_by_the_end_alone(self) -> None:
        self.client.ask(request(Op.GET, b"miss"))
        self.assertEqual({}, self.statistics(b"reset"))
        found = self.statistics()
        self.assertIsInstance(found, dict)
        self.assertEqual(b"0", found[b"get_misses"])

    def test_detail(self) -> None:
        self.assertEqual({}, self.statistics(b"detail on"))
        self.store(b"prefix:key", b"x")
        self.client.ask(request(Op.GET, b"prefix:key"))
        found = self.statistics(b"detail dump")
        self.assertEqual({b"detailed"}, set(found))
        self.assertIn(b"PREFIX prefix get 1 hit 1 set 1 del 0\r\n", found[b"detailed"])
        self.assertEqual({}, self.statistics(b"detail off"))

    def test_unknown(self) -> None:
        for what in (b"conns", b"bogus", b"SETTINGS", b"cachedump 1 0"):
            with self.subTest(what):
                found = self.statistics(what)
                self.assertIsInstance(found, Reply)
                self.assertEqual(Status.NOT_FOUND, found.status)
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)


class MistakeTest(BinaryTest):
    """What is not a packet. The connection is closed after the answer."""

    def assert_refused(self, message: bytes, op: int, status: int) -> None:
        client = self.connect()
        client.send(message, request(Op.NOOP))
        reply = client.read()
        self.assertEqual((op, status), (reply.op, reply.status))
        self.assertEqual(TEXTS[Status(status)], reply.value)
        with self.assertRaises(Closed):
            while True:
                client.read()

    def test_wrong_extras(self) -> None:
        for message, op in (
                (request(Op.GET, b"key", extras=bytes(4)), Op.GET),
                (request(Op.GET, b"key", b"value"), Op.GET),
                (request(Op.GET), Op.GET),
                (request(Op.SET, b"key", b"x"), Op.SET),
                (request(Op.SET, b"key", b"x", bytes(4)), Op.SET),
                (store(Op.SET, b"", b"x"), Op.SET),
                (request(Op.DELETE, b"key", extras=bytes(4)), Op.DELETE),
                (request(Op.INCR, b"key", extras=bytes(8)), Op.INCR),
                (request(Op.FLUSH, b"key"), Op.FLUSH),
                (request(Op.NOOP, b"key"), Op.NOOP),
                (request(Op.VERSION, b"key"), Op.VERSION),
                (request(Op.APPEND, b"key", b"x", bytes(8)), Op.APPEND),
                (request(Op.TOUCH, b"key"), Op.TOUCH),
                (request(Op.STAT, b"settings", extras=bytes(4)), Op.STAT)):
            with self.subTest(op.name):
                self.assert_refused(message, op, Status.INVALID)

    def test_key_too_long(self) -> None:
        self.assert_refused(request(Op.GET, b"k" * 251), Op.GET, Status.INVALID)
        self.assert_refused(store(Op.SET, b"k" * 251, b"x"), Op.SET, Status.INVALID)

    def test_lengths_that_contradict(self) -> None:
        self.assert_refused(request(Op.GET, b"key", body_bytes=2), Op.GET, Status.UNKNOWN)
        self.assert_refused(request(Op.SET, b"key", extras=bytes(8), body_bytes=4), Op.SET,
                            Status.UNKNOWN)

    def test_body_too_long(self) -> None:
        client_test.not_in_older(self, "waits for it")
        self.assert_refused(request(Op.SET, b"key", extras=bytes(8), body_bytes=(1 << 30) + 1),
                            Op.SET, Status.INVALID)

    def test_wrong_magic(self) -> None:
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)
        self.client.send(request(Op.NOOP, magic=0x81))
        self.assertTrue(self.client.is_closed())

    def test_text(self) -> None:
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)
        self.client.send(b"get key\r\nversion\r\nversion\r\n")
        self.assertTrue(self.client.is_closed())

    def test_server_lives(self) -> None:
        self.assert_refused(request(Op.GET), Op.GET, Status.INVALID)
        self.assert_ok(self.client.ask(request(Op.NOOP)), Op.NOOP)


class ProtocolChoiceTest(BinaryTest):
    def test_forced(self) -> None:
        client = self.connect(client_test.with_options(self, "-B", "binary"))
        self.assert_ok(client.ask(request(Op.NOOP)), Op.NOOP)
        text = self.connect(client_test.with_options(self, "-B", "binary"))
        text.send(b"version\r\nversion\r\nversion\r\n")
        self.assertTrue(text.is_closed())

    def test_first_byte_decides(self) -> None:
        with client_test.server.connect(client_test.CLIENT_TIMEOUT_S) as text:
            text.sendall(b"version\r\n")
            self.assertTrue(text.recv(100).startswith(b"VERSION "))
            text.sendall(request(Op.VERSION) + b"\r\n")
            self.assertRegex(text.recv(100), rb"^(CLIENT_ERROR|ERROR)")


def in_pieces(piece_bytes: int) -> list[type[BinaryTest]]:
    """All tests again, with requests in pieces of this size."""
    return [type(f"{case.__name__}Pieces{piece_bytes}", (case,), {"PIECE_BYTES": piece_bytes})
            for case in BinaryTest.__subclasses__()]


for _case in in_pieces(1) + in_pieces(7):
    globals()[_case.__name__] = _case
del _case

if __name__ == "__main__":
    sys.exit(client_test.main("the binary protocol", __name__))
