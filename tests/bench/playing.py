"""A planned round, played on one side: what was answered, when, and what had to wait."""

import asyncio
import time
from collections.abc import Sequence

from answers import Answer, Round
from place import CannotMeasure
from prompts import Plan, Prompt
from sides import Side
from sse import BadAnswer

from ingle.errors import IngleError

GRACE_S = 10.0
"""For questions that are open when the background has ended or the window is over."""


def play(side: Side, plan: Plan) -> Round:
    """Raises `CannotMeasure` when the side fails."""
    try:
        return asyncio.run(_played(side, plan))
    except (IngleError, OSError, BadAnswer) as error:
        raise CannotMeasure(f"{side.name}: {error}") from None


def ask(side: Side, prompt: Prompt, max_tokens: int) -> Answer:
    """One question, nothing else going on. Raises `CannotMeasure`."""
    try:
        return asyncio.run(side.ask(prompt, max_tokens))
    except (IngleError, OSError, BadAnswer) as error:
        raise CannotMeasure(f"{side.name}: {error}") from None


async def _played(side: Side, plan: Plan) -> Round:
    began = time.perf_counter()
    jobs: list[Answer] = []
    lanes = [asyncio.create_task(_lane(side, plan, lane, jobs)) for lane in plan.lanes]
    asked: list[tuple[float, asyncio.Task[Answer]]] = []
    try:
        for at, prompt in plan.asks:
            if await _all_done(lanes, began + at):
                break
            question = side.ask(prompt, plan.load.ask_tokens)
            asked.append((time.perf_counter(), asyncio.create_task(question)))
        await _all_done(lanes, began + plan.until_s)
        took_s = time.perf_counter() - began
        done = tuple(jobs)
        if asked:
            await asyncio.wait([task for _, task in asked], timeout=GRACE_S)
        now = time.perf_counter()
        waiting = tuple(now - sent for sent, task in asked if not task.done())
        answers = tuple(task.result() for _, task in asked if task.done())
    finally:
        await _end([*lanes, *(task for _, task in asked)])
    return Round(answers, waiting, done, took_s)


async def _lane(side: Side, plan: Plan, prompts: Sequence[Prompt], done: list[Answer]) -> None:
    began = time.perf_counter()
    for number, prompt in enumerate(prompts):
        if number >= plan.each and time.perf_counter() - began > plan.load.least_s:
            break
        done.append(await side.ask(prompt, plan.load.job_tokens, plan.load.job_priority))


async def _all_done(lanes: Sequence[asyncio.Task[None]], until: float) -> bool:
    """Wait until a moment, or until there is nothing left to be disturbed. Raises what a lane raised."""
    _, open_ = await asyncio.wait(lanes, timeout=max(until - time.perf_counter(), 0))
    for lane in lanes:
        if lane.done():
            lane.result()
    return not open_


async def _end(tasks: Sequence[asyncio.Task[Answer] | asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
