"""Starting the daemon for somebody who just wants an answer.

The daemon is detached: a session of its own, no terminal. What it says before it can log is
kept in memory, so that a wrong configuration is explained by the command that met it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import ingle
from ingle.client import Ingle
from ingle.errors import DaemonNotRunning

PATIENCE_S = 15.0
"""The socket answers within half a second; a cold disk or a busy machine takes longer."""
RETRY_S = 0.02
OVERTAKEN_S = 0.3
"""Of several daemons that are started at once all but one end, a moment before that one answers."""


def start_daemon(socket_path: Path, *arguments: str) -> None:
    """Start `ingled` with `arguments` and wait until its socket answers.

    Raises `DaemonNotRunning` with its last words when it ends instead, or takes too long.
    """
    with os.fdopen(os.memfd_create("ingled-stderr"), "w+b") as stderr:
        process = _spawn(socket_path, arguments, stderr)
        deadline = time.monotonic() + PATIENCE_S
        ended_at: float | None = None
        while time.monotonic() < deadline:
            if _answers(socket_path):
                return
            if process.poll() is not None and ended_at is None:
                ended_at = time.monotonic()
            if ended_at is not None and time.monotonic() > ended_at + OVERTAKEN_S:
                raise _ended(stderr)
            time.sleep(RETRY_S)
    raise DaemonNotRunning(
        f"ingled was started and did not answer within {PATIENCE_S:.0f} s",
        "`ingle log` shows what it does",
    )


def _spawn(socket_path: Path, arguments: tuple[str, ...], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    root = str(Path(ingle.__file__).resolve().parent.parent)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ingle.lifecycle", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        cwd="/",
        env={**os.environ, "PYTHONPATH": root, "INGLE_SOCKET": str(socket_path)},
        start_new_session=True,
    )


def _answers(socket_path: Path) -> bool:
    try:
        Ingle(socket_path).close()
    except DaemonNotRunning:
        return False
    return True


def _ended(stderr: IO[bytes]) -> DaemonNotRunning:
    stderr.seek(0)
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return DaemonNotRunning("ingled ended right after its start", "`ingle serve` shows why")
    said = max((number for number, line in enumerate(lines) if line.startswith("ingled: ")), default=-1)
    hints = [line.strip() for line in lines[said + 1 :] if said >= 0 and line.startswith("  ")]
    hint = hints[0] if hints else "`ingle doctor` looks for the reason"
    return DaemonNotRunning(f"ingled did not start: {lines[said].removeprefix('ingled: ')}", hint)
