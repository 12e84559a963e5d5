#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""python-memcached, as Debian has it (python3-memcache).

    python_memcached_test.py [--server PATH | --oracle] [unittest names]
"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from server_process import HOST  # noqa: E402

try:
    import memcache
except ImportError:
    sys.exit("python-memcached is missing: apt-get install python3-memcache, "
             "and run this with /usr/bin/python3")


class PythonMemcachedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = memcache.Client([f"{HOST}:{client_test.server.port}"], cache_cas=True,
                                      server_max_value_length=1024 * 1024 * 2)
        self.addCleanup(self.client.disconnect_all)
        self.client.flush_all()

    def test_set_and_get(self) -> None:
        self.assertIsNone(self.client.get("key"))
        for value in ("text", 17, 2**40, [1, 2], {"a": None}, "Ähre", b"\x00\r\n"):
            with self.subTest(value=value):
                self.assertTrue(self.client.set("key", value))
                self.assertEqual(value, self.client.get("key"))

    def test_unicode_keys(self) -> None:
        for key in ("schlüssel", "鍵", "ключ"):
            with self.subTest(key):
                self.assertTrue(self.client.set(key, key))
                self.assertEqual(key, self.client.get(key))

    def test_add_replace_append_prepend(self) -> None:
        self.assertFalse(self.client.replace("key", "0"))
        self.assertFalse(self.client.append("key", "0"))
        self.assertTrue(self.client.add("key", "1"))
        self.assertFalse(self.client.add("key", "2"))
        self.assertTrue(self.client.replace("key", "b"))
        self.assertTrue(self.client.append("key", "c"))
        self.assertTrue(self.client.prepend("key", "a"))
        self.assertEqual("abc", self.client.get("key"))

    def test_many(self) -> None:
        values = {f"key{number}": f"value {number}" for number in range(300)}
        self.assertEqual([], self.client.set_multi(values))
        self.assertEqual(values, self.client.get_multi([*values, "missing"]))
        self.client.delete_multi(list(values)[::2])
        self.assertEqual(150, len(self.client.get_multi(list(values))))

    def test_cas(self) -> None:
        self.client.set("key", "1")
        other = memcache.Client([f"{HOST}:{client_test.server.port}"], cache_cas=True)
        self.assertEqual("1", self.client.gets("key"))
        other.set("key", "2")
        self.assertFalse(self.client.cas("key", "3"))
        self.assertEqual("2", self.client.gets("key"))
        self.assertTrue(self.client.cas("key", "3"))
        self.assertEqual("3", other.get("key"))
        other.disconnect_all()

    def test_incr_and_decr(self) -> None:
        self.assertIsNone(self.client.incr("number"))
        self.client.set("number", 10)
        self.assertEqual(15, self.client.incr("number", 5))
        self.assertEqual(12, self.client.decr("number", 3))
        self.assertEqual(0, self.client.decr("number", 100))

    def test_delete_and_flush(self) -> None:
        self.client.set("a", 1)
        self.client.set("b", 1)
        self.assertTrue(self.client.delete("a"))
        self.assertIsNone(self.client.get("a"))
        self.client.flush_all()
        self.assertIsNone(self.client.get("b"))

    def test_expiry_and_touch(self) -> None:
        self.client.set("short", "x", time=1)
        self.client.set("touched", "x", time=1)
        self.assertTrue(self.client.touch("touched", 1000))
        self.assertTrue(client_test.eventually(lambda: self.client.get("short") is None))
        self.assertEqual("x", self.client.get("touched"))

    def test_large_values(self) -> None:
        value = "x" * 1_000_000
        self.assertTrue(self.client.set("large", value))
        self.assertEqual(value, self.client.get("large"))
        self.assertFalse(self.client.set("larger", "x" * 1_500_000))
        self.assertTrue(self.client.set("compressed", "x" * 1_500_000, min_compress_len=1000))
        self.assertEqual(1_500_000, len(self.client.get("compressed")))

    def test_statistics(self) -> None:
        self.client.set("key", "x")
        (_, found), = self.client.get_stats()
        self.assertEqual(str(client_test.server.pid), found["pid"])


if __name__ == "__main__":
    sys.exit(client_test.main("python-memcached", __name__))
