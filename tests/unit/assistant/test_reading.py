"""How much of a text is read, and in which parts."""

import pytest

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant.reading import FALLBACK_TOKENS, plan, room, tokens_per_char, whole
from ingle.assistant.sentences import split
from ingle.assistant.turn import Turn

SENTENCE = "This sentence has seven words in it. "


def turn_of(engine: ToyEngine) -> Turn:
    return Turn(engine, toy_model(), "normal")


async def test_parts_keep_the_budget_and_cover_everything() -> None:
    text, turn = SENTENCE * 50, turn_of(ToyEngine())
    reading = await plan(turn, text, budget=40, most=10_000)
    assert reading.coverage.read == reading.coverage.total == len(text)
    assert reading.dropped == []
    for part in reading.parts:
        assert await turn.count(part.of(text)) <= 40


async def test_what_is_over_the_bound_is_named_as_dropped() -> None:
    text = SENTENCE * 200
    reading = await plan(turn_of(ToyEngine()), text, budget=40, most=200, even=True)
    assert len(reading.parts) <= 5
    dropped = sum(end - start for start, end in reading.dropped)
    assert 0 < reading.coverage.read < len(text)
    assert reading.coverage.read + dropped == len(text)


async def test_a_dense_part_is_halved_until_it_fits() -> None:
    dense = ". ".join("A, b, c, d; e! (f) [g]" for _ in range(40))
    text = "Averylongwordwithoutanyend " * 200 + "\n\n" + dense
    turn = turn_of(ToyEngine())
    reading = await plan(turn, text, budget=60, most=10_000)
    assert reading.coverage.ratio == 1.0
    for part in reading.parts:
        assert await turn.count(part.of(text)) <= 90 or len(part.sentences) == 1


async def test_a_huge_text_is_measured_by_samples() -> None:
    engine = ToyEngine()
    counted: list[int] = []
    real = engine.tokenize

    async def tokenize(text: str) -> list[int]:
        counted.append(len(text))
        return await real(text)

    engine.tokenize = tokenize  # type: ignore[method-assign]
    assert await tokens_per_char(turn_of(engine), "word " * 1_000_000) == pytest.approx(0.2, abs=0.01)
    assert sum(counted) < 20_000


def test_a_text_read_at_once_is_one_part() -> None:
    assert whole("One. Two.", split("One. Two.")).coverage.parts == 1
    assert whole("", []).coverage.parts == 0


def test_a_model_that_does_not_tell_has_some_room() -> None:
    assert room(turn_of(ToyEngine(n_ctx=0))) == FALLBACK_TOKENS
