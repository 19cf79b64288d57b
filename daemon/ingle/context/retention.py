"""Forgetting in time: items older than their keep go, without a poll.

The task sleeps until the oldest item is due, or for ever when there is none.
"""

import asyncio
import time

from ingle.context.items import Memory


async def enforce(memory: Memory) -> None:
    """Forget what is due; lives as long as the daemon."""
    changed = asyncio.Event()
    memory.on_change = changed.set
    while True:
        changed.clear()
        memory.forget(due(memory, time.monotonic()))
        try:
            async with asyncio.timeout(until_next(memory, time.monotonic())):
                await changed.wait()
        except TimeoutError:
            continue


def due(memory: Memory, now: float) -> list[str]:
    """The ids of the items whose keep is over at `now` (monotonic seconds)."""
    return [item.id for item in memory.newest() if item.born + memory.keep_s <= now]


def until_next(memory: Memory, now: float) -> float | None:
    """Seconds until the oldest item is due; None when there is none."""
    born = memory.oldest_born()
    return None if born is None else max(0.0, born + memory.keep_s - now)
