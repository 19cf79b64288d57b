"""`assistant.generate`: prompts as they are, control characters out, and nothing cut."""

from typing import Any

import pytest

from fakes.toy_engine import ToyEngine
from ingle.assistant.generating import generate
from ingle.errors import ContextTooLong, InvalidParams
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
