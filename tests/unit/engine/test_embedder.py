"""Whose turn it is when texts become vectors beside the engine, on a clock of the test's own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.embedder import STEP_MS, Embedder, Job, aged, packed
from ingle.engine.child.llama.context import ABORTED
from ingle.engine.child.llama.encoder import SEQUENCES
from ingle.engine.child.pace import Pace
from ingle.engine.child.queueing import PROMOTE_S
from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE, NOBODY, RANKS
from ingle.errors import BadModelFile, EngineUnavailable

NORMAL = RANKS["normal"]
ROW_S = 0.001
ENGINE_STEP_S = 0.01
BAD = 13
"""A token that gives no number."""


class Machine(Executor):
    """An encoder, the thread that it computes on, the engine that it visits, and their time."""

    rows = 512

    def __init__(self) -> None:
        self.now = 0.0
        self.code = 0
        self.knocks: list[int] = []
        self.steps: list[list[list[int]]] = []
        self.is_cut = False
        self.during: Callable[[], None] = lambda: None
        """Happens while a step is in flight."""
        self.ready: Any = self
        self.encoder = self
        self.pace = Pace(1, is_tuned=False, clock=lambda: self.now)
        for rows in (1, 16, 128):
            self.pace.observe(rows, 1, rows * ROW_S * 1000)
        self.embedder = Embedder(self, self, lambda: self.now)

    def knock(self, rank: int) -> None:
        self.knocks.append(rank)

    def submit(self, fn: Any, /, *args: Any, **_: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        loop = asyncio.get_running_loop()

        def run() -> None:
            self.during()
            future.set_result(fn(*args))

        loop.call_soon(run)
        return future

    def allow(self) -> None:
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True

    def encode(self, texts: Sequence[Sequence[int]], threads: int) -> tuple[int, float]:
        if self.is_cut:
            return ABORTED, 1.0
        self.steps.append([list(tokens) for tokens in texts])
        seconds = sum(map(len, texts)) * ROW_S
        self.now += seconds
        return self.code, seconds * 1000

    def vector(self, index: int) -> Any:
        tokens = self.steps[-1][index]
        return None if BAD in tokens else np.array([len(tokens), tokens[0]], np.float32)

    async def turn(self, urgency: int) -> bool:
        """One turn of the engine's loop: the visitor's or its own."""
        took = self.embedder.is_waiting and await self.embedder.step(urgency)
        if not took:
            self.now += ENGINE_STEP_S
        return took

    async def turns(self, count: int, urgency: int) -> list[bool]:
        return [await self.turn(urgency) for _ in range(count)]

    async def settle(self) -> None:
        while self.embedder.is_waiting:
            await self.turn(NOBODY)


def on(machine: Callable[[Machine, ExitStack], Awaitable[None]]) -> None:
    """Run a scene on a new machine; what enters its stack leaves at the end."""

    async def scene() -> None:
        with ExitStack() as stack:
            await machine(Machine(), stack)

    asyncio.run(scene())


def text(length: int, first: int = 1) -> list[int]:
    return [first, *[2] * (length - 1)]


def enter(machine: Machine, stack: ExitStack, rank: int, *lengths: int) -> Job:
    texts = [text(length, index + 20) for index, length in enumerate(lengths)]
    return stack.enter_context(machine.embedder.enter(machine.ready, rank, texts))


def lengths_of(job: Job) -> list[int]:
    return [int(vector[0]) for vector in job.vectors]


jobs = st.lists(st.lists(st.integers(1, 600), min_size=1, max_size=80), min_size=1, max_size=6)


@given(jobs, st.integers(1, 600))
def test_a_step_holds_what_fits_in_order(lengths: list[list[int]], rows: int) -> None:
    waiting = [
        Job(Any, NORMAL, [text(length) for length in each], 0.0, Any)  # type: ignore[arg-type]
        for each in lengths
    ]
    taken = packed(waiting, rows)
    sizes = [len(tokens) for job, count in taken for tokens in job.texts[:count]]
    assert sizes
    assert len(sizes) <= SEQUENCES
    assert len(sizes) == 1 or sum(sizes) <= rows
    assert taken[0][0] is waiting[0]
    assert [job for job, _ in taken] == [job for job in waiting if job in [one for one, _ in taken]]


def test_a_step_has_no_more_texts_than_llama_cpp_has_sequences() -> None:
    many = Job(Any, NORMAL, [text(1)] * (SEQUENCES + 1), 0.0, Any)  # type: ignore[arg-type]
    assert packed([many], 10 * SEQUENCES) == [(many, SEQUENCES)]


@given(st.sampled_from([0, 1, 2]), st.floats(0, 1000))
def test_waiting_makes_more_important_and_never_less(rank: int, waited_s: float) -> None:
    assert 0 <= aged(rank, waited_s) <= rank
    assert aged(rank, waited_s + PROMOTE_S) == max(aged(rank, waited_s) - 1, 0)


def test_texts_come_back_in_order_over_several_steps() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        lengths = [40, 50, 60, 300, 7, 80]
        job = enter(machine, stack, NORMAL, *lengths)
        await machine.settle()
        assert job.finished.done()
        assert lengths_of(job) == lengths
        assert [int(vector[1]) for vector in job.vectors] == [20, 21, 22, 23, 24, 25]
        assert all(
            len(step) == 1 or sum(map(len, step)) * ROW_S * 1000 <= STEP_MS for step in machine.steps
        )

    on(scene)


def test_who_is_more_important_in_the_engine_goes_first() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        enter(machine, stack, NORMAL, 50, 50, 50)
        assert not any(await machine.turns(20, INTERACTIVE))
        assert await machine.turn(BACKGROUND)

    on(scene)


def test_beside_its_own_class_it_takes_half_of_the_time() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        enter(machine, stack, NORMAL, *[90] * 30)
        took = await machine.turns(100, NORMAL)
        mine = sum(took) * 90 * ROW_S
        engines = took.count(False) * ENGINE_STEP_S
        assert took[0]
        assert mine == pytest.approx(engines, rel=0.25)

    on(scene)


@pytest.mark.parametrize(("rank", "urgency"), [(BACKGROUND, NORMAL), (BACKGROUND, INTERACTIVE), (1, 0)])
def test_nobody_waits_for_ever_and_one_step_pays_for_the_wait(rank: int, urgency: int) -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        enter(machine, stack, rank, *[90] * 30)
        took = await machine.turns(20_000, urgency)
        patience_s = PROMOTE_S * (rank - urgency)
        assert sum(took) == int(len(took) * ENGINE_STEP_S / patience_s)

    on(scene)


def test_the_engine_does_not_wait_for_ever_either() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        for _ in range(60):
            enter(machine, stack, NORMAL, *[90] * 30)
        took = await machine.turns(1200, BACKGROUND)
        assert took.count(False) >= int(1000 * 90 * ROW_S / PROMOTE_S)
        assert took.count(True) > 1000

    on(scene)


def test_a_step_that_keeps_a_person_waiting_is_cut_and_computed_anew() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        job = enter(machine, stack, BACKGROUND, 400, 30)
        machine.during = lambda: machine.embedder.cut_for(INTERACTIVE)
        assert await machine.turn(NOBODY)
        assert not job.vectors
        assert not machine.steps
        machine.during = lambda: machine.embedder.cut_for(BACKGROUND)
        await machine.settle()
        assert lengths_of(job) == [400, 30]

    on(scene)


def test_a_step_that_is_nearly_over_is_not_cut() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        job = enter(machine, stack, BACKGROUND, 5)
        machine.during = lambda: machine.embedder.cut_for(INTERACTIVE)
        assert await machine.turn(NOBODY)
        assert lengths_of(job) == [5]

    on(scene)


def test_a_persons_text_cuts_what_is_computed_for_nobody_and_goes_first() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        background = enter(machine, stack, BACKGROUND, 400)
        came: list[Job] = []

        def come() -> None:
            machine.during = lambda: None
            came.append(enter(machine, stack, INTERACTIVE, 12))

        machine.during = come
        await machine.turns(2, NOBODY)
        assert machine.knocks == [BACKGROUND, INTERACTIVE]
        assert came[0].finished.done()
        assert not background.vectors
        await machine.settle()
        assert lengths_of(background) == [400]

    on(scene)


def test_jobs_of_a_class_take_turns_and_share_steps() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        long = enter(machine, stack, NORMAL, *[80] * 5)
        short = enter(machine, stack, NORMAL, 15)
        other = enter(machine, stack, NORMAL, *[80] * 2)
        await machine.turns(2, NOBODY)
        assert lengths_of(short) == [15]
        assert (len(long.vectors), len(other.vectors)) == (1, 1)

    on(scene)


def test_nobody_less_important_makes_a_step_longer() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        enter(machine, stack, BACKGROUND, 15)
        enter(machine, stack, INTERACTIVE, 12)
        await machine.settle()
        assert [len(step[0]) for step in machine.steps] == [12, 15]

    on(scene)


def test_who_leaves_is_forgotten_and_a_step_for_nobody_is_cut() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        with ExitStack() as mine:
            job = enter(machine, mine, NORMAL, 400, 400)
            machine.during = mine.close
            assert await machine.turn(NOBODY)
        assert machine.is_cut
        assert not machine.embedder.is_waiting
        assert not job.finished.done()

    on(scene)


def test_a_step_may_end_after_everybody_has_left() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        with ExitStack() as mine:
            enter(machine, mine, NORMAL, 5)
            machine.during = mine.close
            assert await machine.turn(NOBODY)
        assert len(machine.steps) == 1
        assert not machine.embedder.is_waiting

    on(scene)


def test_what_is_no_number_is_an_error_of_its_own_request_only() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        texts = [text(5), [1, BAD, 2], text(5)]
        bad = stack.enter_context(machine.embedder.enter(machine.ready, NORMAL, texts))
        good = enter(machine, stack, NORMAL, 5)
        await machine.settle()
        with pytest.raises(BadModelFile, match="no number"):
            await bad.finished
        assert lengths_of(good) == [5]

    on(scene)


def test_a_step_that_fails_ends_those_in_it_and_not_the_queue() -> None:
    async def scene(machine: Machine, stack: ExitStack) -> None:
        failed = enter(machine, stack, INTERACTIVE, 90)
        later = enter(machine, stack, NORMAL, 90)
        machine.code = -2
        await machine.turn(NOBODY)
        machine.code = 0
        await machine.settle()
        with pytest.raises(EngineUnavailable, match="out of memory"):
            await failed.finished
        assert lengths_of(later) == [90]

    on(scene)
