#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""What monitoring reads: memcached-tool, as Debian's memcached brings it, and the names that
prometheus' memcached_exporter looks up.

    monitoring_test.py [--server PATH | --oracle] [unittest names]
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import client_test  # noqa: E402
from server_process import HOST  # noqa: E402

TOOL = Path("/usr/share/memcached/scripts/memcached-tool")
if not TOOL.exists():
    sys.exit(f"{TOOL} is missing: apt-get install memcached")
TOOL_TIMEOUT_S = 20

# Names by the reply they come from; without those marked the exporter calls the server down.
STATS_REQUIRED = "cmd_set cas_hits cas_misses cas_badval"
STATS_READ = """
    uptime time version rusage_user rusage_system curr_connections total_connections
    rejected_connections cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses get_expired
    get_flushed delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits touch_hits
    touch_misses store_too_large store_no_memory bytes_read bytes_written limit_maxbytes
    accepting_conns listen_disabled_num time_in_listen_disabled_us conn_yields lru_crawler_starts
    bytes curr_items total_items evictions reclaimed crawler_reclaimed crawler_items_checked
    lrutail_reflocked moves_to_cold moves_to_warm moves_within_lru direct_reclaims
    lru_bumps_dropped"""
SETTINGS_READ = """
    maxconns lru_crawler lru_crawler_sleep lru_crawler_tocrawl lru_maintainer_thread hot_lru_pct
    warm_lru_pct hot_max_factor warm_max_factor"""
SETTINGS_YES_OR_NO = "lru_crawler lru_maintainer_thread"
ITEMS_READ = """
    number number_hot number_warm number_cold age_hot age_warm age mem_requested evicted
    evicted_nonzero evicted_time outofmemory tailrepairs reclaimed expired_unfetched
    evicted_unfetched evicted_active crawler_reclaimed crawler_items_checked lrutail_reflocked
    moves_to_cold moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm
    hits_to_cold hits_to_temp"""
SLABS_READ = """
    chunk_size chunks_per_page total_pages total_chunks used_chunks free_chunks free_chunks_end
    get_hits cmd_set delete_hits incr_hits decr_hits cas_hits cas_badval touch_hits"""
# Those of telegraf and phpMemcachedAdmin that are not among the above.
OTHERS_READ = """
    pid max_connections connection_structures auth_cmds auth_errors threads hash_power_level
    hash_bytes hash_is_expanding expired_unfetched evicted_unfetched"""

NUMBER = re.compile(r"-?\d+(\.\d+)?")


class MonitoringTest(unittest.TestCase):
    def setUp(self) -> None:
        client_test.ask(client_test.server, b"flush_all\r\n", b"OK\r\n")
        client_test.ask(client_test.server, b"set key 0 0 3\r\nabc\r\n", b"STORED\r\n")
        client_test.ask(client_test.server, b"get key\r\n", b"END\r\n")


class ExporterTest(MonitoringTest):
    def assert_numbers(self, found: dict[str, str], names: str, prefix: str = "") -> None:
        for name in names.split():
            with self.subTest(prefix + name):
                self.assertIn(prefix + name, found)
                if name != "version":
                    self.assertIsNotNone(NUMBER.fullmatch(found[prefix + name]),
                                         found[prefix + name])

    def test_stats(self) -> None:
        found = client_test.statistics(client_test.server)
        self.assert_numbers(found, STATS_REQUIRED + STATS_READ + OTHERS_READ)
        for name in ("rusage_user", "rusage_system"):
            self.assertRegex(found[name], r"^\d+\.\d{6}$")

    def test_settings(self) -> None:
        found = client_test.statistics(client_test.server, "settings")
        for name in SETTINGS_READ.split():
            with self.subTest(name):
                self.assertIn(name, found)
                wanted = r"yes|no" if name in SETTINGS_YES_OR_NO.split() else NUMBER
                self.assertIsNotNone(re.fullmatch(wanted, found[name]), found[name])

    def test_items(self) -> None:
        found = client_test.statistics(client_test.server, "items")
        self.assert_numbers(found, ITEMS_READ, "items:1:")

    def test_slabs(self) -> None:
        found = client_test.statistics(client_test.server, "slabs")
        self.assert_numbers(found, SLABS_READ, "1:")
        self.assert_numbers(found, "active_slabs total_malloced")

    def test_each_line_is_a_statistic(self) -> None:
        """telegraf rejects any other."""
        lines = client_test.ask(client_test.server, b"stats\r\n", b"END\r\n").decode()
        for line in lines.splitlines()[:-1]:
            self.assertRegex(line, r"^STAT \S+ \S.*$")


class ToolTest(MonitoringTest):
    def tool(self, *arguments: str) -> str:
        done = subprocess.run([str(TOOL), f"{HOST}:{client_test.server.port}", *arguments],
                              capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def rows(self, text: str) -> dict[str, str]:
        return dict(line.split(None, 1) for line in text.splitlines()[1:] if " " in line.strip())

    def test_stats(self) -> None:
        rows = self.rows(self.tool("stats"))
        self.assertEqual(str(client_test.server.pid), rows["pid"].strip())
        self.assertEqual(set(client_test.statistics(client_test.server)), set(rows))

    def test_settings(self) -> None:
        rows = self.rows(self.tool("settings"))
        self.assertEqual("67108864", rows["maxbytes"].strip())

    def test_display(self) -> None:
        header, *classes = self.tool("display").splitlines()
        self.assertIn("Item_Size", header)
        self.assertIn("1", [line.split()[0] for line in classes])
        line = next(line.split() for line in classes if line.split()[0] == "1")
        self.assertEqual(("96B", "1"), (line[1], line[4]))

    def test_dump(self) -> None:
        """As commands that would store everything again."""
        self.assertTrue(client_test.eventually(lambda: "add key 0 0 3" in self.tool("dump")))
        self.assertIn("abc", self.tool("dump"))

    def test_keys(self) -> None:
        self.assertRegex(self.tool("keys"), r"key=key exp=-1 la=\d+ cas=\d+ fetch=yes cls=1 "
                                            r"size=65")

    def test_sizes(self) -> None:
        self.assertIn("disabled", self.tool("sizes"))


if __name__ == "__main__":
    sys.exit(client_test.main("monitoring", __name__))
