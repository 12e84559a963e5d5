# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reads transcripts: dialogues with a cache server as text (tests/transcripts/README.md).

parse() turns the text into a Transcript: options and a flat list of steps. Loops are unrolled and
repetitions expanded here, so that whoever plays the steps sees only bytes, captures and clocks.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


class FormatError(Exception):
    """A transcript that cannot be read; the text begins with file:line."""


# ---- what a line of text stands for ----

@dataclass(frozen=True)
class Capture:
    """Bytes that differ from run to run. `name` None means any; `offset` is added to a number."""

    name: str | None
    kind: str
    offset: int = 0


@dataclass(frozen=True)
class Now:
    """The unix time in seconds when the line is sent, plus `offset`."""

    offset: int


@dataclass(frozen=True)
class Between:
    """A number of a reply that lies in a range, both ends included."""

    first: int
    last: int


Part = bytes | Capture | Now | Between
Template = tuple[Part, ...]


# ---- steps ----

@dataclass(frozen=True)
class Step:
    line: int
    connection: str


@dataclass(frozen=True)
class Send(Step):
    template: Template


@dataclass(frozen=True)
class CloseByClient(Step):
    may_abandon_replies: bool


@dataclass(frozen=True)
class Expect(Step):
    template: Template


@dataclass(frozen=True)
class ExpectSomewhere(Step):
    """This line comes before the next Expect, at whatever place. Without template: any lines."""

    template: Template | None


@dataclass(frozen=True)
class ExpectClosed(Step):
    pass


@dataclass(frozen=True)
class Alive(Step):
    """The server answers on a fresh connection."""


@dataclass(frozen=True)
class Poll(Step):
    """Requests repeated until the replies are the wanted ones or the time is up."""

    seconds: float
    steps: tuple[Step, ...]


@dataclass
class Transcript:
    path: Path
    options: list[str] = field(default_factory=list)
    oracle_options: list[str] | None = None
    no_oracle: str | None = None  # why the oracle cannot play it
    unsplit: bool = False
    exit_status: int | None = None  # with which the server ends by itself after the last step
    files: dict[str, bytes] = field(default_factory=dict)  # by name, in the folder {dir} of options
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.stem

    def options_for(self, is_oracle: bool, folder: str) -> list[str]:
        own = is_oracle and self.oracle_options is not None
        options = self.oracle_options if own else self.options
        return [option.replace("{dir}", folder) for option in options or []]


# ---- templates ----

_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "s": b" ", "\\": b"\\", "{": b"{", "}": b"}"}
_REPEAT = re.compile(r"(.*)\*(\d+)", re.DOTALL)
_RANGE = re.compile(r"\\x([0-9a-f]{2})\.\.\\x([0-9a-f]{2})")
_BETWEEN = re.compile(r"(-?\d+)\.\.(-?\d+)")
_NOW = re.compile(r"now([+-]\d+)?")
_CAPTURE = re.compile(r"(_|[a-z][a-z0-9_]*)([+-]\d+)?(?::(number|line|word|seconds))?")
_DEFAULT_KIND = "word"
LARGEST_REPETITION_BYTES = 64 * 1024 * 1024


class _TemplateReader:
    """One pass over a text with escapes and {...}. `index` is what {#} stands for."""

    def __init__(self, text: str, index: int | None):
        self._text = text
        self._index = index

    def read(self) -> Template:
        parts: list[Part] = []
        position = 0
        while position < len(self._text):
            part, position = self._one(position)
            if parts and isinstance(part, bytes) and isinstance(parts[-1], bytes):
                parts[-1] += part
            else:
                parts.append(part)
        return tuple(parts)

    def _one(self, position: int) -> tuple[Part, int]:
        character = self._text[position]
        if character == "\\":
            return self._escape(position + 1)
        if character == "{":
            end = self._closing_brace(position)
            return self._braces(self._text[position + 1:end]), end + 1
        if character == "}":
            raise ValueError("a lone } (write \\})")
        return character.encode(), position + 1

    def _escape(self, position: int) -> tuple[bytes, int]:
        letter = self._text[position:position + 1]
        if letter == "x":
            return bytes([int(self._text[position + 1:position + 3], 16)]), position + 3
        if letter not in _ESCAPES:
            raise ValueError(f"unknown escape \\{letter}")
        return _ESCAPES[letter], position + 1

    def _closing_brace(self, start: int) -> int:
        depth, position = 0, start
        while position < len(self._text):
            character = self._text[position]
            if character == "\\":
                position += 1
            elif character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
                if depth == 0:
                    return position
            position += 1
        raise ValueError("{ without }")

    def _braces(self, inner: str) -> Part:
        if inner == "#":
            if self._index is None:
                raise ValueError("{#} outside a repetition")
            return str(self._index).encode()
        if match := _RANGE.fullmatch(inner):
            first, last = (int(digits, 16) for digits in match.groups())
            return bytes(range(first, last + 1))
        if match := _REPEAT.fullmatch(inner):
            return self._repetition(match.group(1), int(match.group(2)))
        if match := _BETWEEN.fullmatch(inner):
            return Between(int(match.group(1)), int(match.group(2)))
        if match := _NOW.fullmatch(inner):
            return Now(int(match.group(1) or 0))
        if match := _CAPTURE.fullmatch(inner):
            name, offset, kind = match.groups()
            return Capture(None if name == "_" else name, kind or _DEFAULT_KIND, int(offset or 0))
        raise ValueError(f"cannot read {{{inner}}}")

    def _repetition(self, text: str, count: int) -> bytes:
        if "{#}" in text:
            return b"".join(_constant(text, index) for index in range(1, count + 1))
        once = _constant(text, self._index)
        if len(once) * count > LARGEST_REPETITION_BYTES:
            raise ValueError("a repetition of more than 64 MiB")
        return once * count


def _constant(text: str, index: int | None) -> bytes:
    template = _TemplateReader(text, index).read()
    if not all(isinstance(part, bytes) for part in template):
        raise ValueError("a capture inside a repetition")
    return b"".join(part for part in template if isinstance(part, bytes))


def read_template(text: str, index: int | None = None) -> Template:
    return _TemplateReader(text, index).read()


# ---- lines ----

_DIRECTIVE = re.compile(r"# (options|oracle-options|no-oracle(?: [\d.]+)?|unsplit|exits|file \S+)"
                        r":\s*(.*)")
_SEND = re.compile(r"([A-Z]?)(>>|>)(?: (.*))?")
_REPLY = re.compile(r"([A-Z]?)(<<\*|<<|<\*|<)([+-]?)(\d+\.\d+\.\d+)?(?: (.*))?")
_REPEAT_BLOCK = re.compile(r"repeat (\d+)")
_POLL_BLOCK = re.compile(r"poll (\d+(?:\.\d+)?) ?s")
_CRLF: Template = (b"\r\n",)
LARGEST_REPEAT_COUNT = 100_000


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


class _Parser:
    def __init__(self, path: Path, version: str | None):
        self._transcript = Transcript(path)
        self._version = version
        self._variants: set[int] = set()  # lines that stand in for another one

    def parse(self, text: str) -> Transcript:
        lines = []
        for number, line in enumerate(text.split("\n"), start=1):
            if line != line.rstrip():
                raise self._error(number, "blanks at the end of the line (write \\s or \\t)")
            if line.startswith("#"):
                self._directive(number, line)
            elif line:
                lines.append(_Line(number, line))
        self._transcript.steps = self._block(lines, None)
        return self._transcript

    def _error(self, number: int, message: str) -> FormatError:
        return FormatError(f"{self._transcript.path}:{number}: {message}")

    def _directive(self, number: int, line: str) -> None:
        match = _DIRECTIVE.fullmatch(line)
        if match is None:
            return
        name, value = match.groups()
        if name == "options":
            self._transcript.options = shlex.split(value)
        elif name == "oracle-options":
            self._transcript.oracle_options = shlex.split(value)
        elif name in ("no-oracle", f"no-oracle {self._version}"):
            self._transcript.no_oracle = value
        elif name.startswith("no-oracle "):
            pass  # for another version
        elif name == "exits":
            self._transcript.exit_status = int(value)
        elif name.startswith("file "):
            content = self._template(_Line(number, line), value, None)
            self._transcript.files[name.removeprefix("file ")] = b"".join(
                part for part in content if isinstance(part, bytes))
        else:
            self._transcript.unsplit = True

    def _block(self, lines: list[_Line], index: int | None) -> list[Step]:
        steps: list[Step] = []
        replaced: int | None = None  # number of steps without the reply that a variant replaces
        position = 0
        while position < len(lines):
            line = lines[position]
            position += 1
            if match := _REPEAT_BLOCK.fullmatch(line.text):
                inner, position = self._inner(lines, position, line)
                count = int(match.group(1))
                if count > LARGEST_REPEAT_COUNT:
                    raise self._error(line.number, "too many repetitions")
                for turn in range(1, count + 1):
                    steps += self._block(inner, turn)
                replaced = None
            elif match := _POLL_BLOCK.fullmatch(line.text):
                inner, position = self._inner(lines, position, line)
                steps.append(self._poll(line, float(match.group(1)), inner, index))
                replaced = None
            elif line.text == "alive":
                steps.append(Alive(line.number, ""))
                replaced = None
            elif match := _SEND.fullmatch(line.text):
                steps.append(self._send(line, match, index))
                replaced = None
            elif match := _REPLY.fullmatch(line.text):
                replaced = self._reply(line, match, index, steps, replaced)
            else:
                raise self._error(line.number, f"cannot read this line: {line.text}")
        return steps

    def _inner(self, lines: list[_Line], start: int, opener: _Line) -> tuple[list[_Line], int]:
        """The lines up to the `end` that belongs to `opener`, and the position behind it."""
        depth = 1
        for position in range(start, len(lines)):
            text = lines[position].text
            if _REPEAT_BLOCK.fullmatch(text) or _POLL_BLOCK.fullmatch(text):
                depth += 1
            elif text == "end":
                depth -= 1
                if depth == 0:
                    return lines[start:position], position + 1
        raise self._error(opener.number, "without end")

    def _poll(self, line: _Line, seconds: float, inner: list[_Line], index: int | None) -> Poll:
        steps = tuple(self._block(inner, index))
        if not all(isinstance(step, (Send, Expect, ExpectSomewhere)) for step in steps):
            raise self._error(line.number, "a poll holds only requests and replies")
        connections = {step.connection for step in steps}
        if len(connections) != 1:
            raise self._error(line.number, "a poll uses one connection")
        return Poll(line.number, connections.pop(), seconds, steps)

    def _send(self, line: _Line, match: re.Match[str], index: int | None) -> Step:
        connection, mark, text = match.groups()
        if text in ("{close}", "{abandon}"):
            return CloseByClient(line.number, connection, text == "{abandon}")
        template = self._template(line, text or "", index)
        return Send(line.number, connection, template if mark == ">>" else template + _CRLF)

    def _reply(self, line: _Line, match: re.Match[str], index: int | None, steps: list[Step],
               replaced: int | None) -> int | None:
        """Adds a reply, or puts a variant in place of the reply above it."""
        connection, mark, sign, version, text = match.groups()
        step = self._expected(line, connection, mark, text, index)
        if version is None:
            if sign:
                raise self._error(line.number, "a sign without a version")
            steps.append(step)
            return len(steps) - 1
        if sign:
            if (sign == "+") == (version == self._version):
                steps.append(step)
            return None
        if replaced is None:
            raise self._error(line.number, "no line above that this one could replace")
        if version == self._version:
            if replaced < len(steps) and steps[replaced].line not in self._variants:
                del steps[replaced:]
            self._variants.add(line.number)
            steps.append(step)
        return replaced

    def _expected(self, line: _Line, connection: str, mark: str, text: str | None,
                  index: int | None) -> Step:
        if text == "{closed}":
            return ExpectClosed(line.number, connection)
        if mark == "<*" and text is None:
            return ExpectSomewhere(line.number, connection, None)
        template = self._template(line, text or "", index)
        kind = ExpectSomewhere if mark.endswith("*") else Expect
        exact = mark.startswith("<<")
        return kind(line.number, connection, template if exact else template + _CRLF)

    def _template(self, line: _Line, text: str, index: int | None) -> Template:
        try:
            return read_template(text, index)
        except ValueError as error:
            raise self._error(line.number, str(error)) from error


def parse(path: Path, version: str | None) -> Transcript:
    """Reads one file for one server: `version` of memcached, or None for our own."""
    return _Parser(path, version).parse(path.read_text(encoding="utf-8"))
