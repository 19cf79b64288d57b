"""What is copied through a pipe: whole, bounded, and never waited for without an end."""

import asyncio
import os

import pytest

from ingle.sdk.wayland import TooMuch, pipes


async def test_a_text_larger_than_a_pipe_passes_whole() -> None:
    raw = os.urandom(1_000_000)
    ours, theirs = os.pipe()
    poured, drained = await asyncio.gather(pipes.pour(theirs, raw), pipes.drain(ours, len(raw)))
    assert poured
    assert drained == raw


async def test_more_than_wanted_is_not_read_and_its_writer_is_told() -> None:
    ours, theirs = os.pipe()
    pouring = asyncio.ensure_future(pipes.pour(theirs, bytes(1_000_000)))
    with pytest.raises(TooMuch):
        await pipes.drain(ours, 1000)
    assert await pouring is False


async def test_a_silent_writer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "ANSWER_S", 0.01)
    ours, theirs = os.pipe()
    with pytest.raises(TimeoutError):
        await pipes.drain(ours, 1000)
    os.close(theirs)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(ours)


async def test_a_reader_that_has_gone_costs_nothing() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    assert await pipes.pour(theirs, b"x") is False
