"""Texts to vectors in the real engine, with tiny random embedders: right, in order, disturbing nobody."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from fakes import tiny_adapter, tiny_gguf
from fakes.asking import ask
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import EmbedParams, EmbedResult
from ingle.engine.supervisor import MODULE
from ingle.errors import BadModelFile, ContextTooLong, DeadlineExceeded, InvalidParams, Paused
from ingle.models.gguf import read_header
from ingle.vocabulary import EngineState
from ingle.wire.calls.model import MAX_TEXTS

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

TEXTS = ["ships in the night", "the sea", "a", "fire and warm bread, and the cat", "x" * 40]
LONG = "and the sea " * 40
NEAR = 0.9999
"""A cosine of what is the same but for rounding: in company the kernels add up in another order."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedders")


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Path:
    return tiny_gguf.build(folder / "vectors.gguf", "bert", kind="f32")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(folder: Path) -> AsyncIterator[Supervised]:
    model = tiny_gguf.build(folder / "hearth.gguf", kind="f32")
    async with supervised(config=EngineConfig(n_ctx=2048), child_module=MODULE) as running:
        await running.supervisor.use(installed(model))
        await running.until(EngineState.READY)
        yield running


async def embed(engine: Supervised, path: Path, texts: Sequence[str], **more: Any) -> EmbedResult:
    return await engine.engine.embed(EmbedParams(path=str(path), texts=list(texts), **more))


async def vectors(engine: Supervised, path: Path, texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array((await embed(engine, path, texts)).embeddings)


async def test_vectors_have_length_one_and_the_order_of_their_texts(engine: Supervised, embedder: Path):
    found = await embed(engine, embedder, TEXTS)
    assert found.dimensions == tiny_gguf.EMBEDDING
    assert [len(one) for one in found.embeddings] == [found.dimensions] * len(TEXTS)
    assert all(math.isclose(math.hypot(*one), 1, abs_tol=1e-6) for one in found.embeddings)
    assert found.truncated == []
    assert found.usage.input_tokens == found.usage.used_tokens > len(TEXTS)
    backwards = await vectors(engine, embedder, TEXTS[::-1])
    together = np.array(found.embeddings) @ backwards[::-1].T
    assert together.diagonal().min() > NEAR
    assert together.argmax(axis=1).tolist() == list(range(len(TEXTS)))


@pytest.mark.parametrize("pooling", [1, 2, 3])
@pytest.mark.parametrize("model", ["bert", "qwen3"])
async def test_a_text_has_the_same_vector_alone_and_in_company(
    engine: Supervised, tmp_path: Path, model: str, pooling: int
):
    """Of encoders, and of decoders that were made embedders."""
    facts = {"pooling_type": pooling}
    path = tiny_gguf.build(tmp_path / "one.gguf", model, kind="f32", facts=facts)
    alone = np.vstack([await vectors(engine, path, [text]) for text in TEXTS])
    together = await vectors(engine, path, [*TEXTS, LONG, *TEXTS])
    for company in (together[: len(TEXTS)], together[-len(TEXTS) :]):
        assert (alone * company).sum(axis=1).min() > NEAR


async def test_texts_that_take_many_steps_come_back_in_order(engine: Supervised, embedder: Path):
    texts = [f"{number} {'and the sea ' * (number % 40)}" for number in range(MAX_TEXTS)]
    together = await vectors(engine, embedder, texts)
    for index in (0, 1, 31, 32, 33, MAX_TEXTS - 1):
        assert (await vectors(engine, embedder, [texts[index]]))[0] @ together[index] > NEAR


async def test_what_is_written_beside_is_the_same(engine: Supervised, embedder: Path):
    wanted = [ask("ships", 200), ask("the sea", 200, temperature=1.0, seed=7)]
    alone = [(await engine.engine.generate(params)).text for params in wanted]
    embedding = [asyncio.ensure_future(embed(engine, embedder, [LONG] * 20)) for _ in range(2)]
    beside = await asyncio.gather(*(engine.engine.generate(params) for params in wanted))
    assert [result.text for result in beside] == alone
    for result in await asyncio.gather(*embedding):
        assert len(result.embeddings) == 20


async def test_a_persons_question_does_not_wait_for_what_is_written_for_nobody(
    engine: Supervised, embedder: Path
):
    await embed(engine, embedder, ["loaded now"])
    begun = asyncio.Event()
    story = ask("ships", 1800, priority="background", stream=True)
    writing = asyncio.ensure_future(engine.engine.generate(story, lambda _: begun.set()))
    await begun.wait()
    await embed(engine, embedder, ["where is the fire"], priority="interactive")
    assert not writing.done()
    assert (await writing).usage.output_tokens == 1800


async def test_what_is_embedded_for_nobody_waits_for_a_person(engine: Supervised, embedder: Path):
    done: list[str] = []
    for_nobody = asyncio.ensure_future(
        embed(engine, embedder, [LONG] * MAX_TEXTS, priority="background")
    )
    for_nobody.add_done_callback(lambda _: done.append("nobody"))
    for _ in range(5):
        await engine.engine.generate(ask("ships", 5, priority="interactive"))
        done.append("person")
    await for_nobody
    assert done == ["person"] * 5 + ["nobody"]


async def test_a_text_that_is_too_long_is_an_error_or_said_to_be_cut(engine: Supervised, tmp_path: Path):
    path = tiny_gguf.build(tmp_path / "short.gguf", "bert", n_ctx=64)
    with pytest.raises(ContextTooLong, match=r"texts\[1\].* 64 at most"):
        await embed(engine, path, ["short", LONG])
    cut = await embed(engine, path, ["short", LONG, LONG + "and more"], truncate=True)
    assert cut.truncated == [1, 2]
    assert cut.usage.used_tokens < cut.usage.input_tokens
    np.testing.assert_allclose(cut.embeddings[1], cut.embeddings[2], atol=1e-3)
    assert (await embed(engine, path, ["short"])).embeddings


@pytest.mark.parametrize("texts", [[], [""], ["good", ""], [" \n"], ["\x01"], ["x"] * (MAX_TEXTS + 1)])
async def test_what_is_no_text_is_refused_by_its_number(
    engine: Supervised, embedder: Path, texts: list[str]
):
    with pytest.raises(InvalidParams, match="texts"):
        await embed(engine, embedder, texts)
    assert (await embed(engine, embedder, ["good"])).embeddings


async def test_control_tokens_in_a_text_are_text(engine: Supervised, embedder: Path):
    found = await embed(engine, embedder, ["[SEP]", "[CLS] the [SEP] sea"])
    assert found.usage.input_tokens > len("[SEP]") + 2


async def test_the_longest_text_of_a_frame_is_refused_at_once(engine: Supervised, embedder: Path):
    with pytest.raises(ContextTooLong):
        await embed(engine, embedder, ["word " * 200_000])


def make(path: Path, kind: str, engine_model: Path) -> None:
    """A file that is no embedder."""
    if kind == "a generating model":
        path.write_bytes(engine_model.read_bytes())
    elif kind == "an adapter":
        tiny_adapter.build(path)
    elif kind == "a reranker":
        tiny_gguf.build(path, "bert", facts={"pooling_type": 4})
    elif kind == "vectors of tokens":
        tiny_gguf.build(path, "bert", facts={"pooling_type": 0})
    elif kind == "cut off":
        whole = tiny_gguf.build(path, "bert").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "no numbers":
        _overwrite(tiny_gguf.build(path, "bert", kind="f32"), math.nan)
    elif kind == "too large numbers":
        _overwrite(tiny_gguf.build(path, "bert", kind="f32"), 3e38)
    elif kind == "no GGUF":
        path.write_bytes(b"not a model at all" * 100)


def _overwrite(path: Path, value: float) -> None:
    """Spoil the weights that are used first."""
    header = read_header(path)
    (tensor,) = (one for one in header.tensors if one.name == "token_embd.weight")
    with path.open("r+b") as file:
        file.seek(header.data_offset + tensor.offset)
        file.write(np.full(tensor.elements, value, np.float32).tobytes())


@pytest.mark.parametrize(
    "kind",
    [
        "a generating model", "an adapter", "a reranker", "vectors of tokens", "cut off",
        "no numbers", "too large numbers", "no GGUF", "gone",
    ],
)  # fmt: skip
async def test_a_file_that_is_no_embedder_is_refused_and_nobody_notices(
    engine: Supervised, embedder: Path, folder: Path, tmp_path: Path, kind: str
):
    make(tmp_path / "stranger.gguf", kind, folder / "hearth.gguf")
    pid = await engine.pid()
    writing = asyncio.ensure_future(engine.engine.generate(ask("ships", 50)))
    with pytest.raises(BadModelFile):
        await embed(engine, tmp_path / "stranger.gguf", ["the sea"])
    assert (await writing).text == (await engine.engine.generate(ask("ships", 50))).text
    assert (await embed(engine, embedder, ["the sea"])).embeddings
    assert await engine.pid() == pid


async def test_a_file_that_takes_the_place_of_another_is_another_embedder(
    engine: Supervised, tmp_path: Path
):
    path = tiny_gguf.build(tmp_path / "one.gguf", "bert", seed=1)
    before = await vectors(engine, path, TEXTS)
    tiny_gguf.build(tmp_path / "other.gguf", "bert", seed=2).replace(path)
    after = await vectors(engine, path, TEXTS)
    assert (before * after).sum(axis=1).max() < NEAR


async def test_embedders_that_take_turns_are_not_all_kept(engine: Supervised, tmp_path: Path):
    paths = [tiny_gguf.build(tmp_path / f"{n}.gguf", "bert", seed=n) for n in range(3)]
    first = [await vectors(engine, path, TEXTS) for path in paths]
    mapped = {Path(one.path) for one in psutil.Process(await engine.pid()).memory_maps()}
    assert mapped & set(paths) == {paths[-1]}
    again = await asyncio.gather(*(vectors(engine, path, TEXTS) for path in paths * 2))
    for one, other in zip(first * 2, again, strict=True):
        assert (one * other).sum(axis=1).min() > NEAR


async def test_who_stops_waiting_leaves_the_engine_to_the_others(engine: Supervised, embedder: Path):
    with pytest.raises(DeadlineExceeded):
        await engine.engine.embed(EmbedParams(path=str(embedder), texts=[LONG] * MAX_TEXTS), 20)
    leaving = [asyncio.ensure_future(embed(engine, embedder, [LONG] * MAX_TEXTS)) for _ in range(3)]
    await asyncio.sleep(0)
    for call in leaving:
        call.cancel()
    assert (await embed(engine, embedder, ["the sea"])).embeddings


async def test_background_embedding_ends_where_background_work_is_paused(
    engine: Supervised, embedder: Path
):
    call = asyncio.ensure_future(embed(engine, embedder, [LONG] * MAX_TEXTS, priority="background"))
    await asyncio.sleep(0)
    engine.admission.pause()
    with pytest.raises(Paused):
        await call
    engine.admission.resume()


async def test_parking_frees_it_and_it_comes_back_with_the_next_request(
    engine: Supervised, embedder: Path
):
    before = await vectors(engine, embedder, TEXTS)
    pid = await engine.pid()
    assert embedder in {Path(one.path) for one in psutil.Process(pid).memory_maps()}
    await engine.supervisor.park("paused by you")
    await engine.until_gone(pid)
    with pytest.raises(Paused):
        await embed(engine, embedder, TEXTS)
    await engine.supervisor.unpark()
    assert (before * await vectors(engine, embedder, TEXTS)).sum(axis=1).min() > NEAR
