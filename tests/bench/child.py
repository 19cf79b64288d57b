"""The engine child by itself, without a daemon around it, for what only its own clocks can tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from place import Place

from ingle.engine import machine, protocol
from ingle.engine.life import Life, living
from ingle.engine.supervisor import MODULE
from ingle.models.library import InstalledModel, Library


def resident(place: Place) -> InstalledModel:
    """The model that a daemon would load."""
    try:
        with place.engine() as ingle:
            return Library(place.paths.models).find(ingle.status().engine.model or "")
    finally:
        place.reset()


@asynccontextmanager
async def loaded(model: InstalledModel, *, slots: int, n_ctx: int) -> AsyncIterator[Life]:
    """A child that has loaded `model`, with as many threads as a daemon would give it."""
    async with living(MODULE, {}) as life:
        params = protocol.LoadParams(
            path=str(model.path), n_ctx=n_ctx, slots=slots, threads=machine.threads(), gpu_layers=-1
        )
        await life.call("load", params)
        yield life
