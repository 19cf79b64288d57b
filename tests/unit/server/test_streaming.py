"""Deltas reach a slow client joined and in order, and the producer never waits."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ingle.errors import EngineUnavailable
from ingle.rpc.dispatcher import Call
from ingle.server.streaming import streamed
from ingle.vocabulary import Coverage

READ = Coverage(read=61, total=100, parts=2)


class SlowReader:
    """A caller that takes a piece only when it is let."""

    name, grants = "slow", None

    def __init__(self) -> None:
        self.got: list[str] = []
        self.covered: list[tuple[int, Any]] = []
        """Each coverage with the number of pieces before it."""
        self.go = asyncio.Event()
        self.busy = asyncio.Event()

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.busy.set()
        await self.go.wait()
        if "coverage" in params:
            self.covered.append((len(self.got), params["coverage"]))
        self.got.append(params["text"])


async def test_what_piles_up_is_joined_and_all_of_it_comes_before_the_result() -> None:
    reader = SlowReader()

    async def work(delta: Any) -> str:
        delta("a")
        await reader.busy.wait()
        for letter in "bcd":
            delta(letter)
        reader.go.set()
        return "done"

    assert await streamed(Call(reader, 1), True, work) == "done"  # type: ignore[arg-type]
    assert "".join(reader.got) == "abcd"
    assert len(reader.got) <= 3


async def test_how_much_is_read_is_told_before_the_first_piece() -> None:
    reader = SlowReader()
    reader.go.set()

    async def work(outlet: Any) -> str:
        outlet.covers(READ)
        await reader.busy.wait()
        outlet("a")
        return "done"

    assert await streamed(Call(reader, 1), True, work) == "done"  # type: ignore[arg-type]
    assert reader.covered == [(0, {"read": 61, "total": 100, "parts": 2})]
    assert reader.got == ["", "a"]


async def test_how_much_is_read_is_told_once_and_with_the_pieces_that_came_meanwhile() -> None:
    reader = SlowReader()
    reader.go.set()

    async def work(outlet: Any) -> str:
        outlet.covers(READ)
        outlet("a")
        await reader.busy.wait()
        outlet("b")
        return "done"

    await streamed(Call(reader, 1), True, work)  # type: ignore[arg-type]
    assert len(reader.covered) == 1
    assert reader.got == ["a", "b"]


async def test_how_much_was_read_is_told_also_where_the_result_is_there_at_once() -> None:
    reader = SlowReader()
    reader.go.set()

    async def work(outlet: Any) -> str:
        outlet.covers(READ)
        return "done"

    await streamed(Call(reader, 1), True, work)  # type: ignore[arg-type]
    assert len(reader.covered) == 1


async def test_without_streaming_nothing_is_sent() -> None:
    reader = SlowReader()

    async def work(delta: Any) -> str:
        delta("a")
        return "done"

    assert await streamed(Call(reader, 1), False, work) == "done"  # type: ignore[arg-type]
    assert not reader.busy.is_set()


async def test_an_error_of_the_producer_leaves_as_itself() -> None:
    async def work(delta: Any) -> str:
        raise EngineUnavailable("gone")

    with pytest.raises(EngineUnavailable):
        await streamed(Call(SlowReader(), 1), True, work)  # type: ignore[arg-type]
