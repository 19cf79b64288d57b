"""The embedder's own small queue: texts become vectors in steps between the engine's steps.

It is the engine's visitor. Each step lasts about `STEP_MS`, or as long as its only text takes, and:

- Who is more important goes first, here and there; a step that keeps somebody more important
  waiting is cut, where it can be, and computed anew later.
- Beside the engine's work of the same class it takes every other turn, by time.
- Nobody waits for ever: `PROMOTE_S` without a step count as one class more, on both sides.

Jobs of the same class take turns, and their short texts share steps.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from ingle.engine.child.encoders import Ready
from ingle.engine.child.engine import WORTH_CUTTING_MS
from ingle.engine.child.llama.context import ABORTED
from ingle.engine.child.llama.encoder import SEQUENCES, Encoder, Vector
from ingle.engine.child.queueing import PROMOTE_S
from ingle.engine.child.scheduler import NOBODY
from ingle.errors import BadModelFile, EngineUnavailable, IngleError

STEP_MS = 100.0
"""So much is lost when a step is cut, and a step that cannot be cut delays others so long."""

Clock = Callable[[], float]


class Host(Protocol):
    """Whom it visits: `engine.Engine`."""

    def knock(self, rank: int) -> None:
        """Have a turn soon; the step in flight is cut if it is less important."""


@dataclass(eq=False)
class Job:
    """Texts of one request, as tokens. Times are the clock's."""

    ready: Ready
    rank: int
    texts: Sequence[Sequence[int]]
    arrived: float
    finished: asyncio.Future[None]
    vectors: list[Vector] = field(default_factory=list)
    """As far as they were computed, in the order of the texts."""
    served: float = 0.0
    """When its last step ended; at first, when it came."""
    started: float | None = None
    ended: float | None = None

    @property
    def left(self) -> Sequence[Sequence[int]]:
        return self.texts[len(self.vectors) :]


def aged(rank: int, waited_s: float) -> int:
    """The class that somebody counts as who has waited so long."""
    return max(rank - int(waited_s / PROMOTE_S), 0)


def packed(jobs: Sequence[Job], rows: int) -> list[tuple[Job, int]]:
    """How many texts of each job make up a step of about `rows`; the first text is in it anyway.

    `jobs` in the order of their turn. A text that does not fit ends its job's part, not the step.
    """
    taken, texts, used = list[tuple[Job, int]](), 0, 0
    for job in jobs:
        count = 0
        for tokens in job.left:
            is_first = not texts
            if texts == SEQUENCES or (not is_first and used + len(tokens) > rows):
                break
            count, texts, used = count + 1, texts + 1, used + len(tokens)
        if count:
            taken.append((job, count))
    return taken


class Embedder:
    """Jobs that wait, and the step in flight. Its state is touched on the event loop only."""

    def __init__(self, host: Host, executor: Executor, clock: Clock = time.monotonic) -> None:
        self._host, self._executor, self._clock = host, executor, clock
        self._jobs: list[Job] = []
        self._in_flight: list[tuple[Job, int]] = []
        self._rank = NOBODY
        """That of the step in flight."""
        self._ends = 0.0
        """When it will probably be over."""
        self._rests_until = 0.0
        self._passed = clock()
        """When the engine last had its turn, or wanted none."""

    # ---- for requests

    @contextmanager
    def enter(self, ready: Ready, rank: int, texts: Sequence[Sequence[int]]) -> Iterator[Job]:
        """Have the texts computed until the block is left; whoever leaves early takes them out."""
        now = self._clock()
        job = Job(ready, rank, texts, now, asyncio.get_running_loop().create_future(), served=now)
        self._jobs.append(job)
        self.cut_for(rank)
        self._host.knock(rank)
        try:
            yield job
        finally:
            self._leave(job)

    def _leave(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        if self._in_flight and all(other not in self._jobs for other, _ in self._in_flight):
            self._cut_if_long()

    # ---- for the engine

    @property
    def is_waiting(self) -> bool:
        """Whether it wants a turn."""
        return bool(self._jobs)

    def cut_for(self, rank: int) -> None:
        """Somebody of this class has come, here or there."""
        if self._in_flight and rank < self._rank:
            self._cut_if_long()

    def _cut_if_long(self) -> None:
        if not 0 <= self._ends - self._clock() <= WORTH_CUTTING_MS / 1000:
            self._in_flight[0][0].ready.encoder.abort()

    async def step(self, urgency: int) -> bool:
        """Take a turn, unless it is the engine's, whose most important request is of class `urgency`
        (`NOBODY` for none). Says whether it was taken."""
        now = self._clock()
        jobs = sorted(self._jobs, key=lambda job: (self._class_of(job, now), job.served))
        own = self._class_of(jobs[0], now)
        if urgency == NOBODY:
            self._passed = now
        other = aged(urgency, now - self._passed)
        if own > other or (own == other and now < self._rests_until):
            self._passed = now
            return False
        ready = jobs[0].ready
        peers = [job for job in jobs if job.ready is ready and self._class_of(job, now) == own]
        await self._compute(ready, peers, own)
        self._rests_until = 2 * self._clock() - now
        return True

    @staticmethod
    def _class_of(job: Job, now: float) -> int:
        return aged(job.rank, now - job.served)

    # ---- a step

    async def _compute(self, ready: Ready, jobs: Sequence[Job], rank: int) -> None:
        encoder, pace = ready.encoder, ready.pace
        self._in_flight = packed(jobs, pace.rows_within(STEP_MS, encoder.rows))
        texts = [tokens for job, count in self._in_flight for tokens in job.left[:count]]
        rows = sum(map(len, texts))
        threads = pace.threads(rows)
        began = self._clock()
        self._rank, self._ends = rank, began + pace.ms(rows) / 1000
        encoder.allow()
        loop = asyncio.get_running_loop()
        code, ms = await loop.run_in_executor(self._executor, encoder.encode, texts, threads)
        in_flight, self._in_flight, self._rank = self._in_flight, [], NOBODY
        if not code:
            pace.observe(rows, threads, ms)
        if code != ABORTED:
            self._hand_out(encoder, code, in_flight, began)

    def _hand_out(
        self, encoder: Encoder, code: int, in_flight: Sequence[tuple[Job, int]], began: float
    ) -> None:
        first = 0
        for job, count in in_flight:
            vectors = [] if code else [encoder.vector(first + index) for index in range(count)]
            good = [vector for vector in vectors if vector is not None]
            first += count
            job.served, job.started = self._clock(), job.started or began
            job.vectors += good
            if len(good) < count:
                self._settle(job, _failure(code))
            elif not job.left:
                self._settle(job)

    def _settle(self, job: Job, error: IngleError | None = None) -> None:
        job.ended = job.served
        if job not in self._jobs:
            return  # whoever wanted it has left
        self._jobs.remove(job)
        if error is None:
            job.finished.set_result(None)
        else:
            job.finished.set_exception(error)


def _failure(code: int) -> IngleError:
    if not code:
        return BadModelFile("the embedder computes what is no number", "choose another one")
    return EngineUnavailable("the embedder could not go on: out of memory")
