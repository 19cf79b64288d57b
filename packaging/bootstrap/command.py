"""Runs other programs: output into a log, progress onto the screen, and an end that is clean.

A program runs in a process group of its own, so that Ctrl-C reaches it through us, once, and
whatever it started (a compiler, say) ends with it.
"""

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from screen import Screen

Watch = Callable[[str], tuple[str, float | None] | None]
"""From a line of output to (where it is, share done) if the line tells."""

LAST_LINES = 12
END_S = 30.0
"""After Ctrl-C: apt-get finishes the package it is at; everything else ends at once."""
TICK_S = 0.5


class SetupError(Exception):
    """A step cannot be done; `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class CommandFailed(SetupError):
    """A program ended with an error; the message has its last lines and where the rest is."""


def run(
    argv: Sequence[str],
    *,
    log: Path,
    screen: Screen,
    doing: str = "",
    watch: Watch | None = None,
    lines_shown: int = LAST_LINES,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run `argv` to its end; `doing` is shown until `watch` finds better words.

    Raises `CommandFailed`, and `KeyboardInterrupt` after a clean end.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"\n$ {' '.join(argv)}\n".encode())
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            process_group=0,
        )
        assert process.stdout is not None
        try:
            last = _follow(process.stdout, file, screen, watch or _first_words, doing)
            code = process.wait()
        except BaseException:
            _end(process)
            raise
    if code:
        tail = "\n".join(f"    {line}" for line in list(last)[-lines_shown:])
        what = " ".join([Path(argv[0]).name, *argv[1:4]])
        raise CommandFailed(
            f"{what} failed ({code}); its last lines:\n{tail}\n  all of it: {log}",
            "run it again; if it fails again, the log says why",
        )


def succeeds(argv: Sequence[str]) -> bool:
    """Whether a small program exists and ends well; its output does not matter."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def output(argv: Sequence[str]) -> str:
    """What a small program prints; empty where it cannot be run."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError:
        return ""
    return done.stdout


def _follow(pipe: IO[bytes], file: IO[bytes], screen: Screen, watch: Watch, doing: str) -> deque[str]:
    last: deque[str] = deque(maxlen=LAST_LINES)
    where: tuple[str, float | None] = (doing, None)
    tail = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if selector.select(TICK_S):
                chunk = os.read(pipe.fileno(), 65536)
                if not chunk:
                    return last
                file.write(chunk)
                *lines, tail = (tail + chunk).split(b"\n")
                for line in lines:
                    text = line.decode("utf-8", "replace").rstrip()
                    if text:
                        last.append(text[:300])
                        where = watch(text) or where
            screen.progress(*where)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):  # sudo's child belongs to root
            os.killpg(process.pid, sign)
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                process.wait(1)
                return


def whole_line(line: str) -> tuple[str, None]:
    """A `Watch` for programs that say themselves how far they are."""
    return line[:60], None


def _first_words(line: str) -> tuple[str, None]:
    return " ".join(line.split()[:3])[:40], None
