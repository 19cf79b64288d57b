"""The loop that runs all work in batches: admit, plan, step, hand out, again; asleep when idle.

All of its state is touched on the event loop only; a step gets finished feeds and gives back values,
a long one on the decoding thread. Cancelling is leaving: it takes effect at the step's end, and a
long step in flight that mostly serves what is gone, or keeps somebody more important waiting, is cut.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from ingle.engine.child import shelf, step
from ingle.engine.child.arrivals import Arrivals
from ingle.engine.child.burst import Burst, Done
from ingle.engine.child.counters import Counters
from ingle.engine.child.keeper import Keeper
from ingle.engine.child.llama.context import Context
from ingle.engine.child.memory import Memory
from ingle.engine.child.pace import Pace
from ingle.engine.child.scheduler import INTERACTIVE, NOBODY, Budget, Claim, passed_over, plan
from ingle.engine.child.seating import Seating, Ticket
from ingle.engine.child.slots import Slots
from ingle.engine.child.snapshots import Folder
from ingle.engine.child.work.base import Feed, Work
from ingle.engine.machine import available_memory
from ingle.errors import BadModelFile, EngineUnavailable, IngleError

log = logging.getLogger(__name__)

WORTH_CUTTING_MS = 10.0
"""A step that is probably over sooner is not cut: what was computed of it would be lost."""

SHORT_MS = 30.0
"""The loop may stand still for so long: a cancel that comes meanwhile is heard at the step's end."""

BURST = 16
"""Steps in a row, at most, before others may use the context."""

ANSWER_TURNS = 6
"""Of the loop, until an answer is on its way: from the end of a work to bytes on the socket."""

QUIET_S = 0.5
"""Without work, until the machine counts as idle: between two requests of one task it is not."""


class Visitor(Protocol):
    """Computes in a context of its own, in turns that the loop gives it: `embedder.Embedder`."""

    @property
    def is_waiting(self) -> bool:
        """Whether it wants a turn."""

    async def step(self, urgency: int) -> bool:
        """Take one, unless it is the engine's, whose most important request is of class `urgency`."""

    def cut_for(self, rank: int) -> None:
        """A request of this class has come."""


class Engine:
    """Runs works on a context; `run` lives as long as the child."""

    def __init__(
        self,
        context: Context,
        slots: Slots,
        budget: Budget,
        pace: Pace,
        executor: ThreadPoolExecutor,
        arrivals: Arrivals,
        folder: Folder | None,
    ) -> None:
        self._context, self._budget, self._pace = context, budget, pace
        self._executor, self._arrivals = executor, arrivals
        memory = Memory(context, slots, shelf.room(available_memory()))
        self._seating, self._keeper = Seating(memory, slots, pace), Keeper(memory, folder)
        self._keys = itertools.count()
        self._in_flight: dict[int, list[Feed]] = {}
        self._burst: Burst | None = None
        """The steps on their way, where they are the decoding thread's."""
        self._in_use = context
        """The context of the step in flight: everybody's, or one work's own."""
        self._is_usual = True
        """Whether the step in flight costs what such steps cost."""
        self._ends = 0.0
        """When the step in flight will probably be over."""
        self._waited: dict[int, float] = {}
        """For how many milliseconds each class has been passed over."""
        self._began = 0.0
        self._wake = asyncio.Event()
        self.free = asyncio.Lock()
        """Who holds it has the context to itself, between two steps; a step holds it."""
        self.counters = Counters()
        self.visitor: Visitor | None = None

    def restore(self) -> int:
        """Before `run`: take what is kept from an earlier life; gives how many beginnings."""
        return self._keeper.restore()

    # ---- for requests

    @contextmanager
    def enter(self, work: Work) -> Iterator[Ticket]:
        """Have `work` run until the block is left; whoever leaves early takes it out at a step."""
        now = time.monotonic()
        ticket = Ticket(work, next(self._keys), now, asyncio.get_running_loop().create_future())
        self._seating.waiting[ticket.key] = ticket
        self._keeper.saw(work)
        self.knock(work.rank)
        if self.visitor is not None:
            self.visitor.cut_for(work.rank)
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
        self._rouse()

    def _clear(self, ticket: Ticket) -> None:
        self._seating.release(ticket)
        ticket.work.close()

    def knock(self, rank: int) -> None:
        """Somebody of this class has come: what is less important gives way, and the loop wakes."""
        running = self._seating.running
        ranks = [running[key].work.rank for key in self._in_flight if key in running]
        if ranks and min(ranks) > rank:
            self._cut_if_long()
        self._rouse()

    def _rouse(self) -> None:
        """Something has changed: the next step is decided anew."""
        if self._burst is not None:
            self._burst.stop()
        self._wake.set()

    def _cut_if_long(self) -> None:
        if not 0 <= self._ends - time.monotonic() <= WORTH_CUTTING_MS / 1000:
            self._in_use.abort()

    @property
    def running(self) -> int:
        return len(self._seating.running)

    @property
    def waiting(self) -> int:
        return len(self._seating.waiting)

    # ---- the loop

    async def run(self) -> None:
        """Step while there is work."""
        self._began = time.perf_counter()
        while True:
            async with self.free:
                is_visited = await self._is_visited()
                is_busy = not is_visited and await self._go_on()
            if is_busy:
                self._was_busy()
            elif not is_visited:
                self._wake.clear()
                await self._rest()
            self._began = time.perf_counter()

    def _was_busy(self) -> None:
        now = time.perf_counter()
        self.counters.busy_ms += (now - self._began) * 1000
        self._began = now

    async def _is_visited(self) -> bool:
        """Whether this turn was the visitor's."""
        if self.visitor is None or not self.visitor.is_waiting:
            return False
        tickets = [*self._seating.running.values(), *self._seating.waiting.values()]
        return await self.visitor.step(min((ticket.work.rank for ticket in tickets), default=NOBODY))

    async def _rest(self) -> None:
        """Until there is work; in a quiet moment what is worth it is kept for the next life."""
        self._seating.tidy()
        while self._keeper.has_work and not self._wake.is_set():
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._wake.wait()
            except TimeoutError:
                async with self.free:
                    self._keeper.work()
        await self._wake.wait()

    async def _go_on(self) -> bool:
        """One step, if there is work."""
        self._seating.admit()
        shares, self._waited = self._plan()
        if shares:
            await self._step(shares)
        return bool(shares)

    def _plan(self) -> tuple[dict[int, int], dict[int, float]]:
        """The next step, and for how long each class has been passed over after it."""
        running = self._seating.running
        if len(running) == 1:  # a text that is written alone has nothing to decide
            ((key, ticket),) = running.items()
            if ticket.work.is_generating and ticket.work.rows == 1:
                return {key: 1}, self._waited
        claims = self._claims()
        depth = sum(ticket.work.fed for ticket in running.values()) / max(len(running), 1)
        cost = self._pace.behind(depth)
        shares = plan(claims, self._budget, cost, self._waited)
        return shares, passed_over(claims, shares, self._waited, cost.ms(sum(shares.values())))

    async def _step(self, shares: dict[int, int]) -> None:
        """One step, or several of the same texts."""
        running = self._seating.running
        self._use(running[next(iter(shares))].work)
        self._in_flight = {key: running[key].work.take(rows) for key, rows in shares.items()}
        first = [feed for each in self._in_flight.values() for feed in each]
        async for feeds, outcome in self._decoded(first, self._may_follow(shares)):
            if feeds is not first:
                self._in_flight = {key: [feed] for key, feed in zip(shares, feeds, strict=True)}
            self._count(outcome, self._in_flight)
            self._hand_out(outcome, self._in_flight)
            if self._burst is not None and not self._goes_on(shares):
                self._burst.stop()
                self._cut_unneeded(shares)
        self._in_flight, self._burst = {}, None
        for key, ticket in running.items():
            ticket.passed_over = 0 if key in shares else ticket.passed_over + 1
        has_answers = self._settle_done(shares)
        self._clear_gone()
        if has_answers:
            self._was_busy()  # whoever has the answer may ask what it took
            for _ in range(ANSWER_TURNS):
                await asyncio.sleep(0)
            self._seating.tidy()

    def _may_follow(self, shares: dict[int, int]) -> int:
        """Steps that may be taken before what came of the first is accepted: several where only texts
        are served, and all others that run are less important. A text that ends ends the row."""
        running = self._seating.running
        top = min(running[key].work.rank for key in shares)
        if any(ticket.work.rank <= top for key, ticket in running.items() if key not in shares):
            return 1
        return min(BURST, *(running[key].work.ahead for key in shares))

    def _goes_on(self, shares: dict[int, int]) -> bool:
        """Whether the step after the one in flight would be decided in the same way."""
        running = self._seating.running
        if any(key not in running or not running[key].work.rows for key in shares):
            return False
        following, waited = self._plan()
        if following == shares:
            self._waited = waited
        return following == shares

    def _cut_unneeded(self, shares: dict[int, int]) -> None:
        """A step on its way that goes on with nothing but texts that have ended."""
        running = self._seating.running
        if not any(key in running and running[key].work.rows for key in shares):
            self._cut_if_long()

    def _use(self, work: Work) -> None:
        """Its context and its adapter: all of a step have the same."""
        self._in_use = self._context if work.context is None else work.context
        if work.adapter is None:
            self._is_usual = not self._in_use.use_adapter(None)
        else:
            self._is_usual = not self._in_use.use_adapter(work.adapter.adapter, work.adapter.scale)

    async def _decoded(self, feeds: Sequence[Feed], most: int) -> AsyncIterator[Done]:
        """A single short step runs right here: two hand-overs between threads take a tenth of it.
        During a long one the loop goes on, to hear of a cancel or of somebody more important; and
        during `most` short ones, to pass on what they give.

        So does it during one with several threads. libgomp keeps a team for every thread that
        decodes with more than one, and as soon as two teams have more threads than there are
        cores, none of them spins at a barrier any more, and steps take twice as long.

        A work with a context of its own is computed with the same threads every time: attention
        is summed up in as many parts.
        """
        rows, depth = _rows(feeds), _depth(feeds)
        context, ms = self._in_use, self._pace.behind(depth).ms(rows)
        is_shared = context is self._context
        running, pace = self._seating.running, self._pace
        is_urgent = any(running[key].work.rank == INTERACTIVE for key in self._in_flight)
        threads = pace.threads(rows, is_urgent=is_urgent) if is_shared else pace.most_threads
        context.allow()
        self._ends = time.monotonic() + ms / 1000
        if most == 1 and threads == 1 and 0 < ms <= SHORT_MS:
            await self._arrivals.let_in()
            steps = _at_once((feeds, step.run(context, feeds, threads)))
        else:
            self._burst = Burst(context, feeds, threads, most)
            steps = self._burst.steps(self._executor)
        async for done in steps:
            self._ends = time.monotonic() + ms / 1000
            if self._is_usual and is_shared and not done[1].code:
                pace.observe(rows, threads, done[1].decode_ms, depth)
                if self._burst is not None and pace.threads(rows, is_urgent=is_urgent) != threads:
                    self._burst.stop()
            self._is_usual = True
            yield done

    def _claims(self) -> list[Claim]:
        groups = {"": 0}
        return [
            Claim(
                key,
                ticket.work.rank,
                ticket.work.rows,
                ticket.work.is_generating,
                ticket.work.is_dense,
                ticket.passed_over,
                group=groups.setdefault(ticket.work.prefix_key, len(groups)),
                gain=ticket.work.gain,
            )
            for key, ticket in self._seating.running.items()
        ]

    def _count(self, outcome: step.Outcome, in_flight: dict[int, list[Feed]]) -> None:
        self.counters.count(outcome.decode_ms, is_cut=outcome.is_aborted)
        if outcome.code:
            return
        values = iter(outcome.values)
        for key, feeds in in_flight.items():
            chosen = sum(len(read) for read in itertools.islice(values, len(feeds)))
            if self._seating.running[key].work.is_generating:
                self.counters.decoded += chosen  # of a draft, what was right
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
            elif outcome.lost:
                if any(feed.seq in outcome.lost for feed in feeds):
                    self._seating.lose(ticket)
            elif outcome.code:
                log.warning("llama_decode returned %d", outcome.code)
                self._seating.settle(ticket, _failure(outcome.code))
            elif ticket.work.rows:  # else its text ended while this was on its way
                ticket.work.accept(feeds, outcome.values[part])
                if ticket.first_result is None and any(outcome.values[part]):
                    ticket.first_result = time.monotonic()

    def _settle_done(self, keys: Iterable[int]) -> bool:
        """Whether somebody has an answer now."""
        running = self._seating.running
        done = [running[key] for key in keys if key in running and not running[key].work.rows]
        for ticket in done:
            self._seating.settle(ticket)
        return bool(done)

    def _clear_gone(self) -> None:
        """Those who left while the step ran."""
        gone = [ticket for ticket in self._seating.running.values() if ticket.finished.cancelled()]
        for ticket in gone:
            self._clear(ticket)


async def _at_once(done: Done) -> AsyncIterator[Done]:
    yield done


def _failure(code: int) -> IngleError:
    if code == step.NO_NUMBERS:
        return BadModelFile(
            "with this adapter the model computes what is no number",
            "a smaller scale may help; otherwise the adapter is damaged or of another model",
        )
    return EngineUnavailable("the model could not go on: out of memory")


def _rows(feeds: Iterable[Feed]) -> int:
    return sum(len(feed.tokens) for feed in feeds)


def _depth(feeds: Sequence[Feed]) -> float:
    """How many tokens of its text a row has before it, on average."""
    before = sum((feed.start + len(feed.tokens) / 2) * len(feed.tokens) for feed in feeds)
    return before / _rows(feeds)
