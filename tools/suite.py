# SPDX-License-Identifier: LGPL-3.0-or-later
"""The test suite: its parts, in the order in which they find faults most cheaply."""

import argparse

import packages
from steps import ROOT, Failed, run, say

# Debian's own interpreter: its packages (pymemcache) belong to it.
PYTHON = "/usr/bin/python3"
FUZZ_SMOKE_SECONDS = 10


def server(preset):
    return ROOT / "build" / preset / "bin" / "rat_memcached"


def layers(_build):
    """No module includes what it may not; every file names its licence."""
    run([PYTHON, "tools/layers.py"], "layers")


def unit(build):
    """Unit tests of every module."""
    build("release")
    run(["ctest", "--test-dir", ROOT / "build/release", "--output-on-failure"], "unit tests")


def transcripts(build):
    """Dialogues with the server: whole, byte by byte and cut at random; and the same dialogues with
    memcached, so that they are known to be memcached's."""
    build("release")
    play = [PYTHON, "tests/transcripts/run.py"]
    run([*play, "--both"], "transcripts, ours and memcached")
    run([*play, "--byte-by-byte"], "transcripts byte by byte")
    run([*play, "--split", "5"], "transcripts cut at random")


def clients(build):
    """Real clients in several languages, with our server and with memcached."""
    build("release")
    play = [PYTHON, "tests/clients/run.py"]
    run(play, "clients")
    run([*play, "--oracle"], "clients with memcached")


def server_tests(build):
    """The process around the protocol: options, signals, limits, hostile clients."""
    build("release")
    run([PYTHON, "tests/server/run.py"], "server process")


def stress(build):
    """Threads against a model of the store, against an index that grows and shrinks; a day."""
    build("release")
    play_stress("release", 10, "stress")
    play_day("release", [], "stress")


def lines(build):
    """How many shared cache lines each operation writes: a hit on a hot item none."""
    packages.need(["valgrind"])
    build("release")
    run([PYTHON, "tests/shared_lines/count.py", ROOT / "build/release/tests/shared_lines"],
        "shared lines")


def play_stress(preset, seconds, what, env=None):
    for program in ("store_stress", "index_stress"):
        run([ROOT / "build" / preset / "tests" / program, "--seconds", str(seconds)],
            f"{what}, {program}", env=env)


def play_day(preset, options, what, env=None):
    run([ROOT / "build" / preset / "tests" / "day_stress", *options],
        f"{what}, day_stress", env=env)


def sanitizer(build, preset, what):
    """One sanitizer: unit tests, stress, and the transcripts against the instrumented server."""
    build(preset)
    env = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "TSAN_OPTIONS": "halt_on_error=1",
           "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    # Some have one thread only, and nothing that ThreadSanitizer looks for.
    single_threaded = ["--exclude-regex", "policies_test"] if preset == "tsan" else []
    run(["ctest", "--test-dir", ROOT / "build" / preset, "--output-on-failure", *single_threaded],
        f"unit tests, {what}", env=env)
    play_stress(preset, 5, f"stress, {what}", env)
    if preset != "tsan":
        play_day(preset, ["--hours", "3", "--memory", "16"], f"stress, {what}", env)
    run([PYTHON, "tests/transcripts/run.py", "--server", server(preset)],
        f"transcripts, {what}", env=env)
    run([PYTHON, "tests/clients/run.py", "--server", server(preset)], f"clients, {what}", env=env)


def asan(build):
    """Everything again under AddressSanitizer, leaks included."""
    sanitizer(build, "asan", "AddressSanitizer")


def ubsan(build):
    """Everything again under UndefinedBehaviorSanitizer."""
    sanitizer(build, "ubsan", "UndefinedBehaviorSanitizer")


def tsan(build):
    """Everything again under ThreadSanitizer."""
    sanitizer(build, "tsan", "ThreadSanitizer")


def fuzz_smoke(build):
    """Each fuzz target for a few seconds, from its seeds."""
    fuzz(build, [], FUZZ_SMOKE_SECONDS)


def fuzz(build, targets, seconds):
    packages.need(packages.BUILD + packages.TEST)
    build("fuzz")
    folder = ROOT / "build/fuzz/fuzz"
    known = sorted(path.name for path in folder.glob("*_fuzz"))
    unknown = set(targets) - set(known)
    if unknown:
        raise Failed(f"no fuzz target {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in targets or known:
        corpus = ROOT / "build/fuzz/corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        run([folder / name, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
             f"-artifact_prefix={corpus}/../{name}-", corpus, ROOT / "fuzz/seeds" / name],
            f"fuzzing {name}", timeout_s=seconds + 120)


PARTS = {
    "layers": layers,
    "unit": unit,
    "transcripts": transcripts,
    "clients": clients,
    "server": server_tests,
    "stress": stress,
    "lines": lines,
    "asan": asan,
    "ubsan": ubsan,
    "tsan": tsan,
    "fuzz": fuzz_smoke,
}


def main(arguments, build):
    parts = "\n".join(f"  {name:12} {' '.join(part.__doc__.split())}"
                      for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="./dev test", description="Installs what is missing, builds, and runs the tests.",
        epilog="parts:\n" + parts, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help="all when left out")
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise Failed(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    packages.need(packages.BUILD + packages.TEST)
    for number, name in enumerate(chosen, 1):
        say(f"[{number}/{len(chosen)}] {name}")
        PARTS[name](build)
    say(f"{len(chosen)} parts passed: {', '.join(chosen)}")
