"""The LoRA adapters of the loaded model: from the file that a request names to what a step can use.

llama.cpp sets an adapter for a whole context, so all rows of a step have the same one (or none):
requests with different ones take turns (`scheduler`), and a switch makes llama.cpp lay out its step
anew. Measured with SmolLM2-135M and two rank-16 adapters on two slow cores: a switch costs 4 ms
where a step takes 8, so that two requests make 98 tokens a second in turns of four steps; a
second context makes about as many (88-114) and takes 106 MB more, the adapter itself 30.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ingle.engine.child import limits
from ingle.engine.child.lora import check_fit, check_weights
from ingle.engine.child.work.base import Adapted
from ingle.engine.protocol import AdapterRef
from ingle.errors import BadModelFile, Busy
from ingle.models.gguf import Header, read_header

T = TypeVar("T")

MOST = 16
"""Adapters in memory at a time."""

LEAST_ROOM = 512 << 20
"""Bytes for all of them together, or as many as the model's weights take, if those are more."""


class Holder(Protocol):
    """What loads and frees adapters between steps: `llama.context.Context`."""

    def load_adapter(self, path: Path) -> Any: ...

    def bears(self, adapter: Any, scale: float) -> bool: ...

    def free_adapter(self, adapter: Any) -> None: ...


@dataclass(eq=False)
class _Place:
    """One adapter; `users` are the requests that were promised it. It was tried up to `proven`."""

    key: str
    path: Path
    size: int
    adapter: Any = None
    users: int = 0
    proven: float = 0.0


class Adapters:
    """Loads adapters when they are first asked for and keeps the last ones."""

    def __init__(self, holder: Holder, base: Path, free: asyncio.Lock) -> None:
        """`base` is the model's file; `free` is `Engine.free`."""
        self._holder, self._base_path, self._free = holder, base, free
        self._base: Header | None = None
        self._places: OrderedDict[str, _Place] = OrderedDict()
        """The one that was asked for last stands last."""
        self._loading = asyncio.Lock()
        self._reading = ThreadPoolExecutor(1, "adapters")

    @property
    def loaded(self) -> int:
        return sum(place.adapter is not None for place in self._places.values())

    @asynccontextmanager
    async def lease(self, wanted: AdapterRef | None) -> AsyncIterator[Adapted | None]:
        """An adapter that stays in memory inside the block; None for none, and for one at strength 0.

        Raises `InvalidParams`, `BadModelFile` for one that does not fit, `Busy` when there is no room
        beside those in use.
        """
        if wanted is None or limits.checked_scale(wanted.scale) == 0:
            yield None
            return
        path = Path(wanted.path)
        key, size = await self._off_loop(lambda: _identity(path, wanted.id))
        place = self._places.setdefault(key, _Place(key, path, size))
        self._places.move_to_end(key)
        place.users += 1
        try:
            if place.proven < wanted.scale:
                async with self._loading:
                    await self._prepare(place, wanted.scale)
            yield Adapted(f"{key}@{wanted.scale}", wanted.scale, place.adapter)
        finally:
            place.users -= 1
            if place.adapter is None and not place.users:
                del self._places[key]

    async def _prepare(self, place: _Place, scale: float) -> None:
        """Load and try it, as far as nobody else has done so meanwhile."""
        if place.adapter is None:
            await self._load(place)
        if place.proven >= scale:
            return
        if not await self._off_loop(lambda: self._holder.bears(place.adapter, scale)):
            raise BadModelFile(
                f"with the adapter {place.path.stem} the model computes what is no number",
                "a smaller scale may help; otherwise the adapter is damaged or of another model",
            )
        place.proven = scale

    async def _load(self, place: _Place) -> None:
        """Its file is read before the steps stop for it, which leaves it in the page cache."""
        room = await self._off_loop(lambda: self._check(place))
        async with self._free:
            self._make_room(room)
            place.adapter = self._holder.load_adapter(place.path)

    def _check(self, place: _Place) -> int:
        """Gives the bytes that all adapters together may have."""
        header = read_header(place.path)
        self._base = base = self._base or read_header(self._base_path)
        check_fit(header, place.path.stem, base, self._base_path.stem)
        room = max(base.size_bytes, LEAST_ROOM)
        if place.size > room:
            raise BadModelFile(f"the adapter {place.path.stem} is larger than its model")
        check_weights(place.path, header)
        return room

    def _make_room(self, room: int) -> None:
        """Free those that nobody uses, the longest unused first, until there is room for one more."""
        for place in list(self._places.values()):
            if self._has_room(room):
                return
            if place.adapter is not None and not place.users:
                del self._places[place.key]
                self._holder.free_adapter(place.adapter)
        if not self._has_room(room):
            raise Busy(f"{self.loaded} adapters are in use already")

    def _has_room(self, room: int) -> bool:
        return self.loaded < MOST and sum(place.size for place in self._places.values()) <= room

    async def _off_loop(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reading, function)


def _identity(path: Path, claimed: str) -> tuple[str, int]:
    """A key that changes with the file, and its size. Raises `BadModelFile` where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise BadModelFile(
            f"the adapter {path.stem} is gone", "`ingle model list` shows what is here"
        ) from None
    stated = f"{claimed}\0{path}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(stated.encode("utf-8", "surrogateescape")).hexdigest()[:32], status.st_size
