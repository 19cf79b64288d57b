"""The LoRA adapter that a request names, as the engine wants it: a file and a strength."""

import asyncio

from ingle.engine.protocol import AdapterRef
from ingle.errors import InvalidParams, ModelNotFound, NotFound
from ingle.models.library import Library
from ingle.wire.calls.assistant import MAX_SCALE, Adapter, AdapterChoice


async def adapter_of(library: Library, wanted: Adapter | None) -> AdapterRef | None:
    """Raises `NotFound`, `InvalidParams` for an impossible strength, `BadModelFile`."""
    if wanted is None:
        return None
    name, scale = named(wanted)
    if not 0 <= scale <= MAX_SCALE:  # false for what is no number
        raise InvalidParams(f"an adapter's scale is between 0 and {MAX_SCALE:g}")
    try:
        found = await asyncio.to_thread(library.find_adapter, name)
    except ModelNotFound as error:
        raise NotFound(error.message, error.hint) from None
    return AdapterRef(str(found.path), found.sha256, scale)


def named(wanted: Adapter) -> tuple[str, float]:
    """Name and strength. What stands behind the last colon is a strength if it is a number."""
    if isinstance(wanted, AdapterChoice):
        return wanted.name, wanted.scale
    name, _, scale = wanted.rpartition(":")
    try:
        return name, float(scale)
    except ValueError:
        return wanted, 1.0
