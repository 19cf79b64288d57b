"""`assistant.generate`: prompts as they are, control characters out, and nothing cut."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from fakes.toy_engine import ToyEngine
from ingle.assistant.generating import generate
from ingle.engine import protocol
from ingle.errors import ContextTooLong, InvalidParams
from ingle.vocabulary import Likely, TokenLogprob
from ingle.wire.calls.assistant import ChatMessage, GenerateParams


async def test_generate_answers_a_prompt_or_a_conversation() -> None:
    engine = ToyEngine(answers=["Hello\x1b[31m there\u202e."])
    heard = list[str]()
    result = await generate(
        engine, GenerateParams(prompt="Hi", system="Be brief.", stream=True), heard.append
    )
    assert result.text == "Hello there."
    assert result.model == "toy"
    await generate(
        engine,
        GenerateParams(messages=[ChatMessage("user", "Hi"), ChatMessage("assistant", "Ho")]),
        heard.append,
    )
    assert engine.generated[1].spans[-1].text == "Ho"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, InvalidParams),
        ({"prompt": "a", "messages": [ChatMessage("user", "b")]}, InvalidParams),
        ({"prompt": "a", "schema": {}, "grammar": 'root ::= "a"'}, InvalidParams),
        ({"prompt": "word " * 5000}, ContextTooLong),
    ],
)
async def test_generate_refuses_what_it_cannot_do(
    params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await generate(ToyEngine(), GenerateParams(**params), print)


@pytest.mark.parametrize(
    ("params", "exact"),
    [
        ({}, False),
        ({"seed": 1, "temperature": 0.0}, False),
        ({"seed": 1}, True),
        ({"exact": True, "temperature": 0.0}, True),
    ],
)
async def test_a_seed_reproduces_the_text_which_takes_an_exact_computation(
    params: dict[str, Any], exact: bool
) -> None:
    engine = ToyEngine()
    await generate(engine, GenerateParams(prompt="Hi", **params), lambda _: None)
    assert engine.generated[0].exact is exact


async def test_likelihoods_are_passed_on_without_what_is_not_to_be_seen() -> None:
    told = [TokenLogprob(text="\x1b[31mHi", logprob=-0.5, top=[Likely(text="\u202eHo", logprob=-1.0)])]

    class Telling(ToyEngine):
        async def generate(
            self,
            params: protocol.GenerateParams,
            on_delta: Callable[[str], None] | None = None,
            deadline_ms: int | None = None,
        ) -> protocol.GenerateResult:
            assert params.logprobs == 1
            result = await super().generate(params, on_delta, deadline_ms)
            return msgspec.structs.replace(result, logprobs=told)

    result = await generate(Telling(), GenerateParams(prompt="Hi", logprobs=1), lambda _: None)
    assert result.logprobs is not None
    assert (result.logprobs[0].text, result.logprobs[0].top[0].text) == ("Hi", "Ho")
    assert result.logprobs[0].logprob == -0.5


async def test_the_model_that_the_prompt_was_made_for_answers_it() -> None:
    engine = ToyEngine(stand_in=ToyEngine(answers=["I am the other."]))
    result = await generate(engine, GenerateParams(prompt="Hi"), lambda _: None)
    assert result.text == "I am the other."
    assert engine.generated == []
