"""Grammars, schemas and numbers: what can be kept is kept, the rest is refused and the engine lives."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes import tiny_gguf
from fakes.asking import ask, chat
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import GenerateParams, ScoreParams
from ingle.engine.supervisor import MODULE
from ingle.errors import InvalidParams
from ingle.vocabulary import Span

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]


async def test_a_schema_gives_json_of_that_shape(engine: Supervised):
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "kind": {"enum": ["bird", "fish"]},
            "legs": {"type": "integer"},
        },
        "required": ["name", "kind", "legs"],
    }
    asked = [engine.engine.generate(ask("A heron.", 200, schema=schema)), engine.engine.generate(ask())]
    constrained, free = await asyncio.gather(*asked)
    found = json.loads(constrained.text)
    assert set(found) == {"name", "kind", "legs"}
    assert found["kind"] in {"bird", "fish"}
    assert constrained.finish_reason == "stop"
    assert free.usage.output_tokens


async def test_a_grammar_holds_at_any_temperature(engine: Supervised):
    rule = 'root ::= ("yes" | "no") [.!]'
    for seed in range(3):
        hot = ask(max_tokens=20, grammar=rule, temperature=5.0, seed=seed)
        assert (await engine.engine.generate(hot)).text in {"yes.", "yes!", "no.", "no!"}


@pytest.mark.parametrize(
    "grammar",
    [
        "",
        "# nothing",
        "root ::= (",
        'root ::= root "a"',
        'start ::= "a"',
        "root ::= missing",
        'root ::= "a"{99999999999999999999999}',
        'root ::= "a"{100000000}',
        'root ::= ("a"{1,2000}){1,2000}',
        "root ::= " + "(" * 10_000 + '"a"' + ")" * 10_000,
        "\n".join(f'r{n} ::= "a"' for n in range(5000)),
        'root ::= "a\0b"',
        "\ud7ff" * 100_000,
    ],
)
async def test_a_grammar_that_is_none_is_refused_and_the_engine_lives(engine: Supervised, grammar: str):
    pid = await engine.pid()
    with pytest.raises(InvalidParams, match="grammar"):
        await engine.engine.generate(ask(grammar=grammar))
    assert (await engine.engine.generate(ask(max_tokens=2))).usage.output_tokens
    assert await engine.pid() == pid


@pytest.mark.parametrize(
    "grammar", ["root ::= ", 'root ::= "a"{1,100000000}', 'root ::= "a"{1,99999999999999999999999}']
)
async def test_an_odd_grammar_that_can_be_kept_is_kept(engine: Supervised, grammar: str):
    result = await engine.engine.generate(ask(grammar=grammar, max_tokens=3))
    assert set(result.text) <= {"a"}


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/$defs/missing"},
        {"type": "string", "pattern": "^(?=a)b$"},
        {"type": "string", "pattern": "("},
        {"type": "array", "uniqueItems": True},
        {"$ref": "#"},
        {"type": "array", "items": {"type": "string"}, "minItems": 2**63 - 1},
        {"type": "array", "items": {"type": "string"}, "minItems": -1},
        {"properties": 7},
        {"enum": 7},
        {"properties": {f"p{n}": {"type": "string"} for n in range(3000)}},
        _deep(200),
    ],
)
async def test_a_schema_that_cannot_be_kept_is_refused(engine: Supervised, schema: dict[str, Any]):
    with pytest.raises(InvalidParams):
        await engine.engine.generate(ask(schema=schema))
    assert (await engine.engine.generate(ask(max_tokens=2))).usage.output_tokens


async def test_a_schema_may_refer_to_itself(engine: Supervised):
    schema = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}},
                "required": ["next"],
            }
        },
    }
    assert (await engine.engine.generate(ask(schema=schema))).text.startswith("{")


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": 0},
        {"max_tokens": -1},
        {"temperature": -1.0},
        {"temperature": 1e300},
        {"top_p": -0.5},
        {"top_p": 2.0},
        {"top_k": -1},
        {"top_k": 2**63},
        {"min_p": 7.0},
        {"repeat_penalty": 0.0},
        {"seed": -1},
        {"seed": 2**63},
        {"stop": [""]},
        {"stop": ["x"] * 10_000},
        {"grammar": 'root ::= "a"', "schema": {"type": "string"}},
        {"spans": []},
        {"spans": [Span("")]},
    ],
)
async def test_numbers_that_make_no_sense_are_the_callers_error(
    engine: Supervised, wrong: dict[str, Any]
):
    params = {"spans": chat("hello"), "max_tokens": 4} | wrong
    with pytest.raises(InvalidParams):
        await engine.engine.generate(GenerateParams(**params))


async def test_penalties_and_every_sampler_at_once(engine: Supervised):
    everything = ask(
        max_tokens=12, temperature=0.8, top_k=20, top_p=0.9, min_p=0.05, repeat_penalty=1.2, seed=1,
        schema={"type": "string"},
    )  # fmt: skip
    assert (await engine.engine.generate(everything)).text.startswith('"')


@pytest.mark.parametrize("candidates", [[], [""], ["x"] * 10_000])
async def test_candidates_that_cannot_be_scored_are_refused(
    engine: Supervised, candidates: Sequence[str]
):
    with pytest.raises(InvalidParams):
        await engine.engine.score(ScoreParams(spans=chat("x"), candidates=list(candidates)))


@pytest.mark.parametrize("model", ["llama1", "falcon", "gemma3", "bloom", "mistral-nemo", "mamba"])
async def test_every_tokenizer_can_be_held_to_a_form(tmp_path: Path, model: str):
    """Random models want anything but what is asked, and characters that they have no token for."""
    path = tiny_gguf.build(tmp_path / f"{model}.gguf", model)
    words = {"type": "array", "items": {"enum": ["é海🌊", "the <s> end"]}, "minItems": 2, "maxItems": 3}
    async with supervised(config=EngineConfig(n_ctx=512), child_module=MODULE) as running:
        await running.supervisor.use(installed(path))
        asked = [ask("a", 150, schema=words, temperature=1.0, seed=seed) for seed in range(3)]
        for result in await asyncio.gather(*map(running.engine.generate, asked)):
            assert set(json.loads(result.text)) <= {"é海🌊", "the <s> end"}
            assert result.finish_reason == "stop"
