"""Forgetting in time: what is older than its keep goes, without a poll.

The task sleeps until the oldest on a shelf is due, or for ever when there is none.
"""

import asyncio
import time
from typing import Any

from ingle.context.shelf import Shelf


async def enforce(shelf: Shelf[Any]) -> None:
    """Forget what is due; lives as long as the daemon."""
    changed = asyncio.Event()
    shelf.on_change = changed.set
    while True:
        changed.clear()
        shelf.forget(due(shelf, time.monotonic()))
        try:
            async with asyncio.timeout(until_next(shelf, time.monotonic())):
                await changed.wait()
        except TimeoutError:
            continue


def due(shelf: Shelf[Any], now: float) -> list[str]:
    """The ids of the items whose keep is over at `now` (monotonic seconds)."""
    return [item.id for item in shelf.newest() if item.born + shelf.keep_s <= now]


def until_next(shelf: Shelf[Any], now: float) -> float | None:
    """Seconds until the oldest item is due; None when there is none."""
    born = shelf.oldest_born()
    return None if born is None else max(0.0, born + shelf.keep_s - now)
