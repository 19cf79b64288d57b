"""The life of any child process of the daemon: spawn, talk, notice the end, stop, reap.

A child speaks over socketpairs whose numbers it finds in `INGLE_FDS`; when the daemon dies they
close, and the child ends by itself. Its standard error is read line by line into the log, so
that it can never block on a full pipe, and the last lines are kept to explain a death.
"""

import asyncio
import collections
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import ingle

log = logging.getLogger(__name__)

FDS = "INGLE_FDS"
"""Comma-separated descriptor numbers of the child's ends, in the order they were asked for."""

TERM_GRACE_S = 1.0
"""After SIGTERM: a child that does not end is killed, so that the daemon ends within 3 s."""
REAP_S = 2.0
"""After SIGKILL only a process in uninterruptible sleep stays; it is left to init."""
LAST_LINES = 20
LAST_WORDS_S = 0.2
"""To read what a child said as it ended; something that it has started may hold its pipe open."""
PR_SET_PDEATHSIG = 1

INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "TZ",
    "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "COVERAGE_PROCESS_START",
)
"""An allow-list: tokens and passwords in the daemon's environment stay there."""


class Child:
    """A running child; `sockets` are our ends of its socketpairs. Made by `spawn`."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, sockets: list[socket.socket]
    ) -> None:
        self.name, self.sockets = name, sockets
        self._process = process
        self.last_lines: collections.deque[str] = collections.deque(maxlen=LAST_LINES)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end, draining standard error meanwhile; gives the return code.

        Exactly one task calls it, for as long as the child lives.
        """
        stderr = self._process.stderr
        if stderr is None:  # somebody else reads it: see `spawn_for`
            return await self._process.wait()
        async with drained(stderr, self.name, self.last_lines):
            return await self._process.wait()

    async def stop(self, grace_s: float = TERM_GRACE_S) -> None:
        """End it by a ladder: close its sockets, SIGTERM to its group, SIGKILL, reap. Bounded.

        It works in a task that was cancelled, where `asyncio.timeout` fails before Python 3.11.3
        (gh-102780).
        """
        for sock in self.sockets:
            sock.close()
        ended = asyncio.ensure_future(self._process.wait())
        try:
            for sign, patience in ((signal.SIGTERM, grace_s), (signal.SIGKILL, REAP_S)):
                if self._process.returncode is None:
                    self._signal(sign)
                    await asyncio.wait([ended], timeout=patience)
        finally:
            ended.cancel()
        self._signal(signal.SIGKILL)  # what the child itself had started

    def _signal(self, sign: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)


@asynccontextmanager
async def drained(
    stderr: asyncio.StreamReader, name: str, last_lines: collections.deque[str]
) -> AsyncIterator[None]:
    """Read what a child says into the log meanwhile, so that it never blocks on a full pipe."""
    draining = asyncio.ensure_future(_drain(stderr, name, last_lines))
    try:
        yield
        await asyncio.wait([draining], timeout=LAST_WORDS_S)
    finally:
        draining.cancel()
        with suppress(asyncio.CancelledError):
            await draining


async def _drain(stderr: asyncio.StreamReader, name: str, last_lines: collections.deque[str]) -> None:
    while True:
        try:
            line = await stderr.readline()
        except ValueError:  # a line over the reader's limit: its text is of no use
            continue
        if not line:
            return
        text = line.decode("utf-8", "replace").rstrip()
        last_lines.append(text)
        log.debug("%s: %s", name, text)


def how_it_ended(returncode: int) -> str:
    """A return code in words: "killed by SIGSEGV", "exited with 1"."""
    if returncode < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-returncode).name}"
    return f"exited with {returncode}"


async def spawn(
    name: str,
    module: str,
    args: Sequence[str] = (),
    *,
    sockets: int = 1,
    environ: Mapping[str, str] | None = None,
    passed_environ: Sequence[str] = (),
) -> Child:
    """Start `python -m module args` in a session of its own with `sockets` socketpairs.

    `environ` is added to the allow-listed environment, `passed_environ` names more variables to
    hand down. Raises `OSError` when the process cannot be started.
    """
    pairs = [socket.socketpair() for _ in range(sockets)]
    theirs = [pair[1] for pair in pairs]
    fds = [sock.fileno() for sock in theirs]
    env = _environment(fds, environ or {}, passed_environ)
    try:
        process = await _started(module, args, fds, env, asyncio.subprocess.PIPE)
    except BaseException:  # cancelled too: asyncio has ended the process then
        for sock, _ in pairs:
            sock.close()
        raise
    finally:
        for sock in theirs:
            sock.close()
    return Child(name, process, [pair[0] for pair in pairs])


async def spawn_for(
    name: str, module: str, fds: Sequence[int], stderr: int, passed_environ: Sequence[str]
) -> Child:
    """As `spawn`, with sockets and a standard error whose other ends another process has.

    The caller still owns `fds` and `stderr`. Raises `OSError`.
    """
    env = _environment(fds, {}, passed_environ)
    return Child(name, await _started(module, (), fds, env, stderr), [])


async def _started(
    module: str, args: Sequence[str], fds: Sequence[int], env: Mapping[str, str], stderr: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=fds,
        env=env,
        start_new_session=True,
    )


def inherited_sockets(environ: Mapping[str, str]) -> list[socket.socket]:
    """The child's side: its ends of the socketpairs, in the order of `spawn`."""
    return [socket.socket(fileno=int(number)) for number in environ.get(FDS, "").split(",") if number]


def end_with_parent() -> None:
    """The child's side: have the kernel end it with the daemon, even if its own loop is stuck
    and would not notice a closed socket (PR_SET_PDEATHSIG, prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _environment(fds: Sequence[int], added: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    env = inherited_environment(passed)
    env |= {"PYTHONUNBUFFERED": "1", **added}
    env[FDS] = ",".join(map(str, fds))
    return env


def inherited_environment(passed: Sequence[str] = ()) -> dict[str, str]:
    """What any program of ours is started with; `passed` names more variables to hand down."""
    env = {name: os.environ[name] for name in (*INHERITED, *passed) if name in os.environ}
    return env | {"PYTHONPATH": _source_root()}


def _source_root() -> str:
    """Where `ingle` was imported from, so that a child runs the very same code."""
    return str(Path(ingle.__file__).resolve().parent.parent)
