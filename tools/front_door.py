# SPDX-License-Identifier: LGPL-3.0-or-later
"""What ./dev can do, one function per command."""

import argparse
import os
import shutil
import sys
import time

import packages
import steps
import suite
from steps import ROOT, Failed, run, say

SOURCE_FOLDERS = ["src", "apps", "bench", "fuzz", "tests"]


def build(preset="release", target=None):
    """Configures and builds a preset into build/<preset>/."""
    packages.need(packages.BUILD)
    run(["cmake", "--preset", preset], f"configuring {preset}")
    command = ["cmake", "--build", "--preset", preset]
    run(command + (["--target", target] if target else []), f"building {preset}")


def sources():
    return [path for folder in SOURCE_FOLDERS for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in (".h", ".cc")]


def command_build(arguments):
    parser = argparse.ArgumentParser(prog="./dev build", description=build.__doc__)
    parser.add_argument("preset", nargs="?", default="release",
                        help="release, debug, asan, ubsan, tsan, fuzz or coverage")
    preset = parser.parse_args(arguments).preset
    if preset != "release":
        packages.need(packages.TEST)
    build(preset)
    say(f"Built into build/{preset}/" + ("bin/rat_memcached" if preset == "release" else ""))


def command_run(arguments):
    """Builds the server and starts it; all arguments are the server's."""
    build("release", "rat_memcached")
    steps.become([ROOT / "build/release/bin/rat_memcached", *arguments])


def command_test(arguments):
    """Runs the tests; names select some."""
    suite.main(arguments, build)


def command_check(_arguments):
    """What must pass before a commit: format, layers, warnings, unit tests, lint."""
    packages.need(packages.BUILD + packages.TEST + packages.CHECK)
    run(["clang-format-14", "--dry-run", "--Werror", *sources()], "format")
    suite.main(["layers", "unit"], build)
    build("debug")
    lint = [path for path in sources() if path.suffix == ".cc" and
            path.relative_to(ROOT).parts[0] in ("src", "apps", "fuzz") and
            not path.stem.endswith(("_test", "_bench"))]
    run(["run-clang-tidy-14", "-quiet", "-p", ROOT / "build/debug", *lint], "lint")


def command_format(_arguments):
    """Formats all C++ sources."""
    packages.need(packages.CHECK)
    run(["clang-format-14", "-i", *sources()], "format")


def command_bench(arguments):
    """Measures the server beside memcached; see --help for groups and options."""
    import bench
    if not {"-h", "--help"} & set(arguments):
        packages.need(packages.BUILD + packages.TEST)
        build("release")
    return bench.main(arguments)


def command_lab(arguments):
    """Misses against memory: all eviction policies, and our server beside memcached."""
    import lab
    if not {"-h", "--help"} & set(arguments):
        packages.need(packages.BUILD + packages.TEST + packages.LAB)
        build("release")
    return lab.main(arguments)


def command_fuzz(arguments):
    """Fuzzes every parser and record format for a while."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=command_fuzz.__doc__)
    parser.add_argument("targets", nargs="*", help="names of targets; all when left out")
    parser.add_argument("--seconds", type=int, default=60, help="per target (default: 60)")
    options = parser.parse_args(arguments)
    suite.fuzz(build, options.targets, options.seconds)


def command_coverage(_arguments):
    """Which lines the unit tests execute, per file."""
    packages.need(packages.BUILD + packages.TEST + ["gcovr"])
    build("coverage")
    run(["ctest", "--test-dir", ROOT / "build/coverage", "--output-on-failure"], "unit tests")
    say(run(["gcovr", "--root", ROOT, "--filter", "src/", "--exclude", ".*_test.cc",
             ROOT / "build/coverage"], "coverage"))


def command_setup(_arguments):
    """Installs everything that any command needs."""
    packages.need(packages.BUILD + packages.TEST + packages.CHECK + packages.LAB)


def command_clean(_arguments):
    """Removes everything that was built."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)


COMMANDS = {
    "run": command_run,
    "build": command_build,
    "test": command_test,
    "check": command_check,
    "bench": command_bench,
    "lab": command_lab,
    "fuzz": command_fuzz,
    "format": command_format,
    "coverage": command_coverage,
    "setup": command_setup,
    "clean": command_clean,
}


def usage():
    say("usage: ./dev COMMAND [argument ...]\n")
    for name, function in COMMANDS.items():
        text = " ".join((function.__doc__ or build.__doc__).split())
        say(f"  {name:10}{text}")


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        usage()
        return 0
    if arguments[0] not in COMMANDS:
        say(f"./dev: there is no command '{arguments[0]}'")
        usage()
        return 64
    os.chdir(ROOT)
    started = time.monotonic()
    try:
        result = COMMANDS[arguments[0]](arguments[1:])
    except Failed as failure:
        say(f"./dev {arguments[0]}: {failure}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    say(f"./dev {arguments[0]}: done in {time.monotonic() - started:.0f} s")
    return result or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
