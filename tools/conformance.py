#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Writes docs/conformance.md: which command is proven by which test, and with what result.

    tools/conformance.py                  plays everything against our server and memcached, writes
    tools/conformance.py --server PATH    with another server of ours
    tools/conformance.py --oracle-path PATH   with another memcached than Debian's
    tools/conformance.py --no-run         from the results of the last run (build/conformance/)

The tables are made of the transcripts themselves (the commands they send, the comment they begin
with) and of the results of their runner and that of the clients.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRANSCRIPTS = ROOT / "tests" / "transcripts"
RESULTS = ROOT / "build" / "conformance"
DOCUMENT = ROOT / "docs" / "conformance.md"
# Debian's own interpreter: its packages belong to it.
PYTHON = "/usr/bin/python3"
SHOWN_TRANSCRIPTS_MAX = 6
# A transcript proves a command if at least this share of its requests is that command.
SHARE_MIN = 0.2

# Commands by chapter, in the order of the document. Two words are a command and its first argument.
CHAPTERS = {
    "Storage": ["set", "add", "replace", "append", "prepend", "cas"],
    "Retrieval": ["get", "gets", "gat", "gats"],
    "Change": ["delete", "incr", "decr", "touch", "flush_all"],
    "Meta": ["mg", "ms", "md", "ma", "me", "mn"],
    "Statistics": ["stats", "stats settings", "stats items", "stats slabs", "stats sizes",
                   "stats conns", "stats detail", "stats cachedump", "stats extstore",
                   "stats reset"],
    "Administration": ["version", "verbosity", "quit", "cache_memlimit", "shutdown",
                       "slabs reassign", "slabs automove", "lru tune", "lru mode", "lru temp_ttl",
                       "lru_crawler enable", "lru_crawler disable", "lru_crawler sleep",
                       "lru_crawler tocrawl", "lru_crawler crawl", "lru_crawler metadump",
                       "lru_crawler mgdump", "watch", "extstore", "refresh_certs", "debugtime",
                       "debugitem", "misbehave"],
}
COMMANDS = {command for commands in CHAPTERS.values() for command in commands}

_REQUEST = re.compile(r"[A-Z]?>>? (.+)")
_WORDS = re.compile(r"[a-z_]+")
_DIRECTIVE = re.compile(r"# [a-z-]+( \S+)?: ")


@dataclass
class Proof:
    """A transcript and what came of it. A result is True, False, or None if it was not played."""

    path: Path
    title: str
    commands: Counter[str]
    results: dict[bool, bool | None] = field(default_factory=dict)  # by "is the oracle"

    @property
    def name(self) -> str:
        return self.path.stem

    def proves(self, command: str) -> bool:
        return self.commands[command] > 0 and (
            self.commands[command] >= SHARE_MIN * sum(self.commands.values()))

    @property
    def is_planned(self) -> bool:
        return self.path.parent != TRANSCRIPTS

    @property
    def link(self) -> str:
        return f"[{self.name}](../{self.path.relative_to(ROOT)})"


def title_of(lines):
    """The first sentence of the comment on top."""
    comment = []
    for line in lines[1:]:
        if not line.startswith("#"):
            break
        if not _DIRECTIVE.match(line):
            comment.append(line.lstrip("# "))
    sentence = re.split(r"(?<=[a-z0-9)\]]\.) (?=[A-Z(])", " ".join(comment))[0]
    return sentence.rstrip(".").replace("|", "\\|")


def commands_of(lines):
    """How often each command is sent."""
    found = Counter()
    for line in lines:
        request = _REQUEST.fullmatch(line)
        if request is None:
            continue
        words = _WORDS.findall(request.group(1).split("\\r")[0])
        start = _WORDS.match(request.group(1).lstrip("{"))
        if start is None or not words:
            continue
        for command in (" ".join(words[:2]), start.group()):
            if command in COMMANDS:
                found[command] += 1
                break
    return found


def read_proofs():
    proofs = {}
    for path in sorted(TRANSCRIPTS.glob("*.txt")) + sorted(TRANSCRIPTS.glob("planned/*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        proofs[str(path.relative_to(TRANSCRIPTS))] = Proof(path, title_of(lines),
                                                           commands_of(lines))
    return proofs


def play(server, oracle_path):
    """Everything, on both servers. A failure is a result, and no reason to stop."""
    transcripts = [PYTHON, str(TRANSCRIPTS / "run.py"), "--both"]
    clients = [PYTHON, str(ROOT / "tests" / "clients" / "run.py")]
    ours = ["--server", str(server)] if server else []
    oracle = ["--oracle-path", str(oracle_path)] if oracle_path else []
    for command, name in (([*transcripts, *ours, *oracle], "transcripts"),
                          ([*transcripts, "--planned", *ours, *oracle], "planned"),
                          ([*clients, "--planned", *ours], "clients"),
                          ([*clients, "--oracle", *oracle], "clients_oracle")):
        file = RESULTS / f"{name}.json"
        file.unlink(missing_ok=True)
        print(f"+ {' '.join(command)} --results {file}", flush=True)
        subprocess.run([*command, "--results", str(file)], check=False, stdout=subprocess.DEVNULL)
        if not file.exists():
            sys.exit(f"conformance.py: {name} left no results; run the command above by hand")


def read_results(proofs):
    """Fills in the proofs. Returns the label of the oracle and the rows of the clients."""
    oracle = "memcached"
    for name in ("transcripts", "planned"):
        for row in json.loads((RESULTS / f"{name}.json").read_text()):
            if row["oracle"]:
                oracle = row["server"]
            if row["path"] in proofs:
                result = None if row["skipped"] else row["ok"]
                proofs[row["path"]].results[row["oracle"]] = result
    clients = {}
    for is_oracle, name in ((False, "clients"), (True, "clients_oracle")):
        for row in json.loads((RESULTS / f"{name}.json").read_text())["clients"]:
            clients.setdefault(row["name"], {"what": row["what"]})[is_oracle] = row
    return oracle, clients


def verdict(result):
    return {True: "yes", False: "**no**", None: "-"}[result]


def summary(proofs, is_oracle):
    """`yes`, or how many of those played."""
    played = [proof.results[is_oracle] for proof in proofs
              if proof.results.get(is_oracle) is not None]
    if not played:
        return "-"
    return "yes" if all(played) else f"{sum(played)} of {len(played)}"


def command_table(proofs, oracle):
    for chapter, commands in CHAPTERS.items():
        yield f"### {chapter}\n"
        yield f"| command | proven by | rat_memcached | {oracle} |\n|---|---|---|---|"
        for command in commands:
            covering = ([proof for proof in proofs if proof.proves(command)] or
                        [proof for proof in proofs if proof.commands[command]])
            shown = sorted(covering, key=lambda proof: (proof.is_planned, len(proof.commands),
                                                        proof.name))
            links = ", ".join(proof.link for proof in shown[:SHOWN_TRANSCRIPTS_MAX])
            more = len(covering) - SHOWN_TRANSCRIPTS_MAX
            links += f" and {more} more" if more > 0 else ""
            yield (f"| `{command}` | {links or '**nothing**'} | {summary(covering, False)} | "
                   f"{summary(covering, True)} |")
        yield ""


def client_table(clients, oracle):
    yield f"| client or test | proves | rat_memcached | {oracle} |\n|---|---|---|---|"
    for name, rows in clients.items():
        cells = []
        for is_oracle in (False, True):
            row = rows.get(is_oracle)
            checks = len(row["passed"]) + len(row["failed"]) if row else 0
            if row is None:
                cells.append("-")
            elif row["ok"]:
                cells.append(f"yes, {checks} checks")
            else:
                cells.append("**no**")
        yield f"| {name} | {rows['what']} | {cells[0]} | {cells[1]} |"


def transcript_table(proofs, oracle):
    yield f"| transcript | what it shows | rat_memcached | {oracle} |\n|---|---|---|---|"
    for proof in proofs:
        yield (f"| {proof.link} | {proof.title} | {verdict(proof.results.get(False))} | "
               f"{verdict(proof.results.get(True))} |")


def document(proofs, clients, oracle):
    rows = list(proofs.values())
    current = [proof for proof in rows if not proof.is_planned]
    planned = [proof for proof in rows if proof.is_planned]
    return "\n".join([
        "# Conformance",
        "",
        "Made by `tools/conformance.py`, which plays all transcripts and clients against our",
        f"server and {oracle}; do not edit. `yes`: every byte as written down. `-`: not played",
        "there (options or commands that an older memcached does not have). The dialogues describe",
        "memcached 1.6.45; where another oracle answers differently, its answer stands beside.",
        "",
        f"{len(current)} transcripts are part of every test run, {len(planned)} wait for what the",
        "server is still to learn (`tests/transcripts/planned/`).",
        "",
        "## Commands",
        "",
        *command_table(rows, oracle),
        "## Clients and protocols",
        "",
        *client_table(clients, oracle),
        "",
        "## Transcripts",
        "",
        *transcript_table(current, oracle),
        "",
        "### Planned",
        "",
        *transcript_table(planned, oracle),
        ""])


def main():
    parser = argparse.ArgumentParser(description="Writes docs/conformance.md.")
    parser.add_argument("--server", type=Path, help="our server, if not the release build")
    parser.add_argument("--oracle-path", type=Path, help="memcached, if not /usr/bin/memcached")
    parser.add_argument("--no-run", action="store_true", help="use the results of the last run")
    options = parser.parse_args()
    if not options.no_run:
        play(options.server, options.oracle_path)
    proofs = read_proofs()
    oracle, clients = read_results(proofs)
    DOCUMENT.write_text(document(proofs, clients, oracle), encoding="utf-8")
    print(f"written: {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
