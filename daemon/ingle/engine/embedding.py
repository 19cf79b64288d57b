"""The embedder that the configuration names: found in the library, asked through the engine."""

import asyncio

from ingle.engine import protocol
from ingle.engine.client import EngineClient
from ingle.errors import NotFound
from ingle.models.library import Library
from ingle.wire.calls.model import EmbedParams, EmbedResult

SMALLEST = "bge-small-en-v1.5"
"""Of the catalog's embedders."""


class Embedder:
    """Turns texts into vectors; `name` is a model of the library, or "" for none."""

    def __init__(self, engine: EngineClient, library: Library, name: str) -> None:
        self._engine, self._library, self._name = engine, library, name

    async def embed(self, params: EmbedParams) -> EmbedResult:
        """Raises `NotFound` without an embedder, `ModelNotFound` for one that is not here,
        `BadModelFile` for one that is none, `ContextTooLong`, and the engine's errors."""
        if not self._name:
            raise NotFound(
                "no embedder is chosen",
                f"`ingle model pull {SMALLEST}` gets one; in config.toml, under [model], "
                f'`embedder = "{SMALLEST}"` chooses it',
            )
        model = await asyncio.to_thread(self._library.find, self._name)
        wanted = protocol.EmbedParams(
            path=str(model.path),
            texts=params.texts,
            truncate=params.truncate,
            priority=params.priority,
        )
        found = await self._engine.embed(wanted, params.deadline_ms)
        return EmbedResult(
            embeddings=found.embeddings,
            dimensions=found.dimensions,
            model=model.name,
            truncated=found.truncated,
            usage=found.usage,
            timing=found.timing,
        )
