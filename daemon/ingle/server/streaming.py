"""Deltas from a producer that cannot wait to a client that may be slow.

The engine must never stall because one client does not read: pieces are joined while the
client is busy, so that what waits is bounded by the answer itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ingle.rpc.dispatcher import Call
from ingle.vocabulary import Coverage

Result = TypeVar("Result")


class Outlet:
    """Takes pieces of an answer, and what it will stand on, and never waits."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._coverage: Coverage | None = None
        self._ready = asyncio.Event()
        self._is_done = False

    def __call__(self, text: str) -> None:
        self._pieces.append(text)
        self._ready.set()

    def covers(self, coverage: Coverage) -> None:
        """How much of the text is being read for what comes next."""
        self._coverage = coverage
        self._ready.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._is_done = True
        self._ready.set()

    async def pour(self, call: Call) -> None:
        """Send all of it to the caller, until the end."""
        while self._pieces or self._coverage or not self._is_done:
            await self._ready.wait()
            self._ready.clear()
            text, coverage = "".join(self._pieces), self._coverage
            self._pieces.clear()
            self._coverage = None
            await call.delta(text, coverage)


async def streamed(call: Call, wanted: bool, work: Callable[[Outlet], Awaitable[Result]]) -> Result:
    """Run `work(outlet)`; if `wanted`, send what comes out to the caller, all before its result."""
    outlet = Outlet()
    if not wanted:
        return await work(outlet)
    sender = asyncio.create_task(outlet.pour(call))
    try:
        result = await work(outlet)
        outlet.end()
        await sender
    finally:
        sender.cancel()
    return result
