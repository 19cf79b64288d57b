"""Every architecture through the real engine child: it loads, writes, scores, shares and lets go.

The weights are random. What a family's tokenizer does is in `test_vocabulary`; its templates are in
`tests/unit/models`.
"""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from fakes import tiny_gguf
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import GenerateParams, GenerateResult, ScoreParams, SurpriseParams
from ingle.engine.supervisor import MODULE
from ingle.models.families import family_of, stops_of
from ingle.models.gguf import read_header
from ingle.models.templates import render
from ingle.vocabulary import EngineState

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

WRITERS = {
    model.architecture: name for name, model in reversed(tiny_gguf.MODELS.items()) if name != "bert"
}
"""One model of each architecture."""

NEAR = 0.02
"""Log-likelihoods closer than this may change places: a batch rounds otherwise than a single row."""

ENDINGS = {
    "llama": "<|im_end|>",
    "llama2": "</s>",
    "llama3": "<|eot_id|>",
    "mistral-nemo": "</s>",
    "falcon": "<|endoftext|>",
    "gemma3": "<end_of_turn>",
    "phi3": "<|end|>",
    "granite": "<|end_of_text|>",
    "command-r": "<|END_OF_TURN_TOKEN|>",
}
"""What ends an answer, for models of each kind of vocabulary."""


def running(path: Path) -> AbstractAsyncContextManager[Supervised]:
    @asynccontextmanager
    async def started() -> AsyncIterator[Supervised]:
        async with supervised(config=EngineConfig(n_ctx=1024, slots=4), child_module=MODULE) as engine:
            await engine.supervisor.use(installed(path))
            await engine.until(EngineState.READY)
            yield engine

    return started()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@pytest.fixture(scope="module", params=sorted(WRITERS))
def path(request: pytest.FixtureRequest, folder: Path) -> Path:
    return tiny_gguf.build(folder / f"{request.param}.gguf", WRITERS[request.param], kind="f32")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(path: Path) -> AsyncIterator[Supervised]:
    async with running(path) as engine:
        yield engine


def asked(path: Path, text: str, max_tokens: int = 12, **more: Any) -> GenerateParams:
    """A question in the model's own template, with its own stops."""
    family = family_of(read_header(path))
    spans = render(family, [("system", "Be brief."), ("user", text)])
    return GenerateParams(spans=spans, max_tokens=max_tokens, stop=list(stops_of(family)), **more)


async def test_it_writes_the_same_again_and_no_control_tokens(engine: Supervised, path: Path):
    first = await engine.engine.generate(asked(path, "What is the sea?"))
    again = await engine.engine.generate(asked(path, "What is the sea?"))
    assert first.text == again.text
    assert first.text.strip()
    assert first.text.isprintable()
    assert (first.finish_reason, first.usage.output_tokens) == ("length", 12)


async def test_it_reads_the_same_in_company_as_alone(engine: Supervised, path: Path):
    """Likelihoods, not texts: a greedy choice between near-ties may fall either way in a batch."""
    reads = [
        SurpriseParams(text=f" the user and {word} on the sea", spans=asked(path, f"{word}?").spans)
        for word in ("nine ships", "the model", "a storm")
    ]
    alone = [(await engine.engine.surprise(read)).logprobs for read in reads]
    writing = asyncio.ensure_future(engine.engine.generate(asked(path, "Tell a story.", 40)))
    together = await asyncio.gather(*map(engine.engine.surprise, reads))
    assert (await writing).usage.output_tokens == 40
    for result, expected in zip(together, alone, strict=True):
        assert result.logprobs == pytest.approx(expected, abs=0.01)


async def test_it_writes_the_same_in_company_until_two_tokens_are_as_good(
    engine: Supervised, path: Path
):
    asks = [asked(path, f"{number} ships and the sea", logprobs=2) for number in range(3)]
    alone = [await engine.engine.generate(ask) for ask in asks]
    together = await asyncio.gather(*map(engine.engine.generate, asks))
    assert [decided(result) for result in alone] != [[]] * 3
    for result, expected in zip(together, alone, strict=True):
        clear = decided(expected)
        assert [one.text for one in result.logprobs or []][: len(clear)] == clear


def decided(result: GenerateResult) -> list[str]:
    """The tokens before the first one that another could have taken the place of."""
    assert result.logprobs
    gaps = (one.top[0].logprob - one.top[1].logprob for one in result.logprobs)
    clear = itertools.takewhile(lambda gap: gap > NEAR, gaps)
    return [one.text for one, _ in zip(result.logprobs, clear, strict=False)]


async def test_scoring_and_reading_agree(engine: Supervised, path: Path):
    spans = asked(path, "Where?").spans
    said = [" on the sea", " in the user", "no"]
    result = await engine.engine.score(ScoreParams(spans=spans, candidates=said))
    for text, score in zip(said, result.scores, strict=True):
        read = await engine.engine.surprise(SurpriseParams(text=text, spans=spans))
        assert len(read.logprobs) == score.tokens
        assert math.isclose(sum(read.logprobs), score.logprob, rel_tol=1e-3)


async def test_a_cancelled_request_makes_room(engine: Supervised, path: Path):
    begun = asyncio.get_running_loop().create_future()
    endless = asked(path, "Tell a story.", 900, stream=True)
    call = asyncio.ensure_future(
        engine.engine.generate(endless, lambda _: begun.done() or begun.set_result(None))
    )
    await asyncio.wait([call, begun], return_when=asyncio.FIRST_COMPLETED)
    assert not call.done(), call.result()
    call.cancel()
    assert (await engine.engine.generate(asked(path, "And?", 4))).usage.output_tokens == 4
    status = await engine.supervisor.call("status", {})
    assert (status.running, status.waiting) == (0, 0)


@pytest.mark.parametrize(("model", "ending"), ENDINGS.items())
async def test_the_familys_own_token_ends_an_answer(folder: Path, model: str, ending: str):
    path = tiny_gguf.build(folder / "ending.gguf", model, ending=ending)
    async with running(path) as engine:
        pieces: list[str] = []
        result = await engine.engine.generate(asked(path, "Well?", 50, stream=True), pieces.append)
        assert (result.text, result.finish_reason, "".join(pieces)) == ("", "stop", "")


async def test_an_encoder_is_refused_in_words(folder: Path):
    path = tiny_gguf.build(folder / "bert.gguf", "bert")
    async with supervised(config=EngineConfig(), child_module=MODULE) as engine:
        await engine.supervisor.use(installed(path))
        assert "encoder" in (await engine.until(EngineState.FAILED)).reason
