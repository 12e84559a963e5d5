# SPDX-License-Identifier: LGPL-3.0-or-later
"""Measures the memory tier inside a process: the group `library` of `./dev bench`.

store_bench (src/store/store_bench.cc) does the work. Its operations wait for the machine's memory
more than they compute, so each is also shown as a multiple of one memory access, measured in the
same run: only that number travels between machines.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

LATENCY = "BM_MemoryLatency"
# Name in store_bench, what the table calls it, goal.
OPERATIONS = (
    (LATENCY, "one memory access", ""),
    ("BM_GetHit/real_time/threads:1", "get, hit", "<= 120 ns"),
    ("BM_GetMiss", "get, miss", ""),
    ("BM_GetHitBatch16/real_time/threads:1", "get, hit, in batches of 16", "half of get, hit"),
    ("BM_SetOver/real_time/threads:1", "set, existing key", "<= 250 ns"),
    ("BM_SetNewWhenFull", "set, new key, evicting", ""),
    ("BM_GetHit/real_time/threads:2", "get, hit, 2 threads together", ""),
    ("BM_SetOver/real_time/threads:2", "set, existing key, 2 threads together", ""),
)


def measure(program: Path, runs: int) -> dict[str, float]:
    """Nanoseconds per operation, medians over the runs."""
    measured: dict[str, list[float]] = {}
    for run in range(1, runs + 1):
        print(f"bench: library, run {run} of {runs}", file=sys.stderr, flush=True)
        done = subprocess.run(
            [program, "--benchmark_format=json", "--benchmark_min_time=0.3",
             "--benchmark_filter=" + "|".join(f"^{name}$" for name, _, _ in OPERATIONS)],
            capture_output=True, text=True, check=True)
        for row in json.loads(done.stdout)["benchmarks"]:
            measured.setdefault(row["name"], []).append(1e9 / row["items_per_second"])
    return {name: statistics.median(times) for name, times in measured.items()}


def result_table(measured: dict[str, float]) -> str:
    lines = ["| in process, 1 M items of 14 + 32 B | ns | memory accesses | goal |",
             "|---|---|---|---|"]
    for name, title, goal in OPERATIONS:
        ns = measured[name]
        lines.append(f"| {title} | {ns:.0f} | {ns / measured[LATENCY]:.2f} | {goal} |")
    return "\n".join(lines)
