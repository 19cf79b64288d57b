"""The engine's requests over a model of the KV cache: its loop without a model, without time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from fakes.cells import FakeCells, next_token
from ingle.engine.child.memory import Memory
from ingle.engine.child.pace import Pace
from ingle.engine.child.seating import Seating, Ticket
from ingle.engine.child.slots import Slots
from ingle.engine.child.text import TextStream
from ingle.engine.child.work.base import Work
from ingle.engine.child.work.generation import Generation


class Choosing:
    """A sampler whose choice the cells know."""

    is_complete = False

    def pick(self, context: Any, row: int) -> int | None:
        raise AssertionError("the cells answer")

    def close(self) -> None: ...


def generation(rank: int, prompt: Sequence[int], most: int = 6) -> Generation:
    return Generation(
        rank, list(prompt), most, Choosing(), TextStream(()),
        lambda token: f"<{token}>".encode(), lambda token: False, lambda _: None,
    )  # fmt: skip


def alone(work: Work) -> list[int]:
    """What a generation writes when there is nobody else."""
    assert isinstance(work, Generation)
    seen = list(work.prompt)
    for _ in range(work.max_tokens):
        seen.append(next_token(seen))
    return seen[len(work.prompt) :]


def flat_pace() -> Pace:
    """Of a machine on which more rows cost nothing: as many run side by side as there is room for."""
    pace = Pace(1, is_tuned=False)
    pace.observe(64, 1, 1.0)
    return pace


@dataclass
class House:
    """An engine without a model: `step` is what its loop does."""

    cells: FakeCells
    slots: Slots
    shelf_bytes: int = 10_000
    now: float = 1.0
    pace: Pace = field(default_factory=flat_pace)
    tickets: list[Ticket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = Memory(self.cells, self.slots, self.shelf_bytes)
        self.seating = Seating(self.memory, self.slots, self.pace, lambda: self.now)
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def ask(self, work: Work) -> Ticket:
        ticket = Ticket(work, len(self.tickets), self.now, self._loop.create_future())
        self.tickets.append(ticket)
        self.seating.waiting[ticket.key] = ticket
        return ticket

    def leave(self, ticket: Ticket) -> None:
        ticket.finished.cancel()
        self.seating.release(ticket)

    def step(self, rows: int = 8, *, is_cut: bool = False, only: int | None = None) -> None:
        """Admit, and feed everybody who runs up to `rows` rows, or one of them."""
        self.now += 0.1
        self.seating.admit()
        assert len(self.seating.running) <= self.slots.slots
        chosen = list(self.seating.running.values())
        if only is not None and chosen:
            chosen = [chosen[only % len(chosen)]]
        for ticket in chosen:
            self._feed(ticket, rows, is_cut)
        assert self.cells.most_used <= self.slots.cells

    def _feed(self, ticket: Ticket, rows: int, is_cut: bool) -> None:
        work = ticket.work
        feeds = work.take(rows)
        if any(not self._is_ready(feed) for feed in feeds):
            self.seating.lose(ticket)
            return
        values = [self.cells.feed(feed) for feed in feeds]
        if is_cut:
            work.undo(feeds, [self.cells.kept(feed.seq) for feed in feeds])
            return
        work.accept(feeds, values)
        if not work.rows:
            self.seating.settle(ticket)
            self.seating.tidy()

    def _is_ready(self, feed: Any) -> bool:
        return feed.copy_of is not None or self.cells.rewind(feed.seq, feed.start)

    def run(self, *tickets: Ticket, most: int = 400) -> None:
        """Step until these are done."""
        for _ in range(most):
            if all(ticket.finished.done() for ticket in tickets):
                return
            self.step()
        pytest.fail("somebody waits for ever")
