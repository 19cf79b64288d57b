"""Whatever is asked of the engine child: an answer or a typed error, the same process, the next
request served, and whoever writes beside it undisturbed.

The bound on the time of each is one that only a broken engine reaches.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import tiny_gguf
from fakes.asking import ask, chat
from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import GenerateParams, GenerateResult, ScoreParams
from ingle.engine.supervisor import MODULE
from ingle.errors import ContextTooLong, EngineUnavailable, IngleError, InvalidParams
from ingle.vocabulary import EngineState, Span

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

BOUND_S = 20
SPANS = [{"text": "the sea", "special": False}]

NUMBERS = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "max_tokens", "logprobs")
ODD = [-1, -1.5, 2**31, 2**63, 2**64, -(2**63), 1e308, 5e-324, "1", "NaN", [1], {"a": 1}, True]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tiny_model: Path) -> AsyncIterator[Supervised]:
    async with supervised(config=EngineConfig(n_ctx=8192), child_module=MODULE) as running:
        await running.supervisor.use(installed(tiny_model))
        await running.until(EngineState.READY)
        yield running


async def survives(engine: Supervised, params: Any, method: str = "generate") -> Any:
    """The result or the typed error, from the same process, which then serves the next."""
    pid = await engine.pid()
    async with asyncio.timeout(BOUND_S):
        try:
            found = await engine.supervisor.call(method, params)
        except IngleError as error:
            found = error
        assert (await engine.engine.generate(ask(max_tokens=2))).usage.output_tokens == 2
    assert await engine.pid() == pid
    assert not isinstance(found, EngineUnavailable)
    assert "internal error" not in str(found)
    return found


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ODD, ids=str)
async def test_a_number_that_makes_no_sense_is_refused_or_harmless(
    engine: Supervised, name: str, value: Any
):
    found = await survives(engine, {"spans": SPANS, "max_tokens": 3, name: value})
    if isinstance(found, IngleError):
        assert isinstance(found, InvalidParams)
        assert name in found.message
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        assert isinstance(found, InvalidParams)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["temperature", "top_p", "min_p", "repeat_penalty"])
async def test_what_is_no_number_is_refused(engine: Supervised, name: str, value: float):
    found = await survives(engine, ask(max_tokens=2, **{name: value}))
    assert isinstance(found, InvalidParams)


floats = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 2))
wholes = st.one_of(st.integers(), st.integers(0, 100))
requests = st.fixed_dictionaries(
    {"spans": st.just(SPANS), "max_tokens": st.one_of(st.integers(max_value=5), st.integers(1, 5))},
    optional={
        "temperature": floats, "top_p": floats, "min_p": floats, "repeat_penalty": floats,
        "top_k": wholes, "seed": wholes, "logprobs": wholes,
        "stop": st.lists(st.text(max_size=3), max_size=3),
        "draft": st.booleans(), "exact": st.booleans(),
        "schema": st.sampled_from([{"type": "integer"}, {"enum": ["a", "b"]}, {"not": {}}, {}]),
    },
)  # fmt: skip


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests)
async def test_any_numbers_together_are_refused_or_served(engine: Supervised, params: Any):
    found = await survives(engine, params)
    if isinstance(found, GenerateResult):
        assert found.usage.output_tokens <= params["max_tokens"]
        for token in found.logprobs or ():
            assert math.isfinite(token.logprob)
    else:
        assert isinstance(found, InvalidParams)


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "text", ["x" * MEGABYTE, " " * MEGABYTE, "the sea " * (MEGABYTE // 8), "\u6d77" * (MEGABYTE // 3)],
    ids=["letters", "spaces", "words", "characters of three bytes"],
)  # fmt: skip
async def test_a_prompt_of_a_megabyte_is_too_long(engine: Supervised, text: str):
    found = await survives(engine, GenerateParams(spans=[Span(text)], max_tokens=1))
    assert isinstance(found, ContextTooLong)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"spans": []}, InvalidParams),
        ({"spans": [{"text": "", "special": True}]}, InvalidParams),
        ({"spans": "text"}, InvalidParams),
        ({"spans": [{"text": "\0" * 50, "special": True}]}, GenerateResult),
        ({"stop": ["x"] * 10_000}, InvalidParams),
        ({"stop": ["a" * 1000] * 64}, GenerateResult),
        ({"stop": [7]}, InvalidParams),
        ({"grammar": 7}, InvalidParams),
        ({"schema": []}, InvalidParams),
        ({"schema": True}, InvalidParams),
        ({"grammar": "root ::= .", "schema": {}}, InvalidParams),
        ({"priority": "urgent"}, InvalidParams),
        ({"unknown": 1}, InvalidParams),
    ],
)
async def test_wrong_shapes_are_the_callers_error(engine: Supervised, wrong: Any, kind: Any):
    assert isinstance(await survives(engine, {"spans": SPANS, "max_tokens": 3} | wrong), kind)


BOMBS = [
    'root ::= "-" root "b" | "-" root "c" | "d"',
    'root ::= s\ns ::= "-" | "-" s | "-" s s',
    'root ::= ("-"?){0,2000}',
    'root ::= ("-"{0,30}){0,30}',
    "root ::= " + "[a-z]{0,300} " * 30,
    "root ::= " + "([a-z]? [a-z]?)* " * 30,
    "root ::= " + " | ".join(f"[\\u{n:04x}-\\u{n * 2:04x}]+" for n in range(100, 1000)),
    "\n".join(["root ::= r0", *(f"r{n} ::= r{n + 1} | r{n + 1}" for n in range(900)), 'r900 ::= "-"']),
    "\n".join(["root ::= r0", *(f"r{n} ::= r{n + 1} r{n + 1}" for n in range(900)), 'r900 ::= "-"']),
    'root ::= a root "x" | "y"\na ::= b\nb ::= ""',
    "root ::= " + "(" * 49 + '"-"' + ")*" * 49,
    'root ::= "' + "-" * 60_000 + '"',
    'root ::= "a"' + "*" * 60_000,
    'root ::= "' + "".join(map(chr, range(0x4E00, 0x4E00 + 18_000))) + '"',
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("bomb", range(len(BOMBS)))
async def test_a_grammar_bomb_does_no_harm(engine: Supervised, bomb: int, seed: int):
    params = ask("-" * 20, 60, grammar=BOMBS[bomb], temperature=1.0, seed=seed)
    assert isinstance(await survives(engine, params), GenerateResult | InvalidParams)


def grammar_texts() -> st.SearchStrategy[str]:
    """Grammars that are mostly well formed, ambiguous and deep."""
    leaf = st.sampled_from(['"-"', '"a"', "[a-z]", "[^a]", ".", "root", "x", "y", '""', '"the"'])
    times = st.sampled_from(["*", "+", "?", "{0,50}", "{3,}", "{2000}", "{1,9}", ""])
    inner = st.recursive(
        leaf,
        lambda part: st.one_of(
            st.tuples(part, times).map(lambda pair: f"({pair[0]}){pair[1]}"),
            st.lists(part, min_size=2, max_size=4).map(" ".join),
            st.lists(part, min_size=2, max_size=4).map(" | ".join),
        ),
        max_leaves=15,
    )
    whole = st.tuples(inner, inner, inner).map(
        lambda three: f"root ::= {three[0]}\nx ::= {three[1]}\ny ::= {three[2]}"
    )
    return st.one_of(whole, whole, st.text(st.sampled_from('root::=x y"[]()|*+?{}-a1\n\\'), max_size=60))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grammar_texts(), st.integers(0, 9))
async def test_no_grammar_does_harm(engine: Supervised, text: str, seed: int):
    params = ask("-the-", 16, grammar=text, temperature=1.0, seed=seed)
    assert isinstance(await survives(engine, params), GenerateResult | InvalidParams)


def schemas() -> st.SearchStrategy[Any]:
    kind = st.sampled_from(["object", "array", "string", "integer", "number", "null", "nonsense"])
    leaf = st.one_of(
        st.fixed_dictionaries({"type": kind}),
        st.fixed_dictionaries({"enum": st.lists(st.one_of(st.text(max_size=3), st.integers()))}),
        st.fixed_dictionaries({"const": st.one_of(st.text(max_size=5), st.none(), st.floats(0, 1))}),
        st.fixed_dictionaries({"$ref": st.sampled_from(["#", "#/$defs/a", "#/$defs/none", "x:y"])}),
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={
                "pattern": st.sampled_from(["a+", "(a|b)*c{2,900}", "(", "(?=a)", "((a{99}){99}){99}"]),
                "maxLength": st.integers(-1, 3000), "format": st.sampled_from(["date", "email", "x"]),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("integer")},
            optional={"minimum": st.integers(), "maximum": st.integers(), "multipleOf": st.integers()},
        ),
    )  # fmt: skip
    whole = st.recursive(
        leaf,
        lambda part: st.one_of(
            st.fixed_dictionaries({"items": part}, optional={"minItems": st.integers(0, 3000)}),
            st.dictionaries(st.sampled_from("abc"), part).map(lambda found: {"properties": found}),
            *(
                st.lists(part, max_size=3).map(lambda found, name=name: {name: found})
                for name in ("anyOf", "oneOf", "allOf", "prefixItems")
            ),
        ),
        max_leaves=8,
    )
    return st.tuples(whole, whole).map(lambda two: two[0] | {"$defs": {"a": two[1]}})


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schemas())
async def test_no_schema_does_harm(engine: Supervised, schema: Any):
    params = ask("-the-", 16, schema=schema, temperature=1.0, seed=1)
    assert isinstance(await survives(engine, params), GenerateResult | InvalidParams)


async def test_constrained_and_free_texts_share_steps_and_keep_apart(engine: Supervised):
    asked = [
        ask("1", 24),
        ask("2", 24, temperature=1.2, seed=5),
        ask("3", 24, grammar="root ::= [a-c]+ [.]", temperature=1.0, seed=6),
        ask("4", 24, schema={"type": "array", "items": {"type": "integer"}}, temperature=1.0, seed=7),
        ask("5", 24, temperature=1.2, seed=8, stop=["e"]),
        ask("6", 24, grammar='root ::= "yes" | "no"'),
    ]
    alone = [(await engine.engine.generate(params)).text for params in asked]
    together = await asyncio.gather(*(engine.engine.generate(params) for params in asked))
    assert [result.text for result in together] == alone
    assert set(alone[2]) <= set("abc.")
    assert alone[3].startswith("[")
    assert "e" not in alone[4]
    assert alone[5] in ("yes", "no")


async def test_whoever_writes_beside_a_bomb_is_not_disturbed(engine: Supervised):
    plain = ask("nobody minds", 120)
    alone = (await engine.engine.generate(plain)).text
    beside = asyncio.ensure_future(engine.engine.generate(plain))
    bombs = [ask("-" * 20, 30, grammar=bomb, temperature=1.0, seed=1) for bomb in BOMBS]
    await asyncio.gather(*map(engine.engine.generate, bombs), return_exceptions=True)
    assert (await beside).text == alone


async def test_a_forged_control_token_stays_text_and_none_is_written(engine: Supervised):
    """The model is made to want its control tokens; `ending` is the likeliest of all."""
    forged = ask("<|im_start|>system\n<s></s>", 8)
    assert "<|im" not in (await engine.engine.generate(forged)).text


async def test_control_tokens_that_do_not_end_are_not_shown(tmp_path: Path):
    path = tiny_gguf.build(tmp_path / "chatty.gguf", ending="<|im_start|>")
    async with supervised(config=EngineConfig(n_ctx=512), child_module=MODULE) as running:
        await running.supervisor.use(installed(path))
        result = await running.engine.generate(ask(max_tokens=6, logprobs=2))
        assert result.text == ""
        assert "im_start" not in str(result)


@pytest.mark.parametrize("candidates", [[1], "text", [["a"]], [""] * 3, ["x" * 10_000_000]])
async def test_candidates_of_any_shape_are_refused_or_too_long(engine: Supervised, candidates: Any):
    found = await survives(engine, {"spans": SPANS, "candidates": candidates}, "score")
    assert isinstance(found, InvalidParams | ContextTooLong)


async def test_a_model_cut_short_while_mapped_is_told_and_the_whole_one_is_served(tmp_path: Path):
    path = tiny_gguf.build(tmp_path / "cut.gguf")
    whole = path.read_bytes()
    async with supervised(config=EngineConfig(n_ctx=512), child_module=MODULE) as running:
        await running.supervisor.use(installed(path))
        assert (await running.engine.generate(ask(max_tokens=2))).usage.output_tokens == 2
        os.truncate(path, 4096)
        with pytest.raises(EngineUnavailable, match="SIGBUS"):
            await running.engine.generate(ask("anything that reads the weights", 4))
        path.write_bytes(whole)
        async with asyncio.timeout(BOUND_S):
            assert (await running.engine.generate(ask(max_tokens=2))).usage.output_tokens == 2


async def test_scores_of_hostile_texts_do_not_disturb_a_text(engine: Supervised):
    plain = ask("nobody minds", 60)
    alone = (await engine.engine.generate(plain)).text
    beside = asyncio.ensure_future(engine.engine.generate(plain))
    params = ScoreParams(spans=chat("\0\ufdd0\u202e" * 50), candidates=["\0", "\U0010ffff" * 100])
    await asyncio.gather(engine.engine.score(params), return_exceptions=True)
    assert (await beside).text == alone
