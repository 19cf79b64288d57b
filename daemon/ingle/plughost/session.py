"""A graphical session that is attached to the daemon, and hosts that were started in it.

The daemon's side of `attachment`; `launcher` is the other one.
"""

import asyncio
import collections
import os
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import IO, Any

import msgspec

from ingle.errors import ConnectionLost, IngleError
from ingle.plughost.attachment import (
    EXCUSE,
    SPAWN,
    STOP,
    ExcuseResult,
    HostParams,
    SpawnParams,
    SpawnResult,
)
from ingle.plughost.process import CannotStart, HostProcess
from ingle.procs.child import drained
from ingle.rpc.peer import Peer

START_S = 20.0
"""For a process to be forked on a machine that is busy."""
STOP_S = 4.0
"""More than the ladder of `procs.child` takes."""
EXCUSE_S = 5.0
GONE = "the desktop session has ended"


class Session:
    """A place for hosts, for as long as its connection lives and nobody takes over."""

    def __init__(self, launcher: Peer, about: str, lacks: Mapping[str, str]) -> None:
        """`lacks` are the facilities that are missing there, with the reason in words."""
        self.launcher, self.about, self.lacks = launcher, about, dict(lacks)
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def title(self) -> str:
        return f"the desktop session ({self.about})"

    async def ended(self) -> str:
        return await self._ended

    def end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)

    def missing(self, requires: Iterable[str]) -> str | None:
        return next((self.lacks[name] for name in requires if name in self.lacks), None)

    async def start(self, name: str, requires: list[str], sockets: int) -> HostProcess:
        """Raises `CannotStart`."""
        with ExitStack() as theirs, ExitStack() as ours:
            pairs = [socket.socketpair() for _ in range(sockets)]
            reading, writing = os.pipe()
            theirs.callback(os.close, writing)
            stderr = ours.enter_context(os.fdopen(reading, "rb", 0))
            for mine, other in pairs:
                ours.enter_context(mine)
                theirs.enter_context(other)
            sent = [*(other.fileno() for _, other in pairs), writing]
            params = SpawnParams(host=name, stderr=os.fstat(writing).st_ino, requires=requires)
            process = SessionProcess(name, self, [mine for mine, _ in pairs], stderr)
            await process.begin(params, sent)
            ours.pop_all()
        return process


class SessionProcess:
    """A host that the session has started. Made by `Session.start`."""

    def __init__(
        self, name: str, session: Session, sockets: list[socket.socket], stderr: IO[bytes]
    ) -> None:
        self.sockets, self._stderr, self._is_heard = sockets, stderr, False
        self.pid = 0
        self._name, self._session, self._launcher = name, session, session.launcher
        self._started = asyncio.Event()
        self._life: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def begin(self, params: SpawnParams, descriptors: list[int]) -> None:
        """Raises `CannotStart`."""
        call = self._launcher.call(SPAWN, params, self._take_pid, descriptors=descriptors)
        self._life = asyncio.ensure_future(call)
        self._life.add_done_callback(_retrieve)
        started = asyncio.ensure_future(self._started.wait())
        try:
            await asyncio.wait(
                [self._life, started], timeout=START_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not self.pid:
                raise self._why_not()
        except BaseException:
            self._life.cancel()
            raise
        finally:
            started.cancel()

    def _take_pid(self, text: str) -> None:
        with suppress(ValueError):
            self.pid = int(text)
        self._started.set()

    def _why_not(self) -> CannotStart:
        if not self._life.done():
            return CannotStart("the desktop session does not answer", is_excused=True)
        match self._life.exception():
            case ConnectionLost():
                return CannotStart(GONE, is_excused=True)
            case IngleError() as error:
                return CannotStart(error.message)
        return CannotStart("the desktop session answers nonsense")

    async def wait(self) -> int:
        async with self._drained():
            await asyncio.wait([self._life])  # cancelled: it goes on until `stop`
        try:
            return msgspec.convert(self._life.result(), SpawnResult).returncode
        except (IngleError, msgspec.ValidationError):
            return 0

    @asynccontextmanager
    async def _drained(self) -> AsyncIterator[None]:
        self._is_heard = True  # the transport closes it
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._stderr
        )
        try:
            async with drained(reader, self._name, collections.deque(maxlen=1)):
                yield
        finally:
            transport.close()

    async def stop(self) -> None:
        for sock in self.sockets:
            sock.close()
        if not self._is_heard:
            self._stderr.close()
        if not self._life.done():
            stopping = asyncio.ensure_future(self._launcher.call(STOP, HostParams(pid=self.pid)))
            stopping.add_done_callback(_retrieve)
            try:
                await asyncio.wait([self._life], timeout=STOP_S)
            finally:
                stopping.cancel()
                self._life.cancel()

    async def excuse(self) -> str | None:
        try:
            async with asyncio.timeout(EXCUSE_S):
                answer = await self._launcher.call(EXCUSE, HostParams(pid=self.pid))
            excuse = msgspec.convert(answer, ExcuseResult)
        except (TimeoutError, ConnectionLost):
            return GONE
        except (IngleError, msgspec.ValidationError):
            return None
        self._session.lacks = excuse.missing
        return excuse.reason


def _retrieve(done: asyncio.Future[Any]) -> None:
    """Nobody may be waiting for it any more."""
    if not done.cancelled():
        done.exception()
