"""Requests on their way in, while short steps keep the event loop to themselves.

A request is bytes on the socket, then a message, then a prompt that is tokenised on another thread;
each of these takes a turn of the loop. With a single turn between two steps a person's request would
be three steps older before it is known, and with many at every step, those steps would be slower for
nothing. So there are many when somebody comes, and one when nobody does.
"""

import asyncio
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

TURNS = 6
"""From bytes that can be read to a prompt that is being tokenised."""

WAIT_S = 0.003
"""For a prompt that is being tokenised: most take less; a long one is met by the next steps."""


class Arrivals:
    """Knows whether somebody comes; `let_in` gives them the loop."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._preparing: dict[asyncio.Future[None], float] = {}
        """What ends with each preparation, and when that began."""

    def listen(self, sock: socket.socket) -> None:
        """Requests come from there."""
        self._poll.register(sock, select.POLLIN)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """A request is being prepared until the block is left."""
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._preparing[end] = time.monotonic()
        try:
            yield
        finally:
            del self._preparing[end]
            end.set_result(None)

    async def let_in(self) -> None:
        """Give the loop to whoever comes; one turn where nobody does."""
        await asyncio.sleep(0)
        if not self._preparing and not self._poll.poll(0):
            return
        for _ in range(TURNS):
            await asyncio.sleep(0)
        while fresh := self._fresh():
            await asyncio.wait(fresh, timeout=WAIT_S)
            await asyncio.sleep(0)

    def _fresh(self) -> list[asyncio.Future[None]]:
        """Preparations that will probably end soon."""
        now = time.monotonic()
        return [end for end, began in self._preparing.items() if now - began < WAIT_S]
