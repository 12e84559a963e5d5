#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Runs the tests of this folder: real clients in several languages, and the protocols that no text
can show (binary, SASL, UDP, TLS, Unix socket).

    run.py                        all that build/release/bin/rat_memcached is ready for
    run.py pylibmc dalli          only these, ready or not
    run.py --planned              also those for which the server is not ready
    run.py --oracle               all, against /usr/bin/memcached
    run.py --server PATH          another server
    run.py --results FILE         what came of every test, as JSON

A test is a program that ends with 0 if all is well and prints a line per check: `ok name` or
`not ok name: why`. Those in Python that import client_test start their own servers, for the others
one is started here. What must be installed is named in tools/packages.py; npm's packages are
fetched into build/clients.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "support"))

from server_process import (DEFAULT_ORACLE, DEFAULT_SERVER, HOST, REPOSITORY,  # noqa: E402
                            ServerBinary, ServerError, ServerProcess)

# Debian's own interpreter: its packages belong to it.
PYTHON = "/usr/bin/python3"
NODE_FOLDER = REPOSITORY / "build" / "clients" / "node"
TEST_TIMEOUT_S = 100
NPM_TIMEOUT_S = 100
DEFAULT_JOBS = 4
OUTPUT_SHOWN_LINES = 40


@dataclass(frozen=True)
class Client:
    """One program. `{host}` and `{port}` in the command are those of a server started for it."""

    name: str
    what: str  # the features it proves, for docs/conformance.md
    command: tuple[str, ...]
    package: str  # Debian's, or npm's
    is_ready: bool = True  # False: waits for something that the server is still to learn
    only_older: tuple[str, ...] = ()  # checks that memcached 1.6.45 does not pass either

    @property
    def needs_server(self) -> bool:
        return any("{port}" in part for part in self.command)

    @property
    def is_node(self) -> bool:
        return self.command[0] == "node"


def _python(name: str, what: str, package: str, is_ready: bool = True) -> Client:
    return Client(name, what, (PYTHON, str(FOLDER / f"{name}_test.py")), package, is_ready)


def _program(name: str, what: str, package: str, *command: str, is_ready: bool = True,
             only_older: tuple[str, ...] = ()) -> Client:
    return Client(name, what, command, package, is_ready, only_older)


ADDRESS = ("{host}", "{port}")
CLIENTS = (
    _python("pymemcache", "classic commands", "python3-pymemcache"),
    _python("pylibmc", "classic commands, binary protocol", "python3-pylibmc"),
    _python("python_memcached", "classic commands", "python3-memcache"),
    _program("cache_memcached", "classic commands", "libcache-memcached-perl",
             "perl", str(FOLDER / "cache_memcached.pl"), *ADDRESS),
    _program("php_memcached", "classic commands", "php-cli php-memcached",
             "php", str(FOLDER / "memcached.php"), *ADDRESS, "ascii"),
    _program("php_memcached_binary", "binary protocol", "php-cli php-memcached",
             "php", str(FOLDER / "memcached.php"), *ADDRESS, "binary"),
    _program("dalli", "binary protocol", "ruby ruby-dalli",
             "ruby", str(FOLDER / "dalli.rb"), *ADDRESS),
    _program("node_memcached", "classic commands", "nodejs, npm: memcached",
             "node", str(FOLDER / "node" / "memcached.js"), *ADDRESS),
    _program("node_memjs", "binary protocol", "nodejs, npm: memjs",
             "node", str(FOLDER / "node" / "memjs.js"), *ADDRESS),
    _program("memccapable", "classic commands", "libmemcached-tools",
             "memccapable", "-h", "{host}", "-p", "{port}", "-a",
             # It wants an error for surplus words, which are ignored today.
             only_older=("ascii delete", "ascii delete noreply")),
    _program("memccapable_binary", "binary protocol", "libmemcached-tools",
             "memccapable", "-h", "{host}", "-p", "{port}", "-b"),
    _program("memaslap", "classic commands under load, values verified", "libmemcached-tools",
             "memcaslap", "-s", "{host}:{port}", "-T", "1", "-c", "16", "-x", "40000", "-v", "0.5",
             "-e", "0.05", "-d", "10"),
    _program("memaslap_binary", "binary protocol under load, values verified",
             "libmemcached-tools", "memcaslap", "-s", "{host}:{port}", "-T", "1", "-c", "16", "-x",
             "40000", "-v", "0.5", "-B"),
    _python("monitoring", "statistics as exporters and memcached-tool read them", "memcached"),
    _python("binary", "binary protocol, every opcode", ""),
    _python("sasl", "SASL", "sasl2-bin libsasl2-modules libsasl2-modules-db"),
    _python("udp", "UDP", ""),
    _python("transports", "Unix socket, TLS, SIGHUP", "openssl"),
)


@dataclass
class Outcome:
    client: Client
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str | None = None

    @property
    def ok(self) -> bool:
        return not self.failed and self.trouble is None


# ---- what a program said ----

_LINE = re.compile(r"(ok|not ok|skip) (.+)")
_CAPABLE = re.compile(r"(.+?)\s+\[(pass|fail|skip)\w*\]", re.IGNORECASE)
_MEMASLAP_COUNTS = re.compile(r"(\w+): (\d+)")
_MEMASLAP_FAULTS = ("verify_misses", "verify_failed", "unexpired_unget", "unknown_errors")
_MEMASLAP_RATE = re.compile(r"Run time: .* TPS: ")


def read_lines(outcome: Outcome, output: str) -> None:
    lists = {"ok": outcome.passed, "not ok": outcome.failed, "skip": outcome.skipped,
             "pass": outcome.passed, "fail": outcome.failed}
    for line in output.splitlines():
        if match := _LINE.fullmatch(line):
            lists[match.group(1)].append(match.group(2))
        elif match := _CAPABLE.fullmatch(line.strip()):
            lists[match.group(2).lower()].append(match.group(1))


def read_memaslap(outcome: Outcome, output: str) -> None:
    """It ends with 0 whatever it found."""
    counts = {name: int(number) for name, number in _MEMASLAP_COUNTS.findall(output)}
    if not _MEMASLAP_RATE.search(output):
        outcome.failed.append("no result")
    busy = counts.get("cmd_get", 0) > 0 and counts.get("read_bytes", 0) > counts.get("cmd_get", 0)
    (outcome.passed if busy else outcome.failed).append("values came back")
    for name in _MEMASLAP_FAULTS:
        (outcome.failed if counts.get(name) else outcome.passed).append(name)


# ---- running ----

def install_node_packages() -> None:
    """npm's packages, in the versions of package-lock.json, into build/clients/node."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ServerError(f"{program} is missing: apt-get install nodejs npm")
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = (FOLDER / "node" / "package-lock.json").read_bytes()
    mark = NODE_FOLDER / "installed"
    if mark.exists() and mark.read_bytes() == wanted:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / "node" / name, NODE_FOLDER / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                          cwd=NODE_FOLDER, capture_output=True, text=True, timeout=NPM_TIMEOUT_S,
                          check=False)
    if done.returncode != 0:
        raise ServerError(f"npm ci in {NODE_FOLDER}: {done.stdout}{done.stderr}")
    mark.write_bytes(wanted)


def run(client: Client, binary: ServerBinary) -> Outcome:
    outcome = Outcome(client)
    started = time.monotonic()
    try:
        if shutil.which(client.command[0]) is None:
            outcome.trouble = (f"{client.command[0]} is missing: install {client.package} "
                               "(tools/packages.py)")
        elif client.needs_server:
            with ServerProcess(binary) as server:
                play(outcome, [part.format(host=HOST, port=server.port)
                               for part in client.command], binary.is_older)
                complaint = server.exit_report()
            if complaint is not None:
                outcome.trouble = f"{outcome.trouble or ''}\nthe server {complaint}".strip()
        else:
            choice = (["--oracle", "--oracle-path"] if binary.is_oracle else ["--server"])
            play(outcome, [*client.command, "--lines", *choice, str(binary.path)],
                 binary.is_older)
    except ServerError as error:
        outcome.trouble = str(error)
    outcome.seconds = time.monotonic() - started
    return outcome


def play(outcome: Outcome, command: list[str], is_older: bool) -> None:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8",
                   "NODE_PATH": str(NODE_FOLDER / "node_modules")}
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=TEST_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        outcome.trouble = f"did not end within {TEST_TIMEOUT_S} s"
        return
    if "memcaslap" in command[0]:
        read_memaslap(outcome, done.stdout)
    else:
        read_lines(outcome, done.stdout)
    excused = [name for name in outcome.failed if name in outcome.client.only_older]
    if excused and not is_older:
        outcome.failed = [name for name in outcome.failed if name not in excused]
        outcome.skipped += excused
        if not outcome.failed:
            return
    if done.returncode != 0 or outcome.failed or not outcome.passed:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_SHOWN_LINES:])
        outcome.trouble = f"exit status {done.returncode}\n{tail}"


def report(outcome: Outcome) -> str:
    skipped = f", {len(outcome.skipped)} skipped" if outcome.skipped else ""
    verdict = "ok" if outcome.ok else "FAILED"
    lines = [f"{outcome.client.name:22} {len(outcome.passed):4} checks{skipped}, "
             f"{outcome.seconds:.1f} s, {verdict}"]
    lines += [f"    not ok {name}" for name in outcome.failed]
    lines += [f"    {line}" for line in (outcome.trouble or "").splitlines()]
    return "\n".join(lines)


def write_results(path: Path, binary: ServerBinary, outcomes: list[Outcome]) -> None:
    rows = [{"name": outcome.client.name, "what": outcome.client.what, "ok": outcome.ok,
             "passed": outcome.passed, "failed": outcome.failed, "skipped": outcome.skipped}
            for outcome in outcomes]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"server": binary.label, "clients": rows}, indent=1))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Runs real clients against a cache server.")
    parser.add_argument("names", nargs="*", help="clients; all that are ready when left out")
    parser.add_argument("--planned", action="store_true",
                        help="also those for which the server is not ready")
    parser.add_argument("--server", type=Path, default=DEFAULT_SERVER, metavar="PATH")
    parser.add_argument("--oracle", action="store_true", help="run against memcached instead")
    parser.add_argument("--oracle-path", type=Path, default=DEFAULT_ORACLE, metavar="PATH")
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, metavar="N")
    parser.add_argument("--results", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    known = {client.name: client for client in CLIENTS}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        print(f"run.py: no client {', '.join(unknown)}; there are {', '.join(known)}",
              file=sys.stderr)
        return 1
    everything = options.oracle or options.planned
    chosen = ([known[name] for name in options.names] or
              [client for client in CLIENTS if client.is_ready or everything])
    try:
        binary = (ServerBinary.oracle(options.oracle_path) if options.oracle
                  else ServerBinary.ours(options.server))
        if any(client.is_node for client in chosen):
            install_node_packages()
    except ServerError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    outcomes = []
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for outcome in pool.map(lambda client: run(client, binary), chosen):
            outcomes.append(outcome)
            print(report(outcome), flush=True)
    if options.results:
        write_results(options.results, binary, outcomes)
    failures = sum(not outcome.ok for outcome in outcomes)
    checks = sum(len(outcome.passed) + len(outcome.failed) for outcome in outcomes)
    verdict = "ok" if failures == 0 else f"{failures} FAILED"
    print(f"{len(outcomes)} clients, {checks} checks, {verdict}  ({binary.label})")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("run.py: terminated"))
    sys.exit(main())
