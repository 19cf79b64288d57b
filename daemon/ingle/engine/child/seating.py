"""The requests in the engine: who waits, who runs, who gives way to whom.

The decisions are `queueing`'s; what happens to the memory is `memory`'s. Called between steps only,
when the context is nobody else's; a request that leaves while it waits touches no memory.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ingle.engine.child.memory import Memory
from ingle.engine.child.queueing import Gate, Holder, Waiting, queue_order, victims_for
from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE, Cost, side_by_side
from ingle.engine.child.slots import Slots, Use
from ingle.engine.child.work.base import Work
from ingle.errors import IngleError
from ingle.vocabulary import Timing, Usage


@dataclass(eq=False)
class Ticket:
    """A work's stay in the engine; `finished` resolves when it is done or failed. Times are
    `time.monotonic`'s."""

    work: Work
    key: int
    arrived: float
    finished: asyncio.Future[None]
    started: float | None = None
    first_result: float | None = None
    ended: float | None = None
    cached: int = 0
    """Tokens that were in memory when it started."""
    passed_over: int = 0
    queued: float | None = None
    """Since when it waits again, after having given way."""
    seated: float = 0.0
    is_aged: bool = False
    had: int = 0
    """Tokens in memory when it gave way."""
    losses: int = 0

    @property
    def timing(self) -> Timing:
        started = self.started or self.arrived
        first = self.first_result or started
        ended = self.ended or first
        return Timing(
            queue_ms=(started - self.arrived) * 1000,
            prefill_ms=(first - started) * 1000,
            ttft_ms=(first - self.arrived) * 1000,
            decode_ms=(ended - first) * 1000,
            total_ms=(ended - self.arrived) * 1000,
        )

    def usage(self, read: int, written: int = 0) -> Usage:
        """Of a request with `read` tokens, to which so many were written."""
        cached = min(self.cached, read)
        return Usage(input_tokens=read, used_tokens=read, cached_tokens=cached, output_tokens=written)


class Seating:
    """`waiting` for a seat, or `running` in one; by key, in the order of arrival."""

    def __init__(
        self,
        memory: Memory,
        slots: Slots,
        cost: Cost,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory, self._slots, self._cost, self._clock = memory, slots, cost, clock
        self.waiting: dict[int, Ticket] = {}
        self.running: dict[int, Ticket] = {}

    # ---- in

    def admit(self) -> None:
        """Let in whoever may start now, the most important and the longest waiting first."""
        if not self.waiting:
            return
        now, gate = self._clock(), Gate()
        queue = queue_order(
            Waiting(ticket.key, ticket.work.rank, now - (ticket.queued or ticket.arrived))
            for ticket in self.waiting.values()
        )
        for one in queue:
            ticket = self.waiting[one.key]
            if ticket.work.rank == BACKGROUND and self._has_enough_background:
                continue
            if not gate.lets(one, self._persons):
                continue
            victims = victims_for(one.rank, self._holders(now), self._fits(ticket.work))
            if victims is None:
                gate.shut(one)
                continue
            for key in victims:
                self._send_back(self.running[key], now)
            self._start(ticket, now, is_aged=one.is_aged)

    @property
    def _persons(self) -> int:
        return sum(ticket.work.rank == INTERACTIVE for ticket in self.running.values())

    @property
    def _has_enough_background(self) -> bool:
        running = sum(ticket.work.rank == BACKGROUND for ticket in self.running.values())
        return running >= side_by_side(self._cost, self._slots.slots)

    def _holders(self, now: float) -> Sequence[Holder]:
        return [
            Holder(key, ticket.work.rank, now - ticket.seated, ticket.is_aged, ticket.losses)
            for key, ticket in self.running.items()
        ]

    def _fits(self, work: Work) -> Callable[[Collection[int]], bool]:
        def fits(without: Collection[int]) -> bool:
            gone = [self.running[key].work for key in without]
            after = Use(len(self.running) - len(gone) + 1, self._memory.needed(work, gone))
            return self._slots.has_room(work.rank, work.cells, after)

        return fits

    def _start(self, ticket: Ticket, now: float, *, is_aged: bool) -> None:
        del self.waiting[ticket.key]
        self.running[ticket.key] = ticket
        self._memory.seat(ticket.key, ticket.work)
        ticket.seated, ticket.is_aged = now, is_aged
        if ticket.started is None:
            ticket.started, ticket.cached = now, ticket.work.fed
        elif ticket.work.fed < ticket.had:
            ticket.losses += 1
        if not ticket.work.rows:
            self.settle(ticket)

    # ---- out

    def settle(self, ticket: Ticket, error: IngleError | None = None) -> None:
        """It is done, or cannot go on: then nobody knows what its memory is worth."""
        ticket.ended = self._clock()
        self._vacate(ticket, is_sound=error is None)
        if ticket.finished.done():
            return
        if error is None:
            ticket.finished.set_result(None)
        else:
            ticket.finished.set_exception(error)

    def release(self, ticket: Ticket) -> None:
        """Whoever wanted it has left."""
        self.waiting.pop(ticket.key, None)
        self._vacate(ticket, is_sound=True)

    def lose(self, ticket: Ticket) -> None:
        """Its memory is not what it should be: it starts anew."""
        self._memory.free(self.running.pop(ticket.key).work)
        ticket.work.restart()
        ticket.losses += 1
        ticket.queued, ticket.passed_over = self._clock(), 0
        self.waiting[ticket.key] = ticket

    def tidy(self) -> None:
        """Have what those who left keep no more memory than it may, unless a person waits."""
        if all(ticket.work.rank != INTERACTIVE for ticket in self.waiting.values()):
            self._memory.tidy()

    def _vacate(self, ticket: Ticket, *, is_sound: bool) -> None:
        if self.running.pop(ticket.key, None) is None:
            self._memory.forget(ticket.key)
        elif is_sound:
            self._memory.keep(ticket.work)
        else:
            self._memory.free(ticket.work)

    def _send_back(self, ticket: Ticket, now: float) -> None:
        """Have it wait for a seat again; it goes on where it was."""
        ticket.had = ticket.work.fed
        self._memory.pause(ticket.key, self.running.pop(ticket.key).work)
        ticket.queued, ticket.passed_over = now, 0
        self.waiting[ticket.key] = ticket
