#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Shows the streaming protocol of rat_memcached with large values.

Stores a value by chunks, reads it back by chunks with a progress bar, interrupts a download and
resumes it, compares checksums, and compares time to the first byte and speed with a plain get,
while other clients go on with small gets in the background.

  streaming_demo.py                       starts a server of its own, 64 MiB value
  streaming_demo.py --size 512            the same with 512 MiB
  streaming_demo.py --connect HOST:PORT   with a server that you have started, for example with
                                          rat_memcached -m 2048 -I 512m --max-upload-memory 600m

The protocol is described in docs/streaming.md. Only Python's standard library is needed."""

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MIB = 1 << 20
KEY = "streaming_demo"
HERE = Path(__file__).resolve().parent


class Trouble(Exception):
    """Something that the user can do something about."""


class Client:
    """One connection: the streaming protocol, and as much of memcached's as is needed here."""

    def __init__(self, address):
        try:
            self.socket = socket.create_connection(address, timeout=60)
        except OSError as error:
            raise Trouble(f"no server at {address[0]}:{address[1]}: {error}") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=256 << 10)

    def close(self):
        self.file.close()
        self.socket.close()

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Trouble("the server has closed the connection")
        return line[:-2].decode()

    def ask(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.line()

    def expect(self, text, wanted):
        reply = self.ask(text)
        if reply != wanted:
            raise Trouble(f"`{text}` was answered `{reply}`")

    def into(self, view):
        """Fills the whole view."""
        at = 0
        while at < len(view):
            got = self.file.readinto(view[at:])
            if not got:
                raise Trouble("the server has closed the connection")
            at += got

    def upload(self, key, value, chunk_size, on_bytes=lambda done: None):
        count = (len(value) + chunk_size - 1) // chunk_size
        self.expect(f"set_begin {key} {len(value)} {count} 0 0", "STORED")
        view = memoryview(value)
        for number in range(count):
            chunk = view[number * chunk_size:(number + 1) * chunk_size]
            # Nobody waits for a reply: what goes wrong is said at the end.
            self.socket.sendall(f"set_data {key} {number} {len(chunk)} noreply\r\n".encode())
            self.socket.sendall(chunk)
            self.socket.sendall(b"\r\n")
            on_bytes(number * chunk_size + len(chunk))
        self.expect(f"set_end {key}", "STORED")

    def download(self, key, chunk_size, first=0, cas=None):
        """Yields (total size, CAS unique) and then (number, bytes) of each chunk."""
        words = f"sgets {key} {chunk_size} {first}" + (f" {cas}" if cas is not None else "")
        words = self.ask(words).split(" ")
        if words[0] != "STREAM_BEGIN":
            raise Trouble("the download was answered `" + " ".join(words) + "`")
        yield int(words[2]), int(words[5])
        chunk = bytearray(chunk_size)
        while True:
            words = self.line().split(" ")
            if words[0] == "STREAM_END":
                return
            if words[0] != "STREAM_DATA":
                raise Trouble("the download ended with `" + " ".join(words) + "`")
            part = memoryview(chunk)[:int(words[3])]
            self.into(part)
            self.file.read(2)
            yield int(words[2]), part

    def get(self, key, buffer, on_first=lambda: None):
        """A plain get into a buffer that is large enough; returns the size, or None."""
        words = self.ask(f"get {key}").split(" ")
        if words[0] != "VALUE":
            return None
        size = int(words[3])
        self.into(memoryview(buffer)[:min(size, 1)])
        on_first()
        self.into(memoryview(buffer)[min(size, 1):size])
        self.file.read(2)
        self.line()
        return size


class Progress:
    """A bar on a terminal; nothing elsewhere."""

    def __init__(self, label, total):
        self.label, self.total, self.shown = label, max(total, 1), -1
        self.began = time.monotonic()

    def __call__(self, done):
        percent = done * 100 // self.total
        if percent == self.shown or not sys.stdout.isatty():
            return
        self.shown = percent
        speed = done / MIB / max(time.monotonic() - self.began, 1e-6)
        bar = "#" * (percent * 30 // 100)
        print(f"\r  {self.label:<10} [{bar:<30}] {percent:3} %  {speed:7.0f} MiB/s ", end="")
        if done >= self.total:
            print("\r" + " " * 70 + "\r", end="")
        sys.stdout.flush()


class Background:
    """Clients that get a small value all the time, and note how long each takes."""

    def __init__(self, address, clients):
        self.latencies, self.stop = [], threading.Event()
        with_value = Client(address)
        with_value.socket.sendall(b"set streaming_demo_small 0 0 100\r\n" + b"x" * 100 + b"\r\n")
        with_value.line()
        with_value.close()
        self.threads = [threading.Thread(target=self._run, args=(address,)) for _ in range(clients)]

    def _run(self, address):
        client, buffer = Client(address), bytearray(100)
        while not self.stop.is_set():
            began = time.perf_counter()
            client.get("streaming_demo_small", buffer)
            self.latencies.append(time.perf_counter() - began)
            time.sleep(0.001)
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def report(self):
        """The latencies since the last report."""
        taken, self.latencies = sorted(self.latencies), []
        if not taken:
            return "no gets"
        return (f"small gets meanwhile: {len(taken)}, median {taken[len(taken) // 2] * 1e3:.2f} ms,"
                f" 99 % within {taken[len(taken) * 99 // 100] * 1e3:.2f} ms")


class OwnServer:
    """A server on any free port, for as long as the demo runs."""

    def __init__(self, path, size):
        self.folder = tempfile.mkdtemp(prefix="streaming_demo_")
        ports = Path(self.folder) / "ports"
        item_mib = size // MIB + 2
        command = [str(path), "-p", "-1", "-m", str(max(64, 3 * item_mib)), "-I",
                   f"{min(item_mib, 1024)}m", "--max-upload-memory", f"{item_mib}m"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command += ["-u", "root"]
        self.process = subprocess.Popen(command,
                                        env=dict(os.environ, MEMCACHED_PORT_FILENAME=str(ports)))
        deadline = time.monotonic() + 20
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Trouble(f"{path} did not start")
            time.sleep(0.01)
        self.address = ("127.0.0.1", int(ports.read_text().split()[-1]))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def find_server(given):
    build = HERE.parent / "build"
    for path in [given] if given else [build / "release/bin/rat_memcached",
                                       build / "debug/bin/rat_memcached",
                                       shutil.which("rat_memcached")]:
        if path and Path(path).is_file():
            return Path(path)
    raise Trouble("no rat_memcached was found: build it with ./dev build, or name one with "
                  "--server PATH or --connect HOST:PORT")


def digest(value):
    return hashlib.blake2b(value).hexdigest()[:16]


def rate(size, seconds):
    return f"{size / MIB / max(seconds, 1e-9):8.0f} MiB/s"


def demo(address, size, chunk_size, clients):
    # Random bytes that cost little to make.
    block = os.urandom(min(size, 4 * MIB))
    value = bytearray((block * (size // len(block) + 1))[:size])
    wanted = digest(value)
    print(f"value: {size / MIB:g} MiB, chunks of {chunk_size / 1024:g} KiB, checksum {wanted}")
    client = Client(address)
    with Background(address, clients) as background:
        began = time.monotonic()
        client.upload(KEY, value, chunk_size, Progress("upload", size))
        print(f"  upload by chunks     {rate(size, time.monotonic() - began)}   "
              + background.report())
        del value

        began, first_byte, done, cas = time.monotonic(), None, 0, None
        hasher, progress = hashlib.blake2b(), Progress("download", size)
        stream = client.download(KEY, chunk_size)
        _, cas = next(stream)
        for _, part in stream:
            first_byte = first_byte or time.monotonic() - began
            hasher.update(part)
            done += len(part)
            progress(done)
        same = hasher.hexdigest()[:16] == wanted
        print(f"  download, checked    {rate(size, time.monotonic() - began)}   checksum "
              + ("is the same" if same else "DIFFERS"))

        # Interrupted after a third: the rest comes over another connection, if it is still the
        # same version.
        got, stop_at = bytearray(size), max(size // chunk_size // 3, 1)
        broken = Client(address)
        stream = broken.download(KEY, chunk_size)
        next(stream)
        resume_at = 0
        for number, part in stream:
            got[number * chunk_size:number * chunk_size + len(part)] = part
            resume_at = number + 1
            if resume_at == stop_at:
                break
        broken.close()
        if resume_at * chunk_size < size:
            stream = client.download(KEY, chunk_size, resume_at, cas)
            next(stream)
            for number, part in stream:
                got[number * chunk_size:number * chunk_size + len(part)] = part
        resumed = digest(got) == wanted
        print(f"  broken off, resumed at chunk {resume_at}: checksum "
              + ("is the same" if resumed else "DIFFERS"))

        # Both without looking at the bytes. The first use of a buffer costs time, so `got` is it.
        background.report()
        times = {}
        for what in ("plain get", "sget"):
            began, first = time.monotonic(), []
            if what == "plain get":
                client.get(KEY, got, lambda: first.append(time.monotonic() - began))
            else:
                stream, at = client.download(KEY, chunk_size), 0
                next(stream)
                for _, part in stream:
                    if not first:
                        first.append(time.monotonic() - began)
                    at += len(part)
            times[what] = time.monotonic() - began
            print(f"  {what:<20} {rate(size, times[what])}   first "
                  + ("byte" if what == "plain get" else "chunk")
                  + f" after {first[0] * 1e3:.2f} ms; " + background.report())
    client.expect(f"delete {KEY}", "DELETED")
    client.close()
    return same and resumed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, metavar="MIB",
                        help="of the value, 1 to 512 (default: 64)")
    parser.add_argument("--chunk", type=int, default=256, metavar="KIB",
                        help="size of chunks, 1 to 1024 (default: 256)")
    parser.add_argument("--clients", type=int, default=2, metavar="NUM",
                        help="that get small values in the background (default: 2)")
    parser.add_argument("--connect", metavar="HOST:PORT", help="use this server")
    parser.add_argument("--server", metavar="PATH", help="start this server")
    options = parser.parse_args()
    if not 1 <= options.size <= 512 or not 1 <= options.chunk <= 1024 or options.clients < 0:
        parser.error("--size takes 1 to 512, --chunk 1 to 1024, and --clients 0 or more")
    server = None
    try:
        if options.connect:
            host, _, port = options.connect.rpartition(":")
            if not port.isdigit():
                parser.error("--connect takes HOST:PORT, for example 127.0.0.1:11211")
            address = (host or "127.0.0.1", int(port))
        else:
            server = OwnServer(find_server(options.server), options.size * MIB)
            address = server.address
        return 0 if demo(address, options.size * MIB, options.chunk << 10, options.clients) else 1
    except Trouble as trouble:
        print(f"streaming_demo.py: {trouble}", file=sys.stderr)
        return 2
    finally:
        if server:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
