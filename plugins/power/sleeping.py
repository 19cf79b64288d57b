"""Suspend: logind waits for us with a delay inhibitor until the model's memory is free.

The inhibitor is a descriptor; closing it lets the machine sleep. It is taken before the next
suspend, that is at once after waking (https://systemd.io/INHIBITOR_LOCKS/).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from ingle.sdk import Ingle

from .bus import Absent, Bus, Signal, owner_of
from .sources import LOGIND, MANAGER

PARK_S = 2.0
"""After that the machine may sleep in any case; logind itself would wait 5 s for us."""

Word = Literal["asleep", "awake", "logind"]


class Sleep:
    """`hold` and `release` are called around each suspend, `woken` after it."""

    def __init__(
        self,
        ingle: Ingle,
        hold: Callable[[], Awaitable[None]],
        release: Callable[[], Awaitable[None]],
        woken: Callable[[], Awaitable[None]],
    ) -> None:
        self._ingle = ingle
        self._hold, self._release, self._woken = hold, release, woken
        self._lock: int | None = None
        self._words: asyncio.Queue[Word] = asyncio.Queue()

    @property
    def is_guarded(self) -> bool:
        """Whether a suspend would wait for us."""
        return self._lock is not None

    async def run(self, bus: Bus, heard: Callable[[bool], None]) -> None:
        """For as long as the connection lives; `heard` learns whether logind is there."""
        manager = MANAGER.interface
        await bus.listen(Signal(LOGIND, manager, "PrepareForSleep", MANAGER.path), self._hear)
        await bus.listen(owner_of(LOGIND), lambda _: self._words.put_nowait("logind"))
        try:
            async with asyncio.TaskGroup() as tasks:
                heard(await self._take_lock(bus))
                while True:
                    await self._heed(await self._words.get(), bus, heard, tasks)
        finally:
            self._let_go()

    def _hear(self, params: tuple[Any, ...]) -> None:
        self._words.put_nowait("asleep" if params[0] else "awake")

    async def _heed(
        self, word: Word, bus: Bus, heard: Callable[[bool], None], tasks: asyncio.TaskGroup
    ) -> None:
        if word == "asleep":
            await self._step_aside()
            return
        heard(await self._take_lock(bus))
        await self._release()
        if word == "awake":
            tasks.create_task(self._look_around())

    async def _step_aside(self) -> None:
        try:
            async with asyncio.timeout(PARK_S):
                await self._hold()
        except TimeoutError:
            self._ingle.log.warning("the model was not gone %.0f s after the word to sleep", PARK_S)
        finally:
            self._let_go()

    async def _look_around(self) -> None:
        """Not in the way of waking up: a driver may take long to answer."""
        await self._woken()

    async def _take_lock(self, bus: Bus) -> bool:
        self._let_go()
        what = ("sleep", "Ingle", "the model gives its memory back", "delay")
        try:
            self._lock = await bus.call_for_fd(MANAGER, "Inhibit", "(ssss)", *what)
        except Absent as reason:
            self._ingle.log.info("a suspend does not wait for the model: %s", reason)
        return self._lock is not None

    def _let_go(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)
