# SPDX-License-Identifier: LGPL-3.0-or-later
"""The laboratory: misses against memory. The driver behind `./dev lab`.

Every trace is replayed by rat_replay (bench/replay/) with every memory size
  in this process   against the engine, once per eviction policy
  by the protocol   against our server and memcached, started afresh with the same -m
A trace is a file or a formula. Sizes are shares of what memcached would need for all its keys.

memcached gives every slab class a page of 1 MiB, whatever -m says: with a small -m it takes several
times as much. So ours is then measured once more, with as much memory as memcached really took.

Written to build/lab/: table.md, results.json, and a plot per trace.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import bench

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_TRACES = REPOSITORY.parent / "shared" / "traces"
MIB = 1 << 20
POLICIES = ("Fifo", "Clock", "Lru", "Lfu", "LruLfu", "TtlBased", "S3Fifo", "TinyLfu", "Adaptive")
QUICK_POLICIES = ("Fifo", "Lru", "S3Fifo", "Adaptive")
PERCENTS = (2, 5, 10, 20, 40)
QUICK_PERCENTS = (10, 40)
QUICK_REQUESTS = 1_000_000
QUICK_KEYS = 400_000
SERVER_MIB_MIN = 2
GRAIN = 64 << 10  # sizes of the engine alone are multiples of this
REPLAY_TIMEOUT_S = 1800.0
GUESS_BYTES = 64 << 10
# Ours is measured again if memcached's RSS is larger than ours by more than this.
RSS_TOLERANCE = MIB
DEBIAN_PYTHON = Path("/usr/bin/python3")
FORMATS = ("be32", "be64", "text")


class LabError(Exception):
    """The laboratory cannot go on; the text says why and what to do."""


# --- traces -----------------------------------------------------------------------------------

@dataclass
class Trace:
    """What is replayed: its name, and the options by which rat_replay gets it."""

    name: str
    arguments: list[str]
    facts: dict = field(default_factory=dict)  # rat_replay's count of it

    def size_text(self) -> str:
        return (f"{self.facts['requests']:,} requests, {self.facts['distinct_keys']:,} keys, "
                f"{self.facts['distinct_bytes'] / MIB:.1f} MiB in memcached's measure, "
                f"at best {self.facts['distinct_keys'] / self.facts['requests']:.4f} misses")


def synthetic_traces(quick: bool) -> list[Trace]:
    keys, loop_keys = (QUICK_KEYS, QUICK_KEYS // 4) if quick else (500_000, 200_000)
    requests, loop_requests = (QUICK_REQUESTS,) * 2 if quick else (5_000_000, 2_000_000)
    shapes = {
        "zipf-0.9": ["zipf", "--skew=0.9"],
        "zipf-1.0": ["zipf", "--skew=1.0"],
        "shift": ["shift", "--skew=0.9"],
        "scan": ["scan", "--skew=0.9"],
        "loop": ["loop", f"--keys={loop_keys}", f"--requests={loop_requests}"],
        # Slow enough for its TTLs, of 1 to 60 minutes, to matter.
        "mix": ["mix", "--rate=10000"],
    }
    return [Trace(name, [f"--keys={keys}", f"--requests={requests}", "--synthetic", *arguments])
            for name, arguments in shapes.items()]


def guess_format(name: str, size: int, head: bytes) -> str:
    """By the name; else by what it begins with."""
    lower = name.lower()
    for mark, answer in ((".txt", "text"), (".csv", "text"), ("u64", "be64"), ("be64", "be64"),
                         ("u32", "be32"), ("be32", "be32")):
        if mark in lower:
            return answer
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return "text"
    if size % 8 != 0:
        return "be32"
    upper = [head[at:at + 4] for at in range(0, len(head) - 7, 8)]
    lower_halves = {head[at + 4:at + 8] for at in range(0, len(head) - 7, 8)}
    # Small numbers or numbers with a common prefix: the upper halves say nothing.
    if max(upper.count(word) for word in set(upper[:16])) > 0.9 * len(upper):
        return "be64"
    # In a trace of 32-bit keys, popular ones stand at even and at odd places. Halves of hashes have
    # nothing in common.
    common = len(set(upper) & lower_halves)
    return "be32" if common > 0.05 * min(len(set(upper)), len(lower_halves)) else "be64"


def file_trace(path: Path, formats: dict[str, str], folder: Path) -> Trace:
    """The trace in a file, unpacked into `folder` once if it is packed."""
    name = path.name.split(".")[0]
    plain = path
    if path.suffix == ".xz":
        plain = folder / path.name.removesuffix(".xz")
        if not plain.exists() or plain.stat().st_mtime < path.stat().st_mtime:
            folder.mkdir(parents=True, exist_ok=True)
            partial = plain.with_name(plain.name + ".part")
            try:
                with lzma.open(path) as packed, partial.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
            except (lzma.LZMAError, EOFError) as error:
                raise LabError(f"{path} cannot be unpacked: {error}") from error
            partial.replace(plain)
    with plain.open("rb") as file:
        head = file.read(GUESS_BYTES)
    if not head:
        raise LabError(f"{path} is empty: take it out of the folder")
    form = formats.get(name) or guess_format(plain.name, plain.stat().st_size, head)
    return Trace(name, ["--trace", str(plain), "--format", form])


def file_traces(arguments: argparse.Namespace) -> list[Trace]:
    folder = arguments.traces
    if folder is None:
        if not SHARED_TRACES.is_dir():
            return []
        folder = SHARED_TRACES
    if not folder.is_dir():
        raise LabError(f"--traces {folder}: there is no such folder")
    paths = [path for path in sorted(folder.iterdir())
             if path.is_file() and path.suffix != ".md" and not path.name.startswith(".")]
    if arguments.only:
        paths = [path for path in paths if path.name.split(".")[0] in arguments.only]
    traces = [file_trace(path, arguments.format, arguments.out / "traces") for path in paths]
    for trace in traces if arguments.quick else []:
        trace.arguments.append(f"--requests={QUICK_REQUESTS}")
    return traces


def choose_traces(arguments: argparse.Namespace) -> list[Trace]:
    traces = file_traces(arguments) + synthetic_traces(arguments.quick)
    names = [trace.name for trace in traces]
    for name in set(names):
        if names.count(name) > 1:
            raise LabError(f"two traces are called {name}: rename the file (its name up to the "
                           "first dot is what counts)")
    if arguments.only:
        unknown = set(arguments.only) - {trace.name for trace in traces}
        if unknown:
            raise LabError(f"--only: there is no trace {', '.join(sorted(unknown))}; "
                           "--list shows all")
        traces = [trace for trace in traces if trace.name in arguments.only]
    for trace in traces:
        trace.arguments += [f"--value-size={arguments.value_size}", f"--seed={arguments.seed}"]
        if arguments.requests is not None:
            trace.arguments.append(f"--requests={arguments.requests}")
    return traces


def choose_sizes(trace: Trace, arguments: argparse.Namespace) -> list[int]:
    """Bytes. Whole MiB if a server is to have the same."""
    if arguments.memory:
        return [mib * MIB for mib in arguments.memory]
    grain, least = (GRAIN, MIB) if arguments.in_process else (MIB, SERVER_MIB_MIN * MIB)
    wanted = (trace.facts["distinct_bytes"] * percent / 100 for percent in arguments.percent)
    return sorted({max(round(size / grain) * grain, least) for size in wanted})


# --- measuring --------------------------------------------------------------------------------

class Progress:
    """One line on stderr with the time left, as far as what is done tells."""

    def __init__(self, total: float) -> None:
        self.total = total
        self.done = 0.0
        self.started = time.monotonic()

    def step(self, weight: float, what: str) -> None:
        self.done += weight
        elapsed = time.monotonic() - self.started
        left = int(elapsed * (self.total - self.done) / self.done)
        line = (f"lab: {100 * self.done / self.total:.0f} %, about {left // 60}:{left % 60:02} "
                f"left; {what}")
        if sys.stderr.isatty():
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Task:
    """One replay: of a trace, with so many bytes, by a policy of the engine or a server."""

    trace: Trace
    memory: int
    who: str

    def result(self, report: dict, **more: int) -> dict:
        return {"trace": self.trace.name, "memory": self.memory, "who": self.who, **report, **more}


@dataclass(frozen=True)
class Laboratory:
    """The programs."""

    replay: Path
    ours: Path | None
    peer: Path | None
    ours_options: list[str]

    def run_replay(self, trace: Trace, arguments: list[str]) -> dict:
        command = [str(self.replay), *trace.arguments, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=REPLAY_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{' '.join(command)}: not done within {REPLAY_TIMEOUT_S:.0f} s"
                           ) from error
        if done.returncode != 0:
            raise LabError(f"{' '.join(command)}\n{done.stderr.strip()}")
        return json.loads(done.stdout)

    def run_engine(self, task: Task) -> dict:
        return task.result(self.run_replay(
            task.trace, ["--policy", task.who, "--memory", str(task.memory)]))

    def run_server(self, task: Task, memory: int) -> dict:
        """Against a fresh server with -m `memory`, which is whole MiB."""
        port = bench.free_port()
        is_peer = task.who == "memcached"
        command = [str(self.peer if is_peer else self.ours), "-t", "1", "-l", bench.HOST,
                   "-p", str(port), "-U", "0", "-m", str(memory // MIB)]
        command += [] if is_peer else self.ours_options
        command += ["-u", "nobody"] if os.geteuid() == 0 else []
        with bench.RunningServer(command, port, frozenset()) as running:
            try:
                report = self.run_replay(task.trace, ["--server", f"{bench.HOST}:{port}"])
            except LabError as error:
                raise LabError(f"{error}\n{running.said()}") from error
            rss = resident_bytes(running.pid)
        return task.result(report, given=memory, rss=rss)


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise LabError(f"process {pid} has no VmRSS: its server has ended")


def measure(lab: Laboratory, traces: list[Trace], arguments: argparse.Namespace) -> list[dict]:
    """All results. The engine's need no quiet machine and run beside each other."""
    points = [(trace, memory) for trace in traces for memory in choose_sizes(trace, arguments)]
    engine = [Task(trace, memory, policy) for trace, memory in points
              for policy in arguments.policies]
    servers = [] if arguments.in_process else points
    # A replay through a socket takes about ten times as long, and there are up to three.
    server_weight = 30 * arguments.jobs
    total = sum(task.trace.facts["requests"] for task in engine)
    total += sum(server_weight * trace.facts["requests"] for trace, _ in servers)
    progress = Progress(total)
    results = []
    try:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            running = {pool.submit(lab.run_engine, task): task for task in engine}
            try:
                for future in as_completed(running):
                    results.append(future.result())
                    task = running[future]
                    progress.step(task.trace.facts["requests"],
                                  f"{task.trace.name}, {mib_text(task.memory)}, {task.who}")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for trace, memory in servers:
            results += compare_servers(lab, trace, memory)
            progress.step(server_weight * trace.facts["requests"],
                          f"{trace.name}, {mib_text(memory)}, servers")
    finally:
        progress.end()
    return results


def compare_servers(lab: Laboratory, trace: Trace, memory: int) -> list[dict]:
    ours = lab.run_server(Task(trace, memory, "ours"), memory)
    peer = lab.run_server(Task(trace, memory, "memcached"), memory)
    results = [ours, peer]
    more = peer["rss"] - ours["rss"]
    if more > RSS_TOLERANCE:
        same = memory + more // MIB * MIB
        results.append(lab.run_server(Task(trace, memory, "ours, same RSS"), same))
    return results


# --- the result -------------------------------------------------------------------------------

Results = dict[tuple[str, int, str], dict]


def mib_text(size: int) -> str:
    return f"{size / MIB:.4g} MiB"


def sizes_of(trace: Trace, results: Results) -> list[int]:
    return sorted({memory for name, memory, _ in results if name == trace.name})


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def engine_tables(trace: Trace, policies: list[str], results: Results) -> list[str]:
    """The best of a row is bold."""
    misses, copies = [], []
    for memory in sizes_of(trace, results):
        row = [results[trace.name, memory, policy] for policy in policies]
        best = min((run["misses"] for run in row), default=0)
        misses.append([mib_text(memory)] + [
            f"**{run['miss_ratio']:.4f}**" if run["misses"] == best else f"{run['miss_ratio']:.4f}"
            for run in row])
        copies.append([mib_text(memory)] + [f"{run['copies_per_insert']:.2f}" for run in row])
    return ["Miss ratio of the engine, by policy:", table(["memory", *policies], misses),
            "Items copied while cleaning, per item stored:", table(["memory", *policies], copies)]


def ratio(a: float, b: float) -> float:
    return a / b if b else 1.0


def server_rows(trace: Trace, results: Results) -> list[dict]:
    """Per size: what is compared."""
    rows = []
    for memory in sizes_of(trace, results):
        ours = results.get((trace.name, memory, "ours"))
        peer = results.get((trace.name, memory, "memcached"))
        if not ours or not peer:
            continue
        same = results.get((trace.name, memory, "ours, same RSS"), ours)
        rows.append({"memory": memory, "ours": ours, "peer": peer, "same": same,
                     "misses": ratio(ours["misses"], peer["misses"]),
                     "rss": ratio(ours["rss"], peer["rss"]),
                     "misses, same RSS": ratio(same["misses"], peer["misses"])})
    return rows


def server_table(rows: list[dict]) -> str:
    head = ["-m", "ours", "memcached", "ratio", "RSS, ours", "RSS, memcached", "ratio",
            "ours, same RSS", "RSS", "ratio"]
    return table(head, [[
        mib_text(row["memory"]), f"{row['ours']['miss_ratio']:.4f}",
        f"{row['peer']['miss_ratio']:.4f}", f"{row['misses']:.3f}",
        mib_text(row["ours"]["rss"]), mib_text(row["peer"]["rss"]), f"{row['rss']:.3f}",
        f"{row['same']['miss_ratio']:.4f}", mib_text(row["same"]["rss"]),
        f"{row['misses, same RSS']:.3f}"] for row in rows])


def summary(rows: list[dict]) -> str:
    figures = {
        "misses, same -m": [row["misses"] for row in rows],
        "misses, same -m, where the RSS is about the same": [
            row["misses"] for row in rows if row["same"] is row["ours"]],
        "misses, same RSS": [row["misses, same RSS"] for row in rows],
        "RSS, same -m": [row["rss"] for row in rows]}
    return table(["ours / memcached", "points", "mean", "best", "worst"], [
        [title, str(len(ratios)), f"{statistics.mean(ratios):.3f}", f"{min(ratios):.3f}",
         f"{max(ratios):.3f}"] for title, ratios in figures.items() if ratios])


def report_text(traces: list[Trace], arguments: argparse.Namespace, results: Results) -> str:
    parts = ["# Misses against memory",
             f"Every request is a get, and a set if it missed. Value sizes: "
             f"{arguments.value_size} B, seed {arguments.seed}. Servers: -t 1, nothing expires."]
    rows = {trace.name: server_rows(trace, results) for trace in traces}
    all_rows = [row for some in rows.values() for row in some]
    if all_rows:
        parts.append(summary(all_rows))
        parts.append("\"Same RSS\": where memcached took at least 1 MiB more than ours with the "
                     "same -m, ours was measured again with as many whole MiB more, so that it "
                     "takes as much as memcached at most.")
        errors = sum(row[who]["reply_errors"] for row in all_rows for who in ("ours", "peer"))
        if errors:
            parts.append(f"Note: {errors:,} replies were errors, see results.json.")
    for trace in traces:
        parts += [f"## {trace.name}", trace.size_text() + "."]
        if arguments.policies:
            parts += engine_tables(trace, arguments.policies, results)
        if rows[trace.name]:
            parts += ["Miss ratio of the servers:", server_table(rows[trace.name])]
    return "\n\n".join(parts) + "\n"


def plot(folder: Path) -> None:
    """A picture per trace, from results.json alone."""
    import matplotlib
    matplotlib.use("svg")
    # The same picture for the same numbers.
    matplotlib.rcParams["svg.hashsalt"] = "lab"
    from matplotlib import pyplot

    styles = {"ours": {"color": "black", "linestyle": ":", "linewidth": 2.5, "marker": "o"},
              "memcached": {"color": "black", "linewidth": 2.5, "marker": "s"}}
    written = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for trace in written["traces"]:
        figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
        lines: dict[str, list[tuple[float, float]]] = {}
        for run in written["runs"]:
            if run["trace"] == trace:
                lines.setdefault(run["who"], []).append((run["memory"] / MIB, run["miss_ratio"]))
        sizes = sorted({size for points in lines.values() for size, _ in points})
        for who in [*POLICIES, *styles]:
            if who in lines:
                axes.plot(*zip(*sorted(lines[who])), label={"ours": "our server"}.get(who, who),
                          **styles.get(who, {"marker": "."}))
        axes.set(title=trace, xlabel="memory, MiB", ylabel="miss ratio", xscale="log")
        axes.set_xticks(sizes, [f"{size:.4g}" for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(folder / f"{trace}.svg", metadata={"Date": None})
        pyplot.close(figure)


def plot_by_debian(folder: Path) -> None:
    """Debian's matplotlib belongs to Debian's Python, which need not be the one that runs this."""
    python = DEBIAN_PYTHON if DEBIAN_PYTHON.exists() else sys.executable
    program = "import sys, pathlib, lab; lab.plot(pathlib.Path(sys.argv[1]))"
    command = [python, "-c", program, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)})
    if done.returncode != 0:
        print(f"lab: no plots: {(done.stderr.strip() or 'unknown reason').splitlines()[-1]} "
              "(apt-get install python3-matplotlib, then ./dev lab --plot)", file=sys.stderr)


# --- command line -----------------------------------------------------------------------------

def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(name) for name in _names(text)]
    except ValueError as error:
        raise argparse.ArgumentTypeError("write whole numbers, such as 5,20") from error
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError("write numbers of at least 1, such as 5,20")
    return numbers


def _format(text: str) -> tuple[str, str]:
    name, _, form = text.partition("=")
    if not name or form not in FORMATS:
        raise argparse.ArgumentTypeError(f"write NAME=FORMAT with one of {', '.join(FORMATS)}")
    return name, form


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev lab", description="Misses against memory: all policies of the engine, and our "
        "server beside memcached.")
    parser.add_argument("--quick", action="store_true",
                        help="fewer requests, keys, sizes and policies: within three minutes")
    parser.add_argument("--in-process", action="store_true", help="the engine only, no servers")
    parser.add_argument("--only", type=_names, metavar="LIST", help="names of traces (all)")
    parser.add_argument("--policies", type=_names, metavar="LIST",
                        help=f"of the engine; '' for the servers only ({','.join(POLICIES)})")
    parser.add_argument("--percent", type=_numbers, metavar="LIST",
                        help="memory, as shares of what memcached would need for all keys "
                        f"({','.join(map(str, PERCENTS))})")
    parser.add_argument("--memory", type=_numbers, metavar="LIST", help="memory in MiB instead")
    parser.add_argument("--traces", type=Path, metavar="FOLDER",
                        help="trace files, plain or .xz (../shared/traces, if there is one)")
    parser.add_argument("--format", type=_format, action="append", default=[],
                        metavar="NAME=FORMAT", help="of a trace file, if the guess is wrong: "
                        f"{', '.join(FORMATS)}")
    parser.add_argument("--value-size", default="20-500", metavar="BYTES",
                        help="or MIN-MAX, stable per key (20-500)")
    parser.add_argument("--requests", type=int, metavar="N", help="per trace; of a file, at most")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of formulas (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="replays of the engine beside each other (all processors)")
    parser.add_argument("--ours", type=Path, default=bench.RELEASE / "bin" / "rat_memcached",
                        metavar="PATH", help="our server (build/release/bin/rat_memcached)")
    parser.add_argument("--ours-option", action="append", default=[], metavar="OPTION",
                        help="give it to our server; may be repeated")
    parser.add_argument("--peer", type=Path, default=Path("/usr/bin/memcached"), metavar="PATH",
                        help="the server to compare with (/usr/bin/memcached)")
    parser.add_argument("--replay", type=Path, default=bench.RELEASE / "bench" / "rat_replay",
                        metavar="PATH", help="the program (build/release/bench/rat_replay)")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "lab", metavar="FOLDER",
                        help="where the results go (build/lab)")
    parser.add_argument("--plot", action="store_true",
                        help="measure nothing, draw what results.json holds")
    parser.add_argument("--list", action="store_true", help="show the traces and end")
    arguments = parser.parse_args(argv)
    arguments.format = dict(arguments.format)
    if arguments.policies is None:
        arguments.policies = list(QUICK_POLICIES if arguments.quick else POLICIES)
    if arguments.percent is None:
        arguments.percent = QUICK_PERCENTS if arguments.quick else PERCENTS
    if arguments.memory and not arguments.in_process and min(arguments.memory) < SERVER_MIB_MIN:
        parser.error(f"--memory: servers need at least {SERVER_MIB_MIN} MiB")
    if arguments.in_process and not arguments.policies:
        parser.error("--in-process without a policy measures nothing: write --policies too")
    if arguments.jobs < 1 or (arguments.requests is not None and arguments.requests < 1):
        parser.error("--jobs and --requests: write numbers of at least 1")
    return arguments


def run(arguments: argparse.Namespace) -> None:
    if arguments.plot:
        plot_by_debian(arguments.out)
        return
    traces = choose_traces(arguments)
    advice = "run ./dev build, or write --replay PATH and --ours PATH"
    lab = Laboratory(
        bench.program(arguments.replay, advice),
        None if arguments.in_process else bench.program(arguments.ours, advice),
        None if arguments.in_process else bench.program(
            arguments.peer, "install it (apt-get install memcached), or write --in-process"),
        arguments.ours_option)
    for trace in traces:
        trace.facts = lab.run_replay(trace, [])
    if arguments.list:
        for trace in traces:
            print(f"{trace.name:14} {trace.size_text()}")
        return
    found = measure(lab, traces, arguments)
    results = {(run["trace"], run["memory"], run["who"]): run for run in found}
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = report_text(traces, arguments, results)
    (arguments.out / "table.md").write_text(text, encoding="utf-8")
    facts = {trace.name: {"arguments": trace.arguments, **trace.facts} for trace in traces}
    (arguments.out / "results.json").write_text(
        json.dumps({"traces": facts, "runs": found}, indent=1) + "\n", encoding="utf-8")
    print(text)
    plot_by_debian(arguments.out)
    print(f"Written to {arguments.out}: table.md, results.json, a plot per trace")


def main(argv: list[str]) -> int:
    """Exit status: 0, 1 if something could not be measured, 2 for a mistake in the arguments."""
    # Leaves by an exception, so that a server is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        run(parse_arguments(argv))
    except (LabError, bench.BenchError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
