"""Pipes on an asyncio loop, as Wayland moves what is copied: read within bounds, or filled.

Neither side trusts the other: every wait has an end, and no more than a limit is read.
"""

import asyncio
import os
from collections.abc import Callable

from ingle.sdk.wayland.outcomes import TooMuch

ANSWER_S = 1.0
"""Between two pieces."""
TRANSFER_S = 5.0
"""For all of it."""
CHUNK = 65536


async def drain(fd: int, most: int) -> bytes:
    """Everything up to the end, `most` bytes at the most; closes `fd`.

    Raises `TooMuch` and `TimeoutError`.
    """
    whole, loop = bytearray(), asyncio.get_running_loop()
    try:
        os.set_blocking(fd, False)
        async with asyncio.timeout(TRANSFER_S):
            while True:
                await _ready(fd, loop.add_reader, loop.remove_reader)
                piece = os.read(fd, CHUNK)
                if not piece:
                    return bytes(whole)
                whole += piece
                if len(whole) > most:
                    raise TooMuch
    finally:
        os.close(fd)


async def pour(fd: int, raw: bytes) -> bool:
    """Write all of it, and tell whether it was taken in time; closes `fd`."""
    loop, rest = asyncio.get_running_loop(), memoryview(raw)
    try:
        os.set_blocking(fd, False)
        async with asyncio.timeout(TRANSFER_S):
            while rest:
                await _ready(fd, loop.add_writer, loop.remove_writer)
                rest = rest[os.write(fd, rest[:CHUNK]) :]
    except (OSError, TimeoutError):  # whoever pastes has gone, or does not read
        return False
    finally:
        os.close(fd)
    return True


async def _ready(fd: int, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    """Until something can be done with `fd`. Raises `TimeoutError`."""
    ready = asyncio.Event()
    add(fd, ready.set)
    try:
        async with asyncio.timeout(ANSWER_S):
            await ready.wait()
    finally:
        remove(fd)
