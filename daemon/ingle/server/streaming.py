"""Deltas from a producer that cannot wait to a client that may be slow.

The engine must never stall because one client does not read: pieces are joined while the
client is busy, so that what waits is bounded by the answer itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ingle.rpc.dispatcher import Call

Result = TypeVar("Result")
Delta = Callable[[str], None]


async def streamed(call: Call, wanted: bool, work: Callable[[Delta], Awaitable[Result]]) -> Result:
    """Run `work(delta)`; if `wanted`, send its deltas to the caller, all before its result."""
    if not wanted:
        return await work(lambda _: None)
    pieces: list[str] = []
    ready = asyncio.Event()
    is_done = False

    def delta(text: str) -> None:
        pieces.append(text)
        ready.set()

    async def send() -> None:
        while pieces or not is_done:
            await ready.wait()
            ready.clear()
            text = "".join(pieces)
            pieces.clear()
            await call.delta(text)

    sender = asyncio.create_task(send())
    try:
        result = await work(delta)
        is_done = True
        ready.set()
        await sender
    finally:
        sender.cancel()
    return result
