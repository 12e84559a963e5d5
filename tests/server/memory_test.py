# SPDX-License-Identifier: LGPL-3.0-or-later
"""The memory limit while the server runs, expired memory that nobody asks for, and what the engine
tells about both."""

import time
import unittest

from limits_test import MIB, receive, resident_bytes, stats  # beside this file
from server_process import ServerProcess

BINARY = None  # set by run.py
DEADLINE_S = 60.0
VALUE = b"x" * 1000


def fill(server, keys, exptime=0, value=VALUE, prefix=b"key"):
    with server.connect() as connection:
        for first in range(0, keys, 500):
            connection.sendall(b"".join(
                b"set %s%d 0 %d %d noreply\r\n%s\r\n" % (prefix, key, exptime, len(value), value)
                for key in range(first, min(first + 500, keys))))
        connection.sendall(b"version\r\n")
        receive(connection, 16)


def say(server, line):
    with server.connect() as connection:
        connection.sendall(line + b"\r\nquit\r\n")
        reply = b""
        while data := connection.recv(65536):
            reply += data
    return reply


def poll(test, what, good):
    """Asks until the answer is good; returns it."""
    end = time.monotonic() + DEADLINE_S
    while not good(answer := what()):
        test.assertLess(time.monotonic(), end, f"after {DEADLINE_S:.0f} s it is still {answer}")
        time.sleep(0.05)
    return answer


class Limit(unittest.TestCase):
    def test_lowered_memory_goes_back_to_the_system_and_raised_is_used(self):
        with ServerProcess(BINARY, ["-m", "128"]) as server:
            fill(server, 120_000)
            self.assertGreater(resident_bytes(server), 110 * MIB)
            self.assertEqual(say(server, b"cache_memlimit 32"), b"OK\r\n")
            poll(self, lambda: resident_bytes(server), lambda rss: rss < (32 + 8) * MIB)
            self.assertEqual(say(server, b"cache_memlimit 256"), b"OK\r\n")
            before = int(stats(server)["curr_items"])
            fill(server, 240_000)
            self.assertGreater(int(stats(server)["curr_items"]), 200_000)
            self.assertGreater(200_000, before)
            self.assertLess(resident_bytes(server), 256 * MIB * 1.05)

    def test_nearly_all_memory_is_accounted_for(self):
        with ServerProcess(BINARY, ["-m", "128"]) as server:
            fill(server, 150_000)
            told = {name: int(value) for name, value in stats(server, b"stats memory").items()}
            self.assertLessEqual(abs(told["memory_unaccounted"]), 0.05 * told["memory_resident"])
            self.assertLessEqual(told["memory_sum"] - told["memory_process"], 128 * MIB)

    def test_a_share_of_the_memory(self):
        with ServerProcess(BINARY, ["-m", "1%"]) as server:
            limit = int(stats(server)["limit_maxbytes"])
            self.assertEqual(limit % MIB, 0)
            self.assertGreaterEqual(limit, MIB)


class Expiry(unittest.TestCase):
    def test_expired_memory_comes_back_unasked(self):
        with ServerProcess(BINARY, ["-m", "64"]) as server:
            fill(server, 100_000, exptime=2, value=b"x" * 100)
            fill(server, 1000, prefix=b"stays")
            told = poll(self, lambda: stats(server, b"stats rat"),
                        lambda told: int(told["entry_count"]) == 1000)
            self.assertEqual(int(told["active_expired"]), 100_000)
            self.assertEqual(int(told["managed_keys"]), 0)
            self.assertLess(int(told["memory_items"]) + int(told["memory_dead"]), 4 * MIB)

    def test_lives_are_cut_and_given(self):
        with ServerProcess(BINARY, ["--default-ttl", "1", "--max-ttl", "2"]) as server:
            fill(server, 10)
            fill(server, 10, exptime=1000, prefix=b"long")
            self.assertEqual(stats(server, b"stats ttl")["ttl_clamped"], "10")
            poll(self, lambda: stats(server)["curr_items"], lambda items: items == "0")


class Eviction(unittest.TestCase):
    def test_the_strategy_changes_and_items_stay(self):
        with ServerProcess(BINARY, ["-m", "64", "--eviction-strategy", "lru"]) as server:
            fill(server, 20_000)
            for name in (b"fifo", b"S3_Fifo", b"tiny-lfu", b"hybrid", b"ttl", b"None", b"Adaptive"):
                self.assertEqual(say(server, b"lru eviction " + name), b"OK\r\n")
            told = stats(server, b"stats l1")
            self.assertEqual(told["eviction_strategy"], "Adaptive")
            self.assertEqual(told["entry_count"], "20000")
            self.assertIn(b"there are Fifo, Clock", say(server, b"lru eviction mru"))

    def test_why_and_at_what_age_items_went(self):
        with ServerProcess(BINARY, ["-m", "16"]) as server:
            fill(server, 60_000)
            told = stats(server, b"stats l1")
            self.assertGreater(int(told["removed_evicted"]), 10_000)
            self.assertEqual(told["evicted_idle_below_60"], told["removed_evicted"])
            self.assertEqual(told["stores_without_memory"], "0")
