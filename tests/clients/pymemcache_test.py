#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""pymemcache, as Debian has it (python3-pymemcache), as a real client against a started server.

    pymemcache_test.py                    build/release/bin/rat_memcached
    pymemcache_test.py --server PATH      another one
    pymemcache_test.py --oracle           /usr/bin/memcached
    pymemcache_test.py PooledClientTest   only these tests (unittest names)
"""

from __future__ import annotations

import random
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from client_test import CLIENT_TIMEOUT_S, POLL_PAUSE_S, eventually  # noqa: E402
from server_process import HOST, ServerProcess  # noqa: E402

try:
    from pymemcache import serde
    from pymemcache.client.base import Client, PooledClient
    from pymemcache.client.hash import HashClient
    from pymemcache.client.retrying import RetryingClient
    from pymemcache.exceptions import (MemcacheClientError, MemcacheIllegalInputError,
                                       MemcacheServerError, MemcacheUnexpectedCloseError)
except ImportError:
    sys.exit("pymemcache is missing: apt-get install python3-pymemcache, "
             "and run this with /usr/bin/python3")

ALL_BYTES = bytes(range(256))
LARGEST_VALUE_BYTES = 1024 * 1024 - 48 - 8 - len(b"large") - 1 - 2


def new_client(kind: type = Client, process: ServerProcess | None = None, **options: Any) -> Any:
    address = (HOST, (process or client_test.server).port)
    return kind(address, timeout=CLIENT_TIMEOUT_S, connect_timeout=CLIENT_TIMEOUT_S, **options)


class ServerTest(unittest.TestCase):
    """A client that waits for every reply, and an empty server."""

    def setUp(self) -> None:
        self.client = new_client(default_noreply=False)
        self.addCleanup(self.client.close)
        self.assertTrue(self.client.flush_all())


class StoreTest(ServerTest):
    def test_set_and_get(self) -> None:
        self.assertIsNone(self.client.get("key"))
        self.assertEqual(b"nothing", self.client.get("key", b"nothing"))
        self.assertTrue(self.client.set("key", b"value"))
        self.assertEqual(b"value", self.client.get("key"))
        self.assertTrue(self.client.set("key", b""))
        self.assertEqual(b"", self.client.get("key"))

    def test_add_and_replace(self) -> None:
        self.assertFalse(self.client.replace("key", b"0"))
        self.assertTrue(self.client.add("key", b"1"))
        self.assertFalse(self.client.add("key", b"2"))
        self.assertTrue(self.client.replace("key", b"3"))
        self.assertEqual(b"3", self.client.get("key"))

    def test_append_and_prepend(self) -> None:
        self.assertFalse(self.client.append("key", b"x"))
        self.assertFalse(self.client.prepend("key", b"x"))
        self.client.set("key", b"middle")
        self.assertTrue(self.client.append("key", b"-end"))
        self.assertTrue(self.client.prepend("key", b"start-"))
        self.assertEqual(b"start-middle-end", self.client.get("key"))

    def test_delete(self) -> None:
        self.assertFalse(self.client.delete("key"))
        self.client.set("key", b"value")
        self.assertTrue(self.client.delete("key"))
        self.assertIsNone(self.client.get("key"))

    def test_cas(self) -> None:
        self.assertIsNone(self.client.cas("key", b"x", b"1"))
        self.client.set("key", b"1")
        value, cas = self.client.gets("key")
        self.assertEqual(b"1", value)
        self.assertTrue(self.client.cas("key", b"2", cas))
        self.assertIs(False, self.client.cas("key", b"3", cas))
        self.assertEqual(b"2", self.client.get("key"))
        self.assertEqual((None, None), self.client.gets("missing"))

    def test_incr_and_decr(self) -> None:
        self.assertIsNone(self.client.incr("number", 1))
        self.assertIsNone(self.client.decr("number", 1))
        self.client.set("number", b"10")
        self.assertEqual(15, self.client.incr("number", 5))
        self.assertEqual(12, self.client.decr("number", 3))
        self.assertEqual(0, self.client.decr("number", 1000))
        self.assertEqual(2**64 - 1, self.client.incr("number", 2**64 - 1))
        self.assertEqual(0, self.client.incr("number", 1))
        self.client.set("text", b"text")
        with self.assertRaises(MemcacheClientError):
            self.client.incr("text", 1)
        self.assertEqual(b"text", self.client.get("text"))


class ManyTest(ServerTest):
    def test_set_get_delete_many(self) -> None:
        values = {f"key{number}": b"value %d" % number for number in range(500)}
        self.assertEqual([], self.client.set_many(values))
        self.assertEqual(values, self.client.get_many(list(values)))
        self.assertEqual(values, self.client.get_many([*values, "missing"]))
        self.assertEqual({}, self.client.get_many([]))

        half = list(values)[::2]
        self.assertTrue(self.client.delete_many(half))
        self.assertEqual({key: values[key] for key in list(values)[1::2]},
                         self.client.get_many(list(values)))

    def test_gets_many(self) -> None:
        self.client.set_many({"a": b"1", "b": b"2"})
        found = self.client.gets_many(["a", "b", "c"])
        self.assertEqual({"a", "b"}, set(found))
        self.assertEqual(b"1", found["a"][0])
        self.assertNotEqual(found["a"][1], found["b"][1])
        self.assertTrue(self.client.cas("a", b"3", found["a"][1]))

    def test_large_values_together(self) -> None:
        values = {f"large{number}": bytes([number]) * 300_000 for number in range(20)}
        self.assertEqual([], self.client.set_many(values))
        self.assertEqual(values, self.client.get_many(list(values)))


class TimeTest(ServerTest):
    def test_expiry(self) -> None:
        self.client.set("short", b"x", expire=1)
        self.client.set("long", b"x", expire=1000)
        self.client.set("absolute", b"x", expire=int(time.time()) + 1000)
        self.client.set("past", b"x", expire=-1)
        self.assertIsNone(self.client.get("past"))
        self.assertTrue(eventually(lambda: self.client.get("short") is None))
        self.assertEqual(b"x", self.client.get("long"))
        self.assertEqual(b"x", self.client.get("absolute"))

    def test_touch(self) -> None:
        self.assertFalse(self.client.touch("key", 100))
        self.client.set("key", b"x")
        self.assertTrue(self.client.touch("key", 1000))
        self.assertEqual(b"x", self.client.get("key"))
        self.assertTrue(self.client.touch("key", 1))
        self.assertTrue(eventually(lambda: self.client.get("key") is None))

    def test_flush(self) -> None:
        self.client.set("key", b"x")
        self.assertTrue(self.client.flush_all(delay=1000))
        self.assertEqual(b"x", self.client.get("key"))
        self.assertTrue(self.client.flush_all())
        self.assertIsNone(self.client.get("key"))
        self.client.set("key", b"new")
        self.assertEqual(b"new", self.client.get("key"))


class ValueTest(ServerTest):
    def test_binary_values(self) -> None:
        for value in (ALL_BYTES, b"\r\n", b"END\r\n", b"\x00", b"VALUE key 0 1\r\nx\r\nEND\r\n"):
            with self.subTest(value[:20]):
                self.client.set("key", value)
                self.assertEqual(value, self.client.get("key"))

    def test_random_values(self) -> None:
        generator = random.Random(1)
        values = {f"random{size}": generator.randbytes(size)
                  for size in (1, 2, 100, 1000, 4095, 4096, 4097, 16384, 65536, 500_000)}
        self.client.set_many(values)
        self.assertEqual(values, self.client.get_many(list(values)))

    def test_large_values(self) -> None:
        largest = b"x" * LARGEST_VALUE_BYTES
        self.assertTrue(self.client.set("large", largest))
        self.assertEqual(largest, self.client.get("large"))
        with self.assertRaises(MemcacheServerError):
            self.client.set("large", largest + b"x")
        self.assertIsNone(self.client.get("large"))

    def test_keys(self) -> None:
        longest = "k" * 250
        self.client.set(longest, b"x")
        self.assertEqual(b"x", self.client.get(longest))
        with self.assertRaises(MemcacheIllegalInputError):
            self.client.get(longest + "k")
        unicode_client = new_client(default_noreply=False, allow_unicode_keys=True)
        self.addCleanup(unicode_client.close)
        unicode_client.set("ключ-鍵", b"x")
        self.assertEqual({"ключ-鍵": b"x"}, unicode_client.get_many(["ключ-鍵", "другой"]))

    def test_key_prefix(self) -> None:
        prefixed = new_client(default_noreply=False, key_prefix=b"app:")
        self.addCleanup(prefixed.close)
        prefixed.set("key", b"x")
        self.assertEqual(b"x", self.client.get("app:key"))
        self.assertEqual({"key": b"x"}, prefixed.get_many(["key", "other"]))


class FlagsTest(ServerTest):
    """Flags carry the type of a value; they have to come back whole."""

    VALUES = {"bytes": b"\x00\xff", "text": "tëxt", "small": 42, "large": 10**30, "none": None,
              "list": [1, "two", b"three"], "nested": {"a": {"b": (1, 2)}}}

    def test_pickle_serde(self) -> None:
        client = new_client(default_noreply=False, serde=serde.pickle_serde)
        self.addCleanup(client.close)
        for key, value in self.VALUES.items():
            client.set(key, value)
        self.assertEqual(self.VALUES, client.get_many(list(self.VALUES)))

    def test_all_bits(self) -> None:
        seen: list[int] = []

        class Flags:
            def serialize(self, key: bytes, value: int) -> tuple[bytes, int]:
                return b"x", value

            def deserialize(self, key: bytes, value: bytes, flags: int) -> int:
                seen.append(flags)
                return flags

        client = new_client(default_noreply=False, serde=Flags())
        self.addCleanup(client.close)
        wanted = [0, 1, 255, 65536, 2**31 - 1, 2**31, 2**32 - 1]
        for flags in wanted:
            client.set("key", flags)
            self.assertEqual(flags, client.get("key"))
            self.assertTrue(client.touch("key", 100))
            self.assertEqual(flags, client.gets("key")[0])
        self.assertEqual(sorted(wanted * 2), sorted(seen))


class NoreplyTest(ServerTest):
    """pymemcache sends noreply unless told otherwise; nothing may get out of step."""

    def setUp(self) -> None:
        super().setUp()
        self.quiet = new_client()
        self.addCleanup(self.quiet.close)

    def test_all_commands(self) -> None:
        quiet = self.quiet
        quiet.set("key", b"1")
        quiet.add("key", b"no")
        quiet.add("new", b"yes")
        quiet.replace("key", b"10")
        quiet.append("key", b"0")
        quiet.prepend("key", b"1")
        quiet.incr("key", 1, noreply=True)
        quiet.decr("key", 2, noreply=True)
        quiet.touch("key", 1000)
        quiet.set_many({"a": b"1", "b": b"2", "c": b"3"})
        quiet.delete("b")
        quiet.delete_many(["c", "missing"])
        self.assertEqual({"key": b"1099", "new": b"yes", "a": b"1"},
                         quiet.get_many(["key", "new", "a", "b", "c"]))
        _, cas = quiet.gets("a")
        quiet.cas("a", b"2", cas, noreply=True)
        quiet.cas("a", b"3", cas, noreply=True)
        self.assertEqual(b"2", quiet.get("a"))
        quiet.flush_all()
        self.assertEqual({}, quiet.get_many(["key", "new", "a"]))

    def test_errors_are_silent(self) -> None:
        self.quiet.set("key", b"text")
        self.quiet.incr("key", 1, noreply=True)
        self.quiet.set("key2", b"x" * 2_000_000)
        self.assertEqual(b"text", self.quiet.get("key"))
        self.assertIsNone(self.quiet.get("key2"))

    def test_many(self) -> None:
        for number in range(2000):
            self.quiet.set(f"key{number}", b"value %d" % number)
        keys = [f"key{number}" for number in range(2000)]
        self.assertEqual({key: b"value %d" % number for number, key in enumerate(keys)},
                         self.quiet.get_many(keys))


class AdminTest(ServerTest):
    def test_version(self) -> None:
        major, minor, patch = (int(part) for part in self.client.version().split(b"."))
        self.assertEqual((1, 6), (major, minor))
        self.assertGreaterEqual(patch, 0)

    def test_stats(self) -> None:
        before = self.client.stats()
        self.client.set("key", b"x")
        self.client.get("key")
        self.client.get("missing")
        after = self.client.stats()
        self.assertEqual(client_test.server.pid, after[b"pid"])
        self.assertEqual(1, after[b"cmd_set"] - before[b"cmd_set"])
        self.assertEqual(2, after[b"cmd_get"] - before[b"cmd_get"])
        self.assertEqual(1, after[b"get_hits"] - before[b"get_hits"])
        self.assertEqual(1, after[b"get_misses"] - before[b"get_misses"])
        self.assertEqual(64 * 1024 * 1024, after[b"limit_maxbytes"])
        self.assertEqual(self.client.version(), after[b"version"])

    def test_stats_settings(self) -> None:
        settings = self.client.stats("settings")
        self.assertEqual(64 * 1024 * 1024, settings[b"maxbytes"])
        self.assertEqual(1024 * 1024, settings[b"item_size_max"])
        self.assertEqual(b"yes", settings[b"cas_enabled"])

    def test_quit(self) -> None:
        self.client.set("key", b"x")
        self.client.quit()
        self.assertEqual(b"x", self.client.get("key"))  # over a new connection


class PooledClientTest(ServerTest):
    THREADS = 8
    ROUNDS = 300

    def test_threads(self) -> None:
        """Each thread owns some keys and always reads what it wrote; one counter is shared."""
        pool = new_client(PooledClient, max_pool_size=self.THREADS, default_noreply=False)
        pool.set("counter", b"0")
        failures: list[str] = []

        def work(thread: int) -> None:
            try:
                self.one_thread(pool, thread)
            except Exception as error:  # noqa: BLE001, a failure must reach the main thread
                failures.append(f"thread {thread}: {type(error).__name__}: {error}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(self.THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)
        self.assertEqual(self.THREADS * self.ROUNDS, int(pool.get("counter")))
        pool.close()

    def one_thread(self, pool: PooledClient, thread: int) -> None:
        generator = random.Random(thread)
        expected: dict[str, bytes] = {}
        for turn in range(self.ROUNDS):
            key = f"{thread}:{generator.randrange(20)}"
            if turn % 5 == 4:
                if pool.delete(key) != (key in expected):
                    raise AssertionError(f"delete of {key} in turn {turn}")
                expected.pop(key, None)
            else:
                expected[key] = generator.randbytes(generator.randrange(3000))
                pool.set(key, expected[key], noreply=turn % 3 == 0)
                if turn % 3 == 0:
                    pool.set(key, expected[key])
            pool.incr("counter", 1)
            if pool.get(key) != expected.get(key):
                raise AssertionError(f"value of {key} in turn {turn}")
            keys = [f"{thread}:{number}" for number in range(20)]
            if turn % 50 == 0 and pool.get_many(keys) != expected:
                raise AssertionError(f"all values in turn {turn}")

    def test_cas_from_threads(self) -> None:
        """Read, add one, compare and store: no increment may be lost."""
        pool = new_client(PooledClient, max_pool_size=4, default_noreply=False)
        pool.set("number", b"0")

        def work() -> None:
            done = 0
            while done < 50:
                value, cas = pool.gets("number")
                if pool.cas("number", b"%d" % (int(value) + 1), cas):
                    done += 1

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(b"200", pool.get("number"))
        pool.close()


class HashClientTest(unittest.TestCase):
    def test_two_servers(self) -> None:
        """Keys spread over two servers, each of which holds only its own."""
        with ServerProcess(client_test.binary) as second:
            client = HashClient([(HOST, client_test.server.port), (HOST, second.port)], use_pooling=True,
                                timeout=CLIENT_TIMEOUT_S, connect_timeout=CLIENT_TIMEOUT_S)
            client.flush_all()
            values = {f"key{number}": b"%d" % number for number in range(200)}
            self.assertEqual([], client.set_many(values, noreply=False))
            self.assertEqual(values, client.get_many(list(values)))
            parts = []
            for process in (client_test.server, second):
                direct = new_client(process=process)
                parts.append(direct.get_many(list(values)))
                direct.close()
            self.assertTrue(all(parts))
            self.assertEqual(len(values), sum(len(part) for part in parts))
            client.close()


class RestartTest(unittest.TestCase):
    def setUp(self) -> None:
        self.process = ServerProcess(client_test.binary)
        self.process.start()
        self.addCleanup(self.process.stop)

    def test_reconnect(self) -> None:
        """After a restart the first call may fail, the next one works, and the cache is empty."""
        client = new_client(process=self.process, default_noreply=False)
        self.addCleanup(client.close)
        client.set("key", b"old")
        self.process.restart()
        try:
            client.get("key")
        except (MemcacheUnexpectedCloseError, OSError):
            pass
        self.assertIsNone(client.get("key"))
        self.assertTrue(client.set("key", b"new"))
        self.assertEqual(b"new", client.get("key"))

    def test_retrying_client(self) -> None:
        client = RetryingClient(new_client(process=self.process, default_noreply=False),
                                attempts=3, retry_delay=POLL_PAUSE_S,
                                retry_for=[MemcacheUnexpectedCloseError, OSError])
        client.set("key", b"old")
        self.process.restart()
        self.assertIsNone(client.get("key"))
        client.close()

    def test_pool_reconnects(self) -> None:
        pool = new_client(PooledClient, self.process, max_pool_size=3, ignore_exc=True,
                          default_noreply=False)
        pool.set("key", b"old")
        self.process.restart()
        self.assertTrue(eventually(lambda: self.stored(pool)))
        pool.close()

    @staticmethod
    def stored(pool: PooledClient) -> bool:
        try:
            return pool.set("key", b"new") and pool.get("key") == b"new"
        except (MemcacheUnexpectedCloseError, OSError):
            return False


if __name__ == "__main__":
    sys.exit(client_test.main("pymemcache", __name__))
