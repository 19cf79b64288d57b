"""The loop that runs all work in batches: admit, plan, step, hand out, again; asleep when idle.

All of its state is touched on the event loop only; a step gets finished feeds and gives back values,
a long one on the decoding thread. Cancelling is leaving: it takes effect at the step's end, and a
long step in flight that mostly serves what is gone, or keeps somebody more important waiting, is cut.
"""

import asyncio
import itertools
import logging
import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingle.engine.child import step
from ingle.engine.child.llama.context import Context
from ingle.engine.child.pace import FEW_ROWS
from ingle.engine.child.scheduler import Budget, Claim, plan
from ingle.engine.child.seating import Seating, Ticket
from ingle.engine.child.slots import Slots
from ingle.engine.child.work.base import Feed, Work
from ingle.errors import EngineUnavailable

log = logging.getLogger(__name__)

WORTH_CUTTING = 48
"""Rows: a shorter step is over before an abort would pay."""

SHORT_MS = 20.0
"""The loop may stand still for so long: a cancel that comes meanwhile is heard at the step's end."""
TURNS = 3
"""Of the event loop between short steps: bytes arrive, become a message, and wake its handler."""


@dataclass
class Counters:
    """Since the start of the child."""

    steps: int = 0
    decoded: int = 0
    prefilled: int = 0
    step_ms: deque[float] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def median_ms(self) -> float:
        return statistics.median(self.step_ms) if self.step_ms else 0.0


class Engine:
    """Runs works on a context; `run` lives as long as the child."""

    def __init__(
        self, context: Context, slots: Slots, budget: Budget, executor: ThreadPoolExecutor
    ) -> None:
        self._context, self._budget, self._executor = context, budget, executor
        self._seating = Seating(context, slots)
        self._keys = itertools.count()
        self._in_flight: dict[int, list[Feed]] = {}
        self._wake = asyncio.Event()
        self.counters = Counters()

    # ---- for requests

    @contextmanager
    def enter(self, work: Work) -> Iterator[Ticket]:
        """Have `work` run until the block is left; whoever leaves early takes it out at a step."""
        now = time.monotonic()
        ticket = Ticket(work, next(self._keys), now, asyncio.get_running_loop().create_future())
        self._seating.waiting[ticket.key] = ticket
        self._cut_for(work)
        self._wake.set()
        try:
            yield ticket
        finally:
            self._leave(ticket)

    def _leave(self, ticket: Ticket) -> None:
        if not ticket.finished.done():
            ticket.finished.cancel()
        elif not ticket.finished.cancelled():
            ticket.finished.exception()  # retrieved: nobody may have waited for it
        self._seating.waiting.pop(ticket.key, None)
        if not self._in_flight or ticket.key not in self._seating.running:
            self._clear(ticket)
        elif set(self._in_flight) == {ticket.key}:
            self._cut_if_long()
        self._wake.set()

    def _clear(self, ticket: Ticket) -> None:
        self._seating.release(ticket)
        ticket.work.close()

    def _cut_for(self, work: Work) -> None:
        running = self._seating.running
        ranks = [running[key].work.rank for key in self._in_flight if key in running]
        if ranks and min(ranks) > work.rank:
            self._cut_if_long()

    def _cut_if_long(self) -> None:
        if _rows(feed for feeds in self._in_flight.values() for feed in feeds) >= WORTH_CUTTING:
            self._context.abort()

    @property
    def running(self) -> int:
        return len(self._seating.running)

    @property
    def waiting(self) -> int:
        return len(self._seating.waiting)

    # ---- the loop

    async def run(self) -> None:
        """Step while there is work."""
        while True:
            self._seating.admit()
            shares = plan(self._claims(), self._budget)
            if not shares:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._step(shares)

    async def _step(self, shares: dict[int, int]) -> None:
        running = self._seating.running
        self._in_flight = {key: running[key].work.take(rows) for key, rows in shares.items()}
        feeds = [feed for each in self._in_flight.values() for feed in each]
        self._context.allow()
        outcome = await self._decoded(feeds)
        in_flight, self._in_flight = self._in_flight, {}
        self._count(outcome, in_flight)
        self._hand_out(outcome, in_flight)
        self._clear_gone()
        for key, ticket in running.items():
            ticket.passed_over = 0 if key in shares else ticket.passed_over + 1

    async def _decoded(self, feeds: Sequence[Feed]) -> step.Outcome:
        """A short step runs right here: two hand-overs between threads take a tenth of it. During
        a long one the loop goes on, to hear of a cancel or of somebody more important."""
        if self._is_short(feeds):
            for _ in range(TURNS):
                await asyncio.sleep(0)
            return step.run(self._context, feeds)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, step.run, self._context, feeds)

    def _is_short(self, feeds: Sequence[Feed]) -> bool:
        rows = _rows(feeds)
        return rows <= FEW_ROWS and rows * self._context.row_ms <= SHORT_MS

    def _claims(self) -> list[Claim]:
        return [
            Claim(
                key,
                ticket.work.rank,
                ticket.work.rows,
                ticket.work.is_generating,
                ticket.work.is_dense,
                ticket.passed_over,
            )
            for key, ticket in self._seating.running.items()
        ]

    def _count(self, outcome: step.Outcome, in_flight: dict[int, list[Feed]]) -> None:
        self.counters.steps += 1
        self.counters.step_ms.append(outcome.ms)
        if outcome.code:
            return
        for key, feeds in in_flight.items():
            if self._seating.running[key].work.is_generating:
                self.counters.decoded += _rows(feeds)
            else:
                self.counters.prefilled += _rows(feeds)

    def _hand_out(self, outcome: step.Outcome, in_flight: dict[int, list[Feed]]) -> None:
        position = 0
        for key, feeds in in_flight.items():
            part = slice(position, position + len(feeds))
            position += len(feeds)
            ticket = self._seating.running[key]
            if outcome.is_aborted:
                ticket.work.undo(feeds, outcome.kept[part])
            elif outcome.code:
                log.warning("llama_decode returned %d", outcome.code)
                self._seating.settle(
                    ticket, EngineUnavailable("the model could not go on: out of memory")
                )
            else:
                ticket.work.accept(feeds, outcome.values[part])
                self._after_accept(ticket, any(outcome.values[part]))

    def _after_accept(self, ticket: Ticket, has_result: bool) -> None:
        if has_result and ticket.first_result is None:
            ticket.first_result = time.monotonic()
        if not ticket.work.rows:
            self._seating.settle(ticket)

    def _clear_gone(self) -> None:
        """Those who left while the step ran."""
        gone = [ticket for ticket in self._seating.running.values() if ticket.finished.cancelled()]
        for ticket in gone:
            self._clear(ticket)


def _rows(feeds: Iterable[Feed]) -> int:
    return sum(len(feed.tokens) for feed in feeds)
