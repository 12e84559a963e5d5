#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Bytes per second of the streaming protocol beside those of a plain get, of the same value over one
connection, in turns. The bytes are received and not looked at, so that the client costs little.

  bench/streaming_speed.py [--server PATH] [--size MIB] [--runs N]
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from server_process import ServerBinary, ServerProcess  # noqa: E402

MIB = 1 << 20
KEY = b"k"


def reply_size(size, chunk):
    """Of sget."""
    if chunk is None:
        return len(b"VALUE k 0 %d\r\n\r\nEND\r\n" % size) + size
    count = -(-size // chunk)
    total = len(b"STREAM_BEGIN k %d %d\r\nSTREAM_END k\r\n" % (size, count)) + size
    for number in range(count):
        length = min(chunk, size - number * chunk)
        total += len(b"STREAM_DATA k %d %d\r\n\r\n" % (number, length))
    return total


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pid, connection, request, size, buffer):
    """For at least half a second: bytes of value per second, seconds to the first byte, and the
    server's seconds of CPU per GiB."""
    wanted, rounds, firsts = size[1], 0, []
    cpu = cpu_seconds(pid)
    began = time.perf_counter()
    while time.perf_counter() - began < 0.5 or rounds < 2:
        sent = time.perf_counter()
        connection.sendall(request)
        left = wanted
        while left > 0:
            got = connection.recv_into(buffer, min(left, len(buffer)))
            if left == wanted:
                firsts.append(time.perf_counter() - sent)
            left -= got
        rounds += 1
    taken = time.perf_counter() - began
    cpu = (cpu_seconds(pid) - cpu) / (size[0] * rounds / MIB / 1024)
    return size[0] * rounds / taken, statistics.median(firsts), cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=Path, default=ServerBinary.ours().path)
    parser.add_argument("--size", type=int, default=64, metavar="MIB")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    size = options.size * MIB
    cores = sorted(os.sched_getaffinity(0))
    with ServerProcess(ServerBinary.ours(options.server),
                       ["-m", str(options.size * 4), "-I", f"{options.size + 1}m", "-t",
                        "1"]) as server:
        if len(cores) > 1:
            for task in os.listdir(f"/proc/{server.pid}/task"):
                os.sched_setaffinity(int(task), {cores[0]})
            os.sched_setaffinity(0, {cores[1]})
        connection = server.connect()
        connection.sendall(b"set k 0 0 %d\r\n" % size + bytes(size) + b"\r\n")
        if connection.recv(100) != b"STORED\r\n":
            sys.exit("the value was not stored")
        buffer = bytearray(MIB)
        chunks = (4096, 16384, 65536, 262144, MIB)
        figures = {chunk: [] for chunk in (None,) + chunks}
        for _ in range(options.runs):
            for chunk in figures:
                request = b"get k\r\n" if chunk is None else b"sget k %d\r\n" % chunk
                figures[chunk].append(
                    measure(server.pid, connection, request, (size, reply_size(size, chunk)), buffer))
        print(f"a value of {options.size} MiB, medians of {options.runs} runs; ratio: median of"
              " streamed/get in neighbouring runs\n")
        print("| | MiB/s | ratio | first byte, us | server CPU, s/GiB |\n|---|---|---|---|---|")
        for chunk, runs in figures.items():
            speed = statistics.median(run[0] for run in runs) / MIB
            ratio = statistics.median(run[0] / get[0] for run, get in zip(runs, figures[None]))
            first = statistics.median(run[1] for run in runs) * 1e6
            cpu = statistics.median(run[2] for run in runs)
            name = "get" if chunk is None else f"sget, chunks of {chunk >> 10} KiB"
            print(f"| {name} | {speed:,.0f} | {ratio:.2f} | {first:.0f} | {cpu:.3f} |")
        connection.close()


if __name__ == "__main__":
    main()
