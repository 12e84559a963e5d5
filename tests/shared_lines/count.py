#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Counts the cache lines that an operation of the memory tier writes and others may look at.

A line that one processor writes is taken away from all others. So what scales with processors is an
operation that writes none, and what nearly scales one that writes only lines of its own item. That
can be counted without any clock: valgrind's lackey names every address that shared_lines reads and
writes.

Lines of the stack and of the program's own buffers are not counted. "of a hot get" are the lines
written that a get of another, hot item reads: the ones it would have to wait for.

  count.py PROGRAM          prints the table; exit status 1 if a bound is exceeded
"""

import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

LINE = 64
STACK = 1 << 20  # bytes on either side of the address named

# Lines written by an operation in the middle of its kind, at most. A few write more: one key in
# eight is in the sample of keys (store/key_sample.h) of so small a store.
HOT_GET = "get_hot"
BOUNDS = {HOT_GET: 0, "get_miss": 0, "get_cold": 1}
TITLES = {
    "get_hot": "get, hot item",
    "get_cold": "get, first hit of an item",
    "get_miss": "get, miss",
    "set_over": "set, existing key",
    "set_new": "set, new key",
    "touch": "touch",
    "delete": "delete",
}


class Trace:
    """What the program printed, and its accesses by operation."""

    def __init__(self, program: Path):
        with tempfile.NamedTemporaryFile("r") as log:
            done = subprocess.run(
                ["valgrind", "--tool=lackey", "--trace-mem=yes", "--basic-counts=no",
                 f"--log-file={log.name}", program],
                check=True, capture_output=True, text=True)
            self._marks, self._end, self._private = {}, 0, []
            for line in done.stdout.splitlines():
                what, *rest = line.split()
                if what == "begin":
                    self._marks[int(rest[1], 16)] = rest[0]
                elif what == "end":
                    self._end = int(rest[0], 16)
                elif what == "private":
                    self._private.append((int(rest[0], 16), int(rest[1], 16)))
                elif what == "stack":
                    self._private.append((int(rest[0], 16) - STACK, int(rest[0], 16) + STACK))
            # Of each kind, per operation: the lines read and the lines written.
            self.operations = defaultdict(list)
            self._read(log)

    def _read(self, log):
        current = None
        for line in log:
            # " S 04222c4c,8": a store of 8 bytes; L a load, M both, I an instruction.
            if line[:1] != " " or line[1] not in "SLM":
                continue
            address, size = line[3:].split(",")
            address = int(address, 16)
            if line[1] != "L" and address in self._marks:
                current = (set(), set())
                self.operations[self._marks[address]].append(current)
            elif line[1] != "L" and address == self._end:
                current = None
            elif current and not any(low <= address < high for low, high in self._private):
                lines = range(address // LINE, (address + int(size) - 1) // LINE + 1)
                if line[1] != "S":
                    current[0].update(lines)
                if line[1] != "L":
                    current[1].update(lines)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 64
    operations = Trace(Path(sys.argv[1])).operations
    # What every hot get reads, whatever the item.
    common = set.intersection(*(reads for reads, _ in operations[HOT_GET]))
    print("| operation | lines written, median | most | of a hot get |")
    print("|---|---|---|---|")
    wrong = []
    for kind, title in TITLES.items():
        counts = sorted(len(writes) for _, writes in operations[kind])
        shared = max(len(writes & common) for _, writes in operations[kind])
        print(f"| {title} | {counts[len(counts) // 2]} | {counts[-1]} | {shared} |")
        if counts[len(counts) // 2] > BOUNDS.get(kind, counts[-1]):
            wrong.append(f"{title}: lines written, at most {BOUNDS[kind]} expected")
        if shared:
            wrong.append(f"{title}: writes {shared} lines that every hot get reads")
    if any(writes for _, writes in operations[HOT_GET]):
        wrong.append(f"{TITLES[HOT_GET]}: none may write")
    for text in wrong:
        print(f"WRONG: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
