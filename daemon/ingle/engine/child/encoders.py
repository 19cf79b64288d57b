"""The embedder's file, from what a request names to what a step can use: checked, loaded, kept.

It is loaded by the first request, beside the generating model: on the same GPU where that one is
there as a whole, otherwise on the CPU. One that nobody has asked for since another one came is
freed; parking ends the process, and with it all of them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ingle.engine.child.llama import devices
from ingle.engine.child.llama.encoder import Encoder
from ingle.engine.child.pace import Pace
from ingle.engine.protocol import Device, LoadParams, LoadResult
from ingle.errors import BadModelFile, NotEnoughMemory
from ingle.models.gguf import read_header

T = TypeVar("T")

TRIAL_TOKENS = 16
"""Of the first step, which says what steps cost here."""

HOW_TO_GET = "`ingle model list` shows embedders, `ingle model pull NAME` gets one"

_Key = tuple[str, int, int]
"""Another one for a file that takes the place of another: path, size, time of change."""


@dataclass(frozen=True)
class Ready:
    """An encoder and what its steps cost here."""

    encoder: Encoder
    pace: Pace
    name: str


@dataclass(eq=False)
class _Place:
    loading: "asyncio.Future[Ready]"
    users: int = 0

    @property
    def is_failed(self) -> bool:
        return self.loading.done() and self.loading.exception() is not None


class Encoders:
    """Loads what is asked for, on a thread of its own."""

    def __init__(self, model: LoadParams, loaded: LoadResult, free: asyncio.Lock) -> None:
        """Of the generating model; `free` is `Engine.free`."""
        self._model, self._free = model, free
        self._is_on_gpu = 0 < loaded.layers == loaded.gpu_layers
        self._places: dict[_Key, _Place] = {}
        self._thread = ThreadPoolExecutor(1, "embed")

    @asynccontextmanager
    async def lease(self, path: Path) -> AsyncIterator[Ready]:
        """An encoder that stays in memory inside the block.

        Raises `BadModelFile` for what is none, `NotEnoughMemory`, `EngineUnavailable`.
        """
        key = _key(path)
        place = self._places.get(key)
        if place is None or place.is_failed:
            place = self._places[key] = _Place(asyncio.ensure_future(self._loaded(key)))
        place.users += 1
        try:
            yield await asyncio.shield(place.loading)
        finally:
            place.users -= 1

    async def run(self, function: Callable[[], T]) -> T:
        """Beside the steps: what reads an encoder without computing."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def _loaded(self, key: _Key) -> Ready:
        await self._free_unused(key)
        return await self.run(lambda: self._load(Path(key[0])))

    async def _free_unused(self, wanted: _Key) -> None:
        """Between two steps: a step may be under way for somebody who has left."""
        for key, place in list(self._places.items()):
            if key == wanted or place.users or not place.loading.done():
                continue
            del self._places[key]
            if not place.is_failed:
                async with self._free:
                    place.loading.result().encoder.close()

    # ---- on the thread

    def _load(self, path: Path) -> Ready:
        header = read_header(path)
        if not header.is_embedder:
            raise BadModelFile(f"{path.stem} is no embedder: it makes no vectors of texts", HOW_TO_GET)
        encoder, is_on_gpu = self._opened(path)
        pace = Pace(self._model.threads, is_tuned=self._model.tune_threads and not is_on_gpu)
        trial = encoder.tokens("a " * encoder.window)[: min(TRIAL_TOKENS, encoder.window)]
        code, ms = encoder.encode([trial], threads=1)  # on a thread that is not the decoding one
        if code:
            encoder.close()
            raise BadModelFile(f"llama.cpp cannot compute with {path.stem} (code {code})", HOW_TO_GET)
        pace.observe(len(trial), 1, ms)
        return Ready(encoder, pace, path.stem)

    def _opened(self, path: Path) -> tuple[Encoder, bool]:
        """On the GPU if there is room: it is small, and the CPU does it well."""
        if gpus := self._gpus():
            try:
                return Encoder(path, gpus, self._model.threads), True
            except NotEnoughMemory:
                pass
        return Encoder(path, [], self._model.threads), False

    def _gpus(self) -> list[Device]:
        if not self._is_on_gpu:
            return []
        return [gpu for gpu in devices.gpus() if self._model.device in ("", gpu.name)]


def _key(path: Path) -> _Key:
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise BadModelFile(f"the embedder {path.stem} is gone", HOW_TO_GET) from None
    return str(path), status.st_size, status.st_mtime_ns
