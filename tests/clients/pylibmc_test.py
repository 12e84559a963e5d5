#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""pylibmc (libmemcached), as Debian has it (python3-pylibmc): in the ASCII and the binary protocol.

    pylibmc_test.py [--server PATH | --oracle] [unittest names]
"""

from __future__ import annotations

import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from server_process import HOST  # noqa: E402

try:
    import pylibmc
except ImportError:
    sys.exit("pylibmc is missing: apt-get install python3-pylibmc, "
             "and run this with /usr/bin/python3")

LARGE_VALUE_BYTES = 900_000
THREADS = 4


class PylibmcTest(unittest.TestCase):
    BINARY = False
    BEHAVIORS = {"cas": True, "tcp_nodelay": True}

    def setUp(self) -> None:
        self.client = pylibmc.Client([f"{HOST}:{client_test.server.port}"], binary=self.BINARY,
                                     behaviors=dict(self.BEHAVIORS))
        self.addCleanup(self.client.disconnect_all)
        self.assertTrue(self.client.flush_all())


class OperationsTest(PylibmcTest):
    def test_set_and_get(self) -> None:
        self.assertIsNone(self.client.get("key"))
        self.assertTrue(self.client.set("key", b"value"))
        self.assertEqual(b"value", self.client.get("key"))
        self.assertTrue(self.client.set("key", b""))
        self.assertEqual(b"", self.client.get("key"))

    def test_objects_travel_by_their_flags(self) -> None:
        for value in ("text", 17, 2**40, True, 1.5, [1, {"a": None}], "Ähre\n", b"\x00\xff\r\n"):
            with self.subTest(value=value):
                self.client.set("key", value)
                self.assertEqual(value, self.client.get("key"))

    def test_add_and_replace(self) -> None:
        self.assertFalse(self.replaces("key", b"0"))
        self.assertTrue(self.client.add("key", b"1"))
        self.assertFalse(self.client.add("key", b"2"))
        self.assertTrue(self.client.replace("key", b"3"))
        self.assertEqual(b"3", self.client.get("key"))

    def replaces(self, key: str, value: bytes) -> bool:
        """In the binary protocol a missing key is an error of its own."""
        try:
            return self.client.replace(key, value)
        except pylibmc.NotFound:
            return False

    def test_append_and_prepend(self) -> None:
        self.client.set("key", b"middle")
        self.assertTrue(self.client.append("key", b" end"))
        self.assertTrue(self.client.prepend("key", b"start "))
        self.assertEqual(b"start middle end", self.client.get("key"))

    def test_many(self) -> None:
        values = {f"key{number}": b"value %d" % number for number in range(300)}
        self.assertEqual([], self.client.set_multi(values))
        self.assertEqual(values, self.client.get_multi([*values, "missing"]))
        self.assertTrue(self.client.delete_multi(list(values)[::2]))
        self.assertEqual(150, len(self.client.get_multi(list(values))))

    def test_cas(self) -> None:
        self.client.set("key", b"1")
        value, cas = self.client.gets("key")
        self.assertEqual(b"1", value)
        self.assertTrue(self.client.cas("key", b"2", cas))
        self.assertFalse(self.client.cas("key", b"3", cas))
        self.assertEqual(b"2", self.client.get("key"))

    def test_incr_and_decr(self) -> None:
        with self.assertRaises(pylibmc.NotFound):
            self.client.incr("number")
        self.client.set("number", 10)
        self.assertEqual(15, self.client.incr("number", 5))
        self.assertEqual(12, self.client.decr("number", 3))
        self.assertEqual(0, self.client.decr("number", 1000))

    def test_delete(self) -> None:
        self.assertFalse(self.client.delete("key"))
        self.client.set("key", b"x")
        self.assertTrue(self.client.delete("key"))
        self.assertIsNone(self.client.get("key"))

    def test_expiry_and_touch(self) -> None:
        self.client.set("short", b"x", time=1)
        self.client.set("touched", b"x", time=1)
        self.assertTrue(self.client.touch("touched", 1000))
        self.assertTrue(client_test.eventually(lambda: self.client.get("short") is None))
        self.assertEqual(b"x", self.client.get("touched"))
        self.assertFalse(self.client.touch("missing", 10))

    def test_large_values(self) -> None:
        value = bytes(range(256)) * (LARGE_VALUE_BYTES // 256)
        self.assertTrue(self.client.set("large", value))
        self.assertEqual(value, self.client.get("large"))
        with self.assertRaises(pylibmc.Error):
            self.client.set("large", b"x" * 2_000_000)
        self.assertTrue(self.client.set("small", b"still there"))
        self.assertEqual(b"still there", self.client.get("small"))

    def test_compressed(self) -> None:
        value = b"compressible " * 100_000
        self.assertTrue(self.client.set("key", value, min_compress_len=100))
        self.assertEqual(value, self.client.get("key"))

    def test_flush(self) -> None:
        self.client.set("key", b"x")
        self.assertTrue(self.client.flush_all())
        self.assertIsNone(self.client.get("key"))

    def test_statistics(self) -> None:
        (_, found), = self.client.get_stats()
        self.assertIn("curr_items", found)
        self.assertEqual(str(client_test.server.pid).encode(), found["pid"])

    def test_threads(self) -> None:
        pool = pylibmc.ThreadMappedPool(self.client)
        failures = []

        def work(number: int) -> None:
            with pool.reserve() as client:
                for turn in range(200):
                    client.set(f"thread{number}", turn)
                    if client.get(f"thread{number}") != turn:
                        failures.append((number, turn))
            pool.relinquish()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)


class BinaryTest(OperationsTest):
    BINARY = True


if __name__ == "__main__":
    sys.exit(client_test.main("pylibmc", __name__))
