# SPDX-License-Identifier: LGPL-3.0-or-later
"""Measures whole servers side by side: the driver behind `./dev bench`.

Every scenario of bench/scenarios/*.toml is run against our server, a memcached (or any server that
takes its options) and, where the scenario says so, rat_floor, a server that does nothing. One run
is a fresh server on one CPU and rat_load on another. The servers take turns, so that a slow minute
of the machine hits all of them; what is shown are medians. Only ratios travel between machines.

A scenario file has a title, a [server] and a [load] table, and [[scenario]] tables with
  name      what --only takes; unique in all files
  title     what the table shows
  floor     whether rat_floor can stand in (gets only); default false
  load      options of rat_load, added to those of [load]
  figures   what to show: a name from FIGURES and, if there is one, the goal

Before the servers, the library is measured inside a process (bench_library.py).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import bench_library

REPOSITORY = Path(__file__).resolve().parents[1]
SCENARIOS = REPOSITORY / "bench" / "scenarios"
RELEASE = Path("build") / "release"
HOST = "127.0.0.1"
LIBRARY = "library"  # the group that measures inside a process (bench_library.py)

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
LOAD_TIMEOUT_S = 600.0
POLL_INTERVAL_S = 0.01
# A client that is on its CPU for a larger share of the time was what limited the throughput.
CLIENT_BOUND = 0.95
# Other processes may use this share of one CPU before the figures are doubtful.
OTHERS_TOLERANCE = 0.1
# The server's count of items may differ this much from what a sample of keys finds.
ITEMS_TOLERANCE = 0.05


class BenchError(Exception):
    """The benchmark cannot go on; the text says why and what to do."""


# --- figures ----------------------------------------------------------------------------------

def _plain(value: float) -> str:
    return f"{value:,.0f}"


def _hundredths(value: float) -> str:
    return f"{value:.2f}"


def _thousandths(value: float) -> str:
    return f"{value:.3f}"


@dataclass(frozen=True)
class Figure:
    """One row of the table: how to get it from rat_load's report of a run."""

    title: str
    value: Callable[[dict, Scenario], float]
    text: Callable[[float], str]
    is_throughput: bool = False


FIGURES = {
    "throughput": Figure(
        "keys/s", lambda run, _: run["keys_per_second"], _plain, is_throughput=True),
    "cpu-per-key": Figure(
        "server CPU, us/key", lambda run, _: run["server_cpu_seconds"] * 1e6 / run["keys"],
        _thousandths),
    "items-per-mb": Figure(
        "items per MB of RSS", lambda run, _: run["curr_items"] * 1e6 / run["server_rss_bytes"],
        _plain),
    "rss-per-item": Figure(
        "RSS per item, B", lambda run, _: run["server_rss_bytes"] / run["curr_items"], _plain),
    "rss-over-limit": Figure(
        "RSS / limit",
        lambda run, scenario: run["server_rss_bytes"] / (scenario.memory_mb << 20), _hundredths),
    "rss-per-idle-connection": Figure(
        "RSS per idle connection, B",
        lambda run, _: (run["server_rss_idle_served_bytes"] - run["server_rss_before_idle_bytes"])
        / run["idle_connections"], _plain),
    "idle-connections-served": Figure(
        "idle connections served", lambda run, _: run["idle_connections_served"], _plain),
}


# --- scenarios --------------------------------------------------------------------------------

@dataclass(frozen=True)
class Scenario:
    """One load, as its file describes it."""

    name: str
    title: str
    load: dict
    memory_mb: int
    server_arguments: list[str]
    has_floor: bool
    figures: list[dict]

    def load_arguments(self) -> list[str]:
        arguments = []
        for name, value in self.load.items():
            if value is True:
                arguments.append(f"--{name}")
            elif value is not False:
                arguments.append(f"--{name}={value}")
        return arguments


def load_group(path: Path) -> list[Scenario]:
    with path.open("rb") as file:
        group = tomllib.load(file)
    server = group["server"]
    scenarios = []
    for table in group["scenario"]:
        for figure in table["figures"]:
            if figure["name"] not in FIGURES:
                raise BenchError(f"{path}: unknown figure {figure['name']!r}: "
                                 f"write one of {', '.join(FIGURES)}")
        scenarios.append(Scenario(
            name=table["name"], title=table["title"],
            load={**group["load"], **table.get("load", {})},
            memory_mb=server["memory-mb"], server_arguments=server.get("arguments", []),
            has_floor=table.get("floor", False), figures=table["figures"]))
    return scenarios


def choose_scenarios(groups: list[str], only: str | None) -> list[Scenario]:
    files = {path.stem: path for path in sorted(SCENARIOS.glob("*.toml"))}
    for group in groups:
        if group not in files:
            raise BenchError(f"unknown group {group}: write one of {LIBRARY}, {', '.join(files)}")
    scenarios = [scenario for group in groups or files for scenario in load_group(files[group])]
    if only is None:
        return scenarios
    chosen = [scenario for scenario in scenarios if scenario.name == only]
    if not chosen:
        names = ", ".join(scenario.name for scenario in scenarios)
        raise BenchError(f"--only {only}: no such scenario: write one of {names}")
    return chosen


# --- servers ----------------------------------------------------------------------------------

@dataclass(frozen=True)
class Server:
    """A program to measure; `name` is its column in the table."""

    name: str
    path: Path

    @property
    def is_floor(self) -> bool:
        return self.name == "floor"

    def command(self, port: int, scenario: Scenario) -> list[str]:
        if self.is_floor:
            load = scenario.load
            return [str(self.path), "--port", str(port),
                    "--value-size", str(load.get("value-size", 32)),
                    "--key-size", str(load.get("key-size", 14)),
                    "--values-per-line", str(load.get("keys-per-get", 1))]
        command = [str(self.path), "-t", "1", "-l", HOST, "-p", str(port), "-U", "0",
                   "-m", str(scenario.memory_mb), *scenario.server_arguments]
        return command + (["-u", "nobody"] if os.geteuid() == 0 else [])

    def load_arguments(self, scenario: Scenario) -> list[str]:
        arguments = scenario.load_arguments()
        if not self.is_floor:
            return arguments
        return [argument for argument in arguments if argument != "--prefill"] + ["--any-key"]

    def version(self) -> str:
        if self.is_floor:
            return "answers a constant"
        done = subprocess.run([self.path, "-V"], capture_output=True, text=True, check=False)
        return ", ".join(done.stdout.split("\n")).strip(", ") or "unknown version"


@dataclass(frozen=True)
class Placement:
    """Which CPUs the two sides run on; the same empty set for both means wherever they like."""

    server: frozenset[int]
    client: frozenset[int]

    @staticmethod
    def choose() -> Placement:
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            print("bench: only one CPU: server and client share it, which distorts all figures",
                  file=sys.stderr)
            return Placement(frozenset(), frozenset())
        return Placement(frozenset({cpus[0]}), frozenset({cpus[1]}))


def _prepare_child(cpus: frozenset[int]) -> Callable[[], None]:
    def prepare() -> None:
        if cpus:
            os.sched_setaffinity(0, cpus)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return prepare


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class RunningServer:
    """A started server; a context manager that leaves no process behind."""

    command: list[str]
    port: int
    cpus: frozenset[int]
    _output: BinaryIO = field(default_factory=tempfile.TemporaryFile)
    _process: subprocess.Popen | None = None

    def __enter__(self) -> RunningServer:
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output,
            preexec_fn=_prepare_child(self.cpus))
        try:
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def said(self) -> str:
        """The last it printed, and whether it still runs."""
        status = self._process.poll()
        state = "still running" if status is None else f"ended with status {status}"
        self._output.seek(0)
        text = self._output.read()[-2000:].decode(errors="replace")
        return f"{' '.join(self.command)}: {state}\n{text}"

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(POLL_INTERVAL_S)
        raise BenchError(f"the server does not accept connections: {self.said()}")


# --- measuring --------------------------------------------------------------------------------

@dataclass
class Progress:
    """One line on stderr that tells where the benchmark is."""

    total: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def show(self, scenario: Scenario, server: Server, run: int, runs: int) -> None:
        elapsed = int(time.monotonic() - self.started)
        line = (f"bench: {scenario.name}, {server.name}, run {run} of {runs}, "
                f"{100 * self.done // self.total} %, {elapsed // 60}:{elapsed % 60:02} elapsed")
        self.done += 1
        if sys.stderr.isatty():
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def run_once(server: Server, scenario: Scenario, load: Path, placement: Placement,
             seconds: float | None) -> dict:
    """rat_load's report of one run against a fresh server."""
    port = free_port()
    with RunningServer(server.command(port, scenario), port, placement.server) as running:
        command = [str(load), f"--port={port}", f"--server-pid={running.pid}",
                   *server.load_arguments(scenario)]
        if seconds is not None:
            command.append(f"--seconds={seconds}")
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LOAD_TIMEOUT_S,
                preexec_fn=_prepare_child(placement.client))
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{scenario.name}, {server.name}: not done within "
                             f"{LOAD_TIMEOUT_S:.0f} s: {running.said()}") from error
        # After replies that are wrong, rat_load reports all the same; faults() tells of them.
        if done.returncode != 0 and not done.stdout:
            raise BenchError(f"{scenario.name}, {server.name}: {' '.join(command)}\n"
                             f"{done.stderr.strip()}\n{running.said()}")
    return json.loads(done.stdout)


def measure(scenarios: list[Scenario], servers: list[Server], load: Path, runs: int,
            seconds: float | None) -> dict[tuple[str, str], list[dict]]:
    """The reports of all runs, by the names of scenario and server."""
    placement = Placement.choose()
    takes_part = {scenario.name: [s for s in servers if scenario.has_floor or not s.is_floor]
                  for scenario in scenarios}
    progress = Progress(runs * sum(map(len, takes_part.values())))
    reports: dict[tuple[str, str], list[dict]] = {}
    try:
        for scenario in scenarios:
            for run in range(1, runs + 1):
                for server in takes_part[scenario.name]:
                    progress.show(scenario, server, run, runs)
                    report = run_once(server, scenario, load, placement, seconds)
                    reports.setdefault((scenario.name, server.name), []).append(report)
    finally:
        progress.end()
    return reports


# --- the result -------------------------------------------------------------------------------

def _cell(figure: Figure, scenario: Scenario, reports: list[dict] | None) -> str:
    if not reports:
        return "-"
    text = figure.text(_median(figure, scenario, reports))
    utilisation = statistics.median(report["client_cpu_utilisation"] for report in reports)
    return text + ("*" if figure.is_throughput and utilisation > CLIENT_BOUND else "")


def _median(figure: Figure, scenario: Scenario, reports: list[dict]) -> float:
    return statistics.median(figure.value(report, scenario) for report in reports)


def _ratio(figure: Figure, scenario: Scenario, ours: list[dict] | None,
           peer: list[dict] | None) -> str:
    """The median over the pairs of neighbouring runs: both of a pair met the machine in the same
    mood, so this is steadier than the ratio of the medians."""
    if not ours or not peer:
        return "-"
    pairs = [(figure.value(a, scenario), figure.value(b, scenario)) for a, b in zip(ours, peer)]
    ratios = [a / b for a, b in pairs if b > 0]
    return f"{statistics.median(ratios):.2f}" if ratios else "-"


def result_table(scenarios: list[Scenario], reports: dict[tuple[str, str], list[dict]]) -> str:
    lines = ["| scenario | figure | ours | memcached | floor | ratio | goal |",
             "|---|---|---|---|---|---|---|"]
    for scenario in scenarios:
        by_server = {name: reports.get((scenario.name, name))
                     for name in ("ours", "memcached", "floor")}
        for row in scenario.figures:
            figure = FIGURES[row["name"]]
            ratio = _ratio(figure, scenario, by_server["ours"], by_server["memcached"])
            cells = [_cell(figure, scenario, by_server[name]) for name in by_server]
            lines.append("| " + " | ".join(
                [scenario.title, figure.title, *cells, ratio, row.get("goal", "")]) + " |")
    text = "\n".join(lines)
    if "* |" in text:
        text += ("\n\n\\* The client was on its CPU for more than "
                 f"{CLIENT_BOUND:.0%} of the time: the throughput is the client's.")
    return text


def faults(scenarios: list[Scenario], reports: dict[tuple[str, str], list[dict]],
           server: str) -> list[str]:
    """What a server said that it should not have said."""
    found = []
    for scenario in scenarios:
        for run in reports.get((scenario.name, server), []):
            count = run["unexpected_replies"] + run["wrong_values"]
            if count > 0:
                found.append(f"{scenario.title}, {server}: {count:,} wrong replies in a run, the "
                             f"first: {run['first_fault']}")
                break
    return found


def disturbed(scenarios: list[Scenario], reports: dict[tuple[str, str], list[dict]]) -> list[str]:
    """One note about all measurements during which the machine was not quiet."""
    worst = 0.0
    where = []
    for scenario in scenarios:
        shares = [statistics.median(run["other_cpu_seconds"] / run["seconds"] for run in runs)
                  for (name, _), runs in reports.items() if name == scenario.name]
        if max(shares) > OTHERS_TOLERANCE:
            worst = max(worst, *shares)
            where.append(scenario.title)
    if not where:
        return []
    return [f"other processes used up to {worst:.0%} of a CPU meanwhile; measure again on a quiet "
            f"machine: {'; '.join(where)}"]


def miscounted(scenarios: list[Scenario], reports: dict[tuple[str, str], list[dict]],
               server: str) -> list[str]:
    """Where a server's own count of items is not what a client finds."""
    found = []
    for scenario in scenarios:
        runs = reports.get((scenario.name, server), [])
        if not runs or "sample_keys" not in runs[0]:
            continue
        counted = statistics.median(run["curr_items"] for run in runs)
        share = statistics.median(run["sample_hits"] / run["sample_keys"] for run in runs)
        sampled = share * scenario.load["keys"]
        if abs(sampled / counted - 1) > ITEMS_TOLERANCE:
            found.append(f"{scenario.title}, {server}: {counted:,.0f} items by its own count, but "
                         f"{sampled:,.0f} by a sample of keys")
    return found


def machine_facts(servers: list[Server], runs: int) -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    lines = [f"{model}, {os.cpu_count()} cores, Linux {platform.release()}; "
             f"medians of {runs} runs, ratio: median of ours/memcached in neighbouring runs."]
    lines += [f"{server.name}: {server.version()} ({server.path})" for server in servers]
    return "\n".join(f"- {line}" for line in lines)


# --- command line -----------------------------------------------------------------------------

def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description="Measures our server, memcached and a server that does nothing, in turns.")
    parser.add_argument("groups", nargs="*", metavar="group",
                        help=f"{LIBRARY}, or names of files in bench/scenarios (all)")
    parser.add_argument("--runs", type=int, default=5, help="runs per server and scenario (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (5)")
    parser.add_argument("--only", metavar="NAME", help="a single scenario")
    parser.add_argument("--ours", type=Path, default=RELEASE / "bin" / "rat_memcached",
                        metavar="PATH", help="our server (build/release/bin/rat_memcached)")
    parser.add_argument("--peer", type=Path, default=Path("/usr/bin/memcached"), metavar="PATH",
                        help="the server to compare with (/usr/bin/memcached)")
    parser.add_argument("--bench-dir", type=Path, default=RELEASE / "bench", metavar="DIR",
                        help="where rat_load and rat_floor are (build/release/bench)")
    parser.add_argument("--servers", default="ours,memcached,floor", metavar="LIST",
                        help="which of them to measure (ours,memcached,floor)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the result there")
    parser.add_argument("--list", action="store_true", help="show the scenarios and end")
    arguments = parser.parse_args(argv)
    if arguments.runs < 1:
        parser.error("--runs: write a number of at least 1")
    return arguments


def find_servers(arguments: argparse.Namespace) -> list[Server]:
    advice = {"ours": "run ./dev build, or leave it out with --servers memcached,floor",
              "memcached": "install it (apt-get install memcached) or write --peer PATH",
              "floor": "run ./dev build, or write --bench-dir DIR"}
    paths = {"ours": arguments.ours, "memcached": arguments.peer,
             "floor": arguments.bench_dir / "rat_floor"}
    servers = []
    for name in arguments.servers.split(","):
        if name not in paths:
            raise BenchError(f"--servers {name}: write names from {', '.join(paths)}")
        servers.append(Server(name, program(paths[name], advice[name])))
    return servers


def program(path: Path, advice: str) -> Path:
    """Relative paths count from the repository, as in the commands of its documents."""
    absolute = path if path.is_absolute() else REPOSITORY / path
    if not os.access(absolute, os.X_OK) or absolute.is_dir():
        raise BenchError(f"{path} is not there: {advice}")
    return absolute


def run(arguments: argparse.Namespace) -> None:
    groups = [group for group in arguments.groups if group != LIBRARY]
    with_library = LIBRARY in arguments.groups or not (arguments.groups or arguments.only)
    with_servers = bool(groups) or not arguments.groups
    scenarios = choose_scenarios(groups, arguments.only) if with_servers else []
    if arguments.list:
        for scenario in scenarios:
            print(f"{scenario.name:14} {scenario.title}")
        return
    servers = find_servers(arguments)
    parts = [machine_facts(servers, arguments.runs)]
    if with_library:
        store_bench = program(arguments.bench_dir / "store_bench",
                               "run ./dev build, or write --bench-dir DIR")
        parts.append(bench_library.result_table(bench_library.measure(store_bench, arguments.runs)))
    wrong = []
    if scenarios:
        load = program(arguments.bench_dir / "rat_load",
                        "run ./dev build, or write --bench-dir DIR")
        reports = measure(scenarios, servers, load, arguments.runs, arguments.seconds)
        wrong = faults(scenarios, reports, "ours")
        parts.append(result_table(scenarios, reports))
        parts += [f"Note: {note}." for note in disturbed(scenarios, reports)]
        for server in servers:
            parts += [f"Note: {note}." for note in faults(scenarios, reports, server.name)
                      + miscounted(scenarios, reports, server.name)]
    text = "\n\n".join(parts)
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    if wrong:
        raise BenchError("our server gave wrong replies, see the notes")


def main(argv: list[str]) -> int:
    """Exit status: 0, 1 if something could not be measured, 2 for a mistake in the arguments."""
    # Leaves by an exception, so that the server is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        run(parse_arguments(argv))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
