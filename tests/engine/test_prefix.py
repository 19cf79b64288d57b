"""The prefix cache through the real engine: what is shared is right, whoever gives way goes on, and
what is ours outlives the process.

A text is right if it is what the same request gives when it is computed alone and anew (`exact`), up
to the first token that another could as well have taken the place of.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes import tiny_gguf
from fakes.supervised import WAIT_S, Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.child.snapshots import decode, encode
from ingle.engine.protocol import GenerateParams, GenerateResult, ScoreParams
from ingle.engine.supervisor import MODULE
from ingle.vocabulary import EngineState, Span

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="function")]

SHARING = ("llama", "qwen3", "gemma2", "gemma3")
"""The last two have sliding windows."""
RECURRENT = ("mamba", "lfm2")

NEAR = 0.02
STORY = "the user and the model on the sea in an inn, and then the rain and the ships "


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefixes")
    for name in SHARING + RECURRENT:
        tiny_gguf.build(folder / f"{name}.gguf", name, kind="f32")
    return folder


@asynccontextmanager
async def running(
    path: Path, slots: int = 4, n_ctx: int = 2048, snapshots: Path | None = None
) -> AsyncIterator[Supervised]:
    config = EngineConfig(n_ctx=n_ctx, slots=slots, gpu_layers=0)
    async with supervised(config=config, child_module=MODULE, snapshots=snapshots) as engine:
        await engine.supervisor.use(replace(installed(path), sha256="ab" * 32))
        await engine.until(EngineState.READY)
        yield engine


def ask(*texts: str, max_tokens: int = 12, **more: Any) -> GenerateParams:
    spans = [Span(text) for text in texts]
    return GenerateParams(spans=spans, max_tokens=max_tokens, logprobs=2, **more)


async def is_right(engine: Supervised, params: GenerateParams, result: GenerateResult) -> None:
    alone = await engine.engine.generate(msgspec.structs.replace(params, exact=True))
    assert alone.usage.cached_tokens == 0
    assert alone.logprobs
    assert result.logprobs
    gaps = (one.top[0].logprob - one.top[1].logprob for one in alone.logprobs)
    clear = itertools.takewhile(lambda gap: gap > NEAR, gaps)
    expected = [one.text for one, _ in zip(alone.logprobs, clear, strict=False)]
    assert [one.text for one in result.logprobs][: len(expected)] == expected


@pytest.mark.parametrize("name", SHARING)
async def test_what_begins_alike_is_computed_once(models: Path, name: str):
    async with running(models / f"{name}.gguf") as engine:
        first = await engine.engine.generate(ask(STORY * 4, "What then?"))
        params = ask(STORY * 4, "And who was it?")
        second = await engine.engine.generate(params)
        shared = len(await engine.engine.tokenize(STORY * 4))
        assert first.usage.cached_tokens == 0
        assert shared - 2 <= second.usage.cached_tokens < second.usage.input_tokens
        await is_right(engine, params, second)


@pytest.mark.parametrize("name", SHARING)
async def test_a_conversation_goes_on_where_it_was(models: Path, name: str):
    async with running(models / f"{name}.gguf") as engine:
        said = STORY * 2
        for turn in range(3):
            params = ask(said, max_tokens=16)
            result = await engine.engine.generate(params)
            assert bool(turn) == (result.usage.cached_tokens > len(said) // 8)
            await is_right(engine, params, result)
            said += result.text + " and then? "


@pytest.mark.parametrize("name", RECURRENT)
async def test_a_recurrent_model_shares_no_beginning_and_is_right(models: Path, name: str):
    async with running(models / f"{name}.gguf", slots=1) as engine:
        for question in ("What then?", "And who was it?", "And who was it? The user"):
            params = ask(STORY * 2, question)
            result = await engine.engine.generate(params)
            assert result.usage.cached_tokens == 0
            await is_right(engine, params, result)


@pytest.mark.parametrize("name", RECURRENT)
async def test_a_recurrent_model_goes_on_from_the_very_end(models: Path, name: str):
    async with running(models / f"{name}.gguf") as engine:
        said = STORY * 2 + "The end."
        first = await engine.engine.generate(ask(said, max_tokens=1))
        params = ask(said, " And then?")
        second = await engine.engine.generate(params)
        assert second.usage.cached_tokens == first.usage.input_tokens
        await is_right(engine, params, second)


async def test_scoring_shares_what_others_have_read(models: Path):
    async with running(models / "llama.gguf") as engine:
        params = ScoreParams(spans=[Span(STORY * 4)], candidates=[" on the sea", " in an inn"])
        cold = await engine.engine.score(params)
        warm = await engine.engine.score(params)
        prompt = len(await engine.engine.tokenize_spans(params.spans))
        assert (cold.usage.cached_tokens, warm.usage.cached_tokens) == (0, prompt - 1)
        for one, other in zip(cold.scores, warm.scores, strict=True):
            assert one.logprob == pytest.approx(other.logprob, abs=NEAR)


@pytest.mark.parametrize(
    ("name", "n_ctx"), [("llama", 2048), ("llama", 512), ("gemma3", 512), ("mamba", 512), ("lfm2", 512)]
)
async def test_a_person_takes_the_only_seat_and_the_other_goes_on_later(
    models: Path, name: str, n_ctx: int
):
    """With 512 cells its state has to leave the cache."""
    async with running(models / f"{name}.gguf", slots=1, n_ctx=n_ctx) as engine:
        begun = asyncio.Event()
        params = ask(STORY, max_tokens=400, priority="background", stream=True)
        background = asyncio.ensure_future(engine.engine.generate(params, lambda _: begun.set()))
        await begun.wait()
        person = ask("Nine ships. " + STORY, max_tokens=120, priority="interactive")
        first = await engine.engine.generate(person)
        assert not background.done()
        others = [await engine.engine.generate(person) for _ in range(2)]
        last = await background
        assert last.usage.output_tokens == 400
        await is_right(engine, params, last)
        for result in (first, *others):
            await is_right(engine, person, result)


async def test_many_at_once_in_little_room_are_all_right(models: Path):
    async with running(models / "llama.gguf", slots=2, n_ctx=512) as engine:
        asked = [
            ask(STORY * (number + 1), f"{number} ships", max_tokens=60, priority=priority)
            for number in range(2)
            for priority in ("interactive", "normal", "background")
        ]
        results = await asyncio.gather(*map(engine.engine.generate, asked))
        for params, result in zip(asked, results, strict=True):
            await is_right(engine, params, result)


# ---- from one life to the next

OURS = "You are the model in the inn. The user and the ships are on the sea, and then the rain. "
SECRET = "my secret is 12345"


def marked(text: str) -> GenerateParams:
    return msgspec.structs.replace(ask(OURS * 2, text), prefix_spans=1)


async def saved(engine: Supervised, folder: Path, count: int = 1) -> list[Path]:
    """The files, as soon as there are so many; asking how the engine is does not keep it busy."""
    async with asyncio.timeout(WAIT_S):
        while len(found := files(folder)) < count:
            await engine.supervisor.call("status", {})
    return found


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.prefix"))


@pytest.mark.parametrize("name", ["llama", "gemma3"])
async def test_what_is_ours_outlives_the_process_and_a_persons_text_does_not(
    models: Path, name: str, tmp_path: Path
):
    folder, path = tmp_path / "prefixes", models / f"{name}.gguf"
    async with running(path, snapshots=folder) as engine:
        first = await engine.engine.generate(marked(SECRET))
        assert first.usage.cached_tokens == 0
        (file,) = await saved(engine, folder)
        ours = await engine.engine.tokenize_spans(marked(SECRET).spans[:1])
    header = file.read_bytes().split(b'"tokens":[')[1].split(b"]")[0]
    kept = [int(token) for token in header.split(b",")]
    assert kept == ours[: len(kept)]
    assert len(kept) >= len(ours) - 1
    async with running(path, snapshots=folder) as engine:
        params = marked("What now?")
        again = await engine.engine.generate(params)
        assert again.usage.cached_tokens == len(kept)
        await is_right(engine, params, again)


async def test_parking_does_not_lose_what_is_ours(models: Path, tmp_path: Path):
    folder = tmp_path / "prefixes"
    async with running(models / "llama.gguf", snapshots=folder) as engine:
        await engine.engine.generate(marked(SECRET))
        await saved(engine, folder)
        await engine.supervisor.park("game")
        await engine.supervisor.unpark()
        assert (await engine.engine.generate(marked("What now?"))).usage.cached_tokens > 0


async def test_another_context_or_model_does_not_use_them(models: Path, tmp_path: Path):
    folder = tmp_path / "prefixes"
    async with running(models / "llama.gguf", snapshots=folder) as engine:
        await engine.engine.generate(marked(SECRET))
        await saved(engine, folder)
    config = EngineConfig(n_ctx=2048, kv_type="q8_0", gpu_layers=0)
    model = replace(installed(models / "qwen3.gguf"), sha256="cd" * 32)
    async with supervised(config=config, child_module=MODULE, snapshots=folder) as engine:
        await engine.supervisor.use(model)
        assert (await engine.engine.generate(marked("x"))).usage.cached_tokens == 0


@pytest.mark.parametrize("harm", ["cut", "state"])
async def test_a_file_that_was_tampered_with_is_deleted_and_nothing_else_happens(
    models: Path, tmp_path: Path, harm: str
):
    folder, path = tmp_path / "prefixes", models / "llama.gguf"
    async with running(path, snapshots=folder) as engine:
        await engine.engine.generate(marked(SECRET))
        (file,) = await saved(engine, folder)
    file.write_bytes(harmed(file.read_bytes(), harm))
    async with running(path, snapshots=folder) as engine:
        assert not file.exists()
        params = marked("What now?")
        result = await engine.engine.generate(params)
        assert result.usage.cached_tokens == 0
        await is_right(engine, params, result)


def harmed(data: bytes, harm: str) -> bytes:
    """Cut, or whole by its checksum with a state that llama.cpp would never have written."""
    if harm == "cut":
        return data[:-100]
    begin = data.index(b"{")
    identity = msgspec.json.decode(data[begin : data.index(b"}") + 1])["identity"]
    sound = decode(data, identity)
    return encode(identity, replace(sound, state=sound.state[:64] + b"\xff" * 500))
