"""The thread in which everything with X happens, and the way into it from asyncio."""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .connection import GONE, ServerGone
from .desk import XDesk

T = TypeVar("T")

Job = tuple[Callable[[XDesk], Any], asyncio.Future[Any]]

CONNECT_S = 5.0


class Worker:
    """One desk in one thread. Jobs run one after the other, each to its end even if nobody waits."""

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._is_retired = False
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self.gone = asyncio.Event()
        """Set when the X server has ended."""
        threading.Thread(target=self._live, name="selection", daemon=True).start()

    async def connect(self) -> None:
        """Raises `ServerGone`."""
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._connected
        except TimeoutError:
            raise ServerGone("the X server does not answer") from None

    async def call(self, work: Callable[[XDesk], T]) -> T:
        """Do something at the desk. Raises `ServerGone` and what `work` raises."""
        if self.gone.is_set():
            raise ServerGone("the X server went away")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((work, future))
        self._wake()
        return await future

    def retire(self) -> None:
        """No more jobs. The thread lives on for as long as it owns the person's clipboard."""
        self._is_retired = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):
            self._ours.send(b".")

    # ---- in the thread

    def _live(self) -> None:
        try:
            desk = XDesk(self._keep_bytes)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with a display, it is not there
            name = type(problem).__name__
            self._answer(self._connected, None, ServerGone(f"the X server does not answer ({name})"))
            self._end()
            return
        self._answer(self._connected, None, None)
        try:
            with suppress(*GONE):
                self._work(desk)
        finally:
            desk.server.held.set(False)  # the server has ended, or nothing is held
            desk.connection.close()
            self._end()

    def _work(self, desk: XDesk) -> None:
        while not self._is_retired or desk.server.holds_anything():
            while not self._jobs.empty():
                self._do(desk, *self._jobs.get())
            desk.connection.rest(self._theirs)
            with suppress(BlockingIOError):
                self._theirs.recv(4096)

    def _do(self, desk: XDesk, work: Callable[[XDesk], Any], future: asyncio.Future[Any]) -> None:
        try:
            result = work(desk)
        except GONE:
            self._answer(future, None, ServerGone("the X server went away"))
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
            self._answer(future, None, error)
        else:
            self._answer(future, result, None)

    def _end(self) -> None:
        while not self._jobs.empty():
            self._answer(self._jobs.get()[1], None, ServerGone("the X server went away"))
        with suppress(RuntimeError):  # the loop may have ended before
            self._loop.call_soon_threadsafe(self.gone.set)
        self._ours.close()
        self._theirs.close()

    def _answer(self, future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
        def tell() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)
