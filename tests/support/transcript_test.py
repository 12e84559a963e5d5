#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Tests of the transcript reader and player themselves: they have to notice every wrong byte."""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import transcript_player  # noqa: E402
from transcript_format import FormatError, parse, read_template  # noqa: E402
from transcript_player import Mismatch, Player, byte_by_byte, random_pieces, show  # noqa: E402

VERSION_REPLY = b"VERSION 1.2.3\r\n"


class FakeServer:
    """Answers each line with what the script says; unknown lines get no answer at all."""

    def __init__(self, script: dict[bytes, bytes]):
        self._script = {b"version\r\n": VERSION_REPLY, **script}
        self.connections = 0

    def connect(self) -> socket.socket:
        self.connections += 1
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return ours

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                if line == b"bye\r\n":
                    return
                connection.sendall(self._script.get(line, b""))


def play(text: str, script: dict[bytes, bytes], version: str | None = None,
         splitter: transcript_player.Splitter = transcript_player.whole) -> Player:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        transcript = parse(Path(file.name), version)
    player = Player(FakeServer(script), transcript, splitter)  # type: ignore[arg-type]
    player.play()
    return player


class TemplateTest(unittest.TestCase):
    def bytes_of(self, text: str) -> bytes:
        template = read_template(text)
        self.assertEqual(1, len(template))
        self.assertIsInstance(template[0], bytes)
        return template[0]  # type: ignore[return-value]

    def test_escapes(self) -> None:
        self.assertEqual(b"a\r\n\t\\ {}\x00\xff", self.bytes_of(r"a\r\n\t\\\s\{\}\x00\xff"))

    def test_repetition(self) -> None:
        self.assertEqual(b"get k1 k2 k3", self.bytes_of("get{ k{#}*3}"))
        self.assertEqual(b"ab" * 500, self.bytes_of("{ab*500}"))
        self.assertEqual(bytes(range(256)) * 2, self.bytes_of(r"{{\x00..\xff}*2}"))

    def test_errors(self) -> None:
        for text in ("{", "}", r"\q", "{#}", "{a b}", "{{cas}*3}"):
            with self.subTest(text), self.assertRaises(ValueError):
                read_template(text)


class FormatTest(unittest.TestCase):
    def test_lines_that_cannot_be_read(self) -> None:
        for text in ("nonsense", "> a ", "repeat 3\n> a", "<1.6.18 first", "<+ text", "end",
                     "poll 1s\nalive\nend"):
            with self.subTest(text), self.assertRaises(FormatError):
                play(text, {})


class PlayerTest(unittest.TestCase):
    SCRIPT = {b"a\r\n": b"one\r\n", b"b\r\n": b"two\r\nthree\r\n", b"n\r\n": b"cas 41\r\n",
              b"n 42\r\n": b"right\r\n", b"half\r\n": b"hal"}

    def setUp(self) -> None:
        transcript_player.REPLY_TIMEOUT_S = 0.2
        transcript_player.LINGER_S = 0.05

    def assert_mismatch(self, text: str, line: int) -> None:
        with self.assertRaises(Mismatch) as caught:
            play(text, self.SCRIPT)
        self.assertEqual(line, caught.exception.line)

    def test_good(self) -> None:
        player = play("> a\n> b\n< one\n< two\n<< three\\r\\n\nA> a\nA< one\n", self.SCRIPT)
        self.assertEqual(2, len(player.exchanges))
        self.assertEqual(b"one\r\ntwo\r\nthree\r\n", player.exchanges[0].reply)

    def test_cut_up(self) -> None:
        for splitter in (byte_by_byte, random_pieces(3, 1)):
            play("> a\n> b\n< one\n< two\n< three\n", self.SCRIPT, splitter=splitter)

    def test_wrong_byte(self) -> None:
        self.assert_mismatch("> a\n< onE\n", 2)

    def test_missing_line(self) -> None:
        self.assert_mismatch("> a\n< one\n< two\n", 3)

    def test_surplus_line(self) -> None:
        self.assert_mismatch("> b\n< two\n", 2)
        self.assert_mismatch("> b\n< two\n> a\n< one\n", 4)

    def test_unfinished_line(self) -> None:
        self.assert_mismatch("> half\n< half\n", 2)

    def test_closing(self) -> None:
        play("> a\n< one\n> bye\n< {closed}\n> a\n< one\n", self.SCRIPT)
        self.assert_mismatch("> a\n< {closed}\n", 2)
        self.assert_mismatch("> bye\n< one\n", 2)
        self.assert_mismatch("> b\n< two\n> {close}\n", 3)
        play("> b\n< two\n> {abandon}\n", self.SCRIPT)

    def test_captures(self) -> None:
        play("> n\n< cas {c:number}\n> n {c+1}\n< right\n> n\n< cas {c}\n", self.SCRIPT)
        self.assert_mismatch("> n\n< {c} 41\n> n\n< cas {c}\n", 4)
        self.assert_mismatch("> a\n< {c:number}\n", 2)

    def test_ranges(self) -> None:
        play("> n\n< cas {40..41}\n> n\n< cas {-1..41}\n", self.SCRIPT)
        self.assert_mismatch("> n\n< cas {42..50}\n", 2)
        self.assert_mismatch("> n\n< {0..50} 41\n", 2)

    def test_lines_somewhere(self) -> None:
        play("> b\n<* two\n< three\n> b\n<*\n< three\n", self.SCRIPT)
        self.assert_mismatch("> b\n<* four\n<* two\n< three\n", 2)
        self.assert_mismatch("> b\n<* two\n<* two\n< three\n", 3)

    def test_poll(self) -> None:
        player = play("poll 1s\n> b\n<* two\n< three\nend\n", self.SCRIPT)
        self.assertEqual(1, len(player.exchanges))
        self.assert_mismatch("poll 0.1s\n> a\n< two\nend\n", 1)
        self.assert_mismatch("poll 0.1s\n> b\n< two\nend\n", 1)

    def test_alive(self) -> None:
        play("alive\n", self.SCRIPT)

    def test_versions(self) -> None:
        text = "> b\n< two\n<9.9.9 zwei\n<9.9.9 drei\n<-9.9.9 three\n"
        play(text, self.SCRIPT)
        play(text, {b"b\r\n": b"zwei\r\ndrei\r\n"}, version="9.9.9")
        play("> a\n< one\n<+9.9.9 more\n", self.SCRIPT)
        play("> a\n< one\n<+9.9.9 more\n", {b"a\r\n": b"one\r\nmore\r\n"}, version="9.9.9")
        with self.assertRaises(Mismatch):
            play(text, self.SCRIPT, version="9.9.9")


class ShowTest(unittest.TestCase):
    def test_show(self) -> None:
        self.assertEqual(r"a\r\n\x00", show(b"a\r\n\x00"))
        self.assertEqual("{x*1000}", show(b"x" * 1000))
        self.assertLess(len(show(bytes(range(256)) * 100)), 500)


if __name__ == "__main__":
    unittest.main()
