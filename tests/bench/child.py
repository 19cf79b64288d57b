"""The engine child by itself, without a daemon around it, for what only its own clocks can tell."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from place import Place

from ingle.engine import machine, protocol
from ingle.engine.life import Life, living
from ingle.engine.supervisor import MODULE
from ingle.errors import IngleError
from ingle.models.library import InstalledModel, Library

T = TypeVar("T")


def resident(place: Place) -> InstalledModel:
    """The model that a daemon would load."""
    try:
        with place.engine() as ingle:
            return Library(place.paths.models).find(ingle.status().engine.model or "")
    finally:
        place.reset()


def with_child(model: InstalledModel, slots: int, n_ctx: int, work: Callable[[Life], Awaitable[T]]) -> T:
    """What `work` finds out about a child that has loaded `model`, with as many threads as a daemon
    would give it. Raises the child's errors."""
    params = protocol.LoadParams(
        path=str(model.path), n_ctx=n_ctx, slots=slots, threads=machine.threads(), gpu_layers=-1
    )
    return asyncio.run(_worked(params, work))


async def _worked(params: protocol.LoadParams, work: Callable[[Life], Awaitable[T]]) -> T:
    failure: IngleError
    async with living(MODULE, {}) as life:
        try:
            await life.call("load", params)
            return await work(life)
        except IngleError as error:  # would be wrapped into a group by `living`
            failure = error
    raise failure
