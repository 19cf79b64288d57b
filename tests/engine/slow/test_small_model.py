"""The generative strategies with a real *small* model, in shape and honest about what was read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from conftest import REAL_PATHS, missing
from fakes import small_model
from fakes.fronted import fronted
from fakes.pip_wheel import NotToBeHad
from ingle.assistant.assistant import Assistant
from ingle.assistant.shape import is_refusal
from ingle.wire.calls.assistant import AskParams, SkillResult, SkillRunParams

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "small"
MAIL = """\
Hi all,

the meeting on Tuesday is moved to Thursday at nine, in room 7. Paul cannot come and sends his notes.
Please read the budget before, and tell me if you cannot come.

Anna"""
PARAGRAPH = (
    "The old mill in the valley burned down in the winter of {year}. It was rebuilt as a school with two"
    " rooms. The teacher lived above the class rooms and kept bees in the garden behind the house."
)
LONG = "\n\n".join(PARAGRAPH.format(year=1900 + number) for number in range(40))
OPENINGS = ("here is", "here's", "sure", "certainly", "of course", "summary:", "the corrected")


@pytest.fixture(scope="session")
def small() -> Path:
    try:
        return small_model.fetch(REAL_PATHS.cache / "test-models")
    except NotToBeHad as reason:
        missing(f"the small model ({reason})")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def assistant(small: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Assistant]:
    async with fronted(small, tmp_path_factory.mktemp("small"), NAME) as front:
        front._library.record_eval(NAME, "small", {})
        yield front


async def run(assistant: Assistant, skill: str, text: str, **args: object) -> SkillResult:
    heard: list[str] = []
    params = SkillRunParams(skill=skill, text=text, args=args)
    result = await assistant.run_skill(params, heard.append)
    assert result.text == "".join(heard)
    assert result.text.strip()
    assert not is_refusal(result.text)
    assert not result.text.lower().startswith(OPENINGS)
    return result


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("skill", "args"),
    [
        ("summarize", {}),
        ("rewrite", {"tone": "friendly"}),
        ("fix", {}),
        ("explain", {}),
        ("translate", {"to": "German"}),
        ("title", {}),
    ],
)
async def test_every_writing_skill_gives_a_result_in_shape(
    assistant: Assistant, skill: str, args: dict[str, str]
) -> None:
    result = await run(assistant, skill, MAIL, **args)
    assert result.strategy == "generative"
    assert result.coverage.ratio == 1.0


@pytest.mark.asyncio(loop_scope="module")
async def test_a_summary_stops(assistant: Assistant) -> None:
    result = await run(assistant, "summarize", LONG[:2400])
    assert len(result.text) < 1200


@pytest.mark.asyncio(loop_scope="module")
async def test_facts_come_in_the_shape_of_the_schema(assistant: Assistant) -> None:
    schema = {
        "type": "object",
        "properties": {
            "room": {"type": "string"},
            "absent": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["room", "absent"],
    }
    result = await run(assistant, "extract", MAIL, schema=schema)
    assert isinstance(result.data["room"], str)
    assert isinstance(result.data["absent"], list)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_long_text_is_mapped_and_reduced(assistant: Assistant) -> None:
    result = await run(assistant, "summarize", LONG)
    assert result.strategy == "map-reduce"
    assert result.coverage.read == result.coverage.total == len(LONG)
    assert result.coverage.parts > 1
    assert len(result.text) < len(LONG) / 3


@pytest.mark.asyncio(loop_scope="module")
async def test_what_it_cites_stands_in_the_text(assistant: Assistant) -> None:
    result = await assistant.ask(AskParams(question="In which room is the meeting?", text=MAIL), print)
    assert result.strategy == "generative"
    for citation in result.citations:
        if citation.verdict == "supported":
            assert MAIL[citation.start : citation.end] == citation.quote


@pytest.mark.asyncio(loop_scope="module")
async def test_it_answers_from_its_own_knowledge_without_citations(assistant: Assistant) -> None:
    result = await assistant.ask(AskParams(question="What is the capital of France?"), print)
    assert result.answer
    assert result.citations == []


@pytest.mark.asyncio(loop_scope="module")
async def test_measured_it_is_small(assistant: Assistant) -> None:
    assert (await assistant.evaluate(lambda _: None)).tier == "small"
