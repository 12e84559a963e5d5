# SPDX-License-Identifier: LGPL-3.0-or-later
"""Starts and stops a cache server for tests: rat_memcached or a memcached as oracle.

Invariants
  1. A started server listens on 127.0.0.1, on a port nobody else had a moment before; if another
     process wins the race for it, the start is tried again with another port. With -s it listens on
     that socket instead.
  2. start() returns only when the server itself (not a stranger) accepts connections.
  3. stop() leaves no process behind; it may be called twice.
Threads: one object belongs to one thread; different objects are independent.
"""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_SERVER = REPOSITORY / "build" / "release" / "bin" / "rat_memcached"
DEFAULT_ORACLE = Path("/usr/bin/memcached")
HOST = "127.0.0.1"
REPLACED_VERSION = "1.6.45"

START_ATTEMPTS = 5
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0
POLL_INTERVAL_S = 0.005
STDERR_TAIL_BYTES = 4000


class ServerError(Exception):
    """The server could not be started, or ended by itself; the text says what it printed."""


@dataclass(frozen=True)
class ServerBinary:
    """A program to test. `version` selects the version marks of transcripts; None means ours."""

    path: Path
    version: str | None
    user: str

    @property
    def is_oracle(self) -> bool:
        return self.version is not None

    @property
    def is_older(self) -> bool:
        """An oracle older than the memcached that we replace."""
        return self.is_oracle and self.version != REPLACED_VERSION

    @property
    def label(self) -> str:
        return f"memcached {self.version}" if self.is_oracle else self.path.name

    @staticmethod
    def ours(path: Path = DEFAULT_SERVER) -> ServerBinary:
        _require_executable(path, "build it with `./dev build`, or name another one with --server")
        return ServerBinary(path, None, pwd.getpwuid(os.geteuid()).pw_name)

    @staticmethod
    def oracle(path: Path = DEFAULT_ORACLE) -> ServerBinary:
        _require_executable(path, "install the Debian package `memcached`")
        text = subprocess.run([str(path), "-V"], capture_output=True, text=True, check=True).stdout
        version = re.search(r"\d+\.\d+\.\d+", text)
        if version is None:
            raise ServerError(f"{path} -V does not print a version: {text!r}")
        return ServerBinary(path, version.group(), "nobody")


def _require_executable(path: Path, advice: str) -> None:
    if not os.access(path, os.X_OK):
        raise ServerError(f"{path} is not there or not executable: {advice}")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class ServerProcess:
    """One running server. Use it as a context manager, or call start() and stop()."""

    binary: ServerBinary
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)  # in addition to ours
    port: int = 0
    # Listens on this path instead of a port.
    unix_socket: Path | None = None
    _process: subprocess.Popen[bytes] | None = None
    _stderr: tempfile._TemporaryFileWrapper[bytes] | None = None

    def __post_init__(self) -> None:
        # -s switches TCP off.
        if self.unix_socket is None and "-s" in self.options:
            self.unix_socket = Path(self.options[self.options.index("-s") + 1])

    def __enter__(self) -> ServerProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not started"
        return self._process.pid

    def start(self) -> None:
        """Starts on a free port."""
        for attempt in range(START_ATTEMPTS):
            self.port = free_port()
            try:
                self._start_on_port()
                return
            except ServerError as error:
                collision = "Address already in use" in str(error)
                if not collision or attempt == START_ATTEMPTS - 1:
                    raise

    def start_and_stop(self) -> None:
        """For options that stop the start; raises ServerError then."""
        self.start()
        self.stop()

    def restart(self) -> None:
        """Stops, then starts again on the same port."""
        self.stop()
        self._start_on_port()

    def stop(self) -> str | None:
        """Ends the process. Returns a complaint if ours did not exit with 0 after SIGTERM.

        An oracle takes a second for that; it is killed.
        """
        process = self._process
        if process is None:
            return None
        crashed = self.exit_report()
        self._process = None
        if crashed is None:
            process.send_signal(signal.SIGKILL if self.binary.is_oracle else signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            crashed = f"did not stop within {STOP_TIMEOUT_S:.0f} s of SIGTERM"
        if crashed is None and process.returncode != 0 and not self.binary.is_oracle:
            crashed = f"exit status {process.returncode} after SIGTERM\n{self._stderr_tail()}"
        self._close_stderr()
        return crashed

    def await_exit(self, status: int) -> str | None:
        """Waits until the process has ended by itself. Returns a complaint if it does not, or with
        another status."""
        assert self._process is not None, "the server is not started"
        try:
            ended = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"still runs after {STOP_TIMEOUT_S:.0f} s"
        complaint = None if ended == status else f"exit status {ended}\n{self._stderr_tail()}"
        self._process = None
        self._close_stderr()
        return complaint

    def exit_report(self) -> str | None:
        """None while the server runs; otherwise how it ended and what it printed."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"ended by itself, exit status {self._process.returncode}\n{self._stderr_tail()}"

    def log(self) -> str:
        """The end of what it has printed."""
        return self._stderr_tail()

    def connect(self, timeout_s: float = START_TIMEOUT_S) -> socket.socket:
        if self.unix_socket is not None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout_s)
            connection.connect(str(self.unix_socket))
            return connection
        connection = socket.create_connection((HOST, self.port), timeout=timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _command(self) -> list[str]:
        where = (["-l", HOST, "-p", str(self.port)] if self.unix_socket is None
                 else [] if "-s" in self.options else ["-s", str(self.unix_socket)])
        command = [str(self.binary.path), *where]
        if os.geteuid() == 0:
            command += ["-u", self.binary.user]
        return command + self.options

    def _start_on_port(self) -> None:
        self._close_stderr()
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self._stderr, env={**os.environ, **self.environment})
        try:
            self._await_ready()
        except ServerError:
            self.stop()
            raise

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = self.exit_report()
            if ended is not None:
                raise ServerError(f"{' '.join(self._command())}: {ended}")
            if self._is_ready():
                return
            time.sleep(POLL_INTERVAL_S)
        raise ServerError(f"{' '.join(self._command())}: no connection within "
                          f"{START_TIMEOUT_S:.0f} s\n{self._stderr_tail()}")

    def _is_ready(self) -> bool:
        if self.unix_socket is None:
            return _accepts(self.port) and _listens(self.pid, self.port)
        try:
            self.connect(timeout_s=1).close()
            return True
        except OSError:
            return False

    def _stderr_tail(self) -> str:
        if self._stderr is None:
            return ""
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - STDERR_TAIL_BYTES))
        return self._stderr.read().decode(errors="replace")

    def _close_stderr(self) -> None:
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
        return True
    except OSError:
        return False


def _listens(pid: int, port: int) -> bool:
    """Whether this very process holds the listening socket; True where /proc cannot tell."""
    try:
        sockets = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")}
        rows = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return True
    state_listen, local_end = "0A", f":{port:04X}"
    for row in rows:
        columns = row.split()
        if columns[1].endswith(local_end) and columns[3] == state_listen:
            return f"socket:[{columns[9]}]" in sockets
    return False
