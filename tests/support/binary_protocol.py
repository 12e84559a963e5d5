# SPDX-License-Identifier: LGPL-3.0-or-later
"""memcached's binary protocol: packets and a connection that speaks it.

A packet has a header of 24 bytes (big endian), then extras, key and value.
Threads: one connection belongs to one thread.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct(">BBHBBHIIQ")
REQUEST, RESPONSE = 0x80, 0x81


class Op(IntEnum):
    GET, SET, ADD, REPLACE, DELETE, INCR, DECR, QUIT, FLUSH, GETQ = range(0x00, 0x0A)
    NOOP, VERSION, GETK, GETKQ, APPEND, PREPEND, STAT = range(0x0A, 0x11)
    SETQ, ADDQ, REPLACEQ, DELETEQ, INCRQ, DECRQ, QUITQ, FLUSHQ, APPENDQ, PREPENDQ = \
        range(0x11, 0x1B)
    VERBOSITY, TOUCH, GAT, GATQ = range(0x1B, 0x1F)
    SASL_LIST, SASL_AUTH, SASL_STEP, GATK, GATKQ = range(0x20, 0x25)


class Status(IntEnum):
    OK = 0x00
    NOT_FOUND = 0x01
    EXISTS = 0x02
    TOO_LARGE = 0x03
    INVALID = 0x04
    NOT_STORED = 0x05
    NOT_NUMERIC = 0x06
    AUTH_FAILURE = 0x20
    AUTH_CONTINUE = 0x21
    UNKNOWN = 0x81
    NO_MEMORY = 0x82


TEXTS = {
    Status.NOT_FOUND: b"Not found",
    Status.EXISTS: b"Data exists for key.",
    Status.TOO_LARGE: b"Too large.",
    Status.INVALID: b"Invalid arguments",
    Status.NOT_STORED: b"Not stored.",
    Status.NOT_NUMERIC: b"Non-numeric server-side value for incr or decr",
    Status.AUTH_FAILURE: b"Auth failure.",
    Status.UNKNOWN: b"Unknown command",
    Status.NO_MEMORY: b"Out of memory",
}


def request(op: int, key: bytes = b"", value: bytes = b"", extras: bytes = b"", *,
            opaque: int = 0, cas: int = 0, data_type: int = 0, vbucket: int = 0,
            magic: int = REQUEST, key_bytes: int | None = None, extras_bytes: int | None = None,
            body_bytes: int | None = None) -> bytes:
    """A request. The lengths in the header may be given to be wrong."""
    body = extras + key + value
    header = HEADER.pack(magic, op, len(key) if key_bytes is None else key_bytes,
                         len(extras) if extras_bytes is None else extras_bytes, data_type, vbucket,
                         len(body) if body_bytes is None else body_bytes, opaque, cas)
    return header + body


def store(op: int, key: bytes, value: bytes, flags: int = 0, exptime: int = 0,
          **header: int) -> bytes:
    return request(op, key, value, struct.pack(">II", flags, exptime), **header)


def count(op: int, key: bytes, delta: int, initial: int = 0, exptime: int = 0,
          **header: int) -> bytes:
    return request(op, key, extras=struct.pack(">QQI", delta, initial, exptime), **header)


def timed(op: int, key: bytes, exptime: int, **header: int) -> bytes:
    """TOUCH, GAT and its sisters; FLUSH with a time."""
    return request(op, key, extras=struct.pack(">I", exptime), **header)


@dataclass(frozen=True)
class Reply:
    op: int
    status: int
    key: bytes
    extras: bytes
    value: bytes
    opaque: int
    cas: int

    @property
    def flags(self) -> int:
        return int.from_bytes(self.extras, "big")

    @property
    def number(self) -> int:
        return int.from_bytes(self.value, "big")


class Closed(Exception):
    """The server has closed; `rest` is what came before, if it was less than a packet."""

    def __init__(self, rest: bytes):
        super().__init__(f"closed after {rest!r}")
        self.rest = rest


class BinaryConnection:
    """Sends requests, in pieces of `piece_bytes` if that is not 0, and reads replies."""

    def __init__(self, connection: socket.socket, piece_bytes: int = 0):
        self._socket = connection
        self._piece_bytes = piece_bytes

    def send(self, *requests: bytes) -> None:
        """All requests in one piece, or cut up."""
        data = b"".join(requests)
        try:
            for piece in self._pieces(data):
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server said before it closed is still to be read

    def _pieces(self, data: bytes) -> Iterable[bytes]:
        step = self._piece_bytes or max(1, len(data))
        return (data[start:start + step] for start in range(0, len(data), step))

    def read(self) -> Reply:
        magic, op, key_bytes, extras_bytes, data_type, status, body_bytes, opaque, cas = \
            HEADER.unpack(self._exactly(HEADER.size))
        if magic != RESPONSE or data_type != 0 or key_bytes + extras_bytes > body_bytes:
            raise ValueError(f"not a reply: magic {magic:#x}, data type {data_type}, key "
                             f"{key_bytes}, extras {extras_bytes}, body {body_bytes}")
        body = self._exactly(body_bytes)
        return Reply(op, status, body[extras_bytes:extras_bytes + key_bytes], body[:extras_bytes],
                     body[extras_bytes + key_bytes:], opaque, cas)

    def ask(self, *requests: bytes) -> Reply:
        """Sends, reads one reply."""
        self.send(*requests)
        return self.read()

    def is_closed(self) -> bool:
        """Waits for the server to close. False if it sends something instead."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                received = self._socket.recv(size - len(data))
            except ConnectionResetError:
                received = b""
            if not received:
                raise Closed(bytes(data))
            data += received
        return bytes(data)
