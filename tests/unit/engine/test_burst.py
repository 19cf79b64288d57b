"""Steps in a row on another thread: what ends them, and that each is told in order.

The model here is a table: after a token comes the token plus one, and 999 ends a text.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from ingle.engine.child import step
from ingle.engine.child.burst import Burst
from ingle.engine.child.work.base import Feed, Want

END = 999


class Table:
    """Stands in for `step.run`, two steps ahead of who listens at most; `fails_at` is the step that
    llama.cpp cuts."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.decoded: list[list[Feed]] = []
        self.may_decode = threading.Semaphore(2)
        self._fails_at = fails_at

    def __call__(self, context: Any, feeds: Sequence[Feed], threads: int) -> step.Outcome:
        self.may_decode.acquire()
        self.decoded.append(list(feeds))
        if len(self.decoded) == self._fails_at:
            return step.Outcome(step.ABORTED, 1.0, kept=[feed.start for feed in feeds])
        return step.Outcome(0, 1.0, [[feed.tokens[-1] + 1] for feed in feeds])


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    found = Table()
    monkeypatch.setattr(step, "run", found)
    return found


def text(token: int, seq: int = 0, start: int = 10) -> Feed:
    return Feed(seq, start, [token], (Want(0),))


def burst(feeds: Sequence[Feed], most: int) -> Burst:
    context: Any = SimpleNamespace(vocabulary=SimpleNamespace(is_end=END.__eq__))
    return Burst(context, feeds, 1, most)


async def told(running: Burst, until: int | None = None) -> list[tuple[int, int]]:
    """Position and token of what was fed, of the first text; the burst is stopped after `until`."""
    found = []
    with ThreadPoolExecutor(1) as executor:
        async for feeds, _ in running.steps(executor):
            found.append((feeds[0].start, feeds[0].tokens[0]))
            if isinstance(step.run, Table):
                step.run.may_decode.release()
            if len(found) == until:
                running.stop()
    return found


async def test_each_token_is_fed_behind_the_one_before(table: Table):
    assert await told(burst([text(1)], 4)) == [(10, 1), (11, 2), (12, 3), (13, 4)]


async def test_a_single_step_is_one_step(table: Table):
    assert await told(burst([text(1)], 1)) == [(10, 1)]


async def test_nothing_is_fed_behind_the_end_of_a_text(table: Table):
    assert await told(burst([text(END - 2)], 16)) == [(10, END - 2), (11, END - 1)]


async def test_texts_go_on_together_and_stop_when_one_has_ended(table: Table):
    await told(burst([text(1, seq=0), text(END - 2, seq=1)], 16))
    assert [[feed.tokens[0] for feed in feeds] for feeds in table.decoded] == [
        [1, END - 2],
        [2, END - 1],
    ]


async def test_a_step_that_was_cut_is_the_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(step, "run", Table(fails_at=3))
    assert len(await told(burst([text(1)], 16))) == 3


async def test_who_stops_it_hears_of_what_was_on_its_way(table: Table):
    """However far it is ahead, nothing that was decoded is lost, and nothing comes twice."""
    heard = await told(burst([text(1)], 500), until=3)
    assert heard == [(10 + index, 1 + index) for index in range(len(heard))]
    assert len(heard) == len(table.decoded) < 500


async def test_what_breaks_in_a_step_is_raised_where_it_was_waited_for(
    monkeypatch: pytest.MonkeyPatch,
):
    def broken(*_: Any) -> step.Outcome:
        raise MemoryError

    monkeypatch.setattr(step, "run", broken)
    with pytest.raises(MemoryError):
        await told(burst([text(1)], 4))
