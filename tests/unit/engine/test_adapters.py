"""Which adapters are in memory: loaded once, kept while there is room, never freed in use."""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from fakes import tiny_adapter
from ingle.engine.child import adapters as module
from ingle.engine.child.adapters import Adapters
from ingle.engine.child.work.base import Adapted
from ingle.engine.protocol import AdapterRef
from ingle.errors import BadModelFile, Busy, InvalidParams


class Free(asyncio.Lock):
    """`Engine.free`, that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_wanted = asyncio.Event()

    async def acquire(self) -> Literal[True]:
        if self.locked():
            self.is_wanted.set()
        return await super().acquire()


class Holder:
    """Loads nothing and writes down what it was asked for; `free` tells whether a step runs."""

    def __init__(self, free: asyncio.Lock) -> None:
        self.free, self.loaded, self.freed = free, list[str](), list[str]()
        self.tried = list[tuple[str, float]]()
        self.bearable = 4.0

    def load_adapter(self, path: Path) -> str:
        assert self.free.locked()
        self.loaded.append(path.stem)
        return path.stem

    def bears(self, adapter: str, scale: float) -> bool:
        self.tried.append((adapter, scale))
        return scale <= self.bearable

    def free_adapter(self, adapter: str) -> None:
        assert self.free.locked()
        self.freed.append(adapter)


class Shelf:
    """The adapters under test, with files for them."""

    def __init__(self, base: Path, folder: Path) -> None:
        self.free, self._folder = Free(), folder
        self.holder = Holder(self.free)
        self.adapters = Adapters(self.holder, base, self.free)

    def ref(
        self, name: str, scale: float = 1.0, *, embedding: int = tiny_adapter.EMBEDDING
    ) -> AdapterRef:
        path = self._folder / f"{name}.gguf"
        if not path.exists():
            tiny_adapter.build(path, embedding=embedding)
        return AdapterRef(str(path), name, scale)

    @asynccontextmanager
    async def lease(self, name: str, scale: float = 1.0) -> AsyncIterator[Adapted]:
        async with self.adapters.lease(self.ref(name, scale)) as adapted:
            assert adapted is not None
            yield adapted

    async def use(self, *names: str) -> None:
        for name in names:
            async with self.lease(name):
                pass


def remove(ref: AdapterRef) -> None:
    Path(ref.path).unlink()


def size(path: Path) -> int:
    return path.stat().st_size


@pytest.fixture
async def shelf(tiny_model: Path, tmp_path: Path) -> Shelf:
    return Shelf(tiny_model, tmp_path)


async def test_an_adapter_is_loaded_once_and_kept(shelf: Shelf):
    await shelf.use("poet", "poet")
    async with shelf.lease("poet") as one, shelf.lease("poet", 0.5) as other:
        assert one.adapter == other.adapter == "poet"
    assert shelf.holder.loaded == ["poet"]


async def test_strength_and_file_make_the_key(shelf: Shelf):
    async with shelf.lease("poet") as one, shelf.lease("poet") as same:
        assert one.key == same.key
    async with shelf.lease("poet", 0.5) as half, shelf.lease("clerk") as other:
        assert len({one.key, half.key, other.key}) == 3


async def test_no_adapter_and_strength_nothing_need_no_file(shelf: Shelf):
    for wanted in (None, AdapterRef("/nowhere/at-all.gguf", "", 0.0)):
        async with shelf.adapters.lease(wanted) as adapted:
            assert adapted is None


@pytest.mark.parametrize("scale", [-0.1, 4.1, math.nan, math.inf, -math.inf])
async def test_an_impossible_strength_is_refused(shelf: Shelf, scale: float):
    with pytest.raises(InvalidParams, match="scale"):
        async with shelf.lease("poet", scale):
            pass


async def test_who_comes_while_it_loads_waits_for_the_same(shelf: Shelf):
    async with AsyncExitStack() as stack:
        leases = [stack.enter_async_context(shelf.lease("poet")) for _ in range(5)]
        await asyncio.gather(*leases)
    assert shelf.holder.loaded == ["poet"]


async def test_loading_waits_for_the_step_in_flight(shelf: Shelf):
    await shelf.free.acquire()
    loading = asyncio.ensure_future(shelf.use("poet"))
    await shelf.free.is_wanted.wait()
    assert shelf.holder.loaded == []
    shelf.free.release()
    await loading
    assert shelf.holder.loaded == ["poet"]


async def test_the_longest_unused_goes_when_there_are_too_many(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST", 3)
    await shelf.use("a", "b", "c", "a", "d")
    assert shelf.holder.freed == ["b"]
    await shelf.use("e", "b")
    assert shelf.holder.freed == ["b", "c", "a"]
    assert shelf.adapters.loaded == 3


async def test_what_is_in_use_is_never_freed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST", 2)
    async with shelf.lease("a"):
        await shelf.use("b", "c", "d")
        assert "a" not in shelf.holder.freed
        async with shelf.lease("b"):
            with pytest.raises(Busy, match="2 adapters"):
                await shelf.use("e")
        await shelf.use("e")
    assert shelf.adapters.loaded == 2


async def test_all_together_have_bounded_room(
    shelf: Shelf, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "LEAST_ROOM", 1)
    room = size(tiny_model) // size(Path(shelf.ref("a").path))
    names = [f"n{number}" for number in range(room + 1)]
    monkeypatch.setattr(module, "MOST", len(names))
    await shelf.use(*names)
    assert shelf.holder.freed == names[:1]


async def test_one_larger_than_its_model_is_refused(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LEAST_ROOM", 1)
    ref = shelf.ref("a")
    os.truncate(ref.path, 10_000_000)
    with pytest.raises(BadModelFile, match="larger than its model"):
        async with shelf.adapters.lease(ref):
            pass


async def test_what_could_not_be_loaded_is_tried_again_by_the_next(shelf: Shelf):
    ref = shelf.ref("poet", embedding=96)
    for _ in range(2):
        with pytest.raises(BadModelFile, match="poet"):
            await shelf.use("poet")
    assert (shelf.holder.loaded, shelf.adapters.loaded) == ([], 0)
    remove(ref)
    await shelf.use("poet")
    assert shelf.holder.loaded == ["poet"]


async def test_a_file_that_is_gone_is_named_without_its_place(shelf: Shelf):
    with pytest.raises(BadModelFile, match="poet") as caught:
        async with shelf.adapters.lease(AdapterRef("/secret/place/poet.gguf")):
            pass
    assert "secret" not in caught.value.message


async def test_who_leaves_while_it_loads_takes_nothing_along(shelf: Shelf):
    await shelf.free.acquire()
    first, second = (asyncio.ensure_future(shelf.use("poet")) for _ in range(2))
    await shelf.free.is_wanted.wait()
    first.cancel()
    shelf.free.release()
    await second
    assert shelf.holder.loaded == ["poet"]
    assert first.cancelled()


async def test_each_strength_is_tried_before_it_is_used_and_lesser_ones_are_not(shelf: Shelf):
    for scale in (1.0, 0.5, 1.0, 2.0, 1.5):
        async with shelf.lease("poet", scale):
            pass
    assert shelf.holder.tried == [("poet", 1.0), ("poet", 2.0)]


async def test_a_strength_that_the_model_does_not_bear_is_refused_and_a_lesser_one_is_not(shelf: Shelf):
    shelf.holder.bearable = 1.5
    with pytest.raises(BadModelFile, match=r"(?s)poet.*no number"):
        async with shelf.lease("poet", 2.0):
            pass
    async with shelf.lease("poet", 1.5) as adapted:
        assert adapted.scale == 1.5
    assert shelf.holder.loaded == ["poet"]
