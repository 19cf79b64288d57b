"""`exact` and `logprobs` with the real model: the same again bit for bit, whatever runs beside it."""

import asyncio
import math
from pathlib import Path

import pytest

from fakes import tiny_gguf
from fakes.asking import ask
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import GenerateParams, GenerateResult, SurpriseParams
from ingle.engine.supervisor import MODULE
from ingle.errors import InvalidParams
from ingle.vocabulary import Span

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

LONG = "The harbour was quiet, and the boats lay still in the early light. " * 5


def exact(text: str = LONG, max_tokens: int = 10, **more: object) -> GenerateParams:
    return ask(text, max_tokens, exact=True, logprobs=3, **more)


async def company(engine: Supervised, number: int) -> None:
    """Prompts, texts and scores of all kinds, until it is cancelled."""
    while True:
        text = LONG[number * 7 :]
        await asyncio.gather(
            engine.engine.generate(ask(text, 6, priority="interactive", temperature=1.0)),
            engine.engine.generate(ask(f"{number}. {text}", 30, priority="background")),
        )
        number += 1


async def in_company(engine: Supervised, params: GenerateParams) -> GenerateResult:
    others = [asyncio.ensure_future(company(engine, number)) for number in range(2)]
    try:
        return await engine.engine.generate(params)
    finally:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("more", [{"repeat_penalty": 1.3}, {"temperature": 1.5, "seed": 7}])
async def test_an_exact_request_gives_the_same_again_bit_for_bit_in_company(
    engine: Supervised, more: dict[str, float]
):
    alone = await engine.engine.generate(exact(**more))
    crowded = await in_company(engine, exact(**more))
    assert crowded.text == alone.text
    assert crowded.logprobs == alone.logprobs
    assert alone.usage.cached_tokens == crowded.usage.cached_tokens == 0


async def test_two_exact_requests_at_a_time_keep_out_of_each_others_way(engine: Supervised):
    alone = [await engine.engine.generate(exact(f"{number} {LONG}", 4)) for number in range(3)]
    asked = [engine.engine.generate(exact(f"{number} {LONG}", 4)) for number in range(3)]
    for first, again in zip(alone, await asyncio.gather(*asked), strict=True):
        assert first.logprobs == again.logprobs


async def test_an_exact_request_leaves_nothing_behind(engine: Supervised):
    call = asyncio.ensure_future(engine.engine.generate(exact(max_tokens=1000)))
    while (await engine.supervisor.call("status", {})).running == 0:
        pass
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert (await engine.engine.generate(exact(max_tokens=2))).usage.output_tokens == 2
    assert (await engine.supervisor.call("status", {})).running == 0


async def test_logprobs_tell_of_every_token_and_its_rivals(engine: Supervised):
    result = await engine.engine.generate(ask(max_tokens=12, logprobs=4))
    assert result.logprobs is not None
    assert len(result.logprobs) == result.usage.output_tokens == 12
    assert "".join(token.text for token in result.logprobs) == result.text
    for token in result.logprobs:
        values = [one.logprob for one in token.top]
        assert values == sorted(values, reverse=True)
        assert (token.text, token.logprob) == (token.top[0].text, values[0])  # greedy
        assert len(values) == 4
        assert sum(map(math.exp, values)) <= 1.001


async def test_logprobs_are_what_reading_finds(engine: Supervised):
    prompt = [Span("The ship left the harbour in the")]
    written = await engine.engine.generate(GenerateParams(spans=prompt, max_tokens=1, logprobs=0))
    read = await engine.engine.surprise(SurpriseParams(text=written.text, spans=prompt))
    assert written.logprobs is not None
    assert [token.top for token in written.logprobs] == [[]]
    assert written.logprobs[0].logprob == pytest.approx(read.logprobs[0], abs=0.5)


async def test_without_being_asked_nobody_tells_logprobs(engine: Supervised):
    assert (await engine.engine.generate(ask(max_tokens=2))).logprobs is None


async def test_logprobs_end_where_the_text_ends(engine: Supervised):
    whole = (await engine.engine.generate(ask(max_tokens=30))).text
    stopped = await engine.engine.generate(ask(max_tokens=30, stop=[whole[20:28]], logprobs=0))
    told = "".join(token.text for token in stopped.logprobs or ())
    assert told.startswith(stopped.text)
    assert len(told) < len(stopped.text) + 20


async def test_half_a_character_is_told_by_its_bytes(engine: Supervised):
    """The grammar has the model write characters that it has no token for."""
    params = ask(max_tokens=20, grammar='root ::= "🌋🧊"', logprobs=1)
    result = await engine.engine.generate(params)
    assert result.text == "🌋🧊"
    told = [
        bytes(token.bytes) if token.bytes is not None else token.text.encode()
        for token in result.logprobs or ()
    ]
    assert b"".join(told).decode() == "🌋🧊"
    assert any(token.bytes for token in result.logprobs or ())


@pytest.mark.parametrize("logprobs", [-1, 21, 2**62])
async def test_so_many_rivals_are_not_told(engine: Supervised, logprobs: int):
    with pytest.raises(InvalidParams, match="logprobs"):
        await engine.engine.generate(ask(logprobs=logprobs))


@pytest.mark.parametrize("model", ["gemma3", "granite4", "mixtral"])
async def test_exact_with_models_of_other_kinds(tmp_path: Path, model: str):
    """A sliding window, a state in place of a cache, experts."""
    path = tiny_gguf.build(tmp_path / f"{model}.gguf", model)
    async with supervised(config=EngineConfig(n_ctx=1024), child_module=MODULE) as running:
        await running.supervisor.use(installed(path))
        alone = await running.engine.generate(exact(temperature=1.0, seed=1))
        crowded = await in_company(running, exact(temperature=1.0, seed=1))
        assert crowded.logprobs == alone.logprobs
