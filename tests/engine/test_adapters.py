"""LoRA adapters in the real engine: each request is answered with its own, and none disturbs another.

The model's weights have 32 bits: with 16, one text of eight that are written side by side had a
near-tie that fell the other way in every sixth run.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from fakes import tiny_adapter, tiny_gguf
from fakes.asking import ask
from fakes.fronted import fronted
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import AdapterRef, GenerateParams, ScoreParams
from ingle.engine.supervisor import MODULE
from ingle.errors import BadModelFile, InvalidParams, NotFound
from ingle.vocabulary import EngineState
from ingle.wire.calls.assistant import GenerateParams as Wanted

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.build(tmp_path_factory.mktemp("models") / "hearth.gguf", kind="f32")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(model: Path) -> AsyncIterator[Supervised]:
    async with supervised(config=EngineConfig(n_ctx=1024), child_module=MODULE) as running:
        await running.supervisor.use(installed(model))
        await running.until(EngineState.READY)
        yield running


@pytest.fixture
def poet(tmp_path: Path) -> Path:
    return tiny_adapter.build(tmp_path / "poet.gguf", seed=1)


@pytest.fixture
def clerk(tmp_path: Path) -> Path:
    return tiny_adapter.build(tmp_path / "clerk.gguf", seed=2)


def asked(adapter: Path | None, scale: float = 1.0, text: str = "ships") -> GenerateParams:
    ref = None if adapter is None else AdapterRef(str(adapter), "", scale)
    return ask(text, 12, adapter=ref)


async def written(engine: Supervised, params: GenerateParams) -> str:
    return (await engine.engine.generate(params)).text


async def likelihoods_of(engine: Supervised, params: GenerateParams) -> list[float]:
    scored = ScoreParams(spans=params.spans, candidates=[" in", " the", " an"], adapter=params.adapter)
    return [one.logprob for one in (await engine.engine.score(scored)).scores]


def make(path: Path, kind: str, model: Path) -> None:
    """A file that is no adapter for the tiny model."""
    if kind == "width":
        tiny_adapter.build(path, embedding=96)
    elif kind == "architecture":
        tiny_adapter.build(path, arch="qwen2")
    elif kind == "a model":
        path.write_bytes(model.read_bytes())
    elif kind == "no GGUF":
        path.write_bytes(b"not a model at all" * 100)


def destroy(path: Path) -> None:
    path.write_bytes(b"")
    path.unlink()


def put_in_place(new: Path, old: Path) -> None:
    new.replace(old)


async def test_an_adapter_changes_what_is_written_and_leaves_no_trace(engine: Supervised, poet: Path):
    plain = await written(engine, asked(None))
    adapted = await written(engine, asked(poet))
    assert adapted != plain
    assert await written(engine, asked(None)) == plain
    assert await written(engine, asked(poet)) == adapted


async def test_strength_nothing_is_no_adapter_and_more_is_more(engine: Supervised, poet: Path):
    plain, weak, strong = [
        await likelihoods_of(engine, asked(poet, scale)) for scale in (0.0, 0.01, 1.0)
    ]
    assert plain == await likelihoods_of(engine, asked(None))
    assert _distance(plain, weak) > 0
    assert _distance(plain, strong) > _distance(plain, weak)


def _distance(one: list[float], other: list[float]) -> float:
    return sum(abs(left - right) for left, right in zip(one, other, strict=True))


async def test_requests_with_different_adapters_at_once_get_what_they_get_alone(
    engine: Supervised, poet: Path, clerk: Path
):
    wanted = [
        asked(adapter, scale, text)
        for text in ("ships", "the sea in the night")
        for adapter, scale in ((None, 1.0), (poet, 1.0), (clerk, 1.0), (poet, 0.5))
    ]
    alone = [await written(engine, params) for params in wanted]
    assert len(set(alone)) > 4
    assert await asyncio.gather(*(written(engine, params) for params in wanted)) == alone


async def test_what_was_read_without_an_adapter_is_read_anew_with_one(engine: Supervised, poet: Path):
    await written(engine, asked(None, text="a text that is read"))
    adapted = await engine.engine.generate(asked(poet, text="a text that is read"))
    assert adapted.usage.cached_tokens == 0


@pytest.mark.parametrize("kind", ["width", "architecture", "a model", "no GGUF", "gone"])
async def test_a_file_that_does_not_fit_is_refused_and_the_next_request_is_served(
    engine: Supervised, tmp_path: Path, kind: str, model: Path
):
    path = tmp_path / "stranger.gguf"
    make(path, kind, model)
    pid = await engine.pid()
    running = asyncio.ensure_future(written(engine, asked(None)))
    with pytest.raises(BadModelFile, match="stranger"):
        await written(engine, asked(path))
    assert await running == await written(engine, asked(None))
    assert await engine.pid() == pid


async def test_an_adapter_that_drowns_the_model_ends_in_an_error_and_nobody_else_notices(
    engine: Supervised, tmp_path: Path
):
    loud = tiny_adapter.build(tmp_path / "loud.gguf", strength=10_000.0)
    plain = await written(engine, asked(None))
    beside = asyncio.ensure_future(written(engine, asked(None)))
    for spoil in (written, likelihoods_of):
        with pytest.raises(BadModelFile, match="no number"):
            await spoil(engine, asked(loud, 4.0))
    assert await beside == plain
    assert await written(engine, asked(None)) == plain


@pytest.mark.parametrize("scale", [-0.5, 4.5, 1e300])
async def test_an_impossible_strength_is_refused(engine: Supervised, poet: Path, scale: float):
    with pytest.raises(InvalidParams, match="scale"):
        await written(engine, asked(poet, scale))


async def test_an_adapter_that_vanishes_while_it_is_used_is_used_to_the_end(
    engine: Supervised, poet: Path
):
    whole = await written(engine, asked(poet))
    begun = asyncio.Event()
    long = ask("ships", 12, stream=True, adapter=AdapterRef(str(poet)))
    call = asyncio.ensure_future(engine.engine.generate(long, lambda _: begun.set()))
    await begun.wait()
    destroy(poet)
    assert (await call).text == whole
    with pytest.raises(BadModelFile, match="poet"):
        await written(engine, asked(poet))
    assert await written(engine, asked(None))


async def test_a_file_that_takes_the_place_of_another_is_another_adapter(
    engine: Supervised, poet: Path, clerk: Path
):
    before, other = await written(engine, asked(poet)), await written(engine, asked(clerk))
    put_in_place(clerk, poet)
    assert await written(engine, asked(poet)) == other != before


async def test_who_leaves_while_an_adapter_is_loaded_leaves_it_to_the_others(
    engine: Supervised, poet: Path
):
    calls = [asyncio.ensure_future(written(engine, asked(poet))) for _ in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    first, second = await asyncio.gather(*calls[1:])
    assert first == second == await written(engine, asked(poet))


async def test_more_adapters_than_are_kept_take_turns_in_memory(engine: Supervised, tmp_path: Path):
    paths = [tiny_adapter.build(tmp_path / f"{n}.gguf", seed=n) for n in range(20)]
    first = [await written(engine, asked(path)) for path in paths]
    assert [await written(engine, asked(path)) for path in paths] == first
    assert len(set(first)) > 10


async def test_a_request_that_is_computed_alone_has_its_adapter_too(
    engine: Supervised, poet: Path, clerk: Path
):
    exact = [ask("ships", 12, exact=True, adapter=AdapterRef(str(path))) for path in (poet, clerk)]
    shared = [written(engine, asked(path)) for path in (poet, clerk)]
    texts = await asyncio.gather(*(written(engine, params) for params in exact), *shared)
    assert texts[:2] == texts[2:]
    assert texts[0] != texts[1]


async def test_from_its_name_to_what_is_written(model: Path, tmp_path: Path):
    tiny_adapter.build(tmp_path / "poet.gguf", seed=1)
    async with fronted(model, tmp_path, "hearth") as assistant:

        async def says(adapter: str | None) -> str:
            params = Wanted(prompt="ships", max_tokens=12, temperature=0, adapter=adapter)
            return (await assistant.generate(params, lambda _: None)).text

        plain, adapted = await says(None), await says("poet")
        assert adapted != plain
        assert await says("poet:0") == plain
        destroy(tmp_path / "poet.gguf")
        with pytest.raises(NotFound, match="poet"):
            await says("poet")
        assert await says(None) == plain
