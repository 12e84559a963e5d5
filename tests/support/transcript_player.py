# SPDX-License-Identifier: LGPL-3.0-or-later
"""Plays a transcript against a running server and compares every byte of the replies.

A run of requests on one connection goes out in one piece (or cut up as the splitter says), replies
are read while sending, so that a server that waits for its reader never blocks us. At the end each
open connection gets a `version` as a fence: if one byte too many or too few had arrived, the fence
would not fit.
Threads: one player belongs to one thread.
"""

from __future__ import annotations

import os
import random
import re
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from server_process import ServerProcess
from transcript_format import (Alive, Between, Capture, CloseByClient, Expect, ExpectClosed,
                               ExpectSomewhere, Now, Poll, Send, Step, Template, Transcript)

REPLY_TIMEOUT_S = 30.0
LINGER_S = 0.2
POLL_PAUSE_S = 0.05
READ_BYTES = 1 << 16
HISTORY_BYTES_MAX = 1 << 16
FENCE_REQUEST = b"version\r\n"
FENCE_REPLY = re.compile(rb"VERSION [^\r\n]*\r\n")

Splitter = Callable[[bytes], Iterable[bytes]]


class Mismatch(Exception):
    """What came is not what the transcript says."""

    def __init__(self, line: int, expected: str, received: str):
        super().__init__(f"line {line}: expected {expected}, received {received}")
        self.line = line
        self.expected = expected
        self.received = received


# ---- how requests are cut up ----

SINGLE_BYTES_MAX = 4096
MIDDLE_PIECE_BYTES = 16384


def whole(data: bytes) -> Iterable[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    """Single bytes; of a long request only the first and the last 4 KiB."""
    tail = max(SINGLE_BYTES_MAX, len(data) - SINGLE_BYTES_MAX)
    for position in range(min(SINGLE_BYTES_MAX, len(data))):
        yield data[position:position + 1]
    for position in range(SINGLE_BYTES_MAX, tail, MIDDLE_PIECE_BYTES):
        yield data[position:min(position + MIDDLE_PIECE_BYTES, tail)]
    for position in range(tail, len(data)):
        yield data[position:position + 1]


def random_pieces(count: int, seed: int) -> Splitter:
    """Up to `count` pieces with random cuts. The same seed cuts the same way."""
    generator = random.Random(seed)

    def split(data: bytes) -> Iterable[bytes]:
        cuts = sorted(generator.randrange(1, len(data)) for _ in range(count - 1)) \
            if len(data) > 1 else []
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            if start < end:
                yield data[start:end]

    return split


# ---- bytes for people ----

_NAMES = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x5C: "\\\\"}
_LONG_RUN = re.compile(rb"(.)\1{23,}", re.DOTALL)
SHOWN_BYTES_MAX = 400


def _characters(data: bytes) -> str:
    return "".join(_NAMES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
                   for byte in data)


def show(data: bytes) -> str:
    """Text in the manner of a transcript; long runs and long texts are shortened."""
    shown, position = "", 0
    for run in _LONG_RUN.finditer(data):
        shown += _characters(data[position:run.start()])
        shown += f"{{{_characters(run.group(1))}*{run.end() - run.start()}}}"
        position = run.end()
    shown += _characters(data[position:])
    if len(shown) > SHOWN_BYTES_MAX:
        half = SHOWN_BYTES_MAX // 2
        shown = f"{shown[:half]} ... {shown[-half:]}"
    return shown


def show_template(template: Template) -> str:
    shown = ""
    for part in template:
        if isinstance(part, bytes):
            shown += show(part)
        elif isinstance(part, Now):
            shown += f"{{now{part.offset:+d}}}"
        elif isinstance(part, Between):
            shown += f"{{{part.first}..{part.last}}}"
        else:
            shown += f"{{{part.name or '_'}{f'{part.offset:+d}' if part.offset else ''}}}"
    return shown


# ---- matching ----

# Per kind of capture: the bytes it reaches over, and what they must look like.
_KINDS = {"word": (re.compile(rb"[^ \r\n]*"), re.compile(rb".+", re.DOTALL)),
          "line": (re.compile(rb"[^\r\n]*"), re.compile(rb".*", re.DOTALL)),
          "number": (re.compile(rb"[-0-9]*"), re.compile(rb"-?[0-9]+")),
          "seconds": (re.compile(rb"[.0-9]*"), re.compile(rb"[0-9]+\.[0-9]{6}"))}
_MORE = object()
_WRONG = object()


def _fill(template: Template, captures: dict[str, bytes]) -> bytes:
    """The bytes of a request: captures and clocks filled in."""
    filled = b""
    for part in template:
        if isinstance(part, bytes):
            filled += part
        elif isinstance(part, Now):
            filled += str(int(time.time()) + part.offset).encode()
        elif isinstance(part, Capture):
            filled += _value(part, captures[part.name or ""])
        else:
            raise ValueError("a range of numbers in a request")
    return filled


def _value(capture: Capture, stored: bytes) -> bytes:
    return str(int(stored) + capture.offset).encode() if capture.offset else stored


def _match(template: Template, data: bytes | bytearray, captures: dict[str, bytes]) -> object:
    """Length of the match, or _MORE bytes are needed, or _WRONG. Fills in new captures."""
    position = 0
    for part in template:
        known = part if isinstance(part, bytes) else None
        if isinstance(part, Capture) and part.name in captures:
            known = _value(part, captures[part.name])
        if known is not None:
            present = bytes(data[position:position + len(known)])
            if not known.startswith(present):
                return _WRONG
            if len(present) < len(known):
                return _MORE
            position += len(known)
            continue
        if not isinstance(part, (Capture, Between)):
            return _WRONG
        reach, form = _KINDS[part.kind if isinstance(part, Capture) else "number"]
        end = reach.match(data, position).end()
        if end == len(data):
            return _MORE
        if form.fullmatch(data, position, end) is None:
            return _WRONG
        if isinstance(part, Between):
            if not part.first <= int(data[position:end]) <= part.last:
                return _WRONG
        elif part.name is not None:
            captures[part.name] = bytes(data[position:end])
        position = end
    return position


# ---- one connection ----

class Connection:
    """A client socket that reads while it writes."""

    def __init__(self, server: ServerProcess):
        self._socket = server.connect()
        self._socket.setblocking(False)
        self.received = bytearray()
        self.closed = False
        self.history = bytearray()  # what the server sent since the last request, at most a part

    def send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            view = memoryview(piece)
            while view and not self.closed:
                readable, writable, _ = select.select([self._socket], [self._socket], [],
                                                      REPLY_TIMEOUT_S)
                if not readable and not writable:
                    raise TimeoutError(f"the server took no bytes for {REPLY_TIMEOUT_S:.0f} s")
                if readable:
                    self._read()
                if writable and not self.closed:
                    view = view[self._write(view):]
            os.sched_yield()

    def _write(self, view: memoryview) -> int:
        try:
            return self._socket.send(view)
        except (BlockingIOError, InterruptedError):
            return 0
        except (BrokenPipeError, ConnectionResetError):
            self.drain()
            self.closed = True
            return 0

    def drain(self) -> None:
        """Reads what has arrived."""
        while not self.closed and select.select([self._socket], [], [], 0)[0]:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
        self.received += data
        self.history += data[:HISTORY_BYTES_MAX - len(self.history)]

    def wait(self, seconds: float) -> bool:
        """Reads once. False if nothing came in time, or nothing can come any more."""
        if self.closed or not select.select([self._socket], [], [], max(0.0, seconds))[0]:
            return False
        self._read()
        return True

    def take(self, length: int) -> bytes:
        taken = bytes(self.received[:length])
        del self.received[:length]
        return taken

    def end_of_requests(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._socket.close()


# ---- the player ----

@dataclass
class Exchange:
    """One run of requests and what the server answered; for reports."""

    line: int
    request: bytes
    reply: bytes = b""


@dataclass
class Player:
    server: ServerProcess
    transcript: Transcript
    splitter: Splitter = whole
    exchanges: list[Exchange] = field(default_factory=list)
    _connections: dict[str, Connection] = field(default_factory=dict)
    _captures: dict[str, bytes] = field(default_factory=dict)
    _pending: list[Send] = field(default_factory=list)
    _wanted: list[ExpectSomewhere] = field(default_factory=list)

    def play(self) -> None:
        """Raises Mismatch at the first difference."""
        try:
            for step in self.transcript.steps:
                self._step(step)
            self._flush()
            for name in list(self._connections):
                self._fence(name)
        finally:
            self._note_replies()
            for connection in self._connections.values():
                connection.close()

    def _step(self, step: Step) -> None:
        if isinstance(step, Send):
            if self._pending and self._pending[-1].connection != step.connection:
                self._flush()
            self._pending.append(step)
            return
        self._flush()
        if isinstance(step, ExpectSomewhere):
            self._wanted.append(step)
        elif isinstance(step, Expect):
            self._expect(step)
        elif isinstance(step, ExpectClosed):
            self._expect_closed(step)
        elif isinstance(step, CloseByClient):
            self._close(step)
        elif isinstance(step, Alive):
            self._alive(step)
        elif isinstance(step, Poll):
            self._poll(step)

    def _connection(self, name: str) -> Connection:
        if name not in self._connections:
            self._connections[name] = Connection(self.server)
        return self._connections[name]

    def _flush(self) -> None:
        """Sends the requests gathered so far, in one piece unless the splitter cuts them."""
        if not self._pending:
            return
        first = self._pending[0]
        request = b"".join(_fill(send.template, self._captures) for send in self._pending)
        self._pending.clear()
        self._send(first.connection, first.line, request)

    def _send(self, name: str, line: int, request: bytes) -> None:
        self._note_replies()
        self.exchanges.append(Exchange(line, request))
        pieces = [request] if self.transcript.unsplit else self.splitter(request)
        self._connection(name).send(pieces)

    def _note_replies(self) -> None:
        for connection in self._connections.values():
            if self.exchanges:
                self.exchanges[-1].reply += connection.history
            connection.history.clear()

    # -- replies --

    def _expect(self, step: Expect) -> None:
        if self._wanted:
            self._expect_among(step)
            return
        connection = self._connection(step.connection)
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while True:
            captures = dict(self._captures)
            length = _match(step.template, connection.received, captures)
            if isinstance(length, int):
                self._captures = captures
                connection.take(length)
                return
            if length is _WRONG or not connection.wait(deadline - time.monotonic()):
                raise self._mismatch(step, show_template(step.template))

    def _expect_among(self, last: Expect) -> None:
        """Reads lines up to `last`; each wanted line has to be among them, once."""
        wanted = [step for step in self._wanted if step.template is not None]
        self._wanted.clear()
        connection = self._connection(last.connection)
        passed = b""
        while True:
            line = self._line(connection, last)
            if _match(last.template, line, dict(self._captures)) == len(line):
                break
            passed += line
            for step in wanted:
                captures = dict(self._captures)
                if _match(step.template or (), line, captures) == len(line):
                    self._captures = captures
                    wanted.remove(step)
                    break
        if wanted:
            template = wanted[0].template or ()
            raise Mismatch(wanted[0].line, f"among the lines: {show_template(template)}",
                           _likeliest(template, passed))

    def _line(self, connection: Connection, step: Expect) -> bytes:
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while b"\n" not in connection.received:
            if not connection.wait(deadline - time.monotonic()):
                raise self._mismatch(step, show_template(step.template))
        return connection.take(connection.received.index(b"\n") + 1)

    def _mismatch(self, step: Step, expected: str) -> Mismatch:
        connection = self._connections[step.connection]
        while connection.wait(LINGER_S):
            pass
        received = show(bytes(connection.received)) or "nothing"
        ending = ", then the server closed" if connection.closed else ""
        return Mismatch(step.line, expected, received + ending)

    def _expect_closed(self, step: ExpectClosed) -> None:
        connection = self._connection(step.connection)
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while not connection.closed:
            if connection.received or not connection.wait(deadline - time.monotonic()):
                raise self._mismatch(step, "the server closes the connection")
        if connection.received:
            raise self._mismatch(step, "the server closes without a further byte")
        self._forget(step.connection)

    def _close(self, step: CloseByClient) -> None:
        connection = self._connection(step.connection)
        connection.drain()
        if connection.received and not step.may_abandon_replies:
            raise self._mismatch(step, "nothing left to read when the client closes")
        self._forget(step.connection)

    def _forget(self, name: str) -> None:
        self._note_replies()
        self._connections.pop(name).close()

    # -- the rest --

    def _alive(self, step: Alive) -> None:
        connection = Connection(self.server)
        try:
            connection.send([FENCE_REQUEST])
            reply = self._fence_reply(connection)
            if reply is None or reply.start() != 0:
                raise Mismatch(step.line, "an answer on a fresh connection",
                               show(bytes(connection.received)) or "nothing")
        finally:
            connection.close()

    def _fence_reply(self, connection: Connection) -> re.Match[bytes] | None:
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while True:
            found = FENCE_REPLY.search(connection.received)
            if found is not None or not connection.wait(deadline - time.monotonic()):
                return found

    def _poll(self, step: Poll) -> None:
        """Sends request and fence until everything before the fence is as wanted."""
        deadline = time.monotonic() + step.seconds
        while True:
            received = self._poll_once(step)
            captures = dict(self._captures)
            if _matches_all(step.steps, received, captures):
                self._captures = captures
                return
            if time.monotonic() > deadline:
                wanted = [show_template(inner.template) for inner in step.steps
                          if isinstance(inner, (Expect, ExpectSomewhere)) and inner.template]
                raise Mismatch(step.line, f"within {step.seconds:g} s: {''.join(wanted)}",
                               show(received) or "nothing")
            self.exchanges.pop()  # all turns together count as one
            time.sleep(POLL_PAUSE_S)

    def _poll_once(self, step: Poll) -> bytes:
        request = b"".join(_fill(inner.template, self._captures) for inner in step.steps
                           if isinstance(inner, Send))
        self._send(step.connection, step.line, request + FENCE_REQUEST)
        connection = self._connection(step.connection)
        fence = self._fence_reply(connection)
        if fence is None:
            raise self._mismatch(step, "an answer to the poll and its fence")
        received = connection.take(fence.end())
        if connection.received:
            raise self._mismatch(step, "nothing behind the fence of the poll")
        return received[:fence.start()]

    def _fence(self, name: str) -> None:
        """Nothing more than expected has arrived, and nothing more will."""
        connection = self._connections[name]
        line = self.transcript.steps[-1].line
        where = f"connection {name or '(unnamed)'} in step at the end"
        connection.send([FENCE_REQUEST])
        fence = self._fence_reply(connection)
        if fence is None or fence.start() != 0 or fence.end() != len(connection.received):
            ending = ", then the server closed" if connection.closed else ""
            raise Mismatch(line, where, "in answer to `version`: "
                           f"{show(bytes(connection.received)) or 'nothing'}{ending}")
        connection.take(fence.end())
        connection.end_of_requests()
        while connection.wait(REPLY_TIMEOUT_S) and not connection.closed:
            pass
        if connection.received or not connection.closed:
            raise Mismatch(line, f"{where}: the server closes after our end of requests",
                           show(bytes(connection.received)) or "nothing")


def _matches_all(steps: Iterable[Step], received: bytes, captures: dict[str, bytes]) -> bool:
    """Whether the replies of a poll are exactly the wanted ones."""
    wanted: list[ExpectSomewhere] = []
    for step in steps:
        if isinstance(step, ExpectSomewhere):
            wanted.append(step)
        elif isinstance(step, Expect):
            if wanted:
                end = _end_of_lines(step.template, wanted, received, captures)
                wanted = []
            else:
                end = _match(step.template, received, captures)
            if not isinstance(end, int):
                return False
            received = received[end:]
    return not received


def _end_of_lines(last: Template, wanted: list[ExpectSomewhere], received: bytes,
                  captures: dict[str, bytes]) -> object:
    """Where the line `last` ends, if all wanted lines come before it."""
    missing = [step.template for step in wanted if step.template is not None]
    position = 0
    for line in received.splitlines(keepends=True):
        position += len(line)
        if _match(last, line, captures) == len(line):
            return _WRONG if missing else position
        for template in missing:
            if _match(template, line, captures) == len(line):
                missing.remove(template)
                break
    return _MORE


def _likeliest(template: Template, lines: bytes) -> str:
    """Of several lines the one with the longest common beginning; for reports."""
    start = template[0] if template and isinstance(template[0], bytes) else b""
    if not lines:
        return "no line"
    common = [(len(os.path.commonprefix([start, line])), line)
              for line in lines.splitlines(keepends=True)]
    return show(max(common, key=lambda pair: pair[0])[1])
