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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingle.engine.child import step
from ingle.engine.child.bindings import Context
from ingle.engine.child.pace import FEW_ROWS
from ingle.engine.child.scheduler import Budget, Claim, Holder, Waiting, evict_for, plan, queue_order
from ingle.engine.child.slots import Slots
from ingle.engine.child.work import Feed, Work
from ingle.errors import EngineUnavailable, IngleError

log = logging.getLogger(__name__)

WORTH_CUTTING = 48
"""Rows: a shorter step is over before an abort would pay."""

SHORT_MS = 20.0
"""The loop may stand still for so long: a cancel that comes meanwhile is heard at the step's end."""
TURNS = 3
"""Of the event loop between short steps: bytes arrive, become a message, and wake its handler."""

HOLD_S = 60.0
"""A request that does not fit may be overtaken by interactive ones for so long."""


@dataclass(eq=False)
class Ticket:
    """A work's stay in the engine; `finished` resolves when it is done or failed."""

    work: Work
    key: int
    arrived: float
    finished: asyncio.Future[None]
    started: float | None = None
    first_result: float | None = None
    ended: float | None = None
    passed_over: int = 0
    evictions: int = 0


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
        self._context, self._slots, self._budget = context, slots, budget
        self._executor = executor
        self._keys = itertools.count()
        self._waiting: dict[int, Ticket] = {}
        self._running: dict[int, Ticket] = {}
        self._in_flight: dict[int, list[Feed]] = {}
        self._freed: list[int] = []
        self._wake = asyncio.Event()
        self.counters = Counters()

    # ---- for requests

    @contextmanager
    def enter(self, work: Work) -> Iterator[Ticket]:
        """Have `work` run until the block is left; whoever leaves early takes it out at a step."""
        now = time.monotonic()
        ticket = Ticket(work, next(self._keys), now, asyncio.get_running_loop().create_future())
        self._waiting[ticket.key] = ticket
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
        self._waiting.pop(ticket.key, None)
        feeds = self._in_flight.get(ticket.key)
        if feeds is None:
            self._release(ticket)
            ticket.work.close()
        elif len(self._in_flight) == 1:
            self._cut_if_long()
        self._wake.set()

    def _cut_for(self, work: Work) -> None:
        ranks = [self._running[key].work.rank for key in self._in_flight if key in self._running]
        if ranks and min(ranks) > work.rank:
            self._cut_if_long()

    def _cut_if_long(self) -> None:
        if (
            sum(len(feed.tokens) for feeds in self._in_flight.values() for feed in feeds)
            >= WORTH_CUTTING
        ):
            self._context.abort()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    # ---- the loop

    async def run(self) -> None:
        """Step while there is work."""
        while True:
            self._admit()
            shares = plan(self._claims(), self._budget)
            if not shares:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._step(shares)

    async def _step(self, shares: dict[int, int]) -> None:
        self._in_flight = {key: self._running[key].work.take(rows) for key, rows in shares.items()}
        feeds = [feed for each in self._in_flight.values() for feed in each]
        freed, self._freed = self._freed, []
        self._context.allow()
        outcome = await self._decoded(feeds, freed)
        in_flight, self._in_flight = self._in_flight, {}
        self._count(outcome, in_flight)
        self._hand_out(outcome, in_flight)
        for key, ticket in list(self._running.items()):
            ticket.passed_over = 0 if key in shares else ticket.passed_over + 1

    async def _decoded(self, feeds: Sequence[Feed], freed: Sequence[int]) -> step.Outcome:
        """A short step runs right here: two hand-overs between threads take a tenth of it. During
        a long one the loop goes on, to hear of a cancel or of somebody more important."""
        if self._is_short(feeds):
            for _ in range(TURNS):
                await asyncio.sleep(0)
            return step.run(self._context, feeds, freed)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, step.run, self._context, feeds, freed)

    def _is_short(self, feeds: Sequence[Feed]) -> bool:
        rows = sum(len(feed.tokens) for feed in feeds)
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
            for key, ticket in self._running.items()
        ]

    def _count(self, outcome: step.Outcome, in_flight: dict[int, list[Feed]]) -> None:
        self.counters.steps += 1
        self.counters.step_ms.append(outcome.ms)
        if outcome.code:
            return
        for key, feeds in in_flight.items():
            rows = sum(len(feed.tokens) for feed in feeds)
            ticket = self._running.get(key)
            if ticket is not None and ticket.work.is_generating:
                self.counters.decoded += rows
            else:
                self.counters.prefilled += rows

    def _hand_out(self, outcome: step.Outcome, in_flight: dict[int, list[Feed]]) -> None:
        position = 0
        for key, feeds in in_flight.items():
            part = slice(position, position + len(feeds))
            position += len(feeds)
            ticket = self._running[key]
            if ticket.finished.done():  # it left while the step ran
                self._release(ticket)
                ticket.work.close()
            elif outcome.is_aborted:
                ticket.work.undo(feeds, outcome.kept[part])
            elif outcome.code:
                log.warning("llama_decode returned %d", outcome.code)
                self._settle(ticket, EngineUnavailable("the model could not go on: out of memory"))
            else:
                ticket.work.accept(feeds, outcome.values[part])
                self._after_accept(ticket, any(outcome.values[part]))

    def _after_accept(self, ticket: Ticket, has_result: bool) -> None:
        if has_result and ticket.first_result is None:
            ticket.first_result = time.monotonic()
        if not ticket.work.rows:
            self._settle(ticket, None)

    def _settle(self, ticket: Ticket, error: IngleError | None) -> None:
        ticket.ended = time.monotonic()
        self._release(ticket)
        if ticket.finished.done():
            return
        if error is None:
            ticket.finished.set_result(None)
        else:
            ticket.finished.set_exception(error)

    def _release(self, ticket: Ticket) -> None:
        if self._running.pop(ticket.key, None) is not None:
            self._give_back(ticket)

    def _give_back(self, ticket: Ticket) -> None:
        grant = ticket.work.grant
        assert grant is not None
        self._slots.give_back(grant)
        self._freed += [grant.seq, *grant.copies]

    # ---- who may start

    def _admit(self) -> None:
        now = time.monotonic()
        queue = queue_order(
            Waiting(ticket.key, ticket.work.rank, now - ticket.arrived)
            for ticket in self._waiting.values()
        )
        blocked = False
        for one in queue:
            ticket = self._waiting[one.key]
            if blocked and one.rank:
                continue
            if self._fits(ticket.work):
                self._start(ticket, now)
            elif one.rank == 0 or one.waited_s > HOLD_S:
                return
            else:
                blocked = True

    def _fits(self, work: Work) -> bool:
        """Whether there is room now; makes it at the expense of background work if it may."""
        free = self._slots.free_for(work.rank, work.cells)
        victims = evict_for(work.rank, work.cells, free, self._holders())
        for key in victims or ():
            self._evict(self._running.pop(key))
        return victims is not None

    def _holders(self) -> Sequence[Holder]:
        return [
            Holder(key, ticket.work.rank, ticket.work.cells, ticket.evictions)
            for key, ticket in self._running.items()
        ]

    def _evict(self, ticket: Ticket) -> None:
        self._give_back(ticket)
        ticket.work.restart()
        ticket.evictions += 1
        ticket.passed_over = 0
        self._waiting[ticket.key] = ticket

    def _start(self, ticket: Ticket, now: float) -> None:
        del self._waiting[ticket.key]
        ticket.work.grant = self._slots.take(ticket.work.cells)
        if ticket.started is None:
            ticket.started = now
        self._running[ticket.key] = ticket
        if not ticket.work.rows:
            self._settle(ticket, None)
