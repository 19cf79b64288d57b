"""Who may start, who gives way to somebody more important, and what becomes of their memory.

Called between steps only, when the context is nobody else's.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingle.engine.child.llama.context import Context
from ingle.engine.child.queueing import Holder, Waiting, evict_for, queue_order
from ingle.engine.child.slots import Slots
from ingle.engine.child.work.base import Work
from ingle.errors import IngleError

HOLD_S = 60.0
"""A request that does not fit may be overtaken by interactive ones for so long."""


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
    passed_over: int = 0
    evictions: int = 0


class Seating:
    """The requests in the engine: `waiting` for memory, or `running` with some."""

    def __init__(self, context: Context, slots: Slots) -> None:
        self._context, self._slots = context, slots
        self.waiting: dict[int, Ticket] = {}
        self.running: dict[int, Ticket] = {}

    def admit(self) -> None:
        """Let in whoever may start now, the most important and the longest waiting first."""
        now = time.monotonic()
        queue = queue_order(
            Waiting(ticket.key, ticket.work.rank, now - ticket.arrived)
            for ticket in self.waiting.values()
        )
        blocked = False
        for one in queue:
            ticket = self.waiting[one.key]
            if blocked and one.rank:
                continue
            if self._fits(ticket.work):
                self._start(ticket, now)
            elif one.rank == 0 or one.waited_s > HOLD_S:
                return
            else:
                blocked = True

    def settle(self, ticket: Ticket, error: IngleError | None = None) -> None:
        """It is done, or cannot go on."""
        ticket.ended = time.monotonic()
        self.release(ticket)
        if ticket.finished.done():
            return
        if error is None:
            ticket.finished.set_result(None)
        else:
            ticket.finished.set_exception(error)

    def release(self, ticket: Ticket) -> None:
        """Give its memory back, if it has any."""
        if self.running.pop(ticket.key, None) is not None:
            self._give_back(ticket)

    def _give_back(self, ticket: Ticket) -> None:
        grant = ticket.work.grant
        assert grant is not None
        self._slots.give_back(grant)
        for seq in (grant.seq, *grant.copies):
            self._context.remove(seq)

    def _fits(self, work: Work) -> bool:
        """Whether there is room now; makes it at the expense of background work if it may."""
        free = self._slots.free_for(work.rank, work.cells)
        victims = evict_for(work.rank, work.cells, free, self._holders())
        for key in victims or ():
            self._evict(self.running.pop(key))
        return victims is not None

    def _holders(self) -> Sequence[Holder]:
        return [
            Holder(key, ticket.work.rank, ticket.work.cells, ticket.evictions)
            for key, ticket in self.running.items()
        ]

    def _evict(self, ticket: Ticket) -> None:
        self._give_back(ticket)
        ticket.work.restart()
        ticket.evictions += 1
        ticket.passed_over = 0
        self.waiting[ticket.key] = ticket

    def _start(self, ticket: Ticket, now: float) -> None:
        del self.waiting[ticket.key]
        ticket.work.grant = self._slots.take(ticket.work.cells)
        if ticket.started is None:
            ticket.started = now
        self.running[ticket.key] = ticket
        if not ticket.work.rows:
            self.settle(ticket)
