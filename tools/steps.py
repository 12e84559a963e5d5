# SPDX-License-Identifier: LGPL-3.0-or-later
"""Running commands so that whoever watches sees what happens: the command, a line of progress while
it runs, its output only if it fails."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A step failed; its text has been shown."""


def say(text):
    print(text, flush=True)


def _progress(line):
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + line[: os.get_terminal_size().columns - 1])
        sys.stdout.flush()


def _last_line(path):
    with open(path, "rb") as log:
        log.seek(max(0, path.stat().st_size - 400))
        lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def run(command, what, env=None, cwd=ROOT, timeout_s=None):
    """Runs `command`, showing its last line of output as it goes. Raises Failed with all of it."""
    say(f"$ {shlex.join(map(str, command))}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "output"
        with open(log, "wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                       stdin=subprocess.DEVNULL, cwd=cwd,
                                       env=None if env is None else {**os.environ, **env})
        try:
            told = started
            while process.poll() is None:
                time.sleep(0.2)  # how often the line is drawn; nothing waits for it
                now = time.monotonic()
                _progress(f"  {what}: {now - started:.0f} s  {_last_line(log)}")
                if not sys.stdout.isatty() and now - told >= 30:
                    told = now
                    say(f"  {what}: {now - started:.0f} s  {_last_line(log)}")
                if timeout_s is not None and now - started > timeout_s:
                    process.kill()
                    process.wait()
                    raise Failed(f"{what} took longer than {timeout_s} s")
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        finally:
            _progress("")
        took = time.monotonic() - started
        text = log.read_text(errors="replace")
    if process.returncode != 0:
        say(text)
        raise Failed(f"{what} failed (exit status {process.returncode})")
    say(f"  {what}: ok, {took:.0f} s")
    return text


def become(command):
    """Replaces this process by `command`."""
    say(f"$ {shlex.join(map(str, command))}")
    sys.stdout.flush()
    os.execv(command[0], list(map(str, command)))
