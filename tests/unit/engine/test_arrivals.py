"""Requests on their way in are let in before the next step; where nobody comes, one turn is all."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from ingle.engine.child.arrivals import Arrivals


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def turns(arrivals: Arrivals) -> int:
    """Of the event loop during `let_in`."""
    count, letting = 0, asyncio.ensure_future(arrivals.let_in())
    while not letting.done():
        count += 1
        await asyncio.sleep(0)
    return count


async def test_one_turn_where_nobody_comes(pair: tuple[socket.socket, socket.socket]):
    arrivals = Arrivals()
    arrivals.listen(pair[0])
    assert await turns(arrivals) <= 3


async def test_bytes_that_wait_become_a_request(pair: tuple[socket.socket, socket.socket]):
    ours, theirs = pair
    arrivals, found = Arrivals(), list[bytes]()
    arrivals.listen(ours)

    async def read() -> None:
        data = await asyncio.get_running_loop().sock_recv(ours, 100)
        with arrivals.preparing():
            await asyncio.get_running_loop().run_in_executor(None, found.append, data)

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    theirs.send(b"a request")
    await arrivals.let_in()
    assert found == [b"a request"]
    await reading


async def test_a_long_preparation_does_not_hold_up_the_steps():
    arrivals, forever = Arrivals(), asyncio.Event()

    async def prepare() -> None:
        with arrivals.preparing():
            await forever.wait()

    preparing = asyncio.ensure_future(prepare())
    await asyncio.sleep(0)
    await asyncio.wait_for(arrivals.let_in(), 10)
    assert not preparing.done()
    preparing.cancel()
