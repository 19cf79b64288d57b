"""Descriptors beside bytes: they belong to their frame, and those that nobody takes are closed."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil
import pytest

from ingle.errors import ConnectionLost
from ingle.rpc.descriptors import DescriptorStream
from ingle.rpc.streams import FrameStream, StreamLimits

PATIENCE_S = 10


@dataclass
class Pair:
    sender: FrameStream
    receiver: DescriptorStream

    def __post_init__(self) -> None:
        self._frames = self.receiver.frames()

    async def next(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(self._frames)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket.socketpair()
    both = Pair(
        await FrameStream.over(ours, StreamLimits()), await DescriptorStream.over(theirs, StreamLimits())
    )
    yield both
    both.sender.abort()
    both.receiver.abort()
    both.receiver.release()
    await both.sender.close()
    await both.receiver.close()


def pipe(text: bytes) -> int:
    """The reading end of a pipe that says this."""
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    return reading


async def send(pair: Pair, frame: bytes, *texts: bytes) -> int:
    """Gives the inode of the last pipe."""
    numbers = [pipe(text) for text in texts]
    await pair.sender.write_with(frame, numbers)
    inode = os.fstat(numbers[-1]).st_ino
    for number in numbers:
        os.close(number)
    return inode


def said(numbers: list[int]) -> list[bytes]:
    texts = [os.read(number, 100) for number in numbers]
    for number in numbers:
        os.close(number)
    return texts


async def test_they_arrive_together_and_in_order(pair: Pair) -> None:
    await pair.sender.write(b"before\n")
    inode = await send(pair, b"with\n", b"one", b"two", b"three")
    await pair.sender.write(b"after\n")
    assert [await pair.next() for _ in range(3)] == [b"before", b"with", b"after"]
    assert said(pair.receiver.take(inode)) == [b"one", b"two", b"three"]


async def test_they_wait_for_what_was_written_before(pair: Pair) -> None:
    long = b"x" * 900_000 + b"\n"
    pair.sender.write_soon(long)
    sending = asyncio.ensure_future(send(pair, b"with\n", b"one"))
    assert await pair.next() == long.strip()
    assert await pair.next() == b"with"
    assert said(pair.receiver.take(await sending)) == [b"one"]


async def test_what_a_cancelled_request_left_misleads_no_later_one(pair: Pair) -> None:
    for _ in range(3):
        await send(pair, b"cancelled\n", b"nobody", b"wants it")
        await pair.next()
    before = psutil.Process().num_fds()
    inode = await send(pair, b"wanted\n", b"this")
    await pair.next()
    assert said(pair.receiver.take(inode)) == [b"this"]
    assert psutil.Process().num_fds() == before - 6


async def test_what_was_announced_and_did_not_come_is_an_error(pair: Pair) -> None:
    with pytest.raises(ConnectionLost):
        pair.receiver.take(1)


async def test_what_was_not_taken_is_closed_in_the_end(pair: Pair) -> None:
    before = psutil.Process().num_fds()
    await send(pair, b"frame\n", b"one", b"two")
    await pair.next()
    assert psutil.Process().num_fds() == before + 2
    pair.receiver.release()
    assert psutil.Process().num_fds() == before - 1


async def test_the_end_of_the_other_side_ends_the_frames(pair: Pair) -> None:
    pair.sender.abort()
    with pytest.raises(StopAsyncIteration):
        await pair.next()


async def test_an_abort_wakes_who_reads(pair: Pair) -> None:
    reading = asyncio.ensure_future(pair.next())
    await asyncio.sleep(0)
    pair.receiver.abort()
    with pytest.raises(StopAsyncIteration):
        await reading


async def test_one_who_does_not_read_is_dropped(pair: Pair) -> None:
    with pytest.raises(ConnectionLost):
        for _ in range(10_000):
            await send(pair, b"x" * 1000 + b"\n", b"one")
