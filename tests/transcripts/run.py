#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Runs the transcripts of this folder against rat_memcached, memcached, or both.

    run.py                          all transcripts against build/release/bin/rat_memcached
    run.py get_basic set_noreply    only these
    run.py --planned                those of planned/, for what the server does not have yet
    run.py --oracle                 against /usr/bin/memcached
    run.py --both                   against both; shows the oracle's answer beside a failure
    run.py --results FILE           what came of every transcript, as JSON
    run.py --byte-by-byte           one byte per send
    run.py --split 5 --seed 17      each request in up to 5 random pieces

The format of a transcript is described in README.md.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "support"))

from server_process import (DEFAULT_ORACLE, DEFAULT_SERVER, ServerBinary,  # noqa: E402
                            ServerError, ServerProcess)
from transcript_format import FormatError, Transcript, parse  # noqa: E402
from transcript_player import (Exchange, Mismatch, Player, Splitter,  # noqa: E402
                               byte_by_byte, random_pieces, show, whole)

DEFAULT_JOBS = 8


@dataclass
class Outcome:
    """What came of one transcript on one server."""

    path: Path
    binary: ServerBinary
    exchanges: list[Exchange] = field(default_factory=list)
    mismatch: Mismatch | None = None
    trouble: str | None = None
    skipped: str | None = None

    @property
    def ok(self) -> bool:
        return self.mismatch is None and self.trouble is None


def play(path: Path, binary: ServerBinary, splitter: Splitter) -> Outcome:
    """One transcript on a fresh server."""
    outcome = Outcome(path, binary)
    try:
        transcript = parse(path, binary.version)
    except FormatError as error:
        outcome.trouble = str(error)
        return outcome
    if binary.is_oracle and transcript.no_oracle is not None:
        outcome.skipped = transcript.no_oracle
        return outcome
    with tempfile.TemporaryDirectory(prefix="rat_transcript_") as folder:
        write_files(Path(folder), transcript)
        server = ServerProcess(binary, transcript.options_for(binary.is_oracle, folder))
        try:
            server.start()
        except ServerError as error:
            outcome.trouble = str(error)
            return outcome
        play_on(server, transcript, splitter, outcome)
    return outcome


def play_on(server: ServerProcess, transcript: Transcript, splitter: Splitter,
            outcome: Outcome) -> None:
    """Plays on a started server and stops it."""
    player = Player(server, transcript, splitter)
    complaint = None
    try:
        player.play()
        if transcript.exit_status is not None:
            complaint = server.await_exit(transcript.exit_status)
    except Mismatch as mismatch:
        outcome.mismatch = mismatch
    except (OSError, KeyError, ValueError) as error:
        outcome.trouble = f"{type(error).__name__}: {error}"
    finally:
        outcome.exchanges = player.exchanges
        complaint = server.stop() or complaint
        if complaint is not None:
            outcome.trouble = f"{outcome.trouble or ''}\nthe server {complaint}".strip()


def write_files(folder: Path, transcript: Transcript) -> None:
    """The files a transcript asks for, readable for whatever user the server changes to."""
    folder.chmod(0o755)
    for name, content in transcript.files.items():
        (folder / name).write_bytes(content)


def report(outcome: Outcome, beside: Outcome | None = None) -> str:
    """A failure, readable: where, what was asked, what was wanted, what came."""
    lines = [f"FAIL {outcome.path.stem}  ({outcome.binary.label})"]
    mismatch = outcome.mismatch
    if mismatch is not None:
        lines += [f"  {outcome.path}:{mismatch.line}"]
        if outcome.exchanges:
            lines += [f"    request   {show(outcome.exchanges[-1].request)}"]
        lines += [f"  - expected  {mismatch.expected}", f"  + received  {mismatch.received}"]
        if beside is not None and len(beside.exchanges) >= len(outcome.exchanges) > 0:
            oracle = beside.exchanges[len(outcome.exchanges) - 1]
            lines += [f"    {beside.binary.label} answered  {show(oracle.reply)}"]
    if outcome.trouble is not None:
        lines += [f"  {line}" for line in outcome.trouble.splitlines()]
    return "\n".join(lines)


def result(outcome: Outcome) -> dict[str, object]:
    """For --results."""
    return {"path": str(outcome.path.relative_to(FOLDER)), "server": outcome.binary.label,
            "oracle": outcome.binary.is_oracle, "ok": outcome.ok, "skipped": outcome.skipped}


def select(names: list[str], folder: Path = FOLDER) -> list[Path]:
    """The files meant by the arguments: names with or without .txt, or paths; none means all of
    the folder."""
    everything = sorted(folder.glob("*.txt"))
    if not names:
        return everything
    chosen = []
    for name in names:
        path = Path(name) if name.endswith(".txt") and Path(name).exists() else folder / name
        path = path if path.suffix == ".txt" else path.with_name(path.name + ".txt")
        if not path.exists():
            raise SystemExit(f"run.py: no transcript {name}; there are: "
                             + " ".join(other.stem for other in everything))
        chosen.append(path)
    return chosen


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs transcripts against a cache server.")
    parser.add_argument("names", nargs="*", help="transcripts; all when left out")
    parser.add_argument("--planned", action="store_true", help="those of planned/ instead")
    parser.add_argument("--server", type=Path, default=DEFAULT_SERVER, metavar="PATH",
                        help="our server (default: %(default)s)")
    parser.add_argument("--oracle", action="store_true", help="run against memcached instead")
    parser.add_argument("--oracle-path", type=Path, default=DEFAULT_ORACLE, metavar="PATH",
                        help="which memcached (default: %(default)s)")
    parser.add_argument("--both", action="store_true",
                        help="run against our server and the oracle, and compare")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument("--byte-by-byte", action="store_true", help="one byte per send")
    cut.add_argument("--split", type=int, metavar="N", help="up to N random pieces per request")
    parser.add_argument("--seed", type=int, help="seed of --split")
    parser.add_argument("--results", type=Path, metavar="FILE",
                        help="what came of every transcript, as JSON")
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, metavar="N",
                        help="transcripts at the same time (default: %(default)s)")
    return parser.parse_args(argv)


def binaries(options: argparse.Namespace) -> list[ServerBinary]:
    if options.both:
        return [ServerBinary.ours(options.server), ServerBinary.oracle(options.oracle_path)]
    if options.oracle:
        return [ServerBinary.oracle(options.oracle_path)]
    return [ServerBinary.ours(options.server)]


def splitter_for(options: argparse.Namespace, path: Path) -> Splitter:
    if options.byte_by_byte:
        return byte_by_byte
    if options.split:
        return random_pieces(options.split, options.seed + sum(path.stem.encode()))
    return whole


def run_all(paths: list[Path], servers: list[ServerBinary],
            options: argparse.Namespace) -> Iterator[list[Outcome]]:
    """Outcomes per transcript, in order. An interruption lets running ones end, and no more."""
    pool = ThreadPoolExecutor(max(1, options.jobs))
    try:
        runs = [[pool.submit(play, path, server, splitter_for(options, path))
                 for server in servers] for path in paths]
        for run in runs:
            yield [future.result() for future in run]
    finally:
        pool.shutdown(cancel_futures=True)


def main(argv: list[str] | None = None) -> int:
    options = arguments(sys.argv[1:] if argv is None else argv)
    try:
        servers = binaries(options)
    except ServerError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    if options.split and options.seed is None:
        options.seed = random.randrange(1 << 31)
        print(f"seed {options.seed} (run again with --split {options.split} --seed {options.seed})")
    paths = select(options.names, FOLDER / "planned" if options.planned else FOLDER)
    failures = exchanges = skipped = 0
    results = []
    for outcomes in run_all(paths, servers, options):
        oracle = outcomes[-1] if options.both else None
        for outcome in outcomes:
            exchanges += len(outcome.exchanges)
            results.append(result(outcome))
            if outcome.skipped is not None:
                skipped += 1
                print(f"skip {outcome.path.stem}  ({outcome.binary.label}): {outcome.skipped}")
            if not outcome.ok:
                failures += 1
                print(report(outcome, None if outcome is oracle else oracle), flush=True)
    if options.results:
        options.results.parent.mkdir(parents=True, exist_ok=True)
        options.results.write_text(json.dumps(results, indent=1))
    verdict = "ok" if failures == 0 else f"{failures} FAILED"
    left_out = f", {skipped} skipped" if skipped else ""
    print(f"{len(paths)} transcripts, {exchanges} exchanges{left_out}, {verdict}"
          f"  ({', '.join(server.label for server in servers)})")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("run.py: terminated"))
    sys.exit(main())
